import { describe, expect, test } from '@jest/globals';
import { Repeats } from '../../../src/core/repeats.ts';

describe('a problem', () => {
  test('is new once for each subject', () => {
    const repeats = new Repeats();
    expect([repeats.isNew('a', 'x'), repeats.isNew('a', 'x'), repeats.isNew('b', 'x')]).toEqual([true, false, true]);
  });

  test('that takes turns with another is not new each time', () => {
    const repeats = new Repeats();
    expect(['x', 'y', 'x', 'y'].map((problem) => repeats.isNew('a', problem))).toEqual([true, true, false, false]);
  });

  test('is new again after the subject was well', () => {
    const repeats = new Repeats();
    repeats.isNew('a', 'x');
    repeats.end('a');
    expect(repeats.isNew('a', 'x')).toBe(true);
  });

  test('is not new any more when it is the seventeenth in a row', () => {
    const repeats = new Repeats();
    const told = Array.from({ length: 20 }, (_, i) => repeats.isNew('a', `problem ${i}`));
    expect(told.filter((isNew) => isNew)).toHaveLength(16);
  });
});
