/** Lines by priority hand out what one sorted list would. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { HeapItem } from '../../../src/runtime/heap.ts';
import { PriorityLines } from '../../../src/runtime/priority-lines.ts';

interface Item extends HeapItem {
  readonly priority: number;
  readonly age: number;
}

const steps = fc.array(
  fc.record({
    priority: fc.integer({ min: -2, max: 2 }),
    age: fc.integer({ min: 0, max: 20 }),
    /** Which of those inside is deleted; null: one is added. */
    leaves: fc.option(fc.nat(), { freq: 2 }),
  }),
  { maxLength: 100, size: 'max' },
);

test('lines know the first of the highest priority and the first of all, whatever comes and goes', () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const lines = new PriorityLines<Item>(
        ({ priority }) => priority,
        (a, b) => a.age < b.age,
      );
      const inside: Item[] = [];
      for (const { priority, age, leaves } of sequence) {
        if (leaves === null) {
          const item = { priority, age };
          inside.push(item);
          lines.push(item);
        } else if (inside.length > 0) {
          const [gone] = inside.splice(leaves % inside.length, 1) as [Item];
          expect([lines.delete(gone), lines.delete(gone)]).toEqual([true, false]);
        }
        const highest = Math.max(...inside.map((item) => item.priority));
        const first = inside.filter((item) => item.priority === highest).map((item) => item.age);
        expect(lines.size).toBe(inside.length);
        expect(lines.peek()?.priority).toBe(inside.length === 0 ? undefined : highest);
        expect(lines.peek()?.age).toBe(inside.length === 0 ? undefined : Math.min(...first));
        expect(lines.peekAll()?.age).toBe(
          inside.length === 0 ? undefined : Math.min(...inside.map((item) => item.age)),
        );
      }
    }),
  );
});
