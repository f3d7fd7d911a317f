/** An emulated Azure and the operator's side of it, for the tests in this folder. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import {
  DEFAULT_CLIENT,
  DEFAULT_FACTORY,
  DEFAULT_WORKSPACE,
  type Emulator,
  startEmulator,
} from '../../../../dev/emulator/index.ts';
import { AzureIdentities } from '../../../../src/azure/identities.ts';
import { resolveCloud } from '../../../../src/azure/identity/clouds.ts';
import { AzureFailure, type Failure } from '../../../../src/core/model/failure.ts';
import { parseGrants } from '../../../../src/core/model/grants.ts';
import { inShort } from '../../../../src/core/model/message.ts';
import { EMPTY_STATUS, type ManagedObject } from '../../../../src/core/model/object.ts';
import type { RuntimeId } from '../../../../src/core/model/runtime.ts';
import type { CallContext, Runtimes } from '../../../../src/ports.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import { RecordedLog } from '../../../unit/runtime/recorded-log.ts';

export const RUNTIME = { factory: DEFAULT_FACTORY, name: 'Runtime' };
export const ID: RuntimeId = { parent: { kind: 'factory', ...DEFAULT_FACTORY }, name: 'Runtime' };

export function caller(changes: Partial<CallContext> = {}): CallContext {
  return { key: 'ns/a', urgency: 'change', signal: new AbortController().signal, mayWrite: () => true, ...changes };
}

export interface World {
  readonly emulator: Emulator;
  /** A folder that is removed with the world. */
  readonly dir: string;
  readonly budgetAvailable: string[];
  /** What the operator would use under this environment; the emulator's own client when absent. */
  identities(
    env?: Record<string, string>,
    options?: { requestTimeoutMs?: number; audience?: string; authorityHost?: string },
  ): AzureIdentities;
  runtimes(...args: Parameters<World['identities']>): Runtimes;
  stop(): Promise<void>;
}

/** An emulated Azure that this process trusts, with one factory and one workspace in it. */
export async function startWorld(): Promise<World> {
  const emulator = await startEmulator({ seed: [DEFAULT_FACTORY, DEFAULT_WORKSPACE] });
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), emulator.caPem]);
  const dir = await mkdtemp(join(tmpdir(), 'azure-'));
  const budgetAvailable: string[] = [];
  const opened: AzureIdentities[] = [];
  const identities: World['identities'] = (
    env = SECRET,
    { requestTimeoutMs, audience, authorityHost = emulator.authorityUrl } = {},
  ) => {
    const made = new AzureIdentities({
      env,
      cloud: resolveCloud({ endpoint: emulator.armUrl, authorityHost, audience }),
      grants: parseGrants('*'),
      occupied: () => true,
      clock: systemClock,
      wake: (key) => void budgetAvailable.push(key),
      changed: () => {},
      log: new RecordedLog(),
      retry: { attempts: 3, minDelayMs: 1, maxDelayMs: 1000 },
      ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
    });
    opened.push(made);
    return made;
  };
  return {
    emulator,
    dir,
    budgetAvailable,
    identities,
    runtimes: (...args) => {
      const access = identities(...args).accessFor(OBJECT);
      if (!access.granted) throw new Error(inShort(access.message));
      return access.runtimes;
    },
    stop: async () => {
      for (const each of opened) each.stop();
      await emulator.stop();
      await rm(dir, { recursive: true });
    },
  };
}

export const LOGIN = { AZURE_TENANT_ID: DEFAULT_CLIENT.tenantId, AZURE_CLIENT_ID: DEFAULT_CLIENT.clientId };
export const SECRET = { ...LOGIN, AZURE_CLIENT_SECRET: DEFAULT_CLIENT.clientSecret };

const OBJECT: ManagedObject = {
  key: 'ns/a',
  namespace: 'ns',
  name: 'a',
  uid: 'u',
  generation: 1,
  resourceVersion: '1',
  createdAt: 0,
  deleting: false,
  isTrackedByArgoCd: false,
  hasOtherFinalizers: false,
  hasFinalizer: false,
  mark: undefined,
  spec: { valid: false, problem: 'not needed here' },
  requests: {
    reconcile: undefined,
    requestedAt: undefined,
    repair: undefined,
    acceptIdentity: undefined,
    enableInteractiveAuthoring: undefined,
  },
  status: EMPTY_STATUS,
};

/** The failure that a call ends with. */
export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  const error = await call.then(
    () => new Error('the call succeeded'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AzureFailure)) throw error;
  return error.failure;
}
