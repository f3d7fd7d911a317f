/** `kubectl azir version`. */
import { API_VERSION } from '../api/names.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { type KubeFlags, outputs } from './flags.ts';
import type { Io } from './io.ts';
import { renderJson } from './output/documents.ts';
import { table } from './output/table.ts';
import { OUTPUT_VERSION, VERSION } from './version.ts';

export interface VersionFlags extends KubeFlags {
  readonly client: boolean;
  readonly output: readonly string[];
}

export async function version(flags: VersionFlags, io: Io): Promise<ExitCode> {
  const [{ format } = { format: 'text' }] = outputs(flags.output, ['text', 'json'] as const, 'text');
  const server = flags.client ? undefined : await serverVersion(flags, io);
  if (format === 'json') {
    const client = { version: VERSION, node: process.version, api: API_VERSION };
    io.out(
      renderJson({ apiVersion: OUTPUT_VERSION, kind: 'Version', client, ...(server === undefined ? {} : { server }) }),
    );
    return EXIT.done;
  }
  const rows = [['Client', VERSION], ['API', API_VERSION], ...(server === undefined ? [] : [['API server', server]])];
  io.out(`${table(rows).join('\n')}\n`);
  return EXIT.done;
}

async function serverVersion(flags: KubeFlags, io: Io): Promise<string> {
  const { ask, connect } = await import('./kube.ts');
  const client = connect(flags, io);
  try {
    const answer = await ask(client, { method: 'GET', path: '/version' }, io.signal);
    return String((answer as { gitVersion?: unknown }).gitVersion ?? 'unknown');
  } finally {
    await client.close();
  }
}
