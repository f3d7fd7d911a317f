/** Archives of a release, whose bytes depend on nothing but what is in them. */
import { fileURLToPath } from 'node:url';
import { run } from '../../dev/controlplane/child.ts';
import type { Task } from '../../dev/controlplane/log.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface CallOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Resolves with what it printed. */
export async function call(
  command: string,
  args: readonly string[],
  { signal }: Task,
  { cwd = root, env = process.env }: CallOptions = {},
): Promise<string> {
  const { code, stdout, tail } = await run(command, args, { cwd, env, signal });
  if (code !== 0) throw new Error(`${command} ${args[0]} ended with ${code}:\n${tail}`);
  return stdout;
}

export interface Content {
  readonly folder: string;
  /** What goes in, by its name there. */
  readonly names: readonly string[];
  /** Seconds since 1970: the time of everything in it. */
  readonly epoch: string;
  /** Of gzip: 9 makes a program 1 % smaller than 6 does, in three times the time. */
  readonly level: 6 | 9;
}

export async function tarball(file: string, { folder, names, epoch, level }: Content, task: Task): Promise<void> {
  const same = [
    '--sort=name',
    `--mtime=@${epoch}`,
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--format=ustar',
    '--mode=u+rw,go=rX',
  ];
  await call('tar', [...same, `--use-compress-program=gzip -${level} -n`, '-C', folder, '-cf', file, ...names], task);
}
