/**
 * Time, timers and randomness. Everything that waits, writes a time or adds jitter takes a `Clock`, so that tests decide
 * what time it is.
 */
export interface Clock {
  /**
   * Milliseconds since the epoch, by the machine's wall clock, which may step when it is corrected. Only for times that
   * people, other processes or a later start of this process read.
   */
  now(): number;
  /**
   * Milliseconds since some moment in the past. Never steps; on some systems it stands still while the machine sleeps.
   * All waits and measurements within this process go by it.
   */
  monotonic(): number;
  /**
   * Calls `fn` once, at the earliest after `ms` milliseconds (at the next turn of the event loop if `ms` is 0 or less),
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

/** The longest delay of `setTimeout`; a longer one would make it fire at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** Starts a single timeout of at most `LONGEST_TIMEOUT_MS` and returns how to cancel it. */
export type StartTimeout = (ms: number, fn: () => void) => () => void;

/** A timer of any length, made of timeouts of at most 2³¹−1 ms (24.8 days) each. */
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

/** The machine's clock. A pending timer keeps the process alive, so its owner cancels it when stopping. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (ms, fn) => longTimer(startNodeTimeout, ms, fn),
  random: () => Math.random(),
};

/**
 * Resolves after `ms` milliseconds. Rejects with `signal.reason` as soon as `signal` aborts (at once if it already has);
 * the timer is cancelled then, and the listener removed in either case.
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
