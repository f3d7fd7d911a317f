/** The heap keeps its order. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Heap, type HeapItem } from '../../../src/runtime/heap.ts';

interface Item extends HeapItem {
  rank: number;
}

type Step =
  | { readonly kind: 'push'; readonly rank: number }
  | { readonly kind: 'delete'; readonly which: number }
  | { readonly kind: 'pop' };

const rank = fc.integer({ min: -20, max: 20 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('push' as const), rank }) },
    fc.record({ kind: fc.constant('delete' as const), which: fc.nat() }),
    fc.record({ kind: fc.constant('pop' as const) }),
  ),
  { maxLength: 200, size: 'max' },
);

const lowest = (items: readonly Item[]): number => Math.min(...items.map((item) => item.rank));

test('a heap yields its lowest item, whatever is pushed and deleted in between', () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const heap = new Heap<Item>((a, b) => a.rank < b.rank);
      const model: Item[] = [];
      for (const step of sequence) {
        const chosen = 'which' in step ? model[step.which % Math.max(1, model.length)] : undefined;
        if (step.kind === 'push') {
          const item = { rank: step.rank };
          model.push(item);
          heap.push(item);
        } else if (step.kind === 'delete' && chosen !== undefined) {
          model.splice(model.indexOf(chosen), 1);
          expect(heap.delete(chosen)).toBe(true);
          expect(heap.delete(chosen)).toBe(false);
        } else if (step.kind === 'pop' && model.length > 0) {
          const first = heap.peek() as Item;
          expect(first.rank).toBe(lowest(model));
          heap.delete(first);
          model.splice(model.indexOf(first), 1);
        }
        expect(heap.size).toBe(model.length);
        expect(heap.peek()?.rank).toBe(model.length === 0 ? undefined : lowest(model));
      }
    }),
  );
});

test('what a heap holds is not taken for an item of another heap in the same place, nor for its copy', () => {
  const [one, other] = [new Heap<Item>(() => false), new Heap<Item>(() => false)];
  const item: Item = { rank: 1 };
  one.push(item);
  other.push({ rank: 1 });
  expect([other.delete(item), one.delete({ ...item })]).toEqual([false, false]);
  expect([one.size, other.size]).toEqual([1, 1]);
});

test('an operation on a heap of 100,000 items compares a few dozen times, not thousands', () => {
  let comparisons = 0;
  const heap = new Heap<Item>((a, b) => {
    comparisons += 1;
    return a.rank < b.rank;
  });
  const items = Array.from({ length: 100_000 }, (_, i) => ({ rank: (i * 7919) % 100_003 }));
  for (const item of items) heap.push(item);
  for (const item of items.slice(0, 100)) {
    comparisons = 0;
    heap.delete(item);
    item.rank = -item.rank;
    heap.push(item);
    heap.delete(heap.peek() as Item);
    expect(comparisons).toBeLessThan(200);
  }
});
