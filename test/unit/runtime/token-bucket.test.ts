/** A token bucket: what is taken, reserved and put back, and how it fills. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TokenBucket } from '../../../src/runtime/token-bucket.ts';

function rig(burst = 3, perSecond = 1) {
  let now = 0;
  const bucket = new TokenBucket({ burst, perSecond }, () => now);
  const advance = (ms: number): void => {
    now += ms;
  };
  return { bucket, advance };
}

describe('a token', () => {
  test('is taken as long as there is one, and then told when there is the next', () => {
    const { bucket, advance } = rig();
    expect([bucket.take(), bucket.take(), bucket.take(), bucket.take()]).toEqual([0, 0, 0, 1_000]);
    advance(400);
    expect(bucket.take()).toBe(600);
    advance(600);
    expect([bucket.take(), bucket.take()]).toEqual([0, 1_000]);
  });

  test('that is reserved leaves no room for a new one, until it is spent or put back', () => {
    const { bucket, advance } = rig();
    bucket.reserve(3);
    advance(60_000);
    expect([bucket.available, bucket.msUntil(1)]).toEqual([0, Number.POSITIVE_INFINITY]);
    bucket.putBack(1);
    bucket.spend();
    expect([bucket.available, bucket.msUntil(2)]).toEqual([1, 1_000]);
  });

  test('that is spent late has let none grow in its place', () => {
    const { bucket, advance } = rig();
    bucket.reserve(3);
    advance(60_000);
    bucket.spend();
    expect(bucket.available).toBe(0);
  });

  test('that is reserved counts when the bucket is lowered', () => {
    const { bucket } = rig();
    bucket.reserve(1);
    bucket.lower(2);
    expect(bucket.available).toBe(1);
    bucket.lower(9);
    expect(bucket.available).toBe(1);
  });

  test('is had only some time after the bucket was emptied', () => {
    const { bucket, advance } = rig();
    bucket.emptyUntil(5_000);
    expect(bucket.msUntil(2)).toBe(7_000);
    advance(6_000);
    expect(bucket.available).toBe(1);
  });

  test('is had again from the moment on at which an empty bucket resumes', () => {
    const { bucket, advance } = rig();
    bucket.emptyUntil(60_000);
    advance(1_000);
    bucket.resume();
    advance(2_000);
    expect(bucket.available).toBe(2);
  });
});

test('no window of time sees more than burst + rate·t', () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(3_000), { maxLength: 60 }), (burst, waits) => {
      const { bucket, advance } = rig(burst);
      const taken: number[] = [];
      let now = 0;
      for (const ms of waits) {
        if (bucket.take() === 0) taken.push(now);
        now += ms;
        advance(ms);
      }
      for (const [i, from] of taken.entries()) {
        for (const [j, until] of taken.entries()) {
          if (j >= i) expect(j - i + 1).toBeLessThanOrEqual(burst + (until - from) / 1_000 + 1e-6);
        }
      }
    }),
  ));
