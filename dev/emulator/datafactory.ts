/** The Data Factory provider: runtimes, networks, interactive authoring. */
import { randomUUID } from 'node:crypto';
import {
  badRequest,
  documentMissing,
  documentReferenced,
  invalidPayload,
  invalidReference,
  preconditionFailed,
  type Subject,
} from './arm-errors.ts';
import {
  type Assumed,
  AUTO_TERMINATION_MINUTES,
  compareInList,
  DEFAULT_AUTO_TERMINATION_MINUTES,
  ENABLING_AGAIN_PROLONGS,
  EXISTS_MESSAGE,
  foldName,
  INTERACTIVE_QUERY_FAILURE,
  INTERACTIVE_QUERY_NEEDS,
  isRegion,
  isValidRuntimeName,
  NETWORK_NAME,
  OTHER_REGION_MESSAGE,
  STALE_ETAG_MESSAGE,
  unknownRegionMessage,
} from './assumptions.ts';
import { header, type Incoming, property, propertyName, type Reply, rawReply, reply } from './exchange.ts';
import { isObject, type Json, type JsonObject, parseJson } from './json.ts';
import { isSameValue, networkOf } from './lifecycle.ts';
import type { Route } from './routes.ts';
import { type Factory, type Runtime, sortedRuntimes, type World } from './world.ts';

/** How a write that may be made is made and answered. */
export interface Writes {
  put(request: Incoming, factory: Factory, name: string, takeEffect: () => Pick<Runtime, 'json'>): Reply;
  delete(request: Incoming, factory: Factory, name: string, takeEffect: () => void): Reply;
}

const AT_ONCE: Writes = {
  // Recorded: 200 for a create too; a 201 makes @azure/arm-datafactory throw.
  put: (_request, _factory, _name, takeEffect) => rawReply(200, takeEffect().json),
  // Recorded: 200 with an empty body.
  delete: (_request, _factory, _name, takeEffect) => {
    takeEffect();
    return rawReply(200, '');
  },
};

/**
 * The Data Factory provider, behind ARM's gateway: the factory exists, and the caller may do this. Synapse's provider is
 * the same but for how it answers writes.
 */
export class DataFactory {
  readonly #world: World;
  readonly #assumed: Assumed;
  readonly #now: () => number;
  readonly #writes: Writes;

  constructor(world: World, now: () => number, writes: Writes = AT_ONCE) {
    this.#world = world;
    this.#assumed = world.assumed;
    this.#now = now;
    this.#writes = writes;
  }

  handle(route: Route, request: Incoming, factory: Factory): Reply | undefined {
    const { runtime: name = '', network = '' } = route;
    switch (route.operation) {
      case 'Factories_Get':
      case 'Workspaces_Get':
        return reply(200, factoryBody(factory));
      case 'IntegrationRuntimes_ListByFactory':
        return list(request, factory, this.#assumed);
      case 'IntegrationRuntimes_Get':
        return this.#get(request, factory, name);
      case 'IntegrationRuntimes_CreateOrUpdate':
        return this.#put(request, factory, name);
      case 'IntegrationRuntimes_Delete':
        return this.#delete(request, factory, name);
      case 'IntegrationRuntimes_GetStatus':
        return this.#status(factory, name);
      case 'IntegrationRuntime_EnableInteractiveQuery':
        return this.#switch('Enabled', request, factory, name);
      case 'IntegrationRuntime_DisableInteractiveQuery':
        return this.#switch('Disabled', request, factory, name);
      case 'IntegrationRuntime_OperationResult':
        return this.#result(factory, name, route.result ?? '');
      case 'ManagedVirtualNetworks_ListByFactory':
        return reply(200, { value: [...factory.networks.values()].map(({ json }) => parseJson(json)) });
      case 'ManagedVirtualNetworks_Get':
        return getNetwork(factory, network);
      case 'ManagedVirtualNetworks_CreateOrUpdate':
        return this.#putNetwork(request, factory, network);
      default:
        return undefined;
    }
  }

  #get(request: Incoming, factory: Factory, name: string): Reply {
    const runtime = find(factory, name);
    if (runtime === undefined) return documentMissing(subject(factory, name));
    const known = header(request, 'if-none-match');
    const { notModifiedStatus, idSpelling } = this.#assumed;
    if (known !== undefined && notModifiedStatus !== undefined && names(known, runtime.etag)) {
      return rawReply(notModifiedStatus, '');
    }
    if (idSpelling === 'requested') return reply(200, { ...documentOf(runtime), id: decodeURIComponent(request.path) });
    return rawReply(200, runtime.json);
  }

  #status(factory: Factory, name: string): Reply {
    const runtime = find(factory, name);
    if (runtime === undefined) return documentMissing(subject(factory, name));
    const interactiveQuery = runtime.interactiveQuery.view(this.#now());
    // Recorded: nothing else for an Azure runtime; name, dataFactoryName and typeProperties are optional.
    return reply(200, {
      properties: {
        state: runtime.lifecycle.state(this.#now()),
        type: property(runtime.properties, 'type') ?? null,
        ...(interactiveQuery === undefined ? {} : { typeProperties: { interactiveQuery } }),
      },
    });
  }

  #switch(to: 'Enabled' | 'Disabled', request: Incoming, factory: Factory, name: string): Reply {
    const runtime = find(factory, name);
    const about = subject(factory, name);
    if (runtime === undefined) return documentMissing(about);
    const minutes = to === 'Enabled' ? minutesOf(request.body) : undefined;
    if (minutes === null) return invalidPayload(about);
    const { authoringNeedsNetwork, authoringNeedsOnline } = this.#assumed;
    if (authoringNeedsNetwork && networkOf(runtime.properties) === undefined)
      return badRequest(INTERACTIVE_QUERY_NEEDS.network, about);
    const now = this.#now();
    if (to === 'Enabled' && authoringNeedsOnline && runtime.lifecycle.state(now) !== 'Online') {
      return badRequest(INTERACTIVE_QUERY_NEEDS.online, about);
    }
    const isAlready = to === 'Enabled' && runtime.interactiveQuery.view(now)?.status === 'Enabled';
    const id = randomUUID();
    if (!isAlready || ENABLING_AGAIN_PROLONGS) {
      const given = minutes === undefined ? {} : { minutes };
      runtime.interactiveQuery.begin(id, to, { now, ...factory.interactiveQuery, ...given });
    }
    const action = to === 'Enabled' ? 'enableInteractiveQuery' : 'disableInteractiveQuery';
    // Documented: both headers carry one and the same URL, which serves the poll and the final GET.
    const url = `${request.origin}${runtime.id}/${action}/operationresults/${id}?api-version=${request.query.get('api-version') ?? ''}`;
    return rawReply(202, '', { location: url, 'azure-asyncoperation': url });
  }

  #result(factory: Factory, name: string, id: string): Reply {
    const runtime = find(factory, name);
    const status = runtime?.interactiveQuery.outcome(id, this.#now());
    if (runtime === undefined || status === undefined) {
      return documentMissing(subject(factory, `${name}/operationresults/${id}`));
    }
    // Recorded of another long-running operation.
    const progress = { status, name: id, properties: null, error: null };
    if (status === 'Failed') return reply(200, { ...progress, error: INTERACTIVE_QUERY_FAILURE });
    return reply(200, status === 'Succeeded' ? { ...progress, properties: runtime.properties } : progress);
  }

  #putNetwork(request: Incoming, factory: Factory, name: string): Reply {
    const about: Subject = { ...subject(factory, name), child: 'networks' };
    const body = parseJson(request.body);
    if (!isObject(body) || !isObject(body.properties) || foldName(name) !== NETWORK_NAME) {
      return invalidPayload(about);
    }
    const stale = precondition(request, factory.networks.get(foldName(name)), about, this.#assumed);
    // Recorded: 200 for a create.
    return stale ?? rawReply(200, this.#world.putNetwork(factory, name, body.properties).json);
  }

  #put(request: Incoming, factory: Factory, name: string): Reply {
    const about = subject(factory, name);
    const runtime = find(factory, name);
    const assumed = this.#assumed;
    const properties = definition(request.body, assumed);
    if (properties === undefined || (assumed.checksNames && !isValidRuntimeName(name))) return invalidPayload(about);
    if (assumed.typeIsImmutable && runtime !== undefined && !isSameType(runtime.properties, properties)) {
      return invalidPayload(about);
    }
    const stale = precondition(request, runtime, about, assumed);
    if (stale !== undefined) return stale;
    const bad = spendBadReference(factory, name);
    if (bad !== undefined) return invalidReference(bad, about);
    const checksFirst = assumed.workspaceChecksFirst || factory.kind === 'factory';
    const wrong =
      (checksFirst ? misplaced(factory, properties, about, assumed) : undefined) ??
      nowhere(factory, properties, about, assumed);
    if (wrong !== undefined) return wrong;
    return this.#writes.put(request, factory, name, () => this.#answered(factory, name, properties));
  }

  /** What is stored, as the answer shows it. */
  #answered(factory: Factory, name: string, properties: JsonObject): Pick<Runtime, 'json'> {
    const runtime = find(factory, name);
    const pretends = (runtime?.writeMode ?? factory.writeMode) === 'pretend';
    const placed = runtime === undefined ? properties : this.#overwriting(runtime, properties);
    const stored = this.#store(factory, runtime, name, placed);
    return pretends ? { json: JSON.stringify({ ...documentOf(stored), properties }) } : stored;
  }

  /** What the service makes of a definition that is written over another one. */
  #overwriting(runtime: Runtime, properties: JsonObject): JsonObject {
    const { networkChangeIsIgnored, locationChange, putReplaces } = this.#assumed;
    const placed = networkChangeIsIgnored ? staying(runtime, properties) : properties;
    const located = locationChange === 'ignored' ? withCompute(placed, runtime.properties) : placed;
    return putReplaces ? located : { ...runtime.properties, ...located };
  }

  #store(factory: Factory, runtime: Runtime | undefined, name: string, properties: JsonObject): Runtime {
    const ignored = (runtime?.writeMode ?? factory.writeMode) !== 'apply';
    if (runtime === undefined) {
      return this.#world.create(factory, name, ignored ? { type: property(properties, 'type') ?? null } : properties);
    }
    if (ignored) return runtime;
    if (this.#assumed.equalPutChangesEtag || JSON.stringify(properties) !== JSON.stringify(runtime.properties)) {
      this.#world.write(runtime, properties);
    }
    runtime.lifecycle.written(properties, factory.rules, this.#now());
    return runtime;
  }

  #delete(request: Incoming, factory: Factory, name: string): Reply {
    const runtime = find(factory, name);
    if (runtime === undefined) return rawReply(204, '');
    if (this.#assumed.deleteHonoursEtag) {
      const stale = precondition(request, runtime, subject(factory, name), this.#assumed);
      if (stale !== undefined) return stale;
    }
    const [referrer] = runtime.references;
    if (referrer !== undefined) return documentReferenced(runtime.references.join(', '), subject(factory, name));
    return this.#writes.delete(request, factory, name, () => void this.#world.remove(factory, name));
  }
}

function isSameType(a: JsonObject, b: JsonObject): boolean {
  return isSameValue(property(a, 'type'), property(b, 'type'));
}

function documentOf({ json }: Pick<Runtime, 'json'>): JsonObject {
  const document = parseJson(json);
  return isObject(document) ? document : {};
}

function subject({ kind, id }: Factory, name: string): Subject {
  return { parent: kind, parentId: id, name };
}

function find(factory: Factory, name: string): Runtime | undefined {
  return factory.runtimes.get(foldName(name));
}

/** `properties` of a body; `id`, `name`, `type` and `etag` beside it are ignored, as Terraform's provider expects. */
function definition(body: string, assumed: Assumed): JsonObject | undefined {
  const parsed = assumed.keepsLongNumbers ? parseJson(body) : parseRounded(body);
  if (!isObject(parsed)) return undefined;
  const { properties } = parsed;
  if (!isObject(properties)) return undefined;
  const type = assumed.propertyNamesIgnoreCase ? property(properties, 'type') : properties.type;
  if (typeof type !== 'string') return undefined;
  return assumed.keepsUnknownProperties ? properties : withoutUnknown(properties);
}

function parseRounded(body: string): Json | undefined {
  try {
    return JSON.parse(body) as Json;
  } catch {
    return undefined;
  }
}

/** Of a definition, as the specification has them. */
const KNOWN_PROPERTIES = ['type', 'description', 'typeproperties', 'managedvirtualnetwork'];

function withoutUnknown(properties: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(properties).filter(([name]) => KNOWN_PROPERTIES.includes(name.toLowerCase())),
  );
}

/** The new definition, with the compute that the old one has, where both say something of it. */
function withCompute(properties: JsonObject, before: JsonObject): JsonObject {
  const [name, own] = [propertyName(properties, 'typeProperties'), property(before, 'typeProperties')];
  return own === undefined || !(name in properties) ? properties : { ...properties, [name]: own };
}

/** Undefined: none were given, so that the default counts; null: not minutes. */
function minutesOf(body: string): number | null {
  const parsed = body === '' ? {} : parseJson(body);
  if (!isObject(parsed)) return null;
  const { autoTerminationMinutes: minutes = DEFAULT_AUTO_TERMINATION_MINUTES } = parsed;
  return typeof minutes === 'number' && AUTO_TERMINATION_MINUTES.includes(minutes) ? minutes : null;
}

function getNetwork(factory: Factory, name: string): Reply {
  const network = factory.networks.get(foldName(name));
  return network === undefined
    ? documentMissing({ ...subject(factory, name), child: 'networks' })
    : rawReply(200, network.json);
}

/** A network that is not there (pasted by users), or a region where it is not. */
function misplaced(
  factory: Factory,
  properties: JsonObject,
  about: Subject,
  { refusesOtherRegion }: Assumed,
): Reply | undefined {
  const network = networkOf(properties);
  if (network === undefined) return undefined;
  if (!factory.networks.has(foldName(network))) return invalidReference(network, about);
  if (!refusesOtherRegion) return undefined;
  const places = ['autoresolve', region(factory.location)];
  return places.includes(region(locationOf(properties))) ? undefined : badRequest(OTHER_REGION_MESSAGE, about);
}

/** A location that is no region. */
function nowhere(
  { regions }: Factory,
  properties: JsonObject,
  about: Subject,
  { refusesUnknownRegion }: Assumed,
): Reply | undefined {
  const location = locationOf(properties);
  const isTaken = !refusesUnknownRegion || isRegion(location, regions);
  return isTaken ? undefined : badRequest(unknownRegionMessage(location), about);
}

function locationOf(properties: JsonObject): string {
  const type = property(properties, 'typeProperties');
  const compute = isObject(type) ? property(type, 'computeProperties') : undefined;
  const location = isObject(compute) ? property(compute, 'location') : undefined;
  return typeof location === 'string' ? location : 'AutoResolve';
}

function region(location: string): string {
  return location.toLowerCase().replaceAll(' ', '');
}

/** The new definition, with the runtime in the network in which it is. */
function staying({ properties: before }: Runtime, properties: JsonObject): JsonObject {
  if (isSameValue(networkOf(before), networkOf(properties))) return properties;
  const { [propertyName(properties, 'managedVirtualNetwork')]: _, ...rest } = properties;
  const [name, network] = [propertyName(before, 'managedVirtualNetwork'), property(before, 'managedVirtualNetwork')];
  return network === undefined ? rest : { ...rest, [name]: network };
}

function precondition(
  request: Incoming,
  runtime: { readonly etag: string } | undefined,
  about: Subject,
  { staleEtag, createOnly, etagOfNothing }: Assumed,
): Reply | undefined {
  const wanted = header(request, 'if-match');
  if (wanted !== undefined) {
    if (runtime === undefined) {
      return etagOfNothing && preconditionFailed(etagOfNothing, STALE_ETAG_MESSAGE, about);
    }
    if (staleEtag !== undefined && !names(wanted, runtime.etag)) {
      return preconditionFailed(staleEtag, STALE_ETAG_MESSAGE, about);
    }
  }
  const unwanted = header(request, 'if-none-match');
  if (unwanted !== undefined && runtime !== undefined && names(unwanted, runtime.etag)) {
    return createOnly && preconditionFailed(createOnly, EXISTS_MESSAGE, about);
  }
  return undefined;
}

/** Whether a precondition header names this etag. Clients send it quoted, unquoted, and as `*`. */
function names(value: string, etag: string): boolean {
  return value.split(',').some((one) => {
    const bare = one.trim().replace(/^W\//, '').replace(/^"|"$/g, '');
    return bare === '*' || bare === etag;
  });
}

function spendBadReference(factory: Factory, name: string): string | undefined {
  const key = foldName(name);
  const bad = factory.badReferences.get(key);
  if (bad === undefined) return undefined;
  bad.times--;
  if (bad.times <= 0) factory.badReferences.delete(key);
  return bad.name;
}

function list(request: Incoming, factory: Factory, { listInOrderOfNames, listHasEtags }: Assumed): Reply {
  const all = listInOrderOfNames ? sortedRuntimes(factory) : [...factory.runtimes.values()];
  const token = request.query.get('$skipToken') ?? request.query.get('$skiptoken');
  const after = token === null ? undefined : Buffer.from(token, 'base64url').toString();
  const comes = (name: string, last: string) => (listInOrderOfNames ? compareInList(name, last) > 0 : name === last);
  const at = after === undefined ? 0 : all.findIndex(({ name }) => comes(name, after));
  const found = listInOrderOfNames || after === undefined || at === -1 ? at : at + 1;
  const start = found === -1 ? all.length : found;
  const shown = (runtime: Runtime): string =>
    listHasEtags ? runtime.json : JSON.stringify({ ...documentOf(runtime), etag: undefined });
  const page = all.slice(start, start + factory.pageSize);
  const last = page.at(-1);
  const more = last !== undefined && start + page.length < all.length;
  const next = more ? `,"nextLink":${JSON.stringify(nextLink(request, last.name))}` : '';
  return rawReply(200, `{"value":[${page.map(shown).join(',')}]${next}}`);
}

function nextLink(request: Incoming, lastName: string): string {
  const query = new URLSearchParams(request.query);
  query.delete('$skiptoken');
  // A name, not an offset: pages stay right when something is created or deleted in between.
  query.set('$skipToken', Buffer.from(lastName).toString('base64url'));
  return `${request.origin}${request.path}?${query.toString().replaceAll('%24', '$')}`;
}

export function factoryBody(factory: Factory): object {
  if (factory.kind === 'workspace') return workspaceBody(factory);
  return {
    name: factory.name,
    id: factory.id,
    type: 'Microsoft.DataFactory/factories',
    properties: { provisioningState: 'Succeeded', createTime: factory.createdAt.toISOString(), version: '2018-06-01' },
    // Spelled so here, unlike in the documents of the factory (documented).
    eTag: `"${factory.etag}"`,
    location: factory.location,
    tags: {},
  };
}

/** As much of it as a client needs to know that it is there. */
function workspaceBody({ id, name, location, networks }: Factory): object {
  // Documented: the name of the only one that there can be.
  const network = networks.has(NETWORK_NAME) ? { managedVirtualNetwork: NETWORK_NAME } : {};
  return {
    id,
    name,
    type: 'Microsoft.Synapse/workspaces',
    location,
    properties: { provisioningState: 'Succeeded', ...network },
    tags: {},
  };
}
