import { BudgetExhausted, type Caller, type Urgency } from '../ports.ts';
import type { Clock, Timer } from '../runtime/clock.ts';

export type BudgetKind = 'reads' | 'writes' | 'deletes';

export interface Allowance {
  readonly burst: number;
  readonly perSecond: number;
}

/** ARM's own token buckets per subscription, principal and region (documented). */
export const ARM_ALLOWANCES: Readonly<Record<BudgetKind, Allowance>> = {
  reads: { burst: 250, perSecond: 25 },
  writes: { burst: 200, perSecond: 10 },
  deletes: { burst: 200, perSecond: 10 },
};

/** Of ARM's allowance, how much is spent: the rest is for the difference between its clock and ours. */
const SHARE = 0.97;
/** How long a woken key has its tokens to itself. */
const HOLD_MS = 5_000;
/** How long after its last token it is remembered how many a key went through: about as long as a pass takes. */
const REMEMBER_MS = 5_000;
/** The most tokens that one pass is given at once. */
const MAX_NEED = 16;
/** Every so many grants go to whoever has waited longest, whatever the urgency. */
const FAIR_EVERY = 10;
const URGENCIES: readonly Urgency[] = ['change', 'repair', 'look'];

export interface RequestBudgetOptions {
  readonly clock: Clock;
  /** Puts a key back into the queue. Called inside `take` and from a timer: it must not call the budget back. */
  readonly wake: (key: string, urgency: Urgency) => void;
  /** Told whenever it changes: how many whole requests would be granted now. */
  readonly remaining?: (kind: BudgetKind, value: number) => void;
  /** ARM's, of which 97 % are spent; `ARM_ALLOWANCES` when absent. */
  readonly allowances?: Readonly<Record<BudgetKind, Allowance>>;
}

/**
 * How many requests of one identity to one subscription may go out. Guarantees: in no time t are more than burst + rate·t
 * granted; every key that was told to wait is woken, the more urgent ones first, and none starves; nobody who waits holds
 * a worker.
 *
 * Two designs. A semaphore on which a pass sleeps until its token comes is half the code, but under throttling every
 * worker ends up asleep behind periodic looks, and a person's change waits for a worker that the queue could have given
 * it. So a pass without a token ends, and the budget wakes its key through the queue, where priorities count again. The
 * price is that a pass starts over: a woken key therefore has its token reserved, and one that needs more tokens than it
 * was given is given one more the next time, or two looks with two requests each would take turns for ever.
 */
export class RequestBudget {
  readonly #buckets: Readonly<Record<BudgetKind, Bucket>>;

  constructor(options: RequestBudgetOptions) {
    const allowances = options.allowances ?? ARM_ALLOWANCES;
    const bucket = (kind: BudgetKind) => new Bucket(kind, allowances[kind], options);
    this.#buckets = { reads: bucket('reads'), writes: bucket('writes'), deletes: bucket('deletes') };
  }

  /** Spends one request. Throws `BudgetExhausted` when there is none now: `wake` is then called with the caller's key. */
  take(kind: BudgetKind, caller: Pick<Caller, 'key' | 'urgency'>): void {
    this.#buckets[kind].take(caller.key, caller.urgency);
  }

  /** ARM says that it would still grant `remaining` requests: others spend from the same bucket. Only ever lowers ours. */
  observe(kind: BudgetKind, remaining: number): void {
    this.#buckets[kind].observe(remaining);
  }

  /** ARM refused one with 429: nobody asks for this kind before `retryAfterMs` have gone by. */
  throttled(kind: BudgetKind, retryAfterMs: number): void {
    this.#buckets[kind].throttled(retryAfterMs);
  }

  /** The key is gone: it waits for nothing, and what was reserved for it is free. */
  forget(key: string): void {
    for (const bucket of Object.values(this.#buckets)) bucket.forget(key);
  }

  /**
   * Nobody is to spend from it any more: whoever waits is woken now, and whoever still asks is refused and woken at once,
   * since a pass that begins anew will not ask here.
   */
  retire(): void {
    for (const bucket of Object.values(this.#buckets)) bucket.retire();
  }

  /** Cancels the timers: nobody is woken any more. */
  stop(): void {
    for (const bucket of Object.values(this.#buckets)) bucket.stop();
  }
}

interface Waiter {
  readonly key: string;
  readonly urgency: Urgency;
  /** Tokens it is to be given at once. */
  readonly need: number;
  /** Counts up: the lower, the longer it waits. */
  readonly since: number;
}

/** Tokens set aside for a woken key, or the memory of those that a key has spent. */
interface Reservation {
  readonly urgency: Urgency;
  readonly since: number;
  left: number;
  /** How many it went through, those left included. */
  size: number;
  until: number;
}

class Bucket {
  readonly #kind: BudgetKind;
  readonly #capacity: number;
  readonly #margin: number;
  readonly #perMs: number;
  readonly #clock: Clock;
  readonly #wake: RequestBudgetOptions['wake'];
  readonly #remaining: (kind: BudgetKind, value: number) => void;
  readonly #waiting: Readonly<Record<Urgency, Map<string, Waiter>>> = {
    change: new Map(),
    repair: new Map(),
    look: new Map(),
  };
  readonly #reserved = new Map<string, Reservation>();
  #tokens: number;
  #refilledAt: number;
  #blockedUntil = Number.NEGATIVE_INFINITY;
  #served = 0;
  #arrivals = 0;
  #timer: Timer | undefined;
  #stopped = false;
  #retired = false;

  constructor(kind: BudgetKind, allowance: Allowance, { clock, wake, remaining = () => {} }: RequestBudgetOptions) {
    this.#kind = kind;
    this.#capacity = allowance.burst * SHARE;
    this.#margin = allowance.burst - this.#capacity;
    this.#perMs = (allowance.perSecond * SHARE) / 1000;
    this.#clock = clock;
    this.#wake = wake;
    this.#remaining = remaining;
    this.#tokens = this.#capacity;
    this.#refilledAt = clock.now();
  }

  take(key: string, urgency: Urgency): void {
    if (this.#retired) {
      this.#wake(key, urgency);
      throw new BudgetExhausted('this request budget is not kept any more');
    }
    this.#refill();
    const before = this.#reserved.get(key);
    const blocked = this.#blocked();
    if (!blocked && before !== undefined && before.left > 0) {
      before.left--;
      before.until = this.#clock.now() + REMEMBER_MS;
      this.#report();
      return;
    }
    if (before !== undefined) this.#reserved.delete(key);
    this.#enqueue(key, urgency, 1);
    this.#serve(key);
    const granted = this.#reserved.get(key);
    if (granted !== undefined) {
      this.#spendAtOnce(granted, before);
      return;
    }
    if (before !== undefined) this.#enqueue(key, urgency, before.size + 1);
    this.#schedule();
    throw new BudgetExhausted(`no ${this.#kind} left in the request budget`);
  }

  observe(remaining: number): void {
    if (!Number.isFinite(remaining) || remaining < 0) return;
    this.#refill();
    this.#tokens = Math.min(this.#tokens, Math.max(0, remaining - this.#margin) - this.#held());
    this.#schedule();
    this.#report();
  }

  throttled(retryAfterMs: number): void {
    this.#refill();
    this.#blockedUntil = Math.max(this.#blockedUntil, this.#clock.now() + retryAfterMs);
    this.#refilledAt = this.#blockedUntil;
    this.#tokens = Math.min(this.#tokens, 0);
    this.#putReservedBack();
    this.#schedule();
    this.#report();
  }

  forget(key: string): void {
    for (const urgency of URGENCIES) this.#waiting[urgency].delete(key);
    this.#tokens += this.#reserved.get(key)?.left ?? 0;
    this.#reserved.delete(key);
    this.#serve();
  }

  retire(): void {
    this.stop();
    this.#retired = true;
    for (const waiting of Object.values(this.#waiting)) {
      for (const { key, urgency } of waiting.values()) this.#wake(key, urgency);
      waiting.clear();
    }
    this.#reserved.clear();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** A key that waits already keeps its place, unless it has become more urgent. */
  #enqueue(key: string, urgency: Urgency, need: number): void {
    const present = URGENCIES.map((each) => this.#waiting[each].get(key)).find((waiter) => waiter !== undefined);
    const since = present?.since ?? ++this.#arrivals;
    const urgent = present !== undefined && rank(present.urgency) < rank(urgency) ? present.urgency : urgency;
    const most = Math.min(Math.max(1, Math.floor(this.#capacity)), MAX_NEED);
    if (present !== undefined && present.urgency !== urgent) this.#waiting[present.urgency].delete(key);
    const waiter = { key, urgency: urgent, need: Math.min(Math.max(need, present?.need ?? 0), most), since };
    this.#waiting[urgent].set(key, waiter);
  }

  /** Reserves tokens for waiters in their order, as far as they reach, and wakes them, except the one that is asking. */
  #serve(asking?: string): void {
    this.#refill();
    for (let waiter = this.#next(); waiter !== undefined && !this.#blocked(); waiter = this.#next()) {
      if (this.#tokens < waiter.need) break;
      const { key, urgency, need, since } = waiter;
      this.#served++;
      this.#waiting[urgency].delete(key);
      this.#tokens -= need;
      this.#reserved.set(key, { urgency, since, left: need, size: need, until: this.#clock.now() + HOLD_MS });
      if (key !== asking) this.#wake(key, urgency);
    }
    this.#schedule();
    this.#report();
  }

  #spendAtOnce(granted: Reservation, before: Reservation | undefined): void {
    granted.left--;
    granted.size += before?.size ?? 0;
    granted.until = this.#clock.now() + REMEMBER_MS;
  }

  #next(): Waiter | undefined {
    const heads = URGENCIES.flatMap((urgency) => {
      const [head] = this.#waiting[urgency].values();
      return head === undefined ? [] : [head];
    });
    if (this.#served % FAIR_EVERY !== FAIR_EVERY - 1) return heads[0];
    return heads.reduce<Waiter | undefined>(
      (first, head) => (first && first.since < head.since ? first : head),
      undefined,
    );
  }

  /** What is reserved counts as not spent yet, so the bucket fills only up to what it leaves. */
  #refill(): void {
    const now = this.#clock.now();
    for (const [key, reservation] of this.#reserved) {
      if (now < reservation.until) continue;
      this.#tokens += reservation.left;
      this.#reserved.delete(key);
    }
    // A wall clock that was set back must not stop the refill until it has caught up.
    if (now < this.#refilledAt && !this.#blocked()) this.#refilledAt = now;
    const gained = Math.max(0, now - this.#refilledAt) * this.#perMs;
    this.#tokens = Math.min(this.#tokens + gained, this.#capacity - this.#held());
    this.#refilledAt = Math.max(this.#refilledAt, now);
  }

  #held(): number {
    let held = 0;
    for (const { left } of this.#reserved.values()) held += left;
    return held;
  }

  #blocked(): boolean {
    return this.#clock.now() < this.#blockedUntil;
  }

  /** During a block, who was woken waits again, in the old place: the reserved token would be refused. */
  #putReservedBack(): void {
    const returned = [...this.#reserved].filter(([, { left }]) => left > 0);
    for (const [key, { urgency, size, since }] of returned) {
      this.#reserved.delete(key);
      this.#waiting[urgency].set(key, { key, urgency, need: size, since });
    }
    for (const waiting of Object.values(this.#waiting)) {
      const inOrder = [...waiting].sort(([, a], [, b]) => a.since - b.since);
      waiting.clear();
      for (const [key, waiter] of inOrder) waiting.set(key, waiter);
    }
  }

  /** One timer, for the moment at which the next waiter can be served. */
  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const next = this.#next();
    if (next === undefined || this.#stopped) return;
    this.#timer = this.#clock.setTimer(this.#msUntil(next.need), () => {
      this.#timer = undefined;
      this.#serve();
    });
  }

  #msUntil(need: number): number {
    const now = this.#clock.now();
    const refilled = Math.max(0, this.#refilledAt - now) + Math.max(0, need - this.#tokens) / this.#perMs;
    const attainable = need <= this.#capacity - this.#held();
    const freed = [...this.#reserved.values()].filter(({ left }) => left > 0).map(({ until }) => until - now);
    return Math.max(1, Math.ceil(Math.min(attainable ? refilled : Number.POSITIVE_INFINITY, ...freed)));
  }

  #report(): void {
    this.#remaining(this.#kind, Math.max(0, Math.floor(this.#tokens)));
  }
}

function rank(urgency: Urgency): number {
  return URGENCIES.indexOf(urgency);
}
