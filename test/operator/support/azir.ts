/** `kubectl azir` as people run it: the bundle, found by the real kubectl on PATH. */

import { execFile } from 'node:child_process';
import { mkdtemp, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Result } from '../../../dev/installation/kubectl.ts';
import { azureEnv } from '../../support/azure-env.ts';
import { currentRun } from './run.ts';

const dist = fileURLToPath(new URL('../../../dist', import.meta.url));

let plugins: Promise<string> | undefined;

/** As npm links the bins. */
async function link(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kubectl-plugins-'));
  for (const name of ['kubectl-azir', 'kubectl_complete-azir'])
    await symlink(join(dist, `${name}.js`), join(folder, name));
  return folder;
}

function folder(): Promise<string> {
  plugins ??= link();
  return plugins;
}

/** In which kubectl finds the plugin, the cluster and the emulated Azure. */
export async function environment(): Promise<Record<string, string | undefined>> {
  const { cluster, azure } = currentRun();
  return {
    ...process.env,
    NODE_OPTIONS: '',
    NO_COLOR: '1',
    FORCE_COLOR: undefined,
    KUBECONFIG: cluster.kubeconfig,
    KUBECACHEDIR: cluster.cache,
    PATH: [await folder(), dirname(process.execPath), dirname(cluster.kubectl), process.env.PATH].join(delimiter),
    ...azureEnv(azure),
    NODE_EXTRA_CA_CERTS: azure.caFile,
  };
}

export interface AzirOptions {
  readonly stdin?: string | object;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `kubectl_complete-azir` instead. */
  readonly completes?: boolean;
  readonly cwd?: string;
}

export interface RunningAzir {
  readonly ended: Promise<Result>;
  /** What it has written to standard output so far. */
  out(): string;
  /** As Ctrl-C does. */
  interrupt(): void;
}

export async function azir(args: readonly string[], options?: AzirOptions): Promise<Result> {
  return (await startAzir(args, options)).ended;
}

export async function startAzir(
  args: readonly string[],
  { stdin, env: more, completes, cwd }: AzirOptions = {},
): Promise<RunningAzir> {
  const { cluster } = currentRun();
  const env = { ...(await environment()), ...more };
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const [command, words] = completes
    ? [join(await folder(), 'kubectl_complete-azir'), args]
    : [cluster.kubectl, ['azir', ...args]];
  let out = '';
  const child = execFile(command, words, { env, cwd, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
    if (error && typeof error.code !== 'number') reject(error);
    else resolve({ code: Number(error?.code ?? 0), stdout, stderr });
  });
  child.stdin?.end(typeof stdin === 'object' ? JSON.stringify(stdin) : stdin);
  child.stdout?.on('data', (chunk) => {
    out += chunk;
  });
  return { ended: promise, out: () => out, interrupt: () => void child.kill('SIGINT') };
}
