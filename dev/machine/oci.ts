/** Writes images as OCI layouts: folders that BuildKit takes as bases, and, packed into a tar, containerd as images. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from '../controlplane/child.ts';
import type { Task } from '../controlplane/log.ts';
import type { Architecture } from './packages.ts';

export interface Root {
  readonly architecture: Architecture;
  /** The folder that becomes the only layer. */
  readonly folder: string;
  readonly env?: readonly string[];
  readonly entrypoint?: readonly string[];
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';

/** With an image for each architecture. Resolves with the digest of their index. The same folders give the same bytes. */
export async function writeLayout(dir: string, roots: readonly Root[], name: string, task: Task): Promise<string> {
  await mkdir(join(dir, 'blobs', 'sha256'), { recursive: true });
  const manifests: object[] = [];
  for (const root of roots) {
    const platform = { os: 'linux', architecture: root.architecture };
    manifests.push({ ...(await writeImage(dir, root, task)), platform });
  }
  const index = await writeJson(dir, INDEX, { schemaVersion: 2, mediaType: INDEX, manifests });
  await writeFile(join(dir, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  // The first annotation is containerd's: under that name it imports the image.
  const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name };
  await writeFile(
    join(dir, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [{ ...index, annotations }] }),
  );
  return index.digest;
}

export async function packLayout(dir: string, file: string, task: Task): Promise<void> {
  await tar(file, dir, ['oci-layout', 'index.json', 'blobs'], task);
}

async function writeImage(dir: string, root: Root, task: Task): Promise<Descriptor> {
  const layer = await writeLayer(dir, root.folder, task);
  const config = await writeJson(dir, CONFIG, {
    architecture: root.architecture,
    os: 'linux',
    config: { Env: root.env ?? [], ...(root.entrypoint ? { Entrypoint: root.entrypoint } : {}) },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  });
  return writeJson(dir, MANIFEST, { schemaVersion: 2, mediaType: MANIFEST, config, layers: [layer] });
}

async function writeLayer(dir: string, folder: string, task: Task): Promise<Descriptor> {
  const file = join(dir, 'layer.tar');
  await tar(file, folder, ['.'], task);
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  const digest = hash.digest('hex');
  const { size } = await stat(file);
  await rename(file, join(dir, 'blobs', 'sha256', digest));
  return { mediaType: LAYER, digest: `sha256:${digest}`, size };
}

async function writeJson(dir: string, mediaType: string, content: object): Promise<Descriptor> {
  const bytes = JSON.stringify(content);
  const digest = createHash('sha256').update(bytes).digest('hex');
  await writeFile(join(dir, 'blobs', 'sha256', digest), bytes);
  return { mediaType, digest: `sha256:${digest}`, size: Buffer.byteLength(bytes) };
}

/** Nothing of this machine's time and users gets into it. */
async function tar(file: string, folder: string, entries: readonly string[], { signal }: Task): Promise<void> {
  const same = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=gnu'];
  const { code, tail } = await run('tar', [...same, '-C', folder, '-cf', file, ...entries], { signal });
  if (code !== 0) throw new Error(`tar of ${folder} ended with ${code}:\n${tail}`);
}
