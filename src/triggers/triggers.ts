/** Which keys have to be reconciled because of a change in the object store. Pure. */
import { type ManagedObject, REQUEST_NAMES, type Requests } from '../core/model/object.ts';
import type { ObjectChange } from '../kube/objects/change.ts';
import { runtimeKeyOf } from '../kube/objects/runtime-key.ts';
import { PRIORITY } from './priorities.ts';

export interface Trigger {
  readonly key: string;
  readonly priority: number;
}

/**
 * The keys that a change makes due. Our own write does not make its object due: the pass that wrote it says when the next
 * one comes. But it can make the other objects of the runtime due.
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

/** The keys of the other objects of the runtime, if the change can matter to them. */
export function relatedTo(
  change: ObjectChange,
  sharing: (runtimeKey: string) => readonly ManagedObject[],
): readonly Trigger[] {
  const { key } = change.kind === 'removed' ? change.before : change.after;
  return concernsOthers(change) ? othersOf(change, key, sharing) : [];
}

/** The priority of the changed object itself; undefined when it is not due. */
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

/** Whether a person has changed the object since its last pass, as far as the object itself shows. */
function isUnseen({ deleting, generation, status }: ManagedObject): boolean {
  return deleting || status.observedGeneration !== generation;
}

function isPersonsChange(before: ManagedObject, after: ManagedObject): boolean {
  return (
    before.uid !== after.uid ||
    before.generation !== after.generation ||
    before.deleting !== after.deleting ||
    // While there is a claim it was another writer who took it off: without a claim we do so ourselves.
    (before.hasFinalizer && !after.hasFinalizer && after.status.claim !== undefined) ||
    isRequestedAnew(before.requests, after.requests)
  );
}

/** A withdrawn request requests nothing: Flux removes annotations that were set by hand. */
function isRequestedAnew(before: Requests, after: Requests): boolean {
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
