/**
 * Cgroups (version 1) of a sandbox: in every hierarchy a child of the one that this process is in, so that limits of ours hold for all that is in them.
 *
 * Their name tells who made them. One whose maker is dead was abandoned, by a run that was killed: the next start removes it.
 */
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, myself, type Process } from './process.ts';

const PREFIX = 'azure-ir-node-';
const patienceMs = 20_000;
const pollMs = 100;

export interface Cgroup {
  /** Such as `memory`, or `cpu,cpuacct`, or `name=systemd`; empty for version 2. */
  readonly controllers: string;
  readonly path: string;
}

/** Those that this process is in, one of each hierarchy. */
export async function ownCgroups(): Promise<{ groups: readonly Cgroup[]; complaint?: string }> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' '));
  const lines = (await readFile('/proc/self/cgroup', 'utf8')).trimEnd().split('\n');
  const groups = lines.flatMap((line) => {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const mount = mounts.find(([, , type, options = '']) =>
      controllers === ''
        ? type === 'cgroup2'
        : type === 'cgroup' && controllers.split(',').every((name) => options.split(',').includes(name)),
    );
    return mount?.[1] === undefined ? [] : [{ controllers, path: join(mount[1], path) }];
  });
  if (groups.some(({ controllers }) => controllers.split(',').includes('memory'))) return { groups };
  return {
    groups,
    complaint: 'this machine has no cgroups of version 1, and with version 2 alone the node was never tried',
  };
}

/** New ones. A process enters them by writing its id into the file `cgroup.procs` of each. */
export async function makeCgroups(id: string): Promise<readonly Cgroup[]> {
  const { groups } = await ownCgroups();
  return Promise.all(
    groups.map(async ({ controllers, path: parent }) => {
      const path = join(parent, `${PREFIX}${id}`);
      await mkdir(path);
      if (controllers.split(',').includes('cpuset')) await inheritCpuset(parent, path);
      return { controllers, path };
    }),
  );
}

/** Nobody can enter one that has neither. */
async function inheritCpuset(parent: string, path: string): Promise<void> {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    await writeFile(join(path, file), await readFile(join(parent, file), 'utf8'));
  }
}

/** The id for cgroups of this process. */
export const newId = (): string => `${myself().pid}-${myself().started}-${Date.now().toString(36)}`;

function makerOf(name: string): Process | undefined {
  const [, pid, started = ''] = new RegExp(`^${PREFIX}(\\d+)-(\\d*)-`).exec(name) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), started };
}

/** Resolves with how many runs had left something. */
export async function sweepCgroups(): Promise<number> {
  const abandoned = new Set<string>();
  for (const { path } of (await ownCgroups()).groups) {
    for (const name of await readdir(path)) {
      const maker = makerOf(name);
      if (maker === undefined || isRunning(maker)) continue;
      abandoned.add(name);
      await emptyAndRemove(join(path, name));
    }
  }
  return abandoned.size;
}

export async function removeCgroups(groups: readonly Cgroup[]): Promise<void> {
  for (const { path } of groups) await emptyAndRemove(path);
}

/** Kills what is still in it, and waits until that is gone. */
async function emptyAndRemove(path: string): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const failure = await removeTree(path).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure === undefined) return;
    if (Date.now() > deadline) throw failure;
    for (const pid of await processesIn(path)) kill(pid);
    await sleep(pollMs);
  }
}

async function foldersIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(path, entry.name));
}

async function removeTree(path: string): Promise<void> {
  for (const child of await foldersIn(path)) await removeTree(child);
  await rmdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

async function processesIn(path: string): Promise<number[]> {
  const own = await readFile(join(path, 'cgroup.procs'), 'utf8').catch(() => '');
  const below = await Promise.all((await foldersIn(path)).map(processesIn));
  return [...own.split('\n').filter(Boolean).map(Number), ...below.flat()];
}

function kill(pid: number): void {
  // 0 is how a process of a namespace that is not ours is listed.
  if (pid <= 1 || pid === process.pid) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}
