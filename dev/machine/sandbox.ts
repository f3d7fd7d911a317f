/**
 * A command in namespaces and cgroups of its own. When it ends, or the process that started it, however that ends, nothing of it stays: every process in it is killed
 * with its process 1, and mounts, interfaces and packet filters go with their namespaces. What is left then are empty cgroups and a folder, which the next start sweeps.
 *
 * The other way would be a container engine: one more thing to install, and one that must itself be allowed to nest.
 */
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../controlplane/child.ts';
import { type Cgroup, makeCgroups, newId, removeCgroups, sweepCgroups } from './cgroups.ts';
import { isRunning, myself } from './process.ts';

export interface SandboxSpec {
  readonly command: readonly string[];
  /** The folder of unpacked Debian packages that it sees as installed. */
  readonly packages: string;
  /** A network of its own without a way out, or this machine's. */
  readonly network: 'own' | 'host';
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Gets all output. */
  readonly logFd: number;
}

export interface Sandbox {
  /** Its own, which goes with it. */
  readonly dir: string;
  readonly exited: Promise<number>;
  /** Safe to call twice. Resolves when nothing of it is left, with the most memory that it had, in bytes, caches included. */
  stop(): Promise<{ memoryPeak: number }>;
}

const PREFIX = 'azure-ir-node-';
const NAMESPACES = ['--mount', '--pid', '--cgroup', '--uts', '--ipc'];
const graceMs = 10_000;

/** $1: how many of the cgroups follow. */
const ENTER = `
count=$1; shift
echo $$ > "$SANDBOX_DIR/unshare.pid"
for _ in $(seq "$count"); do echo $$ > "$1/cgroup.procs"; shift; done
exec setpriv --pdeathsig KILL unshare "$@"`;

export async function startSandbox({ command, packages, network, cwd, env, logFd }: SandboxSpec): Promise<Sandbox> {
  const dir = await newFolder();
  const cgroups = await makeCgroups(newId());
  const unshare = [
    ...NAMESPACES,
    ...(network === 'own' ? ['--net'] : []),
    ...['--fork', '--kill-child', '--mount-proc', '--propagation', 'private'],
  ];
  const script = ['bash', join(import.meta.dirname, 'sandbox.sh'), dir, packages, network, ...command];
  const paths = cgroups.map(({ path }) => path);
  const child = new Child('bash', ['-euc', ENTER, 'bash', String(paths.length), ...paths, ...unshare, ...script], {
    env: { ...(env ?? process.env), SANDBOX_DIR: dir },
    ...(cwd === undefined ? {} : { cwd }),
    logFd,
    removeWhenOrphaned: [dir],
  });
  let stopped: Promise<{ memoryPeak: number }> | undefined;
  return {
    dir,
    exited: child.exited,
    stop: () => {
      stopped ??= end(child, cgroups, dir);
      return stopped;
    },
  };
}

/** Follows it to its end, which the signal brings about: also while it is started or prepared. Nothing of it is left then. */
export async function untilItEnds(
  sandbox: Sandbox,
  signal: AbortSignal,
  prepare: () => Promise<void>,
): Promise<{ code: number; memoryPeak: number }> {
  const stop = () => void sandbox.stop();
  signal.addEventListener('abort', stop);
  try {
    if (signal.aborted) stop();
    else await prepare();
    return { code: await sandbox.exited, ...(await sandbox.stop()) };
  } finally {
    signal.removeEventListener('abort', stop);
    await sandbox.stop();
  }
}

async function end(child: Child, cgroups: readonly Cgroup[], dir: string): Promise<{ memoryPeak: number }> {
  await child.stop(graceMs);
  const memoryPeak = await peakOf(cgroups);
  await removeCgroups(cgroups);
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  return { memoryPeak };
}

async function peakOf(cgroups: readonly Cgroup[]): Promise<number> {
  const memory = cgroups.find(({ controllers }) => controllers.split(',').includes('memory'));
  if (memory === undefined) return Number.NaN;
  return Number(await readFile(join(memory.path, 'memory.max_usage_in_bytes'), 'utf8'));
}

/** Named for its maker, as the cgroups are. */
async function newFolder(): Promise<string> {
  const { pid, started } = myself();
  const dir = await mkdtemp(join(tmpdir(), `${PREFIX}${pid}-${started}-`));
  await mkdir(join(dir, 'mnt'));
  return dir;
}

/** Removes what runs left that were killed together with those who watched over them. Resolves with how many had. */
export async function sweepSandboxes(): Promise<number> {
  const cgroups = await sweepCgroups();
  let folders = 0;
  for (const name of await readdir(tmpdir())) {
    const [, pid, started] = new RegExp(`^${PREFIX}(\\d+)-(\\d+)-`).exec(name) ?? [];
    if (pid === undefined || started === undefined || isRunning({ pid: Number(pid), started })) continue;
    folders++;
    await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
  return Math.max(cgroups, folders);
}
