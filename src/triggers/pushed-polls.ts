/** When a runtime that a message names is polled: at once, at most every 5 s, and once more 30 s later. */
import type { Clock, Timer } from '../runtime/clock.ts';
import { type Rate, TokenBucket } from '../runtime/token-bucket.ts';

/** Between two polls of one runtime, however many messages name it. */
const SPACING_MS = 5_000;
/** An event may come before its change shows: Synapse accepts writes first, and a list may lag. */
const AGAIN_MS = 30_000;

export interface PushedPollsOptions {
  readonly clock: Clock;
  /** How many reads each subscription gets for polls of this kind. */
  readonly rate: Rate;
  /**
   * What is known of the runtime with this key (see `armKey`) may be outdated. The function that it returns says whether Azure
   * has shown a change since.
   */
  readonly suspect: (runtimeKey: string) => () => boolean;
  /** How many reads a poll of this runtime costs now, of which that was known at this time, by the monotonic clock. */
  readonly reads: (runtimeKey: string, suspectedAt: number) => number;
  readonly poll: (runtimeKey: string) => void;
}

/** A runtime that a message has named, until it has been quiet. */
interface NamedRuntime {
  readonly subscription: string;
  /** By the monotonic clock; undefined before the first poll. */
  polledAt: number | undefined;
  suspectedAt: number;
  hasChanged: () => boolean;
  /** Whether a message has named it since its last poll. */
  isNamed: boolean;
  /** Whether its last poll was the one that comes 30 s later. */
  isPolledAgain: boolean;
  timer: Timer | undefined;
}

/** The runtimes of one subscription that are due, in the order in which they became so. */
interface Line {
  readonly bucket: TokenBucket;
  readonly due: Map<string, NamedRuntime>;
  timer: Timer | undefined;
}

/**
 * Guarantees: a runtime that is named is polled afterwards; in any time t at most 1 + t/5 s times; all runtimes of a
 * subscription together no faster than the rate; half a minute after its last poll, nothing is kept of a runtime.
 *
 * Two designs for what a flood costs. To leave it to the request budget alone: no rate here, but these polls would take what
 * routine polls leave to the lists and to other clients of the identity. So they get a share of the reads, beside that of
 * routine polls, and no more (this one), and what waits for it waits here, with one entry for each runtime. It is suspected at
 * once, so that one list of its parent shows all that were named by then.
 */
export class PushedPolls {
  readonly #options: PushedPollsOptions;
  readonly #runtimes = new Map<string, NamedRuntime>();
  readonly #lines = new Map<string, Line>();
  #isStopped = false;

  constructor(options: PushedPollsOptions) {
    this.#options = options;
  }

  /** A message names this runtime of an object. */
  named(runtimeKey: string): void {
    if (this.#isStopped) return;
    const runtime = this.#runtimes.get(runtimeKey) ?? newRuntime(runtimeKey);
    this.#runtimes.set(runtimeKey, runtime);
    const hasChanged = this.#suspect(runtimeKey, runtime);
    if (runtime.isNamed) return;
    runtime.hasChanged = hasChanged;
    runtime.isNamed = true;
    const { polledAt } = runtime;
    const waitMs = polledAt === undefined ? 0 : polledAt + SPACING_MS - this.#now;
    if (waitMs <= 0) this.#due(runtimeKey, runtime);
    else this.#after(waitMs, runtimeKey, runtime);
  }

  /** Cancels every timer. */
  stop(): void {
    this.#isStopped = true;
    for (const { timer } of this.#runtimes.values()) timer?.cancel();
    for (const { timer } of this.#lines.values()) timer?.cancel();
  }

  #after(ms: number, runtimeKey: string, runtime: NamedRuntime): void {
    runtime.timer?.cancel();
    runtime.timer = this.#options.clock.setTimer(ms, () => this.#due(runtimeKey, runtime));
  }

  #due(runtimeKey: string, runtime: NamedRuntime): void {
    runtime.timer?.cancel();
    runtime.timer = undefined;
    if (!runtime.isNamed && (runtime.isPolledAgain || runtime.hasChanged())) {
      this.#runtimes.delete(runtimeKey);
      return;
    }
    if (!runtime.isNamed) runtime.hasChanged = this.#suspect(runtimeKey, runtime);
    const line = this.#lineOf(runtime.subscription);
    line.due.set(runtimeKey, runtime);
    this.#serve(line);
  }

  #serve(line: Line): void {
    for (const [runtimeKey, runtime] of line.due) {
      const waitMs = line.bucket.take(this.#options.reads(runtimeKey, runtime.suspectedAt));
      if (waitMs > 0) {
        line.timer ??= this.#options.clock.setTimer(Math.max(1, Math.ceil(waitMs)), () => {
          line.timer = undefined;
          this.#serve(line);
        });
        return;
      }
      line.due.delete(runtimeKey);
      this.#poll(runtimeKey, runtime);
    }
  }

  #poll(runtimeKey: string, runtime: NamedRuntime): void {
    runtime.polledAt = this.#now;
    runtime.isPolledAgain = !runtime.isNamed;
    runtime.isNamed = false;
    this.#options.poll(runtimeKey);
    // After the second poll the entry only keeps the spacing.
    this.#after(runtime.isPolledAgain ? SPACING_MS : AGAIN_MS, runtimeKey, runtime);
  }

  #suspect(runtimeKey: string, runtime: NamedRuntime): () => boolean {
    runtime.suspectedAt = this.#now;
    return this.#options.suspect(runtimeKey);
  }

  #lineOf(subscription: string): Line {
    const { clock, rate } = this.#options;
    const make = () => ({ bucket: new TokenBucket(rate, () => clock.monotonic()), due: new Map(), timer: undefined });
    const line = this.#lines.get(subscription) ?? make();
    this.#lines.set(subscription, line);
    return line;
  }

  get #now(): number {
    return this.#options.clock.monotonic();
  }
}

function newRuntime(runtimeKey: string): NamedRuntime {
  const [, , subscription = ''] = runtimeKey.split('/');
  return {
    subscription,
    polledAt: undefined,
    suspectedAt: 0,
    hasChanged: () => false,
    isNamed: false,
    isPolledAgain: false,
    timer: undefined,
  };
}
