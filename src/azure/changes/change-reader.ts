/** Reads the change queue while this process leads, and warns when it cannot. */
import { type AzureChange, scopeKey } from '../../core/model/azure-change.ts';
import { QUEUE_TROUBLES, type QueueProblem } from '../../core/model/queue-state.ts';
import { ROLE_SPREADS_MS } from '../../core/schedule.ts';
import { type Clock, sleep } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import { backoffDelay } from '../../runtime/retries.ts';
import { WarnOnce } from '../../runtime/warn-once.ts';
import { parseMessage } from './parse-message.ts';
import { BATCH, type QueueClient, QueueFailure, type QueueMessage } from './queue-client.ts';

const LONGEST_BACKOFF_MS = 5 * 60_000;
/** One of 40,000 reads a day may well end so: it is told of when the next one does, too. */
const PASSING: ReadonlySet<QueueProblem> = new Set(['busy', 'unreachable']);

export interface ChangeReaderOptions {
  readonly queue: Pick<QueueClient, 'receive' | 'delete' | 'aheadMs'>;
  /** As it was configured, for the log. */
  readonly url: string;
  readonly pollMs: number;
  readonly clock: Clock;
  readonly log: Pick<Log, 'debug' | 'info' | 'warn' | 'error'>;
  readonly isLeader: () => boolean;
  /** Whether it tells of a write of ours. */
  readonly isEcho: (change: AzureChange) => boolean;
  readonly sink: ChangeSink;
}

/** Takes what was read. None of its methods throws. */
export interface ChangeSink {
  /** So many events of one batch told of it, this one the newest. */
  change(change: AzureChange, count: number): void;
  /** This many events, or messages, were dropped. */
  dropped(why: 'ignored' | 'malformed' | 'echo', count: number): void;
  /** Called after each read, with the problem if it failed, and with whether nothing is left to be read. */
  read(problem: QueueProblem | undefined, isEmpty: boolean): void;
}

/**
 * A message is deleted first, and then acted upon even if the deletion failed, since its answer may have been lost. If the
 * process dies between the two, the first list of the next leader makes up for it. A message that was not deleted comes again,
 * and is soon stale.
 *
 * Two designs. To delete a message when its object has been polled would lose nothing, but a flood would stay in the queue for
 * as long as the request budget holds polls back, and true news would wait behind it. So the queue is emptied as fast as it can
 * be, and `PushedPolls` remembers which runtimes are still to be polled: one entry for each, however often it was named.
 */
export class ChangeReader {
  readonly #options: ChangeReaderOptions;
  #failures = 0;
  readonly #warnOnce = new WarnOnce();
  /** Whether a problem is only logged at `debug`, because it may pass by itself. */
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
      sink.read(undefined, !isFull);
      return isFull ? 0 : pollMs;
    } catch (error) {
      signal.throwIfAborted();
      sink.read(error instanceof QueueFailure ? error.problem : 'strange', false);
      return this.#failed(error, hiddenUntil);
    }
  }

  /** Returns whether there may be more. */
  async #batch(signal: AbortSignal): Promise<boolean> {
    const { queue } = this.#options;
    const messages = await queue.receive(signal);
    const deletions = await Promise.allSettled(messages.map((message) => queue.delete(message, signal)));
    signal.throwIfAborted();
    await this.#act(messages, signal);
    const failed = deletions.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
    return messages.length >= BATCH;
  }

  /** Lets others work in between: each may concern thousands of objects, and anybody may have written it. */
  async #act(messages: readonly QueueMessage[], signal: AbortSignal): Promise<void> {
    const { clock, sink } = this.#options;
    for (const { change, count } of newestOfEach(messages.flatMap((message) => this.#foreign(message)))) {
      sink.change(change, count);
      if (change.scope.kind !== 'runtime') await sleep(clock, 0, signal);
    }
  }

  /** What the message tells of others. */
  #foreign({ text }: QueueMessage): AzureChange[] {
    const { isEcho, sink, queue } = this.#options;
    const { changes: told, ignored, malformed } = parseMessage(text);
    const changes = told.map((change) => ({ ...change, at: change.at + queue.aheadMs }));
    const foreign = changes.filter((change) => !isEcho(change));
    const counts = { ignored, malformed, echo: changes.length - foreign.length } as const;
    for (const why of ['ignored', 'malformed', 'echo'] as const) if (counts[why] > 0) sink.dropped(why, counts[why]);
    return foreign;
  }

  #works(): void {
    const { log, url } = this.#options;
    if (this.#warnOnce.clear(url) || this.#isHidden) log.info('change queue can be read again', { queue: url });
    this.#isHidden = false;
    this.#failures = 0;
  }

  #failed(error: unknown, hiddenUntil: number): number {
    const { clock, log, pollMs } = this.#options;
    if (!(error instanceof QueueFailure)) log.error('reading the change queue failed (bug)', { error });
    const failure = error instanceof QueueFailure ? error : undefined;
    const isBlip = this.#failures === 0 && failure !== undefined && PASSING.has(failure.problem);
    // A failure that passes by itself delays what is in the queue by no more than one poll.
    const policy = {
      baseMs: pollMs,
      maxMs: LONGEST_BACKOFF_MS,
      minMs: failure?.retryAfterMs ?? 0,
      latestMs: LONGEST_BACKOFF_MS,
    };
    const delay = backoffDelay(policy, this.#failures++, clock.random());
    // A role that was just assigned takes a while to spread: until then nobody needs to act.
    const hiddenMs = failure?.problem === 'denied' ? hiddenUntil - clock.monotonic() : 0;
    if (hiddenMs > 0) this.#isHidden = true;
    if (failure !== undefined) this.#tell(failure, hiddenMs > 0 || isBlip);
    return hiddenMs > 0 ? Math.min(delay, hiddenMs) : delay;
  }

  #tell({ problem, message }: QueueFailure, isQuiet: boolean): void {
    const { log, url } = this.#options;
    const level = isQuiet ? 'debug' : this.#warnOnce.level(url, problem);
    log[level]('change queue cannot be read, so drift is found by polling only', {
      queue: url,
      problem,
      detail: message,
      remedy: QUEUE_TROUBLES[problem].remedy,
    });
  }
}

interface Told {
  readonly change: AzureChange;
  readonly count: number;
}

/** Of equal scopes the newest change: a poll after it shows the others, too. */
function newestOfEach(changes: readonly AzureChange[]): Iterable<Told> {
  const told = new Map<string, Told>();
  for (const change of changes) {
    const key = scopeKey(change.scope);
    const before = told.get(key) ?? { change, count: 0 };
    told.set(key, { change: change.at > before.change.at ? change : before.change, count: before.count + 1 });
  }
  return told.values();
}
