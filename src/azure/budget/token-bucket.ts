import type { Clock } from '../../runtime/clock.ts';

export interface RateLimit {
  readonly burst: number;
  readonly perSecond: number;
}

/** Of ARM's allowance, how much is spent: the rest is for the difference between its clock and ours. */
const SHARE = 0.98;

/** What gives nothing for longer than this is tried by one request as often. */
const PROBE_EVERY_MS = 3 * 60_000;

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
  #blockedAt = Number.NEGATIVE_INFINITY;
  #probeAt = Number.POSITIVE_INFINITY;
  /** The end that was announced when the present blocking began: for people, so by the wall clock. */
  #announced = Number.NEGATIVE_INFINITY;

  constructor({ burst, perSecond }: RateLimit, clock: Clock) {
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

  /** The most whole tokens that it ever holds; one while it is only tried whether it gives any. */
  get most(): number {
    return this.isProbed ? 1 : Math.floor(this.#capacity);
  }

  get blocked(): boolean {
    return this.#now < this.#blockedUntil;
  }

  /** Until when it gives nothing, as that was announced first, whatever is said meanwhile; undefined when it gives something. */
  get blockedUntil(): number | undefined {
    if (!this.blocked) return undefined;
    const wall = this.#clock.now();
    if (wall >= this.#announced) this.#announced = wall + this.#blockedUntil - this.#now;
    return this.#announced;
  }

  /** How many whole tokens may be set aside now. */
  get available(): number {
    this.#refill();
    if (this.blocked) return this.#now >= this.#probeAt ? 1 : 0;
    return Math.max(0, Math.floor(this.#tokens));
  }

  /** Whether it gives nothing for so long that it is tried now and then. */
  get isProbed(): boolean {
    return this.blocked && this.#probeAt < this.#blockedUntil;
  }

  setAside(count: number): void {
    if (this.blocked && count > 0) this.#probeAt = this.#now + PROBE_EVERY_MS;
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
    const now = this.#now;
    if (!this.isProbed) this.#announced = this.#clock.now() + ms;
    this.#blockedAt = now;
    this.#blockedUntil = Math.max(this.#blockedUntil, now + ms);
    this.#probeAt = now + PROBE_EVERY_MS;
    this.#refilledAt = this.#blockedUntil;
    this.#tokens = Math.min(this.#tokens, 0);
  }

  /** The other side has granted what was asked at that time: if that was after it blocked, it does so no more. */
  unblock(askedAt: number): boolean {
    if (!this.blocked || askedAt <= this.#blockedAt) return false;
    this.#blockedUntil = this.#now;
    this.#refilledAt = this.#blockedUntil;
    return true;
  }

  /** Milliseconds until so many can be set aside; infinite as long as others have set too many aside. */
  msUntil(count: number): number {
    this.#refill();
    if (this.isProbed && count <= 1) return Math.max(0, this.#probeAt - this.#now);
    if (count > Math.floor(this.#capacity) - this.#setAside) return Number.POSITIVE_INFINITY;
    const blocked = Math.max(0, this.#refilledAt - this.#now);
    return blocked + Math.max(0, count - this.#tokens) / this.#perMs;
  }

  #refill(): void {
    const now = this.#now;
    const gained = Math.max(0, now - this.#refilledAt) * this.#perMs;
    this.#tokens = Math.min(this.#tokens + gained, this.#capacity - this.#setAside);
    this.#refilledAt = Math.max(this.#refilledAt, now);
  }

  get #now(): number {
    return this.#clock.monotonic();
  }
}
