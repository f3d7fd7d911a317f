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

export interface ObjectCounts {
  readonly objects: readonly ObjectCount[];
  readonly states: readonly StateCount[];
}

export function countObjects(objects: readonly ManagedObject[]): ObjectCounts {
  return {
    objects: counted(objects.map(standing)),
    states: counted(objects.map(({ status: { state } }) => ({ state: named(state, RUNTIME_STATES) }))),
  };
}

/** An object that is polled again and again. */
export interface PolledObject {
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly intervalMs: number;
}

/**
 * The objects that wait for nothing but the operator. `intervalMs` is for those without one of their own.
 */
export function polledObjects(objects: readonly ManagedObject[], intervalMs: number): PolledObject[] {
  return objects.flatMap((object) => {
    const { key, createdAt, spec } = object;
    if (!spec.valid || spec.desired.suspend || waitsForOthers(object)) return [];
    return [{ key, createdAt, intervalMs: spec.desired.intervalMs ?? intervalMs }];
  });
}

/** For a person, for what a person has yet to create, or for another finalizer. */
function waitsForOthers({ status, deleting, hasFinalizer }: ManagedObject): boolean {
  const waits = WAITING.includes(condition(status, 'Reconciling')?.reason ?? '');
  return waits || condition(status, 'Stalled') !== undefined || (deleting && !hasFinalizer);
}

const WAITING: readonly string[] = ['FactoryNotFound', 'WorkspaceNotFound', 'OwnedByAnother'];

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
