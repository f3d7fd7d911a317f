/** Exponential back-off of failed keys, with jitter. */
import type { Clock } from './clock.ts';

/** A failed key waits for `baseMs · 2^failures`, with jitter, at most `maxMs`, but never less than `minMs`. */
export interface BackoffPolicy {
  readonly baseMs: number;
  readonly maxMs: number;
  /** A wait that the server asks for (Retry-After); it may exceed `maxMs`. */
  readonly minMs?: number;
  /** This one wait is not longer. */
  readonly latestMs?: number;
  /** No hint makes it shorter: the failure is not to be repeated sooner. */
  readonly isFirm?: boolean;
}

const JITTER = 0.2;

/** Beyond this exponent every base has passed every maximum, and 2^n must not become Infinity. */
const LARGEST_EXPONENT = 50;

/**
 * Milliseconds to wait after one more failure, when `failures` came before it. Uniform within ±20 %; at the maximum within
 * the 20 % below it, so that keys that have failed for long do not all come back at once. Where `minMs` decides, the wait
 * is up to 20 % longer, for the same reason.
 */
export function backoffDelay(policy: BackoffPolicy, failures: number, random: number): number {
  const planned = Math.min(policy.baseMs * 2 ** Math.min(failures, LARGEST_EXPONENT), policy.maxMs);
  const shortest = planned * (1 - JITTER);
  const longest = Math.min(planned * (1 + JITTER), policy.maxMs);
  const delay = shortest + random * (longest - shortest);
  const asked = (policy.minMs ?? 0) * (1 + JITTER * random);
  return Math.min(Math.max(delay, asked), policy.latestMs ?? Number.POSITIVE_INFINITY);
}

interface Streak {
  readonly failures: number;
  readonly policy: BackoffPolicy;
}

/** Counts how often each key has failed in a row under one policy; another policy starts at its own base. */
export class RetryMemory {
  readonly #streaks = new Map<string, Streak>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  failures(key: string): number {
    return this.#streaks.get(key)?.failures ?? 0;
  }

  /** Counts a failure and returns how many milliseconds to wait before the next attempt. */
  failed(key: string, policy: BackoffPolicy): number {
    const before = this.#streaks.get(key);
    const failures = before !== undefined && isSamePolicy(before.policy, policy) ? before.failures : 0;
    this.#streaks.set(key, { failures: failures + 1, policy });
    return backoffDelay(policy, failures, this.#clock.random());
  }

  clear(key: string): void {
    this.#streaks.delete(key);
  }
}

function isSamePolicy(a: BackoffPolicy, b: BackoffPolicy): boolean {
  return a.baseMs === b.baseMs && a.maxMs === b.maxMs;
}
