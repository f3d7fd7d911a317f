export interface Rate {
  /** How many are granted at once after a pause. */
  readonly burst: number;
  readonly perSecond: number;
}

/** Grants no more than burst + rate·t in any time t. */
export class RateLimit {
  readonly #rate: Rate;
  readonly #now: () => number;
  #left: number;
  #filledAt: number;

  /** `now` is in milliseconds, and never steps back. */
  constructor(rate: Rate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
    this.#left = rate.burst;
    this.#filledAt = now();
  }

  /** Grants one now, and answers 0; or none, and answers how many milliseconds later there is one. */
  take(): number {
    const { burst, perSecond } = this.#rate;
    const now = this.#now();
    this.#left = Math.min(burst, this.#left + ((now - this.#filledAt) * perSecond) / 1000);
    this.#filledAt = now;
    if (this.#left < 1) return ((1 - this.#left) * 1000) / perSecond;
    this.#left -= 1;
    return 0;
  }
}
