/** A circuit breaker: while a subscription does not answer, no further pass begins to call it. */
import type { Urgency } from '../../ports.ts';
import type { Clock } from '../../runtime/clock.ts';

/** ARM answers within this; an answer that takes longer may never come. */
export const SLOW_RESPONSE_MS = 5_000;
/** So many requests under way are enough to learn when a subscription answers again. */
const MAX_SLOW = 10;

/**
 * Keeps a subscription that does not answer from occupying all workers. A pass that has begun may go on, retries included,
 * so that it completes what it does, or learns of the failure.
 */
export class CircuitBreaker {
  readonly #clock: Clock;
  readonly #wake: (key: string, urgency: Urgency) => void;
  /** Requests without an answer, the oldest first. */
  readonly #unanswered = new Set<{ readonly sentAt: number }>();
  readonly #waiting = new Map<string, Urgency>();
  readonly #begun = new Set<string>();

  constructor(clock: Clock, wake: (key: string, urgency: Urgency) => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Whether the pass of this key may send a request. If not, the key is woken once it may. */
  allows(key: string, urgency: Urgency): boolean {
    if (!this.#begun.has(key) && this.#isStalled()) {
      this.#waiting.set(key, urgency);
      return false;
    }
    this.#begun.add(key);
    return true;
  }

  /** The pass of this key is over. */
  finish(key: string): void {
    this.#begun.delete(key);
  }

  /** A request goes out; the caller calls what this returns when the request has ended, however it did. */
  sent(): () => void {
    const request = { sentAt: this.#clock.monotonic() };
    this.#unanswered.add(request);
    return () => {
      this.#unanswered.delete(request);
      if (this.#waiting.size > 0 && !this.#isStalled()) this.wakeAll();
    };
  }

  forget(key: string): void {
    this.#begun.delete(key);
    this.#waiting.delete(key);
  }

  wakeAll(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [key, urgency] of waiting) this.#wake(key, urgency);
  }

  #isStalled(): boolean {
    const slowBefore = this.#clock.monotonic() - SLOW_RESPONSE_MS;
    let count = 0;
    for (const { sentAt } of this.#unanswered) {
      if (sentAt > slowBefore) return false;
      if (++count >= MAX_SLOW) return true;
    }
    return false;
  }
}
