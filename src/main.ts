/** The composition root: configuration → adapters → controller. Nothing else knows every part. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { AzureIdentities } from './azure/identities.ts';
import { type Config, ConfigError, parseConfig, usage } from './config.ts';
import { countObjects, polledObjects } from './core/model/object-counts.ts';
import { type Security, serveHealth, serveMetrics } from './http/endpoints.ts';
import { MetricsAuthorizer } from './http/guard.ts';
import { createAccessReview } from './kube/client/access-review.ts';
import { createKubeClient, type KubeClient } from './kube/client/client.ts';
import { createEvents } from './kube/events/events.ts';
import { createElector } from './kube/lease/election.ts';
import { createObjects } from './kube/objects/objects.ts';
import { Shard } from './kube/objects/shard.ts';
import { createWatches, type WatchComponent } from './kube/watches.ts';
import { createReconciler } from './reconcile/reconcile.ts';
import { systemClock } from './runtime/clock.ts';
import { Controller } from './runtime/controller.ts';
import { ALWAYS_LEADER, type Elector, type Leadership } from './runtime/elector.ts';
import { type Component, longRunning, opened, runLifecycle } from './runtime/lifecycle.ts';
import { WorkQueue } from './runtime/queue.ts';
import { createLog, type RootLog } from './telemetry/log/log.ts';
import { createMetrics, type Metrics } from './telemetry/metrics/metrics.ts';
import { Enqueuer } from './triggers/feed.ts';
import { createHandler } from './wiring/handler.ts';
import { createIdentities, credentialSink } from './wiring/identities.ts';
import { Stranded } from './wiring/stranded.ts';

declare const __VERSION__: string | undefined;
const VERSION = typeof __VERSION__ === 'undefined' ? 'dev' : __VERSION__;

const NAME = 'azureintegrationruntime';
const clock = systemClock;

/** What most parts need. */
interface Base {
  readonly config: Config;
  readonly log: RootLog;
  readonly metrics: Metrics;
  readonly client: KubeClient;
  /** Aborts when the controller has stopped. */
  readonly signal: AbortSignal;
}

function assemble(config: Config, log: RootLog): Component[] {
  const stopping = new AbortController();
  const metrics = createMetrics({ version: VERSION, node: process.version, now: clock.monotonic });
  const client = createKubeClient({
    userAgent: `azure-ir-operator/${VERSION}`,
    onResponse: ({ code, method, host }) => metrics.kubernetes.kubernetesRequest(code, method, host),
  });
  const base: Base = { config, log, metrics, client, signal: stopping.signal };
  const shard = new Shard(config.labelSelector);
  metrics.objects.countBy(() => countObjects(shard.own.objects()));
  const elector = config.leaderElect ? electorOf(base) : undefined;
  const leadership = elector ?? ALWAYS_LEADER;
  const queue = new WorkQueue({ clock, metrics: metrics.queue(NAME) });
  const feed = new Enqueuer(queue, shard, { clock, intervalMs: config.intervalMs });
  const isLeader = () => leadership.isLeader();
  const identities = createIdentities({ ...base, clock, objects: shard.own, feed, metrics: metrics.azure, isLeader });
  const stranded = new Stranded(queue);
  const controller = controllerOf(base, { shard, queue, identities, isLeader, stranded });
  const watches = createWatches({
    client,
    clock,
    log,
    namespaces: config.watchNamespaces,
    shard,
    credentials: credentialSink(identities, feed, log),
    recovered: () => stranded.wake(),
  });
  return [
    ...endpointsOf(base, controller, watches),
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
    // Stopped after the work, and before what others need not wait for: then the lease is released.
    ...(elector === undefined ? [] : [longRunning('leader election', (signal) => elector.run(signal))]),
    longRunning('controller', (signal) => work(signal, leadership, feed, controller)),
  ];
}

async function work(
  signal: AbortSignal,
  leadership: Leadership,
  feed: Enqueuer,
  controller: Controller,
): Promise<void> {
  if (!(await leadership.won(signal))) return;
  feed.begin();
  await controller.run(signal, leadership.lost);
}

function electorOf({ config, log, metrics, client }: Base): Elector {
  const name = config.leaderElectName;
  return createElector({
    client,
    namespace: config.leaderElectNamespace || undefined,
    name,
    terms: {
      // A container that is started again in the same pod is another replica.
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

interface ControllerParts {
  readonly shard: Shard;
  readonly queue: WorkQueue;
  readonly identities: AzureIdentities;
  readonly isLeader: () => boolean;
  readonly stranded: Stranded;
}

function controllerOf(base: Base, { shard, queue, identities, isLeader, stranded }: ControllerParts): Controller {
  const { config, log, metrics, client, signal } = base;
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
    metrics: { ...metrics.azure, ...metrics.looks, stalled: () => metrics.controller.terminalError(NAME) },
    isLeader,
    now: clock.now,
    intervalMs,
  });
  return new Controller({
    name: NAME,
    queue,
    handler: createHandler({ reconcile, clock, log, stranded }),
    concurrency: config.maxConcurrentReconciles,
    clock,
    log,
    metrics: {
      ...metrics.controller,
      running: (name, workers) => {
        metrics.controller.running(name, workers);
        metrics.looks.begin(() => polledObjects(shard.own.objects(), intervalMs));
      },
    },
  });
}

function endpointsOf(base: Base, controller: Controller, watches: readonly WatchComponent[]): Component[] {
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

function securityOf({ config, log, client, signal }: Base): Security {
  const review = createAccessReview(client, '/metrics', signal);
  const guard = new MetricsAuthorizer({ review, now: clock.monotonic, log });
  return { certificate: { dir: config.metricsCertDir, clock, log }, guard };
}

async function main(): Promise<number> {
  const command = parseConfig(process.argv.slice(2), process.env);
  if (command.kind !== 'run') return print(command.kind === 'help' ? usage() : VERSION);
  return run(command.config);
}

async function run(config: Config): Promise<number> {
  const log = createLog({ level: config.logLevel, now: clock.now });
  log.info('starting', { version: VERSION, node: process.version });
  const exitCode = await runLifecycle({ components: assembled(config, log), signals: process, clock, log });
  log.info('stopped', { exitCode });
  return exitCode;
}

/** Nothing has been asked of anybody yet: what fails here is how the operator was set up. @throws ConfigError */
function assembled(config: Config, log: RootLog): Component[] {
  try {
    return assemble(config, log);
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

try {
  process.exit(await main());
} catch (error) {
  // What somebody set wrongly is told in one line; anything else is a defect, and its stack tells where.
  process.stderr.write(
    `${error instanceof ConfigError ? error.message : error instanceof Error ? error.stack : error}\n`,
  );
  process.exit(1);
}
