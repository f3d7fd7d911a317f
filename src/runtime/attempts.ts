import type { FailureStreak } from './retries.ts';

/** What a handler is told about the pass it makes. */
export interface Attempt extends FailureStreak {
  /** How often the key has failed in a row before this attempt. */
  readonly failures: number;
  /** When the first of these failures happened, in ms since the epoch. */
  readonly failingSince: number | undefined;
  /** Aborts when the controller is stopping and its grace period is over. */
  readonly signal: AbortSignal;
}

interface Running {
  readonly startedAt: number;
  readonly abort: AbortController;
}

/**
 * The attempts that run at this moment. Each has an abort signal of its own, so that a listener which a handler leaves
 * behind is dropped together with its attempt.
 */
export class RunningAttempts {
  readonly #running = new Map<string, Running>();

  begin(key: string, streak: FailureStreak, now: number): Attempt {
    const abort = new AbortController();
    this.#running.set(key, { startedAt: now, abort });
    return { ...streak, signal: abort.signal };
  }

  end(key: string): void {
    this.#running.delete(key);
  }

  abortAll(reason: Error): void {
    for (const { abort } of this.#running.values()) abort.abort(reason);
  }

  /** The attempt that has run longest. */
  oldest(): { readonly key: string; readonly startedAt: number } | undefined {
    // Insertion order is the order of starting.
    for (const [key, { startedAt }] of this.#running) return { key, startedAt };
    return undefined;
  }
}
