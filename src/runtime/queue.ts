/** The work queue: keys with priorities and due times. */
import type { Clock, Timer } from './clock.ts';
import { Heap, type HeapItem } from './heap.ts';
import { noQueueMetrics, type QueueMetrics, type QueueStats } from './metrics.ts';
import { PriorityLines } from './priority-lines.ts';
import { type BackoffPolicy, RetryMemory } from './retries.ts';

export interface AddOptions {
  /** Higher goes first; one of few values. Default 0. */
  readonly priority?: number;
  /** The earliest hand-out, in milliseconds from now. Default 0; less counts as 0. */
  readonly afterMs?: number;
  /** The worker that has the key in hand is told that its input is outdated. Default false. */
  readonly supersedes?: boolean;
  /** Nothing is known to have changed: it overrides no firm back-off. Default false. */
  readonly isHint?: boolean;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly metrics?: QueueMetrics;
  /** A key that has been due for longer than this may use the reserved share. Default one minute. */
  readonly agedAfterMs?: number;
  /** One of this many hand-outs goes to the key that has been due longest, once it is aged. At least 1, default 8. */
  readonly reservedShare?: number;
}

/** A timer that fires this late shows that the process did not run: it was stopped, or the machine was. */
const STOPPED_MS = 10_000;

/** A key that is queued or in hand; in hand, what it was or will be queued with. */
interface Entry extends HeapItem {
  readonly key: string;
  /** Order of adding, which decides between equals. */
  sequence: number;
  priority: number;
  dueAt: number;
  /** Of a back-off that no hint overrides. */
  isFirm: boolean;
}

interface Handling {
  readonly entry: Entry;
  readonly priority: number;
  readonly takenAt: number;
  /** Whether the key was added meanwhile. */
  isAgain: boolean;
  /** The priority of a hint meanwhile, which counts unless the pass ends with a firm back-off. */
  hint: number | undefined;
}

interface Waiter {
  settle(key: string | undefined): void;
}

const byDueTime = (a: Entry, b: Entry): boolean => (a.dueAt !== b.dueAt ? a.dueAt < b.dueAt : a.sequence < b.sequence);

/**
 * A queue of keys with priorities and due times.
 *
 * Guarantees: a key is queued once, with the highest priority and the earliest due time it was added with. At most one
 * worker has it in hand. Added while in hand, it is queued again on `done`. A hint makes a key due but where a firm back-off
 * holds it: then the pass at its end comes after the hint, too. It is never handed out before it is due. Of
 * the due keys the highest priority goes first, then the earliest due. Every operation is O(log n). At most one timer is
 * armed, and only while a worker waits in `next`. Due times go by the monotonic clock. Time in which the process did not
 * run does not count, so the work of that time does not come all at once afterwards.
 *
 * Starvation: a steady stream of high priorities would keep the low ones out for ever. So one of every `reservedShare`
 * hand-outs goes to the key that has been due longest, if it has been due for more than `agedAfterMs`. Hence an aged key
 * with n keys due before it waits for at most `reservedShare · (n + 1)` hand-outs, and the highest priority loses at most
 * one hand-out in `reservedShare`.
 *
 * Designs considered:
 * 1. One ordered set by due time and priority, scanned from its start whenever something changes (controller-runtime's):
 *    little code, but each hand-out costs O(due keys), and due times of the past compete with priorities.
 * 2. One heap of due keys by `dueAt − priority · age` (linear ageing; the order never changes with time): elegant, but
 *    once the backlog is older than the head start, a person's change queues behind thousands of polls, just when
 *    priorities matter.
 * 3. This one: keys not yet due in a heap by due time; due keys in such a heap for each priority, whose heads also tell
 *    which key has been due longest, for the reserved share and for the watchdog. Priorities stay strict except for a
 *    share that is known; they must be few.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #metrics: QueueMetrics;
  readonly #agedAfterMs: number;
  readonly #reservedShare: number;
  readonly #retries: RetryMemory;

  readonly #entries = new Map<string, Entry>();
  readonly #notDue = new Heap<Entry>(byDueTime);
  readonly #due = new PriorityLines<Entry>(({ priority }) => priority, byDueTime);
  readonly #inHand = new Map<string, Handling>();
  readonly #waiters = new Set<Waiter>();
  #timer: { readonly dueAt: number; readonly handle: Timer } | undefined;
  #superseded: (key: string) => void = () => {};
  #sequence = 0;
  /** Hand-outs since the key that is due longest, if aged, was last served. */
  #passedOver = 0;
  #shutDown = false;

  constructor({ clock, metrics = noQueueMetrics, agedAfterMs = 60_000, reservedShare = 8 }: WorkQueueOptions) {
    this.#clock = clock;
    this.#metrics = metrics;
    this.#agedAfterMs = agedAfterMs;
    this.#reservedShare = reservedShare;
    this.#retries = new RetryMemory(clock);
    metrics.observe(() => this.#stats());
  }

  /** Registers the one listener that is told of keys in hand whose input is outdated. */
  onSuperseded(listener: (key: string) => void): void {
    this.#superseded = listener;
  }

  /**
   * Queues the key; does nothing once shut down. An earlier due time overrides a back-off.
   * @throws RangeError when an option is not a finite number.
   */
  add(key: string, { priority = 0, afterMs = 0, supersedes = false, isHint = false }: AddOptions = {}): void {
    if (!Number.isFinite(priority) || !Number.isFinite(afterMs)) {
      throw new RangeError(`priority and afterMs must be finite, got ${priority} and ${afterMs}`);
    }
    if (this.#shutDown) return;
    const now = this.#clock.monotonic();
    this.#skipStandstill(now);
    const dueAt = now + Math.max(0, afterMs);
    const handling = this.#inHand.get(key);
    if (handling !== undefined) {
      if (isHint) handling.hint = Math.max(handling.hint ?? priority, priority);
      else this.#again(handling, priority, dueAt);
      if (supersedes) this.#superseded(key);
      return;
    }
    if (isHint && this.#entries.get(key)?.isFirm) return;
    this.#enqueue(key, priority, dueAt);
    this.#dispatch();
  }

  /**
   * Counts a failure of the key and queues it again after its back-off, with the priority it was handed out with: a
   * person's change stays more urgent than a poll after a failure, too.
   * @returns the wait in milliseconds.
   */
  retry(key: string, policy: BackoffPolicy): number {
    const afterMs = this.#retries.failed(key, policy);
    this.#metrics.retried();
    const handling = this.#inHand.get(key);
    this.add(key, { priority: handling?.priority ?? 0, afterMs });
    const entry = this.#entries.get(key);
    if (policy.isFirm && entry !== undefined) entry.isFirm = true;
    if (policy.isFirm && handling !== undefined) handling.hint = undefined;
    return afterMs;
  }

  /** Gives back a key that the worker may not handle: queued as before, due at once. */
  putBack(key: string): void {
    this.add(key, { priority: this.#inHand.get(key)?.priority ?? 0 });
    this.done(key);
  }

  /** The failures of the key since the last `clearRetries`. */
  retries(key: string): number {
    return this.#retries.failures(key);
  }

  clearRetries(key: string): void {
    this.#retries.clear(key);
  }

  /**
   * The next key, as soon as there is one; it belongs to the caller until `done`. Undefined when `signal` aborts or the
   * queue is shut down. The caller that has waited longest is served first.
   */
  next(signal: AbortSignal): Promise<string | undefined> {
    if (this.#shutDown || signal.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const onAbort = (): void => {
        waiter.settle(undefined);
        this.#armTimer();
      };
      const waiter: Waiter = {
        settle: (key) => {
          this.#waiters.delete(waiter);
          signal.removeEventListener('abort', onAbort);
          resolve(key);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
      this.#dispatch();
    });
  }

  /** The caller has finished with a key that it got from `next`. */
  done(key: string): void {
    const handling = this.#inHand.get(key);
    if (handling === undefined) return;
    this.#inHand.delete(key);
    this.#metrics.finished(this.#clock.monotonic() - handling.takenAt);
    if (handling.hint !== undefined) this.#again(handling, handling.hint, this.#clock.monotonic());
    if (this.#shutDown) return;
    if (handling.isAgain) {
      this.#notDue.push(handling.entry);
      this.#dispatch();
    } else {
      this.#entries.delete(key);
    }
  }

  /** Ends every `next`, now and later, with undefined, and drops all queued keys. Keys in hand may still be given back. */
  shutDown(): void {
    this.#shutDown = true;
    this.#entries.clear();
    this.#notDue.clear();
    this.#due.clear();
    for (const waiter of [...this.#waiters]) waiter.settle(undefined);
    this.#armTimer();
  }

  /** When the key that is due longest became due, by the monotonic clock; undefined when no key is due. */
  oldestDueAt(): number | undefined {
    this.#promote(this.#clock.monotonic());
    return this.#due.peekAll()?.dueAt;
  }

  #again(handling: Handling, priority: number, dueAt: number): void {
    const { entry, isAgain } = handling;
    if (isAgain) {
      merge(entry, priority, dueAt);
      return;
    }
    handling.isAgain = true;
    entry.sequence = this.#sequence++;
    entry.priority = priority;
    entry.dueAt = dueAt;
    entry.isFirm = false;
  }

  #enqueue(key: string, priority: number, dueAt: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      const added = { key, sequence: this.#sequence++, priority, dueAt, isFirm: false };
      this.#entries.set(key, added);
      this.#notDue.push(added);
      return;
    }
    const place = this.#due.delete(entry) ? this.#due : this.#notDue;
    place.delete(entry);
    merge(entry, priority, dueAt);
    place.push(entry);
  }

  #promote(now: number): void {
    this.#skipStandstill(now);
    for (let entry = this.#notDue.peek(); entry !== undefined && entry.dueAt <= now; entry = this.#notDue.peek()) {
      this.#notDue.delete(entry);
      this.#due.push(entry);
      this.#metrics.added();
    }
  }

  /** Moves all due times by the time in which the process did not run. */
  #skipStandstill(now: number): void {
    const stoppedMs = this.#timer === undefined ? 0 : now - this.#timer.dueAt;
    if (stoppedMs < STOPPED_MS) return;
    for (const entry of this.#entries.values()) entry.dueAt += stoppedMs;
    this.#armTimer();
  }

  #dispatch(): void {
    const now = this.#clock.monotonic();
    this.#promote(now);
    for (const waiter of [...this.#waiters]) {
      const entry = this.#choose(now);
      if (entry === undefined) break;
      this.#due.delete(entry);
      this.#inHand.set(entry.key, { entry, priority: entry.priority, takenAt: now, isAgain: false, hint: undefined });
      this.#metrics.taken(now - entry.dueAt);
      waiter.settle(entry.key);
    }
    this.#armTimer();
  }

  /** Decides which due key goes next, and counts for the reserved share. */
  #choose(now: number): Entry | undefined {
    const first = this.#due.peek();
    const oldest = this.#due.peekAll();
    const aged = oldest !== undefined && now - oldest.dueAt > this.#agedAfterMs;
    if (!aged || oldest === first || this.#passedOver + 1 >= this.#reservedShare) {
      this.#passedOver = 0;
      return aged ? oldest : first;
    }
    this.#passedOver += 1;
    return first;
  }

  #armTimer(): void {
    const wanted = this.#waiters.size > 0 ? this.#notDue.peek()?.dueAt : undefined;
    if (wanted === this.#timer?.dueAt) return;
    this.#timer?.handle.cancel();
    this.#timer = undefined;
    if (wanted === undefined) return;
    const handle = this.#clock.setTimer(wanted - this.#clock.monotonic(), () => {
      this.#skipStandstill(this.#clock.monotonic());
      this.#timer?.handle.cancel();
      this.#timer = undefined;
      this.#dispatch();
    });
    this.#timer = { dueAt: wanted, handle };
  }

  #stats(): QueueStats {
    const now = this.#clock.monotonic();
    this.#promote(now);
    const elapsed = [...this.#inHand.values()].map(({ takenAt }) => now - takenAt);
    return {
      depth: this.#due.size,
      unfinishedMs: elapsed.reduce((sum, ms) => sum + ms, 0),
      longestMs: elapsed.reduce((longest, ms) => Math.max(longest, ms), 0),
    };
  }
}

function merge(entry: Entry, priority: number, dueAt: number): void {
  entry.priority = Math.max(entry.priority, priority);
  entry.dueAt = Math.min(entry.dueAt, dueAt);
}
