/** An emulator and requests to it, for the tests in this folder. */
import tls from 'node:tls';
import { DataFactoryManagementClient, type IntegrationRuntimeResource } from '@azure/arm-datafactory';
import { ClientSecretCredential } from '@azure/identity';
import { afterAll, beforeAll } from '@jest/globals';
import {
  DEFAULT_CLIENT,
  DEFAULT_FACTORY,
  type Emulator,
  type EmulatorOptions,
  type FactoryRef,
  startEmulator,
} from '../../../../dev/emulator/index.ts';

export const group = DEFAULT_FACTORY.resourceGroup;

/** A clock that a test moves. It starts at the real time, for the SDK goes by that one. */
class Clock {
  #at = Date.now();
  readonly now = (): number => this.#at;

  advance(ms: number): void {
    this.#at += ms;
  }
}

export interface Suite {
  readonly clock: Clock;
  readonly emulator: Emulator;
  /** A factory of its own, in a subscription of its own. */
  freshFactory(): Promise<FactoryRef>;
  client(subscriptionId: string, secret?: string): DataFactoryManagementClient;
  token(): Promise<string>;
  fetch(path: string, init?: RequestInit & { token?: string | null }): Promise<Response>;
}

/** One emulator for the tests of a file. */
export function useEmulator(options: EmulatorOptions = {}): Suite {
  const clock = new Clock();
  let started: Emulator | undefined;
  let subscriptions = 0;
  const emulator = (): Emulator => {
    if (started === undefined) throw new Error('the emulator runs only during tests');
    return started;
  };
  const credential = (secret: string): ClientSecretCredential =>
    new ClientSecretCredential(DEFAULT_CLIENT.tenantId, DEFAULT_CLIENT.clientId, secret, {
      authorityHost: emulator().authorityUrl,
      disableInstanceDiscovery: true,
      retryOptions: { maxRetries: 0 },
    });
  const token = async (): Promise<string> =>
    (await credential(DEFAULT_CLIENT.clientSecret).getToken(`${emulator().armUrl}/.default`)).token;

  beforeAll(async () => {
    started = await startEmulator({ now: clock.now, seed: [DEFAULT_FACTORY], ...options });
    tls.setDefaultCACertificates([...tls.getCACertificates('default'), started.caPem]);
  });
  afterAll(() => emulator().stop());

  return {
    clock,
    get emulator() {
      return emulator();
    },
    freshFactory: async () => {
      const id = String(++subscriptions).padStart(12, '0');
      const factory = { subscriptionId: `aaaaaaaa-0000-0000-0000-${id}`, resourceGroup: group, name: 'Factory1' };
      await emulator().control.ensureFactory(factory);
      return factory;
    },
    client: (subscriptionId, secret = DEFAULT_CLIENT.clientSecret) =>
      new DataFactoryManagementClient(credential(secret), subscriptionId, {
        endpoint: emulator().armUrl,
        retryOptions: { maxRetries: 0 },
      }),
    token,
    fetch: async (path, { token: given, ...init } = {}) => {
      const bearer = given === undefined ? await token() : given;
      const headers = { ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }), ...init.headers };
      return fetch(`${emulator().armUrl}${path}`, { ...init, headers });
    },
  };
}

export function managed(location = 'West Europe'): IntegrationRuntimeResource {
  return { properties: { type: 'Managed', computeProperties: { location } } };
}

export interface Failure {
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly message: string;
  readonly body: unknown;
  readonly headers: Record<string, string>;
}

interface RestErrorShape {
  readonly statusCode?: number;
  readonly code?: string;
  readonly message: string;
  readonly response?: { readonly bodyAsText?: string | null; readonly headers: { toJSON(): Record<string, string> } };
}

/** What the SDK made of an error answer. */
export async function failure(call: Promise<unknown>): Promise<Failure> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason as RestErrorShape,
  );
  if (error === undefined) throw new Error('the call was expected to fail');
  const text = error.response?.bodyAsText;
  let body: unknown = text;
  try {
    body = text ? JSON.parse(text) : text;
  } catch {
    // A malformed body stays what it is.
  }
  return {
    status: error.statusCode,
    code: error.code,
    message: error.message,
    body,
    headers: error.response?.headers.toJSON() ?? {},
  };
}

export function runtimePath(factory: FactoryRef, name: string, action = ''): string {
  const base = `/subscriptions/${factory.subscriptionId}/resourceGroups/${factory.resourceGroup}`;
  return `${base}/providers/Microsoft.DataFactory/factories/${factory.name}/integrationRuntimes/${name}${action}?api-version=2018-06-01`;
}
