/** On whose behalf a pass calls Azure: how urgently, what it asks the request budget for, and whether it may still write. */
import { condition, isSameIntent } from '../core/model/object.ts';
import { MINUTE } from '../core/schedule.ts';
import {
  isAuthoringRequested,
  isNewGeneration,
  isReconcileRequested,
  isRepairRequested,
  managing,
  type Situation,
} from '../core/situation.ts';
import type { Access, CallContext, Dependencies, Needs, Urgency } from '../ports.ts';

/** What a pass asks Azure for, as far as it can be foreseen: the state alone, … */
const READ_STATE: Needs = { reads: 1 };
/** … the definition and the state, … */
const READ_ALL: Needs = { reads: 2 };
/** … a write between the two, … */
const WRITE: Needs = { reads: 2, writes: 1 };
/** … or the definition before its end. */
const DELETION: Needs = { reads: 1, deletes: 1 };

/** A wait for the request budget that is shorter is never reported, however often the object is polled. */
const MAX_WAIT_MS = MINUTE;

/** The caller at the beginning of a pass. */
export function initialContext(world: Dependencies, s: Situation, access: Access, signal: AbortSignal): CallContext {
  const { object } = s;
  return {
    key: object.key,
    urgency: urgencyOf(s),
    needs: READ_STATE,
    maxWaitMs: Math.max(s.intervalMs, MAX_WAIT_MS),
    signal,
    mayWrite: () => {
      const current = world.objects.get(object.key);
      if (signal.aborted || !world.isLeader() || !isSameIntent(current, object)) return false;
      return current !== undefined && isSameAccess(world.identities.accessFor(current), access);
    },
  };
}

/** What is read afresh is likely to be written: the tokens for that come now, or the read would be in vain. */
export function contextForWrite(caller: CallContext, { object, desired }: Situation): CallContext {
  const { urgency } = caller;
  const needs = object.deleting ? DELETION : managing(desired) ? WRITE : READ_ALL;
  return { ...caller, needs, urgency: urgency === 'poll' && managing(desired) ? 'repair' : urgency };
}

function urgencyOf(s: Situation): Urgency {
  const isStalled = condition(s.status, 'Stalled') !== undefined;
  const owned = s.status.claim !== undefined || !managing(s.desired) || isStalled;
  const asked = isReconcileRequested(s) || isRepairRequested(s) || isAuthoringRequested(s);
  if (s.object.deleting || !owned || isNewGeneration(s) || asked) return 'change';
  return condition(s.status, 'Healthy')?.reason === 'Limited' ? 'repair' : 'poll';
}

/** Whether the object would still reach Azure as the same client. */
function isSameAccess(current: Access, decided: Access): boolean {
  return current.granted && decided.granted && current.identity === decided.identity;
}
