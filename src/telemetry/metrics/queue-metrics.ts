/** The metrics of work queues under client-go's names. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { QueueMetrics, QueueStats } from '../../runtime/metrics.ts';

type QueueLabel = 'name' | 'controller';

/** Some of controller-runtime's bounds, so that buckets of both add up. */
const SECONDS = [0.001, 0.01, 0.1, 1, 10, 100, 1000];

/** Makes a recorder for each queue, which has the name of its controller. Each scrape asks the queues for their depth. */
export function queueMetrics(registry: Registry): (name: string) => QueueMetrics {
  const observed = new Map<string, () => QueueStats>();
  const base = { labelNames: ['name', 'controller'] as const, registers: [registry] };
  const labels = (name: string): Record<QueueLabel, string> => ({ name, controller: name });
  const gauge = (name: string, help: string, read: (stats: QueueStats) => number): void => {
    new Gauge({
      name,
      help,
      ...base,
      collect() {
        for (const [queue, stats] of observed) this.set(labels(queue), read(stats()));
      },
    });
  };

  gauge('workqueue_depth', 'Keys that are due and wait for a worker', (stats) => stats.depth);
  gauge(
    'workqueue_unfinished_work_seconds',
    'Total time spent so far on the keys in progress',
    (stats) => stats.unfinishedMs / 1000,
  );
  gauge(
    'workqueue_longest_running_processor_seconds',
    'Running time of the longest running worker',
    (stats) => stats.longestMs / 1000,
  );
  const adds = new Counter({ name: 'workqueue_adds_total', help: 'Keys added to the queue', ...base });
  const retries = new Counter({ name: 'workqueue_retries_total', help: 'Keys queued again after a failure', ...base });
  const waited = new Histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'Time a key waits in the queue once it is due',
    buckets: SECONDS,
    ...base,
  });
  const worked = new Histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'Time a worker spends on a key',
    buckets: SECONDS,
    ...base,
  });

  return (name) => ({
    observe: (stats) => {
      observed.set(name, stats);
      adds.inc(labels(name), 0);
      retries.inc(labels(name), 0);
    },
    added: () => adds.inc(labels(name)),
    retried: () => retries.inc(labels(name)),
    taken: (waitedMs) => waited.observe(labels(name), waitedMs / 1000),
    finished: (workedMs) => worked.observe(labels(name), workedMs / 1000),
  });
}
