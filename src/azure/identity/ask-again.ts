/** When to ask again for a token that was refused: after 5, 10, 20 … seconds, as long as it is wanted. */
import type { Clock, Timer } from '../../runtime/clock.ts';

const FIRST_MS = 5_000;
const LONGEST_MS = 5 * 60_000;

export interface AskAgainOptions {
  readonly clock: Clock;
  /** Whether asking again is of use: asked before every wait, and after it. */
  readonly isWanted: () => boolean;
  readonly ask: () => void;
}

export class AskAgain {
  readonly #options: AskAgainOptions;
  #next: { readonly at: number; readonly timer: Timer } | undefined;
  #attempts = 0;
  #isStopped = false;

  constructor(options: AskAgainOptions) {
    this.#options = options;
  }

  /** Asks again when it is time, if it is wanted; an earlier time that was set before stands. */
  schedule(): void {
    const { clock, isWanted, ask } = this.#options;
    if (this.#isStopped || !isWanted()) return;
    const ms = Math.min(FIRST_MS * 2 ** this.#attempts, LONGEST_MS);
    const at = clock.monotonic() + ms;
    if (this.#next !== undefined && this.#next.at <= at) return;
    this.cancel();
    const timer = clock.setTimer(ms, () => {
      this.#next = undefined;
      this.#attempts++;
      if (isWanted()) ask();
    });
    this.#next = { at, timer };
  }

  /** The next wait is as short as the first. */
  reset(): void {
    this.#attempts = 0;
  }

  cancel(): void {
    this.#next?.timer.cancel();
    this.#next = undefined;
  }

  /** For good. */
  stop(): void {
    this.#isStopped = true;
    this.cancel();
  }
}
