/** The integration runtimes of one service, over its SDK: every call that the operator makes. */
import { AzureFailure } from '../../core/model/failure.ts';
import {
  ACCEPTED,
  type Accepted,
  MISSING,
  type Missing,
  type ObservedRuntime,
  type Parent,
  parentKey,
  type RuntimeDocument,
  type RuntimeId,
  type RuntimeStatus,
} from '../../core/model/runtime.ts';
import type { CallContext } from '../../ports.ts';
import { ArmCalls, type ArmOptions, type Call } from './arm-calls.ts';
import type { PlainRequests, RuntimePath, SdkOptions } from './arm-client.ts';
import type { ArmRuntimes, Listed, UnparsedEntry } from './arm-runtimes.ts';
import { checkNetwork, checkParent, checkRuntimeId } from './ids.ts';
import { checkParentBody, malformed, type Page, parseJson, parsePage, parseRuntimeOf, parseState } from './parse.ts';

/**
 * A list beyond these limits has no end, or is not about runtimes: a factory has 5,000 at most (documented: the limit of all
 * its entities).
 */
const MAX_PAGES = 250;
const MAX_ENTRIES = 20_000;
/** All pages together, in characters: parsed, they take several times that. */
const MAX_LENGTH = 32 * 2 ** 20;

/** How the SDK of one service sends each call. What the promises resolve with is ignored: the raw answer counts. */
export interface Service {
  readonly parent: Parent['kind'];
  /** Whether it may answer a write with 202 and complete it later. */
  readonly accepts: boolean;
  readonly plain: PlainRequests;
  /** The first page. */
  list(resourceGroup: string, parent: string, options: SdkOptions): Promise<unknown>;
  get(...args: readonly [...RuntimePath, SdkOptions]): Promise<unknown>;
  status(...args: readonly [...RuntimePath, SdkOptions]): Promise<unknown>;
  /** The parent itself. */
  parentItself(resourceGroup: string, parent: string, options: SdkOptions): Promise<unknown>;
  readonly networks: Networks;
}

/** The managed virtual networks of a service's parents. */
export interface Networks {
  /** Reads what shows them. */
  read(resourceGroup: string, parent: string, options: SdkOptions): Promise<unknown>;
  /** Whether that answer shows one of this name. */
  isShown(body: unknown, name: string): boolean;
  /** Absent: a parent gets one when it is created, or never. */
  create?(resourceGroup: string, parent: string, name: string, options: SdkOptions): Promise<unknown>;
}

/**
 * The integration runtimes of the factories or workspaces of one subscription, under one identity, over the SDK's client.
 *
 * Documents are what ARM sent, byte for byte as far as JSON tells bytes apart (a number that a double would change keeps
 * its digits), and go back the same: the SDK's own (de)serialiser drops what it does not know, and is not used. Nor does the
 * SDK wait for long-running operations: where a service has them, a 202 is `ACCEPTED`.
 */
export class ServiceRuntimes implements ArmRuntimes {
  readonly #service: Service;
  readonly #calls: ArmCalls;
  readonly #origin: string;

  constructor(service: Service, options: ArmOptions) {
    this.#service = service;
    this.#calls = new ArmCalls(options);
    this.#origin = new URL(options.endpoint).origin;
  }

  async list(parent: Parent, caller: CallContext, onPage: (page: number) => void = () => {}): Promise<Listed> {
    checkParent(parent);
    const runtimes: ObservedRuntime[] = [];
    const unparsed: UnparsedEntry[] = [];
    const seen = new Set<string>();
    let pages = 0;
    let length = 0;
    for (let next: string | undefined, more = true; more; more = next !== undefined) {
      const page = await this.#page(parent, next, caller);
      onPage(++pages);
      runtimes.push(...page.runtimes);
      unparsed.push(...page.unparsed);
      length += page.length;
      if (runtimes.length + unparsed.length > MAX_ENTRIES)
        throw malformed(`the list has more than ${MAX_ENTRIES} entries`);
      if (length > MAX_LENGTH) throw malformed(`the list is longer than ${MAX_LENGTH / 2 ** 20} MiB`);
      next = page.nextLink;
      if (next === undefined) break;
      if (pages >= MAX_PAGES) throw malformed(`the list has more than ${MAX_PAGES} pages`);
      // Another host would get our token.
      if (!URL.canParse(next) || new URL(next).origin !== this.#origin) {
        throw malformed('the link to the next page leads elsewhere');
      }
      if (seen.has(next)) throw malformed('the pages of the list form a loop');
      seen.add(next);
    }
    return { runtimes, unparsed };
  }

  #page(parent: Parent, link: string | undefined, caller: CallContext): Promise<Page & { length: number }> {
    const { plain } = this.#service;
    return this.#make(caller, {
      operation: 'list',
      budget: 'reads',
      writes: false,
      send: (options) =>
        link === undefined ? this.#service.list(parent.resourceGroup, parent.name, options) : plain.next(link, options),
      parse: (body) => ({ ...parsePage(parseJson(body)), length: body?.length ?? 0 }),
    });
  }

  async read(id: RuntimeId, caller: CallContext): Promise<ObservedRuntime | undefined> {
    checkRuntimeId(id);
    return this.#make<ObservedRuntime | undefined>(caller, {
      operation: 'get',
      budget: 'reads',
      writes: false,
      send: (options) => this.#service.get(...path(id), options),
      parse: (body) => parseRuntimeOf(id, parseJson(body)),
      missing: () => undefined,
    });
  }

  async state(id: RuntimeId, caller: CallContext): Promise<RuntimeStatus | undefined> {
    checkRuntimeId(id);
    return this.#make<RuntimeStatus | undefined>(caller, {
      operation: 'getStatus',
      // Recorded: this POST counts as a read.
      budget: 'reads',
      writes: false,
      send: (options) => this.#service.status(...path(id), options),
      parse: (body) => parseState(parseJson(body)),
      missing: () => undefined,
    });
  }

  /**
   * `If-None-Match: *` closes the race between our GET and this PUT, if ARM honours it for this type (inferred). If not, the
   * race stays open, as it is for every other client.
   */
  create(id: RuntimeId, document: RuntimeDocument, caller: CallContext): Promise<ObservedRuntime | Accepted> {
    return this.#put('create', id, document, { 'If-None-Match': '*' }, caller);
  }

  /** The etag goes out unquoted, as it came in the body (recorded). */
  update(
    id: RuntimeId,
    document: RuntimeDocument,
    etag: string,
    caller: CallContext,
  ): Promise<ObservedRuntime | Accepted> {
    return this.#put('update', id, document, { 'If-Match': etag }, caller);
  }

  async #put(
    operation: 'create' | 'update',
    id: RuntimeId,
    document: RuntimeDocument,
    headers: Record<string, string>,
    caller: CallContext,
  ): Promise<ObservedRuntime | Accepted> {
    checkRuntimeId(id);
    return this.#make<ObservedRuntime | Accepted>(caller, {
      operation,
      budget: 'writes',
      writes: true,
      headers,
      raises: parentKey(id.parent),
      send: (options) => this.#service.plain.put(path(id), document, options),
      parse: (body, status) => (this.#accepted(status) ? ACCEPTED : parseRuntimeOf(id, parseJson(body))),
    });
  }

  async delete(id: RuntimeId, caller: CallContext): Promise<Accepted | Missing | undefined> {
    checkRuntimeId(id);
    return this.#make<Accepted | Missing | undefined>(caller, {
      operation: 'delete',
      budget: 'deletes',
      writes: true,
      raises: parentKey(id.parent),
      send: (options) => this.#service.plain.delete(path(id), options),
      parse: (body, status) => {
        if (this.#accepted(status)) return ACCEPTED;
        if (status !== 200 && status !== 204) throw malformed(`a deletion returned ${status}`);
        // Recorded: the body is empty. The page of a proxy says nothing about the runtime.
        if (body) throw malformed('a deletion returned a body');
        return undefined;
      },
      missing: () => MISSING,
    });
  }

  async hasParent(parent: Parent, caller: CallContext): Promise<boolean> {
    checkParent(parent);
    try {
      await this.#make<void>(caller, {
        operation: 'getParent',
        budget: 'reads',
        writes: false,
        send: (options) => this.#service.parentItself(parent.resourceGroup, parent.name, options),
        parse: (body) => checkParentBody(parent, parseJson(body)),
      });
      return true;
    } catch (error) {
      if (error instanceof AzureFailure && error.failure.kind === 'parentNotFound') return false;
      throw error;
    }
  }

  async enableInteractiveAuthoring(id: RuntimeId, minutes: number, caller: CallContext): Promise<void> {
    checkRuntimeId(id);
    return this.#make<void>(caller, {
      operation: 'enableInteractiveQuery',
      budget: 'writes',
      writes: true,
      send: (options) => this.#service.plain.enableInteractiveQuery(path(id), minutes, options),
      parse: () => {},
    });
  }

  /** By the list of all networks: what it returns without any is known, and how a GET of a missing one is refused is not. */
  async hasNetwork(parent: Parent, name: string, caller: CallContext): Promise<boolean> {
    checkNetwork(parent, name);
    const { networks } = this.#service;
    return this.#make<boolean>(caller, {
      operation: 'listNetworks',
      budget: 'reads',
      writes: false,
      send: (options) => networks.read(parent.resourceGroup, parent.name, options),
      parse: (body) => networks.isShown(parseJson(body), name),
    });
  }

  /** `If-None-Match: *` leaves a network alone that another client is creating; inferred, as for a runtime. */
  async createNetwork(parent: Parent, name: string, caller: CallContext): Promise<void> {
    checkNetwork(parent, name);
    const { networks } = this.#service;
    if (networks.create === undefined) {
      throw new AzureFailure({
        kind: 'refused',
        message: `A ${parent.kind} can get a managed virtual network only when it is created.`,
        remedy: `Declare another ${parent.kind} or a public runtime in a new object.`,
      });
    }
    const create = networks.create;
    return this.#make<void>(caller, {
      operation: 'createNetwork',
      budget: 'writes',
      writes: true,
      headers: { 'If-None-Match': '*' },
      send: (options) => create(parent.resourceGroup, parent.name, name, options),
      parse: () => {},
    });
  }

  #accepted(status: number): boolean {
    return status === 202 && this.#service.accepts;
  }

  #make<T>(caller: CallContext, call: Omit<Call<T>, 'parent'>): Promise<T> {
    return this.#calls.make(caller, { ...call, parent: this.#service.parent });
  }
}

function path({ parent, name }: RuntimeId): RuntimePath {
  return [parent.resourceGroup, parent.name, name];
}
