/** A refusal that all callers meet alike, and the keys to wake once it is over. */
import type { CallContext, Urgency } from '../../ports.ts';
import type { Clock } from '../../runtime/clock.ts';

/**
 * A token that an identity is refused, or a subscription that refuses the identity. Guarantees: every waiting key is woken
 * once any caller is granted what was refused; it goes through the queue, and the request budget spreads the calls.
 *
 * Two designs. Each object could ask again on its own: no state here, but the pace must be slow (all ask for one thing), so
 * one refusal costs each of them minutes. So the keys that wait are kept at the edge, which alone knows that it is one
 * thing. A wake that gets lost costs nothing: the object polls on its own.
 */
export class TokenDenial {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #wake: (key: string, urgency: Urgency) => void;
  readonly #wakeEveryMs: number;
  readonly #waiting = new Map<string, Urgency>();
  #since: number | undefined;
  #wokenAt = Number.NEGATIVE_INFINITY;

  /** Where grants and refusals may alternate, `wakeEveryMs` keeps each grant from waking keys that meet the next refusal. */
  constructor(clock: Pick<Clock, 'monotonic'>, wake: (key: string, urgency: Urgency) => void, wakeEveryMs = 0) {
    this.#clock = clock;
    this.#wake = wake;
    this.#wakeEveryMs = wakeEveryMs;
  }

  /** It was refused now; returns since when it has been refused each time, by the monotonic clock. */
  refused(): number {
    // Without a waiting key nothing was asked meanwhile, so it may have been granted in between.
    this.#since = (this.isAwaited ? this.#since : undefined) ?? this.#clock.monotonic();
    return this.#since;
  }

  get isAwaited(): boolean {
    return this.#waiting.size > 0;
  }

  /** Returns whether the key did not wait before. */
  wait({ key, urgency }: Pick<CallContext, 'key' | 'urgency'>): boolean {
    const isNew = !this.#waiting.has(key);
    this.#waiting.set(key, urgency);
    return isNew;
  }

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
