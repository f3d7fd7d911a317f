/** Items in lines: one line for each priority. */
import { Heap, type HeapItem } from './heap.ts';

interface Line<T extends HeapItem> {
  readonly priority: number;
  readonly items: Heap<T>;
}

/**
 * Keeps the order within each line, and finds the first of the highest priority as well as the first of all. Priorities are
 * few, so looking at the head of every line is cheap; `push` and `delete` are O(log n).
 *
 * Two designs. One heap of all by priority and one of all by age need no such limit. But each item is then in both, and whoever
 * takes it from the top of one takes it from the middle of the other.
 */
export class PriorityLines<T extends HeapItem> {
  readonly #priorityOf: (item: T) => number;
  readonly #before: (a: T, b: T) => boolean;
  /** The highest priority first. */
  readonly #lines: Line<T>[] = [];

  constructor(priorityOf: (item: T) => number, before: (a: T, b: T) => boolean) {
    this.#priorityOf = priorityOf;
    this.#before = before;
  }

  get size(): number {
    return this.#lines.reduce((sum, { items }) => sum + items.size, 0);
  }

  /** Adds an item that is in no line. */
  push(item: T): void {
    this.#lineOf(item).push(item);
  }

  /** Says whether the item was inside. Its priority is the one that it was added with. */
  delete(item: T): boolean {
    return this.#lineOf(item).delete(item);
  }

  clear(): void {
    this.#lines.length = 0;
  }

  /** The first of those with the highest priority. */
  peek(): T | undefined {
    return this.#lines.find(({ items }) => items.size > 0)?.items.peek();
  }

  /** The first whatever the priorities. */
  peekAll(): T | undefined {
    let first: T | undefined;
    for (const { items } of this.#lines) {
      const head = items.peek();
      if (head !== undefined && (first === undefined || this.#before(head, first))) first = head;
    }
    return first;
  }

  #lineOf(item: T): Heap<T> {
    const priority = this.#priorityOf(item);
    const present = this.#lines.find((line) => line.priority === priority);
    if (present !== undefined) return present.items;
    const items = new Heap(this.#before);
    this.#lines.push({ priority, items });
    this.#lines.sort((a, b) => b.priority - a.priority);
    return items;
  }
}
