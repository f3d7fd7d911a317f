/** How many reads the list of a parent takes, as far as is known: it spends one for each page. */
import { AzureFailure } from '../../core/model/failure.ts';
import { ParkedError } from '../../ports.ts';

const TOO_LONG = new AzureFailure({
  kind: 'unavailable',
  message: 'The list has more pages than the request budget ever has reads.',
});

export class ListPages {
  #expected = 1;
  #expectedBefore = 1;
  #received = 0;
  /** Whether every list since the last complete one ran out of tokens before its end. */
  #ranDry = false;

  /** A list begins; returns how many reads it needs: all of its pages, for a list that runs dry has been read in vain. */
  begin(): number {
    this.#received = 0;
    this.#expectedBefore = this.#expected;
    return this.#expected;
  }

  received(page: number): void {
    this.#received = page;
    this.#expected = Math.max(this.#expected, page + 1);
  }

  completed(): void {
    this.#expected = Math.max(1, this.#received);
    this.#ranDry = false;
  }

  /** The next list does not wait for tokens for the pages of this one, which may have no end. */
  failed(): void {
    this.#expected = this.#expectedBefore;
  }

  /**
   * Why the list failed. The second list that runs dry has been given all the tokens that it needs, or all that there ever
   * are: it is too long to be read.
   */
  failureOf(error: unknown): unknown {
    const isDry = error instanceof ParkedError && error.waitsFor === 'tokens';
    if (this.#received === 0 || !isDry) return error;
    const isSecond = this.#ranDry;
    this.#ranDry = true;
    return isSecond ? TOO_LONG : error;
  }
}
