/** Metrics of how changes in Azure reach the operator through its change queue. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const RESULTS = ['poll', 'echo', 'stale', 'unknown', 'malformed', 'ignored'] as const;

export type PushResult = (typeof RESULTS)[number];

export interface PushRecorder {
  /** The queue is read from now on. */
  start(): void;
  message(result: PushResult, count?: number): void;
  /** Whether changes reach the operator, as far as is known. */
  up(isUp: boolean): void;
  /** A change that was made so long ago is to lead to a poll. */
  delay(ms: number): void;
  missed(): void;
}

/** In seconds. */
const DELAYS = [0.5, 1, 2, 3, 4, 5, 7.5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];

/** Without a queue, and on a standby, there is no `azure_ir_push_up`, so that no alert takes them for down. */
export function pushMetrics(registry: Registry): PushRecorder {
  const registers = [registry];
  // Without labels they have series from the first.
  const once = { registers: [] };
  const messages = new Counter({
    name: 'azure_ir_push_messages_total',
    help: 'Events from the change queue by what became of them: a poll, or why there was none',
    labelNames: ['result'],
    registers,
  });
  let isUp: boolean | undefined;
  new Gauge({
    name: 'azure_ir_push_up',
    help: "1 while the change queue can be read and announces the operator's own writes; only of the leader, with --change-queue",
    registers,
    collect() {
      this.remove();
      if (isUp !== undefined) this.set(isUp ? 1 : 0);
    },
  });
  const delay = new Histogram({
    name: 'azure_ir_push_delay_seconds',
    help: 'Time from a change in Azure until its event was read, of those that led to a poll',
    buckets: DELAYS,
    ...once,
  });
  const missed = new Counter({
    name: 'azure_ir_push_missed_total',
    help: 'Changes by other writers that a poll found and no event announced',
    ...once,
  });
  return {
    start: () => {
      registry.registerMetric(delay);
      registry.registerMetric(missed);
      for (const result of RESULTS) messages.inc({ result }, 0);
    },
    message: (result, count = 1) => messages.inc({ result }, count),
    up: (state) => {
      isUp = state;
    },
    delay: (ms) => delay.observe(Math.max(0, ms) / 1000),
    missed: () => missed.inc(),
  };
}
