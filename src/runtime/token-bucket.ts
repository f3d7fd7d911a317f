/** A token bucket: how many may go now, and how long until more may. */

export interface Rate {
  /** How many are granted at once after a pause. */
  readonly burst: number;
  readonly perSecond: number;
}

/**
 * Grants no more than burst + rate·t in any time t. A token is either taken at once, or reserved first and then spent or
 * put back. A reserved token counts as taken: the bucket fills only up to what reservations leave of its capacity.
 */
export class TokenBucket {
  readonly capacity: number;
  readonly perMs: number;
  readonly #now: () => number;
  #tokens: number;
  #reserved = 0;
  /** May lie ahead: the bucket does not fill before then. */
  #filledAt: number;

  /** `now` is in milliseconds, and never steps back. */
  constructor({ burst, perSecond }: Rate, now: () => number) {
    this.capacity = burst;
    this.perMs = perSecond / 1000;
    this.#now = now;
    this.#tokens = burst;
    this.#filledAt = now();
  }

  /** Whole tokens that may be reserved now. */
  get available(): number {
    this.#fill();
    return Math.max(0, Math.floor(this.#tokens));
  }

  /** Takes so many and returns 0; or takes none and returns after how many milliseconds there are so many. */
  take(count = 1): number {
    const ms = this.msUntil(count);
    if (ms === 0) this.#tokens -= count;
    return ms;
  }

  reserve(count: number): void {
    this.#tokens -= count;
    this.#reserved += count;
  }

  putBack(count: number): void {
    this.#tokens += count;
    this.#reserved -= count;
  }

  /** Spends a reserved token. */
  spend(): void {
    // First: as long as it was reserved, there was no room for a new one in its place.
    this.#fill();
    this.#reserved--;
  }

  /** At most so many are left, reserved ones included. */
  lower(tokens: number): void {
    this.#fill();
    this.#tokens = Math.min(this.#tokens, tokens - this.#reserved);
  }

  /** Empties it; it fills again from that moment on. */
  emptyUntil(moment: number): void {
    this.#fill();
    this.#tokens = Math.min(this.#tokens, 0);
    this.#filledAt = moment;
  }

  /** Fills again from now on. */
  resume(): void {
    this.#filledAt = this.#now();
  }

  /** Milliseconds until so many can be reserved; infinite as long as reservations leave no room for them. */
  msUntil(count: number): number {
    this.#fill();
    if (count > Math.floor(this.capacity) - this.#reserved) return Number.POSITIVE_INFINITY;
    const paused = Math.max(0, this.#filledAt - this.#now());
    return paused + Math.max(0, count - this.#tokens) / this.perMs;
  }

  #fill(): void {
    const now = this.#now();
    const gained = Math.max(0, now - this.#filledAt) * this.perMs;
    this.#tokens = Math.min(this.#tokens + gained, this.capacity - this.#reserved);
    this.#filledAt = Math.max(this.#filledAt, now);
  }
}
