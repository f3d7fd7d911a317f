/** A problem is a warning once. */
import { describe, expect, test } from '@jest/globals';
import { WarnOnce } from '../../../src/runtime/warn-once.ts';

describe('a problem', () => {
  test('is new once for each subject', () => {
    const warnOnce = new WarnOnce();
    expect([warnOnce.isNew('a', 'x'), warnOnce.isNew('a', 'x'), warnOnce.isNew('b', 'x')]).toEqual([true, false, true]);
  });

  test('that takes turns with another is not new each time', () => {
    const warnOnce = new WarnOnce();
    expect(['x', 'y', 'x', 'y'].map((problem) => warnOnce.isNew('a', problem))).toEqual([true, true, false, false]);
  });

  test('is new again after the subject was healthy', () => {
    const warnOnce = new WarnOnce();
    expect(warnOnce.clear('a')).toBe(false);
    warnOnce.isNew('a', 'x');
    expect(warnOnce.clear('a')).toBe(true);
    expect(warnOnce.isNew('a', 'x')).toBe(true);
  });

  test('is a warning when it is new, and logged at debug level while it lasts', () => {
    const warnOnce = new WarnOnce();
    expect(['x', 'x', 'y'].map((problem) => warnOnce.level('a', problem))).toEqual(['warn', 'debug', 'warn']);
  });

  test('is not new any more when it is the seventeenth in a row', () => {
    const warnOnce = new WarnOnce();
    const told = Array.from({ length: 20 }, (_, i) => warnOnce.isNew('a', `problem ${i}`));
    expect(told.filter((isNew) => isNew)).toHaveLength(16);
  });
});
