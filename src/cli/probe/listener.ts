/** Reads a queue for what Event Grid tells of a run's own requests. */
import { eventsIn } from '../../azure/changes/parse-message.ts';
import { BATCH, type QueueClient, QueueFailure, type QueueMessage } from '../../azure/changes/queue-client.ts';
import type { QueueProblem } from '../../core/model/queue-state.ts';
import { type Clock, sleep } from '../../runtime/clock.ts';
import { isAllAnnounced, matched, type OwnEvent, ownEvent } from './assumptions/heard.ts';
import type { OwnRequests } from './own-requests.ts';

/** At most. Event Grid aims at less than a second (reported), and promises nothing. */
export const LISTENS_MS = 150_000;
const POLL_MS = 2_000;
/** What was not announced by so long after the last event is taken not to be. */
const QUIET_MS = 30_000;
/** Of others. More than that belongs to somebody who waits for it. */
const MOST_MESSAGES = 5_000;
const MOST_FAILURES = 3;
const SHORTEST_PAUSE_MS = 5_000;

export interface ListenerOptions {
  readonly queue: Pick<QueueClient, 'receive' | 'delete'>;
  readonly clock: Clock;
  readonly requests: OwnRequests;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface Listened {
  readonly events: readonly OwnEvent[];
  readonly seconds: number;
  /** Why the queue could not be read, and what to do; undefined: it could. */
  readonly problem: string | undefined;
  /** What was said about it: it may name the queue. */
  readonly detail: string | undefined;
}

type Failed = Pick<Listened, 'problem' | 'detail'>;

/**
 * Two designs. Peeking takes nothing out of a queue, but shows its first 32 messages only: a run has more of its own, and on a
 * queue that nobody empties they stand at the end. So messages are got, hidden for as long as this goes on, which shows each
 * of them once; those that tell of this run alone are deleted, and all others come back by themselves.
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #events: OwnEvent[] = [];
  readonly #ids = new Set<string>();
  #others = 0;
  #lastAt: number;
  #said = '';

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#lastAt = options.clock.monotonic();
  }

  /** Never throws. Ends when everything is announced and no more will be sent, or when time is over. */
  async listen(isOver: () => boolean): Promise<Listened> {
    const { clock, signal } = this.#options;
    const began = clock.monotonic();
    const late = new AbortController();
    const timer = clock.setTimer(LISTENS_MS, () => late.abort());
    const ended = AbortSignal.any([signal, late.signal]);
    const failed = await this.#until(isOver, began + LISTENS_MS, ended).catch((error: unknown) => {
      if (late.signal.aborted && !signal.aborted) return NONE;
      const kind = error instanceof Error ? error.name : typeof error;
      return {
        problem: signal.aborted ? 'it was interrupted' : `reading the queue failed: ${kind}`,
        detail: undefined,
      };
    });
    timer.cancel();
    return { events: this.#events, seconds: Math.round((clock.monotonic() - began) / 1_000), ...failed };
  }

  async #until(isOver: () => boolean, end: number, signal: AbortSignal): Promise<Failed> {
    const { clock } = this.#options;
    for (let failures = 0; ; ) {
      const leftMs = end - clock.monotonic();
      this.#tell(leftMs);
      let pauseMs = POLL_MS;
      try {
        const isFull = await this.#batch(Math.max(1, Math.ceil(leftMs / 1_000)), signal);
        failures = 0;
        if (this.#others > MOST_MESSAGES) return { problem: TOO_MANY, detail: undefined };
        if (isFull) continue;
        if (isOver() && this.#isDone()) return NONE;
      } catch (error) {
        if (!(error instanceof QueueFailure)) throw error;
        if (!PASSING.includes(error.problem) || ++failures === MOST_FAILURES) return shown(error);
        pauseMs = Math.max(SHORTEST_PAUSE_MS, error.retryAfterMs ?? 0);
      }
      await sleep(clock, pauseMs, signal);
    }
  }

  /** Returns whether there may be more. */
  async #batch(hiddenSeconds: number, signal: AbortSignal): Promise<boolean> {
    const { queue } = this.#options;
    const messages = await queue.receive(signal, hiddenSeconds);
    const own = messages.filter((message) => this.#isOwn(message));
    this.#others += messages.length - own.length;
    // One that is not deleted comes again, and tells nothing new.
    await Promise.allSettled(own.map((message) => queue.delete(message, signal)));
    signal.throwIfAborted();
    return messages.length >= BATCH;
  }

  /** Whether it tells of this run, and of nothing else. */
  #isOwn({ text }: QueueMessage): boolean {
    const { clock, requests } = this.#options;
    const told = eventsIn(text) ?? [];
    const own = told
      .map((event) => ownEvent(event, (resource) => requests.has(resource)))
      .filter((each) => each !== undefined);
    if (own.length > 0) this.#lastAt = clock.monotonic();
    for (const event of own) this.#keep(event);
    return own.length > 0 && own.length === told.length;
  }

  /** It is delivered at least once. */
  #keep(event: OwnEvent): void {
    if (event.id !== '' && this.#ids.has(event.id)) return;
    this.#ids.add(event.id);
    this.#events.push(event);
  }

  /** Of the state of a runtime an event may come, and the documented filter drops it. */
  #isDone(): boolean {
    const all = matched(this.#options.requests.all, this.#events);
    if (!isAllAnnounced(all)) return false;
    const isStateTold = all.every(({ kind, announced }) => kind !== 'state' || announced);
    return isStateTold || this.#options.clock.monotonic() - this.#lastAt >= QUIET_MS;
  }

  #tell(leftMs: number): void {
    const writes = matched(this.#options.requests.all, this.#events).filter(
      ({ kind }) => kind !== undefined && kind !== 'state',
    );
    const announced = writes.filter((each) => each.announced).length;
    const seconds = Math.ceil(leftMs / QUIET_MS) * (QUIET_MS / 1_000);
    const line = `Reading the queue: ${announced} of ${writes.length} writes announced; ${seconds} s more at most.`;
    if (line !== this.#said) this.#options.progress(line);
    this.#said = line;
  }
}

const NONE: Failed = { problem: undefined, detail: undefined };

/** What may be over soon. */
const PASSING: readonly QueueProblem[] = ['busy', 'unreachable'];

const TOO_MANY = `the queue holds more than ${MOST_MESSAGES} messages of others. Give the probe a queue and an event subscription of its own: docs/change-queue.md`;

const REMEDIES: Readonly<Record<QueueProblem, readonly [what: string, remedy: string]>> = {
  denied: [
    'the queue may not be read',
    'Assign the role "Storage Queue Data Message Processor" on it to the identity of the probe, which takes up to ten minutes to spread, and let this network through the firewall of the account',
  ],
  missing: ['the queue does not exist', 'Create it, or correct --queue'],
  busy: ['the queue was not served', 'Run the probe again later'],
  unreachable: [
    'the queue could not be reached',
    'Correct --queue, or let port 443 of the account be reached from here',
  ],
  'no token': ['there is no token for the queue', 'Correct the Azure identity of the probe'],
  strange: ['what answers is no queue of Azure Storage', 'Correct --queue'],
};

function shown({ problem, message }: QueueFailure): Failed {
  const [what, remedy] = REMEDIES[problem];
  return { problem: `${what}. ${remedy}`, detail: message };
}
