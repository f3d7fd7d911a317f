import { AzureFailure } from '../core/failure.ts';
import type {
  InteractiveAuthoring,
  JsonObject,
  ObservedRuntime,
  Parent,
  RuntimeId,
  RuntimeState,
  RuntimeType,
} from '../core/runtime.ts';
import type { Listed, Unclear } from './remote.ts';

/** What ARM sends, parsed once into the domain's types. Everything here throws `AzureFailure` of kind `unavailable`. */

/** The answer to a GET or PUT of this runtime. */
export function parseRuntimeOf(id: RuntimeId, value: unknown): ObservedRuntime {
  const runtime = parseRuntime(value);
  if (runtime.name.toLowerCase() !== id.name.toLowerCase()) throw malformed('it is about another runtime');
  return runtime;
}

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
    name: lastSegment(name),
    type: runtimeType(properties.type, properties),
    document: properties,
    etag,
  };
}

export interface Page extends Listed {
  readonly nextLink: string | undefined;
}

export function parsePage(value: unknown): Page {
  if (!isObject(value) || !Array.isArray(value.value)) throw malformed('the list has no array of runtimes');
  const { nextLink } = value;
  if (nextLink !== undefined && nextLink !== null && typeof nextLink !== 'string') {
    throw malformed('the link to the next page is not a string');
  }
  const runtimes: ObservedRuntime[] = [];
  const unclear: Unclear[] = [];
  for (const entry of value.value) {
    try {
      runtimes.push(parseRuntime(entry));
    } catch (error) {
      if (!(error instanceof AzureFailure)) throw error;
      unclear.push({ name: nameIn(entry), why: error.message });
    }
  }
  return { runtimes, unclear, nextLink: nextLink || undefined };
}

function nameIn(entry: unknown): string | undefined {
  return isObject(entry) && typeof entry.name === 'string' ? lastSegment(entry.name) || undefined : undefined;
}

/** Whether a list of documents holds one of this name, all of it on one page: a factory has one managed virtual network. */
export function isListed(value: unknown, name: string): boolean {
  if (!isObject(value) || !Array.isArray(value.value)) throw malformed('the list has no array of documents');
  const found = value.value.some((each) => {
    if (!isObject(each) || typeof each.name !== 'string') throw malformed('a listed document has no name');
    return lastSegment(each.name).toLowerCase() === name.toLowerCase();
  });
  if (!found && value.nextLink) throw malformed('the list goes on where none is expected to');
  return found;
}

/** Whether a workspace has a managed virtual network of this name; none is an empty name, or no property (documented). */
export function isWorkspaceNetwork(value: unknown, name: string): boolean {
  if (!isObject(value) || !isObject(value.properties)) throw malformed('the workspace has no properties');
  const { managedVirtualNetwork = null } = value.properties;
  if (managedVirtualNetwork === null) return false;
  if (typeof managedVirtualNetwork !== 'string') throw malformed("the workspace's managed virtual network is no name");
  return managedVirtualNetwork.toLowerCase() === name.toLowerCase();
}

/** The answer to a GET of a parent: all that matters is that it is there. */
export function checkParentBody({ kind, name }: Parent, value: unknown): void {
  const shown = isObject(value) && typeof value.name === 'string' ? lastSegment(value.name) : undefined;
  if (shown?.toLowerCase() !== name.toLowerCase()) throw malformed(`it does not show the ${kind}`);
}

/** A getStatus answer, as Azure says it. */
export function parseState(value: unknown): RuntimeState {
  const properties = isObject(value) && isObject(value.properties) ? value.properties : {};
  const { state, typeProperties } = properties;
  if (typeof state !== 'string' || state === '') throw malformed('the status has no state');
  const query = isObject(typeProperties) ? parseInteractiveQuery(typeProperties.interactiveQuery) : undefined;
  return query === undefined ? { state } : { state, interactiveAuthoring: query };
}

/** Azure's name for interactive authoring. What cannot be understood of it is as if it were not there: the state counts. */
function parseInteractiveQuery(value: unknown): InteractiveAuthoring | undefined {
  if (!isObject(value) || typeof value.status !== 'string' || value.status === '') return undefined;
  const { status, autoTerminationMinutes: minutes } = value;
  const isCount = typeof minutes === 'number' && Number.isInteger(minutes) && minutes >= 0 && minutes < 2 ** 31;
  return isCount ? { status, autoTerminationMinutes: minutes } : { status };
}

/** Nested ARM resources may be named `parent/child`. */
function lastSegment(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
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
