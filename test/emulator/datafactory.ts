import {
  documentMissing,
  documentReferenced,
  invalidPayload,
  invalidReference,
  preconditionFailed,
  type Subject,
} from './arm-errors.ts';
import {
  compareInList,
  DELETE_HONOURS_IF_MATCH,
  EQUAL_PUT_CHANGES_ETAG,
  EXISTS_MESSAGE,
  IF_MATCH_NEEDS_DOCUMENT,
  isValidRuntimeName,
  NOT_MODIFIED_STATUS,
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
import type { Operation } from './operations.ts';
import { type Factory, type Runtime, sortedRuntimes, type World } from './world.ts';

/** How a write that may be made is made and answered. */
export interface Writes {
  put(request: Incoming, factory: Factory, name: string, takeEffect: () => Runtime): Reply;
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
  readonly #now: () => number;
  readonly #writes: Writes;

  constructor(world: World, now: () => number, writes: Writes = AT_ONCE) {
    this.#world = world;
    this.#now = now;
    this.#writes = writes;
  }

  /** `name` is a runtime's; operations on the factory itself ignore it. */
  handle(operation: Operation, request: Incoming, factory: Factory, name: string): Reply | undefined {
    switch (operation) {
      case 'Factories_Get':
      case 'Workspaces_Get':
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
      default:
        return undefined;
    }
  }

  #get(request: Incoming, factory: Factory, name: string): Reply {
    const runtime = find(factory, name);
    if (runtime === undefined) return documentMissing(subject(factory, name));
    const known = header(request, 'if-none-match');
    if (known !== undefined && names(known, runtime.etag)) return rawReply(NOT_MODIFIED_STATUS, '');
    return rawReply(200, runtime.json);
  }

  #status(factory: Factory, name: string): Reply {
    const runtime = find(factory, name);
    if (runtime === undefined) return documentMissing(subject(factory, name));
    // Recorded: nothing else for an Azure runtime; name, dataFactoryName and typeProperties are optional.
    return reply(200, {
      properties: { state: runtime.lifecycle.state(this.#now()), type: runtime.properties.type ?? null },
    });
  }

  #put(request: Incoming, factory: Factory, name: string): Reply {
    const about = subject(factory, name);
    const runtime = find(factory, name);
    const properties = definition(request.body);
    if (properties === undefined || !isValidRuntimeName(name)) return invalidPayload(about);
    if (TYPE_IS_IMMUTABLE && runtime !== undefined && runtime.properties.type !== properties.type) {
      return invalidPayload(about);
    }
    const stale = precondition(request, runtime, about);
    if (stale !== undefined) return stale;
    const bad = spendBadReference(factory, name);
    if (bad !== undefined) return invalidReference(bad, about);
    return this.#writes.put(request, factory, name, () => this.#store(factory, name, properties));
  }

  #store(factory: Factory, name: string, properties: JsonObject): Runtime {
    const runtime = find(factory, name);
    const ignored = (runtime?.writeMode ?? factory.writeMode) === 'ignore';
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
      const stale = precondition(request, runtime, subject(factory, name));
      if (stale !== undefined) return stale;
    }
    const [referrer] = runtime.references;
    if (referrer !== undefined) return documentReferenced(runtime.references.join(', '), subject(factory, name));
    return this.#writes.delete(request, factory, name, () => void this.#world.remove(factory, name));
  }
}

function subject({ kind, id }: Factory, name: string): Subject {
  return { parent: kind, parentId: id, name };
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

function precondition(request: Incoming, runtime: Runtime | undefined, about: Subject): Reply | undefined {
  const wanted = header(request, 'if-match');
  if (wanted !== undefined) {
    if (runtime === undefined) {
      return IF_MATCH_NEEDS_DOCUMENT ? preconditionFailed(STALE_ETAG_MESSAGE, about) : undefined;
    }
    if (!names(wanted, runtime.etag)) return preconditionFailed(STALE_ETAG_MESSAGE, about);
  }
  const unwanted = header(request, 'if-none-match');
  if (unwanted !== undefined && runtime !== undefined && names(unwanted, runtime.etag)) {
    return preconditionFailed(EXISTS_MESSAGE, about);
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
function workspaceBody({ id, name, location }: Factory): object {
  return {
    id,
    name,
    type: 'Microsoft.Synapse/workspaces',
    location,
    properties: { provisioningState: 'Succeeded' },
    tags: {},
  };
}
