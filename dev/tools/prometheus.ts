/** A Prometheus that scrapes and answers queries. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer, stopGraceMs, withFreePort } from '../controlplane/server.ts';
import { pathOf } from './index.ts';

export interface Prometheus {
  readonly url: string;
  /** Of the instant query API: `data.result`. */
  query(expression: string): Promise<readonly Sample[]>;
  stop(): Promise<void>;
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  /** Seconds since the epoch, and the value as text. */
  readonly value: readonly [number, string];
}

/** A real Prometheus on loopback. `config` is its configuration as YAML or JSON; files that it names must be absolute. */
export async function startPrometheus(config: string): Promise<Prometheus> {
  const dir = await mkdtemp(join(tmpdir(), 'prometheus-'));
  const file = join(dir, 'prometheus.yml');
  await writeFile(file, config);
  try {
    const { url, server } = await withFreePort((port) => launch(dir, file, port));
    return {
      url,
      query: (expression) => query(url, expression),
      stop: async () => {
        await server.stop(stopGraceMs);
        await rm(dir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
}

async function launch(dir: string, file: string, port: number) {
  const url = `http://127.0.0.1:${port}`;
  const server = await startServer({
    command: pathOf('prometheus'),
    args: [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      // New targets are scraped at once instead of after 5 s.
      '--scrape.discovery-reload-interval=100ms',
    ],
    logFile: join(dir, 'prometheus.log'),
    removeWhenOrphaned: [dir],
    ready: async () => (await fetch(`${url}/-/ready`)).ok,
    signal: new AbortController().signal,
  });
  return { url, server };
}

async function query(url: string, expression: string): Promise<readonly Sample[]> {
  const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: expression })}`);
  const answer = (await response.json()) as { status: string; error?: string; data?: { result: Sample[] } };
  if (answer.data === undefined) throw new Error(`${expression}: ${answer.error}`);
  return answer.data.result;
}
