import { randomUUID } from 'node:crypto';
import {
  badRequest,
  documentMissing,
  documentReferenced,
  invalidPayload,
  invalidReference,
  preconditionFailed,
} from './arm-errors.ts';
import {
  AUTO_TERMINATION_MINUTES,
  canonicalNetworkId,
  compareInList,
  DEFAULT_AUTO_TERMINATION_MINUTES,
  DELETE_HONOURS_IF_MATCH,
  ENABLING_AGAIN_PROLONGS,
  EQUAL_PUT_CHANGES_ETAG,
  EXISTS_MESSAGE,
  IF_MATCH_NEEDS_DOCUMENT,
  INTERACTIVE_QUERY_FAILURE,
  INTERACTIVE_QUERY_NEEDS,
  isValidRuntimeName,
  NETWORK_CHANGE_IS_IGNORED,
  NETWORK_NAME,
  NOT_MODIFIED_STATUS,
  OTHER_REGION_MESSAGE,
  STALE_ETAG_MESSAGE,
  TYPE_IS_IMMUTABLE,
} from './assumptions.ts';
import {
  header,
  type Incoming,
  isObject,
  type JsonObject,
  parseJson,
  type Reply,
  rawReply,
  reply,
} from './exchange.ts';
import { networkOf } from './lifecycle.ts';
import type { Route } from './routes.ts';
import { type Factory, type Runtime, sortedRuntimes, type World } from './world.ts';

/** The Data Factory provider, behind ARM's gateway: the factory exists, and the caller may do this. */
export class DataFactory {
  readonly #world: World;
  readonly #now: () => number;

  constructor(world: World, now: () => number) {
    this.#world = world;
    this.#now = now;
  }

  handle(route: Route, request: Incoming, factory: Factory): Reply | undefined {
    const { runtime: name = '', network = '' } = route;
    switch (route.operation) {
      case 'Factories_Get':
        return reply(200, factoryBody(factory));
      case 'IntegrationRuntimes_ListByFactory':
        return list(request, factory);
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
        return reply(200, { value: [...factory.networks.values()].map(({ json }) => JSON.parse(json)) });
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
    if (runtime === undefined) return documentMissing(`${factory.id}/integrationruntimes/${name}`);
    const known = header(request, 'if-none-match');
    if (known !== undefined && names(known, runtime.etag)) return rawReply(NOT_MODIFIED_STATUS, '');
    return rawReply(200, runtime.json);
  }

  #status(factory: Factory, name: string): Reply {
    const runtime = find(factory, name);
    if (runtime === undefined) return documentMissing(`${factory.id}/integrationruntimes/${name}`);
    const interactiveQuery = runtime.interactiveQuery.view(this.#now());
    // Recorded: nothing else for an Azure runtime; name, dataFactoryName and typeProperties are optional.
    return reply(200, {
      properties: {
        state: runtime.lifecycle.state(this.#now()),
        type: runtime.properties.type ?? null,
        ...(interactiveQuery === undefined ? {} : { typeProperties: { interactiveQuery } }),
      },
    });
  }

  #switch(to: 'Enabled' | 'Disabled', request: Incoming, factory: Factory, name: string): Reply {
    const runtime = find(factory, name);
    if (runtime === undefined) return documentMissing(`${factory.id}/integrationruntimes/${name}`);
    const minutes = to === 'Enabled' ? minutesOf(request.body) : undefined;
    if (minutes === null) return invalidPayload(name, runtime.id);
    if (networkOf(runtime.properties) === undefined) return badRequest(INTERACTIVE_QUERY_NEEDS.network, runtime.id);
    const now = this.#now();
    if (to === 'Enabled' && runtime.lifecycle.state(now) !== 'Online') {
      return badRequest(INTERACTIVE_QUERY_NEEDS.online, runtime.id);
    }
    const isAlready = to === 'Enabled' && runtime.interactiveQuery.view(now)?.status === 'Enabled';
    const id = randomUUID();
    if (!isAlready || ENABLING_AGAIN_PROLONGS) {
      const given = minutes === undefined ? {} : { minutes };
      runtime.interactiveQuery.begin(id, to, { now, ...factory.interactiveQuery, ...given });
    }
    const action = to === 'Enabled' ? 'enableInteractiveQuery' : 'disableInteractiveQuery';
    // Documented: both headers carry one and the same URL, which serves the poll and the final GET.
    const url = `${request.origin}${runtime.id}/${action}/operationresults/${id}?api-version=2018-06-01`;
    return rawReply(202, '', { location: url, 'azure-asyncoperation': url });
  }

  #result(factory: Factory, name: string, id: string): Reply {
    const runtime = find(factory, name);
    const status = runtime?.interactiveQuery.outcome(id, this.#now());
    if (runtime === undefined || status === undefined) {
      return documentMissing(`${factory.id}/integrationruntimes/${name}/operationresults/${id}`);
    }
    // Recorded of another long-running operation.
    const progress = { status, name: id, properties: null, error: null };
    if (status === 'Failed') return reply(200, { ...progress, error: INTERACTIVE_QUERY_FAILURE });
    return reply(200, status === 'Succeeded' ? { ...progress, properties: runtime.properties } : progress);
  }

  #putNetwork(request: Incoming, factory: Factory, name: string): Reply {
    const id = canonicalNetworkId(factory.id, name);
    const body = parseJson(request.body);
    if (!isObject(body) || !isObject(body.properties) || name.toLowerCase() !== NETWORK_NAME) {
      return invalidPayload(name, id, 'ManagedVirtualNetwork');
    }
    const stale = precondition(request, factory.networks.get(name.toLowerCase()), id);
    // Recorded: 200 for a create.
    return stale ?? rawReply(200, this.#world.putNetwork(factory, name, body.properties).json);
  }

  #put(request: Incoming, factory: Factory, name: string): Reply {
    const id = `${factory.id}/integrationruntimes/${name}`;
    const runtime = find(factory, name);
    const properties = definition(request.body);
    if (properties === undefined || !isValidRuntimeName(name)) return invalidPayload(name, id);
    if (TYPE_IS_IMMUTABLE && runtime !== undefined && runtime.properties.type !== properties.type) {
      return invalidPayload(name, id);
    }
    const stale = precondition(request, runtime, id);
    if (stale !== undefined) return stale;
    const bad = spendBadReference(factory, name);
    if (bad !== undefined) return invalidReference(bad, id);
    const wanted = misplaced(factory, properties, id);
    if (wanted !== undefined) return wanted;
    const placed = runtime === undefined || !NETWORK_CHANGE_IS_IGNORED ? properties : staying(runtime, properties);
    const stored = this.#store(factory, runtime, name, placed);
    const pretends = (runtime?.writeMode ?? factory.writeMode) === 'pretend';
    // Recorded: 200 for a create too; a 201 makes @azure/arm-datafactory throw.
    return pretends ? reply(200, { ...JSON.parse(stored.json), properties }) : rawReply(200, stored.json);
  }

  #store(factory: Factory, runtime: Runtime | undefined, name: string, properties: JsonObject): Runtime {
    const ignored = (runtime?.writeMode ?? factory.writeMode) !== 'apply';
    if (runtime === undefined) {
      return this.#world.create(factory, name, ignored ? { type: properties.type ?? null } : properties);
    }
    if (ignored) return runtime;
    if (EQUAL_PUT_CHANGES_ETAG || JSON.stringify(properties) !== JSON.stringify(runtime.properties)) {
      this.#world.write(runtime, properties);
    }
    runtime.lifecycle.written(properties, factory.rules, this.#now());
    return runtime;
  }

  #delete(request: Incoming, factory: Factory, name: string): Reply {
    const runtime = find(factory, name);
    if (runtime === undefined) return rawReply(204, '');
    if (DELETE_HONOURS_IF_MATCH) {
      const stale = precondition(request, runtime, runtime.id);
      if (stale !== undefined) return stale;
    }
    const [referrer] = runtime.references;
    if (referrer !== undefined) return documentReferenced(runtime.references.join(', '), runtime.id);
    this.#world.remove(factory, name);
    // Recorded: 200 with an empty body.
    return rawReply(200, '');
  }
}

function find(factory: Factory, name: string): Runtime | undefined {
  return factory.runtimes.get(name.toLowerCase());
}

/** `properties` of a body; `id`, `name`, `type` and `etag` beside it are ignored, as Terraform's provider expects. */
function definition(body: string): JsonObject | undefined {
  const parsed = parseJson(body);
  if (!isObject(parsed)) return undefined;
  const { properties } = parsed;
  return isObject(properties) && typeof properties.type === 'string' ? properties : undefined;
}

/** Undefined: none were given, so that the default counts; null: not minutes. */
function minutesOf(body: string): number | null {
  const parsed = body === '' ? {} : parseJson(body);
  if (!isObject(parsed)) return null;
  const { autoTerminationMinutes: minutes = DEFAULT_AUTO_TERMINATION_MINUTES } = parsed;
  return typeof minutes === 'number' && AUTO_TERMINATION_MINUTES.includes(minutes) ? minutes : null;
}

function getNetwork(factory: Factory, name: string): Reply {
  const network = factory.networks.get(name.toLowerCase());
  return network === undefined ? documentMissing(canonicalNetworkId(factory.id, name)) : rawReply(200, network.json);
}

/** A network that is not there (pasted by users), or a region where it is not. */
function misplaced(factory: Factory, properties: JsonObject, id: string): Reply | undefined {
  const network = networkOf(properties);
  if (network === undefined) return undefined;
  if (!factory.networks.has(network.toLowerCase())) return invalidReference(network, id);
  const places = ['autoresolve', region(factory.location)];
  return places.includes(region(locationOf(properties))) ? undefined : badRequest(OTHER_REGION_MESSAGE, id);
}

function locationOf({ typeProperties }: JsonObject): string {
  const compute = isObject(typeProperties) ? typeProperties.computeProperties : undefined;
  return isObject(compute) && typeof compute.location === 'string' ? compute.location : 'AutoResolve';
}

function region(location: string): string {
  return location.toLowerCase().replaceAll(' ', '');
}

/** The new definition, with the runtime in the network in which it is. */
function staying({ properties: before }: Runtime, properties: JsonObject): JsonObject {
  if (networkOf(before) === networkOf(properties)) return properties;
  const { managedVirtualNetwork: _, ...rest } = properties;
  return before.managedVirtualNetwork === undefined
    ? rest
    : { ...rest, managedVirtualNetwork: before.managedVirtualNetwork };
}

function precondition(
  request: Incoming,
  runtime: { readonly etag: string } | undefined,
  id: string,
): Reply | undefined {
  const wanted = header(request, 'if-match');
  if (wanted !== undefined) {
    if (runtime === undefined) {
      return IF_MATCH_NEEDS_DOCUMENT ? preconditionFailed(STALE_ETAG_MESSAGE, id) : undefined;
    }
    if (!names(wanted, runtime.etag)) return preconditionFailed(STALE_ETAG_MESSAGE, id);
  }
  const unwanted = header(request, 'if-none-match');
  if (unwanted !== undefined && runtime !== undefined && names(unwanted, runtime.etag)) {
    return preconditionFailed(EXISTS_MESSAGE, id);
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
  const key = name.toLowerCase();
  const bad = factory.badReferences.get(key);
  if (bad === undefined) return undefined;
  bad.times--;
  if (bad.times <= 0) factory.badReferences.delete(key);
  return bad.name;
}

function list(request: Incoming, factory: Factory): Reply {
  const all = sortedRuntimes(factory);
  const token = request.query.get('$skipToken') ?? request.query.get('$skiptoken');
  const after = token === null ? undefined : Buffer.from(token, 'base64url').toString();
  const found = after === undefined ? 0 : all.findIndex((runtime) => compareInList(runtime.name, after) > 0);
  const start = found === -1 ? all.length : found;
  const page = all.slice(start, start + factory.pageSize);
  const last = page.at(-1);
  const more = last !== undefined && start + page.length < all.length;
  const next = more ? `,"nextLink":${JSON.stringify(nextLink(request, last.name))}` : '';
  return rawReply(200, `{"value":[${page.map((runtime) => runtime.json).join(',')}]${next}}`);
}

function nextLink(request: Incoming, lastName: string): string {
  const query = new URLSearchParams(request.query);
  query.delete('$skiptoken');
  // A name, not an offset: pages stay right when something is created or deleted in between.
  query.set('$skipToken', Buffer.from(lastName).toString('base64url'));
  return `${request.origin}${request.path}?${query.toString().replaceAll('%24', '$')}`;
}

export function factoryBody(factory: Factory): object {
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
