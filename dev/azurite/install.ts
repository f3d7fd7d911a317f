/** Azurite, Microsoft's emulator of Azure Storage, and the SDK for queues: installed once, into the user's cache. */
import { createHash } from 'node:crypto';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, exists, renew } from '../controlplane/cache.ts';
import { run } from '../controlplane/child.ts';
import { withLock } from '../controlplane/lock.ts';
import { messageOf, stderrLog, step, type Task } from '../controlplane/log.ts';
import { underCi } from '../tools/index.ts';

/** Where the packages are: `node_modules` is in it. */
export type Packages = string;

const standard: Task = { log: stderrLog('azurite'), signal: new AbortController().signal };
/** The files that pin every package. */
const PINS = ['package.json', 'package-lock.json'];
const PACKAGES = join(import.meta.dirname, 'packages');

/**
 * Resolves with where they are. Where they cannot be installed, it says why and resolves with undefined, so that whatever needs
 * no queue is tested without a network, too. Where the variable CI is set, it throws instead: nothing may go untested unnoticed.
 */
export async function haveAzurite(task: Task = standard, env: NodeJS.ProcessEnv = process.env) {
  try {
    return await installAzurite(task, env);
  } catch (error) {
    task.signal.throwIfAborted();
    if (underCi(env)) throw error;
    task.log(`without azurite, the tests that use it are skipped: ${messageOf(error)}`);
    return undefined;
  }
}

/**
 * They are not in the package.json of the repository: 388 packages, for a queue and nothing else.
 *
 * @throws what npm says, when they cannot be installed
 */
export async function installAzurite(task: Task, env: NodeJS.ProcessEnv): Promise<Packages> {
  const folder = await folderOf(env);
  if (await exists(folder)) return folder;
  await withLock(`${folder}.lock`, task, async () => {
    if (await exists(folder)) return;
    await step(task.log, 'installing azurite and @azure/storage-queue', 'half a minute', () =>
      renew(folder, (unfinished) => install(unfinished, env, task)),
    );
  });
  return folder;
}

/** Each set of versions has a folder of its own, and so has each major version of Node. */
async function folderOf(env: NodeJS.ProcessEnv): Promise<string> {
  const key = createHash('sha256').update(process.version.replace(/\..*/, ''));
  for (const name of PINS) key.update(`\0${name}\0`).update(await readFile(join(PACKAGES, name)));
  return join(cacheFolder(env), 'azurite', key.digest('hex').slice(0, 16));
}

async function install(folder: string, env: NodeJS.ProcessEnv, { signal }: Task): Promise<void> {
  for (const name of PINS) await copyFile(join(PACKAGES, name), join(folder, name));
  // No code of a package runs before it is used; each is checked against the hash in the lockfile.
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  const { code, tail } = await run('npm', args, { cwd: folder, env, signal, removeWhenOrphaned: [folder] });
  if (code !== 0) throw new Error(`npm could not install what dev/azurite pins (it exited with ${code}):\n${tail}`);
}
