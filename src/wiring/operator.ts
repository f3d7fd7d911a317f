/** The composition root: configuration → adapters → controller. Only this folder knows every part. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { OwnWrites } from '../azure/changes/own-writes.ts';
import type { Config } from '../config.ts';
import { compact } from '../core/model/compact.ts';
import { countObjects } from '../core/model/object-counts.ts';
import { createKubeClient } from '../kube/client/client.ts';
import { createElector } from '../kube/lease/election.ts';
import { Shard } from '../kube/objects/shard.ts';
import { createWatches } from '../kube/watches.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Controller } from '../runtime/controller.ts';
import { ALWAYS_LEADER, type Elector, type Leadership } from '../runtime/elector.ts';
import { type Component, longRunning } from '../runtime/lifecycle.ts';
import type { Log } from '../runtime/log.ts';
import { WorkQueue } from '../runtime/queue.ts';
import { createMetrics } from '../telemetry/metrics/metrics.ts';
import { Enqueuer } from '../triggers/enqueuer.ts';
import { OutageKeys } from '../triggers/outage-keys.ts';
import { type Base, CONTROLLER } from './base.ts';
import { type ChangeQueue, createChangeQueue } from './change-queue.ts';
import { createController } from './controller.ts';
import { createEndpoints } from './endpoints.ts';
import { createIdentities, credentialSink } from './identities.ts';

export interface OperatorOptions {
  readonly config: Config;
  readonly log: Log;
  readonly clock: Clock;
  readonly version: string;
}

/** All parts of the operator, in the order of starting. @throws Error that says what is wrong with the configuration. */
export function createOperator({ config, log, clock, version }: OperatorOptions): Component[] {
  const stopping = new AbortController();
  const metrics = createMetrics({ version, node: process.version, now: clock.monotonic });
  const client = createKubeClient({
    userAgent: `azure-ir-operator/${version}`,
    onResponse: ({ code, method, host }) => metrics.kubernetes.kubernetesRequest(code, method, host),
  });
  const base: Base = { config, clock, log, metrics, client, signal: stopping.signal };
  const shard = new Shard(config.labelSelector);
  metrics.objects.countBy(() => countObjects(shard.own.objects(), clock.now()));
  const elector: Elector | undefined = config.leaderElect ? electorOf(base, () => changes?.state()) : undefined;
  const leadership = elector ?? ALWAYS_LEADER;
  const isLeader = () => leadership.isLeader();
  const queue = new WorkQueue({ clock, metrics: metrics.queue(CONTROLLER) });
  const enqueuer = new Enqueuer(queue, shard, { clock, intervalMs: config.intervalMs });
  const outageKeys = new OutageKeys(queue);
  const ownWrites = config.changeQueue === '' ? undefined : new OwnWrites(clock, randomUUID);
  const identities = createIdentities(base, { objects: shard.own, enqueuer, isLeader, ownWrites });
  const changes: ChangeQueue | undefined =
    ownWrites && createChangeQueue(base, { shard, enqueuer, identities, ownWrites, leadership });
  const controller = createController(base, {
    shard,
    queue,
    identities,
    isLeader,
    outageKeys,
    ...compact({ alsoTold: changes?.passes }),
  });
  const watches = createWatches({
    client,
    clock,
    log,
    namespaces: config.watchNamespaces,
    shard,
    credentials: credentialSink(identities, enqueuer, log),
    recovered: () => outageKeys.enqueueAll(),
  });
  return [
    ...createEndpoints(base, controller, watches),
    { name: 'connections', start: async () => {}, stop: () => client.close() },
    ...watches,
    {
      name: 'azure',
      start: async () => {},
      stop: async () => {
        stopping.abort(new Error('the operator stops'));
        identities.stop();
      },
    },
    // Stops right after the controller: the release of the lease must not wait for the other parts.
    ...(elector === undefined ? [] : [longRunning('leader election', (signal) => elector.run(signal))]),
    longRunning('controller', (signal) => runAsLeader(signal, leadership, enqueuer, controller)),
    ...(changes === undefined ? [] : [changes.component]),
  ];
}

async function runAsLeader(
  signal: AbortSignal,
  leadership: Leadership,
  enqueuer: Enqueuer,
  controller: Controller,
): Promise<void> {
  if (!(await leadership.won(signal))) return;
  enqueuer.start();
  await controller.run(signal, leadership.lost);
}

function electorOf({ config, clock, log, metrics, client }: Base, queueState: () => string | undefined): Elector {
  const name = config.leaderElectName;
  return createElector({
    client,
    namespace: config.leaderElectNamespace || undefined,
    name,
    queueState,
    terms: {
      // A container that restarts in the same pod is another replica.
      identity: `${hostname()}_${randomUUID()}`,
      leaseDurationMs: config.leaderElectLeaseDurationMs,
      renewDeadlineMs: config.leaderElectRenewDeadlineMs,
      retryPeriodMs: config.leaderElectRetryPeriodMs,
    },
    clock,
    log,
    onChange: (isLeader) => metrics.kubernetes.leader(name, isLeader),
  });
}
