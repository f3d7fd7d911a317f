/**
 * kube-apiserver of another minor than the pinned one, built from Go modules: the newest patch release, with its own dependencies, as its go.mod has them.
 *
 * The other way would be a go.mod and a go.sum here for each minor, which pin the patch, too: thousands of lines that nobody reads, and that are old in a month.
 */
import { copyFile, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findAssets, programs } from './assets.ts';
import { linkerFlags } from './build.ts';
import { cacheFolder, exists, renew } from './cache.ts';
import { run } from './child.ts';
import { withLock } from './lock.ts';
import { step, type Task } from './log.ts';
import { findGo, type Go } from './toolchain.ts';
import { kubernetesVersion, majorMinor, platform } from './version.ts';

const MODULE = 'k8s.io/kubernetes';
const SERVER = 'kube-apiserver';

export interface Minor {
  readonly version: string;
  /** With etcd and kubectl of the pinned version beside it: a folder for KUBEBUILDER_ASSETS. */
  readonly folder: string;
}

/** `minor`: such as 1.31. One that has been built is taken as it is; nobody is asked then whether there is a newer patch. */
export async function findMinor(minor: string, env: NodeJS.ProcessEnv, task: Task): Promise<Minor> {
  const scratch = join(cacheFolder(env), 'controlplane');
  await mkdir(scratch, { recursive: true });
  const folderOf = (version: string) => join(scratch, `minor-${version}-${platform()}`);
  const built = newestIn(builtIn(await readdir(scratch)), minor);
  if (built !== undefined) return { version: built, folder: folderOf(built) };
  const go = await findGo(join(cacheFolder(env), 'go'), env, task);
  const version = await newestOf(minor, go, scratch, task);
  const folder = folderOf(version);
  const pinned = await findAssets(task, { env: { ...env, KUBEBUILDER_ASSETS: '' } });
  await withLock(`${folder}.lock`, task, async () => {
    if (await exists(join(folder, SERVER))) return;
    await renew(folder, (unfinished) => fill(unfinished, version, pinned, go, task));
  });
  return { version, folder };
}

/** The versions that these names of folders in the cache are of. Exported for its test. */
export function builtIn(names: readonly string[]): string[] {
  return names.flatMap((name) =>
    name.startsWith('minor-') && name.endsWith(`-${platform()}`) ? (name.split('-')[1] ?? []) : [],
  );
}

async function fill(folder: string, version: string, pinned: string, go: Go, task: Task): Promise<void> {
  if (version === kubernetesVersion()) await copyFile(join(pinned, SERVER), join(folder, SERVER));
  else await build(folder, version, go, task);
  for (const other of programs.filter((program) => program !== SERVER)) {
    await symlink(join(pinned, other), join(folder, other));
  }
}

async function build(folder: string, version: string, go: Go, task: Task): Promise<void> {
  await writeFile(join(folder, 'go.mod'), await moduleFor(version, go, folder, task));
  const { major, minor } = majorMinor(version);
  const args = ['build', '-mod=mod', '-trimpath', '-ldflags', linkerFlags(version), '-o', join(folder, SERVER)];
  await step(task.log, `building ${SERVER} ${major}.${minor} (${version})`, '2 to 4 minutes', () =>
    ask(go, [...args, `${MODULE}/cmd/${SERVER}`], folder, task),
  );
}

/** The newest patch release of a minor that there is. */
async function newestOf(minor: string, go: Go, folder: string, task: Task): Promise<string> {
  const listed = await ask(go, ['list', '-m', '-versions', MODULE], folder, task);
  const version = newestIn(listed.trim().split(' ').slice(1), minor);
  if (version === undefined) throw new Error(`there is no release of Kubernetes ${minor}`);
  return version;
}

/** Exported for its test. */
export function newestIn(versions: readonly string[], minor: string): string | undefined {
  const patchOf = (version: string) => Number(version.split('.')[2]);
  const stable = versions.filter((version) => new RegExp(`^v${minor.replace('.', '\\.')}\\.\\d+$`).test(version));
  return stable.toSorted((a, b) => patchOf(b) - patchOf(a))[0];
}

async function moduleFor(version: string, go: Go, folder: string, task: Task): Promise<string> {
  const { GoMod } = JSON.parse(
    await ask(go, ['mod', 'download', '-json', `${MODULE}@${version}`], join(folder, '..'), task),
  );
  return goModOf(await readFile(GoMod, 'utf8'), version);
}

/** What Kubernetes keeps in folders of its own repository is published as modules of v0. Exported for its test. */
export function goModOf(theirs: string, version: string): string {
  const [, go = ''] = /^go (\S+)$/m.exec(theirs) ?? [];
  const staged = new Set([...theirs.matchAll(/(k8s\.io\/[\w-]+) => \.\/staging\//g)].map(([, name]) => name));
  const published = version.replace(/^v1/, 'v0');
  return [
    'module azure-ir-operator/kubernetes',
    `go ${go}`,
    // As they build it: what a newer Go does otherwise is not what is tried.
    `godebug default=go${go.split('.').slice(0, 2).join('.')}`,
    `require ${MODULE} ${version}`,
    ...[...staged].map((name) => `replace ${name} => ${name} ${published}`),
    '',
  ].join('\n');
}

async function ask(go: Go, args: readonly string[], cwd: string, { signal }: Task): Promise<string> {
  const env = { ...go.env, GOFLAGS: '-mod=mod' };
  const { code, stdout, tail } = await run(go.command, args, { cwd, env, signal });
  if (code !== 0) throw new Error(`go ${args.slice(0, 2).join(' ')} ended with ${code}:\n${tail}`);
  return stdout;
}
