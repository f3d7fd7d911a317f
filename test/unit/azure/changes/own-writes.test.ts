/** Own writes, by their ids: which events are about them, and whether any come. */
import { describe, expect, test } from '@jest/globals';
import { OwnWrites } from '../../../../src/azure/changes/own-writes.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const MINUTE = 60_000;

function setUp() {
  const clock = new FakeClock();
  let made = 0;
  return { clock, writes: new OwnWrites(clock, () => `id-${made++}`) };
}

describe('an event', () => {
  test('is an echo when it has the id of an own write, whatever its case, and however often it comes', () => {
    const { writes } = setUp();
    const id = writes.sending('parent');
    expect([writes.isEcho(id), writes.isEcho(id.toUpperCase()), writes.isEcho('other')]).toEqual([true, true, false]);
  });

  test('is none any more after an hour', () => {
    const { clock, writes } = setUp();
    const id = writes.sending();
    clock.suspend(60 * MINUTE - 1);
    expect(writes.isEcho(id)).toBe(true);
    clock.suspend(1);
    expect(writes.isEcho(id)).toBe(false);
  });

  test('is none any more after 2,000 later writes', () => {
    const { writes } = setUp();
    const ids = Array.from({ length: 2_001 }, () => writes.sending());
    expect([writes.isEcho(ids[0] ?? ''), writes.isEcho(ids[1] ?? '')]).toEqual([false, true]);
  });
});

describe('silence', () => {
  test('is a write that took effect, and that no event has told of for ten minutes', () => {
    const { clock, writes } = setUp();
    writes.tookEffect(writes.sending('parent'));
    clock.suspend(10 * MINUTE - 1);
    expect(writes.silent()).toEqual([]);
    clock.suspend(1);
    expect(writes.silent()).toEqual(['parent']);
  });

  test.each(['before', 'after'])('is none when the event comes %s the answer', (order) => {
    const { clock, writes } = setUp();
    const id = writes.sending('parent');
    if (order === 'before') writes.isEcho(id);
    writes.tookEffect(id);
    if (order === 'after') writes.isEcho(id);
    clock.suspend(20 * MINUTE);
    expect(writes.silent()).toEqual([]);
  });

  test('ends with the event of any later write to the parent, and concerns no other parent', () => {
    const { clock, writes } = setUp();
    for (const parent of ['one', 'two']) writes.tookEffect(writes.sending(parent));
    clock.suspend(10 * MINUTE);
    writes.isEcho(writes.sending('one'));
    expect(writes.silent()).toEqual(['two']);
    writes.forget('two');
    expect(writes.silent()).toEqual([]);
  });

  test('is nothing that can be told of a write that was refused, only accepted, or raises no event', () => {
    const { clock, writes } = setUp();
    writes.sending('parent');
    writes.tookEffect(writes.sending());
    clock.suspend(20 * MINUTE);
    expect(writes.silent()).toEqual([]);
  });
});
