/** What the Dockerfile makes, as far as that can be read from it: no container engine is needed. */
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Image {
  /** Of each stage, as it stands there. */
  readonly bases: readonly string[];
  /** Of the last stage: where each file comes from in the stage before, and where it goes. */
  readonly copies: readonly { readonly from: string; readonly to: string }[];
  readonly env: Readonly<Record<string, string>>;
  readonly uid: number;
  readonly gid: number;
  readonly entrypoint: readonly string[];
}

export async function readImage(): Promise<Image> {
  const lines = (await readFile(join(root, 'Dockerfile'), 'utf8')).split('\n');
  const of = (keyword: string, from = lines) =>
    from.filter((line) => line.startsWith(`${keyword} `)).map((line) => line.slice(keyword.length + 1));
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
  const [uid = Number.NaN, gid = Number.NaN] = (of('USER', last)[0] ?? '').split(':').map(Number);
  return {
    bases: of('FROM').map((from) => from.split(' ')[0] ?? ''),
    copies: of('COPY', last).map((copy) => {
      const [, from = '', to = ''] = /^--from=build (\S+) (\S+)$/.exec(copy) ?? [];
      return { from, to };
    }),
    env: Object.fromEntries(of('ENV', last).map((pair) => pair.split('=') as [string, string])),
    uid,
    gid,
    entrypoint: JSON.parse(of('ENTRYPOINT', last)[0] ?? '[]'),
  };
}

/** Where the build has what the image copies: the Node that runs this is the very version of the Dockerfile. */
export function builtFile(path: string): string {
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
