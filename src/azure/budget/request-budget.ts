import { AzureFailure, type Failure } from '../../core/model/failure.ts';
import { type CallContext, type Needs, ParkedError, type RequestKind, type Urgency } from '../../ports.ts';
import type { Clock, Timer } from '../../runtime/clock.ts';
import { Throttle } from '../../runtime/throttle.ts';
import { CircuitBreaker } from './stall-guard.ts';
import { type RateLimit, TokenBucket } from './token-bucket.ts';
import { URGENCIES, WaitQueue } from './wait-queue.ts';

export type RateLimits = Readonly<Record<RequestKind, RateLimit>>;

/** ARM's own token buckets per subscription, principal and region (documented). */
export const ARM_LIMITS: RateLimits = {
  reads: { burst: 250, perSecond: 25 },
  writes: { burst: 200, perSecond: 10 },
  deletes: { burst: 200, perSecond: 10 },
};

/** Of ARM's allowances a fraction; `unlimited`: only its own 429 holds requests back. */
export function limitsFor(share: number | 'unlimited'): RateLimits {
  const part = ({ burst, perSecond }: RateLimit): RateLimit =>
    share === 'unlimited' ? MORE_THAN_CAN_BE_SENT : { burst: burst * share, perSecond: perSecond * share };
  const { reads, writes, deletes } = ARM_LIMITS;
  return { reads: part(reads), writes: part(writes), deletes: part(deletes) };
}

const MORE_THAN_CAN_BE_SENT: RateLimit = { burst: 1e9, perSecond: 1e9 };

export interface RequestBudgetOptions {
  readonly clock: Clock;
  /** Puts a key back into the queue. Called inside `take` and from a timer: it must not call the budget back. */
  readonly wake: (key: string, urgency: Urgency) => void;
  /** Told whenever it changes: how many whole requests would be granted now. */
  readonly remaining?: (kind: RequestKind, value: number) => void;
  /** Told whenever it changes: by what factor routine looks are spread out, 1 for not at all. */
  readonly intervalFactorChanged?: (factor: number) => void;
  /** ARM's, of which 98 % are spent; `ARM_LIMITS` when absent. */
  readonly limits?: RateLimits;
}

/** How long tokens are kept for a woken key, or for a pass that is silent. */
const HOLD_MS = 5_000;
/** Of the reads, what routine looks may use: the rest is for changes, for lists, and for whoever else reads. */
const POLL_SHARE = 0.6;
/** A look that was not asked for again after so many of its intervals is not wanted any more. */
const POLL_LAPSE = 3;
const SWEEP_EVERY_MS = 5 * 60_000;
/** Tokens are collected in this order, the scarcer first and always the same, so that no two keys wait for each other. */
const KINDS: readonly RequestKind[] = ['deletes', 'writes', 'reads'];

type Counts = Readonly<Record<RequestKind, number>>;

const NONE: Counts = { reads: 0, writes: 0, deletes: 0 };
const NO_NEEDS: Needs = {};

/** A key that was told to wait, with the tokens that it has collected so far. */
interface Waiter {
  readonly key: string;
  readonly urgency: Urgency;
  readonly since: number;
  /** Tokens that it is to be given at once. */
  needs: Counts;
  reserved: Counts;
  /** Whether it was told that it will be woken. */
  readonly told: boolean;
}

interface PollDemand {
  readonly perMs: number;
  readonly until: number;
}

/** What a pass was given, and what it has made of it. */
interface Reservation {
  readonly key: string;
  readonly urgency: Urgency;
  readonly since: number;
  readonly left: Counts;
  /** Since the pass began. */
  readonly spent: Counts;
  /** What the pass has said that it needs, and what of that it has yet to spend. */
  readonly said: Needs;
  readonly due: Counts;
  readonly until: number;
}

/**
 * How many requests of one identity to one subscription may go out. Guarantees: in no time t are more than burst + rate·t
 * granted; every key that was told to wait is woken, the more urgent ones first, and none starves; nobody who waits holds
 * a worker.
 *
 * Two designs. A semaphore on which a pass sleeps until its token comes is half the code, but under throttling every
 * worker ends up asleep behind periodic looks, and a person's change waits for a worker that the queue could have given
 * it. So a pass without a token ends, and the budget wakes its key through the queue, where priorities count again. The
 * price is that a pass starts over and makes its requests again. Therefore it says beforehand what it will need, and is
 * given all of it or none; a woken key finds its tokens set aside; and a pass that needed more than it had said waits the
 * next time for all that it went through, or two of them would take turns for ever.
 */
export class RequestBudget {
  readonly #options: RequestBudgetOptions;
  readonly #buckets: Readonly<Record<RequestKind, TokenBucket>>;
  readonly #lines: Readonly<Record<RequestKind, WaitQueue<Waiter>>>;
  readonly #waiting = new Map<string, Waiter>();
  /** The one that lapses first is the first. */
  readonly #reserved = new Map<string, Reservation>();
  readonly #polls = new Map<string, PollDemand>();
  readonly #stalls: CircuitBreaker;
  /** Of all of them, looks per millisecond. */
  #demand = 0;
  #stretch = 1;
  readonly #sweeps: Throttle;
  readonly #reported: Record<RequestKind, number> = { reads: -1, writes: -1, deletes: -1 };
  #arrivals = 0;
  #timer: Timer | undefined;
  #stopped = false;
  #retired = false;

  constructor(options: RequestBudgetOptions) {
    const { limits = ARM_LIMITS, clock } = options;
    const bucket = (kind: RequestKind) => new TokenBucket(limits[kind], clock);
    this.#options = options;
    this.#buckets = { reads: bucket('reads'), writes: bucket('writes'), deletes: bucket('deletes') };
    this.#sweeps = new Throttle(SWEEP_EVERY_MS, clock.monotonic());
    this.#stalls = new CircuitBreaker(clock, options.wake);
    this.#lines = { reads: new WaitQueue(), writes: new WaitQueue(), deletes: new WaitQueue() };
  }

  /** A request goes out; returns what is to be called when it has ended, however that was. */
  sent(): () => void {
    return this.#stalls.sent();
  }

  /**
   * Spends one request. Throws `ParkedError` when there is none now, or when too many wait for an answer,
   * `AzureFailure` when ARM has said no for longer than the caller waits without a word: `wake` is then called with the
   * caller's key.
   */
  take(kind: RequestKind, caller: Pick<CallContext, 'key' | 'urgency' | 'needs' | 'patienceMs'>): void {
    const { key, urgency, needs = NO_NEEDS, patienceMs } = caller;
    if (this.#retired) {
      this.#options.wake(key, urgency);
      throw new ParkedError('this request budget is not kept any more');
    }
    if (!this.#stalls.allows(key, urgency)) throw new ParkedError('the subscription does not answer', 'answers');
    this.#lapse();
    const before = this.#reserved.get(key);
    const operationStarted = before?.said === needs;
    const due = atLeast(operationStarted ? before.due : countsOf(needs), only(kind, 1));
    const pass = { said: needs, due, spent: before?.spent ?? NONE };
    if (before !== undefined && (operationStarted ? before.left[kind] > 0 : covers(before.left, due))) {
      this.#spend(kind, { ...before, ...pass });
      return;
    }
    this.#wait({ key, urgency, needs: due, reserved: before?.left ?? NONE, told: false });
    this.#serve(key);
    const granted = this.#reserved.get(key);
    if (granted !== undefined) {
      this.#spend(kind, { ...granted, ...pass });
      return;
    }
    // Who starts over makes the same requests again.
    this.#wait({ key, urgency, needs: sum(due, pass.spent), reserved: NONE, told: true });
    this.#schedule();
    const blocking = KINDS.filter((each) => due[each] > 0).map((each) => this.blocking(each, patienceMs));
    const told = blocking.find((failure) => failure !== undefined);
    if (told !== undefined) throw new AzureFailure(told);
    throw new ParkedError(`no ${kind} left in the request budget`);
  }

  /** What to tell who would wait for longer than `patienceMs` because of a 429; undefined when it is not so long. */
  blocking(kind: RequestKind, patienceMs = Number.POSITIVE_INFINITY): Failure | undefined {
    const now = this.#clock.now();
    const until = this.#buckets[kind].blockedUntil ?? now;
    if (until - now <= patienceMs) return undefined;
    const time = `${new Date(until).toISOString().slice(0, 19)}Z`;
    const message = `Azure throttles the requests of this identity to the subscription until ${time}. It is tried again now and then before.`;
    return { kind: 'throttled', retryAfterMs: until - now, message };
  }

  /** The pass of this key is over: what it was given and did not spend goes to others. */
  finish(key: string): void {
    this.#stalls.finish(key);
    const waiter = this.#waiting.get(key);
    const isOver = waiter !== undefined && !waiter.told;
    if (isOver) this.#giveUp(waiter);
    if (!isOver && !this.#reserved.has(key)) return;
    this.#release(key);
    this.#serve();
  }

  /** ARM says that it would still grant `remaining` requests: others spend from the same bucket. Only ever lowers ours. */
  observe(kind: RequestKind, remaining: number): void {
    if (!Number.isFinite(remaining) || remaining < 0) return;
    this.#buckets[kind].observe(remaining);
    this.#schedule();
    this.#report();
  }

  /** ARM refused one with 429: nobody asks for this kind before `retryAfterMs` have gone by. */
  throttled(kind: RequestKind, retryAfterMs: number): void {
    // Tokens that were set aside would be refused, too: who has some waits again, in the old place.
    for (const { key, urgency, since, left, spent } of [...this.#reserved.values()]) {
      if (left[kind] === 0) continue;
      this.#reserved.delete(key);
      this.#buckets[kind].putBack(left[kind]);
      const needs = this.#attainable(sum(left, only(kind, spent[kind])));
      // A pass that has begun hears of it when it asks; one that was woken for these tokens is to be woken again.
      this.#place({ key, urgency, since, reserved: { ...left, [kind]: 0 }, needs, told: isNone(spent) });
    }
    for (const waiter of [...this.#waiting.values()]) {
      const { reserved } = waiter;
      if (reserved[kind] === 0) continue;
      this.#leave(waiter);
      this.#buckets[kind].putBack(reserved[kind]);
      this.#place({ ...waiter, reserved: { ...reserved, [kind]: 0 } });
    }
    const wasProbed = this.#buckets[kind].isProbed;
    this.#buckets[kind].block(retryAfterMs);
    if (!wasProbed && this.#buckets[kind].isProbed) this.#tellAll();
    this.#schedule();
    this.#report();
  }

  /** ARM has answered a request that was sent at this time, and did not throttle it. */
  answered(kind: RequestKind, sentAt: number): void {
    if (this.#buckets[kind].unblock(sentAt)) this.#serve();
  }

  /** It gives nothing for long: who waits is to learn of it, and one request is enough to try. */
  #tellAll(): void {
    for (const waiter of [...this.#waiting.values()]) {
      this.#leave(waiter);
      this.#place({ ...waiter, needs: this.#attainable(waiter.needs) });
      if (waiter.told) this.#options.wake(waiter.key, waiter.urgency);
    }
  }

  /**
   * The key wants to be looked at every `intervalMs`, until it is silent for some of them. Answers how far apart its looks
   * are to be, so that those of all keys together fit into their share of the reads.
   */
  spacedInterval(key: string, intervalMs: number): number {
    const now = this.#clock.monotonic();
    this.#sweep(now);
    this.#dropPoll(key);
    this.#demand += 1 / intervalMs;
    this.#polls.set(key, { perMs: 1 / intervalMs, until: now + POLL_LAPSE * intervalMs * this.#stretch });
    this.#spacePolls();
    return intervalMs * this.#stretch;
  }

  /** The key is gone: it waits for nothing, and what was reserved for it is free. */
  forget(key: string): void {
    this.#stalls.forget(key);
    const waiter = this.#waiting.get(key);
    if (this.#dropPoll(key)) this.#spacePolls();
    if (waiter === undefined && !this.#reserved.has(key)) return;
    if (waiter !== undefined) this.#giveUp(waiter);
    this.#release(key);
    this.#serve();
  }

  /**
   * Nobody is to spend from it any more: whoever waits is woken now, and whoever still asks is refused and woken at once,
   * since a pass that begins anew will not ask here.
   */
  retire(): void {
    this.stop();
    this.#retired = true;
    for (const { key, urgency } of this.#waiting.values()) this.#options.wake(key, urgency);
    this.#waiting.clear();
    this.#reserved.clear();
    this.#stalls.wakeAll();
  }

  /** Cancels the timers: nobody is woken because of the time any more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /**
   * Makes the key wait until it has all these tokens. One that waits already keeps its place, unless it has become more
   * urgent, and what it waits for.
   */
  #wait({ key, urgency, needs, reserved, told }: Omit<Waiter, 'since'>): void {
    this.#reserved.delete(key);
    const present = this.#waiting.get(key);
    if (present !== undefined) this.#leave(present);
    this.#place({
      key,
      urgency: present === undefined ? urgency : moreUrgent(present.urgency, urgency),
      since: present?.since ?? ++this.#arrivals,
      reserved: sum(reserved, present?.reserved ?? NONE),
      needs: this.#attainable(atLeast(needs, present?.needs ?? NONE)),
      told: told || present?.told === true,
    });
  }

  /** Who waits for more than a bucket ever holds would wait for ever. */
  #attainable(needs: Counts): Counts {
    return atMost(
      needs,
      mapped((kind) => this.#buckets[kind].most),
    );
  }

  #giveUp(waiter: Waiter): void {
    this.#leave(waiter);
    this.#putBack(waiter.reserved);
  }

  /** Says whether there was one. */
  #dropPoll(key: string): boolean {
    this.#demand -= this.#polls.get(key)?.perMs ?? 0;
    return this.#polls.delete(key);
  }

  /** Objects that are suspended, have failed, or are looked at under another identity do not ask any more. */
  #sweep(now: number): void {
    if (!this.#sweeps.isDue(now)) return;
    for (const [key, { until }] of this.#polls) if (until < now) this.#dropPoll(key);
  }

  #spacePolls(): void {
    // In tenths: with every change, the looks of all keys have to find new places.
    const tenths = Math.ceil((10 * this.#demand) / (POLL_SHARE * this.#buckets.reads.perMs) - 1e-6);
    const stretch = Math.max(1, tenths / 10);
    if (stretch !== this.#stretch) this.#options.intervalFactorChanged?.(stretch);
    this.#stretch = stretch;
  }

  /**
   * Puts it into the line for the first kind that it lacks; with nothing to wait for, it has its tokens. What it holds of
   * that kind and of later ones it gives back until then: another key may wait for just that, with what this one lacks in
   * its hand.
   */
  #place(waiter: Waiter): void {
    const lacking = lacks(waiter);
    if (lacking === undefined) {
      this.#waiting.delete(waiter.key);
      this.#grant(waiter);
      return;
    }
    for (const kind of KINDS.slice(KINDS.indexOf(lacking))) {
      this.#buckets[kind].putBack(waiter.reserved[kind]);
      waiter.needs = atLeast(waiter.needs, only(kind, waiter.reserved[kind]));
      waiter.reserved = { ...waiter.reserved, [kind]: 0 };
    }
    this.#waiting.set(waiter.key, waiter);
    this.#lines[lacking].join(waiter);
  }

  #leave(waiter: Waiter): void {
    this.#waiting.delete(waiter.key);
    const lacking = lacks(waiter);
    if (lacking !== undefined) this.#lines[lacking].leave(waiter);
  }

  /** Gives waiters what they lack, in their order, as far as it reaches, and wakes those that have all; not who is asking. */
  #serve(asking?: string): void {
    this.#lapse();
    const complete: Waiter[] = [];
    for (const kind of KINDS) {
      const line = this.#lines[kind];
      for (let waiter = line.next(); waiter !== undefined; waiter = line.next()) {
        const count = waiter.needs[kind] - waiter.reserved[kind];
        if (this.#buckets[kind].available < count) break;
        line.served(waiter);
        this.#buckets[kind].setAside(count);
        waiter.reserved = { ...waiter.reserved, [kind]: waiter.needs[kind] };
        this.#place(waiter);
        if (lacks(waiter) === undefined) complete.push(waiter);
      }
    }
    for (const { key, urgency } of complete) if (key !== asking) this.#options.wake(key, urgency);
    this.#schedule();
    this.#report();
  }

  #grant({ key, urgency, since, reserved }: Waiter): void {
    const pass = { said: NO_NEEDS, due: NONE, spent: NONE };
    this.#reserved.set(key, { key, urgency, since, left: reserved, ...pass, until: this.#clock.monotonic() + HOLD_MS });
  }

  #spend(kind: RequestKind, reservation: Reservation): void {
    const { key, left, due, spent } = reservation;
    this.#buckets[kind].spend();
    // Last in the map, as it lapses last.
    this.#reserved.delete(key);
    this.#reserved.set(key, {
      ...reservation,
      left: sum(left, only(kind, -1)),
      due: sum(due, only(kind, -1)),
      spent: sum(spent, only(kind, 1)),
      until: this.#clock.monotonic() + HOLD_MS,
    });
    this.#report();
  }

  /** What nobody has used for long goes back. */
  #lapse(): void {
    const now = this.#clock.monotonic();
    for (const { key, until } of this.#reserved.values()) {
      if (now < until) return;
      this.#release(key);
    }
  }

  #release(key: string): void {
    this.#putBack(this.#reserved.get(key)?.left ?? NONE);
    this.#reserved.delete(key);
  }

  #putBack(tokens: Counts): void {
    for (const kind of KINDS) this.#buckets[kind].putBack(tokens[kind]);
  }

  /** One timer, for the moment at which the next waiter can be served. */
  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const ms = this.#stopped ? Number.POSITIVE_INFINITY : Math.min(...KINDS.map((kind) => this.#msUntilServed(kind)));
    if (ms === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#clock.setTimer(Math.max(1, Math.ceil(ms)), () => {
      this.#timer = undefined;
      this.#serve();
    });
  }

  /** Until the first in the line for this kind can be served, or until something lapses that it may be given. */
  #msUntilServed(kind: RequestKind): number {
    const next = this.#lines[kind].next();
    if (next === undefined) return Number.POSITIVE_INFINITY;
    const [first] = this.#reserved.values();
    const lapses = first === undefined ? Number.POSITIVE_INFINITY : first.until - this.#clock.monotonic();
    return Math.min(this.#buckets[kind].msUntil(next.needs[kind] - next.reserved[kind]), lapses);
  }

  #report(): void {
    for (const kind of KINDS) {
      const { available } = this.#buckets[kind];
      if (available !== this.#reported[kind]) this.#options.remaining?.(kind, available);
      this.#reported[kind] = available;
    }
  }

  get #clock(): Clock {
    return this.#options.clock;
  }
}

function lacks({ needs, reserved }: Waiter): RequestKind | undefined {
  return KINDS.find((kind) => reserved[kind] < needs[kind]);
}

function moreUrgent(a: Urgency, b: Urgency): Urgency {
  return URGENCIES.indexOf(a) < URGENCIES.indexOf(b) ? a : b;
}

function mapped(count: (kind: RequestKind) => number): Counts {
  return { reads: count('reads'), writes: count('writes'), deletes: count('deletes') };
}

function countsOf(needs: Needs): Counts {
  return { ...NONE, ...needs };
}

function only(kind: RequestKind, count: number): Counts {
  return { ...NONE, [kind]: count };
}

function isNone(counts: Counts): boolean {
  return KINDS.every((kind) => counts[kind] === 0);
}

function covers(a: Counts, b: Counts): boolean {
  return KINDS.every((kind) => a[kind] >= b[kind]);
}

function sum(a: Counts, b: Counts): Counts {
  return mapped((kind) => a[kind] + b[kind]);
}

function atLeast(a: Counts, b: Counts): Counts {
  return mapped((kind) => Math.max(a[kind], b[kind]));
}

function atMost(a: Counts, b: Counts): Counts {
  return mapped((kind) => Math.min(a[kind], b[kind]));
}
