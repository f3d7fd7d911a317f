/** What whoever waits for the probe is told: which questions are open, how many are answered, and what came of each. */
import type { Site } from './assumptions/site.ts';

interface Question {
  readonly place: Site['kind'];
  readonly id: string;
}

interface Tellers {
  /** What has come about. */
  readonly progress: (line: string) => void;
  /** What is being asked, until one of both says more. */
  readonly underWay: (line: string) => void;
}

export class Tally {
  readonly #count: number;
  readonly #tellers: Tellers;
  /** One of each place at the most. */
  #open: readonly Question[] = [];
  #answered = 0;

  /** `count`: all that will be asked. */
  constructor(count: number, tellers: Tellers) {
    this.#count = count;
    this.#tellers = tellers;
  }

  asked(question: Question): void {
    this.#open = [...this.#open, question];
    this.#tellOpen();
  }

  answered({ place, id, verdict }: Question & { readonly verdict: string }): void {
    this.#open = this.#open.filter((each) => each.place !== place);
    this.#tellers.progress(`[${++this.#answered}/${this.#count}] ${place}: ${id}: ${verdict}`);
    this.#tellOpen();
  }

  #tellOpen(): void {
    if (this.#open.length === 0) return;
    const questions = this.#open.map(({ place, id }) => `${place}: ${id}`).sort();
    this.#tellers.underWay(`${this.#answered} of ${this.#count} answered, asking ${questions.join(' and ')}`);
  }
}
