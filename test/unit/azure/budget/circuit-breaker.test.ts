/** The circuit breaker: no further pass calls a subscription that does not answer. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { CircuitBreaker } from '../../../../src/azure/budget/circuit-breaker.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

let clock: FakeClock;
let budgetAvailable: string[];
let guard: CircuitBreaker;

beforeEach(() => {
  clock = new FakeClock();
  budgetAvailable = [];
  guard = new CircuitBreaker(clock, (key, urgency) => budgetAvailable.push(`${key} ${urgency}`));
});

const send = (count: number) => Array.from({ length: count }, () => guard.sent());

describe('a subscription', () => {
  test('whose answers are not late yet is asked, however many are awaited', () => {
    send(1_000);
    expect(guard.allows('a', 'poll')).toBe(true);
  });

  test('gets no new requests while ten answers are late, and then wakes who waited', async () => {
    const ends = send(10);
    await clock.advance(5_000);
    expect(guard.allows('a', 'change')).toBe(false);
    expect(guard.allows('b', 'poll')).toBe(false);
    expect(budgetAvailable).toEqual([]);
    ends[3]?.();
    expect(budgetAvailable).toEqual(['a change', 'b poll']);
    expect(guard.allows('a', 'change')).toBe(true);
  });

  test('is asked while fewer than ten answers are late, whatever else is awaited', async () => {
    send(9);
    await clock.advance(5_000);
    send(5);
    expect(guard.allows('a', 'poll')).toBe(true);
  });

  test('wakes nobody as long as enough are late', async () => {
    const ends = send(12);
    await clock.advance(5_000);
    guard.allows('a', 'poll');
    ends[0]?.();
    expect(budgetAvailable).toEqual([]);
  });

  test('goes on with a key that has begun, until its pass is over', async () => {
    guard.allows('a', 'poll');
    send(10);
    await clock.advance(5_000);
    expect(guard.allows('a', 'poll')).toBe(true);
    guard.finish('a');
    expect(guard.allows('a', 'poll')).toBe(false);
  });

  test('wakes a key that is gone no more', async () => {
    const ends = send(10);
    await clock.advance(5_000);
    guard.allows('a', 'poll');
    guard.forget('a');
    ends[0]?.();
    expect(budgetAvailable).toEqual([]);
  });
});
