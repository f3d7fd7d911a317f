/** Puts the keys of objects into the work queue when something has changed for them, wherever that was. */
import type { ManagedObject } from '../core/model/object.ts';
import type { ObjectChange } from '../kube/objects/change.ts';
import { runtimeKeyOf } from '../kube/objects/runtime-key.ts';
import type { Shard } from '../kube/objects/shard.ts';
import type { Urgency } from '../ports.ts';
import type { Clock } from '../runtime/clock.ts';
import type { WorkQueue } from '../runtime/queue.ts';
import { PRIORITY } from './priorities.ts';
import { relatedTo, type Trigger, triggersOf } from './triggers.ts';

export interface EnqueuerOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** How often objects without an interval of their own are polled, milliseconds. */
  readonly intervalMs: number;
}

/** A standby replica queues nothing: `start` queues all objects when it starts to work. */
export class Enqueuer {
  readonly #queue: Pick<WorkQueue, 'add'>;
  readonly #shard: Shard;
  /** Our own shard only: another deployment reconciles the objects of the others. */
  readonly #sharing = (runtimeKey: string) => this.#shard.own.sharing(runtimeKey);
  readonly #options: EnqueuerOptions;
  /** When the pass after a foreign status is, or was, due, by `monotonic`. */
  readonly #foreignStatusDue = new Map<string, number>();
  #working = false;

  constructor(queue: Pick<WorkQueue, 'add'>, shard: Shard, options: EnqueuerOptions) {
    this.#queue = queue;
    this.#shard = shard;
    this.#options = options;
    shard.own.subscribe((change) => this.#changed(change));
    shard.own.foreignStatus.subscribe((object) => this.#statusOverwritten(object));
    shard.all?.subscribe((change) => this.#add(relatedTo(change, this.#sharing)));
  }

  start(): void {
    this.#working = true;
    for (const after of this.#shard.own.objects()) this.#changed({ kind: 'added', via: 'list', after });
  }

  /** Another writer has changed the runtime in Azure. */
  runtimeChanged(runtimeKey: string): void {
    this.#add(this.#related(runtimeKey));
  }

  /** An event of Azure says that the runtime was changed: a reason to poll it, and none to repeat a write that failed. */
  runtimePushed(runtimeKey: string): void {
    if (!this.#working) return;
    for (const { key } of this.#sharing(runtimeKey)) this.#queue.add(key, { priority: PRIORITY.pushed, isHint: true });
  }

  /** The objects of the namespace now use another identity, or another credential of the same. */
  credentialChanged(namespace: string): void {
    for (const object of this.#shard.own.inNamespace(namespace)) {
      this.#add([{ key: object.key, priority: PRIORITY.change }, ...this.#related(runtimeKeyOf(object) ?? '')]);
    }
  }

  /** The request budget has the tokens that a pass of the key has waited for. */
  budgetAvailable(key: string, urgency: Urgency): void {
    this.#queue.add(key, { priority: PRIORITY[urgency] });
  }

  #changed(change: ObjectChange): void {
    // One last pass finds the object gone, and forgets it.
    if (change.kind === 'removed') {
      this.#add([{ key: change.before.key, priority: PRIORITY.listed }], true);
      this.#foreignStatusDue.delete(change.before.key);
    }
    this.#add(triggersOf(change, this.#sharing));
  }

  /**
   * Another writer has written the status, so a pass writes the true one. Once an interval at most, or the two would fight
   * without end; a change that comes sooner waits until the interval is over.
   */
  #statusOverwritten({ key, spec }: ManagedObject): void {
    if (!this.#working) return;
    const { clock, intervalMs } = this.#options;
    const now = clock.monotonic();
    const last = this.#foreignStatusDue.get(key) ?? Number.NEGATIVE_INFINITY;
    const interval = (spec.valid ? spec.desired.intervalMs : undefined) ?? intervalMs;
    const due = last > now ? last : Math.max(now, last + interval);
    this.#foreignStatusDue.set(key, due);
    this.#queue.add(key, { priority: PRIORITY.listed, afterMs: due - now });
  }

  #related(runtimeKey: string): Trigger[] {
    return this.#sharing(runtimeKey).map(({ key }) => ({ key, priority: PRIORITY.related }));
  }

  /** A person's change, or an object that is gone, supersedes a pass under way: that pass need not wait for an answer. */
  #add(triggers: readonly Trigger[], areGone = false): void {
    if (!this.#working) return;
    for (const { key, priority } of triggers) {
      this.#queue.add(key, { priority, supersedes: areGone || priority === PRIORITY.change });
    }
  }
}
