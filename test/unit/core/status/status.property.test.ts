/**
 * Whatever happens to an object, its status keeps the rules, is written only when something new is to be said, and tells
 * each transition once.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decide } from '../../../../src/core/decide.ts';
import { transitions } from '../../../../src/core/events.ts';
import { condition, type Status } from '../../../../src/core/model/object.ts';
import { MINUTE } from '../../../../src/core/schedule.ts';
import { statusAfter } from '../../../../src/core/status/status.ts';
import { heard } from '../../../../src/core/warnings.ts';
import { brokenRules } from '../../../support/kstatus.ts';
import { asApi, INTERVAL } from '../builders.ts';
import { live, lives, next, pass, RUNS } from '../life.ts';

describe('whatever happens to an object', () => {
  test('its status keeps the rules', () => {
    fc.assert(
      fc.property(lives, ([worlds, deletedAt]) => {
        live(worlds, deletedAt, ({ s, verdict }) => {
          expect(brokenRules(asApi(s, statusAfter(s, verdict)))).toEqual([]);
        });
      }),
      RUNS,
    );
  });

  test('the same decision on the new memory changes nothing', () => {
    fc.assert(
      fc.property(lives, ([worlds, deletedAt]) => {
        live(worlds, deletedAt, (settled) => {
          const status = statusAfter(settled.s, settled.verdict);
          expect(statusAfter(next(settled, status), settled.verdict)).toEqual(status);
        });
      }),
      RUNS,
    );
  });

  test('what is decided again within the same wait changes nothing', () => {
    fc.assert(
      fc.property(lives, fc.constantFrom(0, 1_000, MINUTE, INTERVAL, 60 * MINUTE), ([worlds, deletedAt], laterMs) => {
        live(worlds, deletedAt, (settled) => {
          const status = statusAfter(settled.s, settled.verdict);
          const then = next(settled, status, laterMs);
          const action = decide(then);
          if (action.kind !== 'Settle') return;
          const same = JSON.stringify(action.verdict) === JSON.stringify(settled.verdict);
          if (same && settled.verdict.kind !== 'Unconfirmed') expect(statusAfter(then, action.verdict)).toEqual(status);
        });
      }),
      RUNS,
    );
  });

  test('a second pass over the same world that writes nothing to Azure writes no status either', () => {
    fc.assert(
      fc.property(lives, ([worlds, deletedAt]) => {
        live(worlds, deletedAt, (settled, given) => {
          const status = statusAfter(settled.s, settled.verdict);
          const fails = given.fails?.at === 'write' ? undefined : given.fails;
          const conflictBackoff = pass({ ...settled.s.object, status }, settled.s.desired, settled.s.now, {
            ...given,
            fails,
          });
          const comparable = !settled.wrote && settled.s.failure?.during !== 'create' && conflictBackoff !== undefined;
          if (!comparable || conflictBackoff.wrote || given.fails?.at === 'write') return;
          expect(statusAfter(conflictBackoff.s, conflictBackoff.verdict)).toEqual(status);
        });
      }),
      RUNS,
    );
  });

  test('lastTransitionTime moves with the status of a condition, and never without', () => {
    fc.assert(
      fc.property(lives, ([worlds, deletedAt]) => {
        live(worlds, deletedAt, ({ s, verdict }) => {
          for (const now of statusAfter(s, verdict).conditions) {
            const before = condition(s.status, now.type);
            if (verdict.kind === 'Unchanged') continue;
            expect(now.lastTransitionTime).toBe(before?.status === now.status ? before.lastTransitionTime : s.now);
          }
        });
      }),
      RUNS,
    );
  });

  test('a transition is told once', () => {
    fc.assert(
      fc.property(lives, ([worlds, deletedAt]) => {
        live(worlds, deletedAt, (settled, _given, before) => {
          const status = statusAfter(settled.s, settled.verdict);
          const told = transitions(settled.s, before, status);
          expect(new Set(told.map(({ reason }) => reason)).size).toBe(told.length);
          expect(transitions(next(settled, status), status, status)).toEqual([]);
        });
      }),
      RUNS,
    );
  });

  test('trouble is told once, and an object that is well has none left', () => {
    fc.assert(
      fc.property(lives, ([worlds, deletedAt]) => {
        let warnings: NonNullable<Status['warnings']> = [];
        live(worlds, deletedAt, ({ s, verdict }, _given, before) => {
          const after = statusAfter(s, verdict);
          const pass = { ...s, verdict, told: transitions(s, before, after), mayTell: () => true };
          const { status, events } = heard(pass, { ...before, warnings }, { ...after, warnings });
          warnings = status.warnings ?? [];
          expect(events.length).toBeLessThanOrEqual(1);
          expect(heard({ ...pass, told: [] }, status, status).events).toEqual([]);
          const isWell = condition(after, 'Ready')?.status === 'True' && condition(after, 'Reconciling') === undefined;
          if (isWell && verdict.kind === 'Decided') expect(warnings).toEqual([]);
        });
      }),
      RUNS,
    );
  });

  test('a status is never written for a generation that is not the object’s, and never without Ready', () => {
    fc.assert(
      fc.property(lives, ([worlds, deletedAt]) => {
        live(worlds, deletedAt, ({ s, verdict }) => {
          const status = statusAfter(s, verdict);
          if (status === s.status) return;
          expect(status.observedGeneration).toBe(s.object.generation);
          expect(condition(status, 'Ready')).toBeDefined();
        });
      }),
      RUNS,
    );
  });
});
