/** The emulated Entra ID. */
import { randomUUID } from 'node:crypto';
import { DataFactoryManagementClient } from '@azure/arm-datafactory';
import { ClientAssertionCredential, ClientSecretCredential } from '@azure/identity';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { DEFAULT_CLIENT, type FactoryRef } from '../../../../dev/emulator/index.ts';
import { failure, group, runtimePath, useEmulator } from './helpers.ts';

const suite = useEmulator();
let factory: FactoryRef;
const control = () => suite.emulator.control;
const scope = 'https://management.azure.com/.default';
const options = () => ({
  authorityHost: suite.emulator.authorityUrl,
  disableInstanceDiscovery: true,
  retryOptions: { maxRetries: 0 },
});
const credential = (clientId: string, secret: string) =>
  new ClientSecretCredential(DEFAULT_CLIENT.tenantId, clientId, secret, options());

beforeEach(async () => {
  factory = await suite.freshFactory();
});

describe('tokens', () => {
  test('are JWTs of three parts that say who the caller is', async () => {
    const { token } = await credential(DEFAULT_CLIENT.clientId, DEFAULT_CLIENT.clientSecret).getToken(scope);
    const parts = token.split('.');
    expect(parts).toHaveLength(3);
    expect(JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString())).toMatchObject({
      appid: DEFAULT_CLIENT.clientId,
      oid: DEFAULT_CLIENT.objectId,
      tid: DEFAULT_CLIENT.tenantId,
      aud: 'https://management.azure.com',
    });
  });

  test('are given for an assertion, as workload identity does', async () => {
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const assertion = `${encode({ alg: 'RS256' })}.${encode({ sub: 'system:serviceaccount:ns:sa' })}.c2ln`;
    const workload = new ClientAssertionCredential(
      DEFAULT_CLIENT.tenantId,
      DEFAULT_CLIENT.clientId,
      async () => assertion,
      options(),
    );
    const client = new DataFactoryManagementClient(workload, factory.subscriptionId, {
      endpoint: suite.emulator.armUrl,
    });
    expect((await client.integrationRuntimes.listByFactory(group, 'Factory1').byPage().next()).value).toEqual([]);
  });

  test.each([
    ['a wrong secret', DEFAULT_CLIENT.clientId, 'wrong', 'invalid_client', 'AADSTS7000215'],
    ['an unknown client', '99999999-9999-9999-9999-999999999999', 'x', 'unauthorized_client', 'AADSTS700016'],
  ])('are refused for %s', async (_, clientId, secret, error, code) => {
    const refused = await credential(clientId, secret)
      .getToken(scope)
      .catch((reason: unknown) => reason as Error);
    expect(refused).toMatchObject({ message: expect.stringContaining(error) });
    expect(refused).toMatchObject({ message: expect.stringContaining(code) });
  });

  test('are refused for an audience nobody knows', async () => {
    const { clientId, clientSecret } = DEFAULT_CLIENT;
    await expect(credential(clientId, clientSecret).getToken('https://example.org/.default')).rejects.toThrow(
      'AADSTS500011',
    );
  });

  test('discovery names the origin that it was asked at', async () => {
    const port = new URL(suite.emulator.authorityUrl).port;
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`]) {
      const url = `https://${host}/${DEFAULT_CLIENT.tenantId}/v2.0/.well-known/openid-configuration`;
      const found = (await (await fetch(url)).json()) as Record<string, string>;
      expect(found.issuer).toBe(`https://${host}/${DEFAULT_CLIENT.tenantId}/v2.0`);
      expect((await fetch(found.jwks_uri ?? '')).status).toBe(200);
    }
    const clouds = await fetch(`${suite.emulator.armUrl}/metadata/endpoints?api-version=2022-09-01`);
    expect(await clouds.json()).toMatchObject({ resourceManager: suite.emulator.armUrl });
  });

  test('can be listed with the secrets that were presented for them, whatever became of them', async () => {
    const client = { tenantId: DEFAULT_CLIENT.tenantId, clientId: randomUUID(), clientSecret: 'listed-secret' };
    await control().putClient(client);
    const { token } = await credential(client.clientId, client.clientSecret).getToken(scope);
    await credential(client.clientId, 'listed-wrong-secret')
      .getToken(scope)
      .catch(() => {});
    await control().removeClient({ clientId: client.clientId });
    expect(await control().issuedTokens({ clientId: client.clientId })).toEqual([
      expect.objectContaining({ token, clientId: client.clientId, tenantId: client.tenantId }),
    ]);
    expect(await control().presentedSecrets()).toEqual(
      expect.arrayContaining(['listed-secret', 'listed-wrong-secret']),
    );
  });

  const freshClient = async (more: object = {}) => {
    const client = { tenantId: DEFAULT_CLIENT.tenantId, clientId: randomUUID(), clientSecret: 'first-secret' };
    await control().putClient({ ...client, ...more });
    return client;
  };

  test('are refused once, or so many times, with a code that was asked for, of one client alone', async () => {
    const { clientId, clientSecret } = await freshClient();
    await control().refuseTokens({ clientId, code: 700213 });
    await control().refuseTokens({ clientId, code: 70021, times: 2 });
    const get = () => credential(clientId, clientSecret).getToken(scope);
    await credential(DEFAULT_CLIENT.clientId, DEFAULT_CLIENT.clientSecret).getToken(scope);
    await expect(get()).rejects.toThrow('AADSTS700213:');
    await expect(get()).rejects.toThrow('AADSTS70021:');
    await expect(get()).rejects.toThrow('AADSTS70021:');
    await get();
    await control().refuseTokens({ clientId, code: 7000222, times: 'always' });
    await expect(get()).rejects.toThrow('AADSTS7000222:');
    await control().clearTokenRefusals({ clientId });
    await get();
  });

  test('are given for a new secret only once Entra has learnt it, and for the former one until then', async () => {
    const client = await freshClient();
    const get = (secret: string) => credential(client.clientId, secret).getToken(scope);
    await control().putClient({ ...client, clientSecret: 'second-secret', learntAfterMs: 300 });
    await get('first-secret');
    await expect(get('second-secret')).rejects.toThrow('AADSTS7000215');
    suite.clock.advance(350);
    await get('second-secret');
    await expect(get('first-secret')).rejects.toThrow('AADSTS7000215');
  });

  test('the token endpoint can be down for one client alone', async () => {
    const other = { ...DEFAULT_CLIENT, clientId: '44444444-4444-4444-4444-444444444444' };
    await control().putClient(other);
    await control().setTokenEndpoint({ clientId: other.clientId, mode: 'unavailable' });
    await expect(credential(other.clientId, other.clientSecret).getToken(scope)).rejects.toThrow();
    await credential(DEFAULT_CLIENT.clientId, DEFAULT_CLIENT.clientSecret).getToken(scope);
    await control().setTokenEndpoint({ clientId: other.clientId, mode: 'drop' });
    await expect(credential(other.clientId, other.clientSecret).getToken(scope)).rejects.toThrow();
    await control().setTokenEndpoint({ clientId: other.clientId, mode: 'up' });
    await credential(other.clientId, other.clientSecret).getToken(scope);
  });
});

describe('ARM wants a good token', () => {
  const error = async (response: Response): Promise<unknown> => {
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('Bearer');
    return ((await response.json()) as { error: unknown }).error;
  };

  test('none, another scheme, a wrong one', async () => {
    const path = runtimePath(factory, 'abc');
    const missing = {
      code: 'AuthenticationFailed',
      message: "Authentication failed. The 'Authorization' header is missing.",
    };
    expect(await error(await suite.fetch(path, { token: null }))).toEqual(missing);
    expect(await error(await suite.fetch(path, { token: null, headers: { authorization: 'Basic YTpi' } }))).toEqual(
      missing,
    );
    expect(await error(await suite.fetch(path, { token: 'a.b.c' }))).toEqual({
      code: 'InvalidAuthenticationToken',
      message: 'The access token is invalid.',
    });
  });

  test('one of another audience', async () => {
    const graph = await credential(DEFAULT_CLIENT.clientId, DEFAULT_CLIENT.clientSecret).getToken(
      'https://graph.microsoft.com/.default',
    );
    expect(await error(await suite.fetch(runtimePath(factory, 'abc'), { token: graph.token }))).toMatchObject({
      code: 'InvalidAuthenticationTokenAudience',
    });
  });

  test('one of the tenant of the subscription', async () => {
    const other = { tenantId: randomUUID(), clientId: randomUUID(), clientSecret: 'other-tenant-secret' };
    await control().putClient(other);
    await control().ensureSubscription({ subscriptionId: factory.subscriptionId, tenantId: DEFAULT_CLIENT.tenantId });
    const foreign = new ClientSecretCredential(other.tenantId, other.clientId, other.clientSecret, options());
    const { token } = await foreign.getToken(scope);
    const path = runtimePath(factory, 'abc');
    expect(await error(await suite.fetch(path, { token }))).toEqual({
      code: 'InvalidAuthenticationTokenTenant',
      message: expect.stringContaining(`'https://sts.windows.net/${DEFAULT_CLIENT.tenantId}/'`),
    });
    expect((await suite.fetch(path)).status).toBe(404);
    const unbound = await suite.freshFactory();
    expect((await suite.fetch(runtimePath(unbound, 'abc'), { token })).status).toBe(404);
    const list = await suite.fetch('/subscriptions?api-version=2022-12-01', { token });
    expect(JSON.stringify(await list.json())).not.toContain(factory.subscriptionId);
  });

  test('an expired one, and a revoked one', async () => {
    const path = runtimePath(factory, 'abc');
    const expired = {
      code: 'ExpiredAuthenticationToken',
      message: expect.stringMatching(
        /^The access token expiry UTC time '\d+\/\d+\/\d{4} \d+:\d\d:\d\d [AP]M' is earlier than current UTC time '.* [AP]M'\.$/,
      ),
    };
    const old = await suite.token();
    suite.clock.advance(3600_000);
    expect(await error(await suite.fetch(path, { token: old }))).toEqual(expired);
    const revoked = await suite.token();
    expect((await suite.fetch(path, { token: revoked })).status).toBe(404);
    await control().revokeTokens({ clientId: DEFAULT_CLIENT.clientId });
    expect(await error(await suite.fetch(path, { token: revoked }))).toEqual(expired);
  });

  test('the SDK reports it as such', async () => {
    const client = suite.client(factory.subscriptionId);
    await client.integrationRuntimes.listByFactory(group, 'Factory1').byPage().next();
    await control().revokeTokens();
    expect(await failure(client.integrationRuntimes.get(group, 'Factory1', 'abc'))).toMatchObject({
      status: 401,
      code: 'ExpiredAuthenticationToken',
    });
  });
});
