/** The user's cache, whose folders appear whole or not at all. */
import { randomBytes } from 'node:crypto';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Per user, not per clone: filling it takes minutes, and what is in it depends on nothing but versions. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'azure-ir-operator');
}

/**
 * Has a new folder filled and moves it to its place, where it appears whole or not at all. `fill` gets its path, at which
 * it is empty. The caller holds a lock on the place: whatever else is there, or was left beside it, is removed.
 */
export async function renew(folder: string, fill: (unfinished: string) => Promise<void>): Promise<void> {
  await removeLeftovers(folder);
  const unfinished = `${folder}${UNFINISHED}${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    await mkdir(unfinished);
    await fill(unfinished);
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

const UNFINISHED = '.unfinished-';

/** What a run that was killed without a chance to tidy up, or a folder damaged since, would leave for ever. */
async function removeLeftovers(folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const leftovers = (await readdir(dirname(folder))).filter((name) =>
    name.startsWith(`${basename(folder)}${UNFINISHED}`),
  );
  for (const name of [basename(folder), ...leftovers]) {
    await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
}

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
