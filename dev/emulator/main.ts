/** `npm run emulator`: an emulated Azure to try things on, until Ctrl-C; or one to compare a recording with. */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { recordingFrom } from '../../src/cli/probe/recording.ts';
import { compare, shownDifferences } from './compare.ts';
import { DEFAULT_CLIENT, DEFAULT_FACTORY, DEFAULT_WORKSPACE, startEmulator } from './index.ts';

const USAGE = `The emulated Azure. Prints one line of JSON with its URLs, and runs until it is interrupted.

  --port N           of ARM and the token endpoint (default 0: any free one)
  --control-port N   of the control endpoint (default 0)
  --host ADDRESS     to listen on (default 127.0.0.1)
  --extra-host NAME  further name or address of the certificate; may be repeated
  --dir DIR          where ca.pem goes (default: a temporary folder)
  --no-throttling    ARM's token buckets off
  --compare FILE     only replay a recording of the probe, and print what differs; exit code 3 if something does
  --client-secret S  of the client ${DEFAULT_CLIENT.clientId} (default ${DEFAULT_CLIENT.clientSecret})
`;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'control-port': { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    'extra-host': { type: 'string', multiple: true, default: [] },
    dir: { type: 'string' },
    'no-throttling': { type: 'boolean', default: false },
    'client-secret': { type: 'string', default: DEFAULT_CLIENT.clientSecret },
    compare: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(USAGE);
} else if (values.compare !== undefined) {
  process.exitCode = await compareWith(values.compare);
} else {
  const emulator = await startEmulator({
    host: values.host,
    port: Number(values.port),
    controlPort: Number(values['control-port']),
    extraHosts: values['extra-host'],
    ...(values.dir === undefined ? {} : { dir: values.dir }),
    throttling: !values['no-throttling'],
    clients: [{ ...DEFAULT_CLIENT, clientSecret: values['client-secret'] }],
    seed: [DEFAULT_FACTORY, DEFAULT_WORKSPACE],
  });
  const { armUrl, authorityUrl, controlUrl, caFile, certFile, keyFile } = emulator;
  const { tenantId, clientId } = DEFAULT_CLIENT;
  const line = { armUrl, authorityUrl, controlUrl, caFile, certFile, keyFile, tenantId, clientId, pid: process.pid };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      emulator.stop().then(() => process.exit(0));
    });
  }
}

/** The emulator it starts has a certificate of its own, which this process trusts from then on. */
async function compareWith(file: string): Promise<number> {
  const recording = await readFile(file, 'utf8')
    .then(recordingFrom)
    .catch((error: Error) => error);
  if (recording instanceof Error) {
    process.stderr.write(
      `${file} is no recording of the probe: pass the recording.json that the probe wrote. ${recording.message}\n`,
    );
    return 1;
  }
  const differences = await compare(recording);
  process.stdout.write(
    differences.length === 0 ? 'The emulator answers as it was recorded.\n' : shownDifferences(differences),
  );
  return differences.length === 0 ? 0 : 3;
}
