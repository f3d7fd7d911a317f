/** What ARM sends, parsed once into the domain's types. Everything here throws `AzureFailure` of kind `unavailable`. */
import { RUNTIME_STATES } from '../../api/names.ts';
import { AzureFailure } from '../../core/model/failure.ts';
import { isObject, property, valuesAt } from '../../core/model/json.ts';
import { isSameName } from '../../core/model/letter-case.ts';
import type {
  InteractiveAuthoring,
  Json,
  JsonObject,
  ObservedRuntime,
  Parent,
  RuntimeId,
  RuntimeStatus,
  RuntimeType,
} from '../../core/model/runtime.ts';
import type { Listed, UnparsedEntry } from './arm-runtimes.ts';
import { parseExact } from './exact-json.ts';

/** The answer to a GET or PUT of this runtime. */
export function parseRuntimeOf(id: RuntimeId, value: unknown): ObservedRuntime {
  const runtime = parseRuntime(value);
  if (!isSameName(runtime.name, id.name)) throw malformed('it is about another runtime');
  return runtime;
}

/** One runtime as GET, PUT and LIST send it. An unknown runtime type is not malformed. */
export function parseRuntime(value: unknown): ObservedRuntime {
  if (!isObject(value)) throw malformed('the runtime is not an object');
  const { name, etag, properties } = value;
  if (typeof name !== 'string' || name === '') throw malformed('the runtime has no name');
  if (!isObject(properties)) throw malformed('the runtime has no properties');
  const types = valuesAt(properties, ['type']).filter((type) => typeof type === 'string');
  if (types.length === 0) throw malformed('the runtime has no type');
  // It goes back as the header If-Match, which can hold visible ASCII only.
  if (typeof etag !== 'string' || !/^[\x21-\x7e]+$/.test(etag)) throw malformed('the runtime has no usable etag');
  return {
    name: lastSegment(name),
    type: runtimeType(types, properties),
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
  const unparsed: UnparsedEntry[] = [];
  for (const entry of value.value) {
    try {
      runtimes.push(parseRuntime(entry));
    } catch (error) {
      if (!(error instanceof AzureFailure)) throw error;
      unparsed.push({ name: nameIn(entry), why: error.message });
    }
  }
  return { runtimes, unparsed, nextLink: nextLink || undefined };
}

function nameIn(entry: unknown): string | undefined {
  return isObject(entry) && typeof entry.name === 'string' ? lastSegment(entry.name) || undefined : undefined;
}

/** Whether a list on one page has a document of this name: a factory has one managed virtual network. */
export function isListed(value: unknown, name: string): boolean {
  if (!isObject(value) || !Array.isArray(value.value)) throw malformed('the list has no array of documents');
  const found = value.value.some((each) => {
    if (!isObject(each) || typeof each.name !== 'string') throw malformed('a listed document has no name');
    return isSameName(lastSegment(each.name), name);
  });
  if (!found && value.nextLink) throw malformed('the list has more than one page');
  return found;
}

/** Whether a workspace has a managed virtual network of this name; without one the name is empty or missing (documented). */
export function isWorkspaceNetwork(value: unknown, name: string): boolean {
  if (!isObject(value) || !isObject(value.properties)) throw malformed('the workspace has no properties');
  const network = property(value.properties, 'managedVirtualNetwork');
  if (network === undefined) return false;
  if (typeof network !== 'string') throw malformed("the workspace's managed virtual network is not a string");
  return isSameName(network, name);
}

/** The answer to a GET of a parent: all that matters is that it exists. */
export function checkParentBody({ kind, name }: Parent, value: unknown): void {
  const shown = isObject(value) && typeof value.name === 'string' ? lastSegment(value.name) : undefined;
  if (shown === undefined || !isSameName(shown, name)) throw malformed(`it does not show the ${kind}`);
}

/** A getStatus answer, with Azure's words; a known state is spelled as documented, whatever its case. */
export function parseState(value: unknown): RuntimeStatus {
  const properties = isObject(value) && isObject(value.properties) ? value.properties : {};
  const said = property(properties, 'state');
  if (typeof said !== 'string' || said === '') throw malformed('the status has no state');
  const state = documented(RUNTIME_STATES, said);
  const query = parseInteractiveQuery(valuesAt(properties, ['typeProperties', 'interactiveQuery'])[0]);
  return query === undefined ? { state } : { state, interactiveAuthoring: query };
}

const AUTHORING_STATES = ['Enabling', 'Enabled', 'Disabling', 'Disabled'];

/** A value of an enumeration, spelled as documented whatever its case; an unknown value as it is. */
function documented(values: readonly string[], said: string): string {
  return values.find((value) => isSameName(value, said)) ?? said;
}

/** Azure's name for interactive authoring. What cannot be parsed of it is ignored: the state counts. */
function parseInteractiveQuery(value: Json | undefined): InteractiveAuthoring | undefined {
  if (!isObject(value)) return undefined;
  const [said, minutes] = [property(value, 'status'), property(value, 'autoTerminationMinutes')];
  if (typeof said !== 'string' || said === '') return undefined;
  const status = documented(AUTHORING_STATES, said);
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
    return parseExact(text ?? '');
  } catch {
    throw malformed('it is not JSON');
  }
}

export function malformed(what: string): AzureFailure {
  return new AzureFailure({ kind: 'unavailable', message: `Could not parse Azure's answer: ${what}.` });
}

/** Azure-SSIS runtimes have the type `Managed` too (documented): their compute has nodes, or they have SSIS properties. */
function runtimeType(said: readonly string[], properties: JsonObject): RuntimeType {
  // A type that is spelled twice, in two ways, is unknown.
  const types = new Set(said.map((type) => documented(['Managed', 'SelfHosted'], type)));
  const type = [...types].join(' and ');
  if (type === 'SelfHosted') return type;
  if (type !== 'Managed') return { unknown: type };
  return SSIS_MARKS.some((path) => valuesAt(properties, path).length > 0) ? 'AzureSsis' : type;
}

const SSIS_MARKS = [
  ['typeProperties', 'ssisProperties'],
  ['typeProperties', 'computeProperties', 'nodeSize'],
  ['typeProperties', 'computeProperties', 'numberOfNodes'],
];
