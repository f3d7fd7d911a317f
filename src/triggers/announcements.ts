/** Whether the drift that polls find was announced: drift that was not shows that events do not reach the operator. */
import type { Clock } from '../runtime/clock.ts';

/** An announcement and what it announces come in any order, this much apart: Event Grid promises no time. */
const APART_MS = 10 * 60_000;

/**
 * What was announced counts as announced until it is over, however late it is found: a person has suspended the object, Azure
 * is down, or refuses the write.
 */
export class Announcements {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** When each runtime (see `armKey`) was last announced. */
  readonly #announced = new Map<string, number>();
  /** The runtimes whose drift is not announced yet, and when it was found. */
  readonly #found = new Map<string, number>();
  /** The runtimes that a pass has seen: drift of others may be older than this process. */
  readonly #seen = new Set<string>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  announced(runtimeKey: string): void {
    this.#found.delete(runtimeKey);
    this.#announced.set(runtimeKey, this.#clock.monotonic());
  }

  /** A pass has found that another writer changed the runtime. */
  found(runtimeKey: string): void {
    if (!this.#seen.has(runtimeKey) || this.#announced.has(runtimeKey) || this.#found.has(runtimeKey)) return;
    this.#found.set(runtimeKey, this.#clock.monotonic());
  }

  /** A pass has seen the runtime, as declared or not. */
  seen(runtimeKey: string, isAsDeclared: boolean): void {
    this.#seen.add(runtimeKey);
    const announcedAt = this.#announced.get(runtimeKey) ?? Number.POSITIVE_INFINITY;
    // Before that, the pass may have begun before the change, or have seen an older list.
    if (isAsDeclared && announcedAt <= this.#clock.monotonic() - APART_MS) this.#announced.delete(runtimeKey);
  }

  /** No object names it any more. */
  forget(runtimeKey: string): void {
    this.#seen.delete(runtimeKey);
    this.#announced.delete(runtimeKey);
    this.#found.delete(runtimeKey);
  }

  /** The runtimes whose drift was not announced in time; each is returned once. */
  missed(): string[] {
    const latest = this.#clock.monotonic() - APART_MS;
    const missed = [...this.#found].filter(([, at]) => at <= latest).map(([key]) => key);
    for (const key of missed) this.#found.delete(key);
    return missed;
  }

  /** Nothing can be announced at the moment. */
  interrupted(): void {
    this.#found.clear();
  }
}
