/**
 * A binary heap that also finds its items: `push`, `moved` and `delete` are O(log n), `peek` is O(1).
 * An item is in the heap at most once. `before` is a strict order; while an item is inside, the values that `before`
 * compares may change only together with a call of `moved`.
 */
export class Heap<T> {
  readonly #before: (a: T, b: T) => boolean;
  readonly #items: T[] = [];
  readonly #positions = new Map<T, number>();

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

  /** Adds an item that is not inside. */
  push(item: T): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  /** Restores the order after the item's rank has changed; nothing if it is not inside. */
  moved(item: T): void {
    const position = this.#positions.get(item);
    if (position === undefined) return;
    this.#rise(item, position);
    this.#sink(item, this.#positions.get(item) ?? position);
  }

  /** Says whether the item was inside. */
  delete(item: T): boolean {
    const position = this.#positions.get(item);
    if (position === undefined) return false;
    this.#positions.delete(item);
    const last = this.#items.pop();
    if (last !== undefined && last !== item) {
      this.#put(last, position);
      this.moved(last);
    }
    return true;
  }

  clear(): void {
    this.#items.length = 0;
    this.#positions.clear();
  }

  #put(item: T, position: number): void {
    this.#items[position] = item;
    this.#positions.set(item, position);
  }

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

  #sink(item: T, from: number): void {
    let position = from;
    for (;;) {
      const childPosition = this.#firstChild(position);
      const child = childPosition === undefined ? undefined : this.#items[childPosition];
      if (childPosition === undefined || child === undefined || !this.#before(child, item)) break;
      this.#put(child, position);
      position = childPosition;
    }
    this.#put(item, position);
  }

  #firstChild(position: number): number | undefined {
    const left = 2 * position + 1;
    const right = left + 1;
    if (left >= this.#items.length) return undefined;
    if (right >= this.#items.length) return left;
    return this.#before(this.#items[right] as T, this.#items[left] as T) ? right : left;
  }
}
