/** The metrics of a controller under controller-runtime's names and buckets, which dashboards and alerts expect. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ControllerMetrics, ResultLabel } from '../../runtime/metrics.ts';

export interface ControllerRecorder extends ControllerMetrics {
  /** A pass ended with an error that only a person can fix. */
  terminalError(controller: string): void;
}

const RESULTS: readonly ResultLabel[] = ['success', 'error', 'requeue', 'requeue_after'];

const SECONDS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2,
  2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];

export function controllerMetrics(registry: Registry): ControllerRecorder {
  const registers = [registry];
  const byController = { labelNames: ['controller'] as const, registers };
  const total = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Reconciliations per controller and result',
    labelNames: ['controller', 'result'],
    registers,
  });
  const errors = new Counter({
    name: 'controller_runtime_reconcile_errors_total',
    help: 'Reconciliations that ended with an unexpected error',
    ...byController,
  });
  const terminalErrors = new Counter({
    name: 'controller_runtime_terminal_reconcile_errors_total',
    help: 'Reconciliations that ended with an error that needs user action',
    ...byController,
  });
  const time = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Duration of a reconciliation',
    buckets: SECONDS,
    ...byController,
  });
  const concurrent = new Gauge({
    name: 'controller_runtime_max_concurrent_reconciles',
    help: 'Maximum number of workers',
    ...byController,
  });
  const active = new Gauge({
    name: 'controller_runtime_active_workers',
    help: 'Number of workers that are reconciling',
    ...byController,
  });

  return {
    running: (controller, concurrency) => {
      concurrent.set({ controller }, concurrency);
      // A series that only appears with its first event hides that event from rate() and increase().
      active.inc({ controller }, 0);
      for (const result of RESULTS) total.inc({ controller, result }, 0);
      errors.inc({ controller }, 0);
      terminalErrors.inc({ controller }, 0);
    },
    passStarted: (controller) => active.inc({ controller }),
    passEnded: (controller, result, elapsedMs) => {
      active.dec({ controller });
      total.inc({ controller, result });
      if (result === 'error') errors.inc({ controller });
      time.observe({ controller }, elapsedMs / 1000);
    },
    terminalError: (controller) => terminalErrors.inc({ controller }),
  };
}
