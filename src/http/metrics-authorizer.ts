/** Who may read the metrics: the bearer of a token that the API server accepts for it. */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Log } from '../runtime/log.ts';
import { Throttle } from '../runtime/throttle.ts';
import { type Rate, TokenBucket } from '../runtime/token-bucket.ts';

/** `unknown`: the API server knows no user by that token. */
export type AccessDecision = 'allowed' | 'forbidden' | 'unknown';

/** The API server was not asked about the token, because it was asked too often. */
export interface RateLimited {
  readonly retryAfterMs: number;
}

export interface AuthorizerOptions {
  /** Whether the bearer of this token may read the metrics. Rejects when the API server cannot say. */
  readonly review: (token: string) => Promise<AccessDecision>;
  /** Milliseconds since some moment in the past; never steps. */
  readonly now: () => number;
  readonly log: Log;
}

/** How long a decision is cached, so that not every scrape asks the API server. A withdrawn right ends that much later. */
const CACHED_MS: Readonly<Record<AccessDecision, number>> = { allowed: 60_000, forbidden: 10_000, unknown: 10_000 };
/** How many tokens are cached, of the accepted and of the refused each: ever new tokens must not cost memory. */
const MANY = 100;
/** How often the API server is asked, about accepted tokens and about others each. */
const REVIEWS: Rate = { burst: 20, perSecond: 1 };
const WARN_EVERY_MS = 60_000;

interface CachedDecision {
  readonly decision: AccessDecision;
  readonly until: number;
}

/**
 * Lets in the bearers of good tokens. Caches decisions by the hashes of tokens, never tokens.
 *
 * Guarantees: whatever clients send, the API server is asked no more often than `REVIEWS` says; and a client that sends
 * bad tokens keeps out no client whose token was accepted in its last review. So accepted tokens have a cache and a rate
 * limit of their own.
 */
export class MetricsAuthorizer {
  readonly #options: AuthorizerOptions;
  /** By hash; the decision reviewed longest ago goes first, so reads must not refresh an entry: hence `peek`. */
  readonly #accepted = new LRUCache<string, CachedDecision>({ max: MANY });
  readonly #refused = new LRUCache<string, CachedDecision>({ max: MANY });
  readonly #ofAccepted: TokenBucket;
  readonly #ofOthers: TokenBucket;
  readonly #underWay = new Map<string, Promise<AccessDecision>>();
  readonly #warnings = new Throttle(WARN_EVERY_MS, Number.NEGATIVE_INFINITY);

  constructor(options: AuthorizerOptions) {
    this.#options = options;
    this.#ofAccepted = new TokenBucket(REVIEWS, options.now);
    this.#ofOthers = new TokenBucket(REVIEWS, options.now);
  }

  /** `authorization` is the header of the request. Rejects as the review does. */
  async check(authorization: string | undefined): Promise<AccessDecision | RateLimited> {
    const token = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return 'unknown';
    const hash = createHash('sha256').update(token).digest('base64');
    const accepted = this.#accepted.peek(hash);
    const cached = accepted ?? this.#refused.peek(hash);
    if (cached !== undefined && this.#options.now() < cached.until) return cached.decision;
    const underWay = this.#underWay.get(hash);
    if (underWay !== undefined) return underWay;
    const retryAfterMs = (accepted === undefined ? this.#ofOthers : this.#ofAccepted).take();
    return retryAfterMs > 0 ? this.#postpone(retryAfterMs) : this.#review(token, hash);
  }

  /** Requests with the same token meanwhile share the answer. */
  #review(token: string, hash: string): Promise<AccessDecision> {
    const review = this.#options
      .review(token)
      .then((decision) => this.#cache(hash, decision))
      .finally(() => this.#underWay.delete(hash));
    this.#underWay.set(hash, review);
    return review;
  }

  #cache(hash: string, decision: AccessDecision): AccessDecision {
    const [its, other] = decision === 'allowed' ? [this.#accepted, this.#refused] : [this.#refused, this.#accepted];
    its.set(hash, { decision, until: this.#options.now() + CACHED_MS[decision] });
    other.delete(hash);
    return decision;
  }

  #postpone(retryAfterMs: number): RateLimited {
    const { now, log } = this.#options;
    if (this.#warnings.isDue(now())) {
      log.warn('too many tokens sent to /metrics; token reviews are rate-limited', { ...REVIEWS });
    }
    return { retryAfterMs };
  }
}
