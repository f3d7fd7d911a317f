/** An installation of the chart on the node, as helm puts it there, and an emulated Azure beside it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { DEFAULT_CLIENT, DEFAULT_FACTORY, type Emulator } from '../../../dev/emulator/index.ts';
import { type Cluster, kubectlOf, type Options, type Result, runKubectl } from '../../../dev/installation/kubectl.ts';
import { azureValues, startAzure } from '../../../dev/machine/azure.ts';
import { PAUSE_IMAGE } from '../../../dev/machine/configuration.ts';
import { eventually } from '../../support/eventually.ts';
import { CHART, helm, NAMESPACE, RELEASE } from '../../support/helm.ts';
import { currentCluster, nodeRun, sandboxDir } from './run.ts';

export const SAMPLE = 'examples/azureintegrationruntime.yaml';
export const RUNTIME = { factory: DEFAULT_FACTORY, name: 'MySampleAzureIR' };
/** For whatever has to go through the scheduler, the kubelet and containerd. */
export const MAX_WAIT_MS = 90_000;
/** A test or a hook waits for several such things, one after the other, and each wait says what it waited for. */
jest.setTimeout(6 * MAX_WAIT_MS);
const HELM_TIMEOUT = '120s';

export interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly status: {
    readonly podIP?: string;
    readonly phase: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly containerID: string;
  readonly restartCount: number;
  readonly lastState: { readonly terminated?: { readonly reason: string; readonly exitCode: number } };
}

export class Place {
  readonly cluster: Cluster = currentCluster();
  readonly emulator: Emulator;
  readonly home: string;
  #guests = 0;

  private constructor(emulator: Emulator, home: string) {
    this.emulator = emulator;
    this.home = home;
  }

  static async create(): Promise<Place> {
    return new Place(await startAzure(), await mkdtemp(join(sandboxDir(), 'place-')));
  }

  /** Uninstalls, and removes the objects, so that the next file finds a cluster as it was. */
  async stop(): Promise<void> {
    await this.try(['delete', 'azir', '--all', '-A', '--timeout=60s']);
    await helm(['uninstall', RELEASE, '-n', NAMESPACE, '--wait', '--ignore-not-found'], this.helmOptions());
    await this.try(['delete', 'pod', '--all', '-n', 'default', '--grace-period=0', '--force']);
    await this.try(['delete', 'namespace', NAMESPACE, '--timeout=60s']);
    await this.emulator.stop();
    await rm(this.home, { recursive: true, force: true });
  }

  kubectl(args: readonly string[], options?: Options): Promise<string> {
    return kubectlOf(this.cluster, args, options);
  }

  try(args: readonly string[], options?: Options): Promise<Result> {
    return runKubectl(this.cluster, args, options);
  }

  async get<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.kubectl(['get', ...args, '-o', 'json']));
  }

  private helmOptions(values?: object) {
    return { home: this.home, kubeconfig: this.cluster.kubeconfig, ...(values === undefined ? {} : { values }) };
  }

  helm(args: readonly string[], values?: object): Promise<string> {
    return helm([...args, '-n', NAMESPACE], this.helmOptions(values));
  }

  /** Waits until its pods are Ready. */
  async install(values: object = {}, chart = CHART): Promise<void> {
    await this.prepare();
    await this.helm(['install', RELEASE, chart, '--wait', '--timeout', HELM_TIMEOUT], { ...this.values(), ...values });
  }

  async upgrade(values: object, chart = CHART): Promise<void> {
    await this.helm(['upgrade', RELEASE, chart, '--wait', '--timeout', HELM_TIMEOUT], { ...this.values(), ...values });
  }

  /** The namespace, under restricted Pod Security, and what the operator is told of Azure. */
  async prepare(): Promise<void> {
    await this.kubectl(['apply', '-f', 'deploy/kustomize/namespace.yaml']);
    await this.kubectl([
      'delete',
      'secret/azure-identity',
      'configmap/azure-ca',
      '-n',
      NAMESPACE,
      '--ignore-not-found',
    ]);
    await this.createCredential(NAMESPACE, 'azure-identity');
    await this.trustAzure();
  }

  /** By default the one that the objects of a namespace act by. */
  async createCredential(namespace: string, name = 'azure-ir-credential'): Promise<void> {
    const { tenantId, clientId, clientSecret } = DEFAULT_CLIENT;
    const identity = { AZURE_TENANT_ID: tenantId, AZURE_CLIENT_ID: clientId, AZURE_CLIENT_SECRET: clientSecret };
    const literals = Object.entries(identity).map(([variable, value]) => `--from-literal=${variable}=${value}`);
    await this.kubectl(['create', 'secret', 'generic', name, '-n', namespace, ...literals]);
  }

  async trustAzure(): Promise<void> {
    const file = `--from-file=ca.pem=${this.emulator.caFile}`;
    await this.kubectl(['create', 'configmap', 'azure-ca', '-n', NAMESPACE, file]);
  }

  /** Besides what a person gives in any case: where this Azure is. */
  azureValues(): object {
    return azureValues(this.emulator);
  }

  values(tag = ''): object {
    return {
      ...this.azureValues(),
      image: { repository: nodeRun().image, tag },
      operatorIdentityNamespaces: ['*'],
      envFrom: [{ secretRef: { name: 'azure-identity' } }],
      // A test waits less: of two replicas, one is replaced once the other has been found Ready.
      interval: '5s',
      health: { readinessProbe: { periodSeconds: 1 } },
    };
  }

  async write(name: string, content: string): Promise<string> {
    const file = join(this.home, name);
    await writeFile(file, content);
    return file;
  }

  /** Of the release, without those that are going. */
  async pods(): Promise<Pod[]> {
    const selector = `app.kubernetes.io/instance=${RELEASE}`;
    const { items } = await this.get<{ items: Pod[] }>('pods', '-n', NAMESPACE, '-l', selector);
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  pod(name: string): Promise<Pod> {
    return this.get('pod', name, '-n', NAMESPACE);
  }

  /** The name of the pod that holds the lease; between two leaders nobody does. */
  leader(): Promise<string> {
    return eventually(() => this.#holder(), MAX_WAIT_MS);
  }

  async #holder(): Promise<string> {
    const lease = await this.get<{ spec: { holderIdentity?: string } }>('lease', RELEASE, '-n', NAMESPACE);
    const holder = lease.spec.holderIdentity ?? '';
    if (holder === '') throw new Error('nobody leads');
    return holder.split('_')[0] ?? '';
  }

  /** Resolves with the name of the pod that leads after the given one. */
  nextLeader(previous: string): Promise<string> {
    return eventually(async () => {
      const leader = await this.#holder();
      if (leader === previous) throw new Error(`${previous} still leads`);
      return leader;
    }, MAX_WAIT_MS);
  }

  log(pod: string, ...args: string[]): Promise<string> {
    return this.kubectl(['logs', pod, '-n', NAMESPACE, ...args]);
  }

  /** All replicas of the deployment, of its newest template. */
  async settled(): Promise<void> {
    await this.kubectl(['rollout', 'status', `deploy/${RELEASE}`, '-n', NAMESPACE, '--timeout=90s']);
  }

  /** Runs the guest in a pod of its own, and resolves with what it printed. */
  async guest(args: readonly string[], { namespace = 'default', serviceAccount = 'default' } = {}): Promise<string> {
    const name = `guest-${++this.#guests}`;
    const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
    const container = { name: 'guest', image: PAUSE_IMAGE, imagePullPolicy: 'Never', args, securityContext };
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace },
      spec: { restartPolicy: 'Never', serviceAccountName: serviceAccount, containers: [container] },
    };
    await this.kubectl(['create', '-f', '-'], { stdin: pod });
    const finished = ['--for=jsonpath={.status.containerStatuses[0].state.terminated}', '--timeout=90s'];
    await this.kubectl(['wait', `pod/${name}`, '-n', namespace, ...finished]);
    return this.kubectl(['logs', name, '-n', namespace]);
  }

  /** Has the operator look at the sample, and waits until it has. */
  async look(maxWaitMs = MAX_WAIT_MS): Promise<void> {
    const asked = `${Date.now()}`;
    await this.kubectl(['annotate', '-f', SAMPLE, `azure-ir.io/reconcile=${asked}`, '--overwrite']);
    await eventually(async () => {
      const { status } = await this.get<{ status: { lastHandledReconcileAt?: string } }>('-f', SAMPLE);
      if (status.lastHandledReconcileAt !== asked) throw new Error('the operator has not looked yet');
    }, maxWaitMs);
  }

  untilReady(): Promise<string> {
    return this.kubectl(['wait', '--for=condition=Ready', '--timeout=60s', '-f', SAMPLE]);
  }
}
