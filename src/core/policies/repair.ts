/** The repair of a runtime: when one is made, how many there are, and what is told meanwhile. */
import { isReadyReason } from '../../api/names.ts';
import { repairRefused } from '../events.ts';
import { type Failure, isTransient, isWriteRefused, toldBy } from '../model/failure.ts';
import { type Advice, type Message, shownAs } from '../model/message.ts';
import { condition } from '../model/object.ts';
import { attempted, inView, isDue, planned, type Repairs, settlesAt } from '../model/repairs.ts';
import { healthOf } from '../model/states.ts';
import { isRefusalTold, permitsRepair } from '../refusal.ts';
import { IMMEDIATELY, type Requeue, repairSpacing, unmadeSpacing } from '../schedule.ts';
import {
  type Action,
  etagOf,
  isHealthyAgain,
  isNewGeneration,
  isRepairRequested,
  managing,
  type Policy,
  type Situation,
  type Verdict,
} from '../situation.ts';
import { statusAfter } from '../status/status.ts';
import { REPAIR_UNMADE, waitingSince } from '../waits.ts';
import { isBeingRepaired, nextOperationPoll } from './operation.ts';
import { progressing, STANDS, settle, stall, stalled, UNCHANGED } from './verdicts.ts';

/** Make sure a person who asks for a repair gets one, whatever the state and the repairs before it. */
export const requestedRepairIsDone: Policy = (s) => {
  const token = s.object.requests.repair;
  if (!isRepairRequested(s) || token === undefined || s.wrote !== undefined) return undefined;
  return { kind: 'Repair', attempt: { by: 'person', token } };
};

/** Make sure a person who asks for a repair that Azure refuses hears so, and what is in order is not shaken by it. */
export const refusedRepairIsAnswered: Policy = (s) => {
  if (s.failure?.during !== 'repair' || !isWriteRefused(s.failure.failure)) return undefined;
  if (isRepairRequested(s)) return answer(toldBy(s.failure.failure));
  const { repair } = s.object.requests;
  const isAnswered = repair !== undefined && s.object.status.lastHandledRepairAt !== repair;
  return isAnswered ? settle(UNCHANGED, IMMEDIATELY) : undefined;
};

/** The policy; a person who asks for a repair of what may not be written, or is not there, hears why there is none. */
export const answeringRepairs =
  (policy: Policy): Policy =>
  (s) => {
    const action = policy(s);
    if (action?.kind !== 'Settle' || !isRepairRequested(s)) return action;
    if (action.verdict.kind === 'Decided' && action.verdict.progress === 'Stalled')
      return answer(action.verdict.message);
    return action.verdict.kind === 'Stands' ? answer({ what: condition(s.status, 'Ready')?.message ?? '' }) : action;
  };

const answer = (why: Message): Action => ({ kind: 'CompleteRequest', request: 'repair', event: repairRefused(why) });

/**
 * The policy, of a runtime whose definition Azure refuses: that stays told, whatever comes of a repair or of reading the state
 * meanwhile. Told as anything else, it would be lost that the write is to be made slowly.
 */
export const whileRefusalStands =
  (policy: Policy): Policy =>
  (s) => {
    const action = policy(s);
    const during = s.failure?.during;
    const isStateRead = during === 'poll' && s.definition?.presence === 'present';
    const isAside = during === undefined || during === 'repair' || isStateRead;
    if (action?.kind !== 'Settle' || !isAside || !isRefusalTold(s)) return action;
    // What may pass within an interval blanks no state that is shown.
    return isStateRead && action.verdict.kind === 'Unchanged' ? action : { ...action, verdict: STANDS };
  };

/** The policy, of an update that was refused; the repair that it does not keep from being made is the next pass's. */
export const beforeRepair =
  (policy: Policy): Policy =>
  (s) => {
    const action = policy(s);
    const isRefused = s.failure?.during === 'update' && isWriteRefused(s.failure.failure);
    return action?.kind === 'Settle' && isRefused && isRepairAwaited(s) ? { ...action, next: IMMEDIATELY } : action;
  };

function isRepairAwaited(s: Situation): boolean {
  const { status, state = '', failure, desired, now } = s;
  if (status.claim === undefined || isBeingRepaired(s)) return false;
  const isOfTheDocument = ['refused', 'policyDenied'].includes(failure?.failure.kind ?? '');
  const mayRepair = healthOf(state) === 'limited' && isRepairOn(s) && isOfTheDocument;
  return isRepairRequested(s) || (mayRepair && isDue(status.repair, desired.repair.maxAttempts, now));
}

/** Make sure it is known whether a repair without an answer was made: a list may be older than that. */
export const repairIsAccountedFor: Policy = (s) => {
  const etag = s.status.repair?.etag;
  const isOpen = etag !== undefined && etag === etagOf(s) && s.definition?.fresh === false;
  return isOpen && managing(s.desired) ? { kind: 'Read', at: 'definition', fresh: true } : undefined;
};

/** The policy, of a runtime that is `Limited`. */
const whenLimited =
  (policy: Policy): Policy =>
  (s) =>
    s.state !== undefined && healthOf(s.state) === 'limited' ? policy(s) : undefined;

/** A repair that Azure has accepted, or that a person asked for, is given time to show, before the state counts again. */
export const acceptedRepairIsAwaited = whenLimited((s) => {
  const { attempts, of, left } = countOf(s);
  const mayRepeat = isRepairOn(s) && left <= 0 && attempts < of;
  if (!isBeingRepaired(s) || mayRepeat) return undefined;
  const message = isRepairOn(s) ? repairing(attempts, of) : REQUESTED;
  return settle(progressing('Repairing', message), nextOperationPoll(s));
});

const REQUESTED = {
  what: 'Runtime is Limited; the repair requested by annotation was made.',
  remedy: 'Waiting for it to take effect.',
};

export const limitedWithoutRepairIsReported = whenLimited((s) =>
  isRepairOn(s)
    ? undefined
    : stall(s, 'Limited', {
        what: managing(s.desired)
          ? 'Runtime is Limited, and automatic repair is disabled.'
          : 'Runtime is Limited, and this object only observes.',
        remedy: managing(s.desired)
          ? `Repair it in Azure, set spec.repair.mode: Auto, or request one repair: ${repairCommand(s)} (each new value is one repair).`
          : 'Repair it in Azure, or set spec.managementPolicy: Manage and spec.repair.mode: Auto.',
      }),
);

/** What a person must mend stays reported until the next attempt. */
export const failedRepairStaysReported = whenLimited((s) => {
  const { next, unmade } = countOf(s);
  const failed = isSpaced(s) && unmade ? whatFailed(s) : undefined;
  return failed && settle(failed, untilNext(next, s));
});

export const repairIsSpaced = whenLimited((s) => {
  const { attempts, of, next, unmade } = countOf(s);
  if (!isSpaced(s)) return undefined;
  const verdict = unmade ? notMade(unanswered(attempts + 1, next)) : progressing('Repairing', repairing(attempts, of));
  return settle(verdict, untilNext(next, s));
});

export const repairIsExhausted = whenLimited((s) => {
  const { attempts, of } = countOf(s);
  if (attempts < of) return undefined;
  return stall(s, 'RepairExhausted', {
    what: `Runtime is still Limited after ${times(attempts)}.`,
    remedy: `Check it in Azure; to retry: ${repairCommand(s)} (each new value is one repair).`,
  });
});

export function repairCommand({ object: { name, namespace } }: Situation): string {
  return `kubectl annotate azir ${name} -n ${namespace} --overwrite azure-ir.io/repair="$(date +%s)"`;
}

export const limitedIsRepaired = whenLimited((s) => {
  // The next try of what was refused is a repair, too.
  if (!permitsRepair(s)) return undefined;
  const { attempts, of } = countOf(s);
  return repair(s, attempts + 1, of);
});

interface Count {
  readonly attempts: number;
  readonly of: number;
  readonly next: number;
  /** Until then, milliseconds. */
  readonly left: number;
  readonly unmade: boolean;
}

function countOf(s: Situation): Count {
  const repairs = repairsOf(s);
  const { attempts, unmade = false } = repairs;
  const of = s.desired.repair.maxAttempts;
  const next = settlesAt(repairs, of) ?? s.now;
  return { attempts, of, next, left: next - s.now, unmade };
}

function isRepairOn({ desired }: Situation): boolean {
  return managing(desired) && desired.repair.mode === 'Auto';
}

/** Whether the next attempt is not due yet. */
function isSpaced(s: Situation): boolean {
  return countOf(s).left > 0 || s.wrote !== undefined;
}

/** The failure of a repair by the operator that was not made, as far as is known. */
function unmadeRepair(s: Situation): { readonly failure: Failure; readonly repair: Repairs } | undefined {
  const { failure, status } = s;
  if (failure?.during !== 'repair' || status.repair?.unmade !== true || isRepairRequested(s)) return undefined;
  return { failure: failure.failure, repair: status.repair };
}

/** Of a repair that was not made, its failure says so. What is transient is left to `unmadeRepairIsRetried`. */
export const withUnmadeRepair =
  (policy: Policy): Policy =>
  (s) => {
    const action = policy(s);
    const unmade = unmadeRepair(s);
    if (action === undefined || unmade === undefined) return action;
    if (action.kind !== 'Settle' || action.verdict.kind !== 'Decided' || isTransient(unmade.failure)) return undefined;
    const { message: why } = action.verdict;
    const message = { ...why, what: `${whatWasNotMade(unmade.repair)}${why.what}` };
    return { ...action, verdict: { ...action.verdict, message } };
  };

/** What fails for a while is tried again after the spacing of repairs, and ever less often. */
export const unmadeRepairIsRetried: Policy = (s) => {
  const unmade = unmadeRepair(s);
  if (unmade === undefined) return undefined;
  const { failure, repair } = unmade;
  const { nextAttemptTime: next = s.now } = repair;
  // Writes that are throttled, for up to a day, keep no runtime from being polled.
  const most = failure.kind === 'throttled' ? s.intervalMs : Infinity;
  const pause = 'retryAfterMs' in failure ? Math.min(failure.retryAfterMs ?? 0, most) : 0;
  const message = { ...toldBy(failure), what: `${whatWasNotMade(repair)}${failure.message}`, remedy: nextTry(next) };
  return settle(notMade(message), untilNext(next, s, pause));
};

/** How long the next attempt waits at the least after one that was not made. */
export function unmadePause(s: Situation): number {
  const since = condition(s.status, 'Stalled')?.lastTransitionTime ?? waitingSince(s, REPAIR_UNMADE);
  return unmadeSpacing(s.now - since);
}

function notMade(message: Advice): Verdict {
  return { ...progressing('Repairing', message), clock: REPAIR_UNMADE };
}

function whatWasNotMade({ attempts, etag }: Repairs): string {
  return `${UNMADE}${attempts + 1} ${etag === undefined ? 'was not made' : 'did not reach Azure'}: `;
}

/** What such a message begins with. */
const UNMADE = 'Limited; repair attempt ';

/** Of one that was cut short, by a crash for example. */
function unanswered(number: number, next: number): Advice {
  return { what: `${UNMADE}${number} did not reach Azure.`, remedy: nextTry(next) };
}

function nextTry(next: number): string {
  return `Retried automatically at ${new Date(next).toISOString().slice(0, 19)}Z.`;
}

/** What was told when the last attempt failed: it stands until the next one. */
function whatFailed(s: Situation): Verdict | undefined {
  const ready = condition(s.status, 'Ready');
  if (!s.status.repair?.unmade || isNewGeneration(s) || !ready?.message.startsWith(UNMADE)) return undefined;
  const { reason } = ready;
  if (!isReadyReason(reason)) return undefined;
  const stands = condition(s.status, 'Stalled');
  const short = stands ?? condition(s.status, 'Reconciling');
  const message = shownAs(ready.message, short?.message ?? ready.message);
  if (stands !== undefined) return stalled(reason, message);
  return reason === 'Repairing' ? notMade(message) : progressing(reason, message);
}

function untilNext(next: number, { now, intervalMs }: Situation, minMs = 1_000): Requeue {
  return { kind: 'after', ms: Math.max(Math.min(next - now, intervalMs), minMs, 1_000) };
}

/** The same for the whole wait after a repair, so that the status need not be written again. */
function repairing(attempts: number, of: number): Advice {
  return {
    what: `Runtime is Limited; repair attempt ${attempts} of ${of} made.`,
    remedy: attempts < of ? 'Another follows if it stays Limited.' : 'No further automatic attempts.',
  };
}

const times = (count: number): string => (count === 1 ? '1 repair' : `${count} repairs`);

/**
 * Stored before it is made, so that a crash loop makes no more repairs than their spacing permits. What failed before is said
 * until it is known what becomes of this attempt.
 */
function repair(s: Situation, number: number, of: number): Action {
  const { now, status } = s;
  const nextAttemptTime = now + repairSpacing(number);
  const before = { kind: 'Repair', attempt: { by: 'operator', number, of, nextAttemptTime } } as const;
  const etag = etagOf(s) ?? '';
  const made = { ...inView(status.repair ?? { attempts: 0 }, etag), attempts: number - 1 };
  const verdict = isRefusalTold(s) ? STANDS : (whatFailed(s) ?? progressing('Repairing', repairing(number, of)));
  const stored = { ...statusAfter(s, verdict), repair: planned(attempted(made, etag, now, nextAttemptTime), of) };
  return { kind: 'StoreStatus', status: stored, before };
}

/** Repairs count until the runtime has been well for an hour. */
function repairsOf(s: Situation): Repairs {
  const { status, now } = s;
  const none = status.repair === undefined || isHealthyAgain(status, now);
  return none ? { attempts: 0 } : inView(status.repair, etagOf(s));
}
