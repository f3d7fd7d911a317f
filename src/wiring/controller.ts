/** The controller of the runtimes: the reconciler with its ports, behind the queue. */
import { hostname } from 'node:os';
import type { AzureIdentities } from '../azure/identities.ts';
import { polledObjects } from '../core/model/object-counts.ts';
import { createEvents } from '../kube/events/events.ts';
import { createObjects } from '../kube/objects/objects.ts';
import type { Shard } from '../kube/objects/shard.ts';
import { createReconciler } from '../reconcile/reconcile.ts';
import { Controller } from '../runtime/controller.ts';
import type { WorkQueue } from '../runtime/queue.ts';
import type { OutageKeys } from '../triggers/outage-keys.ts';
import { type Base, CONTROLLER } from './base.ts';
import { createHandler } from './handler.ts';

type PassMetrics = Parameters<typeof createReconciler>[0]['metrics'];

/** Is told of passes besides the metrics. */
export type PassListener = Pick<PassMetrics, 'foreignChange' | 'passed'>;

export interface ControllerParts {
  readonly shard: Shard;
  readonly queue: WorkQueue;
  readonly identities: AzureIdentities;
  readonly isLeader: () => boolean;
  readonly outageKeys: OutageKeys;
  readonly alsoTold?: PassListener;
}

export function createController(base: Base, parts: ControllerParts): Controller {
  const { config, clock, log, metrics, client, signal } = base;
  const { shard, queue, identities, isLeader, outageKeys, alsoTold } = parts;
  const { intervalMs } = config;
  const reconcile = createReconciler({
    objects: createObjects({
      client,
      store: shard.own,
      sharing: (runtimeKey) => shard.sharing(runtimeKey),
      metrics: metrics.kubernetes,
    }),
    identities,
    events: createEvents({ client, clock, metrics: metrics.kubernetes, log, instance: hostname(), signal }),
    log,
    metrics: passMetrics(base, alsoTold),
    isLeader,
    now: clock.now,
    intervalMs,
  });
  return new Controller({
    name: CONTROLLER,
    queue,
    handler: createHandler({ reconcile, clock, log, outageKeys }),
    concurrency: config.maxConcurrentReconciles,
    clock,
    log,
    metrics: {
      ...metrics.controller,
      running: (name, workers) => {
        metrics.controller.running(name, workers);
        metrics.polls.start(() => polledObjects(shard.own.objects(), intervalMs, clock.now()));
      },
    },
  });
}

function passMetrics({ metrics }: Base, alsoTold: PassListener | undefined): PassMetrics {
  return {
    ...metrics.azure,
    ...metrics.polls,
    stalled: () => metrics.controller.terminalError(CONTROLLER),
    foreignChange: (key) => alsoTold?.foreignChange(key),
    passed: (key, end) => {
      metrics.polls.passed(key, end);
      alsoTold?.passed(key, end);
    },
  };
}
