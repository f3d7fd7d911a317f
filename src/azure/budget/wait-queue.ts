/** The order in which waiting keys are served. */
import type { Urgency } from '../../ports.ts';
import type { HeapItem } from '../../runtime/heap.ts';
import { PriorityLines } from '../../runtime/priority-lines.ts';

export interface Queued extends HeapItem {
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
  readonly #lines = new PriorityLines<T>(
    ({ urgency }) => -URGENCIES.indexOf(urgency),
    (a, b) => a.since < b.since,
  );
  #served = 0;

  add(item: T): void {
    this.#lines.push(item);
  }

  remove(item: T): void {
    this.#lines.delete(item);
  }

  /** Removes it because its turn has come. */
  take(item: T): void {
    this.remove(item);
    this.#served++;
  }

  /** The one whose turn it is. */
  peek(): T | undefined {
    return this.#served % FAIR_EVERY === FAIR_EVERY - 1 ? this.#lines.peekAll() : this.#lines.peek();
  }
}
