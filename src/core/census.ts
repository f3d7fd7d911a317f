/** The objects counted: what is to be seen of all of them together, of a size that does not grow with their number. */
import { REASONS, RUNTIME_STATES } from '../api/names.ts';
import { condition, type ManagedObject } from './object.ts';

export interface ObjectCount {
  readonly ready: 'True' | 'False' | 'Unknown';
  /** Of Ready; `none` as long as nobody has looked, `other` for a state of Azure's that nobody knows. */
  readonly reason: string;
  readonly progress: 'Reconciling' | 'Stalled' | 'none';
  readonly count: number;
}

export interface StateCount {
  /** As Azure says it; `none` where it says none, `other` for one that nobody knows. */
  readonly state: string;
  readonly count: number;
}

export interface Census {
  readonly objects: readonly ObjectCount[];
  readonly states: readonly StateCount[];
}

export function census(objects: readonly ManagedObject[]): Census {
  return {
    objects: counted(objects.map(standing)),
    states: counted(objects.map(({ memory: { state } }) => ({ state: named(state, RUNTIME_STATES) }))),
  };
}

/** An object that is to be looked at again and again, without anybody's help. */
export interface Watched {
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly intervalMs: number;
}

/**
 * The objects that wait for nobody and nothing but the operator. `intervalMs` is for those without one of their own.
 */
export function watched(objects: readonly ManagedObject[], intervalMs: number): Watched[] {
  return objects.flatMap((object) => {
    const { key, createdAt, spec } = object;
    if (!spec.valid || spec.desired.suspend || waitsForOthers(object)) return [];
    return [{ key, createdAt, intervalMs: spec.desired.intervalMs ?? intervalMs }];
  });
}

/** For a person, for what somebody else has yet to make, or for whoever else holds an object that we have let go. */
function waitsForOthers({ memory, deleting, held }: ManagedObject): boolean {
  const waits = WAITING.includes(condition(memory, 'Reconciling')?.reason ?? '');
  return waits || condition(memory, 'Stalled') !== undefined || (deleting && !held);
}

const WAITING: readonly string[] = ['FactoryNotFound', 'WorkspaceNotFound', 'OwnedByAnother'];

function standing({ memory }: ManagedObject): Omit<ObjectCount, 'count'> {
  const ready = condition(memory, 'Ready');
  const progress = (['Stalled', 'Reconciling'] as const).find((type) => condition(memory, type) !== undefined);
  return {
    ready: ready?.status ?? 'Unknown',
    reason: named(ready?.reason, REASONS),
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
