/** ARM's token buckets. */
import { foldName, MIN_RETRY_AFTER_SECONDS } from './assumptions.ts';
import type { BucketSettings } from './control.ts';
import type { BucketKind } from './operations.ts';

type Limit = { readonly burst: number; readonly perSecond: number };
type Limits = Record<BucketKind, Limit>;

/** Documented, per subscription, principal and region; the emulator is one region. */
const ARM_LIMITS: Limits = {
  reads: { burst: 250, perSecond: 25 },
  writes: { burst: 200, perSecond: 10 },
  deletes: { burst: 200, perSecond: 10 },
};

/** Documented: all principals of a subscription together have fifteen times the limit of one. */
const GLOBAL_FACTOR = 15;

const KINDS: readonly BucketKind[] = ['reads', 'writes', 'deletes'];

interface Bucket {
  tokens: number;
  at: number;
}

interface Settings {
  readonly enabled: boolean;
  readonly limits: Limits;
}

interface SubscriptionBuckets {
  settings: Settings;
  readonly own: Map<string, Bucket>;
  /** How the buckets of principals not yet seen begin, when they do not begin full. */
  readonly fresh: Map<BucketKind, Bucket>;
}

export type Taken =
  | { ok: true; headers: Record<string, string> }
  /** Seconds until there is a token again. */
  | { ok: false; retryAfter: number };

export class Buckets {
  readonly #now: () => number;
  readonly #bySubscription = new Map<string, SubscriptionBuckets>();
  readonly #initial: Settings;
  #defaults: Settings;

  constructor(now: () => number, enabled: boolean) {
    this.#now = now;
    this.#initial = { enabled, limits: ARM_LIMITS };
    this.#defaults = this.#initial;
  }

  take(subscriptionId: string, principal: string, kind: BucketKind): Taken {
    const { settings, own, fresh } = this.#subscription(subscriptionId);
    const limit = settings.limits[kind];
    if (!settings.enabled) return { ok: true, headers: remaining(kind, limit.burst, limit.burst * GLOBAL_FACTOR) };
    const all = scaled(limit);
    const mine = this.#refilled(own, `${kind} of ${principal}`, limit, fresh.get(kind));
    const everyone = this.#refilled(own, kind, all);
    if (mine.tokens < 1) return { ok: false, retryAfter: secondsUntilOne(mine.tokens, limit) };
    if (everyone.tokens < 1) return { ok: false, retryAfter: secondsUntilOne(everyone.tokens, all) };
    mine.tokens--;
    everyone.tokens--;
    return { ok: true, headers: remaining(kind, mine.tokens, everyone.tokens) };
  }

  configure(subscriptionId: string | undefined, settings: BucketSettings): void {
    if (subscriptionId === undefined) {
      this.#defaults = merged(this.#defaults, settings);
      this.#bySubscription.clear();
      return;
    }
    const before = this.#subscription(subscriptionId).settings;
    this.#bySubscription.set(foldName(subscriptionId), {
      settings: merged(before, settings),
      own: new Map(),
      fresh: new Map(),
    });
  }

  forget(subscriptionId: string): void {
    this.#bySubscription.delete(foldName(subscriptionId));
  }

  /** Of every principal, those not yet seen too. */
  drain(subscriptionId: string, kind: BucketKind, left: number): void {
    const { own, fresh } = this.#subscription(subscriptionId);
    for (const key of own.keys()) if (key.startsWith(`${kind} of `)) own.delete(key);
    fresh.set(kind, { tokens: left, at: this.#now() });
  }

  reset(): void {
    this.#bySubscription.clear();
    this.#defaults = this.#initial;
  }

  #subscription(id: string): SubscriptionBuckets {
    const key = foldName(id);
    let found = this.#bySubscription.get(key);
    if (found === undefined) {
      found = { settings: this.#defaults, own: new Map(), fresh: new Map() };
      this.#bySubscription.set(key, found);
    }
    return found;
  }

  #refilled(own: Map<string, Bucket>, key: string, limit: Limit, fresh?: Bucket): Bucket {
    const now = this.#now();
    let bucket = own.get(key);
    if (bucket === undefined) {
      bucket = { ...(fresh ?? { tokens: limit.burst, at: now }) };
      own.set(key, bucket);
    }
    bucket.tokens = Math.min(limit.burst, bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * limit.perSecond);
    bucket.at = now;
    return bucket;
  }
}

function scaled(limit: Limit): Limit {
  return { burst: limit.burst * GLOBAL_FACTOR, perSecond: limit.perSecond * GLOBAL_FACTOR };
}

function secondsUntilOne(tokens: number, limit: Limit): number {
  return Math.max(MIN_RETRY_AFTER_SECONDS, Math.ceil((1 - tokens) / limit.perSecond));
}

function remaining(kind: BucketKind, own: number, global: number): Record<string, string> {
  return {
    [`x-ms-ratelimit-remaining-subscription-${kind}`]: String(Math.floor(own)),
    [`x-ms-ratelimit-remaining-subscription-global-${kind}`]: String(Math.floor(global)),
  };
}

function merged(before: Settings, change: BucketSettings): Settings {
  const limits = { ...before.limits };
  for (const kind of KINDS) limits[kind] = change.limits?.[kind] ?? limits[kind];
  return { enabled: change.enabled ?? before.enabled, limits };
}
