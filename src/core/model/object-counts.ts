/** The objects counted: what is to be seen of all of them together, of a size that does not grow with their number. */
import { REASONS, RELEASE_REASONS, RUNTIME_STATES } from '../../api/names.ts';
import { condition, type ManagedObject } from './object.ts';

export interface ObjectCount {
  readonly ready: 'True' | 'False' | 'Unknown';
  /** Of Ready; `none` before the first pass, `other` for an unknown state of Azure. */
  readonly reason: string;
  readonly progress: 'Reconciling' | 'Stalled' | 'none';
  readonly count: number;
}

export interface StateCount {
  /** As Azure says it; `none` where it says none, `other` for an unknown one. */
  readonly state: string;
  readonly count: number;
}

/** For how long objects have not been ready that no other alert is about. */
export interface NotReady {
  /** Of Ready; `none` before the first pass, `other` for an unknown state of Azure. */
  readonly reason: string;
  /** Of the one that has not been ready for longest. */
  readonly seconds: number;
}

export interface ObjectCounts {
  readonly objects: readonly ObjectCount[];
  readonly states: readonly StateCount[];
  readonly notReady: readonly NotReady[];
}

/** `now` in milliseconds since the epoch. */
export function countObjects(objects: readonly ManagedObject[], now: number): ObjectCounts {
  return {
    objects: counted(objects.map(standing)),
    notReady: longest(objects.flatMap((object) => notReady(object, now))),
    states: counted(objects.map(({ status: { state } }) => ({ state: named(state, RUNTIME_STATES) }))),
  };
}

/** An object that is polled again and again. */
export interface PolledObject {
  readonly key: string;
  /** Since its creation. */
  readonly ageMs: number;
  readonly intervalMs: number;
}

/**
 * The objects that wait for nothing but the operator. `intervalMs` is for those without one of their own; `now` is in
 * milliseconds since the epoch.
 */
export function polledObjects(objects: readonly ManagedObject[], intervalMs: number, now: number): PolledObject[] {
  return objects.flatMap((object) => {
    const { key, createdAt, spec } = object;
    if (!spec.valid || spec.desired.suspend || waitsForOthers(object)) return [];
    return [{ key, ageMs: now - createdAt, intervalMs: spec.desired.intervalMs ?? intervalMs }];
  });
}

/** For a person, for another object to go, or for another finalizer. */
function waitsForOthers({ status, deleting, hasFinalizer }: ManagedObject): boolean {
  const waits = condition(status, 'Reconciling')?.reason === 'OwnedByAnother';
  return waits || condition(status, 'Stalled') !== undefined || (deleting && !hasFinalizer);
}

/** A person keeps the suspended, knows of the Stalled and the Contested by their own alerts, and only watches with an observer. */
function notReady({ status, spec, createdAt, deleting, hasFinalizer }: ManagedObject, now: number): NotReady[] {
  const ready = condition(status, 'Ready');
  if (ready?.status === 'True' || ready?.reason === 'Contested' || condition(status, 'Stalled') !== undefined)
    return [];
  if (!spec.valid || spec.desired.suspend || spec.desired.managementPolicy === 'Observe') return [];
  if (deleting && !hasFinalizer) return [];
  const since = ready?.lastTransitionTime ?? createdAt;
  return [{ reason: named(ready?.reason, REASONS), seconds: Math.max(0, (now - since) / 1_000) }];
}

function longest(all: readonly NotReady[]): NotReady[] {
  const byReason = new Map<string, NotReady>();
  for (const each of all) {
    if (each.seconds >= (byReason.get(each.reason)?.seconds ?? 0)) byReason.set(each.reason, each);
  }
  return [...byReason.values()];
}

function standing({ status }: ManagedObject): Omit<ObjectCount, 'count'> {
  const ready = condition(status, 'Ready');
  const progress = (['Stalled', 'Reconciling'] as const).find((type) => condition(status, type) !== undefined);
  return {
    ready: ready?.status ?? 'Unknown',
    reason: named(ready?.reason, [...REASONS, ...RELEASE_REASONS]),
    progress: progress ?? 'none',
  };
}

function named(text: string | undefined, known: readonly string[]): string {
  if (text === undefined) return 'none';
  return known.includes(text) ? text : 'other';
}

function counted<T extends object>(all: readonly T[]): (T & { readonly count: number })[] {
  const counts = new Map<string, T & { count: number }>();
  for (const each of all) {
    const id = JSON.stringify(each);
    const present = counts.get(id);
    if (present === undefined) counts.set(id, { ...each, count: 1 });
    else present.count++;
  }
  return [...counts.values()];
}
