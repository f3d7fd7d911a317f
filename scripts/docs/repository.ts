/** The files of the repository as the checks of the documentation read them. */
import { readdir, readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import type { Repository } from './links.ts';

const ROOT = new URL('../../', import.meta.url);
const TEXT = /\.(md|ts|mjs|yaml|yml|json|tpl|txt|lua)$/;
/** What is not ours, what is built, and what a test makes up. */
const NOT_READ = ['.git', 'node_modules', 'dist', 'coverage', 'package-lock.json', 'test/unit/scripts/links.test.ts'];

export async function readRepository(): Promise<Repository> {
  const paths = await pathsBelow('');
  const texts = paths
    .filter((path) => TEXT.test(path))
    .map(async (path) => [path, await readFile(new URL(path, ROOT), 'utf8')] as const);
  return { texts: new Map(await Promise.all(texts)), paths: new Set(paths) };
}

/** Files and folders, from the root. */
async function pathsBelow(folder: string): Promise<string[]> {
  const entries = await readdir(new URL(`./${folder}/`, ROOT), { withFileTypes: true });
  const below = entries.map(async (entry) => {
    const path = posix.join(folder, entry.name);
    if (NOT_READ.includes(path)) return [];
    return entry.isDirectory() ? [path, ...(await pathsBelow(path))] : [path];
  });
  return (await Promise.all(below)).flat();
}
