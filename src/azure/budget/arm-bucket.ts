/** The token bucket of one kind of request, as ARM keeps it for us: it tells what is left, and may refuse for a while. */
import type { Clock } from '../../runtime/clock.ts';
import { type Rate, TokenBucket } from '../../runtime/token-bucket.ts';

/** How much of ARM's limit is spent: the rest allows for the difference between its clock and ours. */
const SHARE = 0.98;
/** A bucket that is blocked for longer than this lets one request through as often, as a probe. */
const PROBE_EVERY_MS = 3 * 60_000;
/** How many of the requests that ARM reports as remaining are not spent: 2 % of the greatest of its limits, at most. */
const MAX_MARGIN = 5;

/** Follows ARM's bucket with one of our own: never above what ARM reports, empty after a 429, and probed while blocked. */
export class ArmBucket {
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;
  readonly #margin: number;
  #blockedUntil = Number.NEGATIVE_INFINITY;
  #blockedAt = Number.NEGATIVE_INFINITY;
  #probeAt = Number.POSITIVE_INFINITY;
  /** The end that was announced when the present block began: people read it, so it is a time of the wall clock. */
  #announcedEnd = Number.NEGATIVE_INFINITY;

  constructor({ burst, perSecond }: Rate, clock: Clock) {
    const ours = { burst: Math.max(1, burst * SHARE), perSecond: perSecond * SHARE };
    this.#clock = clock;
    this.#bucket = new TokenBucket(ours, () => clock.monotonic());
    this.#margin = Math.min(MAX_MARGIN, Math.max(0, burst - ours.burst));
  }

  /** How fast it refills. */
  get perMs(): number {
    return this.#bucket.perMs;
  }

  /** The most whole tokens that it ever holds; one while it is probed. */
  get most(): number {
    return this.isProbed ? 1 : Math.floor(this.#bucket.capacity);
  }

  get isBlocked(): boolean {
    return this.#now < this.#blockedUntil;
  }

  /** The end of the block as it was announced first, so that a status does not change with every probe; undefined without one. */
  get blockedUntil(): number | undefined {
    if (!this.isBlocked) return undefined;
    const wall = this.#clock.now();
    if (wall >= this.#announcedEnd) this.#announcedEnd = wall + this.#blockedUntil - this.#now;
    return this.#announcedEnd;
  }

  /** How many whole tokens may be reserved now. */
  get available(): number {
    if (this.isBlocked) return this.#now >= this.#probeAt ? 1 : 0;
    return this.#bucket.available;
  }

  /** Whether it is blocked for so long that it is probed now and then. */
  get isProbed(): boolean {
    return this.isBlocked && this.#probeAt < this.#blockedUntil;
  }

  reserve(count: number): void {
    if (this.isBlocked && count > 0) this.#probeAt = this.#now + PROBE_EVERY_MS;
    this.#bucket.reserve(count);
  }

  putBack(count: number): void {
    this.#bucket.putBack(count);
  }

  /** Spends a reserved token. */
  spend(): void {
    this.#bucket.spend();
  }

  /** ARM reports that it would still grant `remaining`: other clients spend from the same bucket. Only ever lowers ours. */
  observe(remaining: number): void {
    this.#bucket.lower(Math.max(0, remaining - this.#margin));
  }

  /** ARM refused with 429: gives nothing for so long, and then fills again from nothing. */
  block(ms: number): void {
    if (!this.isProbed) this.#announcedEnd = this.#clock.now() + ms;
    this.#blockedAt = this.#now;
    this.#blockedUntil = Math.max(this.#blockedUntil, this.#now + ms);
    this.#probeAt = this.#now + PROBE_EVERY_MS;
    this.#bucket.emptyUntil(this.#blockedUntil);
  }

  /** ARM granted a request that was sent at that time. Ends the block if that was after it began; returns whether it did. */
  unblock(sentAt: number): boolean {
    if (!this.isBlocked || sentAt <= this.#blockedAt) return false;
    this.#blockedUntil = this.#now;
    this.#bucket.resume();
    return true;
  }

  /** Milliseconds until so many can be reserved; infinite as long as other reservations leave no room for them. */
  msUntil(count: number): number {
    if (this.isProbed && count <= 1) return Math.max(0, this.#probeAt - this.#now);
    return this.#bucket.msUntil(count);
  }

  get #now(): number {
    return this.#clock.monotonic();
  }
}
