/** The request budget: how many requests of one identity to one subscription may go out, and who waits for the next. */
import { AzureFailure, type Failure } from '../../core/model/failure.ts';
import { type CallContext, type Needs, ParkedError, type RequestKind, type Urgency } from '../../ports.ts';
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { Rate } from '../../runtime/token-bucket.ts';
import { ArmBucket } from './arm-bucket.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { type Counts, eachKind, KINDS, NONE, only, sum } from './counts.ts';
import { dueFor, type Granted, isEnough, spend, spentBy, type Waiting } from './key-state.ts';
import { ARM_LIMITS, type RateLimits } from './limits.ts';
import { PollSpacing } from './poll-spacing.ts';
import { type Buckets, TokenLines } from './token-lines.ts';

export interface RequestBudgetOptions {
  readonly clock: Clock;
  /** Puts a key back into the queue. Called inside `take` and from a timer: it must not call the budget back. */
  readonly wake: (key: string, urgency: Urgency) => void;
  /** Told whenever it changes: how many times further apart polls are than asked for. */
  readonly intervalFactorChanged?: (factor: number) => void;
  /** ARM's, of which 98 % are spent; `ARM_LIMITS` when absent. */
  readonly limits?: RateLimits;
}

type Caller = Pick<CallContext, 'key' | 'urgency' | 'needs' | 'maxWaitMs'>;

/** How long tokens are kept for a woken key, or for a pass that sends nothing. */
const HOLD_MS = 5_000;
const NO_NEEDS: Needs = {};

/**
 * Guarantees: in no time t are more than burst + rate·t requests granted; every key that was refused is woken, the more
 * urgent ones first, and none starves; no waiting key occupies a worker.
 *
 * Two designs. A semaphore on which a pass sleeps until its token comes is half the code. But under throttling every worker
 * ends up asleep behind polls, and a user's change waits for a worker that the queue could have given it. So a pass without
 * a token ends, and the budget wakes its key through the queue, where priorities count again. The price is that a pass
 * starts over and makes its requests again. Therefore a pass declares beforehand what it needs, and is given all of it or
 * nothing; a woken key finds its tokens reserved; and a pass that needed more than it declared waits the next time for all
 * that it went through, or two such passes would take turns for ever.
 */
export class RequestBudget {
  readonly #options: RequestBudgetOptions;
  readonly #buckets: Buckets;
  readonly #lines: TokenLines;
  /** Keys that have tokens. The one whose tokens lapse first is the first. */
  readonly #granted = new Map<string, Granted>();
  readonly #spacing: PollSpacing;
  readonly #breaker: CircuitBreaker;
  #timer: Timer | undefined;
  #isStopped = false;
  #isRetired = false;

  constructor(options: RequestBudgetOptions) {
    const { limits = ARM_LIMITS, clock } = options;
    const bucket = (limit: Rate) => new ArmBucket(limit, clock);
    this.#options = options;
    this.#buckets = { reads: bucket(limits.reads), writes: bucket(limits.writes), deletes: bucket(limits.deletes) };
    this.#lines = new TokenLines(this.#buckets);
    this.#spacing = new PollSpacing(clock, this.#buckets.reads.perMs, options.intervalFactorChanged);
    this.#breaker = new CircuitBreaker(clock, options.wake);
  }

  /** How many whole requests would be granted now. */
  get left(): Counts {
    this.#lapse();
    return eachKind((kind) => this.#buckets[kind].available);
  }

  /** A request goes out; the caller calls what this returns when the request has ended, however it did. */
  sent(): () => void {
    return this.#breaker.sent();
  }

  /**
   * Spends one request. Otherwise throws, and calls `wake` with the caller's key later: `ParkedError` when no token
   * is left now or too many requests have no answer, `AzureFailure` when ARM throttles for longer
   * than the caller's `maxWaitMs`.
   */
  take(kind: RequestKind, caller: Caller): void {
    const { key, urgency, needs: declared = NO_NEEDS } = caller;
    if (this.#isRetired) {
      this.#options.wake(key, urgency);
      throw new ParkedError('this request budget is no longer in use');
    }
    if (!this.#breaker.allows(key, urgency)) throw new ParkedError('the subscription does not answer', 'answers');
    this.#lapse();
    const before = this.#granted.get(key);
    const due = dueFor(kind, declared, before);
    const pass = { declared, due, spent: spentBy(before) };
    const granted =
      before !== undefined && isEnough(kind, declared, due, before) ? before : this.#grantNow(caller, due, before);
    if (granted === undefined) this.#refuse(kind, caller, pass);
    this.#buckets[kind].spend();
    this.#hold(spend(kind, granted, pass, this.#holdUntil()));
  }

  /** Why a caller is refused that would wait longer than `maxWaitMs` because of a 429; undefined when it would not. */
  blocking(kind: RequestKind, maxWaitMs = Number.POSITIVE_INFINITY): Failure | undefined {
    const now = this.#clock.now();
    const until = this.#buckets[kind].blockedUntil ?? now;
    if (until - now <= maxWaitMs) return undefined;
    const time = `${new Date(until).toISOString().slice(0, 19)}Z`;
    return {
      kind: 'throttled',
      retryAfterMs: until - now,
      message: `Azure is throttling this identity in the subscription until ${time}.`,
      remedy: 'Retrying with a probe every few minutes; if this recurs, look for other clients of this identity.',
    };
  }

  /** The pass of this key is over: tokens that it did not spend go to other keys. */
  finish(key: string): void {
    this.#breaker.finish(key);
    const waiting = this.#lines.get(key);
    const waitsInVain = waiting !== undefined && !waiting.isRefused;
    if (waitsInVain || this.#granted.has(key)) this.#release(key);
  }

  /** ARM reports that it would still grant `remaining` requests: other clients spend from the same bucket. */
  observe(kind: RequestKind, remaining: number): void {
    if (!Number.isFinite(remaining) || remaining < 0) return;
    this.#buckets[kind].observe(remaining);
    this.#schedule();
  }

  /** ARM refused one with 429: no more of this kind before `retryAfterMs` have gone by. */
  throttled(kind: RequestKind, retryAfterMs: number): void {
    const bucket = this.#buckets[kind];
    // Reserved tokens would be refused too: whoever has some waits again.
    for (const granted of [...this.#granted.values()]) if (granted.left[kind] > 0) this.#revoke(kind, granted);
    this.#lines.withdraw(kind);
    const wasProbed = bucket.isProbed;
    bucket.block(retryAfterMs);
    if (!wasProbed && bucket.isProbed) this.#announceLongBlock();
    this.#schedule();
  }

  /** ARM answered a request that was sent at this time, and did not throttle it. */
  answered(kind: RequestKind, sentAt: number): void {
    if (this.#buckets[kind].unblock(sentAt)) this.#serve();
  }

  /** The key asks to poll every `intervalMs`; returns the interval at which the polls of all keys fit into their share. */
  spacedInterval(key: string, intervalMs: number): number {
    return this.#spacing.spacedInterval(key, intervalMs);
  }

  /** The key is gone: it waits for nothing, and its tokens go to other keys. */
  forget(key: string): void {
    this.#breaker.forget(key);
    this.#spacing.forget(key);
    if (this.#lines.get(key) !== undefined || this.#granted.has(key)) this.#release(key);
  }

  /** No longer in use: wakes every waiting key now, and refuses and wakes every key that still asks. */
  retire(): void {
    this.stop();
    this.#isRetired = true;
    for (const waiting of this.#lines.all()) {
      this.#lines.giveUp(waiting);
      this.#options.wake(waiting.key, waiting.urgency);
    }
    this.#granted.clear();
    this.#breaker.wakeAll();
  }

  /** Cancels the timer: no key is woken by the passing of time any more. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** Grants all that is due, if it is the key's turn now; otherwise the key is in line. */
  #grantNow({ key, urgency }: Caller, due: Counts, before: Granted | undefined): Granted | undefined {
    this.#granted.delete(key);
    this.#lines.wait({ key, urgency, needs: due, collected: before?.left ?? NONE, isRefused: false });
    this.#serve(key);
    return this.#granted.get(key);
  }

  /** Leaves the key in line, for all that its pass goes through: a pass that starts over makes the same requests again. */
  #refuse(
    kind: RequestKind,
    { key, urgency, maxWaitMs }: Caller,
    { due, spent }: { readonly due: Counts; readonly spent: Counts },
  ): never {
    this.#lines.wait({ key, urgency, needs: sum(due, spent), collected: NONE, isRefused: true });
    this.#schedule();
    for (const each of KINDS) {
      const failure = due[each] > 0 ? this.blocking(each, maxWaitMs) : undefined;
      if (failure !== undefined) throw new AzureFailure(failure);
    }
    throw new ParkedError(`no ${kind} left in the request budget`);
  }

  /** Takes the tokens of this kind from a key, which waits for them again in its old place. */
  #revoke(kind: RequestKind, granted: Granted): void {
    const { key, urgency, since, left } = granted;
    this.#granted.delete(key);
    this.#buckets[kind].putBack(left[kind]);
    this.#lines.waitAgain({
      kind: 'waiting',
      key,
      urgency,
      since,
      collected: { ...left, [kind]: 0 },
      needs: sum(left, only(kind, spentBy(granted)[kind])),
      // A pass that runs learns of it when it asks; a key that was woken for these tokens has to be woken again.
      isRefused: granted.kind === 'woken',
    });
  }

  /** A bucket is blocked for so long that it is probed: waiting keys are woken to say so, and one request is enough to try. */
  #announceLongBlock(): void {
    this.#lines.lowerNeeds();
    for (const { key, urgency, isRefused } of this.#lines.all()) if (isRefused) this.#options.wake(key, urgency);
  }

  /** Grants waiting keys what there is, and wakes those that have all they need, except the one that is asking. */
  #serve(asking?: string): void {
    this.#lapse();
    const complete = this.#lines.serve();
    for (const waiting of complete) this.#hold(this.#woken(waiting));
    for (const { key, urgency } of complete) if (key !== asking) this.#options.wake(key, urgency);
    this.#schedule();
  }

  #woken({ key, urgency, since, collected }: Waiting): Granted {
    return { kind: 'woken', key, urgency, since, left: collected, until: this.#holdUntil() };
  }

  /** Last in the map, as its tokens lapse last. */
  #hold(granted: Granted): void {
    this.#granted.delete(granted.key);
    this.#granted.set(granted.key, granted);
  }

  #holdUntil(): number {
    return this.#clock.monotonic() + HOLD_MS;
  }

  /** Tokens that were not used in time go back. */
  #lapse(): void {
    const now = this.#clock.monotonic();
    for (const granted of this.#granted.values()) {
      if (now < granted.until) return;
      this.#putBack(granted);
    }
  }

  /** The key has and wants no tokens any more. */
  #release(key: string): void {
    const waiting = this.#lines.get(key);
    if (waiting !== undefined) this.#lines.giveUp(waiting);
    const granted = this.#granted.get(key);
    if (granted !== undefined) this.#putBack(granted);
    this.#serve();
  }

  #putBack({ key, left }: Granted): void {
    for (const kind of KINDS) this.#buckets[kind].putBack(left[kind]);
    this.#granted.delete(key);
  }

  /** One timer, for the moment at which the next key can be served. */
  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const ms = this.#isStopped ? Number.POSITIVE_INFINITY : Math.min(...KINDS.map((kind) => this.#msUntilServed(kind)));
    if (ms === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#clock.setTimer(Math.max(1, Math.ceil(ms)), () => {
      this.#timer = undefined;
      this.#serve();
    });
  }

  /** Until the first in the line for this kind can be served, or until tokens lapse that it may be given. */
  #msUntilServed(kind: RequestKind): number {
    const ms = this.#lines.msUntilServed(kind);
    if (ms === undefined) return Number.POSITIVE_INFINITY;
    const [first] = this.#granted.values();
    return first === undefined ? ms : Math.min(ms, first.until - this.#clock.monotonic());
  }

  get #clock(): Clock {
    return this.#options.clock;
  }
}
