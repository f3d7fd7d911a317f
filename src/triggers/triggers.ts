import { type ManagedObject, REQUEST_NAMES, type Requests } from '../core/model/object.ts';
import { type ObjectChange, runtimeKeyOf } from '../kube/objects/store.ts';

/** How urgently a key is to be looked at: the higher, the sooner. */
export const PRIORITY = {
  /** A person has changed something, or asks for something. */
  change: 100,
  /** Another object of the same runtime has changed. */
  related: 50,
  /** A list shows an object that nobody has changed. */
  listed: 0,
} as const;

export interface Trigger {
  readonly key: string;
  readonly priority: number;
}

/**
 * The keys that must be looked at because of a change. What we wrote ourselves is no reason to look at the object again:
 * the pass that wrote it says when to look next. It can be one for the other objects of the runtime.
 */
export function triggersOf(
  change: ObjectChange,
  sharing: (runtimeKey: string) => readonly ManagedObject[],
): readonly Trigger[] {
  const priority = change.via === 'write' ? undefined : priorityOf(change);
  const { key } = change.kind === 'removed' ? change.before : change.after;
  const own = priority === undefined ? [] : [{ key, priority }];
  return [...own, ...relatedTo(change, sharing)];
}

/** The keys of the other objects to which a change may make a difference. */
export function relatedTo(
  change: ObjectChange,
  sharing: (runtimeKey: string) => readonly ManagedObject[],
): readonly Trigger[] {
  const { key } = change.kind === 'removed' ? change.before : change.after;
  return concernsOthers(change) ? othersOf(change, key, sharing) : [];
}

/** How urgently the changed object itself is to be looked at; undefined when not at all. */
function priorityOf(change: ObjectChange): number | undefined {
  switch (change.kind) {
    case 'removed':
      return undefined;
    case 'added':
      return change.via === 'list' && !isUnseen(change.after) ? PRIORITY.listed : PRIORITY.change;
    case 'updated':
      return isPersonsChange(change.before, change.after) ? PRIORITY.change : undefined;
  }
}

/** Whether a person has changed the object since it was looked at last, as far as the object itself tells. */
function isUnseen({ deleting, generation, status }: ManagedObject): boolean {
  return deleting || status.observedGeneration !== generation;
}

function isPersonsChange(before: ManagedObject, after: ManagedObject): boolean {
  return (
    before.uid !== after.uid ||
    before.generation !== after.generation ||
    before.deleting !== after.deleting ||
    // Nobody but us puts it on, and without a claim we take it off ourselves.
    (before.hasFinalizer && !after.hasFinalizer && after.status.claim !== undefined) ||
    asksAnew(before.requests, after.requests)
  );
}

/** A request that is withdrawn asks for nothing: Flux takes annotations off that were set by hand. */
function asksAnew(before: Requests, after: Requests): boolean {
  return REQUEST_NAMES.some((name) => after[name] !== undefined && after[name] !== before[name]);
}

function concernsOthers(change: ObjectChange): boolean {
  if (change.kind !== 'updated') return true;
  const { before, after } = change;
  return (
    before.generation !== after.generation ||
    before.deleting !== after.deleting ||
    before.hasFinalizer !== after.hasFinalizer ||
    before.mark?.origin !== after.mark?.origin ||
    before.status.claim?.origin !== after.status.claim?.origin ||
    before.status.claim?.identity !== after.status.claim?.identity
  );
}

function othersOf(
  change: ObjectChange,
  key: string,
  sharing: (runtimeKey: string) => readonly ManagedObject[],
): Trigger[] {
  const states = [
    ...(change.kind === 'added' ? [] : [change.before]),
    ...(change.kind === 'removed' ? [] : [change.after]),
  ];
  const runtimes = new Set(states.flatMap((state) => runtimeKeyOf(state) ?? []));
  const keys = new Set([...runtimes].flatMap((runtime) => sharing(runtime).map((other) => other.key)));
  keys.delete(key);
  return [...keys].map((other) => ({ key: other, priority: PRIORITY.related }));
}
