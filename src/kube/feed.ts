import type { Urgency } from '../ports.ts';
import type { WorkQueue } from '../runtime/queue.ts';
import type { Shard } from './shard.ts';
import { type ObjectChange, runtimeKeyOf } from './store.ts';
import { PRIORITY, relatedTo, type Trigger, triggersOf } from './triggers.ts';

/** What the request budget wakes goes by urgency, below what people do and above routine looks. */
const WOKEN: Readonly<Record<Urgency, number>> = { change: PRIORITY.change, repair: 20, look: PRIORITY.listed };

/**
 * Queues the keys of our objects when something has changed for them, wherever that was. A replica that stands by queues
 * nothing: all there is is queued when it begins to work.
 */
export class Feed {
  readonly #queue: Pick<WorkQueue, 'add'>;
  readonly #shard: Shard;
  /** Of the objects of other shards, others take care. */
  readonly #sharing = (runtimeKey: string) => this.#shard.own.sharing(runtimeKey);
  #working = false;

  constructor(queue: Pick<WorkQueue, 'add'>, shard: Shard) {
    this.#queue = queue;
    this.#shard = shard;
    shard.own.subscribe((change) => this.#changed(change));
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
  woken(key: string, urgency: Urgency): void {
    this.#queue.add(key, { priority: WOKEN[urgency] });
  }

  #changed(change: ObjectChange): void {
    // A last pass, which finds the object gone and forgets it.
    if (change.kind === 'removed') this.#add([{ key: change.before.key, priority: PRIORITY.listed }], true);
    this.#add(triggersOf(change, this.#sharing));
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
