/** An emulated Azure for tests and for trying things out: ARM and Entra ID over TLS, for the real SDKs. */
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Arm } from './arm.ts';
import { ASSUMED, type Assumed } from './assumptions.ts';
import { Buckets } from './buckets.ts';
import type { EmulatorControl, EntraClient, FactoryRef } from './control.ts';
import { serveControl } from './control-server.ts';
import { Entra } from './entra.ts';
import { type Deliver, Events } from './events.ts';
import { Faults } from './faults.ts';
import { createLocalControl } from './local-control.ts';
import { Refusals } from './refusals.ts';
import { serveTls } from './server.ts';
import { createService } from './service.ts';
import { storageQueues } from './storage-queue.ts';
import { createServerIdentity } from './tls.ts';
import { Trace } from './trace.ts';
import { World } from './world.ts';

export type * from './control.ts';
export { createControlClient } from './control-client.ts';

export const DEFAULT_CLIENT = {
  tenantId: '11111111-1111-1111-1111-111111111111',
  clientId: '22222222-2222-2222-2222-222222222222',
  clientSecret: 'emulator-secret',
  objectId: '33333333-3333-3333-3333-333333333333',
} as const satisfies EntraClient;

export const DEFAULT_FACTORY = {
  subscriptionId: '00000000-0000-0000-0000-000000000001',
  resourceGroup: 'ADFV2SampleRG',
  name: 'SampleV2DataFactory1',
} as const satisfies FactoryRef;

export const DEFAULT_WORKSPACE = {
  kind: 'workspace',
  subscriptionId: '00000000-0000-0000-0000-000000000001',
  resourceGroup: 'ADFV2SampleRG',
  name: 'samplesynapseworkspace1',
} as const satisfies FactoryRef;

export interface EmulatorOptions {
  /** The address to listen on, for both ports; 127.0.0.1 when absent. */
  host?: string;
  /** 0, or absent: any free port. */
  port?: number;
  controlPort?: number;
  /** Names and addresses of the certificate besides localhost, 127.0.0.1 and ::1. */
  extraHosts?: readonly string[];
  /** Where ca.pem goes; a temporary folder, removed by `stop`, when absent. */
  dir?: string;
  /** Milliseconds since 1970. Buckets, life cycles, etags and tokens go by it; delays of faults do not. */
  now?: () => number;
  /** Whether ARM's token buckets are on; true when absent. */
  throttling?: boolean;
  clients?: readonly EntraClient[];
  seed?: readonly FactoryRef[];
  tokenLifetimeSeconds?: number;
  traceCapacity?: number;
  /** How events get into queues, in place of Storage's own way. */
  deliver?: Deliver;
  /** What this emulator assumes otherwise: the probe has to notice. */
  assumed?: Partial<Assumed>;
}

export interface Emulator {
  readonly armUrl: string;
  readonly authorityUrl: string;
  readonly controlUrl: string;
  readonly caPem: string;
  readonly caFile: string;
  /** Of the server, and its key: for what is to be trusted as the emulator is. */
  readonly certFile: string;
  readonly keyFile: string;
  readonly control: EmulatorControl;
  stop(): Promise<void>;
}

export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const host = options.host ?? '127.0.0.1';
  const identity = createServerIdentity(['localhost', '127.0.0.1', '::1', ...(options.extraHosts ?? [])]);
  const { service, control, stopEvents } = assemble(options, identity.caPem);
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'emulator-')));
  await mkdir(dir, { recursive: true });
  const caFile = join(dir, 'ca.pem');
  const [certFile, keyFile] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  writeFileSync(caFile, identity.caPem);
  writeFileSync(certFile, identity.certPem);
  writeFileSync(keyFile, identity.keyPem, { mode: 0o600 });
  const server = await serveTls(identity, service, { host, port: options.port ?? 0 });
  const controlServer = await serveControl(control, { host, port: options.controlPort ?? 0 });
  const urlHost = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  const url = `https://${urlHost}:${server.port}`;
  return {
    armUrl: url,
    authorityUrl: url,
    controlUrl: `http://${urlHost}:${controlServer.port}`,
    caPem: identity.caPem,
    caFile,
    certFile,
    keyFile,
    control,
    stop: async () => {
      stopEvents();
      await Promise.all([server.stop(), controlServer.stop()]);
      if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
    },
  };
}

function assemble(options: EmulatorOptions, ca: string) {
  const now = options.now ?? Date.now;
  const world = new World(now, { ...ASSUMED, ...options.assumed });
  const buckets = new Buckets(now, options.throttling ?? true);
  const clients = options.clients ?? [DEFAULT_CLIENT];
  const entra = new Entra(now, options.tokenLifetimeSeconds ?? 3599);
  entra.reset(clients);
  const refusals = new Refusals();
  const faults = new Faults();
  const trace = new Trace(options.traceCapacity ?? 20_000);
  const queues = storageQueues({ ca, token: tokenOfEventGrid(entra, now) });
  const events = new Events(options.deliver ?? queues.deliver);
  const arm = new Arm({ now, world, tokens: entra.tokens, buckets, refusals, events });
  const seed = options.seed ?? [];
  const control = createLocalControl({ now, world, entra, buckets, refusals, faults, trace, events, clients, seed });
  const stopEvents = () => {
    events.stop();
    queues.stop();
  };
  return { service: createService({ now, arm, entra, faults, trace }), control, stopEvents };
}

/** Its own identity in Entra, which no one else has; one token for a while, as clients keep them. */
function tokenOfEventGrid({ tokens }: Entra, now: () => number): () => string {
  let known: { token: string; until: number } | undefined;
  return () => {
    if (known === undefined || known.until < now()) {
      const { token, lifetime } = tokens.issue(EVENT_GRID, 'https://storage.azure.com');
      known = { token, until: now() + (lifetime * 1_000) / 2 };
    }
    return known.token;
  };
}

const EVENT_GRID = {
  tenantId: DEFAULT_CLIENT.tenantId,
  clientId: '44444444-4444-4444-4444-444444444444',
  objectId: '55555555-5555-5555-5555-555555555555',
};
