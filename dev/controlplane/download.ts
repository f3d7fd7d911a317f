/** Downloads the binaries of the control plane, as envtest does. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parse } from 'yaml';
import { run } from './child.ts';
import { messageOf, step, type Task } from './log.ts';
import type { Source } from './source.ts';
import { majorMinor } from './version.ts';

export interface Host {
  base: string;
  /** How long nothing may come before it counts as out of reach. */
  silenceMs: number;
}

/** A short timeout: a machine without that network waits for it each time before it tries the next source. */
const official: Host = { base: 'https://github.com/kubernetes-sigs/controller-tools', silenceMs: 5_000 };

interface Archive {
  release: string;
  file: string;
  sha512: string;
}

/** The archives that controller-runtime's envtest uses: the very release, or else the newest one of the same minor. */
export function envtestArchive(version: string, platform: string, host: Host = official): Source {
  const name = 'the official envtest archive';
  return {
    name,
    async fill(dir, task) {
      const archive = await chooseArchive(version, platform, host, task);
      const path = join(dir, archive.file);
      const url = `${host.base}/releases/download/envtest-${archive.release}/${archive.file}`;
      await step(task.log, `downloading ${archive.file}`, 'about a minute', () =>
        download(url, path, archive.sha512, host, task),
      );
      await unpack(path, dir, task);
      await rm(path);
    },
  };
}

async function chooseArchive(version: string, platform: string, host: Host, task: Task): Promise<Archive> {
  const url = `${host.base}/raw/HEAD/envtest-releases.yaml`;
  task.log(`looking for an envtest archive in ${url}`);
  const chunks: Buffer[] = [];
  await receive(url, host, task, async (body) => {
    for await (const chunk of body) chunks.push(chunk);
  });
  const archive = pickArchive(Buffer.concat(chunks).toString(), version, platform);
  if (archive === undefined) throw new Error(`${url} lists none for ${version} or its minor on ${platform}`);
  return archive;
}

/** Exported for its test. */
export function pickArchive(index: string, version: string, platform: string): Archive | undefined {
  const { releases } = (parse(index) ?? {}) as { releases?: Record<string, Record<string, { hash: string }>> };
  const { major, minor } = majorMinor(version);
  const patchOf = (release: string) => Number(release.split('.')[2]);
  const candidates = Object.entries(releases ?? {}).flatMap(([release, files]) => {
    const file = `envtest-${release}-${platform}.tar.gz`;
    const sha512 = files[file]?.hash;
    const stable = new RegExp(`^v${major}\\.${minor}\\.\\d+$`).test(release);
    return stable && sha512 !== undefined ? [{ release, file, sha512 }] : [];
  });
  candidates.sort((a, b) => patchOf(b.release) - patchOf(a.release));
  return candidates.find((candidate) => candidate.release === version) ?? candidates[0];
}

async function download(url: string, path: string, sha512: string, host: Host, task: Task): Promise<void> {
  const hash = createHash('sha512');
  await receive(url, host, task, (body) =>
    pipeline(
      body,
      async function* hashed(chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(path),
    ),
  );
  const digest = hash.digest('hex');
  if (digest !== sha512) {
    throw new Error(`${url} is not what the index promises (sha512 ${digest}, not ${sha512}): refused`);
  }
}

type Body = AsyncIterable<Buffer>;

/** Hands the body of what a GET answers to `consume`; gives up when nothing comes for a while. */
async function receive(url: string, host: Host, task: Task, consume: (body: Body) => Promise<void>): Promise<void> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Error(`nothing came for ${host.silenceMs} ms`)), host.silenceMs);
  async function* heard(body: Body): Body {
    for await (const chunk of body) {
      timer.refresh();
      yield chunk;
    }
  }
  try {
    const response = await fetch(url, { signal: AbortSignal.any([task.signal, silence.signal]) });
    if (!response.ok || response.body === null) throw new Error(`it answered ${response.status}`);
    await consume(heard(Readable.fromWeb(response.body)));
  } catch (error) {
    const { cause } = error as Error;
    throw new Error(
      `no good answer from ${url}: ${messageOf(error)}${cause === undefined ? '' : `: ${messageOf(cause)}`}`,
    );
  } finally {
    clearTimeout(timer);
  }
}

async function unpack(path: string, dir: string, { signal }: Task): Promise<void> {
  // The archive holds controller-tools/envtest/<program>.
  const { code, tail } = await run('tar', ['-xzf', path, '-C', dir, '--strip-components=2'], {
    signal,
    removeWhenOrphaned: [dir],
  });
  if (code !== 0) throw new Error(`tar cannot unpack ${path}: ${tail}`);
}
