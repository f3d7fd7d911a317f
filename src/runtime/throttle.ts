/** Housekeeping without a timer: true once a period, to whoever comes along. */
export class Throttle {
  readonly #periodMs: number;
  #last: number;

  /** The first period begins at `now`, in milliseconds of a clock that never steps. */
  constructor(periodMs: number, now: number) {
    this.#periodMs = periodMs;
    this.#last = now;
  }

  /** Whether the period is over; then the next begins. `now` never steps. */
  isDue(now: number): boolean {
    if (now - this.#last < this.#periodMs) return false;
    this.#last = now;
    return true;
  }
}
