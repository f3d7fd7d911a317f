/** True once a period. */
import { expect, test } from '@jest/globals';
import { Throttle } from '../../../src/runtime/throttle.ts';

test('a period is told of once, and the next begins when it was', () => {
  const every = new Throttle(1_000, 5_000);
  expect([5_999, 6_500, 7_000, 7_499, 7_500].map((now) => every.isDue(now))).toEqual([false, true, false, false, true]);
});
