/** The Debian packages in an image: what its base records of each in a file of var/lib/dpkg/status.d, as distroless does. */
import { mkdir, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../dev/controlplane/child.ts';

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

interface Descriptor {
  readonly digest: string;
  readonly mediaType: string;
}

const RECORDS = 'var/lib/dpkg/status.d/';

/** Of all architectures of an OCI archive, unpacked below `scratch`; in the order of their names. */
export async function debianPackages(archive: string, scratch: string): Promise<readonly DebianPackage[]> {
  const layout = await mkdtemp(join(scratch, 'image-'));
  await tar('-xf', archive, '-C', layout);
  const found = new Map<string, DebianPackage>();
  for (const layer of await layersOf(layout, JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')))) {
    for (const record of await recordsIn(layer, await mkdtemp(join(scratch, 'layer-')))) {
      found.set([record.name, record.version, record.architecture].join(' '), record);
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}

type Manifest = { readonly manifests: readonly Descriptor[] } | { readonly layers: readonly Descriptor[] };

/** Their files. An index may name indexes. */
async function layersOf(layout: string, manifest: Manifest): Promise<readonly string[]> {
  const blob = ({ digest }: Descriptor) => join(layout, 'blobs', ...digest.split(':'));
  if ('layers' in manifest) return manifest.layers.map(blob);
  const below = manifest.manifests.map(async (each) =>
    layersOf(layout, JSON.parse(await readFile(blob(each), 'utf8'))),
  );
  return [...new Set((await Promise.all(below)).flat())];
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

async function tar(...args: readonly string[]): Promise<string> {
  const { code, stdout, tail } = await run('tar', args, { signal: new AbortController().signal });
  if (code !== 0) throw new Error(`tar ${args.join(' ')} ended with ${code}:\n${tail}`);
  return stdout;
}
