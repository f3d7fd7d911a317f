/**
 * The election of one leader among the replicas, by a lease that all of them can read and write. Pure: what a replica knows
 * and the time decide what it does; `elector.ts` does it.
 *
 * The rules are those of client-go. The holder renews the lease; a holder that cannot renew stops leading at the renew
 * deadline. Another replica takes the lease when it has seen no change of it for the duration that the lease names. No
 * replica trusts the clock of another: it counts that duration from when it saw the change. The holder counts its deadline
 * from when it started the last good renewal, before any other replica could see it. So the old leader has stopped before
 * the new one starts, whatever the clocks show and however long messages take, as long as the clocks run equally fast.
 */

/** One moment by two clocks, in milliseconds. */
export interface Instant {
  /** Since some moment in the past, by a clock that never steps. */
  readonly monotonic: number;
  /** Since the epoch. */
  readonly wall: number;
}

export interface ElectionTerms {
  /** Of this replica alone: after a restart it has another one. */
  readonly identity: string;
  /** How long other replicas wait after the last change they saw, milliseconds. */
  readonly leaseDurationMs: number;
  /** How long the leader may lead after a renewal, milliseconds; shorter than the lease duration. */
  readonly renewDeadlineMs: number;
  /** From the start of one renewal to the next, good or bad, milliseconds; shorter than the renew deadline. */
  readonly retryPeriodMs: number;
}

export interface Lease {
  /** Empty when no replica holds it. */
  readonly holder: string;
  readonly durationMs: number;
  /** Milliseconds since the epoch, by the holder's clock. For people: nothing is decided by it. */
  readonly acquiredAt: number;
  readonly renewedAt: number;
  /** How often it went from one holder to another. */
  readonly transitions: number;
}

/** A lease as the store has it. Another version means that it was written since. */
export interface StoredLease {
  readonly lease: Lease;
  readonly version: string;
}

/** What a replica knows. */
export interface ElectionState {
  readonly seen: StoredLease | 'none' | 'unknown';
  /** When it may write next, by the monotonic clock. */
  readonly writeAt: number;
  /** When it started its last good write; undefined for a replica that does not lead. */
  readonly renewal: Instant | undefined;
}

export type ElectionAction =
  /** For this many milliseconds, or until there is news. */
  | { readonly kind: 'wait'; readonly ms: number }
  /** Replace this version (undefined: create), if it is still the current one. */
  | { readonly kind: 'write'; readonly lease: Lease; readonly version: string | undefined }
  /** Stop leading, for good. */
  | { readonly kind: 'resign'; readonly why: string };

export const HOLDER_UNKNOWN: ElectionState = { seen: 'unknown', writeAt: Number.POSITIVE_INFINITY, renewal: undefined };

/** The longest request, milliseconds: at least one more has to fit in before the deadline. */
const LONGEST_REQUEST_MS = 5_000;

/** What to do now. */
export function nextElectionAction(electionState: ElectionState, terms: ElectionTerms, now: Instant): ElectionAction {
  const { renewal, writeAt } = electionState;
  const why = endOf(electionState, terms, now);
  if (why !== undefined) return { kind: 'resign', why };
  if (now.monotonic >= writeAt) return { kind: 'write', ...claim(electionState, terms, now) };
  const untilDeadline = renewal === undefined ? Number.POSITIVE_INFINITY : remaining(renewal, terms, now);
  return { kind: 'wait', ms: Math.min(writeAt - now.monotonic, untilDeadline) };
}

/** Whether this replica may act as the leader at this very moment. */
export function isLeading(electionState: ElectionState, terms: ElectionTerms, now: Instant): boolean {
  return electionState.renewal !== undefined && endOf(electionState, terms, now) === undefined;
}

/** How long a request for the lease that starts now may take, milliseconds. */
export function leaseRequestTimeoutMs({ renewal }: ElectionState, terms: ElectionTerms, now: Instant): number {
  const longest = Math.min(terms.renewDeadlineMs / 2, LONGEST_REQUEST_MS);
  return renewal === undefined ? longest : Math.min(longest, Math.max(0, remaining(renewal, terms, now)));
}

/** The store has this now. A version that was known already changes nothing. */
export function observed(
  electionState: ElectionState,
  seen: StoredLease | undefined,
  terms: ElectionTerms,
  now: Instant,
): ElectionState {
  const before = electionState.seen;
  if (isVersion(before, seen?.version)) return electionState;
  // Deleting the lease does not stop its holder, so the holder gets the same time.
  const claimed = seen ?? (typeof before === 'string' ? undefined : before);
  const isForeign = claimed !== undefined && claimed.lease.holder !== '' && claimed.lease.holder !== terms.identity;
  const writeAt = now.monotonic + (isForeign ? claimed.lease.durationMs : 0);
  return { ...electionState, seen: seen ?? 'none', writeAt };
}

/** The store has accepted a write that was started at this moment. */
export function written(stored: StoredLease, startedAt: Instant, terms: ElectionTerms): ElectionState {
  return { seen: stored, writeAt: startedAt.monotonic + terms.retryPeriodMs, renewal: startedAt };
}

/** The store has refused a write over `version` that was started at this moment, because it has `seen` instead. */
export function refused(
  electionState: ElectionState,
  { version, startedAt }: { readonly version: string | undefined; readonly startedAt: Instant },
  seen: StoredLease | undefined,
  terms: ElectionTerms,
  now: Instant,
): ElectionState {
  const after = observed(electionState, seen, terms, now);
  return isVersion(after.seen, version) ? failed(after, startedAt, terms) : after;
}

/** A write that was started at this moment failed, as far as this replica can tell. */
export function failed(electionState: ElectionState, startedAt: Instant, terms: ElectionTerms): ElectionState {
  return { ...electionState, writeAt: Math.max(electionState.writeAt, startedAt.monotonic + terms.retryPeriodMs) };
}

/** The write that releases the lease, so that another replica follows at once; undefined when this one holds nothing. */
export function release(
  { seen }: ElectionState,
  { identity }: ElectionTerms,
  now: Instant,
): { readonly lease: Lease; readonly version: string } | undefined {
  if (typeof seen === 'string' || seen.lease.holder !== identity) return undefined;
  const { transitions } = seen.lease;
  const lease: Lease = { holder: '', durationMs: 1_000, acquiredAt: now.wall, renewedAt: now.wall, transitions };
  return { lease, version: seen.version };
}

/** Why the replica may no longer lead. */
function endOf({ seen, renewal }: ElectionState, terms: ElectionTerms, now: Instant): string | undefined {
  if (renewal === undefined) return undefined;
  if (remaining(renewal, terms, now) <= 0) return `it was not renewed within ${terms.renewDeadlineMs / 1000} s`;
  if (typeof seen === 'string' || seen.lease.holder === terms.identity) return undefined;
  return seen.lease.holder === '' ? 'it was released by another process' : `${seen.lease.holder} holds it`;
}

/**
 * Milliseconds until the renew deadline, by the clock that shows less: the monotonic clock may stand still while the
 * machine sleeps, and the wall clock may have been set back.
 */
function remaining(renewal: Instant, { renewDeadlineMs }: ElectionTerms, now: Instant): number {
  return renewDeadlineMs - Math.max(now.monotonic - renewal.monotonic, now.wall - renewal.wall);
}

function claim(
  { seen }: ElectionState,
  terms: ElectionTerms,
  now: Instant,
): { lease: Lease; version: string | undefined } {
  const own = { holder: terms.identity, durationMs: terms.leaseDurationMs, renewedAt: now.wall };
  if (typeof seen === 'string') {
    return { lease: { ...own, acquiredAt: now.wall, transitions: 0 }, version: undefined };
  }
  const { holder, acquiredAt, transitions } = seen.lease;
  const tenure =
    holder === terms.identity ? { acquiredAt, transitions } : { acquiredAt: now.wall, transitions: transitions + 1 };
  return { lease: { ...own, ...tenure }, version: seen.version };
}

/** Whether this version was seen last; undefined: that there is no lease. */
function isVersion(seen: ElectionState['seen'], version: string | undefined): boolean {
  if (seen === 'unknown') return false;
  return version === (seen === 'none' ? undefined : seen.version);
}
