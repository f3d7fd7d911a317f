/** A binary heap that also finds its items, to remove one before its turn. */

/** What a heap may hold: one heap at a time. */
export interface HeapItem {
  /** Where it is, written by the heap that it is in. Says nothing in a copy. */
  position?: number;
}

/**
 * `push` and `delete` are O(log n), `peek` is O(1). An item is in the heap at most once. `before` is a strict order, and
 * what it says of two items does not change while they are inside.
 *
 * Two designs to find an item. A Map from item to position asks nothing of the items, but it is written at every step of
 * every move, and costs more the more items there are. So each item holds its own position. More
 * than two children (four, eight) were measured, and are no faster.
 */
export class Heap<T extends HeapItem> {
  readonly #before: (a: T, b: T) => boolean;
  readonly #items: T[] = [];

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The first in order. */
  peek(): T | undefined {
    return this.#items[0];
  }

  /** Adds an item that is in no heap. */
  push(item: T): void {
    this.#rise(item, this.#items.length);
  }

  /** Says whether the item was inside. */
  delete(item: T): boolean {
    const { position } = item;
    if (position === undefined || this.#items[position] !== item) return false;
    const last = this.#items.pop() as T;
    if (last !== item) this.#rise(last, this.#sink(position));
    return true;
  }

  clear(): void {
    this.#items.length = 0;
  }

  #put(item: T, position: number): void {
    this.#items[position] = item;
    item.position = position;
  }

  /** Puts the item where it belongs on the way from there to the top. */
  #rise(item: T, from: number): void {
    let position = from;
    while (position > 0) {
      const parentPosition = (position - 1) >> 1;
      const parent = this.#items[parentPosition] as T;
      if (!this.#before(item, parent)) break;
      this.#put(parent, position);
      position = parentPosition;
    }
    this.#put(item, position);
  }

  /** Moves the gap down to the bottom, and returns where it ends: the item that fills it comes from the bottom, and mostly belongs there. */
  #sink(from: number): number {
    let position = from;
    for (let child = this.#firstChild(position); child !== undefined; child = this.#firstChild(position)) {
      this.#put(this.#items[child] as T, position);
      position = child;
    }
    return position;
  }

  #firstChild(position: number): number | undefined {
    const left = 2 * position + 1;
    const right = left + 1;
    if (left >= this.#items.length) return undefined;
    if (right >= this.#items.length) return left;
    return this.#before(this.#items[right] as T, this.#items[left] as T) ? right : left;
  }
}
