import type { ManagedObject } from '../../core/model/object.ts';
import { ObjectStore } from './store.ts';

/**
 * The objects of which this process takes care: all of them, or those of its label selector. Another process takes care of
 * the others then, and may have one that names the same runtime.
 */
export class Shard {
  /** Empty where it takes care of all. */
  readonly labelSelector: string;
  readonly own = new ObjectStore();
  /** The objects of all shards, ours among them; undefined where this is the only one. */
  readonly all: ObjectStore | undefined;

  constructor(labelSelector: string) {
    this.labelSelector = labelSelector;
    this.all = labelSelector === '' ? undefined : new ObjectStore();
  }

  /** All objects that name this runtime (see `armKey`), ours and those of other shards, in no order. */
  sharing(runtimeKey: string): ManagedObject[] {
    const { own, all } = this;
    // Of one of ours that was deleted and made again, the other store may still have the one before.
    const others = all?.sharing(runtimeKey).filter(({ key }) => own.get(key) === undefined) ?? [];
    return [...own.sharing(runtimeKey), ...others];
  }
}
