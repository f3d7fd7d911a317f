/** A status that was written under a clock which was ahead holds nothing up. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { FieldPath } from '../../../../src/core/model/fields.ts';
import { EMPTY_STATUS, type Status } from '../../../../src/core/model/object.ts';
import { withoutFuture } from '../../../../src/core/model/times.ts';
import { HOUR, MINUTE, repairSpacing } from '../../../../src/core/schedule.ts';
import { NOW } from '../builders.ts';

const time = fc.integer({ min: NOW - 3 * HOUR, max: NOW + 3 * HOUR });
const memories: fc.Arbitrary<Status> = fc
  .record(
    {
      conditions: fc.array(
        time.map((lastTransitionTime) => ({
          type: 'Healthy' as const,
          status: 'True' as const,
          reason: 'Online',
          message: '',
          observedGeneration: 1,
          lastTransitionTime,
        })),
        { maxLength: 2 },
      ),
      repair: fc.record(
        { attempts: fc.nat(9), lastAttemptTime: time, nextAttemptTime: time },
        { requiredKeys: ['attempts'] },
      ),
      waitingSince: time.map((at) => ({ reason: 'Provisioning', time: at })),
      unconfirmedSince: time,
      corrections: fc.array(
        fc.array(time).map((times) => ({ field: 'location' as FieldPath, times, contested: false })),
        { maxLength: 2 },
      ),
      operation: time.map((at) => ({
        kind: 'Update' as const,
        time: at,
        fields: [],
        specHash: 'hash',
        repeated: false,
      })),
      interactiveAuthoring: fc.record({ requestedTime: time, enabledUntil: time }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  )
  .map((some) => ({ ...EMPTY_STATUS, ...some }) as Status);

function pasts({ conditions, repair, waitingSince, unconfirmedSince, corrections, operation, ...rest }: Status) {
  return [
    ...conditions.map((c) => c.lastTransitionTime),
    ...corrections.flatMap(({ times }) => times),
    ...[repair?.lastAttemptTime, waitingSince?.time, unconfirmedSince, operation?.time],
    rest.interactiveAuthoring?.requestedTime,
  ].filter((each) => each !== undefined);
}

describe('a memory', () => {
  test('has nothing ahead of now, and what was not ahead is as it was', () => {
    fc.assert(
      fc.property(memories, (status) => {
        const tamed = withoutFuture(status, NOW);
        expect(pasts(tamed)).toEqual(pasts(status).map((each) => Math.min(each, NOW)));
        const { repair } = tamed;
        if (repair?.nextAttemptTime !== undefined) {
          expect(repair.nextAttemptTime).toBeLessThanOrEqual(NOW + repairSpacing(Math.max(1, repair.attempts)));
        }
        expect(tamed.interactiveAuthoring?.enabledUntil).toBe(status.interactiveAuthoring?.enabledUntil);
      }),
    );
  });

  test('is the very same when nothing is ahead, so that nothing is written', () => {
    fc.assert(
      fc.property(memories, (status) => {
        const tamed = withoutFuture(status, NOW);
        expect(withoutFuture(tamed, NOW)).toBe(tamed);
        expect(withoutFuture(tamed, NOW + MINUTE)).toBe(tamed);
      }),
    );
  });
});
