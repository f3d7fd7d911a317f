/** The rules of the election, one by one. */
import { describe, expect, test } from '@jest/globals';
import {
  type ElectionState,
  type ElectionTerms,
  failed,
  HOLDER_UNKNOWN,
  type Instant,
  isLeading,
  type Lease,
  leaseRequestTimeoutMs,
  nextElectionAction,
  observed,
  refused,
  release,
  type StoredLease,
  written,
} from '../../../src/runtime/leader.ts';

const TERMS: ElectionTerms = { identity: 'me', leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };
const WALL = Date.UTC(2026, 0, 1);

const at = (seconds: number): Instant => ({ monotonic: seconds * 1000, wall: WALL + seconds * 1000 });
const lease = (holder: string, more: Partial<Lease> = {}): Lease => ({
  holder,
  durationMs: 15_000,
  acquiredAt: 1,
  renewedAt: 2,
  transitions: 3,
  ...more,
});
const stored = (holder: string, version: string, more: Partial<Lease> = {}): StoredLease => ({
  lease: lease(holder, more),
  version,
});

const see = (electionState: ElectionState, seen: StoredLease | undefined, seconds: number) =>
  observed(electionState, seen, TERMS, at(seconds));
const next = (electionState: ElectionState, seconds: number) => nextElectionAction(electionState, TERMS, at(seconds));
/** Leads since a write that was begun at 100 s. */
const LEADER = written(stored('me', '10'), at(100), TERMS);

describe('a replica that does not lead', () => {
  test('does nothing before it has seen whether there is a lease', () => {
    expect(next(HOLDER_UNKNOWN, 1_000)).toEqual({ kind: 'wait', ms: Number.POSITIVE_INFINITY });
  });

  test('creates the lease where there is none', () => {
    expect(next(see(HOLDER_UNKNOWN, undefined, 5), 5)).toEqual({
      kind: 'write',
      version: undefined,
      lease: { holder: 'me', durationMs: 15_000, acquiredAt: at(5).wall, renewedAt: at(5).wall, transitions: 0 },
    });
  });

  test('takes one that nobody holds at once, and counts the transition', () => {
    expect(next(see(HOLDER_UNKNOWN, stored('', '1', { durationMs: 1_000 }), 5), 5)).toEqual({
      kind: 'write',
      version: '1',
      lease: { holder: 'me', durationMs: 15_000, acquiredAt: at(5).wall, renewedAt: at(5).wall, transitions: 4 },
    });
  });

  test('waits for as long as the lease of another says, from when it saw it, whatever time is written in it', () => {
    const renewedAt = at(-10_000).wall;
    const electionState = see(HOLDER_UNKNOWN, stored('other', '1', { durationMs: 20_000, renewedAt }), 5);
    expect(next(electionState, 5)).toEqual({ kind: 'wait', ms: 20_000 });
    expect(next(electionState, 24.999)).toEqual({ kind: 'wait', ms: 1 });
    expect(next(electionState, 25)).toMatchObject({ kind: 'write', version: '1', lease: { transitions: 4 } });
  });

  test('waits anew after each change, and not after seeing the same again', () => {
    const first = see(HOLDER_UNKNOWN, stored('other', '1'), 0);
    expect(see(first, stored('other', '1'), 10)).toBe(first);
    expect(next(see(first, stored('other', '2'), 10), 10)).toEqual({ kind: 'wait', ms: 15_000 });
  });

  test('does not take a lease that is deleted before its holder has stopped', () => {
    const electionState = see(see(HOLDER_UNKNOWN, stored('other', '1'), 0), undefined, 10);
    expect(next(electionState, 10)).toEqual({ kind: 'wait', ms: 15_000 });
    expect(next(electionState, 25)).toMatchObject({ kind: 'write', version: undefined });
  });

  test('counts that time by the monotonic clock alone', () => {
    const electionState = see(HOLDER_UNKNOWN, stored('other', '1'), 0);
    expect(nextElectionAction(electionState, TERMS, { monotonic: 1_000, wall: at(3_600).wall }).kind).toBe('wait');
    expect(nextElectionAction(electionState, TERMS, { monotonic: 15_000, wall: at(-3_600).wall }).kind).toBe('write');
  });

  test('keeps on with what is its own although it was never told so', () => {
    expect(next(see(HOLDER_UNKNOWN, stored('me', '1', { acquiredAt: 7, transitions: 5 }), 5), 5)).toMatchObject({
      kind: 'write',
      version: '1',
      lease: { acquiredAt: 7, transitions: 5 },
    });
  });

  test('tries again, when a write came to nothing, a retry period after it was begun', () => {
    const electionState = failed(see(HOLDER_UNKNOWN, undefined, 5), at(5), TERMS);
    expect(next(electionState, 6)).toEqual({ kind: 'wait', ms: 1_000 });
    expect(next(electionState, 7).kind).toBe('write');
  });

  test('follows what it finds when somebody else was faster', () => {
    const electionState = see(HOLDER_UNKNOWN, stored('', '1'), 0);
    const find = (seen: StoredLease) =>
      next(refused(electionState, { version: '1', startedAt: at(0.5) }, seen, TERMS, at(1)), 1);
    expect(find(stored('other', '2'))).toEqual({ kind: 'wait', ms: 15_000 });
    expect(find(stored('', '2'))).toMatchObject({ kind: 'write', version: '2' });
    // A refusal that nothing explains must not become a storm of requests.
    expect(find(stored('', '1'))).toEqual({ kind: 'wait', ms: 1_500 });
  });

  test('is no leader', () => {
    expect(isLeading(see(HOLDER_UNKNOWN, stored('me', '1'), 5), TERMS, at(5))).toBe(false);
  });
});

describe('a leader', () => {
  test('renews after the retry period, counted from the start of the last renewal', () => {
    expect(next(LEADER, 100.5)).toEqual({ kind: 'wait', ms: 1_500 });
    expect(next(LEADER, 102)).toEqual({
      kind: 'write',
      version: '10',
      lease: { holder: 'me', durationMs: 15_000, acquiredAt: 1, renewedAt: at(102).wall, transitions: 3 },
    });
  });

  test('tries again until the renew deadline, and gives a request no more time than there is', () => {
    expect(leaseRequestTimeoutMs(LEADER, TERMS, at(102))).toBe(5_000);
    const electionState = failed(LEADER, at(102), TERMS);
    expect(next(electionState, 107).kind).toBe('write');
    expect(leaseRequestTimeoutMs(electionState, TERMS, at(109))).toBe(1_000);
    expect(next(failed(electionState, at(109), TERMS), 109.5)).toEqual({ kind: 'wait', ms: 500 });
  });

  const later = at(110);
  test.each<[string, Instant]>([
    ['both clocks say', later],
    ['the monotonic clock says, while the other was set back', { monotonic: later.monotonic, wall: WALL }],
    ['the wall clock says, since the other stood still while the machine slept', { ...at(100), wall: later.wall }],
  ])('leads no more once the deadline is over, as %s', (_which, now) => {
    expect(isLeading(LEADER, TERMS, at(109.999))).toBe(true);
    expect(isLeading(LEADER, TERMS, now)).toBe(false);
    expect(nextElectionAction(LEADER, TERMS, now)).toEqual({ kind: 'resign', why: 'it was not renewed within 10 s' });
  });

  test.each([
    ['another', 'other', 'other holds it'],
    ['nobody', '', 'it was released by another process'],
  ])('leads no more once it sees that %s holds the lease', (_who, holder, why) => {
    const electionState = see(LEADER, stored(holder, '11'), 101);
    expect(isLeading(electionState, TERMS, at(101))).toBe(false);
    expect(next(electionState, 101)).toEqual({ kind: 'resign', why });
  });

  test('goes on at once over a version that somebody has edited, and creates a lease that was deleted', () => {
    expect(next(see(LEADER, stored('me', '11'), 101), 101)).toMatchObject({ kind: 'write', version: '11' });
    const gone = see(LEADER, undefined, 101);
    expect(isLeading(gone, TERMS, at(101))).toBe(true);
    expect(next(gone, 101)).toMatchObject({ kind: 'write', version: undefined, lease: { holder: 'me' } });
  });

  test('releases what is its own, so that nobody has to wait', () => {
    const now = at(101);
    expect(release(LEADER, TERMS, now)).toEqual({
      version: '10',
      lease: { holder: '', durationMs: 1_000, acquiredAt: now.wall, renewedAt: now.wall, transitions: 3 },
    });
    expect(release(see(LEADER, stored('other', '11'), 101), TERMS, now)).toBeUndefined();
    expect(release(see(LEADER, undefined, 101), TERMS, now)).toBeUndefined();
  });
});
