/** Timers: long ones, aborted ones, and deadlines. */
import { describe, expect, test } from '@jest/globals';
import { longTimer, type StartTimeout, sleep } from '../../../src/runtime/clock.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const LIMIT = 2 ** 31 - 1;

/** Timeouts over a fake clock that, as Node's do, fire at once when asked for more than they can. */
const limitedTimeouts =
  (clock: FakeClock): StartTimeout =>
  (ms, fn) => {
    const timer = clock.setTimer(ms > LIMIT ? 1 : ms, fn);
    return () => timer.cancel();
  };

describe('a timer', () => {
  test('longer than a timeout can be fires once, at its time and not before', async () => {
    const clock = new FakeClock();
    let fired = 0;
    longTimer(limitedTimeouts(clock), 3 * LIMIT, () => {
      fired += 1;
    });
    await clock.advance(3 * LIMIT - 1);
    expect(fired).toBe(0);
    await clock.advance(1);
    expect(fired).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  test('that is cancelled in a later part of its wait never fires and leaves nothing behind', async () => {
    const clock = new FakeClock();
    let fired = 0;
    const timer = longTimer(limitedTimeouts(clock), 3 * LIMIT, () => {
      fired += 1;
    });
    await clock.advance(LIMIT + 5);
    timer.cancel();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(5 * LIMIT);
    expect(fired).toBe(0);
  });

  test('with a negative wait fires at once', async () => {
    const clock = new FakeClock();
    let fired = 0;
    longTimer(limitedTimeouts(clock), -5, () => {
      fired += 1;
    });
    await clock.advance(0);
    expect(fired).toBe(1);
  });
});

describe('sleep', () => {
  test('resolves when its time is over and not before', async () => {
    const clock = new FakeClock();
    let awake = false;
    const sleeping = sleep(clock, 100, new AbortController().signal).then(() => {
      awake = true;
    });
    await clock.advance(99);
    expect(awake).toBe(false);
    await clock.advance(1);
    expect(awake).toBe(true);
    await sleeping;
  });

  test('rejects with the reason of an abort and leaves no timer', async () => {
    const clock = new FakeClock();
    const abort = new AbortController();
    const sleeping = sleep(clock, 100, abort.signal);
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    expect(clock.pendingTimers).toBe(0);
  });

  test('rejects at once, without a timer, when the signal has aborted before', async () => {
    const clock = new FakeClock();
    const reason = new Error('already');
    await expect(sleep(clock, 100, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(clock.pendingTimers).toBe(0);
  });
});
