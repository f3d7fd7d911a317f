/** What is refused to everybody alike, and who is to be woken when it is granted again. */
import type { CallContext, Urgency } from '../../ports.ts';
import type { Clock } from '../../runtime/clock.ts';

/**
 * A token that an identity does not get, or a subscription that does not take it. Guarantees: whoever waits is woken as soon
 * as anybody is granted what was refused, through the queue, where the request budget spreads them.
 *
 * Two designs. Each object could go on asking at its own pace: no state here, but the pace must be slow (all ask for one
 * thing), so that one refusal costs each of them minutes. So who waits for what is kept at the edge, which alone knows that
 * it is one thing; a lost wake costs nothing but the wait for the object's own look.
 */
export class Denial {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #wake: (key: string, urgency: Urgency) => void;
  readonly #wakeEveryMs: number;
  readonly #waiting = new Map<string, Urgency>();
  #since: number | undefined;
  #wokenAt = Number.NEGATIVE_INFINITY;

  /** Where yes and no may take turns, `wakeEveryMs` keeps each yes from waking those who meet the next no. */
  constructor(clock: Pick<Clock, 'monotonic'>, wake: (key: string, urgency: Urgency) => void, wakeEveryMs = 0) {
    this.#clock = clock;
    this.#wake = wake;
    this.#wakeEveryMs = wakeEveryMs;
  }

  /** It was refused now; answers since when it has been refused each time, by the monotonic clock. */
  refused(): number {
    // Of what nobody waits for, nobody knows whether it was granted in between.
    this.#since = (this.isAwaited ? this.#since : undefined) ?? this.#clock.monotonic();
    return this.#since;
  }

  get isAwaited(): boolean {
    return this.#waiting.size > 0;
  }

  /** Says whether it did not wait yet. */
  wait({ key, urgency }: Pick<CallContext, 'key' | 'urgency'>): boolean {
    const isNew = !this.#waiting.has(key);
    this.#waiting.set(key, urgency);
    return isNew;
  }

  /** It was granted. */
  granted(): void {
    this.#since = undefined;
    const now = this.#clock.monotonic();
    if (!this.isAwaited || now - this.#wokenAt < this.#wakeEveryMs) return;
    this.#wokenAt = now;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [key, urgency] of waiting) this.#wake(key, urgency);
  }

  /** The key is gone. */
  forget(key: string): void {
    this.#waiting.delete(key);
  }
}
