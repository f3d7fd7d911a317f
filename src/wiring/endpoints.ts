/** The HTTP endpoints of the process: metrics, liveness and readiness. */
import { type Security, serveHealth, serveMetrics } from '../http/endpoints.ts';
import { MetricsAuthorizer } from '../http/metrics-authorizer.ts';
import { createAccessReview } from '../kube/client/access-review.ts';
import type { WatchComponent } from '../kube/watches.ts';
import type { Controller } from '../runtime/controller.ts';
import { type Component, opened } from '../runtime/lifecycle.ts';
import type { Base } from './base.ts';

export function createEndpoints(
  base: Base,
  controller: Controller,
  watches: readonly WatchComponent[],
): readonly Component[] {
  const { config, log, metrics } = base;
  return [
    opened('metrics endpoint', () =>
      serveMetrics({
        bind: config.metricsBindAddress,
        exposition: metrics.exposition,
        log,
        secure: config.metricsCertDir === '' ? undefined : securityOf(base),
      }),
    ),
    opened('health endpoint', () =>
      serveHealth({
        bind: config.healthProbeBindAddress,
        live: [{ name: 'controller', problem: () => controller.stuckReason() }],
        ready: watches.map((watch) => ({
          name: watch.name,
          problem: () => (watch.isListed() ? undefined : `the ${watch.name} are not listed yet`),
        })),
        log,
      }),
    ),
  ];
}

function securityOf({ config, clock, log, client, signal }: Base): Security {
  const review = createAccessReview(client, '/metrics', signal);
  const authorizer = new MetricsAuthorizer({ review, now: clock.monotonic, log });
  return { certificate: { dir: config.metricsCertDir, clock, log }, authorizer };
}
