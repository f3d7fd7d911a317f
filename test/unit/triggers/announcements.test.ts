/** Which drift nobody announced. */
import { expect, test } from '@jest/globals';
import { Announcements } from '../../../src/triggers/announcements.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function setUp(...seen: readonly string[]) {
  const clock = new FakeClock();
  const announcements = new Announcements(clock);
  for (const key of seen) announcements.seen(key);
  return { clock, announcements };
}

test('drift of a runtime that was seen before, and that nothing announces within half a minute, is missed: once', () => {
  const { clock, announcements } = setUp('a', 'b');
  announcements.found('a');
  clock.suspend(20_000);
  announcements.found('a');
  announcements.found('b');
  expect(announcements.missed()).toEqual([]);
  clock.suspend(10_000);
  expect([announcements.missed(), announcements.missed()]).toEqual([['a'], []]);
  clock.suspend(20_000);
  expect(announcements.missed()).toEqual(['b']);
});

test.each(['before', 'after'])('what is announced %s it was found is not missed', (order) => {
  const { clock, announcements } = setUp('a');
  if (order === 'before') announcements.announced('a');
  clock.suspend(20_000);
  announcements.found('a');
  clock.suspend(20_000);
  if (order === 'after') announcements.announced('a');
  clock.suspend(60_000);
  expect(announcements.missed()).toEqual([]);
});

test('an announcement counts for ten minutes', () => {
  const { clock, announcements } = setUp('a');
  announcements.announced('a');
  clock.suspend(600_000);
  announcements.found('a');
  clock.suspend(30_000);
  expect(announcements.missed()).toEqual(['a']);
});

test('what this process sees for the first time may have been announced to another one', () => {
  const { clock, announcements } = setUp();
  announcements.found('a');
  announcements.seen('a');
  clock.suspend(60_000);
  expect(announcements.missed()).toEqual([]);
});

test('what is found while the queue cannot be read, or of an object that goes, is not missed', () => {
  const { clock, announcements } = setUp('a', 'b');
  announcements.found('a');
  announcements.interrupted();
  announcements.found('b');
  announcements.forget('b');
  clock.suspend(60_000);
  expect(announcements.missed()).toEqual([]);
});
