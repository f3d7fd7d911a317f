/**
 * Debian packages, unpacked into the per-user cache: what is installed on this machine stays as it is, and nothing that happens to be installed here is missed elsewhere.
 * apt gets lists and a state of its own, also for another architecture than this one's.
 */
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, exists, renew } from '../controlplane/cache.ts';
import { run } from '../controlplane/child.ts';
import { withLock } from '../controlplane/lock.ts';
import { step, type Task } from '../controlplane/log.ts';

/** As Debian and Go call them. */
export type Architecture = 'amd64' | 'arm64';

export const ownArchitecture = (): Architecture => (process.arch === 'arm64' ? 'arm64' : 'amd64');

/** What a node needs of Debian 12: a runtime, and the packet filters of kube-proxy, the CNI plugins and kube-router; with the libraries of each. */
const NODE_PACKAGES = [
  ...['runc', 'libseccomp2'],
  ...['iptables', 'libxtables12', 'libip4tc2', 'libip6tc2', 'libnftnl11', 'libmnl0', 'libnfnetlink0'],
  ...[
    'libnetfilter-conntrack3',
    'nftables',
    'libnftables1',
    'libjansson4',
    'libedit2',
    'libbsd0',
    'libmd0',
    'libgmp10',
  ],
  ...['ipset', 'libipset13', 'iproute2', 'libbpf1', 'libelf1', 'libcap2', 'kmod'],
];

/** What is unpacked is recorded as distroless records what it is made of. */
const RECORDS = 'var/lib/dpkg/status.d';

/** The folder that is to be seen as the root of a node's file system, on top of this machine's. */
export function nodePackages(env: NodeJS.ProcessEnv, task: Task): Promise<string> {
  return unpacked('node', NODE_PACKAGES, ownArchitecture(), env, task, nameAlternatives);
}

/** Resolves with the folder; what is there already is taken as it is. */
export async function unpacked(
  name: string,
  packages: readonly string[],
  architecture: Architecture,
  env: NodeJS.ProcessEnv,
  task: Task,
  finish: (root: string) => Promise<void> = async () => {},
): Promise<string> {
  const hash = createHash('sha256')
    .update([...packages, RECORDS].join(' '))
    .digest('hex')
    .slice(0, 16);
  const folder = join(cacheFolder(env), 'debian', `${name}-${hash}-${architecture}`);
  if (await exists(folder)) return folder;
  await withLock(`${folder}.lock`, task, async () => {
    if (await exists(folder)) return;
    await step(task.log, `fetching ${packages.length} Debian packages for ${name} (${architecture})`, '10 s', () =>
      renew(folder, async (unfinished) => {
        await download(packages, architecture, unfinished, task);
        await finish(unfinished);
      }),
    );
  });
  return folder;
}

async function download(
  packages: readonly string[],
  architecture: Architecture,
  root: string,
  task: Task,
): Promise<void> {
  const apt = join(root, '.apt');
  for (const part of ['state/lists/partial', 'cache/archives/partial', 'debs']) {
    await mkdir(join(apt, part), { recursive: true });
  }
  await writeFile(join(apt, 'status'), '');
  const options = [
    `APT::Architecture=${architecture}`,
    `APT::Architectures::=${architecture}`,
    `Dir::State=${apt}/state`,
    `Dir::State::status=${apt}/status`,
    `Dir::Cache=${apt}/cache`,
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
  ].flatMap((option) => ['-o', option]);
  const debs = join(apt, 'debs');
  await command('apt-get', [...options, '-q', 'update'], debs, root, task);
  await command('apt-get', [...options, '-q', 'download', ...packages], debs, root, task);
  await mkdir(join(root, RECORDS), { recursive: true });
  for (const file of await readdir(debs)) {
    await command('dpkg-deb', ['-x', join(debs, file), root], debs, root, task);
    const [name = file] = file.split('_');
    await writeFile(join(root, RECORDS, name), await command('dpkg-deb', ['--field', file], debs, root, task));
  }
  await rm(apt, { recursive: true });
}

async function command(name: string, args: readonly string[], cwd: string, root: string, { signal }: Task) {
  const { code, stdout, tail } = await run(name, args, { cwd, signal, removeWhenOrphaned: [root] });
  if (code !== 0) throw new Error(`${name} ${args.at(-1)} ended with ${code}:\n${tail}`);
  return stdout;
}

/** What Debian's scripts would do: the folders of /usr are those of /, and iptables goes by nftables. */
async function nameAlternatives(root: string): Promise<void> {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    if (!(await exists(join(root, name)))) continue;
    await cp(join(root, name), join(root, 'usr', name), { recursive: true, verbatimSymlinks: true });
    await rm(join(root, name), { recursive: true });
  }
  for (const family of ['iptables', 'ip6tables']) {
    for (const part of ['', '-save', '-restore']) {
      await symlink('xtables-nft-multi', join(root, 'usr', 'sbin', `${family}${part}`));
    }
  }
}
