/**
 * Whatever happens to an object, its status keeps the rules, is written only when something new is to be said, and tells
 * each transition once.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decide } from '../../../src/core/decide.ts';
import { condition } from '../../../src/core/object.ts';
import { MINUTE } from '../../../src/core/schedule.ts';
import { statusAfter, transitions } from '../../../src/core/status.ts';
import { brokenRules } from '../../support/kstatus.ts';
import { asApi, INTERVAL } from './builders.ts';
import { live, lives, next, pass, RUNS } from './life.ts';

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
          const memory = statusAfter(settled.s, settled.verdict);
          expect(statusAfter(next(settled, memory), settled.verdict)).toEqual(memory);
        });
      }),
      RUNS,
    );
  });

  test('what is decided again within the same wait changes nothing', () => {
    fc.assert(
      fc.property(lives, fc.constantFrom(0, 1_000, MINUTE, INTERVAL, 60 * MINUTE), ([worlds, deletedAt], laterMs) => {
        live(worlds, deletedAt, (settled) => {
          const memory = statusAfter(settled.s, settled.verdict);
          const then = next(settled, memory, laterMs);
          const action = decide(then);
          if (action.kind !== 'Settle') return;
          const same = JSON.stringify(action.verdict) === JSON.stringify(settled.verdict);
          if (same && settled.verdict.kind !== 'Unconfirmed') expect(statusAfter(then, action.verdict)).toEqual(memory);
        });
      }),
      RUNS,
    );
  });

  test('a second pass over the same world that writes nothing to Azure writes no status either', () => {
    fc.assert(
      fc.property(lives, ([worlds, deletedAt]) => {
        live(worlds, deletedAt, (settled, given) => {
          const memory = statusAfter(settled.s, settled.verdict);
          const fails = given.fails?.at === 'write' ? undefined : given.fails;
          const again = pass({ ...settled.s.object, memory }, settled.s.desired, settled.s.now, { ...given, fails });
          const comparable = !settled.wrote && settled.s.failure?.during !== 'create' && again !== undefined;
          if (!comparable || again.wrote || given.fails?.at === 'write') return;
          expect(statusAfter(again.s, again.verdict)).toEqual(memory);
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
            const before = condition(s.memory, now.type);
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
          const memory = statusAfter(settled.s, settled.verdict);
          const told = transitions(settled.s, before, memory);
          expect(new Set(told.map(({ reason }) => reason)).size).toBe(told.length);
          expect(transitions(next(settled, memory), memory, memory)).toEqual([]);
        });
      }),
      RUNS,
    );
  });

  test('a status is never written for a generation that is not the object’s, and never without Ready', () => {
    fc.assert(
      fc.property(lives, ([worlds, deletedAt]) => {
        live(worlds, deletedAt, ({ s, verdict }) => {
          const memory = statusAfter(s, verdict);
          if (memory === s.memory) return;
          expect(memory.observedGeneration).toBe(s.object.generation);
          expect(condition(memory, 'Ready')).toBeDefined();
        });
      }),
      RUNS,
    );
  });
});
