/** One line on a terminal's standard error that tells what is under way, once that takes longer than a second. */
import type { Clock, Timer } from '../../runtime/clock.ts';
import { safe } from './text.ts';

const AFTER_MS = 1_000;
const ERASE_LINE = '\r\u001b[2K';

export class Progress {
  readonly #write: (text: string) => void;
  readonly #columns: () => number;
  readonly #clock: Clock;
  #text = '';
  #timer: Timer | undefined;
  #isDrawn = false;

  constructor(write: (text: string) => void, columns: () => number, clock: Clock) {
    this.#write = write;
    this.#columns = columns;
    this.#clock = clock;
  }

  /** Nothing is under way where the text is empty. */
  say(text: string): void {
    this.#text = text;
    if (text === '') this.stop();
    else if (this.#isDrawn) this.#draw();
    else this.#timer ??= this.#clock.setTimer(AFTER_MS, () => this.#draw());
  }

  /** Makes room for a line that stays; what is under way shows again a second later. */
  clear(): void {
    if (this.#isDrawn) this.#write(ERASE_LINE);
    this.#isDrawn = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#text !== '') this.say(this.#text);
  }

  stop(): void {
    this.#text = '';
    this.clear();
  }

  #draw(): void {
    this.#timer = undefined;
    this.#isDrawn = true;
    // A line that wraps could not be erased.
    const line = [...safe(`${this.#text} …`)].slice(0, Math.max(1, this.#columns() - 1)).join('');
    this.#write(`${ERASE_LINE}${line}`);
  }
}
