/** What a test of the running operator works with: a namespace and a factory of its own, kubectl, and the emulated Azure. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect } from '@jest/globals';
import { type EventsV1Event, PatchStrategy } from '@kubernetes/client-node';
import {
  createControlClient,
  type EmulatorControl,
  type FactoryRef,
  type RuntimeView,
  type TraceEntry,
} from '../../../dev/emulator/index.ts';
import { kubectlOf, type Options, type Result, runKubectl } from '../../../dev/installation/kubectl.ts';
import type { LogLine } from '../../../dev/installation/operator-process.ts';
import { createKubeClient, type KubeClient, type KubeRequest } from '../../../src/kube/client/client.ts';
import { pathOf } from '../../../src/kube/client/paths.ts';
import { createRuntimeApi, runtimePath } from '../../../src/kube/objects/runtime-api.ts';
import { eventually } from '../../support/eventually.ts';
import { complaints } from '../../support/verdicts.ts';
import { KINDS, type Kind, type ParentKind, type Request } from './kinds.ts';
import { currentRun, type Run } from './run.ts';
import { StatusWatch } from './status-watch.ts';

export { eventually } from '../../support/eventually.ts';

export interface Condition {
  type: string;
  status: string;
  reason: string;
  message: string;
  observedGeneration: number;
  lastTransitionTime: string;
}

export interface Azir {
  metadata: {
    name: string;
    namespace: string;
    uid: string;
    generation: number;
    resourceVersion: string;
    creationTimestamp: string;
    finalizers?: string[];
    deletionTimestamp?: string;
    annotations?: Record<string, string>;
  };
  spec: Record<string, unknown>;
  status?: {
    uid?: string;
    observedGeneration: number;
    conditions?: Condition[];
    state?: string;
    resourceId?: string;
    location?: string;
    observed?: Record<string, unknown>;
    connectVia?: { referenceName: string; type: string };
    claim?: { origin: string; identity: string };
    ownedFields?: string[];
    drift?: { field: string; desired: string; observed: string }[];
    repair?: { attempts: number; lastAttemptTime?: string; nextAttemptTime?: string };
    lastHandledReconcileAt?: string;
    lastHandledReconcileToken?: string;
    lastHandledRepairAt?: string;
    waitingSince?: { reason: string; time: string };
    operation?: { kind: string; time: string; fields?: string[]; repeated?: boolean };
    corrections?: { field: string; times: string[]; contested?: boolean }[];
  };
}

export interface SeenEvent {
  type: string;
  reason: string;
  note: string;
}

const CALLS: Readonly<Record<string, Request>> = {
  IntegrationRuntimes_ListByFactory: 'LIST',
  IntegrationRuntimes_Get: 'GET',
  IntegrationRuntimes_CreateOrUpdate: 'PUT',
  IntegrationRuntimes_Delete: 'DELETE',
  IntegrationRuntimes_GetStatus: 'STATE',
  ManagedVirtualNetworks_ListByFactory: 'NETWORK',
  Workspaces_Get: 'NETWORK',
  Factories_Get: 'PARENT',
};

/** A place of a test's own. `finish` at its end judges every status that was seen in it, and has it judged by kstatus and Argo CD. */
export class Place {
  readonly run: Run;
  readonly azure: EmulatorControl;
  readonly namespace: string;
  readonly factory: FactoryRef;
  readonly kind: Kind;
  readonly #client: KubeClient;
  readonly #statuses: StatusWatch;
  #barriers = 0;

  constructor(run: Run, namespace: string, factory: FactoryRef) {
    this.run = run;
    this.azure = createControlClient(run.emulatorControlUrl);
    this.namespace = namespace;
    this.factory = factory;
    this.kind = KINDS[factory.kind ?? 'factory'];
    this.#client = createKubeClient({ kubeconfig: run.cluster.kubeconfig });
    this.#statuses = new StatusWatch(this.#client, namespace);
  }

  /** With a factory or workspace that exists, in a subscription of its own. */
  static async create(run: Run = currentRun(), prefix = 't', kind: ParentKind = 'factory'): Promise<Place> {
    const id = randomUUID();
    const named = { subscriptionId: id, resourceGroup: `rg-${id.slice(0, 8)}`, name: `${kind}-${id.slice(0, 8)}` };
    const factory = kind === 'factory' ? named : { kind, ...named };
    const place = new Place(run, `${prefix}-${id.slice(0, 8)}`, factory);
    await place.azure.ensureFactory(factory);
    await place.#createNamespace();
    await place.#statuses.start();
    return place;
  }

  async finish(): Promise<void> {
    const seen = await this.#statuses.stop();
    await this.leave();
    expect(await complaints(seen)).toEqual([]);
  }

  /** Has the operator let go of everything here, so that it has no more work with it. */
  async leave(): Promise<void> {
    const { subscriptionId, resourceGroup } = this.factory;
    await this.#statuses.stop();
    await this.azure.clearFaults({ subscriptionId });
    await this.azure.clearRefusals({ scope: `/subscriptions/${subscriptionId}` });
    await this.azure.setSubscriptionState({ subscriptionId, state: 'Enabled' });
    await this.azure.removeResourceGroup({ subscriptionId, name: resourceGroup });
    // Those that hold nothing go first: a runtime is not to be handed over to one that is about to go.
    const { signal } = new AbortController();
    const { items } = await createRuntimeApi(this.#client).list({ namespace: this.namespace }, 500, undefined, signal);
    const objects = (items as Azir[]).map(({ metadata }) => metadata);
    objects.sort((a, b) => (a.finalizers?.length ?? 0) - (b.finalizers?.length ?? 0));
    // Released without a call: what Azure denies would keep them for minutes.
    const leave = { spec: { deletionPolicy: 'Retain' } };
    for (const { name } of objects) {
      await this.patch(name, leave).catch(() => {});
      await this.delete(name).catch(() => {});
    }
    await this.#client.close();
  }

  async #createNamespace(): Promise<void> {
    const body = { metadata: { name: this.namespace } };
    await this.#ask({ method: 'POST', path: pathOf({ groupVersion: 'v1', plural: 'namespaces' }), body });
  }

  kubectl(...args: string[]): Promise<string> {
    return kubectlOf(this.run.cluster, args);
  }

  try(args: readonly string[], options?: Options): Promise<Result> {
    return runKubectl(this.run.cluster, args, options);
  }

  /** The ARM id of the factory or workspace. */
  get scope(): string {
    const { subscriptionId, resourceGroup, name } = this.factory;
    return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${this.kind.type}/${name}`;
  }

  /** The part of spec that names the factory or workspace, with what is given instead. */
  parent(change: Partial<Omit<FactoryRef, 'kind'>> = {}): Record<string, object> {
    const { kind = 'factory', ...named } = this.factory;
    return { [kind]: { ...named, ...change } };
  }

  /** `kubectl apply` of an object in this factory; `spec` is merged into a West Europe runtime. */
  async apply(name: string, spec: Record<string, unknown> = {}): Promise<void> {
    const { code, stderr } = await this.try(['apply', '-f', '-'], { stdin: this.manifest(name, spec) });
    if (code !== 0) throw new Error(stderr);
  }

  manifest(name: string, spec: Record<string, unknown> = {}): object {
    return {
      apiVersion: 'azure-ir.io/v1beta1',
      kind: 'AzureIntegrationRuntime',
      metadata: { name, namespace: this.namespace },
      spec: { ...this.parent(), location: 'West Europe', ...spec },
    };
  }

  // Not by kubectl, which is a process for each of them: these are in every test, and nothing depends on who sends them.

  async patch(name: string, body: object): Promise<void> {
    await this.#ask({ method: 'PATCH', path: this.#pathOf(name), body, contentType: PatchStrategy.MergePatch });
  }

  annotate(name: string, annotation: string, value: string): Promise<void> {
    return this.patch(name, { metadata: { annotations: { [annotation]: value } } });
  }

  /** Asks for the deletion and does not wait for it. */
  async delete(name: string): Promise<void> {
    await this.#ask({ method: 'DELETE', path: this.#pathOf(name) });
  }

  #pathOf(name: string): string {
    return runtimePath({ namespace: this.namespace, name });
  }

  #ask(request: KubeRequest): Promise<unknown> {
    return this.#client.request(request, new AbortController().signal);
  }

  async get(name: string): Promise<Azir | undefined> {
    try {
      const { signal } = new AbortController();
      return (await createRuntimeApi(this.#client).get({ namespace: this.namespace, name }, signal)) as Azir;
    } catch (error) {
      if ((error as { status?: number }).status === 404) return undefined;
      throw error;
    }
  }

  /** The versions of an object that were seen so far, oldest first; the watch may be a moment behind. */
  versions(name: string): Azir[] {
    return this.#statuses.versions(name) as unknown as Azir[];
  }

  /** Every version of an object, up to the present one, oldest first. */
  async allVersions(name: string): Promise<Azir[]> {
    const now = (await this.get(name))?.metadata.resourceVersion;
    return eventually(async () => {
      const versions = this.versions(name);
      if (now !== undefined) expect(versions.map(({ metadata }) => metadata.resourceVersion)).toContain(now);
      return versions;
    });
  }

  /** Resolves with the object once it is as `expected`, such as `Ready=True Available` or `Ready=False Forbidden Reconciling`. */
  until(name: string, expected: string, deadlineMs = 20_000): Promise<Azir> {
    return eventually(async () => {
      const object = await this.get(name);
      expect(summary(object)).toBe(expected);
      return object as Azir;
    }, deadlineMs);
  }

  /** A runtime that Azure denies keeps its object for eleven seconds. */
  untilGone(name: string): Promise<void> {
    return eventually(async () => expect(await this.get(name)).toBeUndefined(), 40_000);
  }

  runtime(name: string): Promise<RuntimeView | null> {
    return this.azure.getRuntime({ factory: this.factory, name });
  }

  /** The names of all runtimes but those that are there from the beginning. */
  async runtimes(): Promise<string[]> {
    const names = (await this.azure.runtimes(this.factory)).map(({ name }) => name);
    return names.filter((name) => !this.kind.standing.includes(name));
  }

  /** Reasons of the events of an object, oldest first; one that was told again stands as often beside itself. */
  async events(name: string): Promise<string[]> {
    return (await this.eventsInFull(name)).map(({ reason }) => reason);
  }

  async eventsInFull(name: string): Promise<SeenEvent[]> {
    const path = pathOf({ groupVersion: 'events.k8s.io/v1', plural: 'events', namespace: this.namespace });
    const { items } = (await this.#ask({ method: 'GET', path })) as { items: EventsV1Event[] };
    const version = ({ metadata }: EventsV1Event) => Number(metadata?.resourceVersion);
    const time = ({ eventTime }: EventsV1Event) => Date.parse(String(eventTime));
    return items
      .filter(({ regarding }) => regarding?.name === name)
      .sort((a, b) => time(a) - time(b) || version(a) - version(b))
      .flatMap(({ type = '', reason = '', note = '', series }) =>
        Array.from({ length: series?.count ?? 1 }, () => ({ type, reason, note })),
      );
  }

  untilEvents(name: string, ...reasons: string[]): Promise<void> {
    return eventually(async () => expect(await this.events(name)).toEqual(reasons));
  }

  /** How many calls of each operation this factory has seen. */
  calls(): Promise<Partial<Record<string, number>>> {
    return this.azure.counts({ factory: this.factory.name });
  }

  /** The requests that Azure has met, oldest first: about one runtime, or all of the factory, lists included. */
  trace(runtime?: string): Promise<TraceEntry[]> {
    const { subscriptionId } = this.factory;
    return this.azure.trace({ subscriptionId, ...(runtime === undefined ? {} : { runtime }) });
  }

  /** `trace` in short. */
  async requests(runtime?: string): Promise<string[]> {
    return (await this.trace(runtime)).map(({ operation }) => CALLS[operation] ?? operation);
  }

  async writes(runtime: string): Promise<string[]> {
    return (await this.requests(runtime)).filter((call) => call === 'PUT' || call === 'DELETE');
  }

  /** Resolves once the operator has asked for the runtime's state so many more times: so many passes went by. */
  async passes(runtime: string, count = 3): Promise<void> {
    const states = async () => (await this.requests(runtime)).filter((call) => call === 'STATE').length;
    const before = await states();
    await eventually(async () => expect(await states()).toBeGreaterThanOrEqual(before + count));
  }

  /** What the operator has logged about objects of this namespace, oldest first. It comes by way of another process: later than what it tells of shows. */
  async log(): Promise<LogLine[]> {
    const lines = (await readFile(this.run.logFile, 'utf8')).split('\n').filter((line) => line !== '');
    const about = `"${this.namespace}/`;
    return lines.filter((line) => line.includes(about)).map((line) => JSON.parse(line));
  }

  /** Asks for a look at the object now and resolves with what came of it. */
  async look(name: string): Promise<Azir> {
    const token = randomUUID();
    await this.annotate(name, 'azure-ir.io/reconcile', token);
    return eventually(async () => {
      const object = await this.get(name);
      expect(object?.status?.lastHandledReconcileToken).toBe(token);
      return object as Azir;
    });
  }

  /** Resolves once the operator has seen all that was changed before: changes reach it in their order. */
  async barrier(): Promise<void> {
    const name = `barrier-${++this.#barriers}`;
    await this.apply(name, { suspend: true });
    await this.until(name, 'Ready=Unknown Suspended Stalled');
  }

  /** Changes what the operator remembers, as if more time had gone by: in its own name, so that it still owns its status. */
  updateStatus(name: string, change: Record<string, unknown>): Promise<void> {
    return eventually(async () => {
      const object = await this.get(name);
      if (object?.status === undefined) throw new Error(`${name} has no status`);
      const { signal } = new AbortController();
      await createRuntimeApi(this.#client).replaceStatus(
        object.metadata,
        { ...object.status, ...change } as never,
        signal,
      );
    });
  }
}

export function summary(object: Azir | undefined): string {
  const conditions = object?.status?.conditions ?? [];
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (object === undefined || ready === undefined) return 'not looked at';
  if (object.status?.observedGeneration !== object.metadata.generation) return 'an older generation';
  const progress = conditions
    .filter(({ type }) => type === 'Reconciling' || type === 'Stalled')
    .map(({ type }) => type);
  return [`Ready=${ready.status}`, ready.reason, ...progress].join(' ');
}

export function message(object: Azir | undefined, type = 'Ready'): string {
  return object?.status?.conditions?.find((condition) => condition.type === type)?.message ?? '';
}

/** Runs a test in a place of its own. */
export async function inPlace(
  test: (place: Place) => Promise<void>,
  prefix = 't',
  kind: ParentKind = 'factory',
): Promise<void> {
  const place = await Place.create(currentRun(), prefix, kind);
  try {
    await test(place);
  } catch (error) {
    await place.leave().catch(() => {});
    throw error;
  }
  await place.finish();
}

/** For `describe.each`: runs every test in a factory, and in a workspace. */
export const inBothKinds = (['factory', 'workspace'] as const).map((kind) => ({
  kind,
  inPlace: (test: (place: Place) => Promise<void>, prefix?: string) => inPlace(test, prefix, kind),
}));

/** A time so many minutes ago, as Kubernetes writes it. */
export function minutesAgo(minutes: number): string {
  return `${new Date(Date.now() - minutes * 60_000).toISOString().slice(0, 19)}Z`;
}
