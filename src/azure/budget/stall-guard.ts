import type { Urgency } from '../../ports.ts';
import type { Clock } from '../../runtime/clock.ts';

/** An answer that takes so long is not one that ARM was slow with, but one that may never come. */
export const SLOW_RESPONSE_MS = 5_000;
/** So many requests are enough to learn when a subscription answers again. */
const MOST_LATE = 10;

/**
 * Keeps a subscription that does not answer from taking all the workers: while many of its requests are late, no further
 * key begins to ask. One that has begun goes on, repetitions included, so that it ends what it does and learns of the failure.
 */
export class CircuitBreaker {
  readonly #clock: Clock;
  readonly #wake: (key: string, urgency: Urgency) => void;
  /** The oldest first. */
  readonly #unanswered = new Set<{ readonly sentAt: number }>();
  readonly #waiting = new Map<string, Urgency>();
  readonly #firstOperationPoll = new Set<string>();

  constructor(clock: Clock, wake: (key: string, urgency: Urgency) => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Whether this key may ask for something. If not, it is woken as soon as others may. */
  allows(key: string, urgency: Urgency): boolean {
    if (!this.#firstOperationPoll.has(key) && this.#isStalled()) {
      this.#waiting.set(key, urgency);
      return false;
    }
    this.#firstOperationPoll.add(key);
    return true;
  }

  /** The pass of this key is over. */
  finish(key: string): void {
    this.#firstOperationPoll.delete(key);
  }

  /** A request goes out; returns what is to be called when it has ended, however that was. */
  sent(): () => void {
    const request = { sentAt: this.#clock.monotonic() };
    this.#unanswered.add(request);
    return () => {
      this.#unanswered.delete(request);
      if (this.#waiting.size > 0 && !this.#isStalled()) this.wakeAll();
    };
  }

  forget(key: string): void {
    this.#firstOperationPoll.delete(key);
    this.#waiting.delete(key);
  }

  wakeAll(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [key, urgency] of waiting) this.#wake(key, urgency);
  }

  #isStalled(): boolean {
    const late = this.#clock.monotonic() - SLOW_RESPONSE_MS;
    let count = 0;
    for (const { sentAt } of this.#unanswered) {
      if (sentAt > late) return false;
      if (++count >= MOST_LATE) return true;
    }
    return false;
  }
}
