/** Synapse workspaces, as the SDK's own pollers and the recorded answers know them. */
import { SynapseManagementClient } from '@azure/arm-synapse';
import { ClientSecretCredential } from '@azure/identity';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { DEFAULT_CLIENT, type FactoryRef } from '../../../../dev/emulator/index.ts';
import { failure, group, useEmulator } from './helpers.ts';

const suite = useEmulator();
const name = 'workspace1';
let workspace: FactoryRef;
let base: string;
const control = () => suite.emulator.control;
const MANAGED = { properties: { type: 'Managed', computeProperties: { location: 'West Europe' } } } as const;

beforeEach(async () => {
  const { subscriptionId } = await suite.freshFactory();
  workspace = { kind: 'workspace', subscriptionId, resourceGroup: group, name };
  base = `/subscriptions/${subscriptionId}/resourceGroups/${group}/providers/Microsoft.Synapse/workspaces/${name}`;
  await control().ensureWorkspace(workspace);
});

function client(): SynapseManagementClient {
  const { authorityUrl, armUrl } = suite.emulator;
  const credential = new ClientSecretCredential(
    DEFAULT_CLIENT.tenantId,
    DEFAULT_CLIENT.clientId,
    DEFAULT_CLIENT.clientSecret,
    { authorityHost: authorityUrl, disableInstanceDiscovery: true },
  );
  return new SynapseManagementClient(credential, workspace.subscriptionId, {
    endpoint: armUrl,
    credentialScopes: [`${armUrl}/.default`],
    retryOptions: { maxRetries: 0 },
  });
}

const runtimes = () => client().integrationRuntimes;
const at = (path: string) => `${base}${path}?api-version=2021-06-01-preview`;
const runtime = (which = 'Runtime') => control().getRuntime({ factory: workspace, name: which });
const put = (body: unknown = MANAGED, headers: Record<string, string> = {}) =>
  suite.fetch(at('/integrationRuntimes/Runtime'), { method: 'PUT', body: JSON.stringify(body), headers });

describe('a write', () => {
  test('is accepted as recorded, and takes effect later', async () => {
    const answer = await put();
    expect(answer.status).toBe(202);
    const body = (await answer.json()) as { operationId: string };
    expect(body).toEqual({
      id: `${base}/integrationRuntimes/Runtime`,
      recordId: expect.any(Number),
      state: 'Creating',
      created: expect.any(String),
      changed: expect.any(String),
      type: 'IntegrationRuntime',
      name: 'Runtime',
      operationId: expect.any(String),
      artifactId: expect.any(String),
    });
    expect(answer.headers.get('retry-after')).toBe('1');
    const location = answer.headers.get('location') ?? '';
    expect(location).toBe(`${suite.emulator.armUrl}${at(`/operationResults/${body.operationId}`)}`);
    expect(await runtime()).toBeNull();
    const path = location.slice(suite.emulator.armUrl.length);
    expect((await suite.fetch(path)).status).toBe(202);
    suite.clock.advance(200);
    expect(await (await suite.fetch(path)).json()).toMatchObject({
      type: 'Microsoft.Synapse/workspaces/integrationruntimes',
      id: `${base}/integrationruntimes/Runtime`,
      properties: MANAGED.properties,
    });
    expect(await runtime()).toMatchObject({ name: 'Runtime' });
  });

  test("is seen through to its end by the SDK's own poller", async () => {
    await control().setOperations({ factory: workspace, durationMs: 0 });
    const options = { updateIntervalInMs: 1 };
    const created = await runtimes().beginCreateAndWait(group, name, 'Runtime', MANAGED, options);
    expect(created).toMatchObject({ name: 'Runtime', properties: { type: 'Managed' } });
    await runtimes().beginDeleteAndWait(group, name, 'Runtime', options);
    expect(await runtime()).toBeNull();
  });

  test('of a deletion tells neither when to ask nor of an artifact', async () => {
    await control().putRuntime({ factory: workspace, name: 'Runtime', properties: { type: 'Managed' } });
    const answer = await suite.fetch(at('/integrationRuntimes/Runtime'), { method: 'DELETE' });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('retry-after')).toBeNull();
    expect(await answer.json()).toMatchObject({ state: 'Deleting', created: '0001-01-01T00:00:00' });
    expect(await runtime()).not.toBeNull();
    suite.clock.advance(200);
    expect(await runtime()).toBeNull();
    const result = await suite.fetch((answer.headers.get('location') ?? '').slice(suite.emulator.armUrl.length));
    expect([result.status, await result.text()]).toEqual([200, '']);
  });

  test('that is refused is refused at once', async () => {
    await control().putRuntime({ factory: workspace, name: 'Runtime', properties: { type: 'Managed' } });
    await control().setReferences({ factory: workspace, name: 'Runtime', referrers: ['LS'] });
    expect((await suite.fetch(at('/integrationRuntimes/Runtime'), { method: 'DELETE' })).status).toBe(400);
    expect((await put(MANAGED, { 'if-none-match': '*' })).status).toBe(412);
    expect((await put({})).status).toBe(400);
  });

  test('may come to nothing', async () => {
    await control().setOperations({ factory: workspace, failing: 1 });
    const path = ((await put()).headers.get('location') ?? '').slice(suite.emulator.armUrl.length);
    suite.clock.advance(200);
    expect((await suite.fetch(path)).status).toBe(400);
    expect(await runtime()).toBeNull();
    await put();
    suite.clock.advance(200);
    expect(await runtime()).not.toBeNull();
  });

  test('takes effect after those before it', async () => {
    await control().setOperations({ factory: workspace, durationMs: 1_000 });
    await put({ properties: { type: 'Managed', description: 'first' } });
    await control().setOperations({ factory: workspace, durationMs: 0 });
    await put({ properties: { type: 'Managed', description: 'second' } });
    expect(await runtime()).toBeNull();
    suite.clock.advance(1_000);
    expect((await runtime())?.properties.description).toBe('second');
  });
});

describe('a workspace', () => {
  test('shows the default runtime in its list', async () => {
    const listed = [];
    for await (const one of runtimes().listByWorkspace(group, name)) listed.push(one.name);
    expect(listed).toEqual(['AutoResolveIntegrationRuntime']);
  });

  test('knows both versions of the API, and no other', async () => {
    const status = async (version: string) =>
      (await suite.fetch(`${base}/integrationRuntimes?api-version=${version}`)).status;
    expect(await Promise.all(['2021-03-01', '2021-06-01-preview', '2018-06-01'].map(status))).toEqual([200, 200, 400]);
  });

  test('says what is missing without a wrapper, and names a factory', async () => {
    const missing = await failure(runtimes().get(group, name, 'Nothing'));
    expect(missing).toMatchObject({ status: 404 });
    expect(missing.body).toEqual({
      code: 'NotFound',
      message: 'The document could not be retrieved because it does not exist.',
      target: `${base.replace('Microsoft.Synapse/workspaces', 'Microsoft.DataFactory/factories')}/integrationruntimes/Nothing`,
      details: null,
      error: null,
    });
  });

  test('that is missing is named by the gateway', async () => {
    await control().removeWorkspace(workspace);
    const missing = await failure(runtimes().get(group, name, 'Runtime'));
    expect(missing).toMatchObject({ status: 404, code: 'ResourceNotFound' });
    expect(missing.message).toContain(`Microsoft.Synapse/workspaces/${name}`);
  });

  test('has a state for each runtime, and actions of its own', async () => {
    const status = () => client().integrationRuntimeStatusOperations.get(group, name, 'AutoResolveIntegrationRuntime');
    expect(await status()).toMatchObject({ properties: { state: 'Online' } });
    await control().addRefusal({ kind: 'permission', scope: base });
    const { message } = await failure(status());
    expect(message).toContain("'Microsoft.Synapse/workspaces/integrationRuntimes/getStatus/action'");
  });

  test('is not the factory of the same name', async () => {
    await control().ensureFactory({ ...workspace, kind: 'factory' });
    await control().putRuntime({ factory: workspace, name: 'Runtime', properties: { type: 'Managed' } });
    expect(await control().runtimes({ ...workspace, kind: 'factory' })).toEqual([]);
  });
});
