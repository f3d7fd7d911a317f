/** Factories and workspaces that come and go by ARM itself, and what is denied although it is there. */
import { describe, expect, test } from '@jest/globals';
import type { FactoryRef } from '../../../../dev/emulator/index.ts';
import { failure, group, managed, useEmulator } from './helpers.ts';

const suite = useEmulator();

const KINDS = [
  { kind: 'factory', type: 'Microsoft.DataFactory/factories', version: '2018-06-01', prefix: 'Factories' },
  { kind: 'workspace', type: 'Microsoft.Synapse/workspaces', version: '2021-06-01', prefix: 'Workspaces' },
] as const;

describe.each(KINDS)('a $kind', ({ kind, type, version, prefix }) => {
  const pathOf = ({ subscriptionId }: FactoryRef, name = 'Own') =>
    `/subscriptions/${subscriptionId}/resourceGroups/${group}/providers/${type}/${name}?api-version=${version}`;
  const ask = async (path: string, method: string, body?: object) => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const response = await suite.fetch(path, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  };

  test('is made, read and deleted by its own requests', async () => {
    const ref = await suite.freshFactory();
    const path = pathOf(ref);
    expect((await ask(path, 'GET')).status).toBe(404);
    expect(await ask(path, 'PUT', { location: 'westeurope' })).toMatchObject({ status: 200, body: { name: 'Own' } });
    expect(await ask(path, 'GET')).toMatchObject({ status: 200, body: { location: 'westeurope' } });
    expect((await ask(path, 'DELETE')).status).toBe(200);
    expect((await ask(path, 'DELETE')).status).toBe(204);
    expect(await ask(path, 'GET')).toMatchObject({ status: 404, body: { error: { code: 'ResourceNotFound' } } });
    expect(await suite.emulator.control.counts({ subscriptionId: ref.subscriptionId })).toEqual({
      [`${prefix}_Get`]: 3,
      [`${prefix}_CreateOrUpdate`]: 1,
      [`${prefix}_Delete`]: 2,
    });
  });

  test('keeps its runtimes when it is written again, and takes them along when it goes', async () => {
    const ref = await suite.freshFactory();
    const own = { ...ref, kind, name: 'Own' };
    await ask(pathOf(ref), 'PUT', { location: 'westeurope' });
    await suite.emulator.control.putRuntime({ factory: own, name: 'kept', properties: { type: 'Managed' } });
    await ask(pathOf(ref), 'PUT', { location: 'westeurope' });
    expect(await suite.emulator.control.getRuntime({ factory: own, name: 'kept' })).not.toBeNull();
    await ask(pathOf(ref), 'DELETE');
    await ask(pathOf(ref), 'PUT', { location: 'westeurope' });
    expect(await suite.emulator.control.getRuntime({ factory: own, name: 'kept' })).toBeNull();
  });

  test('needs a location and a resource group', async () => {
    const ref = await suite.freshFactory();
    expect(await ask(pathOf(ref), 'PUT', {})).toMatchObject({
      status: 400,
      body: { error: { code: 'LocationRequired' } },
    });
    const elsewhere = pathOf(ref).replace(group, 'Nowhere');
    expect(await ask(elsewhere, 'PUT', { location: 'westeurope' })).toMatchObject({
      status: 404,
      body: { error: { code: 'ResourceGroupNotFound' } },
    });
  });

  test('is denied as ARM does it, so often as asked for, while it is there', async () => {
    const ref = await suite.freshFactory();
    await ask(pathOf(ref), 'PUT', { location: 'westeurope' });
    const match = { subscriptionId: ref.subscriptionId };
    for (const [what, code] of [
      ['parent', 'ResourceNotFound'],
      ['resourceGroup', 'ResourceGroupNotFound'],
    ] as const) {
      await suite.emulator.control.addFault({ match, times: 2, effect: { kind: 'absent', what } });
      for (let i = 0; i < 2; i++) {
        const denied = await ask(pathOf(ref), 'GET');
        expect(denied).toMatchObject({ status: 404, body: { error: { code } } });
        expect(denied.headers.get('x-ms-failure-cause')).toBe('gateway');
      }
      expect((await ask(pathOf(ref), 'GET')).status).toBe(200);
    }
  });
});

describe('a runtime', () => {
  test('is denied by its provider, for one operation, while it is there', async () => {
    const { subscriptionId } = await suite.freshFactory();
    const { integrationRuntimes } = suite.client(subscriptionId);
    await integrationRuntimes.createOrUpdate(group, 'Factory1', 'abc', managed());
    const match = { subscriptionId, operation: 'IntegrationRuntimes_Get' } as const;
    await suite.emulator.control.addFault({ match, effect: { kind: 'absent', what: 'runtime' } });
    expect((await integrationRuntimes.getStatus(group, 'Factory1', 'abc')).properties.state).toBe('Online');
    expect(await failure(integrationRuntimes.get(group, 'Factory1', 'abc'))).toMatchObject({ code: 'NotFound' });
    expect((await integrationRuntimes.get(group, 'Factory1', 'abc')).name).toBe('abc');
  });

  test('is denied a write by ARM for want of its parent, which takes no effect', async () => {
    const factory = await suite.freshFactory();
    const { integrationRuntimes } = suite.client(factory.subscriptionId);
    const match = { subscriptionId: factory.subscriptionId, method: 'PUT' };
    await suite.emulator.control.addFault({ match, effect: { kind: 'absent', what: 'parent' } });
    const put = () => integrationRuntimes.createOrUpdate(group, 'Factory1', 'abc', managed());
    expect(await failure(put())).toMatchObject({ code: 'ParentResourceNotFound' });
    expect(await suite.emulator.control.runtimes(factory)).toEqual([]);
    expect((await put()).name).toBe('abc');
  });
});
