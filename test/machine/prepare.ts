/** All that a node needs, in files: programs, packages and images. What is there already is taken from the per-user cache. */
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findAssets } from '../controlplane/assets.ts';
import type { Task } from '../controlplane/log.ts';
import { haveTools, NODE_TOOLS, pathOf } from '../tools/index.ts';
import { PAUSE_IMAGE } from './configuration.ts';
import { buildImage } from './image.ts';
import { packLayout, writeLayout } from './oci.ts';
import { nodePackages, ownArchitecture } from './packages.ts';

export interface Prepared {
  readonly packages: string;
  readonly assets: string;
  readonly images: readonly string[];
}

/** As the documents name it. */
export const OPERATOR_IMAGE = 'registry.example.com/azure-ir-operator';

/** Undefined where the programs cannot be built, after having said so. What it makes anew goes into `dir`. */
export async function prepare(dir: string, version: string, task: Task): Promise<Prepared | undefined> {
  const { env } = process;
  const assets = await findAssets(task);
  if (!(await haveTools(NODE_TOOLS, task))) return undefined;
  const operator = join(dir, 'operator.tar');
  await buildImage({ name: `${OPERATOR_IMAGE}:${version}`, file: operator }, env, task);
  return { packages: await nodePackages(env, task), assets, images: [operator, await guestImage(dir, task)] };
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
