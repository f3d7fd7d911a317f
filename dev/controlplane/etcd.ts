/** etcd: its start, and its compaction. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Child } from './child.ts';
import { startServer, withFreePort } from './server.ts';

export interface Etcd {
  server: Child;
  url: string;
}

const timeoutMs = 5_000;

export function startEtcd(assets: string, dir: string, signal: AbortSignal): Promise<Etcd> {
  return withFreePort(async (port) => {
    const url = `http://127.0.0.1:${port}`;
    // Another process's etcd may have taken the port meanwhile: its member has another name.
    const name = randomBytes(8).toString('hex');
    const ready = async () => {
      const { members } = (await post(url, '/v3/cluster/member/list', {})) as { members?: { name?: string }[] };
      return members?.some((member) => member.name === name) ?? false;
    };
    const server = await startServer({
      command: join(assets, 'etcd'),
      args: [
        `--name=${name}`,
        `--data-dir=${join(dir, name)}`,
        `--listen-client-urls=${url}`,
        `--advertise-client-urls=${url}`,
        // The only member has no peers; what it would advertise to them stays at its default.
        '--listen-peer-urls=http://127.0.0.1:0',
        `--initial-cluster=${name}=http://localhost:2380`,
        '--unsafe-no-fsync',
        '--log-level=warn',
      ],
      logFile: join(dir, 'etcd.log'),
      removeWhenOrphaned: [dir],
      ready,
      signal,
    });
    return { server, url };
  });
}

/** Forgets all history up to now. */
export async function compactEtcd(url: string): Promise<void> {
  const anyKey = Buffer.from([0]).toString('base64');
  const { header } = (await post(url, '/v3/kv/range', {
    key: anyKey,
    range_end: anyKey,
    limit: 1,
    keys_only: true,
  })) as {
    header: { revision: string };
  };
  await post(url, '/v3/kv/compaction', { revision: header.revision, physical: true });
}

async function post(url: string, path: string, body: object): Promise<unknown> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) throw new Error(`etcd answered ${path} with ${response.status}: ${await response.text()}`);
  return response.json();
}
