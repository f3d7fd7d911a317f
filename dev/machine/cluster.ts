/** A Kubernetes cluster of one real node, in the sandbox of this process: etcd, kube-apiserver, scheduler, controller manager, kube-proxy, kubelet, containerd and runc. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { delimiter, join } from 'node:path';
import { type Child, run } from '../controlplane/child.ts';
import { startEtcd } from '../controlplane/etcd.ts';
import { admin, type Identity, kubeconfig, tokenFile, withToken } from '../controlplane/identity.ts';
import { step, type Task } from '../controlplane/log.ts';
import { startServer } from '../controlplane/server.ts';
import { type Cluster, kubectlOf } from '../installation/kubectl.ts';
import { pathOf } from '../tools/index.ts';
import {
  API_URL,
  apiServerFlags,
  cniConfiguration,
  containerdConfiguration,
  controllerManagerFlags,
  kubeletConfiguration,
  kubeletFlags,
  NODE_NAME,
  proxyFlags,
  schedulerFlags,
} from './configuration.ts';

export interface Places {
  /** Of the sandbox: for all state, keys and logs. */
  readonly dir: string;
  /** The folder of the CNI plugins. */
  readonly cni: string;
}

export interface ClusterSpec {
  readonly dir: string;
  /** The folder with kube-apiserver, etcd and kubectl. */
  readonly assets: string;
  /** OCI archives that its containers may use. */
  readonly images: readonly string[];
}

const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';

const KUBELET: Identity = withToken({ name: `system:node:${NODE_NAME}`, groups: ['system:nodes'] });
const USERS = {
  admin: withToken(admin),
  kubelet: KUBELET,
  scheduler: withToken({ name: 'system:kube-scheduler', groups: [] }),
  'controller-manager': withToken({ name: 'system:kube-controller-manager', groups: [] }),
  proxy: withToken({ name: 'system:kube-proxy', groups: [] }),
};

export interface NodeCluster extends Cluster {
  /** Kills the servers. The containers end with the sandbox. */
  stop(): Promise<void>;
}

/** Resolves once its node is Ready. */
export async function startCluster({ dir, assets, images }: ClusterSpec, task: Task): Promise<NodeCluster> {
  const places: Places = { dir, cni: join(pathOf('bridge'), '..') };
  await writeFiles(places);
  const running: Child[] = [];
  const server = serverIn(dir, running, task);
  const kubelet = new Kept(() =>
    server('kubelet', kubeletFlags(places), () => answers('http://127.0.0.1:10248/healthz')),
  );
  await Promise.all([
    step(task.log, 'starting containerd', '5 s', () => startContainerd(places, images, server, task)),
    step(task.log, 'starting the control plane', '10 s', () => startApi(assets, places, running, task)),
  ]);
  const cluster = { kubectl: join(assets, 'kubectl'), kubeconfig: `${dir}/admin.kubeconfig`, cache: `${dir}/kubectl` };
  // For logs and exec the API server asks the kubelet, as nobody in particular.
  const binding = ['create', 'clusterrolebinding', 'kubelet-api'];
  await kubectlOf(cluster, [...binding, '--clusterrole=system:kubelet-api-admin', '--user=system:anonymous']);
  await step(task.log, 'waiting for the node to be Ready', '15 s', async () => {
    await Promise.all([
      server('kube-scheduler', schedulerFlags(places)),
      server('kube-controller-manager', controllerManagerFlags(places)),
      kubelet.start(),
      server('kube-proxy', proxyFlags(places)),
    ]);
    await kubectlOf(cluster, ['wait', '--for=create', `node/${NODE_NAME}`, '--timeout=120s']);
    await kubectlOf(cluster, ['wait', '--for=condition=Ready', `node/${NODE_NAME}`, '--timeout=120s']);
  });
  return {
    ...cluster,
    stop: async () => {
      kubelet.letGo();
      await killAll(running);
      await kubelet.over;
    },
  };
}

/** A server that is started again whenever it ends, as an init system does: a test may end it. */
class Kept {
  readonly #start: () => Promise<Child>;
  #kept = true;
  over: Promise<void> = Promise.resolve();

  constructor(start: () => Promise<Child>) {
    this.#start = start;
  }

  async start(): Promise<void> {
    this.over = this.#keep(await this.#start());
  }

  async #keep(first: Child): Promise<void> {
    for (let server = first; ; server = await this.#start()) {
      if (!this.#kept) server.kill('SIGKILL');
      await server.exited;
      if (!this.#kept) return;
    }
  }

  letGo(): void {
    this.#kept = false;
  }
}

async function killAll(running: readonly Child[]): Promise<void> {
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(running.map(({ exited }) => exited));
}

type Program = 'containerd' | 'kube-scheduler' | 'kube-controller-manager' | 'kubelet' | 'kube-proxy';
type Server = (program: Program, args: readonly string[], ready?: () => Promise<boolean>) => Promise<Child>;

function serverIn(dir: string, running: Child[], { signal }: Task): Server {
  return async (program, args, ready = async () => true) => {
    const logFile = join(dir, `${program}.log`);
    const child = await startServer({ command: pathOf(program), args, logFile, removeWhenOrphaned: [], ready, signal });
    running.push(child);
    return child;
  };
}

async function writeFiles(places: Places): Promise<void> {
  const { dir } = places;
  for (const name of ['api', 'cni', 'etcd', 'volume-plugins']) await mkdir(join(dir, name), { recursive: true });
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const files = {
    'service-account.key': privateKey.export({ type: 'pkcs1', format: 'pem' }),
    'tokens.csv': tokenFile(Object.values(USERS)),
    'containerd.toml': containerdConfiguration(places),
    'cni/10-pods.conflist': JSON.stringify(cniConfiguration()),
    'kubelet.json': JSON.stringify(kubeletConfiguration(places)),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content, { mode: 0o600 });
}

async function startContainerd(places: Places, images: readonly string[], server: Server, task: Task): Promise<void> {
  // It looks for its shim on the PATH.
  process.env.PATH = [join(pathOf('containerd'), '..'), process.env.PATH].join(delimiter);
  await server('containerd', ['--config', join(places.dir, 'containerd.toml')], () => connects(CONTAINERD_SOCKET));
  for (const image of images) await importImage(image, task.signal);
}

/** Whatever names its index has, containers can ask for it under these. */
async function importImage(file: string, signal: AbortSignal): Promise<void> {
  const args = ['--address', CONTAINERD_SOCKET, '--namespace', 'k8s.io', 'images', 'import', file];
  const { code, tail } = await run(pathOf('ctr'), args, { signal });
  if (code !== 0) throw new Error(`ctr images import ${file} ended with ${code}:\n${tail}`);
}

async function startApi(assets: string, { dir, cni }: Places, running: Child[], { signal }: Task): Promise<void> {
  const etcd = await startEtcd(assets, join(dir, 'etcd'), signal);
  running.push(etcd.server);
  const places = { dir, cni, etcdUrl: etcd.url };
  const ca = () => readFile(join(dir, 'api', 'apiserver.crt'), 'utf8');
  const api = await startServer({
    command: join(assets, 'kube-apiserver'),
    args: apiServerFlags(places),
    logFile: join(dir, 'kube-apiserver.log'),
    removeWhenOrphaned: [],
    ready: async () => {
      await writeFile(join(dir, 'admin.kubeconfig'), kubeconfig(API_URL, await ca(), USERS.admin), { mode: 0o600 });
      const admin = {
        kubectl: join(assets, 'kubectl'),
        kubeconfig: `${dir}/admin.kubeconfig`,
        cache: `${dir}/kubectl`,
      };
      await kubectlOf(admin, ['get', '--raw', '/readyz']);
      await kubectlOf(admin, ['get', 'namespace', 'default']);
      return true;
    },
    signal,
  });
  running.push(api);
  for (const [name, user] of Object.entries(USERS)) {
    await writeFile(join(dir, `${name}.kubeconfig`), kubeconfig(API_URL, await ca(), user), { mode: 0o600 });
  }
}

const answers = (url: string): Promise<boolean> => fetch(url).then((response) => response.ok);

function connects(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(socket, () => {
      connection.end();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}
