/**
 * Runs the container of a pod as a process: its root is a folder that holds what the image holds, mounted read-only; it has the
 * arguments and variables of the pod, the volumes that the pod mounts, and a token of the pod's service account. What is
 * missing of a container: namespaces of its own for processes and network, and limits.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Child } from '../../dev/controlplane/child.ts';
import type { ControlPlane } from '../../dev/controlplane/index.ts';
import { type Image, layOut, readImage } from '../../dev/installation/image.ts';
import { type Cluster, kubectlOf } from '../../dev/installation/kubectl.ts';

export interface PodSpec {
  readonly serviceAccountName: string;
  readonly volumes?: readonly Volume[];
  readonly containers: readonly [Container];
}

export interface Container {
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly envFrom?: readonly { readonly secretRef: { readonly name: string } }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

interface Volume {
  readonly name: string;
  readonly configMap: { readonly name: string };
}

export interface Pod {
  /** The folder that is its root. */
  readonly root: string;
  /** Runs the image's entry point with the pod's arguments. */
  start(): Child;
  /** Runs something else in the same place, to look at it from inside. */
  run(command: readonly string[]): Promise<{ stdout: string }>;
  remove(): Promise<void>;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
/** What images have it at where nobody sets it. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const asRoot = process.getuid?.() === 0;
const NEW_MOUNTS = asRoot ? ['--mount'] : ['--mount', '--user', '--map-root-user'];

/** Its own mounts are gone with the process. */
const ENTER = `
root=$1; shift
mount --bind "$root" "$root"
mount --rbind /proc "$root/proc"
mount -o remount,bind,ro "$root"
exec env -i "$@"`;

/** Whether this machine lets a process have mounts of its own. */
export async function canRunPods(): Promise<boolean> {
  return promisify(execFile)('unshare', [...NEW_MOUNTS, 'mount', '--bind', '/tmp', '/tmp']).then(
    () => true,
    () => false,
  );
}

export async function preparePod(
  spec: PodSpec,
  namespace: string,
  cluster: Cluster,
  plane: ControlPlane,
): Promise<Pod> {
  const image = await readImage();
  const [container] = spec.containers;
  // The folder around it keeps the token from everybody else on the machine.
  const dir = await mkdtemp(join(tmpdir(), 'pod-'));
  const root = join(dir, 'root');
  const remove = () => rm(dir, { recursive: true, force: true });
  try {
    await fill(root, image, {
      '/etc/hosts': '127.0.0.1 localhost\n',
      ...(await serviceAccountFiles(spec.serviceAccountName, namespace, cluster, plane)),
      ...(await volumeFiles(spec, namespace, cluster)),
    });
    const env = {
      PATH,
      ...image.env,
      KUBERNETES_SERVICE_HOST: new URL(plane.url).hostname,
      KUBERNETES_SERVICE_PORT: new URL(plane.url).port,
      ...(await variables(container, namespace, cluster)),
    };
    const enter = (command: readonly string[]) => inside(root, `${image.uid}:${image.gid}`, env, command);
    return {
      root,
      start: () => new Child('unshare', enter([...image.entrypoint, ...container.args])),
      run: (command) => promisify(execFile)('unshare', enter(command)),
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** With what the image holds, and further files by their paths. */
async function fill(root: string, image: Image, files: Readonly<Record<string, string>>): Promise<void> {
  await layOut(image, root);
  await mkdir(join(root, 'proc'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  // Whatever the umask here: the user of the image is another one.
  await promisify(execFile)('chmod', ['-R', 'a+rX', root]);
}

/** Arguments of unshare. Only root can become the user of the image; anybody else stays who they are. */
function inside(
  root: string,
  user: string,
  env: Readonly<Record<string, string>>,
  command: readonly string[],
): readonly string[] {
  const become = asRoot ? [`--userspec=${user}`, '--groups='] : [];
  const pairs = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return [...NEW_MOUNTS, 'sh', '-euc', ENTER, 'sh', root, ...pairs, 'chroot', ...become, root, ...command];
}

async function serviceAccountFiles(name: string, namespace: string, cluster: Cluster, plane: ControlPlane) {
  return {
    [`${SERVICE_ACCOUNT}/token`]: await kubectlOf(cluster, ['create', 'token', name, '-n', namespace]),
    [`${SERVICE_ACCOUNT}/ca.crt`]: await readFile(plane.caFile, 'utf8'),
    [`${SERVICE_ACCOUNT}/namespace`]: namespace,
  };
}

async function volumeFiles({ volumes = [], containers: [container] }: PodSpec, namespace: string, cluster: Cluster) {
  const files: Record<string, string> = {};
  for (const { name, mountPath } of container.volumeMounts ?? []) {
    const volume = volumes.find((each) => each.name === name);
    if (volume === undefined) throw new Error(`the pod has no volume ${name}`);
    const { data } = await read<{ data: Record<string, string> }>(
      'configmap',
      volume.configMap.name,
      namespace,
      cluster,
    );
    for (const [file, content] of Object.entries(data)) files[join(mountPath, file)] = content;
  }
  return files;
}

async function variables({ env = [], envFrom = [] }: Container, namespace: string, cluster: Cluster) {
  const all: Record<string, string> = {};
  for (const { secretRef } of envFrom) {
    const { data } = await read<{ data: Record<string, string> }>('secret', secretRef.name, namespace, cluster);
    for (const [name, value] of Object.entries(data)) all[name] = Buffer.from(value, 'base64').toString();
  }
  for (const { name, value } of env) all[name] = value;
  return all;
}

async function read<T>(kind: string, name: string, namespace: string, cluster: Cluster): Promise<T> {
  return JSON.parse(await kubectlOf(cluster, ['get', kind, name, '-n', namespace, '-o', 'json']));
}
