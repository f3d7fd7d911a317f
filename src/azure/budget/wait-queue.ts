/** The order in which waiting keys are served. */
import type { Urgency } from '../../ports.ts';
import { Heap } from '../../runtime/heap.ts';

export interface Queued {
  readonly urgency: Urgency;
  /** Counts up: the lower, the longer it has waited. */
  readonly since: number;
}

/** The most urgent first. */
export const URGENCIES: readonly Urgency[] = ['change', 'repair', 'poll'];
/** Every so many go by how long they have waited, whatever their urgency. */
const FAIR_EVERY = 10;

/** Serves by urgency and then by age; of every ten that are served, one is the oldest. All in O(log n). */
export class WaitQueue<T extends Queued> {
  readonly #byUrgency: Readonly<Record<Urgency, Heap<T>>> = {
    change: new Heap<T>(isOlder),
    repair: new Heap<T>(isOlder),
    poll: new Heap<T>(isOlder),
  };
  #served = 0;

  add(item: T): void {
    this.#byUrgency[item.urgency].push(item);
  }

  remove(item: T): void {
    this.#byUrgency[item.urgency].delete(item);
  }

  /** Removes it because its turn has come. */
  take(item: T): void {
    this.remove(item);
    this.#served++;
  }

  /** The one whose turn it is. */
  peek(): T | undefined {
    const heads = URGENCIES.flatMap((urgency) => this.#byUrgency[urgency].peek() ?? []);
    if (this.#served % FAIR_EVERY !== FAIR_EVERY - 1) return heads[0];
    return heads.reduce<T | undefined>((first, head) => (first && isOlder(first, head) ? first : head), undefined);
  }
}

function isOlder(a: Queued, b: Queued): boolean {
  return a.since < b.since;
}
