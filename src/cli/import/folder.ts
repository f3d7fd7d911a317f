/** The folder that an import writes: all of it or nothing. */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { CommandError } from '../exit.ts';

export interface FolderOptions {
  /** Files that are there already and differ are replaced. */
  readonly overwrite: boolean;
  readonly signal: AbortSignal;
}

/**
 * Every file is written beside its place, and only then moved there, the files that name others last: an interrupted run
 * leaves what was there before, or a folder that is whole.
 *
 * @returns the manifests in it that are none of these.
 */
export async function writeFolder(
  folder: string,
  files: ReadonlyMap<string, string>,
  { overwrite, signal }: FolderOptions,
): Promise<string[]> {
  const there = await contentsOf(folder);
  if (there !== undefined && !overwrite) await refuseOthers(folder, there, files);
  const place = resolve(folder);
  const draft =
    there === undefined
      ? join(dirname(place), `.${basename(place)}.${process.pid}.tmp`)
      : join(place, `.import.${process.pid}.tmp`);
  try {
    await mkdir(draft, { recursive: true });
    for (const [name, text] of files) await writeFile(join(draft, name), text);
    signal.throwIfAborted();
    if (there === undefined) await rename(draft, place);
    else for (const name of files.keys()) await rename(join(draft, name), join(place, name));
  } catch (error) {
    signal.throwIfAborted();
    throw new CommandError(`${folder} cannot be written: ${error instanceof Error ? error.message : error}`);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return (there ?? []).filter((name) => /\.ya?ml$/.test(name) && !files.has(name)).sort();
}

/** Undefined: there is no such folder. */
async function contentsOf(folder: string): Promise<string[] | undefined> {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isDirectory()) throw new CommandError(`${folder} is a file: name a folder with -d`);
  return readdir(folder);
}

async function refuseOthers(
  folder: string,
  there: readonly string[],
  files: ReadonlyMap<string, string>,
): Promise<void> {
  for (const [name, text] of files) {
    const path = join(folder, name);
    if (there.includes(name) && (await readFile(path, 'utf8')) !== text) {
      throw new CommandError(`${path} is there already and differs: choose another folder, or give --overwrite`);
    }
  }
}
