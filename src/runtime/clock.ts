/**
 * Time, timers and randomness as the world gives them. Everything that waits, dates or jitters takes a `Clock`, so that
 * tests decide what time it is.
 */
export interface Clock {
  /**
   * Milliseconds since the epoch. Follows the machine's wall clock, so it may step when that is corrected: only for what
   * people, other processes or a later start of this one read.
   */
  now(): number;
  /**
   * Milliseconds since some moment in the past. Never steps; stands still while the machine sleeps, on some systems.
   * Whatever this process waits for or measures by itself goes by it.
   */
  monotonic(): number;
  /**
   * Calls `fn` once, not before `ms` milliseconds have gone by (at the next turn of the event loop if `ms` is 0 or less),
   * unless cancelled. Cancelling twice, or after the call, does nothing.
   */
  setTimer(ms: number, fn: () => void): Timer;
  /** Uniform in [0, 1). */
  random(): number;
}

export interface Timer {
  cancel(): void;
}

/** A moment of the monotonic clock, as the wall clock tells it now: it moves with every step of that one. */
export function wallTime(clock: Pick<Clock, 'now' | 'monotonic'>, at: number): number {
  return Math.round(clock.now() - (clock.monotonic() - at));
}

/** What `setTimeout` waits for at most; a longer delay would make it fire at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** Starts a single timeout of at most `LONGEST_TIMEOUT_MS` and returns how to cancel it. */
export type StartTimeout = (ms: number, fn: () => void) => () => void;

/** A timer of any length made of timeouts that are each limited to 2³¹−1 ms (24.8 days). */
export function longTimer(startTimeout: StartTimeout, ms: number, fn: () => void): Timer {
  let cancelCurrent: () => void;
  const wait = (remaining: number): void => {
    const part = Math.min(remaining, LONGEST_TIMEOUT_MS);
    cancelCurrent = startTimeout(part, () => (remaining > part ? wait(remaining - part) : fn()));
  };
  wait(Math.max(0, ms));
  return { cancel: () => cancelCurrent() };
}

function startNodeTimeout(ms: number, fn: () => void): () => void {
  const timeout = setTimeout(fn, ms);
  return () => clearTimeout(timeout);
}

/** The machine's clock. A pending timer keeps the process alive: whoever sets one cancels it when stopping. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (ms, fn) => longTimer(startNodeTimeout, ms, fn),
  random: () => Math.random(),
};

/**
 * Resolves after `ms` milliseconds. Rejects with `signal.reason` as soon as `signal` aborts (at once if it already has);
 * the timer is gone then, and the listener in either case.
 */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal.reason);
    };
    const timer = clock.setTimer(ms, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
