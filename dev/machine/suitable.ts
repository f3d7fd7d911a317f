/** Whether this machine lets tests have a node: namespaces, cgroups and a root file system of their own. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { ownCgroups } from './cgroups.ts';

/** Of util-linux, tar, apt and dpkg. */
const COMMANDS = ['unshare', 'setpriv', 'nsenter', 'mount', 'tar', 'apt-get', 'dpkg-deb'];
const NAMESPACES = ['--mount', '--pid', '--fork', '--cgroup', '--net', '--uts', '--ipc'];

/** Why not, for a person; undefined where it does. */
export async function whyUnsuitable(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'a node needs Linux';
  if (process.getuid?.() !== 0) return 'a node needs root: its kubelet mounts, and makes namespaces and cgroups';
  for (const command of COMMANDS) {
    if (!(await works('bash', '-c', `command -v ${command}`))) return `a node needs the command ${command}`;
  }
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  if (!/^VERSION_CODENAME=bookworm$/m.test(release))
    return 'its packages, and those of the image, are those of Debian 12';
  if (!(await works('unshare', ...NAMESPACES, 'true'))) return 'this machine gives root no namespaces (a container?)';
  const { groups, complaint } = await ownCgroups();
  return complaint ?? (groups.length === 0 ? 'this machine has no cgroups' : undefined);
}

const works = (command: string, ...args: string[]): Promise<boolean> =>
  promisify(execFile)(command, args).then(
    () => true,
    () => false,
  );
