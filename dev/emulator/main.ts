/** `npm run emulator`: an emulated Azure to try things on, until Ctrl-C. */
import { parseArgs } from 'node:util';
import { DEFAULT_CLIENT, DEFAULT_FACTORY, DEFAULT_WORKSPACE, startEmulator } from './index.ts';

const USAGE = `The emulated Azure. Prints one line of JSON with its URLs, and runs until it is interrupted.

  --port N           of ARM and the token endpoint (default 0: any free one)
  --control-port N   of the control endpoint (default 0)
  --host ADDRESS     to listen on (default 127.0.0.1)
  --extra-host NAME  further name or address of the certificate; may be repeated
  --dir DIR          where ca.pem goes (default: a temporary folder)
  --no-throttling    ARM's token buckets off
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
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(USAGE);
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
  const { armUrl, authorityUrl, controlUrl, caFile } = emulator;
  const { tenantId, clientId } = DEFAULT_CLIENT;
  const line = { armUrl, authorityUrl, controlUrl, caFile, tenantId, clientId, pid: process.pid };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      emulator.stop().then(() => process.exit(0));
    });
  }
}
