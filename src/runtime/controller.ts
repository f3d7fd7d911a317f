/** The controller: takes keys from the queue and has workers handle them. */
import { type Attempt, RunningAttempts } from './attempts.ts';
import type { Clock, Timer } from './clock.ts';
import type { Log } from './log.ts';
import type { ControllerMetrics, ResultLabel } from './metrics.ts';
import type { WorkQueue } from './queue.ts';
import type { BackoffPolicy } from './retries.ts';

/** What the controller does with a key after a pass. */
export type HandlerResult =
  /** Nothing, until an event adds the key. Clears its failures. */
  | { readonly kind: 'done' }
  /** Another pass in `ms` milliseconds, `priority` 0 unless given. Clears its failures. The caller adds jitter. */
  | { readonly kind: 'after'; readonly ms: number; readonly priority?: number }
  /**
   * A counted failure: again after `baseMs · 2^failures`, with ±20 % jitter, at most `maxMs`, never before `minMs`
   * (Retry-After), with the priority of this pass. An event brings the key back earlier; a hint does, unless it is firm.
   */
  | ({ readonly kind: 'backoff' } & BackoffPolicy)
  /** The request budget adds the key again. Keeps its failures. */
  | { readonly kind: 'parked' };

/** Makes one pass for a key. A rejection is a defect: it is logged, counted as an error, and retried with back-off. */
export type Handler = (key: string, attempt: Attempt) => Promise<HandlerResult>;

export interface ControllerOptions {
  readonly name: string;
  readonly queue: WorkQueue;
  readonly handler: Handler;
  /** Number of workers, at least 1. Another worker relieves one whose pass is slow. */
  readonly concurrency: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ControllerMetrics;
  /** How long handlers may run on after the stop before their signal aborts, in ms. Default 20 s. */
  readonly graceMs?: number;
  /** When a pass counts as slow, in ms: a slow pass must not hold up other keys. Default 5 s. */
  readonly slowAfterMs?: number;
  /** When a due key that no worker takes counts as stuck, in ms. Default 10 min. */
  readonly stuckAfterMs?: number;
}

const NEVER_ABORTED = new AbortController().signal;
/**
 * A handler counts as stuck after this many times that limit. A pass ends earlier even when Azure answers none of its
 * calls, retries included.
 */
const PASS_TIMES = 3;
const DEFECT_BACKOFF: BackoffPolicy = { baseMs: 1_000, maxMs: 5 * 60_000, isFirm: true };
/** However many passes are slow, there are at most this many times the workers of `concurrency`. */
const MOST_TIMES = 10;

const RESULTS: Record<HandlerResult['kind'], ResultLabel> = {
  done: 'success',
  after: 'requeue_after',
  backoff: 'requeue',
  parked: 'requeue',
};

/**
 * Takes keys from a queue and has them handled by a number of workers.
 *
 * A slow pass must not hold up other keys. Two designs: (a) workers of their own for each service that passes wait
 * for: the queue would have to know these, and most workers would idle; (b) this one: another worker relieves the one whose pass is slow.
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #attempts = new RunningAttempts();
  readonly #graceMs: number;
  readonly #stuckAfterMs: number;
  readonly #slowAfterMs: number;
  readonly #workers = new Set<Promise<void>>();
  /** When a key was last taken, or the workers were started; undefined while they do not run. */
  #lastTakenAt: number | undefined;

  /** @throws RangeError when `concurrency` is not a positive integer. */
  constructor(options: ControllerOptions) {
    if (!Number.isInteger(options.concurrency) || options.concurrency < 1) {
      throw new RangeError(`concurrency must be a positive integer, got ${options.concurrency}`);
    }
    this.#options = options;
    options.queue.onSuperseded((key) => this.#attempts.supersede(key));
    this.#graceMs = options.graceMs ?? 20_000;
    this.#stuckAfterMs = options.stuckAfterMs ?? 10 * 60_000;
    this.#slowAfterMs = options.slowAfterMs ?? 5_000;
  }

  /**
   * Runs the workers until `signal` aborts or the queue is shut down. From then on no new key is taken; running handlers
   * may finish, and their own signals abort after the grace period. Resolves when the last handler has ended. When
   * `abortNow` aborts, no new key is taken either, and the signals of all handlers abort at once, with its reason. Never
   * rejects because of a handler.
   * @throws Error when it is already running.
   */
  async run(signal: AbortSignal, abortNow: AbortSignal = NEVER_ABORTED): Promise<void> {
    if (this.#lastTakenAt !== undefined) throw new Error(`controller ${this.#options.name} is already running`);
    const { clock, concurrency, metrics, name } = this.#options;
    this.#lastTakenAt = clock.monotonic();
    metrics.running(name, concurrency);
    const stop = AbortSignal.any([signal, abortNow]);
    for (let i = 0; i < concurrency; i++) this.#startWorker(stop);
    const stopWatching = this.#abortAttemptsAfterGrace(stop);
    const onAbortNow = (): void => this.#attempts.abortAll(abortNow.reason);
    abortNow.addEventListener('abort', onAbortNow, { once: true });
    try {
      while (this.#workers.size > 0) await Promise.all(this.#workers);
    } finally {
      abortNow.removeEventListener('abort', onAbortNow);
      stopWatching();
      this.#lastTakenAt = undefined;
    }
  }

  /**
   * For the liveness probe: what is wrong when keys are due and none was taken for longer than the limit, or when a handler
   * has run for several times that. Undefined when all is well, and always while the workers do not run.
   */
  stuckReason(): string | undefined {
    if (this.#lastTakenAt === undefined) return undefined;
    const now = this.#options.clock.monotonic();
    const limit = this.#stuckAfterMs;
    const longest = this.#attempts.oldest();
    if (longest !== undefined && now - longest.startedAt > PASS_TIMES * limit) {
      return `${longest.key} has been handled for more than ${(PASS_TIMES * limit) / 1000} s`;
    }
    const dueAt = this.#options.queue.oldestDueAt();
    if (dueAt !== undefined && now - Math.max(dueAt, this.#lastTakenAt) > limit) {
      return `keys are due, and none has been taken for more than ${limit / 1000} s`;
    }
    return undefined;
  }

  #startWorker(stop: AbortSignal): void {
    const worker = this.#work(stop).finally(() => this.#workers.delete(worker));
    this.#workers.add(worker);
  }

  /** Until `signal` aborts, or another worker has taken over. */
  async #work(signal: AbortSignal): Promise<void> {
    const { queue, clock } = this.#options;
    for (;;) {
      const key = await queue.next(signal);
      if (key === undefined) return;
      if (signal.aborted) {
        queue.putBack(key);
        return;
      }
      this.#lastTakenAt = clock.monotonic();
      const relief = this.#relieveWhenSlow(signal);
      await this.#handle(key);
      if (relief.end()) return;
    }
  }

  /** Starts another worker once the pass that starts now is slow; `end` says whether that has happened. */
  #relieveWhenSlow(signal: AbortSignal): { end(): boolean } {
    const { clock, concurrency } = this.#options;
    let relieved = false;
    const later = (): Timer =>
      clock.setTimer(this.#slowAfterMs, () => {
        if (signal.aborted) return;
        if (this.#workers.size >= MOST_TIMES * concurrency) {
          timer = later();
          return;
        }
        relieved = true;
        this.#startWorker(signal);
      });
    let timer = later();
    return {
      end: () => {
        timer.cancel();
        return relieved;
      },
    };
  }

  async #handle(key: string): Promise<void> {
    const { name, queue, clock, metrics, handler } = this.#options;
    const startedAt = clock.monotonic();
    const attempt = this.#attempts.begin(key, queue.retries(key), startedAt);
    metrics.passStarted(name);
    let result: ResultLabel = 'error';
    try {
      const next = await handler(key, attempt);
      this.#schedule(key, next);
      result = RESULTS[next.kind];
    } catch (error) {
      result = this.#afterRejection(key, attempt, error);
    } finally {
      this.#attempts.end(key);
      queue.done(key);
      metrics.passEnded(name, result, clock.monotonic() - startedAt);
    }
  }

  #schedule(key: string, next: HandlerResult): void {
    const { queue } = this.#options;
    switch (next.kind) {
      case 'done':
        queue.clearRetries(key);
        return;
      case 'after':
        queue.clearRetries(key);
        queue.add(key, { afterMs: next.ms, priority: next.priority ?? 0 });
        return;
      case 'backoff':
        queue.retry(key, next);
        return;
      case 'parked':
        return;
      default:
        throw new TypeError(`the handler answered with an unknown kind: ${JSON.stringify(next satisfies never)}`);
    }
  }

  #afterRejection(key: string, attempt: Attempt, error: unknown): ResultLabel {
    const { queue, log, name } = this.#options;
    if (attempt.signal.aborted) {
      log.info('reconcile aborted', { controller: name, key, error });
      queue.add(key);
      return 'requeue';
    }
    const retryInMs = Math.round(queue.retry(key, DEFECT_BACKOFF));
    const failures = attempt.failures + 1;
    // The stack gets a key of its own: nothing else shows where the defect is.
    const stack = error instanceof Error ? error.stack : undefined;
    log.error('reconcile failed (bug)', { controller: name, key, error, stack, failures, retryInMs });
    return 'error';
  }

  /** Returns how to stop watching. */
  #abortAttemptsAfterGrace(signal: AbortSignal): () => void {
    let cancelTimer = (): void => {};
    const onStop = (): void => {
      const timer = this.#options.clock.setTimer(this.#graceMs, () => {
        this.#attempts.abortAll(new Error('the controller is stopping and its grace period is over'));
      });
      cancelTimer = () => timer.cancel();
    };
    if (signal.aborted) onStop();
    else signal.addEventListener('abort', onStop, { once: true });
    return () => {
      signal.removeEventListener('abort', onStop);
      cancelTimer();
    };
  }
}
