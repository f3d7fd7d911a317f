/** Backoff: ever longer, bounded, spread. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { backoffDelay, RetryMemory } from '../../../src/runtime/retries.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('the wait after a failure', () => {
  test('doubles from the base up to the maximum', () => {
    const waits = [0, 1, 2, 3, 4].map((failures) => backoffDelay({ baseMs: 1_000, maxMs: 100_000 }, failures, 0.5));
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
  });

  test('is spread by 20 % to either side while below the maximum', () => {
    const policy = { baseMs: 1_000, maxMs: 100_000 };
    expect(backoffDelay(policy, 1, 0)).toBe(1_600);
    expect(backoffDelay(policy, 1, 1)).toBeCloseTo(2_400);
  });

  test('at the maximum is still spread, over the 20 % below it', () => {
    const policy = { baseMs: 1_000, maxMs: 10_000 };
    expect([0, 0.5, 1].map((value) => backoffDelay(policy, 30, value))).toEqual([8_000, 9_000, 10_000]);
  });

  test('never exceeds the maximum nor falls below 80 % of what is planned, after any number of failures', () => {
    const number = fc.integer({ min: 1, max: 10_000_000 });
    fc.assert(
      fc.property(number, number, fc.nat(), random, (baseMs, maxMs, failures, value) => {
        const wait = backoffDelay({ baseMs, maxMs }, failures, value);
        expect(wait).toBeLessThanOrEqual(maxMs);
        expect(wait).toBeGreaterThanOrEqual(0.8 * Math.min(baseMs, maxMs) - 1e-6);
      }),
    );
  });

  test('is never shorter than what a server asked for, even beyond the maximum', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.nat(20), random, (minMs, failures, value) => {
        expect(backoffDelay({ baseMs: 1_000, maxMs: 5_000, minMs }, failures, value)).toBeGreaterThanOrEqual(minMs);
      }),
    );
  });

  test('is spread above what a server asked for, since it asked many at once', () => {
    const policy = { baseMs: 1, maxMs: 1, minMs: 10_000 };
    expect(backoffDelay(policy, 0, 0)).toBe(10_000);
    expect(backoffDelay(policy, 0, 0.5)).toBe(11_000);
  });
});

test('a wait that must end in time does, and the next ones double as if it had not', () => {
  const status = new RetryMemory(new FakeClock());
  const policy = { baseMs: 1_000, maxMs: 60_000 };
  const waits = [undefined, undefined, 1_500, undefined].map((latestMs) =>
    status.failed('a', { ...policy, ...(latestMs === undefined ? {} : { latestMs }) }),
  );
  expect(waits).toEqual([1_000, 2_000, 1_500, 8_000]);
});

describe('the memory of failures', () => {
  const policy = { baseMs: 1_000, maxMs: 60_000 };

  test('counts the failures of a key', () => {
    const status = new RetryMemory(new FakeClock());
    expect(status.failures('a')).toBe(0);
    expect(status.failed('a', policy)).toBe(1_000);
    expect(status.failed('a', { ...policy, minMs: 1 })).toBe(2_000);
    expect(status.failures('a')).toBe(2);
    expect(status.failures('b')).toBe(0);
  });

  test('starts at the base when a key fails in another way', () => {
    const status = new RetryMemory(new FakeClock());
    for (let i = 0; i < 5; i++) status.failed('a', policy);
    expect(status.failed('a', { baseMs: 500, maxMs: 60_000 })).toBe(500);
    expect(status.failures('a')).toBe(1);
  });

  test('starts anew once cleared', () => {
    const status = new RetryMemory(new FakeClock());
    status.failed('a', policy);
    status.clear('a');
    expect(status.failures('a')).toBe(0);
    expect(status.failed('a', policy)).toBe(1_000);
  });
});
