/** When a runtime that a message names is looked at: at once, but seldom, and once more a while later. */
import type { Clock, Timer } from '../runtime/clock.ts';
import { type Rate, TokenBucket } from '../runtime/token-bucket.ts';

/** At most one look at a runtime in so long, however many messages name it. */
const SPACING_MS = 5_000;
/** An event may come before its change shows: Synapse accepts writes first, and a list may lag. */
const AFTER_MS = 30_000;

export interface LooksOptions {
  readonly clock: Clock;
  /** How many looks a subscription is worth, in all. */
  readonly rate: Rate;
  /** Has the runtime with this key (see `armKey`) looked at now; returns how to ask whether it has come to show anything else. */
  readonly look: (runtimeKey: string) => () => boolean;
}

interface Look {
  readonly subscription: string;
  /** By the monotonic clock; undefined before the first. */
  lookedAt: number | undefined;
  hasChanged: () => boolean;
  /** Whether a message has named it since the last look. */
  isNamed: boolean;
  /** Whether it has been looked at once more already. */
  isLast: boolean;
  timer: Timer | undefined;
}

/** Those that are due, the first that was the first, until the subscription is worth another look. */
interface Line {
  readonly bucket: TokenBucket;
  readonly due: Map<string, Look>;
  timer: Timer | undefined;
}

/**
 * Guarantees: a runtime that is named is looked at; in no time t more often than 1 + t/5 s; all runtimes of a subscription
 * together no more often than the rate; nothing is kept of a runtime that has been quiet for half a minute.
 *
 * Two designs for what a flood costs. To leave it to the request budget alone: no rate here, but looks would take what routine
 * polls leave to the lists and to other clients of the identity. So a share of the reads is all that looks get (this one), and
 * what waits for it waits here, where it is one entry for each runtime.
 */
export class Looks {
  readonly #options: LooksOptions;
  readonly #looks = new Map<string, Look>();
  readonly #lines = new Map<string, Line>();
  #isStopped = false;

  constructor(options: LooksOptions) {
    this.#options = options;
  }

  /** A message names this runtime of an object. */
  named(runtimeKey: string): void {
    if (this.#isStopped) return;
    const look = this.#looks.get(runtimeKey) ?? newLook(runtimeKey);
    this.#looks.set(runtimeKey, look);
    if (look.isNamed) return;
    look.isNamed = true;
    const { lookedAt } = look;
    const waitMs = lookedAt === undefined ? 0 : lookedAt + SPACING_MS - this.#now;
    if (waitMs <= 0) this.#due(runtimeKey, look);
    else this.#after(waitMs, runtimeKey, look);
  }

  /** Cancels every timer. */
  stop(): void {
    this.#isStopped = true;
    for (const { timer } of this.#looks.values()) timer?.cancel();
    for (const { timer } of this.#lines.values()) timer?.cancel();
  }

  #after(ms: number, runtimeKey: string, look: Look): void {
    look.timer?.cancel();
    look.timer = this.#options.clock.setTimer(ms, () => this.#due(runtimeKey, look));
  }

  #due(runtimeKey: string, look: Look): void {
    look.timer?.cancel();
    look.timer = undefined;
    if (!look.isNamed && (look.isLast || look.hasChanged())) {
      this.#looks.delete(runtimeKey);
      return;
    }
    const line = this.#lineOf(look.subscription);
    line.due.set(runtimeKey, look);
    this.#serve(line);
  }

  #serve(line: Line): void {
    for (const [runtimeKey, look] of line.due) {
      const waitMs = line.bucket.take();
      if (waitMs > 0) {
        line.timer ??= this.#options.clock.setTimer(Math.max(1, Math.ceil(waitMs)), () => {
          line.timer = undefined;
          this.#serve(line);
        });
        return;
      }
      line.due.delete(runtimeKey);
      this.#look(runtimeKey, look);
    }
  }

  #look(runtimeKey: string, look: Look): void {
    look.lookedAt = this.#now;
    look.isLast = !look.isNamed;
    look.isNamed = false;
    look.hasChanged = this.#options.look(runtimeKey);
    // After the last one, until it may be looked at again.
    this.#after(look.isLast ? SPACING_MS : AFTER_MS, runtimeKey, look);
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

function newLook(runtimeKey: string): Look {
  const [, , subscription = ''] = runtimeKey.split('/');
  return {
    subscription,
    lookedAt: undefined,
    hasChanged: () => false,
    isNamed: false,
    isLast: false,
    timer: undefined,
  };
}
