import type { ManagedObject } from '../core/model/object.ts';
import type { Shard } from '../kube/objects/shard.ts';
import { type ObjectChange, runtimeKeyOf } from '../kube/objects/store.ts';
import type { Urgency } from '../ports.ts';
import type { Clock } from '../runtime/clock.ts';
import type { WorkQueue } from '../runtime/queue.ts';
import { PRIORITY, relatedTo, type Trigger, triggersOf } from './triggers.ts';

/** What the request budget wakes goes by urgency, below what people do and above routine looks. */
const WAKE_PRIORITY: Readonly<Record<Urgency, number>> = { change: PRIORITY.change, repair: 20, poll: PRIORITY.listed };

export interface FeedOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** How often objects without an interval of their own are looked at, milliseconds. */
  readonly intervalMs: number;
}

/**
 * Queues the keys of our objects when something has changed for them, wherever that was. A replica that stands by queues
 * nothing: all there is is queued when it begins to work.
 */
export class Enqueuer {
  readonly #queue: Pick<WorkQueue, 'add'>;
  readonly #shard: Shard;
  /** Of the objects of other shards, others take care. */
  readonly #sharing = (runtimeKey: string) => this.#shard.own.sharing(runtimeKey);
  readonly #options: FeedOptions;
  /** When objects are, or were, looked at because of a foreign status, as `monotonic` counts. */
  readonly #foreignLooks = new Map<string, number>();
  #working = false;

  constructor(queue: Pick<WorkQueue, 'add'>, shard: Shard, options: FeedOptions) {
    this.#queue = queue;
    this.#shard = shard;
    this.#options = options;
    shard.own.subscribe((change) => this.#changed(change));
    shard.own.foreignStatus.subscribe((object) => this.#overwritten(object));
    shard.all?.subscribe((change) => this.#add(relatedTo(change, this.#sharing)));
  }

  begin(): void {
    this.#working = true;
    for (const after of this.#shard.own.objects()) this.#changed({ kind: 'added', via: 'list', after });
  }

  /** Somebody else has changed the runtime in Azure. */
  runtimeChanged(runtimeKey: string): void {
    this.#add(this.#related(runtimeKey));
  }

  /** The objects of the namespace act as somebody else now, or in another way as the same. */
  credentialChanged(namespace: string): void {
    for (const object of this.#shard.own.inNamespace(namespace)) {
      this.#add([{ key: object.key, priority: PRIORITY.change }, ...this.#related(runtimeKeyOf(object) ?? '')]);
    }
  }

  /** The request budget has what a pass of the key has waited for. */
  budgetAvailable(key: string, urgency: Urgency): void {
    this.#queue.add(key, { priority: WAKE_PRIORITY[urgency] });
  }

  #changed(change: ObjectChange): void {
    // A last pass, which finds the object gone and forgets it.
    if (change.kind === 'removed') {
      this.#add([{ key: change.before.key, priority: PRIORITY.listed }], true);
      this.#foreignLooks.delete(change.before.key);
    }
    this.#add(triggersOf(change, this.#sharing));
  }

  /**
   * Somebody else has written the status: it is looked at, and what is true is written. Once an interval at most, or two
   * that write it would never rest; what comes sooner is looked at when that is over.
   */
  #overwritten({ key, spec }: ManagedObject): void {
    if (!this.#working) return;
    const { clock, intervalMs } = this.#options;
    const now = clock.monotonic();
    const last = this.#foreignLooks.get(key) ?? Number.NEGATIVE_INFINITY;
    const interval = (spec.valid ? spec.desired.intervalMs : undefined) ?? intervalMs;
    const due = last > now ? last : Math.max(now, last + interval);
    this.#foreignLooks.set(key, due);
    this.#queue.add(key, { priority: PRIORITY.listed, afterMs: due - now });
  }

  #related(runtimeKey: string): Trigger[] {
    return this.#sharing(runtimeKey).map(({ key }) => ({ key, priority: PRIORITY.related }));
  }

  /** What a person has changed, or is gone, a pass under way need not wait for. */
  #add(triggers: readonly Trigger[], areGone = false): void {
    if (!this.#working) return;
    for (const { key, priority } of triggers) {
      this.#queue.add(key, { priority, supersedes: areGone || priority === PRIORITY.change });
    }
  }
}
