import { createHash } from 'node:crypto';

/** `unknown`: nobody is proven by that token. */
export type Verdict = 'allowed' | 'forbidden' | 'unknown';

export interface GuardOptions {
  /** Whether who bears this token may read the metrics. Rejects when nobody can tell now. */
  readonly review: (token: string) => Promise<Verdict>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** How long a verdict is kept, so that not every scrape asks the API server; a right that is withdrawn ends as late. */
const KEPT_MS: Readonly<Record<Verdict, number>> = { allowed: 60_000, forbidden: 10_000, unknown: 10_000 };
/** How many tokens are remembered: whoever sends ever new ones does not cost memory. */
const MANY = 100;

/** Lets in who bears a token that is good for it. Remembers verdicts, and no tokens: only their hashes. */
export class Guard {
  readonly #options: GuardOptions;
  readonly #kept = new Map<string, { readonly verdict: Verdict; readonly until: number }>();

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** `authorization` is the header of the request. */
  async check(authorization: string | undefined): Promise<Verdict> {
    const token = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return 'unknown';
    const hash = createHash('sha256').update(token).digest('base64');
    const kept = this.#kept.get(hash);
    if (kept !== undefined && this.#options.now() < kept.until) return kept.verdict;
    const verdict = await this.#options.review(token);
    this.#keep(hash, verdict);
    return verdict;
  }

  #keep(hash: string, verdict: Verdict): void {
    this.#kept.delete(hash);
    this.#kept.set(hash, { verdict, until: this.#options.now() + KEPT_MS[verdict] });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MANY && oldest !== undefined) this.#kept.delete(oldest);
  }
}
