/** The runtime is as declared: is it well, and if not, who can mend it? */
import { condition, operationOf } from '../model/object.ts';
import { inView, type Repairs } from '../model/repairs.ts';
import { healthOf } from '../model/states.ts';
import {
  DOWN_MS,
  dependencyBackoff,
  operationPoll,
  PROVISIONING_MS,
  periodic,
  type Requeue,
  repairSpacing,
  slowRetry,
} from '../schedule.ts';
import {
  type Action,
  driftOf,
  etagOf,
  isHealthyAgain,
  isNewGeneration,
  isRepairRequested,
  managing,
  type Policy,
  type Situation,
  type Verdict,
  waitingSince,
} from '../situation.ts';
import { onFreshRead } from './definition.ts';
import { explain, isTransient } from './failure.ts';
import { isBeingRepaired, nextOperationPoll } from './operation.ts';
import { available, progressing, settle, stall, stalled, unknown } from './verdicts.ts';

/** Make sure a person who asks for a repair gets one, whatever the state and the repairs before it. */
export const requestedRepairIsDone: Policy = (s) => {
  const token = s.object.requests.repair;
  if (!isRepairRequested(s) || token === undefined || s.wrote !== undefined) return undefined;
  const verdict = progressing('Repairing', 'A repair was asked for.');
  return onFreshRead(s, { kind: 'Repair', attempt: { by: 'person', token }, verdict });
};

/** Make sure the state is known. */
export const stateIsKnown: Policy = ({ state }) => (state === undefined ? { kind: 'Read', at: 'state' } : undefined);

/**
 * Make sure a runtime that Azure is still making in a managed virtual network is waited for, not repaired: whatever state it
 * passes through then, `Limited` too, is a stage. Writing the definition again could only begin that anew, and after half an
 * hour it counts as the state that it is.
 */
export const freshRuntimeIsProvisioning: Policy = (s) => {
  const { state, status, desired, wrote, now, intervalMs } = s;
  if (state === undefined || desired.managedVirtualNetwork === undefined || !managing(desired)) return undefined;
  // The status still tells of a create that Azure had accepted, and that shows in this pass.
  const shows = operationOf(s.object.status, 'creation') !== undefined;
  const isFresh = wrote?.kind === 'create' || shows || status.waitingSince?.reason === 'Provisioning';
  if (!isFresh || status.claim?.origin !== 'Created' || !['starting', 'limited', 'down'].includes(healthOf(state))) {
    return undefined;
  }
  return now - waitingSince(s, 'Provisioning') < PROVISIONING_MS
    ? settle(progressing('Provisioning', preparing(state)), operationPoll(intervalMs))
    : undefined;
};

function preparing(state: string): string {
  return `Azure is preparing the runtime (${state}), for 30 minutes at most.`;
}

/** Make sure it is known whether a repair without an answer was made: a list may be older than that. */
export const repairIsAccountedFor: Policy = (s) => {
  const etag = s.status.repair?.etag;
  const isOpen = etag !== undefined && etag === etagOf(s) && s.definition?.fresh === false;
  return isOpen && managing(s.desired) ? { kind: 'Read', at: 'definition', fresh: true } : undefined;
};

/** Make sure a `Limited` runtime is repaired, within bounds. */
export const limitedIsRepaired: Policy = (s) => {
  if (s.state === undefined || healthOf(s.state) !== 'limited') return undefined;
  const { desired, now } = s;
  const { attempts, nextAttemptTime: next = now, unmade } = repairsOf(s);
  const of = desired.repair.maxAttempts;
  const off = !managing(desired) || desired.repair.mode === 'Disabled';
  const message = off ? 'A repair was asked for.' : repairing(attempts, of);
  if (isBeingRepaired(s) && (off || next > now || attempts >= of)) {
    return settle(progressing('Repairing', message), nextOperationPoll(s));
  }
  if (off) {
    return stall(
      s,
      s.state,
      `The runtime is Limited and repair is off. Repair it in Azure, or let this object: managementPolicy: Manage, repair.mode: Auto.`,
    );
  }
  if (next > now || s.wrote !== undefined) {
    const said = unmade ? (whatFailed(s) ?? progressing('Repairing', unanswered(attempts + 1, next))) : undefined;
    return settle(said ?? progressing('Repairing', message), untilNext(next, s));
  }
  if (attempts >= of) {
    return stall(
      s,
      'RepairExhausted',
      `Still Limited after ${times(attempts)}. Look at the runtime in Azure; the annotation azure-ir.io/repair: <token> asks for one more.`,
    );
  }
  return onFreshRead(s, repair(s, attempts + 1, of));
};

/**
 * Make sure a repair that Azure refused, or did not answer, is told as not made. What passes is tried again after the
 * spacing of repairs; what a person must mend, as it is for other writes.
 */
export const unmadeRepairIsTold: Policy = (s) => {
  const { failure, status, now } = s;
  if (failure?.during !== 'repair' || status.repair?.unmade !== true || isRepairRequested(s)) return undefined;
  const { attempts, nextAttemptTime: next = now, etag } = status.repair;
  const explained = explain(s, failure.failure);
  const isTold = explained.kind === 'Settle' && explained.verdict.kind === 'Decided' && !isTransient(failure.failure);
  const what = `${UNMADE}${attempts + 1} ${etag === undefined ? 'was not made' : 'did not reach Azure'}: `;
  if (isTold && explained.verdict.kind === 'Decided') {
    return { ...explained, verdict: { ...explained.verdict, message: `${what}${explained.verdict.message}` } };
  }
  const { message } = failure.failure;
  const pause = 'retryAfterMs' in failure.failure ? (failure.failure.retryAfterMs ?? 0) : 0;
  return settle(progressing('Repairing', `${what}${message} ${nextTry(next)}`), untilNext(next, s, pause));
};

/** What such a message begins with. */
const UNMADE = 'Limited; repair attempt ';

/** Of one that was cut short, by a crash for example. */
function unanswered(number: number, next: number): string {
  return `${UNMADE}${number} did not reach Azure. ${nextTry(next)}`;
}

function nextTry(next: number): string {
  return `Next try at ${new Date(next).toISOString().slice(0, 19)}Z.`;
}

/** What was told when the last attempt failed: it stands until the next one. */
function whatFailed(s: Situation): Verdict | undefined {
  const ready = condition(s.status, 'Ready');
  if (!s.status.repair?.unmade || isNewGeneration(s) || !ready?.message.startsWith(UNMADE)) return undefined;
  const { reason, message } = ready;
  return condition(s.status, 'Stalled') === undefined ? progressing(reason, message) : stalled(reason, message);
}

function untilNext(next: number, { now, intervalMs }: Situation, minMs = 1_000): Requeue {
  return { kind: 'after', ms: Math.max(Math.min(next - now, intervalMs), minMs, 1_000) };
}

/** The same for the whole wait after a repair, so that the status need not be written again. */
function repairing(attempts: number, of: number): string {
  const then = attempts < of ? 'If it stays Limited, the next follows.' : 'It was the last one by itself.';
  return `Limited; ${attempts} of at most ${times(of)} made. ${then}`;
}

const times = (count: number): string => (count === 1 ? '1 repair' : `${count} repairs`);

/** What failed before is told until it is known what becomes of this attempt. */
function repair(s: Situation, number: number, of: number): Action {
  return {
    kind: 'Repair',
    attempt: { by: 'operator', number, of, nextAttemptTime: s.now + repairSpacing(number) },
    verdict: whatFailed(s) ?? progressing('Repairing', repairing(number, of)),
  };
}

/** Repairs count until the runtime has been well for an hour. */
function repairsOf(s: Situation): Repairs {
  const { status, now } = s;
  const none = status.repair === undefined || isHealthyAgain(status, now);
  return none ? { attempts: 0 } : inView(status.repair, etagOf(s));
}

/** An object that only observes is Ready by the state alone. */
function asDeclared(s: Situation): boolean {
  return driftOf(s).length === 0;
}

/** Make sure what is observed is what is said. */
export const stateIsReported: Policy = (s) => {
  const { state = '', now, intervalMs } = s;
  switch (healthOf(state)) {
    case 'healthy':
      return settle(
        available(`${asDeclared(s) ? 'In sync' : 'Not as declared (see Synced)'}, and ${state}.`),
        periodic(intervalMs),
      );
    case 'starting':
      return now - waitingSince(s, 'Provisioning') < PROVISIONING_MS
        ? settle(progressing('Provisioning', preparing(state)), operationPoll(intervalMs))
        : settle(
            stalled(
              'Provisioning',
              `Azure has been preparing the runtime (${state}) for over 30 minutes. Look at it in Azure.`,
            ),
            slowRetry(intervalMs),
          );
    case 'down':
      return now - waitingSince(s, state) < DOWN_MS
        ? settle(
            progressing(state, `Azure says ${state}. If that lasts for 10 minutes, a person has to look at it.`),
            operationPoll(intervalMs),
          )
        : settle(
            stalled(state, `Azure has said ${state} for over 10 minutes. Look at the runtime in Azure.`),
            slowRetry(intervalMs),
          );
    default:
      return settle(
        unknown('Unknown', `Azure says ${state.slice(0, 80)}, a state that this version does not know.`),
        dependencyBackoff(intervalMs),
      );
  }
};
