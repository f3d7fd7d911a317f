/** What the benchmarks say of themselves, in a list of which people read a line. */
import { expect, test } from '@jest/globals';
import { CASES } from '../../../../dev/bench/cases.ts';

/** Words that mean something else in the list. */
const LEANS =
  /\b(same|too|also|likewise|again|instead|above|before|below|previous|other|others|them|these|those|but)\b/i;

test.each(Object.entries(CASES))('%s says what it measures without another line', (_, { about }) => {
  expect(about).not.toMatch(LEANS);
});
