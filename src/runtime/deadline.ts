/** Bounds on waiting: until a signal aborts, or until a time is up. */
import type { Clock } from './clock.ts';

/** What `promise` resolves with, or `signal.reason` as soon as that aborts. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

export interface Deadline {
  readonly clock: Clock;
  readonly ms: number;
  /** What to reject with when the time is up. */
  readonly late: () => Error;
  /** Ends the wait earlier, with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * What `run` resolves with, if that is in time. Otherwise the signal given to `run` aborts, and this rejects at once,
 * whether or not `run` notices. Leaves neither a timer nor a listener behind.
 */
export async function withDeadline<T>(
  { clock, ms, late, signal }: Deadline,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const cut = new AbortController();
  const onAbort = (): void => cut.abort(signal?.reason);
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  const timer = clock.setTimer(ms, () => cut.abort(late()));
  try {
    return await unlessAborted(run(cut.signal), cut.signal);
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}
