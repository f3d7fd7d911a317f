/** Durations, as manifests and flags spell them. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseDuration } from '../../../../src/core/model/duration.ts';
import { rules } from '../builders.ts';

describe('durations', () => {
  rules<readonly [string, number | undefined]>(
    {
      'seconds are understood': ['90s', 90_000],
      'minutes are understood': ['10m', 600_000],
      'hours are understood': ['24h', 86_400_000],
      'hours, minutes and seconds together are understood': ['1h30m15s', 5_415_000],
      'hours and seconds together are understood': ['1h5s', 3_605_000],
      'nothing at all is a duration': ['0s', 0],
      'leading zeros are understood': ['010m', 600_000],
      'an empty text is none': ['', undefined],
      'a number without a unit is none': ['10', undefined],
      'a unit without a number is none': ['m', undefined],
      'units out of order are none': ['30m1h', undefined],
      'a unit twice is none': ['1h1h', undefined],
      'a fraction is none': ['1.5h', undefined],
      'a negative number is none': ['-1m', undefined],
      'a unit that nobody knows is none': ['1d', undefined],
      'milliseconds are none': ['500ms', undefined],
      'capitals are none': ['1H', undefined],
      'spaces within are none': ['1h 30m', undefined],
      'spaces around are none': [' 10m', undefined],
      'a line that follows is none': ['10m\n', undefined],
      'more than a number can count is none': [`${'9'.repeat(30)}h`, undefined],
      'other digits are none': ['١m', undefined],
    },
    ([text, ms]) => expect(parseDuration(text)).toBe(ms),
  );

  test('what is composed of hours, minutes and seconds is their sum', () => {
    const part = fc.option(fc.nat(10_000), { nil: undefined });
    fc.assert(
      fc.property(part, part, part, (h, m, s) => {
        const text = [h, m, s].map((n, i) => (n === undefined ? '' : `${n}${'hms'[i]}`)).join('');
        fc.pre(text !== '');
        expect(parseDuration(text)).toBe((h ?? 0) * 3_600_000 + (m ?? 0) * 60_000 + (s ?? 0) * 1_000);
      }),
    );
  });
});
