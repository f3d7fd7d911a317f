/** The runtimes of one parent: fetches its list when a hint needs it, and records what our own calls show. */
import { AzureFailure, type Failure } from '../../core/model/failure.ts';
import {
  type Accepted,
  armKey,
  type Definition,
  type Missing,
  type ObservedRuntime,
  type Parent,
  type ParentPresence,
  type RuntimeId,
  type RuntimeStatus,
} from '../../core/model/runtime.ts';
import { type CallContext, ParkedError, SupersededError, type Urgency } from '../../ports.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { ArmRuntimes } from '../arm/arm-runtimes.ts';
import { ListPages } from './list-pages.ts';
import { ListReport } from './list-report.ts';
import { ListRequest } from './list-request.ts';
import { SharedPresence } from './shared-presence.ts';
import { type NeededRead, ParentView, type ShownRuntime } from './view.ts';

export interface ObserverOptions {
  /** The client for the runtimes of a parent. */
  readonly remote: (parent: Parent) => ArmRuntimes;
  readonly clock: Clock;
  /**
   * Another writer changed, created or deleted this runtime (`armKey`): its object has to be reconciled now. Not called for
   * our own writes, nor for publishes (they change etags only), nor for a runtime whose hint waits for that very list.
   */
  readonly changed: (runtimeKey: string) => void;
  /** Puts a key back into the queue that waits for a list. */
  readonly wake: (key: string, urgency: Urgency) => void;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** The life of the process: lists belong to no single caller, and end with it. */
  readonly signal?: AbortSignal;
}

type WriteResult = ObservedRuntime | Accepted | Missing | undefined;

export class ParentObserver {
  readonly #options: ObserverOptions;
  readonly #parent: Parent;
  readonly #view = new ParentView();
  readonly #pages = new ListPages();
  readonly #report: ListReport;
  readonly #presence: SharedPresence;
  #request: ListRequest | undefined;
  /** Keys whose hint is answered by the listing however old it is: they were parked until it came. */
  #acceptAnyAge = new Set<string>();

  constructor(parent: Parent, options: ObserverOptions) {
    this.#parent = parent;
    this.#options = options;
    this.#report = new ListReport(options.log, parent);
    this.#presence = new SharedPresence(options.clock, (caller) => this.#remote.hasParent(parent, caller));
  }

  get isListing(): boolean {
    return this.#request !== undefined;
  }

  /** When the list was requested that hints come from, by the monotonic clock. */
  get listedAt(): number | undefined {
    return this.#view.listedAt;
  }

  /**
   * Another writer may have changed the runtime: what is known of it no longer answers a hint. The returned function says
   * whether Azure has shown another version since.
   */
  suspect(name: string): () => boolean {
    const before = this.#view.versionOf(name);
    this.#view.observe(name, 'uncertain', this.#now);
    return () => {
      const after = this.#view.versionOf(name);
      return before !== undefined && after !== undefined && before !== after;
    };
  }

  async hint(id: RuntimeId, maxAgeMs: number, caller: CallContext): Promise<Definition> {
    const isParkedBefore = this.#acceptAnyAge.delete(caller.key);
    let known = this.#known(id, isParkedBefore ? Number.POSITIVE_INFINITY : maxAgeMs);
    for (;;) {
      caller.signal.throwIfAborted();
      if (typeof known === 'object') return known;
      if (known === 'list') {
        known = await this.#askList(id, maxAgeMs, caller);
      } else {
        await this.read(id, caller);
        known = this.#known(id, Number.POSITIVE_INFINITY);
      }
    }
  }

  async read(id: RuntimeId, caller: CallContext): Promise<ObservedRuntime | undefined> {
    const since = this.#view.tick;
    const runtime = await this.#remote.read(id, caller);
    this.#view.observeRead(id.name, runtime ?? 'absent', this.#now, since);
    return runtime;
  }

  /** Fails as `preconditionFailed` when the runtime is gone: it was there when it was last read, so it has to be read again. */
  async state(id: RuntimeId, caller: CallContext): Promise<RuntimeStatus> {
    const state = await this.#remote.state(id, caller);
    if (state !== undefined) return state;
    this.#view.observe(id.name, 'absent', this.#now);
    throw new AzureFailure({
      kind: 'preconditionFailed',
      message: 'The runtime in Azure was deleted after it was read.',
    });
  }

  async write<T extends WriteResult>({ name }: RuntimeId, send: (remote: ArmRuntimes) => Promise<T>): Promise<T> {
    const since = this.#view.tick;
    try {
      const result = await send(this.#remote);
      this.#view.observeWrite(name, shownByWrite(result), this.#now, since);
      return result;
    } catch (error) {
      if (mayHaveTakenEffect(error)) this.#view.observe(name, 'uncertain', this.#now);
      throw error;
    }
  }

  presence(caller: CallContext): Promise<ParentPresence> {
    return this.#presence.get(caller);
  }

  #known({ name }: RuntimeId, maxAgeMs: number): Definition | NeededRead {
    return this.#view.hint(name, { maxAgeMs, now: this.#now, isListing: this.isListing });
  }

  /** What the list says that is under way, or else a new one. */
  async #askList(id: RuntimeId, maxAgeMs: number, caller: CallContext): Promise<Definition | NeededRead> {
    const shared = this.#request;
    const request = shared ?? this.#startList(caller);
    try {
      const isListed = await request.wait(armKey(id), caller);
      // However small maxAgeMs is, this list is the answer to this call.
      return isListed ? this.#known(id, Number.POSITIVE_INFINITY) : 'runtime';
    } catch (error) {
      // The budget wakes only the key that asked it. A caller that shared that list asks on its own: it is granted a list,
      // or waits under its own key.
      if (shared === undefined || request.isTooSlow(error) || !(error instanceof ParkedError)) throw error;
      return this.#known(id, maxAgeMs);
    }
  }

  #startList(caller: CallContext): ListRequest {
    this.#request = new ListRequest({
      clock: this.#options.clock,
      fetch: (onPage) => this.#list(caller, onPage),
      ended: (isListed, parked) => {
        this.#request = undefined;
        // Without a listing they ask on their own: what an older list says is no answer to them.
        this.#acceptAnyAge = new Set(isListed ? parked.keys() : []);
        for (const [key, urgency] of parked) this.#options.wake(key, urgency);
      },
    });
    return this.#request;
  }

  /** Resolves with whether the view has a new listing; false: the list itself is broken. */
  async #list(caller: CallContext, onPage: () => void): Promise<boolean> {
    const { signal = new AbortController().signal } = this.#options;
    const start = this.#view.listStarted(this.#now);
    // One more for the poll that the caller is about.
    const needs = { reads: this.#pages.begin() + 1 };
    try {
      const listed = await this.#remote.list(this.#parent, { ...caller, signal, needs }, (page) => {
        this.#pages.received(page);
        onPage();
      });
      this.#pages.completed();
      this.#report.answered(listed.unparsed);
      this.#announce(this.#view.listCompleted(start, listed));
      return true;
    } catch (thrown) {
      const error = this.#pages.failureOf(thrown);
      if (!(error instanceof AzureFailure) || CONCERN_ALL_CALLS.has(error.failure.kind)) throw error;
      this.#report.failed(error);
      this.#pages.failed();
      // From its end on: a list that fails slowly would be too old at once.
      this.#view.listBroke(this.#now);
      return false;
    }
  }

  #announce(names: readonly string[]): void {
    for (const name of names) {
      const key = armKey({ parent: this.#parent, name });
      if (!this.#request?.isAwaitedFor(key)) this.#options.changed(key);
    }
  }

  get #remote(): ArmRuntimes {
    return this.#options.remote(this.#parent);
  }

  get #now(): number {
    return this.#options.clock.monotonic();
  }
}

/** Failures that say nothing about the list: any other call below this parent meets them too. */
const CONCERN_ALL_CALLS: ReadonlySet<Failure['kind']> = new Set([
  'parentNotFound',
  'subscriptionNotFound',
  'credentialsInvalid',
  'credentialUnavailable',
  'throttled',
  'notOffered',
]);

/** What the answer to a write shows: nothing when Azure only accepted it, or knows no runtime that it was asked to delete. */
function shownByWrite(result: WriteResult): ShownRuntime {
  if (result === undefined) return 'absent';
  return 'accepted' in result || 'missing' in result ? 'uncertain' : result;
}

/**
 * Whether a failed write leaves open what Azure holds now: no answer, an abort, or an answer that what we knew is outdated.
 * A write that ends for want of a token counts as not made, even if it was a retry: etags and fresh reads protect from a
 * hint that is wrong because of that.
 */
function mayHaveTakenEffect(error: unknown): boolean {
  if (error instanceof ParkedError || error instanceof SupersededError) return false;
  if (!(error instanceof AzureFailure)) return true;
  return error.unclear || error.failure.kind === 'preconditionFailed';
}
