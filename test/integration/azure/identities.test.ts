/** Identities against the emulated Entra ID: which credential an object acts with, and what a bad one leads to. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DEFAULT_CLIENT, type EmulatorControl } from '../../../dev/emulator/index.ts';
import { createServerIdentity } from '../../../dev/emulator/tls.ts';
import { caller, failureOf, ID, LOGIN, SECRET, startWorld, type World } from './support/world.ts';

let world: World;
let control: EmulatorControl;

beforeAll(async () => {
  world = await startWorld();
  control = world.emulator.control;
});

afterAll(() => world.stop());
beforeEach(() => control.reset());

const read = (env: Record<string, string>) => world.runtimes(env).read(ID, caller());

describe('an identity reaches Azure', () => {
  test('by its client secret', async () => {
    expect((await read(SECRET)).fresh).toBe(true);
  });

  test('by its certificate', async () => {
    const file = join(world.dir, 'client.pem');
    // Any certificate and any RSA key do: the emulator does not know which one belongs to the client.
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const { certPem } = createServerIdentity(['client']);
    await writeFile(file, `${privateKey.export({ type: 'pkcs8', format: 'pem' })}${certPem}`);
    expect((await read({ ...LOGIN, AZURE_CLIENT_CERTIFICATE_PATH: file })).fresh).toBe(true);
  });

  test('by its federated token', async () => {
    const file = join(world.dir, 'token');
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    await writeFile(file, `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ sub: 'system:serviceaccount:ns:sa' })}.c2ln`);
    expect((await read({ ...LOGIN, AZURE_FEDERATED_TOKEN_FILE: file })).fresh).toBe(true);
  });

  test('with one token for all its calls', async () => {
    const runtimes = world.runtimes();
    await Promise.all([
      runtimes.read(ID, caller()),
      runtimes.state(ID, caller()).catch(() => {}),
      runtimes.hint(ID, 0, caller()),
    ]);
    expect((await control.counts()).Entra_Token).toBe(1);
  });

  test('asking for the audience that was set', async () => {
    const runtimes = world.runtimes(SECRET, { audience: 'https://management.azure.com' });
    expect((await runtimes.read(ID, caller())).fresh).toBe(true);
  });
});

describe('an authority that gives no token', () => {
  test.each([
    ['a wrong secret', { ...SECRET, AZURE_CLIENT_SECRET: 'wr0ng-secret' }, 'secret'],
    ['a wrong client', { ...SECRET, AZURE_CLIENT_ID: randomUUID() }, 'client id'],
    ['a wrong tenant', { ...SECRET, AZURE_TENANT_ID: randomUUID() }, 'tenant'],
    ['a federated token file that is missing', { ...LOGIN, AZURE_FEDERATED_TOKEN_FILE: '/nowhere/token' }, 'file'],
    ['a certificate file that is missing', { ...LOGIN, AZURE_CLIENT_CERTIFICATE_PATH: '/nowhere/cert.pem' }, 'file'],
  ])('because of %s needs a person, and no ARM call is made', async (_what, env, words) => {
    const failure = await failureOf(read(env));
    expect(failure).toMatchObject({ kind: 'credentialsInvalid', message: expect.stringContaining(words) });
    expect(JSON.stringify(failure)).not.toMatch(/wr0ng|Trace|Correlation|Timestamp/);
    expect(await control.counts({ runtime: ID.name })).toEqual({});
  });

  test.each(['unavailable', 'drop'] as const)('because it is down (%s) heals by itself', async (mode) => {
    await control.setTokenEndpoint({ mode });
    expect((await failureOf(read(SECRET))).kind).toBe('credentialUnavailable');
  });

  test('because there is nobody at its address heals by itself, and says what is wrong', async () => {
    // Port 1 is reserved, and nothing listens there.
    const runtimes = world.runtimes(SECRET, { authorityHost: 'https://127.0.0.1:1' });
    expect(await failureOf(runtimes.read(ID, caller()))).toMatchObject({
      kind: 'credentialUnavailable',
      message: expect.stringContaining('no connection'),
    });
  });

  test('for one moment only is no failure', async () => {
    await control.addFault({ match: { operation: 'Entra_Token' }, effect: { kind: 'drop' } });
    expect((await read(SECRET)).fresh).toBe(true);
  });

  test('once it does again, lets the next call through', async () => {
    await control.setTokenEndpoint({ mode: 'unavailable' });
    const runtimes = world.runtimes();
    expect((await failureOf(runtimes.read(ID, caller()))).kind).toBe('credentialUnavailable');
    await control.setTokenEndpoint({ mode: 'up' });
    const deadline = Date.now() + 20_000;
    for (;;) {
      const outcome = await runtimes.read(ID, caller()).catch(() => undefined);
      if (outcome !== undefined) break;
      if (Date.now() > deadline) throw new Error('still no token');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
});

describe('a token that ARM refuses', () => {
  test('because it ran out is replaced within the call', async () => {
    const runtimes = world.runtimes();
    await runtimes.read(ID, caller());
    await control.revokeTokens({ clientId: DEFAULT_CLIENT.clientId });
    expect((await runtimes.read(ID, caller())).fresh).toBe(true);
    expect((await control.counts()).Entra_Token).toBe(2);
  });

  test('for good needs a person', async () => {
    const body = {
      error: { code: 'InvalidAuthenticationTokenTenant', message: 'The access token is from the wrong issuer.' },
    };
    await control.addFault({
      times: 'always',
      match: { runtime: ID.name },
      effect: { kind: 'reply', status: 401, body },
    });
    expect((await failureOf(read(SECRET))).kind).toBe('credentialsInvalid');
  });
});
