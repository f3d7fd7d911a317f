import type { Clock } from '../runtime/clock.ts';

export interface Allowance {
  readonly burst: number;
  readonly perSecond: number;
}

/** Of ARM's allowance, how much is spent: the rest is for the difference between its clock and ours. */
const SHARE = 0.98;

/** Of what ARM says is left, so many are left to it: 2 % of the greatest of its allowances. */
const MOST_MARGIN = 5;

/**
 * Tokens that refill with time. They are set aside first, and then spent or put back: what is set aside counts as taken,
 * so the bucket fills only up to what that leaves.
 */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #margin: number;
  readonly #perMs: number;
  #tokens: number;
  #setAside = 0;
  #refilledAt: number;
  #blockedUntil = Number.NEGATIVE_INFINITY;

  constructor({ burst, perSecond }: Allowance, clock: Clock) {
    this.#clock = clock;
    this.#capacity = Math.max(1, burst * SHARE);
    this.#margin = Math.min(MOST_MARGIN, Math.max(0, burst - this.#capacity));
    this.#perMs = (perSecond * SHARE) / 1000;
    this.#tokens = this.#capacity;
    this.#refilledAt = clock.monotonic();
  }

  /** How fast it refills. */
  get perMs(): number {
    return this.#perMs;
  }

  /** The most whole tokens that it ever holds. */
  get most(): number {
    return Math.floor(this.#capacity);
  }

  get blocked(): boolean {
    return this.#clock.monotonic() < this.#blockedUntil;
  }

  /** How many whole tokens may be set aside now. */
  get available(): number {
    this.#refill();
    return this.blocked ? 0 : Math.max(0, Math.floor(this.#tokens));
  }

  setAside(count: number): void {
    this.#tokens -= count;
    this.#setAside += count;
  }

  putBack(count: number): void {
    this.#tokens += count;
    this.#setAside -= count;
  }

  /** One of those set aside. */
  spend(): void {
    // While it was set aside, there was no room for a new one in its place.
    this.#refill();
    this.#setAside--;
  }

  /** The other side says that it would still grant `remaining`: others take from the same bucket. Only ever lowers ours. */
  observe(remaining: number): void {
    this.#refill();
    this.#tokens = Math.min(this.#tokens, Math.max(0, remaining - this.#margin) - this.#setAside);
  }

  /** Gives nothing for so long, and then fills again from nothing. */
  block(ms: number): void {
    this.#refill();
    this.#blockedUntil = Math.max(this.#blockedUntil, this.#clock.monotonic() + ms);
    this.#refilledAt = this.#blockedUntil;
    this.#tokens = Math.min(this.#tokens, 0);
  }

  /** Milliseconds until so many can be set aside; infinite as long as others have set too many aside. */
  msUntil(count: number): number {
    this.#refill();
    if (count > this.most - this.#setAside) return Number.POSITIVE_INFINITY;
    const blocked = Math.max(0, this.#refilledAt - this.#clock.monotonic());
    return blocked + Math.max(0, count - this.#tokens) / this.#perMs;
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    const gained = Math.max(0, now - this.#refilledAt) * this.#perMs;
    this.#tokens = Math.min(this.#tokens + gained, this.#capacity - this.#setAside);
    this.#refilledAt = Math.max(this.#refilledAt, now);
  }
}
