import { isDeepStrictEqual } from 'node:util';
import { AzureFailure, type Failure } from '../../core/model/failure.ts';
import { foldCase } from '../../core/model/letter-case.ts';
import {
  type Accepted,
  armKey,
  type Definition,
  type Missing,
  type ObservedRuntime,
  type Parent,
  type ParentPresence,
  parentKey,
  type RuntimeDocument,
  type RuntimeId,
  type RuntimeStatus,
} from '../../core/model/runtime.ts';
import { PARENT_AGE_MS } from '../../core/schedule.ts';
import { type CallContext, ParkedError, type Runtimes, SupersededError, type Urgency } from '../../ports.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import { Throttle } from '../../runtime/throttle.ts';
import type { ArmRuntimes, Listed } from '../arm/remote.ts';
import { SLOW_RESPONSE_MS } from '../budget/stall-guard.ts';
import { unlessAborted } from '../identity/tokens.ts';
import { ListReport } from './list-report.ts';

export interface ObserverOptions {
  /** What to call for the runtimes of a parent. */
  readonly remote: (parent: Parent) => ArmRuntimes;
  readonly clock: Clock;
  /**
   * Somebody else changed, made or deleted this runtime (`armKey`): its object is to be looked at now. Not called for our
   * own writes, for publishes (they change etags only), nor for those whose `hint` is just being answered.
   */
  readonly changed: (runtimeKey: string) => void;
  /** Puts a key back into the queue that was told to wait for a list. */
  readonly wake: (key: string, urgency: Urgency) => void;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** The life of the process: lists belong to no single caller and end with it. */
  readonly signal?: AbortSignal;
}

/** A parent that nobody asks about any more is forgotten after this. */
const FORGET_AFTER_MS = 2 * 3_600_000;
const SWEEP_EVERY_MS = 10 * 60_000;
/** Nobody waits longer for a list, though its pages come. */
const MOST_LATE_MS = 30_000;
/** It exists in every factory and is in the list of only some (recorded). */
const SELDOM_LISTED = 'autoresolveintegrationruntime';

/** Counts up with everything that is learnt: what is older than what, also within a millisecond. */
type Tick = number;

interface Listing {
  readonly startedAt: number;
  readonly startTick: Tick;
  /** `uncertain`: it is listed, and what is said of it cannot be understood. */
  readonly runtimes: ReadonlyMap<string, ObservedRuntime | 'uncertain'>;
  /** What that says of runtimes which it does not show: nothing, when an entry does not even show its name. */
  readonly others: undefined | 'uncertain';
}

/** What Azure answered. Undefined: that there is no such runtime. */
interface Answer {
  readonly runtime: ObservedRuntime | undefined;
}

/** What one of our own calls showed of a runtime. `uncertain`: a write failed or goes on, and only Azure knows what is there. */
interface Observation {
  readonly tick: Tick;
  readonly at: number;
  readonly what: Answer | 'uncertain';
}

interface ListRequest {
  /** Whether it brought a listing; false: the list itself is broken. */
  readonly completed: Promise<boolean>;
  /** Aborts when no page has come for long: nobody holds a worker for it any longer. */
  readonly late: AbortSignal;
  /** The runtimes whose hints wait for it. */
  readonly waitingRuntimes: Set<string>;
  /** The keys of those that do not wait for it any longer, and are woken when it has landed. */
  readonly parked: Map<string, Urgency>;
}

interface ParentCache {
  readonly parent: Parent;
  readonly report: ListReport;
  listing: Listing | undefined;
  /** How many pages its list has, as far as is known. */
  pages: number;
  /** Whether the budget has run dry in the middle of every list since the last one that came to its end. */
  ranDry: boolean;
  /** When the last list turned out to be broken; undefined when it was not. */
  brokenAt: number | undefined;
  readonly findings: Map<string, Observation>;
  request: ListRequest | undefined;
  presence: Presence;
  /** The keys for which the listing is the answer, however old it is: they were parked until it landed. */
  acceptAnyAge: Set<string>;
  usedAt: number;
}

/** What the parent itself said last. */
interface Presence {
  readonly answer: ParentPresence;
  /** When that was asked. */
  readonly at: number;
  readonly isAsking: boolean;
}

const NEVER_ASKED: Presence = { answer: 'unanswered', at: Number.NEGATIVE_INFINITY, isAsking: false };

/** What has to be asked of Azure to answer a hint: the list, or the one runtime. */
type NeededRead = 'list' | 'runtime';

/**
 * The runtimes under one identity, with as few reads as drift detection allows: one list per parent and interval serves
 * all its objects, and whatever our own calls showed since is laid over it. Guarantees: `read` and the writes always go to
 * Azure; a hint never contradicts one of our own results that is newer than the list; one list per factory is under way.
 *
 * What a list cannot tell is asked for by a GET of the one runtime: an entry that cannot be understood, or all of them when
 * the list fails by itself (5xx, 403, an answer without sense). Such a list is not tried again before it would be too old,
 * so that it costs each object one GET per interval. A failure that any other call would meet too, is that of the hint.
 *
 * Two designs. A poller per factory that lists on its own timer would make `hint` a lookup, but it needs to know which
 * factories have objects, at whose interval, whose budget and urgency it spends, and when to stop: all of it is known at
 * the moment when a pass asks. So the list is pulled by the first pass that finds it too old, in that pass's name, and
 * shared; the cost is that this pass waits for it.
 */
export class Observer implements Runtimes {
  readonly #options: ObserverOptions;
  readonly #caches = new Map<string, ParentCache>();
  #tick: Tick = 0;
  readonly #sweeps: Throttle;

  constructor(options: ObserverOptions) {
    this.#options = options;
    this.#sweeps = new Throttle(SWEEP_EVERY_MS, options.clock.monotonic());
  }

  async hint(id: RuntimeId, maxAgeMs: number, caller: CallContext): Promise<Definition> {
    const cache = this.#cache(id.parent);
    const isOwed = cache.acceptAnyAge.delete(caller.key);
    let known = this.#lookUp(cache, id.name, isOwed ? Number.POSITIVE_INFINITY : maxAgeMs);
    for (;;) {
      caller.signal.throwIfAborted();
      if (typeof known === 'object') return known;
      if (known === 'list') {
        known = await this.#askList(cache, id, maxAgeMs, caller);
      } else {
        await this.#get(cache, id, caller);
        known = this.#lookUp(cache, id.name, Number.POSITIVE_INFINITY);
      }
    }
  }

  /** What the list says that is under way, or else a new one. */
  async #askList(
    cache: ParentCache,
    id: RuntimeId,
    maxAgeMs: number,
    caller: CallContext,
  ): Promise<Definition | NeededRead> {
    const shared = cache.request;
    const request = shared ?? this.#startList(cache, caller);
    try {
      const onCompleted = await this.#await(request, id, caller);
      // However small maxAgeMs is, this list is the answer to this call.
      return onCompleted ? this.#lookUp(cache, id.name, Number.POSITIVE_INFINITY) : 'runtime';
    } catch (error) {
      // The budget wakes only the key that asked it. Whoever shared that list asks for itself: it is granted a list of
      // its own, or waits under its own key.
      if (shared === undefined || error === request.late.reason || !(error instanceof ParkedError)) throw error;
      return this.#lookUp(cache, id.name, maxAgeMs);
    }
  }

  async read(id: RuntimeId, caller: CallContext): Promise<Definition> {
    const runtime = await this.#get(this.#cache(id.parent), id, caller);
    return runtime === undefined ? { presence: 'absent', fresh: true } : { presence: 'present', fresh: true, runtime };
  }

  async #get(cache: ParentCache, id: RuntimeId, caller: CallContext): Promise<ObservedRuntime | undefined> {
    const since = this.#tick;
    const runtime = await this.#options.remote(id.parent).read(id, caller);
    // What a write of ours answered meanwhile is as new, and certain to be newer than what was there before it.
    if ((cache.findings.get(foldCase(id.name))?.tick ?? 0) <= since) this.#record(cache, id, { runtime });
    return runtime;
  }

  /** A runtime that is gone is met as `preconditionFailed`: it was there when it was last looked at, so look again. */
  async state(id: RuntimeId, caller: CallContext): Promise<RuntimeStatus> {
    const cache = this.#cache(id.parent);
    const state = await this.#options.remote(id.parent).state(id, caller);
    if (state !== undefined) return state;
    this.#record(cache, id, { runtime: undefined });
    throw new AzureFailure({ kind: 'preconditionFailed', message: 'The runtime in Azure is gone since it was read.' });
  }

  create(id: RuntimeId, document: RuntimeDocument, caller: CallContext): Promise<ObservedRuntime | Accepted> {
    return this.#write(id, (remote) => remote.create(id, document, caller));
  }

  update(
    id: RuntimeId,
    document: RuntimeDocument,
    etag: string,
    caller: CallContext,
  ): Promise<ObservedRuntime | Accepted> {
    return this.#write(id, (remote) => remote.update(id, document, etag, caller));
  }

  delete(id: RuntimeId, caller: CallContext): Promise<Accepted | Missing | undefined> {
    return this.#write(id, (remote) => remote.delete(id, caller));
  }

  /**
   * Who comes while another one asks is told what was known before: it would hold a worker for an answer that one look alone
   * never depends on. A failure counts for the minute too, or each object would meet it anew.
   */
  async presenceOf(parent: Parent, caller: CallContext): Promise<ParentPresence> {
    const cache = this.#cache(parent);
    const now = this.#options.clock.now();
    const { at, answer, isAsking } = cache.presence;
    const age = now - at;
    if (age >= 0 && age < PARENT_AGE_MS) return answer;
    if (isAsking) return age >= 0 && age < 2 * PARENT_AGE_MS ? answer : 'unanswered';
    cache.presence = { at, answer, isAsking: true };
    try {
      const has = await this.#options.remote(parent).hasParent(parent, { ...caller, needs: { reads: 1 } });
      cache.presence = { at: now, answer: has ? 'present' : 'absent', isAsking: false };
    } catch (error) {
      const isForbidden = error instanceof AzureFailure && error.failure.kind === 'forbidden';
      const known = { at: now, answer: isForbidden ? 'unreadable' : 'unanswered' } as const;
      cache.presence = { ...(error instanceof AzureFailure ? known : { at, answer }), isAsking: false };
      if (!isForbidden) throw error;
    }
    return cache.presence.answer;
  }

  /** Changes nothing of the definition, hence nothing that is remembered. */
  enableInteractiveAuthoring(id: RuntimeId, minutes: number, caller: CallContext): Promise<void> {
    return this.#options.remote(id.parent).enableInteractiveAuthoring(id, minutes, caller);
  }

  hasNetwork(parent: Parent, name: string, caller: CallContext): Promise<boolean> {
    return this.#options.remote(parent).hasNetwork(parent, name, caller);
  }

  createNetwork(parent: Parent, name: string, caller: CallContext): Promise<void> {
    return this.#options.remote(parent).createNetwork(parent, name, caller);
  }

  async #write<T extends ObservedRuntime | Accepted | Missing | undefined>(
    id: RuntimeId,
    write: (remote: ArmRuntimes) => Promise<T>,
  ): Promise<T> {
    const cache = this.#cache(id.parent);
    try {
      const result = await write(this.#options.remote(id.parent));
      this.#record(cache, id, shownByWrite(result));
      return result;
    } catch (error) {
      if (mayHaveTakenEffect(error)) this.#record(cache, id, 'uncertain');
      throw error;
    }
  }

  #record(cache: ParentCache, { name }: RuntimeId, what: Observation['what']): void {
    cache.findings.set(foldCase(name), { tick: ++this.#tick, at: this.#options.clock.monotonic(), what });
  }

  #cache(parent: Parent): ParentCache {
    const now = this.#options.clock.monotonic();
    this.#sweep(now);
    const key = parentKey(parent);
    const cache = this.#caches.get(key) ?? {
      parent,
      report: new ListReport(this.#options.log, parent),
      listing: undefined,
      pages: 1,
      ranDry: false,
      brokenAt: undefined,
      findings: new Map(),
      request: undefined,
      presence: NEVER_ASKED,
      acceptAnyAge: new Set(),
      usedAt: now,
    };
    cache.usedAt = now;
    this.#caches.set(key, cache);
    return cache;
  }

  #sweep(now: number): void {
    if (!this.#sweeps.isDue(now)) return;
    for (const [key, { usedAt, request }] of this.#caches) {
      if (request === undefined && now - usedAt > FORGET_AFTER_MS) this.#caches.delete(key);
    }
  }

  /** What is known of a runtime and at most so old, or else what is to be asked. */
  #lookUp(cache: ParentCache, name: string, maxAgeMs: number): Definition | NeededRead {
    const key = foldCase(name);
    const now = this.#options.clock.monotonic();
    const young = (at: number) => now - at <= maxAgeMs;
    const finding = cache.findings.get(key);
    const { listing, request, brokenAt } = cache;
    // While a list that was broken is tried again, only who tries it waits for it.
    const broken = brokenAt !== undefined && (request !== undefined || young(brokenAt));
    const question: NeededRead = broken ? 'runtime' : 'list';
    if (finding !== undefined && finding.tick > (listing?.startTick ?? 0)) {
      return finding.what !== 'uncertain' && young(finding.at) ? definition(finding.what.runtime) : question;
    }
    if (listing === undefined || !young(listing.startedAt)) return question;
    const listed = listing.runtimes.get(key) ?? listing.others;
    if (listed === 'uncertain') return 'runtime';
    if (listed === undefined && finding !== undefined && finding.what !== 'uncertain' && key === SELDOM_LISTED) {
      return young(finding.at) ? definition(finding.what.runtime) : definition(undefined);
    }
    return definition(listed);
  }

  #startList(cache: ParentCache, caller: CallContext): ListRequest {
    const late = new AbortController();
    const limit = this.#limit(() => late.abort(new ParkedError('the list is not answered', 'answers')));
    const request: ListRequest = {
      late: late.signal,
      waitingRuntimes: new Set(),
      parked: new Map(),
      completed: this.#list(cache, caller, limit.prolong),
    };
    cache.request = request;
    const onCompleted = (listed: boolean) => {
      limit.end();
      cache.request = undefined;
      // Otherwise they ask for themselves: what an older list says is no answer to them.
      cache.acceptAnyAge = new Set(listed ? request.parked.keys() : []);
      for (const [key, urgency] of request.parked) this.#options.wake(key, urgency);
    };
    request.completed.then(onCompleted, () => onCompleted(false));
    return request;
  }

  /** Calls back once nothing has prolonged it for long, or when it has been prolonged for very long. */
  #limit(over: () => void): { prolong(): void; end(): void } {
    const { clock } = this.#options;
    const latest = clock.monotonic() + MOST_LATE_MS;
    let timer = clock.setTimer(SLOW_RESPONSE_MS, over);
    return {
      prolong: () => {
        timer.cancel();
        timer = clock.setTimer(Math.min(SLOW_RESPONSE_MS, latest - clock.monotonic()), over);
      },
      end: () => timer.cancel(),
    };
  }

  async #list(cache: ParentCache, caller: CallContext, onPage: () => void): Promise<boolean> {
    const { clock, remote, signal = new AbortController().signal } = this.#options;
    const startedAt = clock.monotonic();
    const startTick = this.#tick;
    const said = cache.pages;
    let pages = 0;
    try {
      // All pages and the look that the caller is about, or none: a list that runs dry has been read in vain.
      const needs = { reads: cache.pages + 1 };
      const listed = await remote(cache.parent).list(cache.parent, { ...caller, signal, needs }, (page) => {
        cache.pages = Math.max(cache.pages, page + 1);
        pages = page;
        onPage();
      });
      cache.pages = Math.max(1, pages);
      cache.ranDry = false;
      cache.report.answered(listed.unparsed);
      cache.brokenAt = undefined;
      this.#applyListing(cache, { startedAt, startTick, ...shownBy(listed) });
      return true;
    } catch (thrown) {
      const error = this.#isTooLongToRead(cache, pages, thrown) ? TOO_LONG : thrown;
      if (!(error instanceof AzureFailure) || CONCERN_ALL.has(error.failure.kind)) throw error;
      cache.report.failed(error);
      // The next one begins without waiting for tokens for pages that have no end.
      cache.pages = said;
      // From its end on: one that fails slowly would else be too old at once.
      cache.brokenAt = clock.monotonic();
      return false;
    }
  }

  /** The second one has been given all the tokens that it needs, or all that there ever are. */
  #isTooLongToRead(cache: ParentCache, pages: number, error: unknown): boolean {
    if (pages === 0 || !(error instanceof ParkedError) || error.waitsFor === 'answers') return false;
    const before = cache.ranDry;
    cache.ranDry = true;
    return before;
  }

  async #await(request: ListRequest, id: RuntimeId, caller: CallContext): Promise<boolean> {
    const key = armKey(id);
    request.waitingRuntimes.add(key);
    try {
      return await unlessAborted(request.completed, AbortSignal.any([caller.signal, request.late]));
    } catch (error) {
      request.waitingRuntimes.delete(key);
      if (error === request.late.reason) request.parked.set(caller.key, caller.urgency);
      throw error;
    }
  }

  #applyListing(cache: ParentCache, listing: Listing): void {
    const before = cache.listing === undefined ? undefined : mergedView(cache);
    for (const [name, { tick }] of cache.findings) {
      if (tick <= listing.startTick && !(name === SELDOM_LISTED && !listing.runtimes.has(name)))
        cache.findings.delete(name);
    }
    cache.listing = listing;
    if (before !== undefined) this.#announce(cache, before, mergedView(cache));
  }

  #announce(cache: ParentCache, before: MergedView, after: MergedView): void {
    for (const name of new Set([...before.shown.keys(), ...after.shown.keys()])) {
      const then = shownOf(name, before);
      const now = shownOf(name, after);
      // An uncertain runtime is looked at anyway; the pass that failed to write it sees to that.
      if (then === 'uncertain' || now === 'uncertain') continue;
      if (isDeepStrictEqual(then?.document, now?.document)) continue;
      const key = armKey({ parent: cache.parent, name });
      if (!cache.request?.waitingRuntimes.has(key)) this.#options.changed(key);
    }
  }
}

const TOO_LONG = new AzureFailure({
  kind: 'unavailable',
  message: 'The list has more pages than the request budget ever has reads.',
});

/** What these failures tell is no matter of the list: whoever asks Azure for anything there meets the same. */
const CONCERN_ALL: ReadonlySet<Failure['kind']> = new Set([
  'parentNotFound',
  'subscriptionNotFound',
  'credentialsInvalid',
  'credentialUnavailable',
  'throttled',
]);

function shownBy({ runtimes, unparsed }: Listed): Pick<Listing, 'runtimes' | 'others'> {
  const shown = new Map<string, ObservedRuntime | 'uncertain'>(runtimes.map((each) => [foldCase(each.name), each]));
  for (const { name } of unparsed) if (name !== undefined) shown.set(foldCase(name), 'uncertain');
  return { runtimes: shown, others: unparsed.some(({ name }) => name === undefined) ? 'uncertain' : undefined };
}

type ShownRuntime = ObservedRuntime | undefined | 'uncertain';

interface MergedView {
  readonly shown: ReadonlyMap<string, ShownRuntime>;
  readonly others: Listing['others'];
}

function shownOf(name: string, { shown, others }: MergedView): ShownRuntime {
  return shown.has(name) ? shown.get(name) : others;
}

/** The listing with the findings that are newer laid over it. */
function mergedView({ listing, findings }: ParentCache): MergedView {
  const shown = new Map<string, ShownRuntime>(listing?.runtimes);
  for (const [name, { tick, what }] of findings) {
    const newer = tick > (listing?.startTick ?? 0) || (name === SELDOM_LISTED && !listing?.runtimes.has(name));
    if (newer) shown.set(name, what === 'uncertain' ? what : what.runtime);
  }
  return { shown, others: listing?.others };
}

/** What the answer to a write shows: where it goes on, or Azure denies what it was asked to delete, it shows nothing. */
function shownByWrite(result: ObservedRuntime | Accepted | Missing | undefined): Observation['what'] {
  if (result === undefined) return { runtime: undefined };
  return 'accepted' in result || 'missing' in result ? 'uncertain' : { runtime: result };
}

/**
 * Whether a failed write leaves open what Azure holds now: no answer, an abort, or an answer that what we knew is outdated.
 * A write that ends for want of a token counts as not made even if it was a repetition: etags and fresh reads stand behind
 * a hint that is wrong by that.
 */
function mayHaveTakenEffect(error: unknown): boolean {
  if (error instanceof ParkedError || error instanceof SupersededError) return false;
  if (!(error instanceof AzureFailure)) return true;
  return error.unclear || error.failure.kind === 'preconditionFailed';
}

function definition(runtime: ObservedRuntime | undefined): Definition {
  return runtime === undefined ? { presence: 'absent', fresh: false } : { presence: 'present', fresh: false, runtime };
}
