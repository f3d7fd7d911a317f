/** A change of the object store. */
import type { ManagedObject } from '../../core/model/object.ts';

/** What the store learned the change from: a list, the watch, or the answer to our own write. */
export type Via = 'list' | 'watch' | 'write';

export type ObjectChange =
  | { readonly kind: 'added'; readonly via: Via; readonly after: ManagedObject }
  | { readonly kind: 'updated'; readonly via: Via; readonly before: ManagedObject; readonly after: ManagedObject }
  | { readonly kind: 'removed'; readonly via: Via; readonly before: ManagedObject };

/** Must not throw: the watch would take that for a missed change, and list again. */
export type ChangeListener = (change: ObjectChange) => void;
