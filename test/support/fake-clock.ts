/** A clock that the test moves. */
import type { Clock, Timer } from '../../src/runtime/clock.ts';

interface PendingTimer {
  /** By the monotonic clock, as Node's timers. */
  readonly at: number;
  readonly fn: () => void;
}

/**
 * A clock that stands still until told otherwise. Timers run in the order of their times, equal ones in the order of
 * setting. `random` is 0.5 unless a source is given, which makes symmetric jitter vanish.
 */
export class FakeClock implements Clock {
  /** Assign to change what `random` answers. */
  randomSource: () => number;
  #now: number;
  #monotonic = 0;
  readonly #timers = new Set<PendingTimer>();

  constructor(startMs: number = Date.UTC(2025, 0, 1), randomSource: () => number = () => 0.5) {
    this.#now = startMs;
    this.randomSource = randomSource;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  random(): number {
    return this.randomSource();
  }

  setTimer(ms: number, fn: () => void): Timer {
    const timer = { at: this.#monotonic + Math.max(0, ms), fn };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** Number of timers that are set and have not run. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** When the next timer runs, in ms since the epoch; undefined when none is set. */
  get nextTimerAt(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next.at - this.#monotonic + this.#now;
  }

  /**
   * Moves time on by `ms`, running every timer that becomes due at its own time, also those set meanwhile; promises
   * settle before time starts to move, after every timer, and at the end.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    await this.settle();
    for (let timer = this.#next(); timer !== undefined && timer.at <= end; timer = this.#next()) {
      this.#timers.delete(timer);
      this.#goTo(Math.max(this.#monotonic, timer.at));
      timer.fn();
      await this.settle();
    }
    this.#goTo(end);
    await this.settle();
  }

  /** Steps the wall clock alone (also backwards), as a correction of the machine's time does: no timer minds. */
  step(ms: number): void {
    this.#now += ms;
  }

  /** Time goes by and nothing is done meanwhile, as while a process is stopped; timers that became due run with the next `advance`. */
  suspend(ms: number): void {
    this.#goTo(this.#monotonic + ms);
  }

  /** Resolves when every promise that needs neither time nor I/O has settled. */
  settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  #goTo(monotonic: number): void {
    this.#now += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }

  #next(): PendingTimer | undefined {
    let next: PendingTimer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.at < next.at) next = timer;
    return next;
  }
}
