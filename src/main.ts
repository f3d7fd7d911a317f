/** The composition root: configuration → adapters → controller. Nothing else knows every part. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { resolveCloud } from './azure/clouds.ts';
import { AzureIdentities, type Renewal } from './azure/identities.ts';
import { allowancesFor } from './azure/request-budget.ts';
import { checkedTransport } from './azure/transport.ts';
import { type Config, ConfigError, parseConfig, usage } from './config.ts';
import { census, watched } from './core/census.ts';
import { describeGrants } from './core/grants.ts';
import { Repeats } from './core/repeats.ts';
import { createAccessReview } from './kube/access-review.ts';
import { createKubeClient, type KubeClient } from './kube/client.ts';
import { runCredentialWatch } from './kube/credentials.ts';
import { KubeError } from './kube/errors.ts';
import { createEvents } from './kube/events.ts';
import { createLeaseStore } from './kube/lease.ts';
import { parseNeighbour, sharingWith } from './kube/neighbours.ts';
import { createObjects } from './kube/objects.ts';
import { type ObjectChange, ObjectStore, runtimeKeyOf } from './kube/store.ts';
import { PRIORITY, relatedTo, triggersOf } from './kube/triggers.ts';
import { type RunningWatch, runWatch, type WatchOptions } from './kube/watch.ts';
import type { Urgency } from './ports.ts';
import { createReconciler, type Outcome } from './reconcile.ts';
import { systemClock } from './runtime/clock.ts';
import { Controller, type Next } from './runtime/controller.ts';
import { Elector, UNCONTESTED } from './runtime/elector.ts';
import { type Component, longRunning, runLifecycle } from './runtime/lifecycle.ts';
import { WorkQueue } from './runtime/queue.ts';
import { untilTurn } from './runtime/spread.ts';
import { type Endpoint, type Security, serveHealth, serveMetrics } from './telemetry/endpoints.ts';
import { Guard } from './telemetry/guard.ts';
import { createLog, type RootLog } from './telemetry/log.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { StretchReport } from './telemetry/stretch-report.ts';

declare const __VERSION__: string | undefined;
const VERSION = typeof __VERSION__ === 'undefined' ? 'dev' : __VERSION__;

const NAME = 'azureintegrationruntime';
const clock = systemClock;

/** What the request budget wakes goes by urgency, below what people do and above routine looks. */
const WOKEN: Readonly<Record<Urgency, number>> = { change: PRIORITY.change, repair: 20, look: PRIORITY.listed };

function assemble(config: Config, log: RootLog): Component[] {
  const stopping = new AbortController();
  const metrics = createMetrics({ version: VERSION, node: process.version, now: clock.now });
  const client = createKubeClient({
    userAgent: `azure-ir-operator/${VERSION}`,
    onResponse: ({ code, method, host }) => metrics.kubernetes.kubernetesRequest(code, method, host),
  });
  const store = new ObjectStore();
  metrics.objects.countBy(() => census(store.objects()));
  const repeats = new Repeats();
  /** The objects of all shards, where this is one. */
  const neighbours = config.labelSelector === '' ? undefined : new ObjectStore();
  const elector = config.leaderElect ? electorOf(config, client, metrics, log) : undefined;
  const leadership = elector ?? UNCONTESTED;
  const queue = new WorkQueue({ clock, metrics: metrics.queue(NAME) });
  let working = false;
  /** A standby replica queues nothing: all there is is queued when it begins to work. */
  const enqueue = (key: string, priority: number) => {
    if (working) queue.add(key, { priority });
  };
  const { azure } = config;
  const stretches = new StretchReport(log);
  const cloud = resolveCloud({
    cloud: azure.cloud,
    authorityHost: azure.authorityHost,
    endpoint: azure.resourceManagerEndpoint,
    audience: azure.resourceManagerAudience,
  });
  const identities = new AzureIdentities({
    env: azure.credential,
    ownCredential: config.azureCredential,
    cloud,
    grants: config.operatorIdentityNamespaces,
    occupied: (namespace) => store.inNamespace(namespace).length > 0,
    clock,
    wake: (key, urgency) => queue.add(key, { priority: WOKEN[urgency] }),
    changed: (runtime) => {
      for (const { key } of store.sharing(runtime)) enqueue(key, PRIORITY.related);
    },
    log,
    metrics: {
      ...metrics.azure,
      intervalStretched: (factor, owner) => {
        metrics.azure.intervalStretched(factor, owner);
        stretches.tell(factor, owner);
      },
    },
    allowances: allowancesFor(config.armBudgetShare),
    httpClient: checkedTransport(() => leadership.isLeader()),
    signal: stopping.signal,
  });
  log.info('azure identity', {
    credential: identities.describe(),
    namespaces: describeGrants(config.operatorIdentityNamespaces),
    cloud: cloud.name,
    endpoint: cloud.endpoint,
    audience: cloud.audience,
    authority: cloud.authority,
  });
  if (config.watchNamespaces.length > 0) {
    log.info('objects of other namespaces are not seen, nor that one of them names a runtime of these', {
      namespaces: config.watchNamespaces,
    });
  }
  const trigger = (change: ObjectChange) => {
    for (const { key, priority } of triggersOf(change, (runtime) => store.sharing(runtime))) enqueue(key, priority);
  };
  store.subscribe((change) => {
    if (change.kind === 'removed') {
      // A last pass, which finds the object gone and forgets it.
      enqueue(change.before.key, PRIORITY.listed);
      identities.forget(change.before.key);
      identities.vacated(change.before.namespace);
    }
    trigger(change);
  });
  neighbours?.subscribe((change) => {
    for (const { key, priority } of relatedTo(change, (runtime) => store.sharing(runtime))) enqueue(key, priority);
  });
  const sharing = (runtime: string) =>
    neighbours === undefined ? store.sharing(runtime) : sharingWith(store, neighbours, runtime);
  const reconcile = createReconciler({
    objects: createObjects({ client, store, sharing, metrics: metrics.kubernetes }),
    identities,
    events: createEvents({
      client,
      clock,
      metrics: metrics.kubernetes,
      log,
      instance: hostname(),
      signal: stopping.signal,
    }),
    log,
    metrics: { ...metrics.azure, ...metrics.looks, stalled: () => metrics.controller.terminalError(NAME) },
    isLeader: () => leadership.isLeader(),
    now: clock.now,
    intervalMs: config.intervalMs,
  });
  const controller = new Controller({
    name: NAME,
    queue,
    handler: (key, { signal }) =>
      reconcile(key, signal).then(
        (outcome) => {
          repeats.end(key);
          return nextOf(outcome, key);
        },
        (error) => unlessOutage(error, key, log, repeats),
      ),
    concurrency: config.maxConcurrentReconciles,
    clock,
    log,
    metrics: {
      ...metrics.controller,
      running: (name, workers) => {
        metrics.controller.running(name, workers);
        metrics.looks.begin(() => watched(store.objects(), config.intervalMs));
      },
    },
  });
  const renewed = (namespace: string, { changed, wrong, credential }: Renewal) => {
    if (!changed) return;
    log[wrong ? 'warn' : 'info']('azure credential of a namespace', { namespace, credential });
    for (const object of store.inNamespace(namespace)) {
      enqueue(object.key, PRIORITY.change);
      for (const { key } of store.sharing(runtimeKeyOf(object) ?? '')) enqueue(key, PRIORITY.related);
    }
  };
  // Before the objects: the first passes must not take a namespace that has a credential for one that has none.
  const credentials = watchComponent('credentials', client, config, log, (options) =>
    runCredentialWatch({
      ...options,
      sink: {
        put: (namespace, credential) => renewed(namespace, identities.put(namespace, credential)),
        remove: (namespace) => renewed(namespace, identities.remove(namespace)),
      },
    }),
  );
  // As early as our own, or a runtime that an object of another shard claims would be taken for free.
  const others =
    neighbours === undefined
      ? []
      : [
          watchComponent('objects of all shards', client, config, log, (options) =>
            runWatch({ ...options, store: neighbours, decode: parseNeighbour }),
          ),
        ];
  const objects = watchComponent(
    'objects',
    client,
    config,
    log,
    (options) => runWatch({ ...options, store, labelSelector: config.labelSelector }),
    () => ({ objects: store.size }),
  );
  const work = async (signal: AbortSignal) => {
    if (!(await leadership.won(signal))) return;
    working = true;
    for (const after of store.objects()) trigger({ kind: 'added', via: 'list', after });
    await controller.run(signal, leadership.lost);
  };
  return [
    endpoint('metrics endpoint', () =>
      serveMetrics({
        bind: config.metricsBindAddress,
        exposition: metrics.exposition,
        log,
        secure: securityOf(config.metricsCertDir, client, log, stopping.signal),
      }),
    ),
    endpoint('health endpoint', () =>
      serveHealth({
        bind: config.healthProbeBindAddress,
        live: [{ name: 'controller', problem: () => controller.stuckReason(clock.now()) }],
        ready: [credentials, ...others, objects].map(({ component: { name }, isListed }) => ({
          name,
          problem: () => (isListed() ? undefined : `the ${name} are not listed yet`),
        })),
        log,
      }),
    ),
    { name: 'connections', start: async () => {}, stop: () => client.close() },
    ...[credentials, ...others, objects].map(({ component }) => component),
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
    longRunning('controller', work),
  ];
}

/** Undefined for an endpoint that is open to everybody. */
function securityOf(dir: string, client: KubeClient, log: RootLog, signal: AbortSignal): Security | undefined {
  if (dir === '') return undefined;
  const review = createAccessReview(client, '/metrics', signal);
  return { certificate: { dir, clock, log }, guard: new Guard({ review, now: clock.monotonic, log }) };
}

/** @throws Error when nothing tells the namespace of the lease. */
function electorOf(config: Config, client: KubeClient, metrics: Metrics, log: RootLog): Elector {
  const name = config.leaderElectName;
  const namespace = config.leaderElectNamespace || client.namespace;
  if (namespace === undefined) {
    throw new Error('the namespace of the lease is not known outside a pod: set --leader-elect-namespace');
  }
  return new Elector({
    lease: `${namespace}/${name}`,
    terms: {
      // A container that is started again in the same pod is another replica.
      identity: `${hostname()}_${randomUUID()}`,
      leaseDurationMs: config.leaderElectLeaseDurationMs,
      renewDeadlineMs: config.leaderElectRenewDeadlineMs,
      retryPeriodMs: config.leaderElectRetryPeriodMs,
    },
    store: createLeaseStore({ client, clock, log, namespace, name }),
    clock,
    log,
    onChange: (isLeader) => metrics.kubernetes.leader(name, isLeader),
  });
}

/** An API server that refuses or does not answer is no defect: it is logged as what it is, and looked at again. */
function unlessOutage(error: unknown, key: string, log: RootLog, repeats: Repeats): Next {
  if (!(error instanceof KubeError)) throw error;
  const { status, reason, message } = error;
  const isNew = repeats.isNew(key, `${status} ${reason}`);
  log[isNew ? 'warn' : 'debug']('the API server refused or failed', { object: key, status, reason, detail: message });
  return { kind: 'backoff', baseMs: 1_000, maxMs: 60_000 };
}

/** Routine looks take turns, so that objects which came together do not stay together. */
function nextOf(outcome: Outcome, key: string): Next {
  switch (outcome.kind) {
    case 'periodic':
      return { kind: 'after', ms: untilTurn(key, outcome.ms, clock.now()) };
    case 'never':
      return { kind: 'done' };
    default:
      return outcome;
  }
}

/** The watch goes on until the controller has stopped: running passes read from what it shows. */
function watchComponent(
  name: string,
  client: KubeClient,
  config: Config,
  log: RootLog,
  run: (options: Omit<WatchOptions, 'store'>) => RunningWatch,
  size: () => Record<string, number> = () => ({}),
) {
  const stop = new AbortController();
  let watch: RunningWatch | undefined;
  const component: Component = {
    name,
    async start({ signal }) {
      watch = run({ client, clock, signal: stop.signal, log, namespaces: config.watchNamespaces });
      // The first passes must see all there is: a runtime that another object claims must not be taken for free.
      await Promise.race([watch.listed, aborted(signal)]);
      if (!signal.aborted) log.info(`${name} listed`, size());
    },
    async stop() {
      stop.abort(new Error('the operator stops'));
      await watch?.done;
    },
  };
  return { component, isListed: () => watch?.isListed() ?? false };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function endpoint(name: string, serve: () => Promise<Endpoint>): Component {
  let server: Endpoint | undefined;
  return {
    name,
    start: async () => {
      server = await serve();
    },
    stop: async () => server?.stop(),
  };
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
