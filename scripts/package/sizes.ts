/** Which bytes of an image are the base's, Node's and ours. */
import { createReadStream } from 'node:fs';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { Image, Layer } from './archive.ts';

export interface Size {
  /** As a node unpacks it. */
  readonly bytes: number;
  /** As a registry has it. */
  readonly compressed: number;
}

export type Sizes = Readonly<Record<'base' | 'Node' | 'ours', Size>>;

/** The Dockerfile copies Node last but one, and our file last. */
export async function sizesOf({ layers }: Image): Promise<Sizes> {
  const sizes = await Promise.all(layers.map(sizeOf));
  const [node, ours] = sizes.slice(-2);
  if (node === undefined || ours === undefined)
    throw new Error(
      `the image has too few layers (${layers.length}) to tell the sizes of Node and of main.mjs. The last two COPY lines of the Dockerfile must copy Node and then main.mjs, with no RUN or ADD after them`,
    );
  return { base: sum(sizes.slice(0, -2)), Node: node, ours };
}

/** Such as `base 30.1 MB (10.2 compressed), Node …`. */
export function inWords(sizes: Sizes): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  return Object.entries(sizes)
    .map(([of, { bytes, compressed }]) => `${of} ${megabytes(bytes)} MB (${megabytes(compressed)} compressed)`)
    .join(', ');
}

/** BuildKit leaves the layers of a base as they are: those of a stand-in are not compressed, and a registry's would be. */
async function sizeOf({ file, bytes, isCompressed }: Layer): Promise<Size> {
  if (isCompressed) return { bytes: await lengthThrough(file, createGunzip()), compressed: bytes };
  return { bytes, compressed: await lengthThrough(file, createGzip()) };
}

async function lengthThrough(file: string, filter: Transform): Promise<number> {
  let length = 0;
  await pipeline(createReadStream(file), filter, async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) length += chunk.length;
  });
  return length;
}

function sum(sizes: readonly Size[]): Size {
  const total = (of: keyof Size) => sizes.reduce((before, each) => before + each[of], 0);
  return { bytes: total('bytes'), compressed: total('compressed') };
}
