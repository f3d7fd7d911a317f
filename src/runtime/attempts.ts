/** The calls of a handler that run at this moment, each with its own signals. */

/** What a handler is told about the pass it makes. */
export interface Attempt {
  /** How often the key has failed in a row, and in one way, before this attempt. */
  readonly failures: number;
  /** Aborts when the controller stops and its grace period is over, or when leadership is lost. */
  readonly signal: AbortSignal;
  /**
   * For reads. Aborts when `signal` does, and when the key was added again because the attempt works with outdated input: the
   * answer would be in vain. A write uses `signal`, for it must hear what came of it.
   */
  readonly readSignal: AbortSignal;
}

interface Running {
  readonly startedAt: number;
  readonly whole: AbortController;
  readonly reads: AbortController;
}

/** Each attempt has its own abort signals, so a listener that a handler leaves behind goes away with the attempt. */
export class RunningAttempts {
  readonly #running = new Map<string, Running>();

  begin(key: string, failures: number, now: number): Attempt {
    const whole = new AbortController();
    // Not `AbortSignal.any`: only a full garbage collection frees what it makes.
    const reads = new AbortController();
    this.#running.set(key, { startedAt: now, whole, reads });
    return { failures, signal: whole.signal, readSignal: reads.signal };
  }

  end(key: string): void {
    this.#running.delete(key);
  }

  supersede(key: string): void {
    this.#running.get(key)?.reads.abort(new Error('the key was added again meanwhile'));
  }

  abortAll(reason: Error): void {
    for (const { whole, reads } of this.#running.values()) {
      whole.abort(reason);
      reads.abort(reason);
    }
  }

  /** The attempt that has run longest. */
  oldest(): { readonly key: string; readonly startedAt: number } | undefined {
    // Insertion order is the order of starting.
    for (const [key, { startedAt }] of this.#running) return { key, startedAt };
    return undefined;
  }
}
