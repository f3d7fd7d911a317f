/** The chart as a new user meets it: rendered by the real helm, applied to the real API server, and what it says to run is run. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type ControlPlane, startControlPlane } from '../../dev/controlplane/index.ts';
import { DEFAULT_CLIENT, DEFAULT_FACTORY, type Emulator, startEmulator } from '../../dev/emulator/index.ts';
import { buildBundle } from '../../dev/installation/bundle.ts';
import { crdIsServed } from '../../dev/installation/crd.ts';
import { type Cluster, kubectlOf, type Options, runKubectl } from '../../dev/installation/kubectl.ts';
import { type OperatorProcess, operatorOf } from '../../dev/installation/operator-process.ts';
import { eventually } from '../support/eventually.ts';
import { CHART, helm, manifestsIn, NAMESPACE, RELEASE, template, WITH_IMAGE } from '../support/helm.ts';
import { canRunPods, type Pod, type PodSpec, preparePod } from '../support/pod.ts';
import { describeWith } from '../support/tools.ts';

const CRD = 'azureintegrationruntimes.azure-ir.io';
const SAMPLE = 'examples/azureintegrationruntime.yaml';
/** The first time, the control plane may have to be downloaded or built. */
const SET_UP_MS = 1_200_000;

const describeHelm = await describeWith('helm');
const podsRun = await canRunPods();
if (!podsRun)
  process.stderr.write('[e2e] unshare cannot make mounts here: the operator is not run as its pod would be\n');
const describePods = podsRun ? await describeWith('helm', 'dockerfile') : describe.skip;

class Place {
  readonly plane: ControlPlane;
  /** As its admin. */
  readonly cluster: Cluster;
  /** For helm's own files, and for the test's. */
  readonly home: string;

  private constructor(plane: ControlPlane, home: string) {
    this.plane = plane;
    this.home = home;
    this.cluster = { kubectl: plane.kubectl, kubeconfig: plane.kubeconfig, cache: join(home, 'kubectl-cache') };
  }

  static async create(): Promise<Place> {
    return new Place(await startControlPlane(), await mkdtemp(join(tmpdir(), 'chart-test-')));
  }

  kubectl(args: readonly string[], options?: Options): Promise<string> {
    return kubectlOf(this.cluster, args, options);
  }

  async refusal(...args: string[]): Promise<string> {
    const { code, stderr } = await runKubectl(this.cluster, args);
    if (code === 0) throw new Error(`kubectl ${args.join(' ')} was not refused`);
    return stderr;
  }

  helm(...args: string[]): Promise<string> {
    return helm(args, { home: this.home, kubeconfig: this.plane.kubeconfig });
  }

  untilServed(): Promise<void> {
    return crdIsServed((args) => this.kubectl(args));
  }

  async stop(): Promise<void> {
    await this.plane.stop();
    await rm(this.home, { recursive: true, force: true });
  }
}

describePods('helm template | kubectl apply --server-side', () => {
  let place: Place;
  let emulator: Emulator;
  let pod: Pod;
  let operator: OperatorProcess;

  /** What a person sets: who may use the operator's identity and where that is; and where this Azure is, which is none of Azure's clouds. */
  const values = () => ({
    operatorIdentityNamespaces: ['default'],
    envFrom: [{ secretRef: { name: 'azure-identity' } }],
    env: Object.entries({
      AZURE_AUTHORITY_HOST: emulator.authorityUrl,
      AZURE_RESOURCE_MANAGER_ENDPOINT: emulator.armUrl,
      NODE_EXTRA_CA_CERTS: '/etc/azure/ca.pem',
    }).map(([name, value]) => ({ name, value })),
    volumes: [{ name: 'azure', configMap: { name: 'azure-ca' } }],
    volumeMounts: [{ name: 'azure', mountPath: '/etc/azure' }],
    // A process has no network of its own, in which the ports of the chart would be free.
    extraArgs: ['--metrics-bind-address=127.0.0.1:0', '--health-probe-bind-address=127.0.0.1:0'],
  });

  beforeAll(async () => {
    [place, emulator] = await Promise.all([
      Place.create(),
      startEmulator({ throttling: false, seed: [DEFAULT_FACTORY] }),
      buildBundle(),
    ]);
    const { tenantId, clientId, clientSecret } = DEFAULT_CLIENT;
    await place.kubectl(['apply', '-f', 'deploy/kustomize/namespace.yaml']);
    const identity = { AZURE_TENANT_ID: tenantId, AZURE_CLIENT_ID: clientId, AZURE_CLIENT_SECRET: clientSecret };
    const literals = Object.entries(identity).map(([name, value]) => `--from-literal=${name}=${value}`);
    await place.kubectl(['create', 'secret', 'generic', 'azure-identity', '-n', NAMESPACE, ...literals]);
    await place.kubectl(['create', 'configmap', 'azure-ca', '-n', NAMESPACE, `--from-file=ca.pem=${emulator.caFile}`]);
    const rendered = await template({ home: place.home, values: values() });
    await place.kubectl(['apply', '--server-side', '--validate=strict', '-f', '-'], { stdin: rendered });
    await place.untilServed();
    pod = await preparePod(await podSpec(), NAMESPACE, place.cluster, place.plane);
    operator = await operatorOf(pod.start());
  }, SET_UP_MS);

  afterAll(async () => {
    const exitCode = await operator?.stop();
    await pod?.remove();
    await emulator?.stop();
    await place?.stop();
    expect(exitCode).toBe(0);
  });

  /** Of the Deployment as the API server has it. */
  async function podSpec(): Promise<PodSpec> {
    const { spec } = JSON.parse(await place.kubectl(['get', 'deploy', RELEASE, '-n', NAMESPACE, '-o', 'json']));
    return spec.template.spec;
  }

  test('the operator, in its pod, makes the example Ready', async () => {
    await place.kubectl(['apply', '-f', SAMPLE]);
    await place.kubectl(['wait', '--for=condition=Ready', '--timeout=60s', '-f', SAMPLE]);
    const runtime = await emulator.control.getRuntime({ factory: DEFAULT_FACTORY, name: 'MySampleAzureIR' });
    expect(runtime?.properties).toMatchObject({ typeProperties: { computeProperties: { location: 'West Europe' } } });
  });

  test('it has said nothing but its log, and nothing in that above info', () => {
    expect(operator.stderr()).toBe('');
    expect(operator.log.filter(({ level }) => level !== 'info')).toEqual([]);
  });

  test('in its place there is nothing but Node, its libraries, one file and what Kubernetes puts there', async () => {
    const entries = await readdir(pod.root, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    const own = files.map((path) => path.slice(pod.root.length)).filter((path) => !/^\/(usr\/)?lib/.test(path));
    expect(own.sort()).toEqual([
      '/app/main.mjs',
      '/etc/azure/ca.pem',
      '/etc/hosts',
      '/nodejs/bin/node',
      ...['ca.crt', 'namespace', 'token'].map((name) => `/var/run/secrets/kubernetes.io/serviceaccount/${name}`),
    ]);
  });

  const node = (script: string) => pod.run(['/nodejs/bin/node', '--print', script]);

  test('it is another user there than root, and can write nothing', async () => {
    const [uid, gid] = process.getuid?.() === 0 ? [65_532, 65_532] : [0, 0];
    expect((await node('[process.getuid(), process.getgid()].join()')).stdout.trim()).toBe(`${uid},${gid}`);
    for (const path of ['/app/main.mjs', '/new']) {
      await expect(node(`require('node:fs').writeFileSync('${path}', '')`)).rejects.toThrow('EROFS');
    }
  });
});

describeHelm('helm install, upgrade and uninstall', () => {
  let place: Place;

  beforeAll(async () => {
    place = await Place.create();
    await place.helm('install', RELEASE, CHART, '--namespace', NAMESPACE, '--create-namespace', ...WITH_IMAGE);
    await place.untilServed();
    await place.kubectl(['apply', '-f', SAMPLE]);
  }, SET_UP_MS);

  afterAll(() => place?.stop());

  const objects = () => place.kubectl(['get', 'azir', '-A', '-o', 'name']);
  const sample = 'azureintegrationruntime.azure-ir.io/my-sample-azure-ir\n';

  /** The chart of a later version, whose CRD has one field more. */
  async function laterChart(): Promise<string> {
    const chart = join(place.home, 'later');
    await cp(CHART, chart, { recursive: true });
    const file = join(chart, 'files', 'crd.yaml');
    const crd = await readFile(file, 'utf8');
    await writeFile(file, crd.replace(/^( +)azureName:$/m, '$1later:\n$1  type: string\n$1  maxLength: 9\n$&'));
    return chart;
  }

  test('an upgrade upgrades the CRD, and the objects stay', async () => {
    await place.helm('upgrade', RELEASE, await laterChart(), '--namespace', NAMESPACE, ...WITH_IMAGE);
    await eventually(async () => {
      expect(await place.kubectl(['explain', 'azir.spec.later'])).toContain('FIELD: later <string>');
    });
    expect(await objects()).toBe(sample);
  });

  test('nobody deletes the CRD unnoticed, and with it all runtimes', async () => {
    const all = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    const advice = `kubectl annotate crd ${CRD} azure-ir.io/allow-deletion=true`;
    // The policy takes effect some moments after it was stored.
    await eventually(async () =>
      expect(await place.refusal('delete', 'crd', CRD, '--dry-run=server')).toContain(advice),
    );
    expect(await place.refusal('delete', 'crd', CRD)).toContain('ValidatingAdmissionPolicy');
    expect(await place.refusal('delete', 'crd', '--all')).toContain(advice);
    expect(await place.refusal('delete', '--raw', all)).toContain(advice);
    await place.kubectl(['annotate', 'crd', CRD, 'azure-ir.io/allow-deletion=false']);
    expect(await place.refusal('delete', 'crd', CRD)).toContain(advice);
    await place.kubectl(['annotate', 'crd', CRD, 'azure-ir.io/allow-deletion=true', '--overwrite']);
    await place.kubectl(['delete', 'crd', CRD, '--dry-run=server']);
    expect(await objects()).toBe(sample);
  });

  test('what is left by an uninstall is the CRD and the objects; the next install takes them up', async () => {
    const kept = await place.helm('uninstall', RELEASE, '--namespace', NAMESPACE);
    expect(kept).toContain(CRD);
    expect(await objects()).toBe(sample);
    const left = await place.kubectl(['get', 'deploy,sa,role,netpol,pdb,svc', '-n', NAMESPACE, '-o', 'name']);
    expect(left).not.toContain(RELEASE);
    await place.helm('install', RELEASE, CHART, '--namespace', NAMESPACE, ...WITH_IMAGE);
    expect(await objects()).toBe(sample);
  });

  test('the chart takes over what kubectl apply -k has installed, when it is told to', async () => {
    await place.helm('uninstall', RELEASE, '--namespace', NAMESPACE);
    await place.kubectl(['apply', '--server-side', '--force-conflicts', '-k', 'deploy/kustomize']);
    const install = ['install', RELEASE, CHART, '--namespace', NAMESPACE, ...WITH_IMAGE];
    await expect(place.helm(...install)).rejects.toThrow('invalid ownership metadata');
    await place.helm(...install, '--take-ownership', '--force-conflicts');
    expect(manifestsIn(await place.helm('get', 'manifest', RELEASE, '--namespace', NAMESPACE)).length).toBeGreaterThan(
      5,
    );
    expect(await objects()).toBe(sample);
  });
});
