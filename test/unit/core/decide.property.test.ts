/** Whatever happens to an object, what is decided keeps the promises. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ownerOf, successorOf } from '../../../src/core/model/ownership.ts';
import { PARENT_GONE_MS, RUNTIME_GONE_MS, RUNTIME_MISSING_MS } from '../../../src/core/schedule.ts';
import type { Action, Situation } from '../../../src/core/situation.ts';
import { live, lives, RUNS } from './life.ts';

type Judge = (s: Situation, action: Action) => void;

/** Calls `judge` for every decision of every pass of a life. */
function everyDecision(judge: Judge): void {
  fc.assert(
    fc.property(lives, ([worlds, deletedAt]) => {
      live(worlds, deletedAt, () => {}, judge);
    }),
    RUNS,
  );
}

const WRITES: readonly Action['kind'][] = ['Create', 'Adopt', 'Update', 'Repair', 'Delete'];
const writes = (action: Action): boolean => WRITES.includes(action.kind);

describe('whatever happens to an object', () => {
  test('nothing is written or claimed that a GET of this pass has not answered for', () => {
    everyDecision((s, action) => {
      if (!writes(action) && action.kind !== 'Claim') return;
      expect(s.definition?.fresh).toBe(true);
      // What Azure denies is asked to be deleted all the same: the answer decides.
      const asks = action.kind === 'Delete' && s.definition?.presence === 'absent';
      expect(s.definition?.presence).toBe(action.kind === 'Create' || asks ? 'absent' : 'present');
    });
  });

  test('no other kind of runtime is ever written, claimed or deleted', () => {
    everyDecision((s, action) => {
      const other = s.definition?.presence === 'present' && s.definition.runtime.type !== 'Managed';
      if (other) expect(writes(action) || action.kind === 'Claim').toBe(false);
    });
  });

  test('a pass makes one write at most', () => {
    everyDecision((s, action) => {
      if (writes(action)) expect(s.wrote).toBeUndefined();
    });
  });

  test('no write follows a failure in the same pass', () => {
    everyDecision((s, action) => {
      // The state is read to be shown.
      const looks = action.kind === 'Read' && (action.at === 'definition' || action.at === 'network');
      if (s.failure !== undefined) expect(writes(action) || looks).toBe(false);
    });
  });

  test('an observer, a suspended object, and one without credentials cause no write', () => {
    everyDecision((s, action) => {
      const idle = s.desired.managementPolicy === 'Observe' || (s.desired.suspend && !s.object.deleting);
      if (idle || !s.access.granted) expect(writes(action) || action.kind === 'Claim').toBe(false);
    });
  });

  test('an object writes under the identity of its claim, or one that a person accepted', () => {
    everyDecision((s, action) => {
      if (!writes(action) || !s.access.granted || s.status.claim === undefined) return;
      expect([s.status.claim.identity, s.object.requests.acceptIdentity]).toContain(s.access.identity);
    });
  });

  test('an object writes only what belongs to it', () => {
    everyDecision((s, action) => {
      if (!writes(action) || s.object.deleting) return;
      expect(ownerOf([s.object, ...s.peers])?.uid).toBe(s.object.uid);
    });
  });

  test('a runtime that is not claimed is changed only where adoption is permitted', () => {
    everyDecision((s, action) => {
      if (action.kind === 'Adopt') {
        expect(s.desired.adoptionPolicy).not.toBe('Never');
        if (action.changes.length > 0) expect(s.desired.adoptionPolicy).toBe('Always');
      }
      if (action.kind === 'Update' || action.kind === 'Repair') expect(s.status.claim).toBeDefined();
    });
  });

  test('only leaves are changed that are declared, or were managed before', () => {
    everyDecision((s, action) => {
      if (action.kind !== 'Adopt' && action.kind !== 'Update') return;
      if (action.kind === 'Update') expect(action.changes.length).toBeGreaterThan(0);
      for (const { field } of action.changes) {
        expect(s.desired.fields.has(field) || s.status.ownedFields.includes(field)).toBe(true);
      }
    });
  });

  test('a runtime is deleted only for an object that is being deleted, that claimed it, and whose policy says so', () => {
    everyDecision((s, action) => {
      if (action.kind !== 'Delete') return;
      const { claim } = s.status;
      expect(s.object.deleting && s.object.hasFinalizer && claim !== undefined).toBe(true);
      expect(s.desired.deletionPolicy).not.toBe('Retain');
      if (s.desired.deletionPolicy === 'DeleteIfCreated') expect(claim?.origin).toBe('Created');
      expect(successorOf(s.peers)).toBeUndefined();
    });
  });

  test('an object that is let go as Deleted leaves nothing behind that Azure has just shown', () => {
    everyDecision((s, action) => {
      if (action.kind !== 'Release' || action.event.reason !== 'Deleted') return;
      const { reason, time = Number.NaN } = s.status.waitingSince ?? {};
      const deleted = s.definition?.presence === 'absent' && s.definition.fresh && s.wrote?.kind === 'delete';
      const denied = reason === 'ParentAbsent' && s.now - time >= PARENT_GONE_MS && s.failure !== undefined;
      const wentWithParent = denied && s.failure?.failure.kind === 'parentNotFound';
      const own = s.parent === 'absent' || s.parent === 'unreadable';
      expect(deleted || (wentWithParent && own)).toBe(true);
    });
  });

  test('what Azure denies is neither made again nor given up before it was denied some seconds earlier too', () => {
    everyDecision((s, action) => {
      if (s.definition?.presence !== 'absent' || s.status.claim === undefined || s.wrote !== undefined) return;
      const { reason, time = Number.NaN } = s.status.waitingSince ?? {};
      if (action.kind === 'Create')
        expect(s.now - (s.missingSince ?? Number.NaN)).toBeGreaterThanOrEqual(RUNTIME_MISSING_MS);
      if (action.kind !== 'Delete' && (action.kind !== 'Release' || action.event.reason !== 'Deleted')) return;
      expect(reason).toBe('RuntimeAbsent');
      expect(s.now - time).toBeGreaterThanOrEqual(RUNTIME_GONE_MS);
    });
  });

  test('no more repairs are made on our own account than the manifest permits', () => {
    everyDecision((s, action) => {
      if (action.kind !== 'Repair' || action.attempt.by !== 'operator') return;
      expect(action.attempt.number).toBeLessThanOrEqual(s.desired.repair.maxAttempts);
      expect(action.attempt.nextAttemptTime).toBeGreaterThan(s.now);
      expect(s.desired.repair.mode).toBe('Auto');
    });
  });

  test('every pass ends, and every wait is positive', () => {
    everyDecision((s, action) => {
      if (action.kind !== 'Settle') return;
      const { next } = action;
      const ms = next.kind === 'backoff' ? next.baseMs : next.kind === 'never' ? 1 : next.ms;
      expect(ms).toBeGreaterThan(0);
      if (next.kind === 'after') expect(next.ms).toBeLessThanOrEqual(Math.max(s.intervalMs, 3_600_000));
    });
  });

  test('an object that lives and is not suspended is always looked at again', () => {
    everyDecision((s, action) => {
      if (action.kind !== 'Settle' || s.object.deleting || s.desired.suspend) return;
      expect(action.next.kind).not.toBe('never');
    });
  });
});
