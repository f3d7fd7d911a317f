import { isDeepStrictEqual } from 'node:util';
import { AzureFailure } from '../core/failure.ts';
import {
  type Accepted,
  armKey,
  type Definition,
  type ObservedRuntime,
  type Parent,
  parentArmId,
  type RuntimeDocument,
  type RuntimeId,
  type RuntimeState,
} from '../core/runtime.ts';
import { BudgetExhausted, type Caller, type Runtimes, Superseded } from '../ports.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Remote } from './remote.ts';
import { unlessAborted } from './tokens.ts';

export interface ObserverOptions {
  /** What to call for the runtimes of a parent. */
  readonly remote: (parent: Parent) => Remote;
  readonly clock: Clock;
  /**
   * Somebody else changed, made or deleted this runtime (`armKey`): its object is to be looked at now. Not called for our
   * own writes, for publishes (they change etags only), nor for those whose `hint` is just being answered.
   */
  readonly changed: (runtimeKey: string) => void;
  /** The life of the process: lists belong to no single caller and end with it. */
  readonly signal?: AbortSignal;
}

/** A parent that nobody asks about any more is forgotten after this. */
const FORGET_AFTER_MS = 2 * 3_600_000;
const SWEEP_EVERY_MS = 10 * 60_000;
/** It exists in every factory and is in the list of only some (recorded). */
const SELDOM_LISTED = 'autoresolveintegrationruntime';

/** Counts up with everything that is learnt: what is older than what, whatever the clock says. */
type Tick = number;

interface Listing {
  readonly startedAt: number;
  readonly startTick: Tick;
  readonly runtimes: ReadonlyMap<string, ObservedRuntime>;
}

/** What Azure answered. Undefined: that there is no such runtime. */
interface Known {
  readonly runtime: ObservedRuntime | undefined;
}

/** What one of our own calls showed of a runtime. `uncertain`: a write failed or goes on, and only Azure knows what is there. */
interface Finding {
  readonly tick: Tick;
  readonly at: number;
  readonly what: Known | 'uncertain';
}

interface Flight {
  readonly listing: Promise<void>;
  /** The runtimes whose hints wait for it. */
  readonly asking: Set<string>;
}

interface View {
  readonly parent: Parent;
  listing: Listing | undefined;
  readonly findings: Map<string, Finding>;
  flight: Flight | undefined;
  usedAt: number;
}

/**
 * The runtimes under one identity, with as few reads as drift detection allows: one list per parent and interval serves
 * all its objects, and whatever our own calls showed since is laid over it. Guarantees: `read` and the writes always go to
 * Azure; a hint never contradicts one of our own results that is newer than the list; one list per factory is under way.
 *
 * Two designs. A poller per factory that lists on its own timer would make `hint` a lookup, but it needs to know which
 * factories have objects, at whose interval, whose budget and urgency it spends, and when to stop: all of it is known at
 * the moment when a pass asks. So the list is pulled by the first pass that finds it too old, in that pass's name, and
 * shared; the cost is that this pass waits for it.
 */
export class Observer implements Runtimes {
  readonly #options: ObserverOptions;
  readonly #views = new Map<string, View>();
  #tick: Tick = 0;
  #sweptAt: number;

  constructor(options: ObserverOptions) {
    this.#options = options;
    this.#sweptAt = options.clock.now();
  }

  async hint(id: RuntimeId, maxAgeMs: number, caller: Caller): Promise<Definition> {
    const view = this.#view(id.parent);
    for (;;) {
      caller.signal.throwIfAborted();
      const known = this.#lookUp(view, id.name, maxAgeMs);
      if (known !== undefined) return known;
      const shared = view.flight;
      const flight = shared ?? this.#startList(view, caller);
      try {
        await this.#await(flight, id, caller);
      } catch (error) {
        // The budget wakes only the key that asked it. Whoever shared that list asks for itself: it is granted a list of
        // its own, or waits under its own key.
        if (!(shared !== undefined && error instanceof BudgetExhausted)) throw error;
        continue;
      }
      // However small maxAgeMs is, this list is the answer to this call.
      const fresh = this.#lookUp(view, id.name, Number.POSITIVE_INFINITY);
      if (fresh !== undefined) return fresh;
    }
  }

  async read(id: RuntimeId, caller: Caller): Promise<Definition> {
    const view = this.#view(id.parent);
    const since = this.#tick;
    const runtime = await this.#options.remote(id.parent).read(id, caller);
    // What a write of ours answered meanwhile is as new, and certain to be newer than what was there before it.
    if ((view.findings.get(id.name.toLowerCase())?.tick ?? 0) <= since) this.#find(view, id, { runtime });
    return runtime === undefined ? { presence: 'absent', fresh: true } : { presence: 'present', fresh: true, runtime };
  }

  /** A runtime that is gone is met as `preconditionFailed`: it was there when it was last looked at, so look again. */
  async state(id: RuntimeId, caller: Caller): Promise<RuntimeState> {
    const view = this.#view(id.parent);
    const state = await this.#options.remote(id.parent).state(id, caller);
    if (state !== undefined) return state;
    this.#find(view, id, { runtime: undefined });
    throw new AzureFailure({ kind: 'preconditionFailed', message: 'The runtime in Azure is gone since it was read.' });
  }

  create(id: RuntimeId, document: RuntimeDocument, caller: Caller): Promise<ObservedRuntime | Accepted> {
    return this.#write(id, (remote) => remote.create(id, document, caller));
  }

  update(id: RuntimeId, document: RuntimeDocument, etag: string, caller: Caller): Promise<ObservedRuntime | Accepted> {
    return this.#write(id, (remote) => remote.update(id, document, etag, caller));
  }

  delete(id: RuntimeId, caller: Caller): Promise<Accepted | undefined> {
    return this.#write(id, (remote) => remote.delete(id, caller));
  }

  /** Changes nothing of the definition, hence nothing that is remembered. */
  enableInteractiveAuthoring(id: RuntimeId, minutes: number, caller: Caller): Promise<void> {
    return this.#options.remote(id.parent).enableInteractiveAuthoring(id, minutes, caller);
  }

  hasNetwork(parent: Parent, name: string, caller: Caller): Promise<boolean> {
    return this.#options.remote(parent).hasNetwork(parent, name, caller);
  }

  createNetwork(parent: Parent, name: string, caller: Caller): Promise<void> {
    return this.#options.remote(parent).createNetwork(parent, name, caller);
  }

  async #write<T extends ObservedRuntime | Accepted | undefined>(
    id: RuntimeId,
    write: (remote: Remote) => Promise<T>,
  ): Promise<T> {
    const view = this.#view(id.parent);
    try {
      const result = await write(this.#options.remote(id.parent));
      this.#find(view, id, result !== undefined && 'accepted' in result ? 'uncertain' : { runtime: result });
      return result;
    } catch (error) {
      if (mayHaveTakenEffect(error)) this.#find(view, id, 'uncertain');
      throw error;
    }
  }

  #find(view: View, { name }: RuntimeId, what: Finding['what']): void {
    view.findings.set(name.toLowerCase(), { tick: ++this.#tick, at: this.#options.clock.now(), what });
  }

  #view(parent: Parent): View {
    const now = this.#options.clock.now();
    this.#sweep(now);
    const key = parentArmId(parent).toLowerCase();
    const view = this.#views.get(key) ?? {
      parent,
      listing: undefined,
      findings: new Map(),
      flight: undefined,
      usedAt: now,
    };
    view.usedAt = now;
    this.#views.set(key, view);
    return view;
  }

  #sweep(now: number): void {
    if (now - this.#sweptAt < SWEEP_EVERY_MS && now >= this.#sweptAt) return;
    this.#sweptAt = now;
    for (const [key, { usedAt, flight }] of this.#views) {
      if (flight === undefined && now - usedAt > FORGET_AFTER_MS) this.#views.delete(key);
    }
  }

  /** What is known of a runtime and at most so old; undefined when a list is needed. */
  #lookUp(view: View, name: string, maxAgeMs: number): Definition | undefined {
    const key = name.toLowerCase();
    const now = this.#options.clock.now();
    const young = (at: number) => now - at >= 0 && now - at <= maxAgeMs;
    const finding = view.findings.get(key);
    const { listing } = view;
    if (finding !== undefined && finding.tick > (listing?.startTick ?? 0)) {
      if (finding.what === 'uncertain') return undefined;
      if (young(finding.at)) return definition(finding.what.runtime);
    }
    if (listing === undefined || !young(listing.startedAt)) return undefined;
    const listed = listing.runtimes.get(key);
    if (listed === undefined && finding !== undefined && finding.what !== 'uncertain' && key === SELDOM_LISTED) {
      return young(finding.at) ? definition(finding.what.runtime) : definition(undefined);
    }
    return definition(listed);
  }

  #startList(view: View, caller: Caller): Flight {
    const flight: Flight = { asking: new Set(), listing: this.#list(view, caller) };
    view.flight = flight;
    const landed = () => {
      view.flight = undefined;
    };
    flight.listing.then(landed, landed);
    return flight;
  }

  async #list(view: View, caller: Caller): Promise<void> {
    const { clock, remote, signal = new AbortController().signal } = this.#options;
    const startedAt = clock.now();
    const startTick = this.#tick;
    const runtimes = await remote(view.parent).list(view.parent, { ...caller, signal });
    this.#land(view, {
      startedAt,
      startTick,
      runtimes: new Map(runtimes.map((each) => [each.name.toLowerCase(), each])),
    });
  }

  async #await(flight: Flight, id: RuntimeId, caller: Caller): Promise<void> {
    const key = armKey(id);
    flight.asking.add(key);
    const leave = () => flight.asking.delete(key);
    caller.signal.addEventListener('abort', leave, { once: true });
    try {
      await unlessAborted(flight.listing, caller.signal);
    } finally {
      caller.signal.removeEventListener('abort', leave);
    }
  }

  #land(view: View, listing: Listing): void {
    const before = view.listing === undefined ? undefined : effective(view);
    for (const [name, { tick }] of view.findings) {
      if (tick <= listing.startTick && !(name === SELDOM_LISTED && !listing.runtimes.has(name)))
        view.findings.delete(name);
    }
    view.listing = listing;
    if (before !== undefined) this.#announce(view, before, effective(view));
  }

  #announce(view: View, before: Effective, after: Effective): void {
    for (const name of new Set([...before.keys(), ...after.keys()])) {
      const then = before.get(name);
      const now = after.get(name);
      // An uncertain runtime is looked at anyway; the pass that failed to write it sees to that.
      if (then === 'uncertain' || now === 'uncertain') continue;
      if (isDeepStrictEqual(then?.document, now?.document)) continue;
      const key = armKey({ parent: view.parent, name });
      if (!view.flight?.asking.has(key)) this.#options.changed(key);
    }
  }
}

type Effective = ReadonlyMap<string, ObservedRuntime | undefined | 'uncertain'>;

/** The listing with the findings that are newer laid over it. */
function effective({ listing, findings }: View): Effective {
  const result = new Map<string, ObservedRuntime | undefined | 'uncertain'>(listing?.runtimes);
  for (const [name, { tick, what }] of findings) {
    const newer = tick > (listing?.startTick ?? 0) || (name === SELDOM_LISTED && !listing?.runtimes.has(name));
    if (newer) result.set(name, what === 'uncertain' ? what : what.runtime);
  }
  return result;
}

/**
 * Whether a failed write leaves open what Azure holds now: no answer, an abort, or an answer that what we knew is outdated.
 * A write that ends for want of a token counts as not made even if it was a repetition: etags and fresh reads stand behind
 * a hint that is wrong by that.
 */
function mayHaveTakenEffect(error: unknown): boolean {
  if (error instanceof BudgetExhausted || error instanceof Superseded) return false;
  if (!(error instanceof AzureFailure)) return true;
  return error.failure.kind === 'unavailable' || error.failure.kind === 'preconditionFailed';
}

function definition(runtime: ObservedRuntime | undefined): Definition {
  return runtime === undefined ? { presence: 'absent', fresh: false } : { presence: 'present', fresh: false, runtime };
}
