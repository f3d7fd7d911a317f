/**
 * Stand-ins for the images that the Dockerfile begins with, where no image registry is to be had: the same Debian packages and the same Node as the published ones, but not
 * the same bytes. The packages come from apt; Node and npm from npm's registry.
 */
import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, exists, renew } from '../controlplane/cache.ts';
import { run } from '../controlplane/child.ts';
import { withLock } from '../controlplane/lock.ts';
import { step, type Task } from '../controlplane/log.ts';
import { writeLayout } from './oci.ts';
import { type Architecture, ownArchitecture, unpacked } from './packages.ts';

export interface Base {
  /** As the Dockerfile names it. */
  readonly image: string;
  /** The folder of its OCI layout, and the digest of the index in it. */
  readonly layout: string;
  readonly digest: string;
}

/** What npm and the build's scripts need, of what node:…-bookworm-slim has. */
const NODE_PACKAGES = [
  ...['base-files', 'base-passwd', 'dash', 'coreutils', 'libacl1', 'libattr1', 'libselinux1', 'libgmp10'],
  ...['libpcre2-8-0', 'libc6', 'libssl3', 'libgcc-s1', 'gcc-12-base', 'libstdc++6', 'ca-certificates'],
];
/** Those of distroless/cc-debian12. */
const DISTROLESS_PACKAGES = [
  ...['base-files', 'netbase', 'tzdata', 'media-types', 'ca-certificates', 'libc6', 'libssl3', 'libgcc-s1'],
  ...['libgomp1', 'libstdc++6', 'gcc-12-base'],
];
/** distroless leaves them out, too. */
const NOT_IN_DISTROLESS = ['doc', 'man', 'info', 'lintian', 'bug', 'gdb', 'gcc'];
const NPM_VERSION = '11.19.1';
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** The authorities that this machine trusts: npm in the build has to get through whatever this machine gets through. Not in the image that comes out. */
const HOST_CA = '/etc/ssl/host-ca.pem';

const root = fileURLToPath(new URL('../..', import.meta.url));

const nodeVersion = async (): Promise<string> =>
  JSON.parse(await readFile(join(root, 'package.json'), 'utf8')).devDependencies.node;

/** For these architectures, and in any case for this machine's. */
export async function bases(
  architectures: readonly Architecture[],
  env: NodeJS.ProcessEnv,
  task: Task,
): Promise<readonly Base[]> {
  const all = [...new Set([ownArchitecture(), ...architectures])];
  const version = await nodeVersion();
  return [
    await base(`node:${version}-bookworm-slim`, [version, NPM_VERSION, ...NODE_PACKAGES], all, env, task, (...at) =>
      fillNode(version, env, task, ...at),
    ),
    await base(
      'gcr.io/distroless/cc-debian12:nonroot',
      ['with records', ...DISTROLESS_PACKAGES],
      all,
      env,
      task,
      (...at) => fillDistroless(env, task, ...at),
    ),
  ];
}

type Fill = (folder: string, architecture: Architecture) => Promise<void>;

async function base(
  image: string,
  content: readonly string[],
  architectures: readonly Architecture[],
  env: NodeJS.ProcessEnv,
  task: Task,
  fill: Fill,
): Promise<Base> {
  const hash = createHash('sha256')
    .update([image, ...architectures, ...content].join(' '))
    .digest('hex')
    .slice(0, 16);
  const layout = join(cacheFolder(env), 'bases', hash);
  await withLock(`${layout}.lock`, task, async () => {
    if (await exists(layout)) return;
    await step(task.log, `putting together a stand-in for ${image}`, 'half a minute', () =>
      renew(layout, (unfinished) => write(image, unfinished, architectures, task, fill)),
    );
  });
  return { image, layout, digest: (await readFile(join(layout, 'digest'), 'utf8')).trim() };
}

async function write(
  image: string,
  layout: string,
  architectures: readonly Architecture[],
  task: Task,
  fill: Fill,
): Promise<void> {
  const roots = architectures.map((architecture) => ({ architecture, folder: join(layout, `root-${architecture}`) }));
  for (const { architecture, folder } of roots) await fill(folder, architecture);
  const withEnv = roots.map((each) => ({ ...each, env: [PATH, `NODE_EXTRA_CA_CERTS=${HOST_CA}`] }));
  await writeFile(join(layout, 'digest'), await writeLayout(layout, withEnv, image, task));
  for (const { folder } of roots) await rm(folder, { recursive: true });
}

async function fillNode(
  version: string,
  env: NodeJS.ProcessEnv,
  task: Task,
  folder: string,
  architecture: Architecture,
): Promise<void> {
  await cp(await unpacked('node-base', NODE_PACKAGES, architecture, env, task), folder, {
    recursive: true,
    verbatimSymlinks: true,
  });
  const bin = join(folder, 'usr', 'local', 'bin');
  const modules = join(folder, 'usr', 'local', 'lib', 'node_modules');
  await mkdir(bin, { recursive: true });
  await mkdir(modules, { recursive: true });
  const name = `node-linux-${architecture === 'amd64' ? 'x64' : 'arm64'}`;
  await fromNpm(`${name}@${version}`, join(folder, 'package'), task);
  await rename(join(folder, 'package', 'bin', 'node'), join(bin, 'node'));
  await rm(join(folder, 'package'), { recursive: true });
  await chmod(join(bin, 'node'), 0o755);
  await fromNpm(`npm@${NPM_VERSION}`, join(modules, 'npm'), task);
  for (const tool of ['npm', 'npx']) await symlink(`../lib/node_modules/npm/bin/${tool}-cli.js`, join(bin, tool));
  await files(folder, {
    'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
    'etc/group': 'root:x:0:\n',
    [HOST_CA]: await hostAuthorities(env),
  });
  for (const name of ['tmp', 'root']) await mkdir(join(folder, name), { recursive: true });
}

async function fillDistroless(
  env: NodeJS.ProcessEnv,
  task: Task,
  folder: string,
  architecture: Architecture,
): Promise<void> {
  const packages = await unpacked('distroless', DISTROLESS_PACKAGES, architecture, env, task);
  await cp(packages, folder, { recursive: true, verbatimSymlinks: true });
  for (const name of NOT_IN_DISTROLESS) {
    await rm(join(folder, 'usr', 'share', name), { recursive: true, force: true });
  }
  await files(folder, {
    'etc/passwd': 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
    'etc/group': 'root:x:0:\nnonroot:x:65532:\n',
    'etc/nsswitch.conf': 'hosts: files dns\n',
  });
  await mkdir(join(folder, 'home', 'nonroot'), { recursive: true });
}

/** A package of npm's registry, as npm itself fetches and checks it, unpacked. */
export async function fromNpm(spec: string, folder: string, { signal }: Task): Promise<void> {
  await mkdir(folder, { recursive: true });
  const pack = await run('npm', ['pack', '--silent', '--pack-destination', folder, spec], { signal, cwd: folder });
  if (pack.code !== 0) throw new Error(`npm pack ${spec} ended with ${pack.code}:\n${pack.tail}`);
  const archive = join(folder, pack.stdout.trim().split('\n').at(-1) ?? '');
  const { code, tail } = await run('tar', ['-xzf', archive, '--strip-components=1', '-C', folder], { signal });
  if (code !== 0) throw new Error(`tar of ${spec} ended with ${code}:\n${tail}`);
  await rm(archive);
}

async function files(folder: string, contents: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(contents)) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

const hostAuthorities = (env: NodeJS.ProcessEnv): Promise<string> =>
  readFile(env.NODE_EXTRA_CA_CERTS || '/etc/ssl/certs/ca-certificates.crt', 'utf8').catch(() => '');
