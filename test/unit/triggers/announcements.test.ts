/** Which drift nobody announced. */
import { expect, test } from '@jest/globals';
import { Announcements } from '../../../src/triggers/announcements.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const MINUTE = 60_000;

function setUp(...seen: readonly string[]) {
  const clock = new FakeClock();
  const announcements = new Announcements(clock);
  for (const key of seen) announcements.seen(key, true);
  return { clock, announcements };
}

test('drift of a runtime that was seen before, and that nothing announces within ten minutes, is missed: once', () => {
  const { clock, announcements } = setUp('a', 'b');
  announcements.found('a');
  clock.suspend(6 * MINUTE);
  announcements.found('a');
  announcements.found('b');
  expect(announcements.missed()).toEqual([]);
  clock.suspend(4 * MINUTE);
  expect([announcements.missed(), announcements.missed()]).toEqual([['a'], []]);
  clock.suspend(6 * MINUTE);
  expect(announcements.missed()).toEqual(['b']);
});

test.each(['before', 'after'])('what is announced %s it was found is not missed', (order) => {
  const { clock, announcements } = setUp('a');
  if (order === 'before') announcements.announced('a');
  clock.suspend(5 * MINUTE);
  announcements.found('a');
  clock.suspend(5 * MINUTE);
  if (order === 'after') announcements.announced('a');
  clock.suspend(30 * MINUTE);
  expect(announcements.missed()).toEqual([]);
});

test('an announcement counts, however late what it announces is found, until a pass has seen the runtime as declared', () => {
  const { clock, announcements } = setUp('a');
  const isMissed = () => {
    announcements.found('a');
    clock.suspend(10 * MINUTE);
    return announcements.missed().length > 0;
  };
  announcements.announced('a');
  // The list of this pass may be older.
  announcements.seen('a', true);
  clock.suspend(24 * 60 * MINUTE);
  announcements.seen('a', false);
  expect(isMissed()).toBe(false);
  announcements.seen('a', true);
  expect(isMissed()).toBe(true);
});

test('what this process sees for the first time may have been announced to another one', () => {
  const { clock, announcements } = setUp();
  announcements.found('a');
  announcements.seen('a', false);
  clock.suspend(30 * MINUTE);
  expect(announcements.missed()).toEqual([]);
});

test('what is found while the queue cannot be read, or of an object that goes, is not missed', () => {
  const { clock, announcements } = setUp('a', 'b');
  announcements.found('a');
  announcements.interrupted();
  announcements.found('b');
  announcements.forget('b');
  clock.suspend(30 * MINUTE);
  expect(announcements.missed()).toEqual([]);
});
