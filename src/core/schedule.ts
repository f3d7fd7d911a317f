/** When to reconcile again: every waiting time of the operator is decided here. All times are milliseconds. */

const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

export type Requeue =
  /** A poll about this much later; jittered, so that objects do not march in step. */
  | { readonly kind: 'periodic'; readonly ms: number }
  | { readonly kind: 'after'; readonly ms: number }
  /** Doubling from `baseMs` with every failure in a row up to `maxMs`, and never before `minMs`. */
  | {
      readonly kind: 'backoff';
      readonly baseMs: number;
      readonly maxMs: number;
      readonly minMs?: number;
      /** This time not later, for something else falls due then. */
      readonly latestMs?: number;
      /** A message about the runtime makes it no shorter: a write waits for it, or Azure has asked for it. */
      readonly isFirm?: boolean;
    }
  /** Not until the object changes. */
  | { readonly kind: 'never' };

/** How long a missing role may take to spread before a person is asked to act. Role assignments take minutes (Microsoft Learn). */
export const ROLE_SPREADS_MS = 10 * MINUTE;
/**
 * How long a token or a subscription may be refused before a person is asked to act: replicas of Entra and of ARM learn of
 * what is new within a minute (public threads, at Entra's codes), and a longer time costs only waiting.
 */
export const DENIAL_PASSES_MS = 10 * MINUTE;
/** An answer of Azure that has been the same for this long does not pass soon. */
export const ANSWER_LASTS_MS = HOUR;
export const PROVISIONING_MS = 30 * MINUTE;
export const DOWN_MS = 10 * MINUTE;
/** How long a write that Azure has accepted may take to show before it is made once more. */
export const OPERATION_MS = 10 * MINUTE;
/** The same, of a write that was made more than once. */
export const OPERATION_REPEATED_MS = HOUR;
/**
 * How long a create whose answer was lost may take to show. A factory answers when it is done, so that one that was
 * cut off shows soon; a workspace answers before it begins.
 */
export const CREATE_SHOWS_MS = { factory: 30 * SECOND, workspace: OPERATION_MS } as const;
/** How long a repair that Azure has accepted may take to show before the state counts again. */
export const REPAIR_SHOWS_MS = 2 * MINUTE;
/** Interactive authoring that is not enabled by then is not waited for any longer. */
export const ENABLING_MS = 10 * MINUTE;
/** An Online runtime that was repaired counts as well again after this. */
export const REPAIR_RESET_MS = HOUR;
/** A field counts as contested when it was corrected this often within so many intervals. */
export const CONTESTED = { corrections: 5, intervals: 6 };
/** A field that was left alone for so many intervals, at most two hours, is contested no longer. */
const CONTEST_ENDS = { intervals: 6, mostMs: 2 * HOUR };

/**
 * A runtime that Azure denies is read again after this before its object goes: ten seconds at least, for times in a
 * status are of whole seconds.
 */
export const RUNTIME_GONE_MS = 11 * SECOND;
/** The same before a claimed runtime is made again: five seconds at least. */
export const RUNTIME_MISSING_MS = 6 * SECOND;
/**
 * A factory, workspace or resource group that Azure denies for this long took its runtimes with it. ARM has denied what
 * exists for seconds to minutes (public: hashicorp/terraform-provider-azurerm#18268).
 */
export const PARENT_GONE_MS = 5 * MINUTE;
/** How long a parent that was there may be denied before its objects say so, if their interval is longer. */
export const PARENT_MISSED_MS = 2 * MINUTE;
/** A factory, workspace or network that nobody has created by then needs a person. It is looked for as before. */
export const PARENT_AWAITED_MS = 30 * MINUTE;
/** How old an answer about a parent may be: its objects share one a minute. */
export const PARENT_AGE_MS = MINUTE;

export function periodic(intervalMs: number): Requeue {
  return { kind: 'periodic', ms: intervalMs };
}

/**
 * How old a shared list may be for a poll: a little less than the interval, so that of two polls which are an
 * interval apart, the second never sees what the first saw, however late the first was.
 */
export function listAge(intervalMs: number): number {
  return intervalMs - Math.min(intervalMs / 50, 5 * SECOND);
}

/** Another writer or a person may be about to mend it: soon at first, then at the pace of polls. */
export function dependencyBackoff(intervalMs: number): Requeue {
  return { kind: 'backoff', baseMs: Math.min(5 * SECOND, intervalMs), maxMs: intervalMs };
}

/** A transient failure. */
export function transientBackoff(intervalMs: number, retryAfterMs = 0): Requeue {
  return { kind: 'backoff', baseMs: SECOND, maxMs: Math.max(intervalMs, SECOND), minMs: retryAfterMs };
}

/** The answer was given to another object: what it waits for wakes it, and its own poll comes in time to show that it lasts. */
export function heard(intervalMs: number): Requeue {
  return { kind: 'after', ms: Math.min(intervalMs, DENIAL_PASSES_MS) };
}

/** The same, but not later than that, where Azure does not ask for a longer wait. */
export function notLaterThan(next: Requeue, ms: number | undefined): Requeue {
  if (ms === undefined || next.kind === 'never') return next;
  if (next.kind === 'backoff') return { ...next, latestMs: Math.max(ms, next.minMs ?? 0) };
  return { ...next, ms: Math.min(next.ms, ms) };
}

/** Another writer was faster: read again at once, and ever less eagerly. */
export function conflictBackoff(intervalMs: number): Requeue {
  return { kind: 'backoff', baseMs: SECOND / 2, maxMs: Math.max(intervalMs, SECOND) };
}

/** A call was refused, a person must act, and what they do in Azure raises no event here. */
export function slowRetry(intervalMs: number): Requeue {
  const baseMs = Math.max(intervalMs, 10 * MINUTE);
  return { kind: 'backoff', baseMs, maxMs: Math.max(baseMs, HOUR) };
}

/** Nothing is left to do for it. */
export const NEVER: Requeue = { kind: 'never' };

/** The pass has made its one write, and there is more to do: the next pass, as urgent as this one. */
export const IMMEDIATELY: Requeue = { kind: 'backoff', baseMs: 1, maxMs: SECOND };

/**
 * How long an object that has handed its claim over checks whether the successor is still there. A deletion that the API server
 * began before the successor got its finalizer takes effect within this, without regard to it.
 */
export const SUCCESSOR_SETTLES_MS = 2 * SECOND;
export const SUCCESSOR_SETTLES: Requeue = { kind: 'after', ms: SUCCESSOR_SETTLES_MS };

/** How long a runtime outlives an object that Argo CD may have deleted: its next step may be to create the one that takes over. */
export const SUCCESSOR_GRACE_MS = 30 * SECOND;

/** Azure is working on it. */
export function operationPoll(intervalMs: number): Requeue {
  return { kind: 'backoff', baseMs: Math.min(5 * SECOND, intervalMs), maxMs: Math.min(MINUTE, intervalMs) };
}

/** Azure has just begun to work on it: the first read is soon, however often this object failed before. */
export function firstOperationPoll(intervalMs: number): Requeue {
  return { kind: 'after', ms: Math.min(5 * SECOND, intervalMs) };
}

/** The wait after the nth repair, n from 1: 1, 2, 4 … minutes. */
export function repairSpacing(attempt: number): number {
  return Math.min(MINUTE * 2 ** (attempt - 1), HOUR);
}

/**
 * The wait after a repair that was not made, at the least: as long as none could be made by then, ten minutes at the most. So
 * each is twice the one before. A process that ends in each of them tells none of that: the spacing bounds what it does.
 */
export function unmadeSpacing(lastedMs: number): number {
  return Math.min(lastedMs, 10 * MINUTE);
}

/** How long a contested field must be left alone before it is contested no longer. */
export function contestEnds(intervalMs: number): number {
  return Math.min(CONTEST_ENDS.intervals * intervalMs, CONTEST_ENDS.mostMs);
}

/**
 * The pause after a write that Azure refused: as long as it had been refused for by then, ten minutes at the least and an
 * hour at the most. So each is twice the one before, and nothing needs to be counted.
 */
export function refusedPause(lastedMs: number): number {
  return Math.min(Math.max(lastedMs, 10 * MINUTE), HOUR);
}

/** The wait after the last correction of a contested field: twice the one before it, up to an hour. */
export function contestedSpacing(times: readonly number[], intervalMs: number): number {
  const [previous = 0, last = 0] = times.slice(-2);
  return Math.min(Math.max(2 * (last - previous), intervalMs), HOUR);
}
