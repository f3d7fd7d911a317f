/** What an OCI archive holds: an image for each architecture, made of layers. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../dev/controlplane/child.ts';

export interface Image {
  readonly architecture: string;
  /** The lowest first. */
  readonly layers: readonly Layer[];
}

export interface Layer {
  readonly file: string;
  /** Of the file, compressed or not. */
  readonly bytes: number;
  readonly isCompressed: boolean;
}

interface Descriptor {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
}

type Manifest =
  | { readonly manifests: readonly Descriptor[] }
  | { readonly config: Descriptor; readonly layers: readonly Descriptor[] };

/** Unpacks it below `scratch`. */
export async function imagesIn(archive: string, scratch: string): Promise<readonly Image[]> {
  const layout = await mkdtemp(join(scratch, 'image-'));
  await tar('-xf', archive, '-C', layout);
  return imagesOf(layout, await json(join(layout, 'index.json')));
}

/** An index may name indexes. */
async function imagesOf(layout: string, manifest: Manifest): Promise<readonly Image[]> {
  const fileOf = ({ digest }: Descriptor) => join(layout, 'blobs', ...digest.split(':'));
  if ('layers' in manifest) {
    const { architecture } = await json<Pick<Image, 'architecture'>>(fileOf(manifest.config));
    const layers = manifest.layers.map((each) => ({
      file: fileOf(each),
      bytes: each.size,
      isCompressed: each.mediaType.endsWith('gzip'),
    }));
    return [{ architecture, layers }];
  }
  const below = manifest.manifests.map(async (each) => imagesOf(layout, await json(fileOf(each))));
  return (await Promise.all(below)).flat();
}

async function json<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8'));
}

/** Resolves with what it printed. */
export async function tar(...args: readonly string[]): Promise<string> {
  const { code, stdout, tail } = await run('tar', args, { signal: new AbortController().signal });
  if (code !== 0) throw new Error(`tar ${args.join(' ')} ended with ${code}:\n${tail}`);
  return stdout;
}
