/** The runtimes under one identity: an observer for each parent. */
import {
  type Accepted,
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
import type { CallContext, Runtimes } from '../../ports.ts';
import { Throttle } from '../../runtime/throttle.ts';
import { definitionOf, type ObserverOptions, ParentObserver } from './parent-observer.ts';

/** A parent that no caller has asked about for so long is forgotten. */
const FORGET_AFTER_MS = 2 * 3_600_000;
const SWEEP_EVERY_MS = 10 * 60_000;

interface Observed {
  readonly observer: ParentObserver;
  usedAt: number;
}

/**
 * Spends as few reads as drift detection allows: one list per parent and interval serves all its objects, and whatever our
 * own calls showed since is laid over it. Guarantees: `read` and the writes always go to Azure; a hint never contradicts one
 * of our own results that is newer than the list; one list per parent is under way at a time.
 *
 * What a list cannot tell is answered by a GET of the one runtime: an entry that cannot be parsed, or every runtime when the
 * list itself fails (5xx, 403, an answer without sense). Such a list is not tried again before it would be too old, so it
 * costs each object one GET per interval. A failure that any other call would meet too fails the hint.
 *
 * Two designs. A poller per parent that lists on its own timer would make `hint` a lookup. But it needs to know which
 * parents have objects, at which interval, whose budget and urgency it spends, and when to stop: a pass knows all of that
 * when it asks. So the first pass that finds the list too old fetches it in its own name, and others share it. The cost is
 * that this pass waits for it.
 */
export class Observer implements Runtimes {
  readonly #options: ObserverOptions;
  readonly #parents = new Map<string, Observed>();
  readonly #sweeps: Throttle;

  constructor(options: ObserverOptions) {
    this.#options = options;
    this.#sweeps = new Throttle(SWEEP_EVERY_MS, options.clock.monotonic());
  }

  async hint(id: RuntimeId, maxAgeMs: number, caller: CallContext): Promise<Definition> {
    return this.#of(id.parent).hint(id, maxAgeMs, caller);
  }

  async read(id: RuntimeId, caller: CallContext): Promise<Definition> {
    return definitionOf(await this.#of(id.parent).read(id, caller), true);
  }

  async state(id: RuntimeId, caller: CallContext): Promise<RuntimeStatus> {
    return this.#of(id.parent).state(id, caller);
  }

  async create(id: RuntimeId, document: RuntimeDocument, caller: CallContext): Promise<ObservedRuntime | Accepted> {
    return this.#of(id.parent).write(id, (remote) => remote.create(id, document, caller));
  }

  async update(
    id: RuntimeId,
    document: RuntimeDocument,
    etag: string,
    caller: CallContext,
  ): Promise<ObservedRuntime | Accepted> {
    return this.#of(id.parent).write(id, (remote) => remote.update(id, document, etag, caller));
  }

  async delete(id: RuntimeId, caller: CallContext): Promise<Accepted | Missing | undefined> {
    return this.#of(id.parent).write(id, (remote) => remote.delete(id, caller));
  }

  async presenceOf(parent: Parent, caller: CallContext): Promise<ParentPresence> {
    return this.#of(parent).presence(caller);
  }

  /** Changes nothing of the definition, hence nothing that is cached. */
  enableInteractiveAuthoring(id: RuntimeId, minutes: number, caller: CallContext): Promise<void> {
    return this.#options.remote(id.parent).enableInteractiveAuthoring(id, minutes, caller);
  }

  hasNetwork(parent: Parent, name: string, caller: CallContext): Promise<boolean> {
    return this.#options.remote(parent).hasNetwork(parent, name, caller);
  }

  createNetwork(parent: Parent, name: string, caller: CallContext): Promise<void> {
    return this.#options.remote(parent).createNetwork(parent, name, caller);
  }

  /** As `ParentObserver.suspect`, if any caller has asked about the parent; undefined where nothing is known of it. */
  suspect({ parent, name }: RuntimeId): (() => boolean) | undefined {
    return this.#parents.get(parentKey(parent))?.observer.suspect(name);
  }

  /** When the list of the parent was requested, by the monotonic clock; undefined when there is none that is in use. */
  listedAt(parent: Parent): number | undefined {
    const present = this.#parents.get(parentKey(parent));
    if (present === undefined || isForgotten(present, this.#options.clock.monotonic())) return undefined;
    return present.observer.listedAt;
  }

  #of(parent: Parent): ParentObserver {
    const now = this.#options.clock.monotonic();
    this.#sweep(now);
    const key = parentKey(parent);
    const present = this.#parents.get(key) ?? { observer: new ParentObserver(parent, this.#options), usedAt: now };
    present.usedAt = now;
    this.#parents.set(key, present);
    return present.observer;
  }

  #sweep(now: number): void {
    if (!this.#sweeps.isDue(now)) return;
    for (const [key, observed] of this.#parents) {
      if (!observed.observer.isListing && isForgotten(observed, now)) this.#parents.delete(key);
    }
  }
}

function isForgotten({ usedAt }: Observed, now: number): boolean {
  return now - usedAt > FORGET_AFTER_MS;
}
