/** Says once in a period that it has gone by, to whoever comes along: housekeeping that needs no timer. */
export class Every {
  readonly #periodMs: number;
  #last: number;

  /** The first period begins at `now`, in milliseconds of a clock that never steps. */
  constructor(periodMs: number, now: number) {
    this.#periodMs = periodMs;
    this.#last = now;
  }

  /** Whether it has; then the next begins. `now` never steps. */
  isDue(now: number): boolean {
    if (now - this.#last < this.#periodMs) return false;
    this.#last = now;
    return true;
  }
}
