/** Whether this machine lets tests have a node: namespaces, cgroups and a root file system of their own. */
import { execFile } from 'node:child_process';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf, type Task } from '../controlplane/log.ts';
import { haveTools, type Tool } from '../tools/index.ts';
import { ownCgroups } from './cgroups.ts';
import { nodePackages } from './packages.ts';
import { startSandbox } from './sandbox.ts';

/** Of util-linux, tar, apt and dpkg. */
const COMMANDS = ['unshare', 'setpriv', 'nsenter', 'mount', 'tar', 'apt-get', 'dpkg-deb'];
const NAMESPACES = ['--mount', '--pid', '--fork', '--cgroup', '--net', '--uts', '--ipc'];

/** What a sandbox must be able to do besides what makes it one: the network of pods, and the packet filter of their Services. */
const PROBE = 'ip link add probe0 type veth peer name probe1 && nft add table ip probe && runc --version';

/**
 * Why the tests on a node cannot be run, for a person; undefined where they can: then these programs are built. `npm test` skips
 * them, under CI, too: where a machine gives no right to them, or no programs for them, they would fail for each change alike,
 * and tell nothing of it.
 */
export async function whyNoNode(
  programs: readonly Tool[],
  env: NodeJS.ProcessEnv,
  task: Task,
): Promise<string | undefined> {
  const why = await whyUnsuitable(env, task);
  if (why !== undefined) return why;
  try {
    return (await haveTools(programs, task, { env })) ? undefined : 'there is no Go to build its programs with';
  } catch (error) {
    task.signal.throwIfAborted();
    return messageOf(error);
  }
}

/** Why not, for a person; undefined where it does. */
export async function whyUnsuitable(env: NodeJS.ProcessEnv, task: Task): Promise<string | undefined> {
  const missing = await whatIsMissing();
  if (missing !== undefined) return missing;
  try {
    return await whyNoSandbox(await nodePackages(env, task), PROBE);
  } catch (error) {
    task.signal.throwIfAborted();
    return `the Debian packages of a node cannot be fetched: ${messageOf(error)}`;
  }
}

/**
 * Rights come from many sides: capabilities, seccomp, mounts that are read-only, cgroups that belong to others. To ask for each would be a list that is never whole, so a
 * sandbox is tried, with the command in it.
 */
export async function whyNoSandbox(packages: string, command: string): Promise<string | undefined> {
  const dir = await mkdtemp(join(tmpdir(), 'node-probe-'));
  const log = await open(join(dir, 'log'), 'w');
  try {
    const spec = { command: ['bash', '-euc', command], packages, network: 'own', logFd: log.fd } as const;
    const sandbox = await startSandbox(spec);
    const code = await sandbox.exited;
    await sandbox.stop();
    return code === 0 ? undefined : `no sandbox can be made here: ${await readFile(join(dir, 'log'), 'utf8')}`;
  } catch (error) {
    return `no sandbox can be made here: ${messageOf(error)}`;
  } finally {
    await log.close();
    await rm(dir, { recursive: true });
  }
}

/** What needs no try. */
export async function whatIsMissing(): Promise<string | undefined> {
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
