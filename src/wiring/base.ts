/** What most parts of the operator are made with. */
import type { Config } from '../config.ts';
import type { KubeClient } from '../kube/client/client.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../telemetry/metrics/metrics.ts';

export interface Base {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly client: KubeClient;
  /** Aborts when the controller has stopped. */
  readonly signal: AbortSignal;
}

/** The name of the controller, as its metrics and log lines have it. */
export const CONTROLLER = 'azureintegrationruntime';
