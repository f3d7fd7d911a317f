/** Polls are spread over their period. */
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { msUntilSlot } from '../../../src/runtime/slot.ts';

const PERIOD = 600_000;

describe('the turn of a key', () => {
  test('comes every period once it has come', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(2 ** 40), fc.integer({ min: 1_000, max: 86_400_000 }), (key, now, period) => {
        const turn = now + msUntilSlot(key, period, now);
        expect(msUntilSlot(key, period, turn)).toBeCloseTo(period, 3);
      }),
    );
  });

  test('is a fifth of the period away at least, and six fifths at most', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(2 ** 40), (key, now) => {
        const ms = msUntilSlot(key, PERIOD, now);
        expect(ms).toBeGreaterThanOrEqual(PERIOD / 5);
        expect(ms).toBeLessThanOrEqual((PERIOD * 6) / 5);
      }),
    );
  });

  test.each(['default/ir-', 'a-long-namespace/integration-runtime-of-team-'])(
    'leaves no part of the period empty or crowded, whatever the keys have in common: %s…',
    (prefix) => {
      const now = 1_800_000_000_000;
      const parts = Array.from({ length: 20 }, () => 0);
      for (let i = 0; i < 2_000; i++) {
        const part = Math.floor(((msUntilSlot(`${prefix}${i}`, PERIOD, now) - PERIOD / 5) / PERIOD) * 20);
        parts[part] = (parts[part] ?? 0) + 1;
      }
      expect(Math.min(...parts)).toBeGreaterThan(60);
      expect(Math.max(...parts)).toBeLessThan(140);
    },
  );
});
