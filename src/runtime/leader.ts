/**
 * The election of one leader among the replicas of a process, by a lease that all of them can read and write. Pure: what a
 * replica knows and what time it is decide what it does; `elector.ts` does it.
 *
 * The rules are those of Kubernetes' own components (client-go). The holder of the lease renews it; who cannot, stops leading
 * when the renew deadline is over. Another replica takes the lease when it has seen no change of it for as long as the lease
 * says it lasts. Nobody trusts another's clock: that time is counted from when the change was seen, and the deadline from when
 * the last good renewal was begun, which was before anybody could see it. So the old leader has stopped before a new one
 * begins, whatever the clocks show and however long messages take, as long as the clocks run about equally fast.
 */

/** One moment by two clocks, in milliseconds. */
export interface Instant {
  /** Since some moment in the past, by a clock that nobody sets. */
  readonly monotonic: number;
  /** Since the epoch. */
  readonly wall: number;
}

export interface ElectionTerms {
  /** Of this replica, and of no other, not even of an earlier life of the same. */
  readonly identity: string;
  /** How long others wait after the last change that they have seen, milliseconds. */
  readonly leaseDurationMs: number;
  /** How long after a renewal its maker may lead, milliseconds; shorter than the former. */
  readonly renewDeadlineMs: number;
  /** From the start of one renewal to the next, good or bad, milliseconds; shorter than the former. */
  readonly retryPeriodMs: number;
}

export interface Lease {
  /** Empty when nobody holds it. */
  readonly holder: string;
  readonly durationMs: number;
  /** Milliseconds since the epoch, by the holder's clock: for people, nothing is decided by them. */
  readonly acquiredAt: number;
  readonly renewedAt: number;
  /** How often it went from one holder to another. */
  readonly transitions: number;
}

/** A lease as the store has it. Another version means that somebody has written it since. */
export interface StoredLease {
  readonly lease: Lease;
  readonly version: string;
}

/** What a replica knows. */
export interface ElectionState {
  readonly seen: StoredLease | 'none' | 'unknown';
  /** When it may write next, by the monotonic clock. */
  readonly writeAt: number;
  /** When its last good write was begun; undefined for a replica that does not lead. */
  readonly renewal: Instant | undefined;
}

export type ElectionAction =
  /** Until so many milliseconds have gone by, or there is news. */
  | { readonly kind: 'wait'; readonly ms: number }
  /** Replace this version (undefined: create), if it is still the one. */
  | { readonly kind: 'write'; readonly lease: Lease; readonly version: string | undefined }
  /** Stop leading, for good. */
  | { readonly kind: 'resign'; readonly why: string };

export const HOLDER_UNKNOWN: ElectionState = { seen: 'unknown', writeAt: Number.POSITIVE_INFINITY, renewal: undefined };

/** How long a request may take, milliseconds: so that at least one more can be made before the deadline. */
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

/** How long a request that is begun now may take, milliseconds. */
export function requestTimeoutMs({ renewal }: ElectionState, terms: ElectionTerms, now: Instant): number {
  const longest = Math.min(terms.renewDeadlineMs / 2, LONGEST_REQUEST_MS);
  return renewal === undefined ? longest : Math.min(longest, Math.max(0, remaining(renewal, terms, now)));
}

/** The store has this now. Whatever was already known changes nothing. */
export function observed(
  electionState: ElectionState,
  seen: StoredLease | undefined,
  terms: ElectionTerms,
  now: Instant,
): ElectionState {
  const before = electionState.seen;
  if (isVersion(before, seen?.version)) return electionState;
  // Who deletes a lease does not stop its holder: that one gets the same time.
  const claimed = seen ?? (typeof before === 'string' ? undefined : before);
  const isForeign = claimed !== undefined && claimed.lease.holder !== '' && claimed.lease.holder !== terms.identity;
  const writeAt = now.monotonic + (isForeign ? claimed.lease.durationMs : 0);
  return { ...electionState, seen: seen ?? 'none', writeAt };
}

/** The store has taken a write that was begun at this moment. */
export function written(stored: StoredLease, begunAt: Instant, terms: ElectionTerms): ElectionState {
  return { seen: stored, writeAt: begunAt.monotonic + terms.retryPeriodMs, renewal: begunAt };
}

/** The store has refused a write over `version` that was begun at this moment, since it has `seen` instead. */
export function refused(
  electionState: ElectionState,
  { version, begunAt }: { readonly version: string | undefined; readonly begunAt: Instant },
  seen: StoredLease | undefined,
  terms: ElectionTerms,
  now: Instant,
): ElectionState {
  const after = observed(electionState, seen, terms, now);
  return isVersion(after.seen, version) ? failed(after, begunAt, terms) : after;
}

/** A write that was begun at this moment came to nothing, as far as this replica can tell. */
export function failed(electionState: ElectionState, begunAt: Instant, terms: ElectionTerms): ElectionState {
  return { ...electionState, writeAt: Math.max(electionState.writeAt, begunAt.monotonic + terms.retryPeriodMs) };
}

/** The write by which a leader lets others follow at once; undefined when there is nothing of its own to release. */
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

/** Why a leader is none any more. */
function endOf({ seen, renewal }: ElectionState, terms: ElectionTerms, now: Instant): string | undefined {
  if (renewal === undefined) return undefined;
  if (remaining(renewal, terms, now) <= 0) return `it was not renewed within ${terms.renewDeadlineMs / 1000} s`;
  if (typeof seen === 'string' || seen.lease.holder === terms.identity) return undefined;
  return seen.lease.holder === '' ? 'somebody has released it' : `${seen.lease.holder} holds it`;
}

/**
 * Milliseconds until the renew deadline. By the clock that shows less: the monotonic one may stand still while the machine
 * sleeps, and the other may have been set back.
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

/** Whether this is what was seen; undefined: that there is no lease. */
function isVersion(seen: ElectionState['seen'], version: string | undefined): boolean {
  if (seen === 'unknown') return false;
  return version === (seen === 'none' ? undefined : seen.version);
}
