/** Managed virtual networks, the runtimes in them, and interactive authoring. */
import type { IntegrationRuntimeResource } from '@azure/arm-datafactory';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { FactoryRef } from '../../../../dev/emulator/index.ts';
import { failure, group, managed, runtimePath, useEmulator } from './helpers.ts';

const suite = useEmulator();
let factory: FactoryRef;
const runtimes = () => suite.client(factory.subscriptionId).integrationRuntimes;
const networks = () => suite.client(factory.subscriptionId).managedVirtualNetworks;
const control = () => suite.emulator.control;
const MINUTE = 60_000;

const inNetwork = (location = 'AutoResolve'): IntegrationRuntimeResource => ({
  properties: {
    type: 'Managed',
    managedVirtualNetwork: { type: 'ManagedVirtualNetworkReference', referenceName: 'default' },
    computeProperties: { location },
  },
});
const put = (resource = inNetwork(), name = 'abc') => runtimes().createOrUpdate(group, 'Factory1', name, resource);
const state = async () => (await runtimes().getStatus(group, 'Factory1', 'abc')).properties.state;
const raw = async (action: string, method = 'POST', body?: unknown) => {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
  return suite.fetch(runtimePath(factory, 'abc', action), init);
};
interface Body {
  readonly error?: { readonly code: string };
  readonly properties?: { readonly typeProperties?: object };
}
const bodyOf = async (answer: Response) => (await answer.json()) as Body;
const status = async () => (await bodyOf(await raw('/getStatus'))).properties?.typeProperties;

beforeEach(async () => {
  factory = await suite.freshFactory();
});

describe('a managed virtual network', () => {
  test('is made by PUT, and answered as recorded', async () => {
    expect((await networks().listByFactory(group, 'Factory1').byPage().next()).value).toEqual([]);
    const made = await networks().createOrUpdate(group, 'Factory1', 'default', { properties: {} });
    expect(made).toEqual({
      id: `/subscriptions/${factory.subscriptionId}/resourceGroups/${group}/providers/Microsoft.DataFactory/factories/Factory1/managedvirtualnetworks/default`,
      name: 'default',
      type: 'Microsoft.DataFactory/factories/managedvirtualnetworks',
      properties: {
        vNetId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        preventDataExfiltration: false,
        alias: expect.any(String),
      },
      etag: expect.any(String),
    });
    expect(await networks().get(group, 'Factory1', 'Default')).toEqual(made);
    expect((await networks().listByFactory(group, 'Factory1').byPage().next()).value).toEqual([made]);
    const again = await networks().createOrUpdate(group, 'Factory1', 'default', { properties: {} });
    expect(again.properties).toEqual(made.properties);
    expect(again.etag).not.toBe(made.etag);
  });

  test('is missing by the code of a missing document', async () => {
    expect(await failure(networks().get(group, 'Factory1', 'default'))).toMatchObject({
      status: 404,
      code: 'NotFound',
    });
  });

  test('that is there is not written where If-None-Match forbids it', async () => {
    await control().ensureNetwork({ factory });
    const options = { requestOptions: { customHeaders: { 'If-None-Match': '*' } } };
    const refused = failure(networks().createOrUpdate(group, 'Factory1', 'default', { properties: {} }, options));
    expect(await refused).toMatchObject({ status: 412 });
  });

  test('has one name, and no DELETE', async () => {
    const other = failure(networks().createOrUpdate(group, 'Factory1', 'other', { properties: {} }));
    expect(await other).toMatchObject({ status: 400, code: 'InvalidResourceRequest' });
    const path = runtimePath(factory, 'default').replace('integrationRuntimes', 'managedVirtualNetworks');
    expect((await suite.fetch(path, { method: 'DELETE' })).status).toBe(405);
  });

  test('spends writes and reads, and needs its own permissions', async () => {
    await control().addRefusal({ kind: 'permission', action: '*/managedVirtualNetworks/write' });
    const refused = await failure(networks().createOrUpdate(group, 'Factory1', 'default', { properties: {} }));
    await control().clearRefusals();
    expect(refused).toMatchObject({ status: 403, code: 'AuthorizationFailed' });
    expect(refused.message).toContain('/factories/Factory1/managedVirtualNetworks/default');
  });

  test.each(['PUT', 'GET'])('%s tells of a missing factory', async (method) => {
    const path = runtimePath(factory, 'default').replace('integrationRuntimes', 'managedVirtualNetworks');
    const answer = await suite.fetch(path.replace('Factory1', 'Missing'), {
      method,
      ...(method === 'PUT' ? { body: '{"properties":{}}' } : {}),
    });
    expect((await bodyOf(answer)).error?.code).toBe(method === 'PUT' ? 'ParentResourceNotFound' : 'ResourceNotFound');
  });
});

describe('a runtime in a network', () => {
  test('is refused as long as there is no network', async () => {
    const refused = await failure(put());
    expect(refused).toMatchObject({ status: 400, code: 'BadRequest' });
    expect(refused.message).toContain("failed because of invalid reference 'default'");
    await control().ensureNetwork({ factory });
    await put();
  });

  test('passes through other states before it is Online', async () => {
    await control().ensureNetwork({ factory });
    await put();
    const seen = [await state()];
    for (let i = 0; i < 3; i++) {
      suite.clock.advance(1_000);
      seen.push(await state());
    }
    expect(seen).toEqual(['Initial', 'Starting', 'Online', 'Online']);
  });

  test.each([
    ['West Europe', 200],
    ['westeurope', 200],
    ['autoresolve', 200],
    ['North Europe', 400],
  ])('may be in %s, of a factory in westeurope: %d', async (location, expected) => {
    await control().ensureNetwork({ factory });
    const done = put(inNetwork(location));
    if (expected === 200) await done;
    else expect((await failure(done)).message).toContain('region of the data factory');
  });

  test('stays where it is, whatever a PUT says', async () => {
    await control().ensureNetwork({ factory });
    await put();
    await put(managed('West Europe'));
    expect((await runtimes().get(group, 'Factory1', 'abc')).properties).toHaveProperty('managedVirtualNetwork');
    await put(managed(), 'public');
    await put(inNetwork(), 'public');
    expect((await runtimes().get(group, 'Factory1', 'public')).properties).not.toHaveProperty('managedVirtualNetwork');
  });

  test('can be answered as asked for and be public', async () => {
    await control().ensureNetwork({ factory });
    await control().setWriteMode({ factory, mode: 'pretend' });
    expect((await put()).properties).toHaveProperty('managedVirtualNetwork');
    expect((await runtimes().get(group, 'Factory1', 'abc')).properties).toEqual({ type: 'Managed' });
  });

  test('may have the name of the default runtime', async () => {
    await control().ensureNetwork({ factory });
    await put(inNetwork(), 'AutoResolveIntegrationRuntime');
    expect((await runtimes().listByFactory(group, 'Factory1').byPage().next()).value).toHaveLength(1);
  });
});

describe('interactive authoring', () => {
  const online = async () => {
    await control().ensureNetwork({ factory });
    await put();
    suite.clock.advance(5_000);
  };

  test('is enabled by a long-running operation, and ends by itself', async () => {
    await online();
    expect(await status()).toBeUndefined();
    const accepted = await raw('/enableInteractiveQuery', 'POST', { autoTerminationMinutes: 10 });
    expect([accepted.status, await accepted.text()]).toEqual([202, '']);
    const url = accepted.headers.get('azure-asyncoperation') ?? '';
    expect(accepted.headers.get('location')).toBe(url);
    expect(url).toMatch(/\/integrationruntimes\/abc\/enableInteractiveQuery\/operationresults\/[0-9a-f-]{36}\?/);
    const poll = async () => (await suite.fetch(url.slice(suite.emulator.armUrl.length))).json();
    expect(await poll()).toMatchObject({ status: 'InProgress', properties: null, error: null });
    expect(await status()).toEqual({ interactiveQuery: { status: 'Enabling', autoTerminationMinutes: 10 } });
    suite.clock.advance(1_000);
    expect(await poll()).toMatchObject({ status: 'Succeeded', properties: { type: 'Managed' } });
    expect(await status()).toEqual({ interactiveQuery: { status: 'Enabled', autoTerminationMinutes: 10 } });
    suite.clock.advance(10 * MINUTE);
    expect(await status()).toEqual({ interactiveQuery: { status: 'Disabled', autoTerminationMinutes: 10 } });
    expect((await runtimes().get(group, 'Factory1', 'abc')).properties).not.toHaveProperty('interactiveQuery');
  });

  test('is disabled the same way, and keeps its minutes', async () => {
    await online();
    await control().setInteractiveQuery({ factory, name: 'abc', status: 'Enabled', autoTerminationMinutes: 30 });
    expect((await raw('/disableInteractiveQuery')).status).toBe(202);
    expect(await status()).toEqual({ interactiveQuery: { status: 'Disabling', autoTerminationMinutes: 30 } });
    suite.clock.advance(1_000);
    expect(await status()).toEqual({ interactiveQuery: { status: 'Disabled', autoTerminationMinutes: 30 } });
    expect((await control().getRuntime({ factory, name: 'abc' }))?.interactiveQuery?.status).toBe('Disabled');
  });

  test('can fail, and then is what it was', async () => {
    await online();
    await control().setInteractiveQueryMode({ factory, takesMs: 2_000, fails: true });
    const accepted = await raw('/enableInteractiveQuery', 'POST', { autoTerminationMinutes: 10 });
    suite.clock.advance(1_999);
    expect(await status()).toMatchObject({ interactiveQuery: { status: 'Enabling' } });
    suite.clock.advance(1);
    expect(await status()).toBeUndefined();
    const url = accepted.headers.get('location') ?? '';
    const result = await (await suite.fetch(url.slice(suite.emulator.armUrl.length))).json();
    expect(result).toMatchObject({ status: 'Failed', error: { code: 'InternalServerError' } });
  });

  test('is refused to a public runtime, to one that is not Online, and for other minutes', async () => {
    await put(managed());
    const enable = async (minutes = 10) => {
      const answer = await raw('/enableInteractiveQuery', 'POST', { autoTerminationMinutes: minutes });
      return answer.status === 202 ? 'accepted' : (await bodyOf(answer)).error;
    };
    expect(await enable()).toMatchObject({ code: 'BadRequest', message: expect.stringContaining('virtual network') });
    await runtimes().delete(group, 'Factory1', 'abc');
    expect(await enable()).toMatchObject({ code: 'NotFound' });
    await control().ensureNetwork({ factory });
    await put();
    expect(await enable()).toMatchObject({ code: 'BadRequest', message: expect.stringContaining('online') });
    suite.clock.advance(5_000);
    expect(await enable(20)).toMatchObject({ code: 'InvalidResourceRequest' });
    expect(await enable()).toBe('accepted');
  });

  test('spends writes, and a poll reads', async () => {
    await online();
    const accepted = await raw('/enableInteractiveQuery');
    expect(accepted.headers.has('x-ms-ratelimit-remaining-subscription-writes')).toBe(true);
    const unknown = await raw('/enableInteractiveQuery/operationresults/none', 'GET');
    expect(unknown.status).toBe(404);
    expect(unknown.headers.has('x-ms-ratelimit-remaining-subscription-reads')).toBe(true);
    expect((await raw('/enableInteractiveQuery/other/none', 'GET')).status).toBe(404);
    expect((await raw('/enableInteractiveQuery', 'GET')).status).toBe(405);
  });
});

test('networks are shown by the control', async () => {
  expect(await control().networks(factory)).toEqual([]);
  const made = await control().ensureNetwork({ factory });
  expect(await control().ensureNetwork({ factory, name: 'DEFAULT' })).toEqual(made);
  expect(await control().networks(factory)).toEqual([made]);
});
