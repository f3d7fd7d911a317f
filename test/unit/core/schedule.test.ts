/** When an object is looked at next. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  CONTESTED,
  conflictBackoff,
  contestedSpacing,
  DOWN_MS,
  dependencyBackoff,
  HOUR,
  MINUTE,
  notLaterThan,
  operationPoll,
  PROVISIONING_MS,
  periodic,
  REPAIR_RESET_MS,
  type Requeue,
  ROLE_SPREADS_MS,
  repairSpacing,
  slowRetry,
  transientBackoff,
} from '../../../src/core/schedule.ts';
import { rules } from './builders.ts';

describe('waits', () => {
  const ten = 10 * MINUTE;
  rules<readonly [unknown, unknown]>(
    {
      'a routine look comes once an interval': [periodic(ten), { kind: 'periodic', ms: ten }],
      'what somebody may be about to mend is looked at soon, then at the interval': [
        dependencyBackoff(ten),
        { kind: 'backoff', baseMs: 5_000, maxMs: ten },
      ],
      'a short interval is never exceeded by a wait': [
        dependencyBackoff(2_000),
        { kind: 'backoff', baseMs: 2_000, maxMs: 2_000 },
      ],
      'a failure that passes is tried again after a second, then up to the interval': [
        transientBackoff(ten),
        { kind: 'backoff', baseMs: 1_000, maxMs: ten, minMs: 0 },
      ],
      'a failure that passes is not tried before Azure permits': [
        transientBackoff(ten, 3 * HOUR),
        { kind: 'backoff', baseMs: 1_000, maxMs: ten, minMs: 3 * HOUR },
      ],
      'a maximum is never below its base (transient)': [
        transientBackoff(500),
        { kind: 'backoff', baseMs: 1_000, maxMs: 1_000, minMs: 0 },
      ],
      'what changed meanwhile is looked at again at once, then ever less eagerly': [
        conflictBackoff(ten),
        { kind: 'backoff', baseMs: 500, maxMs: ten },
      ],
      'a maximum is never below its base (again)': [
        conflictBackoff(100),
        { kind: 'backoff', baseMs: 500, maxMs: 1_000 },
      ],
      'the slow retry is ten minutes for a short interval, doubling to an hour': [
        slowRetry(MINUTE),
        { kind: 'backoff', baseMs: ten, maxMs: HOUR },
      ],
      'the slow retry is the interval when that is longer': [
        slowRetry(30 * MINUTE),
        { kind: 'backoff', baseMs: 30 * MINUTE, maxMs: HOUR },
      ],
      'the slow retry never comes more often than the interval': [
        slowRetry(24 * HOUR),
        { kind: 'backoff', baseMs: 24 * HOUR, maxMs: 24 * HOUR },
      ],
      'what Azure works on is looked at once a minute at the most': [
        operationPoll(ten),
        { kind: 'backoff', baseMs: 5_000, maxMs: MINUTE },
      ],
      'what Azure works on is looked at once an interval when that is shorter': [
        operationPoll(2_000),
        { kind: 'backoff', baseMs: 2_000, maxMs: 2_000 },
      ],
    },
    ([is, ought]) => expect(is).toEqual(ought),
  );

  test('the base of a back-off is never above its maximum', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 24 * HOUR }), (intervalMs) => {
        for (const next of [dependencyBackoff, transientBackoff, conflictBackoff, slowRetry, operationPoll].map(
          (wait) => wait(intervalMs),
        )) {
          if (next.kind === 'backoff') expect(next.baseMs).toBeLessThanOrEqual(next.maxMs);
        }
      }),
    );
  });
});

test('the deadlines are those of the design', () => {
  expect({ ROLE_SPREADS_MS, PROVISIONING_MS, DOWN_MS, REPAIR_RESET_MS, CONTESTED }).toEqual({
    ROLE_SPREADS_MS: 600_000,
    PROVISIONING_MS: 1_800_000,
    DOWN_MS: 600_000,
    REPAIR_RESET_MS: 3_600_000,
    CONTESTED: { corrections: 5, intervals: 6 },
  });
});

test('repairs are 1, 2, 4 … minutes apart, and an hour at the most', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 20].map((n) => repairSpacing(n) / MINUTE)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

describe('the wait after a correction of a contested field', () => {
  const at = (...minutes: number[]) => minutes.map((minute) => minute * MINUTE);
  rules<readonly [readonly number[], number, number]>(
    {
      'is twice the wait before': [at(0, 10), 10, 20],
      'doubles with each': [at(0, 10, 30), 10, 40],
      'is an hour at the most': [at(0, 45), 10, 60],
      'is an interval at the least': [at(0, 1), 10, 10],
      'is an hour at the most though the interval is longer': [at(0, 240), 240, 60],
      'is an interval after the first correction': [at(1_000), 10, 10],
      'is an interval when nothing was corrected yet': [[], 10, 10],
    },
    ([times, intervalMinutes, minutes]) => {
      expect(contestedSpacing(times, intervalMinutes * MINUTE)).toBe(minutes * MINUTE);
    },
  );
});

describe('a poll that must not be later', () => {
  const LATEST = 30_000;
  rules<readonly [Requeue, Requeue]>(
    {
      'comes in time': [
        { kind: 'after', ms: MINUTE },
        { kind: 'after', ms: LATEST },
      ],
      'may come earlier': [
        { kind: 'after', ms: 1_000 },
        { kind: 'after', ms: 1_000 },
      ],
      'comes in time although it has failed often': [
        { kind: 'backoff', baseMs: 1, maxMs: MINUTE },
        { kind: 'backoff', baseMs: 1, maxMs: MINUTE, latestMs: LATEST },
      ],
      'is not before Azure wants it': [
        { kind: 'backoff', baseMs: 1, maxMs: MINUTE, minMs: MINUTE },
        { kind: 'backoff', baseMs: 1, maxMs: MINUTE, minMs: MINUTE, latestMs: MINUTE },
      ],
      'does not come where nothing is left to do': [{ kind: 'never' }, { kind: 'never' }],
    },
    ([next, expected]) => {
      expect(notLaterThan(next, LATEST)).toEqual(expected);
      expect(notLaterThan(next, undefined)).toBe(next);
    },
  );
});
