/** When Azure was last seen to answer for the objects, and how long they wait for the request budget. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { PolledObject } from '../../core/model/object-counts.ts';
import type { PassEnd, PassMetrics } from '../../ports.ts';

export interface PollRecorder extends Pick<PassMetrics, 'abandoned' | 'forgotten'> {
  passed(key: string, end: Omit<PassEnd, 'isAsDeclared'>): void;
  /** Passes start now: of these objects, asked for at each scrape. */
  start(objects: () => readonly PolledObject[]): void;
}

/** How long passes wait for the request budget, in seconds. */
const WAITS = [1, 5, 15, 30, 60, 120, 300, 600, 1800];

/** Keeps what is known of each object, and shows maxima and sums. `now` is in milliseconds, and never steps. */
export function pollMetrics(registry: Registry, now: () => number): PollRecorder {
  const ages = new ObservationAges(now);
  const waits = new BudgetWaits(now);
  const registers = [registry];
  new Gauge({
    name: 'azure_ir_oldest_observation_seconds',
    help: 'Age of the oldest observation in Azure, among objects that are neither suspended nor stalled',
    registers,
    collect() {
      this.set(ages.oldest().seconds);
    },
  });
  new Gauge({
    name: 'azure_ir_oldest_observation_intervals',
    help: 'Age of the oldest observation, relative to the polling interval of the object; well above 1, polls fail or are late',
    registers,
    collect() {
      this.set(ages.oldest().lateness);
    },
  });
  new Gauge({
    name: 'azure_ir_arm_budget_waiting',
    help: 'Objects that are waiting for the request budget',
    registers,
    collect() {
      this.set(waits.size);
    },
  });
  const waited = new Counter({
    name: 'azure_ir_arm_budget_waits_total',
    help: 'Reconciliations that ended early because the request budget was exhausted',
    registers,
  });
  const time = new Histogram({
    name: 'azure_ir_arm_budget_wait_seconds',
    help: 'Time from an object running out of request budget to the end of its first complete reconciliation',
    buckets: WAITS,
    registers,
  });

  return {
    start: (objects) => ages.start(objects),
    passed: (key, { observed, waits: isWaiting, dueMs }) => {
      if (observed) ages.observed(key, dueMs);
      if (isWaiting) {
        waited.inc();
        waits.start(key);
        return;
      }
      const seconds = waits.end(key);
      if (seconds !== undefined) time.observe(seconds);
    },
    abandoned: (key) => {
      waits.end(key);
    },
    forgotten: (key) => {
      ages.forget(key);
      waits.end(key);
    },
  };
}

/** When each object was last observed; before the first time, since when it could have been. */
class ObservationAges {
  readonly #now: () => number;
  readonly #observed = new Map<string, { readonly at: number; readonly dueMs: number | undefined }>();
  #work: { readonly since: number; readonly objects: () => readonly PolledObject[] } | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  start(objects: () => readonly PolledObject[]): void {
    this.#work = { since: this.#now(), objects };
  }

  observed(key: string, dueMs: number | undefined): void {
    this.#observed.set(key, { at: this.#now(), dueMs });
  }

  forget(key: string): void {
    this.#observed.delete(key);
  }

  /** Zeros while no passes run: a standby replica polls nothing. */
  oldest(): { seconds: number; lateness: number } {
    if (this.#work === undefined) return { seconds: 0, lateness: 0 };
    const { since, objects } = this.#work;
    const now = this.#now();
    let seconds = 0;
    let lateness = 0;
    for (const { key, createdAt, intervalMs } of objects()) {
      const { at, dueMs = intervalMs } = this.#observed.get(key) ?? { at: Math.max(since, createdAt) };
      const age = Math.max(0, now - at);
      seconds = Math.max(seconds, age / 1000);
      lateness = Math.max(lateness, age / Math.max(dueMs, intervalMs));
    }
    return { seconds, lateness };
  }
}

/** Since when objects wait for the request budget. */
class BudgetWaits {
  readonly #now: () => number;
  readonly #since = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#since.size;
  }

  start(key: string): void {
    if (!this.#since.has(key)) this.#since.set(key, this.#now());
  }

  /** How many seconds it has waited; undefined when it did not wait. */
  end(key: string): number | undefined {
    const since = this.#since.get(key);
    this.#since.delete(key);
    return since === undefined ? undefined : Math.max(0, this.#now() - since) / 1000;
  }
}
