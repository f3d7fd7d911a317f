/** All that a node needs, in files: programs, packages and images. What is there already is taken from the per-user cache. */
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findAssets } from '../controlplane/assets.ts';
import { run } from '../controlplane/child.ts';
import { messageOf, type Task } from '../controlplane/log.ts';
import { pathOf } from '../tools/index.ts';
import { PAUSE_IMAGE } from './configuration.ts';
import { buildImage } from './image.ts';
import { packLayout, writeLayout } from './oci.ts';
import { nodePackages, ownArchitecture } from './packages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Prepared {
  readonly packages: string;
  readonly assets: string;
  readonly images: readonly string[];
  /** The sources of the parent commit, whose image has the tag PARENT_TAG; undefined where there is none, or no time for it. */
  readonly parent: string | undefined;
  /** The image of a release, as two builds made it, where there is time for them. */
  readonly releases: readonly string[];
}

export const PARENT_TAG = 'parent';

/** As the documents name it. */
export const OPERATOR_IMAGE = 'registry.example.com/azure-ir-operator';

/** The programs are built already. What it makes anew goes into `dir`. */
export async function prepare(dir: string, version: string, long: boolean, task: Task): Promise<Prepared> {
  const { env } = process;
  const assets = await findAssets(task);
  const operator = join(dir, 'operator.tar');
  await buildImage({ name: `${OPERATOR_IMAGE}:${version}`, file: operator }, env, task);
  const images = [operator, await guestImage(dir, task)];
  const parent = long ? await parentSources(dir, task) : undefined;
  const file = join(dir, 'parent.tar');
  const built = parent !== undefined && (await buildParent(parent, file, task));
  if (built) images.push(file);
  const releases = long ? await buildReleaseTwice(dir, version, task) : [];
  return { packages: await nodePackages(env, task), assets, images, parent: built ? parent : undefined, releases };
}

/** As `npm run package` has it built; the second time without a step from the cache. */
async function buildReleaseTwice(dir: string, version: string, task: Task): Promise<readonly string[]> {
  const name = `${OPERATOR_IMAGE}:${version}`;
  const spec = { name, architectures: ['amd64', 'arm64'], compress: true, epoch: '1790000000' } as const;
  const files: string[] = [];
  for (const anew of [false, true]) {
    const file = join(dir, `release-${files.length}.tar`);
    await buildImage({ ...spec, file, anew }, process.env, task);
    files.push(file);
  }
  return files;
}

/** By its own Dockerfile; where that one is broken, by this one, which may not fit its folders. What cannot be built is not upgraded from. */
async function buildParent(parent: string, file: string, task: Task): Promise<boolean> {
  for (const dockerfile of [parent, root]) {
    try {
      const name = `${OPERATOR_IMAGE}:${PARENT_TAG}`;
      await buildImage({ name, file, context: parent, dockerfile }, process.env, task);
      return true;
    } catch (error) {
      task.signal.throwIfAborted();
      task.log(`the parent commit cannot be built by ${join(dockerfile, 'Dockerfile')}: ${messageOf(error)}`);
    }
  }
  return false;
}

/** Of what git has as the parent of this commit: a clone may be without history. */
async function parentSources(dir: string, { signal, log }: Task): Promise<string | undefined> {
  const folder = join(dir, 'parent');
  await mkdir(folder);
  const archive = join(dir, 'sources.tar');
  const { code } = await run('git', ['archive', '--output', archive, 'HEAD^'], { cwd: root, signal });
  if (code === 0) {
    await run('tar', ['-xf', archive, '-C', folder], { signal });
    return folder;
  }
  log('there is no parent commit here: nothing is upgraded from it');
  return undefined;
}

/** The only other image on the node: what keeps pods together, and what tests ask from inside. */
async function guestImage(dir: string, task: Task): Promise<string> {
  const folder = join(dir, 'guest');
  const layout = join(dir, 'guest-layout');
  await mkdir(folder);
  await copyFile(pathOf('guest'), join(folder, 'guest'));
  const root = { architecture: ownArchitecture(), folder, entrypoint: ['/guest'] };
  await writeLayout(layout, [root], PAUSE_IMAGE, task);
  const file = join(dir, 'guest.tar');
  await packLayout(layout, file, task);
  await Promise.all([folder, layout].map((each) => rm(each, { recursive: true })));
  return file;
}
