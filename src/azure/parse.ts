import { AzureFailure } from '../core/failure.ts';
import type { JsonObject, ObservedRuntime, RuntimeType } from '../core/runtime.ts';

/** What ARM sends, parsed once into the domain's types. Everything here throws `AzureFailure` of kind `unavailable`. */

/** One runtime as GET, PUT and LIST send it. A runtime type that nobody knows is not malformed. */
export function parseRuntime(value: unknown): ObservedRuntime {
  if (!isObject(value)) throw malformed('the runtime is not an object');
  const { name, etag, properties } = value;
  if (typeof name !== 'string' || name === '') throw malformed('the runtime has no name');
  if (!isObject(properties)) throw malformed('the runtime has no properties');
  if (typeof properties.type !== 'string') throw malformed('the runtime has no type');
  // It goes back as the header If-Match, where nothing but visible ASCII may stand.
  if (typeof etag !== 'string' || !/^[\x21-\x7e]+$/.test(etag)) throw malformed('the runtime has no usable etag');
  return {
    // Nested ARM resources may be named `parent/child`.
    name: name.slice(name.lastIndexOf('/') + 1),
    type: runtimeType(properties.type, properties),
    document: properties,
    etag,
  };
}

export interface Page {
  readonly runtimes: readonly ObservedRuntime[];
  readonly nextLink: string | undefined;
}

export function parsePage(value: unknown): Page {
  if (!isObject(value) || !Array.isArray(value.value)) throw malformed('the list has no array of runtimes');
  const { nextLink } = value;
  if (nextLink !== undefined && nextLink !== null && typeof nextLink !== 'string') {
    throw malformed('the link to the next page is not a string');
  }
  return { runtimes: value.value.map(parseRuntime), nextLink: nextLink || undefined };
}

/** The state of a getStatus answer, as Azure says it. */
export function parseState(value: unknown): string {
  const state = isObject(value) && isObject(value.properties) ? value.properties.state : undefined;
  if (typeof state !== 'string' || state === '') throw malformed('the status has no state');
  return state;
}

/** The body of an answer. */
export function parseJson(text: string | undefined | null): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    throw malformed('it is not JSON');
  }
}

export function malformed(what: string): AzureFailure {
  return new AzureFailure({ kind: 'unavailable', message: `Azure's answer cannot be understood: ${what}.` });
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Azure-SSIS runtimes call themselves `Managed` too (documented): their compute has nodes, or there is SSIS to run. */
function runtimeType(type: string, properties: JsonObject): RuntimeType {
  if (type === 'SelfHosted') return 'SelfHosted';
  if (type !== 'Managed') return { unknown: type };
  const typeProperties = isObject(properties.typeProperties) ? properties.typeProperties : {};
  const compute = isObject(typeProperties.computeProperties) ? typeProperties.computeProperties : {};
  const marks = [typeProperties.ssisProperties, compute.nodeSize, compute.numberOfNodes];
  return marks.some((mark) => mark !== undefined && mark !== null) ? 'AzureSsis' : 'Managed';
}
