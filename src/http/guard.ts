import { createHash } from 'node:crypto';
import type { Log } from '../runtime/instruments.ts';
import { type Rate, RateLimit } from './rate-limit.ts';

/** `unknown`: nobody is proven by that token. */
export type AccessDecision = 'allowed' | 'forbidden' | 'unknown';

/** Nobody was asked about the token, because too much is asked. */
export interface RateLimited {
  readonly retryAfterMs: number;
}

export interface GuardOptions {
  /** Whether who bears this token may read the metrics. Rejects when nobody can tell now. */
  readonly review: (token: string) => Promise<AccessDecision>;
  /** Milliseconds since some moment in the past; never steps. */
  readonly now: () => number;
  readonly log: Log;
}

/** How long a verdict is kept, so that not every scrape asks the API server; a right that is withdrawn ends as late. */
const KEPT_MS: Readonly<Record<AccessDecision, number>> = { allowed: 60_000, forbidden: 10_000, unknown: 10_000 };
/** How many tokens are remembered, of those accepted and of the others each: ever new ones do not cost memory. */
const MANY = 100;
/** How often the API server is asked, about tokens that were accepted and about others each. */
const REVIEWS: Rate = { burst: 20, perSecond: 1 };
const WARN_EVERY_MS = 60_000;

/**
 * Lets in who bears a token that is good for it. Remembers verdicts, and no tokens: only their hashes.
 *
 * Guarantees: whatever is sent here, the API server is asked no more often than `REVIEWS` says; and who sends tokens that
 * nobody accepts keeps out nobody whose token was accepted when it was reviewed last. So these are remembered apart, and
 * have reviews of their own.
 */
export class MetricsAuthorizer {
  readonly #options: GuardOptions;
  readonly #accepted = new DecisionCache();
  readonly #refused = new DecisionCache();
  readonly #ofAccepted: RateLimit;
  readonly #ofOthers: RateLimit;
  readonly #underWay = new Map<string, Promise<AccessDecision>>();
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#ofAccepted = new RateLimit(REVIEWS, options.now);
    this.#ofOthers = new RateLimit(REVIEWS, options.now);
  }

  /** `authorization` is the header of the request. Rejects as the review does. */
  async check(authorization: string | undefined): Promise<AccessDecision | RateLimited> {
    const token = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return 'unknown';
    const hash = createHash('sha256').update(token).digest('base64');
    const accepted = this.#accepted.get(hash);
    const kept = accepted ?? this.#refused.get(hash);
    if (kept !== undefined && this.#options.now() < kept.until) return kept.verdict;
    const underWay = this.#underWay.get(hash);
    if (underWay !== undefined) return underWay;
    const retryAfterMs = (accepted === undefined ? this.#ofOthers : this.#ofAccepted).take();
    return retryAfterMs > 0 ? this.#postpone(retryAfterMs) : this.#review(token, hash);
  }

  /** Whoever bears the same token meanwhile shares the answer. */
  #review(token: string, hash: string): Promise<AccessDecision> {
    const review = this.#options
      .review(token)
      .then((verdict) => this.#keep(hash, verdict))
      .finally(() => this.#underWay.delete(hash));
    this.#underWay.set(hash, review);
    return review;
  }

  #keep(hash: string, verdict: AccessDecision): AccessDecision {
    const [its, other] = verdict === 'allowed' ? [this.#accepted, this.#refused] : [this.#refused, this.#accepted];
    its.put(hash, { verdict, until: this.#options.now() + KEPT_MS[verdict] });
    other.drop(hash);
    return verdict;
  }

  #postpone(retryAfterMs: number): RateLimited {
    const { now, log } = this.#options;
    if (now() - this.#warnedAt >= WARN_EVERY_MS) {
      this.#warnedAt = now();
      log.warn('too many tokens sent to /metrics; token reviews are rate-limited', { ...REVIEWS });
    }
    return { retryAfterMs };
  }
}

interface Kept {
  readonly verdict: AccessDecision;
  readonly until: number;
}

/** By hash; of too many the one that was reviewed the longest ago is forgotten. */
class DecisionCache {
  readonly #kept = new Map<string, Kept>();

  get(hash: string): Kept | undefined {
    return this.#kept.get(hash);
  }

  put(hash: string, kept: Kept): void {
    this.#kept.delete(hash);
    this.#kept.set(hash, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MANY && oldest !== undefined) this.#kept.delete(oldest);
  }

  drop(hash: string): void {
    this.#kept.delete(hash);
  }
}
