/** The Debian packages in an image: what its base records of each in a file of var/lib/dpkg/status.d, as distroless does. */
import { mkdir, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Image, tar } from './archive.ts';

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

const RECORDS = 'var/lib/dpkg/status.d/';

/** Of all architectures; in the order of their names. Unpacks what it needs below `scratch`. */
export async function debianPackages(images: readonly Image[], scratch: string): Promise<readonly DebianPackage[]> {
  const found = new Map<string, DebianPackage>();
  for (const layer of new Set(images.flatMap(({ layers }) => layers.map(({ file }) => file)))) {
    for (const record of await recordsIn(layer, await mkdtemp(join(scratch, 'layer-')))) {
      found.set([record.name, record.version, record.architecture].join(' '), record);
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}

async function recordsIn(layer: string, folder: string): Promise<readonly DebianPackage[]> {
  const names = (await tar('-tf', layer)).split('\n').filter((name) => isRecord(name));
  if (names.length === 0) return [];
  await tar('-xf', layer, '-C', folder, ...names);
  await mkdir(join(folder, RECORDS), { recursive: true });
  const files = (await readdir(join(folder, RECORDS))).filter((name) => isRecord(RECORDS + name));
  return Promise.all(files.map(async (name) => parseRecord(await readFile(join(folder, RECORDS, name), 'utf8'))));
}

/** Beside each is one with the sums of its files. */
const isRecord = (name: string): boolean =>
  name.replace(/^\.\//, '').startsWith(RECORDS) && !name.endsWith('/') && !name.endsWith('.md5sums');

function parseRecord(text: string): DebianPackage {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
  return { name: field('Package'), version: field('Version'), architecture: field('Architecture') };
}
