/**
 * What a status remembers of the past is not ahead of the clock. What is, was written before the clock was set back, or by a
 * machine whose clock was ahead, and would hold up whatever waits for it by as much. It counts as now, and is stored so.
 */

import { HOUR, repairSpacing } from '../schedule.ts';
import type { Status } from './object.ts';

/**
 * The status as of `now`: the same one, unless something in it is ahead. Until when interactive authoring stays enabled is
 * only shown.
 */
export function withoutFuture(status: Status, now: number): Status {
  if (pastsOf(status).every((time) => time <= now) && nextRepair(status, now) === status.repair?.nextAttemptTime) {
    return status;
  }
  const past = (time: number): number => Math.min(time, now);
  const { repair, waitingSince, unconfirmedSince, operation, interactiveAuthoring } = status;
  return {
    ...status,
    conditions: status.conditions.map((c) => ({ ...c, lastTransitionTime: past(c.lastTransitionTime) })),
    corrections: status.corrections.map((c) => ({ ...c, times: c.times.map(past) })),
    ...(repair && { repair: repairAsOf(status, repair, now) }),
    ...(waitingSince && { waitingSince: { ...waitingSince, time: past(waitingSince.time) } }),
    ...(unconfirmedSince !== undefined && { unconfirmedSince: past(unconfirmedSince) }),
    ...(operation && { operation: { ...operation, time: past(operation.time) } }),
    ...(interactiveAuthoring?.requestedTime !== undefined && {
      interactiveAuthoring: { ...interactiveAuthoring, requestedTime: past(interactiveAuthoring.requestedTime) },
    }),
  };
}

function pastsOf(status: Status): readonly number[] {
  const { conditions, corrections, repair, waitingSince, unconfirmedSince, operation, interactiveAuthoring } = status;
  const single = [
    repair?.lastAttemptTime,
    waitingSince?.time,
    unconfirmedSince,
    operation?.time,
    interactiveAuthoring?.requestedTime,
  ];
  return [
    ...conditions.map((c) => c.lastTransitionTime),
    ...corrections.flatMap((c) => c.times),
    ...single.filter((time) => time !== undefined),
  ];
}

type Repair = NonNullable<Status['repair']>;

function repairAsOf(status: Status, repair: Repair, now: number): Repair {
  const { lastAttemptTime } = repair;
  const nextAttemptTime = nextRepair(status, now);
  return {
    ...repair,
    ...(lastAttemptTime !== undefined && { lastAttemptTime: Math.min(lastAttemptTime, now) }),
    ...(nextAttemptTime !== undefined && { nextAttemptTime }),
  };
}

/** It may be ahead, but not by more than its spacing; by up to an hour where Azure refused the last attempt. */
function nextRepair({ repair }: Status, now: number): number | undefined {
  if (repair?.nextAttemptTime === undefined) return undefined;
  const most = repair.unmade ? HOUR : repairSpacing(Math.max(1, repair.attempts));
  return Math.min(repair.nextAttemptTime, now + most);
}
