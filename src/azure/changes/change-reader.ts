/** Reads the queue of changes in Azure for as long as this process leads, and tells when it cannot. */
import type { AzureChange } from '../../core/model/azure-change.ts';
import { ROLE_SPREADS_MS } from '../../core/schedule.ts';
import { type Clock, sleep } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import { backoffDelay } from '../../runtime/retries.ts';
import { parseMessage } from './parse-message.ts';
import { BATCH, type QueueClient, QueueFailure, type QueueMessage } from './queue-client.ts';
import { QUEUE_TROUBLES, type QueueProblem } from './queue-state.ts';

const BACKOFF = { baseMs: 5_000, maxMs: 5 * 60_000 };

export interface ChangeReaderOptions {
  readonly queue: Pick<QueueClient, 'receive' | 'delete'>;
  /** As it was configured, for the log. */
  readonly url: string;
  readonly pollMs: number;
  readonly clock: Clock;
  readonly log: Pick<Log, 'debug' | 'info' | 'warn' | 'error'>;
  readonly isLeader: () => boolean;
  readonly sink: ChangeSink;
}

/** What is made of what was read. None of its methods throws. */
export interface ChangeSink {
  change(change: AzureChange): void;
  /** So many events, or messages, were dropped unread. */
  dropped(why: 'ignored' | 'malformed', count: number): void;
  /** Called after each read, with what was in its way. */
  read(problem: QueueProblem | undefined): void;
}

/**
 * A message is deleted first, and acted upon then, whatever came of the deletion: it may have taken effect though its answer is
 * lost. What is lost between the two, with the process, the first list of the next leader makes up for. What is not deleted
 * comes again, and is stale soon.
 *
 * Two designs. To delete a message when its object has been looked at would lose nothing, but a flood would stay in the queue
 * for as long as the request budget holds looks back, and true news would wait behind it. So the queue is emptied as fast as it
 * can be, and which runtimes are still to be looked at is remembered here: one entry for each, however often it was named.
 */
export class ChangeReader {
  readonly #options: ChangeReaderOptions;
  #failures = 0;
  /** What was warned of, until it is over. */
  #warned: QueueProblem | undefined;
  #isHidden = false;

  constructor(options: ChangeReaderOptions) {
    this.#options = options;
  }

  /** Resolves when the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const beganAt = clock.monotonic();
    while (!signal.aborted) {
      try {
        const ms = await this.#next(signal, beganAt + ROLE_SPREADS_MS);
        if (ms > 0) await sleep(clock, ms, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  }

  /** Reads once; returns how long to wait then. */
  async #next(signal: AbortSignal, hiddenUntil: number): Promise<number> {
    const { isLeader, pollMs, sink } = this.#options;
    if (!isLeader()) return pollMs;
    try {
      const isFull = await this.#batch(signal);
      this.#works();
      sink.read(undefined);
      return isFull ? 0 : pollMs;
    } catch (error) {
      signal.throwIfAborted();
      sink.read(error instanceof QueueFailure ? error.problem : 'strange');
      return this.#failed(error, hiddenUntil);
    }
  }

  /** Returns whether there may be more. */
  async #batch(signal: AbortSignal): Promise<boolean> {
    const { queue } = this.#options;
    const messages = await queue.receive(signal);
    const deletions = await Promise.allSettled(messages.map((message) => queue.delete(message, signal)));
    signal.throwIfAborted();
    for (const message of messages) this.#act(message);
    const failed = deletions.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
    return messages.length >= BATCH;
  }

  #act({ text }: QueueMessage): void {
    const { sink } = this.#options;
    const { changes, ignored, malformed } = parseMessage(text);
    if (ignored > 0) sink.dropped('ignored', ignored);
    if (malformed > 0) sink.dropped('malformed', malformed);
    for (const change of changes) sink.change(change);
  }

  #works(): void {
    const { log, url } = this.#options;
    if (this.#warned !== undefined || this.#isHidden) log.info('change queue can be read again', { queue: url });
    this.#warned = undefined;
    this.#isHidden = false;
    this.#failures = 0;
  }

  #failed(error: unknown, hiddenUntil: number): number {
    const { clock, log } = this.#options;
    if (!(error instanceof QueueFailure)) log.error('reading the change queue failed (bug)', { error });
    const failure = error instanceof QueueFailure ? error : undefined;
    const delay = backoffDelay({ ...BACKOFF, minMs: failure?.retryAfterMs ?? 0 }, this.#failures++, clock.random());
    const hiddenMs = failure?.problem === 'denied' ? hiddenUntil - clock.monotonic() : 0;
    if (failure !== undefined) this.#tell(failure, hiddenMs > 0);
    return hiddenMs > 0 ? Math.min(delay, hiddenMs) : delay;
  }

  /** A role that was assigned together with the start spreads first: nobody need act yet. */
  #tell({ problem, message }: QueueFailure, isHidden: boolean): void {
    const { log, url } = this.#options;
    const isNew = !isHidden && this.#warned !== problem;
    log[isNew ? 'warn' : 'debug']('change queue cannot be read, so drift is found by polling only', {
      queue: url,
      problem,
      detail: message,
      remedy: QUEUE_TROUBLES[problem].remedy,
    });
    if (isHidden) this.#isHidden = true;
    else this.#warned = problem;
  }
}
