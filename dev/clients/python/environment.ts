/** The Python in which client.py runs: one of this machine, with the packages of requirements.txt in a virtual environment. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, renew } from '../../controlplane/cache.ts';
import { run } from '../../controlplane/child.ts';
import { withLock } from '../../controlplane/lock.ts';
import { step, type Task } from '../../controlplane/log.ts';

export interface Python {
  readonly command: string;
  /** Differs between those that cannot share a virtual environment. */
  readonly build: string;
}

/** What is to be said where `findPython` finds none. */
export const PYTHON_IS_MISSING =
  'The tests with the Azure SDKs for Python need Python 3.10 or later with its modules venv and ensurepip ' +
  '(on Debian and Ubuntu: the packages python3 and python3-venv), on the PATH as python3 or python.';

const PROBE = 'import ensurepip, sys, venv; sys.version_info >= (3, 10) and print(sys.base_prefix, sys.version)';
const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');

/** Undefined where there is none that can have the packages. */
export async function findPython(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Python | undefined> {
  for (const command of ['python3', 'python']) {
    const { code, stdout } = await run(command, ['-I', '-c', PROBE], { env, signal });
    if (code === 0 && stdout !== '') return { command, build: stdout };
  }
  return undefined;
}

/**
 * The command of a Python that has the packages. They are installed the first time, in the user's cache.
 *
 * @throws what pip says, when they cannot be installed
 */
export async function withPackages(python: Python, env: NodeJS.ProcessEnv, task: Task): Promise<string> {
  const key = createHash('sha256')
    .update(await readFile(REQUIREMENTS))
    .update(python.build);
  const folder = join(cacheFolder(env), 'python', key.digest('hex').slice(0, 16));
  const command = commandIn(folder);
  if (await isExecutable(command)) return command;
  await withLock(`${folder}.lock`, task, async () => {
    if (await isExecutable(command)) return;
    await step(task.log, 'installing the Azure SDKs for Python', 'half a minute', () =>
      renew(folder, (unfinished) => install(python, unfinished, env, task)),
    );
  });
  return command;
}

/** The one command of a virtual environment that may be moved: the others name the folder in which they were made. */
const commandIn = (folder: string): string => join(folder, 'bin', 'python');

async function install(python: Python, folder: string, env: NodeJS.ProcessEnv, { signal }: Task): Promise<void> {
  const options = { env, signal, removeWhenOrphaned: [folder] };
  const made = await run(python.command, ['-I', '-m', 'venv', folder], options);
  if (made.code !== 0) throw new Error(`${python.command} cannot make a virtual environment: ${made.tail}`);
  const pip = ['-I', '-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', '--quiet'];
  // Wheels only: no code of a package runs before it is used.
  const what = ['--only-binary=:all:', '--require-hashes', '--requirement', REQUIREMENTS];
  const { code, tail } = await run(commandIn(folder), [...pip, ...what], options);
  if (code !== 0)
    throw new Error(`pip could not install what ${REQUIREMENTS} lists (it exited with ${code}):\n${tail}`);
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
