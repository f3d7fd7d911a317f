/** The object stores of a shard: its own objects, and those of all shards. */
import type { ManagedObject } from '../../core/model/object.ts';
import { ObjectStore } from './store.ts';

/**
 * This process reconciles all objects, or those of its label selector. Then another process reconciles the others, and one
 * of those may name the same runtime.
 */
export class Shard {
  /** Empty: all objects. */
  readonly labelSelector: string;
  readonly own = new ObjectStore();
  /** The objects of all shards, with ours; undefined when this is the only shard. */
  readonly all: ObjectStore | undefined;

  constructor(labelSelector: string) {
    this.labelSelector = labelSelector;
    this.all = labelSelector === '' ? undefined : new ObjectStore();
  }

  /** All objects that name this runtime (see `armKey`), ours and those of other shards, in no order. */
  sharing(runtimeKey: string): ManagedObject[] {
    const { own, all } = this;
    // The other store may still have an old object of ours that was deleted and created again.
    const others = all?.sharing(runtimeKey).filter(({ key }) => own.get(key) === undefined) ?? [];
    return [...own.sharing(runtimeKey), ...others];
  }
}
