/** Whether the drift that polls find was announced: drift that was not shows that events do not reach the operator. */
import type { Clock } from '../runtime/clock.ts';

/** An announcement counts for drift that is found up to this much later: a poll may wait for the request budget. */
const COUNTS_MS = 10 * 60_000;
/** An announcement may come this much later than the poll that found the drift by itself. */
const LATE_MS = 30_000;

export class Announcements {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** When each runtime (see `armKey`) was last announced, oldest first. */
  readonly #announced = new Map<string, number>();
  /** The runtimes whose drift is not announced yet, and when it was found; oldest first. */
  readonly #found = new Map<string, number>();
  /** The runtimes that a pass has seen: drift of others may be older than this process. */
  readonly #seen = new Set<string>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  announced(runtimeKey: string): void {
    this.#found.delete(runtimeKey);
    this.#announced.delete(runtimeKey);
    this.#announced.set(runtimeKey, this.#clock.monotonic());
  }

  /** A pass has found that another writer changed the runtime. */
  found(runtimeKey: string): void {
    this.#forgetOld();
    if (!this.#seen.has(runtimeKey) || this.#announced.has(runtimeKey) || this.#found.has(runtimeKey)) return;
    this.#found.set(runtimeKey, this.#clock.monotonic());
  }

  /** A pass has seen the runtime. */
  seen(runtimeKey: string): void {
    this.#seen.add(runtimeKey);
  }

  /** No object names it any more. */
  forget(runtimeKey: string): void {
    this.#seen.delete(runtimeKey);
    this.#announced.delete(runtimeKey);
    this.#found.delete(runtimeKey);
  }

  /** The runtimes whose drift was not announced in time; each is returned once. */
  missed(): string[] {
    const latest = this.#clock.monotonic() - LATE_MS;
    const missed = [...this.#found].filter(([, at]) => at <= latest).map(([key]) => key);
    for (const key of missed) this.#found.delete(key);
    return missed;
  }

  /** Nothing can be announced at the moment. */
  interrupted(): void {
    this.#found.clear();
  }

  #forgetOld(): void {
    const oldest = this.#clock.monotonic() - COUNTS_MS;
    for (const [key, at] of this.#announced) {
      if (at > oldest) return;
      this.#announced.delete(key);
    }
  }
}
