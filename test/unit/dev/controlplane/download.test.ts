/** Which archive is downloaded, and what happens when it cannot be. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { findAssets, programs } from '../../../../dev/controlplane/assets.ts';
import { envtestArchive, pickArchive } from '../../../../dev/controlplane/download.ts';
import { scratch, task } from './support.ts';

const servers: Server[] = [];

function closeServers(): void {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
}

afterEach(closeServers);

/** Longer than any of these servers needs. */
const silenceMs = 10_000;

const notFound = (response: ServerResponse): void => {
  response.writeHead(404).end();
};

/** Serves fixed answers in GitHub's stead. */
async function serve(answers: Record<string, string | Buffer>, otherwise = notFound): Promise<string> {
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? ''];
    if (answer === undefined) otherwise(response);
    else response.end(answer);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function archive(): Buffer {
  const dir = scratch();
  mkdirSync(join(dir, 'controller-tools', 'envtest'), { recursive: true });
  for (const program of programs)
    writeFileSync(join(dir, 'controller-tools', 'envtest', program), program, { mode: 0o755 });
  return execFileSync('tar', ['-czf', '-', '-C', dir, 'controller-tools']);
}

const sha512 = (bytes: Buffer) => createHash('sha512').update(bytes).digest('hex');

const index = (release: string, hash: string) =>
  `releases:\n  ${release}:\n    envtest-${release}-linux-amd64.tar.gz:\n      hash: ${hash}\n      selfLink: unused\n`;

const answersFor = (release: string, hash: string, bytes: Buffer) => ({
  '/raw/HEAD/envtest-releases.yaml': index(release, hash),
  [`/releases/download/envtest-${release}/envtest-${release}-linux-amd64.tar.gz`]: bytes,
});

test('an archive that matches its digest becomes the three binaries', async () => {
  const bytes = archive();
  const base = await serve(answersFor('v1.36.2', sha512(bytes), bytes));
  const sources = [envtestArchive('v1.36.3', 'linux-amd64', { base, silenceMs })];
  const folder = await findAssets(task(), { env: { XDG_CACHE_HOME: scratch() }, sources });
  expect(readdirSync(folder).sort()).toEqual(['SOURCE', ...programs].sort());
  expect(readFileSync(join(folder, 'etcd'), 'utf8')).toBe('etcd');
});

test('an archive that does not match its digest is refused and leaves nothing', async () => {
  const bytes = archive();
  const base = await serve(answersFor('v1.36.3', sha512(Buffer.from('another')), bytes));
  const cache = scratch();
  const sources = [envtestArchive('v1.36.3', 'linux-amd64', { base, silenceMs })];
  const found = findAssets(task(), { env: { XDG_CACHE_HOME: cache }, sources });
  await expect(found).rejects.toThrow(/is not what the index promises .* refused/);
  expect(readdirSync(join(cache, 'azure-ir-operator', 'controlplane'))).toEqual([]);
});

test('what is wrong with a host is told', async () => {
  const base = await serve({ '/raw/HEAD/envtest-releases.yaml': index('v1.35.0', '00') });
  const from = (where: string) =>
    envtestArchive('v1.36.3', 'linux-amd64', { base: where, silenceMs }).fill(scratch(), task());
  await expect(from(base)).rejects.toThrow('lists none for v1.36.3 or its minor on linux-amd64');
  await expect(from(`${base}/elsewhere`)).rejects.toThrow('it answered 404');
  closeServers();
  await expect(from(base)).rejects.toThrow(/no good answer from .*: fetch failed: ./);
});

test.each(['before', 'within'])('a host that falls silent %s its answer is given up', async (when) => {
  const base = await serve({}, (response) => {
    if (when === 'within') response.writeHead(200).write('releases:');
  });
  const found = envtestArchive('v1.36.3', 'linux-amd64', { base, silenceMs: 50 }).fill(scratch(), task());
  await expect(found).rejects.toThrow('nothing came for 50 ms');
});

test('an abort is not mistaken for an offline host', async () => {
  const abort = new AbortController();
  const base = await serve({}, () => abort.abort(new Error('enough')));
  const sources = [envtestArchive('v1.36.3', 'linux-amd64', { base, silenceMs })];
  const found = findAssets(task(abort.signal), { env: { XDG_CACHE_HOME: scratch() }, sources });
  await expect(found).rejects.toThrow('enough');
});

describe('the choice of an archive', () => {
  const listed = (...releases: string[]) =>
    `releases:\n${releases.map((release) => index(release, release).replace('releases:\n', '')).join('')}`;

  test.each([
    { releases: ['v1.36.2', 'v1.36.3', 'v1.36.4'], chosen: 'v1.36.3' },
    { releases: ['v1.36.2', 'v1.36.10', 'v1.36.9'], chosen: 'v1.36.10' },
    { releases: ['v1.36.0-rc.1', 'v1.37.0', 'v1.3.6'], chosen: undefined },
  ])('of $releases it takes $chosen', ({ releases, chosen }) => {
    expect(pickArchive(listed(...releases), 'v1.36.3', 'linux-amd64')?.release).toBe(chosen);
  });

  test('an archive for another platform does not count', () => {
    expect(pickArchive(listed('v1.36.3'), 'v1.36.3', 'darwin-arm64')).toBeUndefined();
  });

  test('an empty index lists nothing', () => {
    expect(pickArchive('{}', 'v1.36.3', 'linux-amd64')).toBeUndefined();
  });
});
