/** The verdicts of a pass, by what becomes of the object next. */
import type { ReadyReason } from '../../api/names.ts';
import type { Advice } from '../model/message.ts';
import { PARENT_AWAITED_MS, periodic, type Requeue, slowRetry } from '../schedule.ts';
import type { Action, Situation, Verdict } from '../situation.ts';
import { type Absence, waitingSince } from '../waits.ts';

type Decided = Extract<Verdict, { kind: 'Decided' }>;

/** In sync and healthy, as far as this object answers for it. */
export function available(what: string): Verdict {
  return { kind: 'Decided', ready: 'True', reason: 'Available', message: { what }, progress: undefined };
}

/** Not ready, and on the way by itself. */
export function progressing(reason: ReadyReason, message: Advice): Decided {
  return { kind: 'Decided', ready: 'False', reason, message, progress: 'Reconciling' };
}

/** An object that is being deleted while Azure denies its runtime or parent, which is yet to be confirmed. */
export function confirming(absence: Absence, message: Advice): Verdict {
  return { kind: 'Decided', ready: 'False', reason: 'Deleting', message, progress: 'Reconciling', clock: absence };
}

/** Not ready until a person acts. */
export function stalled(reason: ReadyReason, message: Advice): Decided {
  return { kind: 'Decided', ready: 'False', reason, message, progress: 'Stalled' };
}

/** Waits for a parent or network that another writer may be creating, and that a person has forgotten if it lasts. */
export function awaited(s: Situation, reason: ReadyReason, message: Advice): Decided {
  return s.now - waitingSince(s, reason) < PARENT_AWAITED_MS ? progressing(reason, message) : stalled(reason, message);
}

/** Nothing can be said at the moment. */
export function unknown(reason: ReadyReason, message: Advice): Decided {
  return { kind: 'Decided', ready: 'Unknown', reason, message, progress: 'Reconciling' };
}

export const UNCHANGED: Verdict = { kind: 'Unchanged' };
export const STANDS: Verdict = { kind: 'Stands' };

export function settle(verdict: Verdict, next: Requeue): Action {
  return { kind: 'Settle', verdict, next };
}

/** Stalled until a person acts. */
export function stall(s: Situation, reason: ReadyReason, message: Advice): Action {
  return settle(stalled(reason, message), nextPass(s));
}

/**
 * What was read is read again as at rest: where it shows that what stalls the object is over, that is seen within one
 * interval. What was refused to be read, and a deletion, is tried again slowly; so is what no read was made for.
 */
export function nextPass({ definition, failure, object, intervalMs }: Situation): Requeue {
  const isRead = definition !== undefined && failure?.during !== 'poll' && !object.deleting;
  return isRead ? periodic(intervalMs) : slowRetry(intervalMs);
}
