import type { Urgency } from '../../ports.ts';
import { Heap } from '../../runtime/heap.ts';

export interface Waiting {
  readonly urgency: Urgency;
  /** Counts up: the lower, the longer it waits. */
  readonly since: number;
}

/** The most urgent first. */
export const URGENCIES: readonly Urgency[] = ['change', 'repair', 'poll'];
/** Every so many go by how long they have waited, whatever the urgency. */
const FAIR_EVERY = 10;

/** Who waits, by urgency and then by age; of every ten that leave it served, one is the oldest. All in O(log n). */
export class WaitQueue<T extends Waiting> {
  readonly #byUrgency: Readonly<Record<Urgency, Heap<T>>> = {
    change: new Heap<T>(isOlder),
    repair: new Heap<T>(isOlder),
    poll: new Heap<T>(isOlder),
  };
  #served = 0;

  join(waiter: T): void {
    this.#byUrgency[waiter.urgency].push(waiter);
  }

  leave(waiter: T): void {
    this.#byUrgency[waiter.urgency].delete(waiter);
  }

  /** Leaves the line because its turn has come. */
  served(waiter: T): void {
    this.leave(waiter);
    this.#served++;
  }

  /** Whose turn it is. */
  next(): T | undefined {
    const heads = URGENCIES.flatMap((urgency) => this.#byUrgency[urgency].peek() ?? []);
    if (this.#served % FAIR_EVERY !== FAIR_EVERY - 1) return heads[0];
    return heads.reduce<T | undefined>((first, head) => (first && isOlder(first, head) ? first : head), undefined);
  }
}

function isOlder(a: Waiting, b: Waiting): boolean {
  return a.since < b.since;
}
