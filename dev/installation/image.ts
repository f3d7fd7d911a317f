/** What the Dockerfile makes, as the front end of `docker build` understands it: no container engine is needed. */
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FrontEnd } from '../tools/dockerfile.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Image {
  readonly copies: readonly { readonly from: string; readonly to: string }[];
  readonly env: Readonly<Record<string, string>>;
  readonly uid: number;
  readonly gid: number;
  readonly entrypoint: readonly string[];
}

export const readDockerfile = (): Promise<string> => readFile(join(root, 'Dockerfile'), 'utf8');

export async function readImage(): Promise<Image> {
  const frontEnd = new FrontEnd();
  try {
    const platforms = { platform: 'linux/amd64', buildPlatform: 'linux/amd64' };
    const { config, copies } = await frontEnd.judge(await readDockerfile(), platforms);
    const [uid = Number.NaN, gid = Number.NaN] = (config.User ?? '').split(':').map(Number);
    const env = Object.fromEntries((config.Env ?? []).map((pair) => pair.split(/=(.*)/s, 2) as [string, string]));
    return { copies, env, uid, gid, entrypoint: config.Entrypoint ?? [] };
  } finally {
    await frontEnd.stop();
  }
}

/** Where the build has what the image copies: the Node that runs this is the very version of the Dockerfile. */
function builtFile(path: string): string {
  return path === '/usr/local/bin/node' ? process.execPath : path.replace(/^\/build\//, root);
}

/** Puts into `dir` what the image holds: its own files, and of its base the libraries that Node is linked with. */
export async function layOut(image: Image, dir: string): Promise<void> {
  const libraries = await librariesOf(process.execPath);
  const files = [...image.copies, ...libraries.map((path) => ({ from: path, to: path }))];
  for (const { from, to } of files) {
    const target = join(dir, to);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(builtFile(from), target);
    await chmod(target, 0o755);
  }
}

async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ldd', [program]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? '');
}
