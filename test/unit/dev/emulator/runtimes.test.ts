/** Runtimes of the emulated Data Factory. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { createControlClient, type FactoryRef } from '../../../../dev/emulator/index.ts';
import { failure, group, managed, runtimePath, useEmulator } from './helpers.ts';

const suite = useEmulator();
let factory: FactoryRef;
const runtimes = () => suite.client(factory.subscriptionId).integrationRuntimes;
const control = () => suite.emulator.control;

beforeEach(async () => {
  factory = await suite.freshFactory();
});

describe('documents', () => {
  test('a create answers 200 with the resource as recorded', async () => {
    const created = await runtimes().createOrUpdate(group, 'Factory1', 'MySampleAzureIR', managed());
    expect(created).toEqual({
      id: `/subscriptions/${factory.subscriptionId}/resourceGroups/${group}/providers/Microsoft.DataFactory/factories/Factory1/integrationruntimes/MySampleAzureIR`,
      name: 'MySampleAzureIR',
      type: 'Microsoft.DataFactory/factories/integrationruntimes',
      properties: { type: 'Managed', computeProperties: { location: 'West Europe' } },
      etag: expect.stringMatching(/^[0-9a-f]{8}-0000-0000-0000-[0-9a-f]{8}0000$/),
    });
  });

  test('the last group of an etag is the time of the write', async () => {
    const { etag = '' } = await runtimes().createOrUpdate(group, 'Factory1', 'abc', managed());
    expect(Number.parseInt(etag.split('-')[4]?.slice(0, 8) ?? '', 16)).toBe(Math.floor(suite.clock.now() / 1000));
  });

  test('nothing is added to what was sent, and nothing of it is lost', async () => {
    const properties = { type: 'Managed', unknown: { deep: [1, { two: null }] }, description: 'Grüße "quoted" \u2028' };
    await suite.fetch(runtimePath(factory, 'abc'), {
      method: 'PUT',
      body: JSON.stringify({ id: 'ignored', name: 'ignored', etag: 'ignored', properties }),
    });
    const read = await (await suite.fetch(runtimePath(factory, 'abc'))).json();
    expect(read).toEqual({
      id: expect.any(String),
      name: 'abc',
      type: expect.any(String),
      properties,
      etag: expect.any(String),
    });
  });

  test.each(['in-process', 'over HTTP'])('numbers keep their text, through the control %s too', async (how) => {
    const control = how === 'in-process' ? suite.emulator.control : createControlClient(suite.emulator.controlUrl);
    const long = '12345678901234567';
    const properties = `{"type":"Managed","a":${long},"b":[0.12345678901234567890,8.0,1e400]}`;
    await suite.fetch(runtimePath(factory, 'abc'), { method: 'PUT', body: `{"properties":${properties}}` });
    const text = async () => (await suite.fetch(runtimePath(factory, 'abc'))).text();
    expect(await text()).toContain(`"properties":${properties}`);
    const view = await control.getRuntime({ factory, name: 'abc' });
    expect(JSON.stringify(view?.properties)).toBe(properties);
    await control.drift({ factory, name: 'abc', merge: { a: null, c: { d: JSON.rawJSON(`-${long}`) } } });
    expect(await text()).toContain(`"b":[0.12345678901234567890,8.0,1e400],"c":{"d":-${long}}`);
    await control.putRuntime({ factory, name: 'abc', properties: view?.properties ?? {} });
    expect(await text()).toContain(`"properties":${properties}`);
    expect(JSON.stringify((await control.trace({ subscriptionId: factory.subscriptionId }))[0]?.body)).toBe(
      `{"properties":${properties}}`,
    );
  });

  test('properties are found whatever their case, and keep it', async () => {
    const text = '{"Type":"managed","typeproperties":{"SSISPROPERTIES":{}}}';
    await suite.fetch(runtimePath(factory, 'abc'), { method: 'PUT', body: `{"properties":${text}}` });
    expect(await (await suite.fetch(runtimePath(factory, 'abc'))).text()).toContain(`"properties":${text}`);
    expect(await control().getRuntime({ factory, name: 'abc' })).toMatchObject({ state: 'Initial' });
    const inNetwork = (referenceName: string) =>
      JSON.stringify({ properties: { type: 'Managed', ManagedVirtualNetwork: { ReferenceName: referenceName } } });
    const put = (body: string) => suite.fetch(runtimePath(factory, 'def'), { method: 'PUT', body });
    expect((await put(inNetwork('default'))).status).toBe(400);
    expect((await put(inNetwork(''))).status).toBe(200);
  });

  test('a PUT replaces the whole document', async () => {
    await runtimes().createOrUpdate(group, 'Factory1', 'abc', { properties: { type: 'Managed', description: 'old' } });
    await runtimes().createOrUpdate(group, 'Factory1', 'abc', { properties: { type: 'Managed' } });
    expect((await runtimes().get(group, 'Factory1', 'abc')).properties).toEqual({ type: 'Managed' });
  });

  test('names are found whatever their case, and keep that of their creation', async () => {
    await runtimes().createOrUpdate(group, 'Factory1', 'CamelCase', managed());
    const again = await runtimes().createOrUpdate(
      group.toLowerCase(),
      'FACTORY1',
      'camelcase',
      managed('North Europe'),
    );
    expect(again.name).toBe('CamelCase');
    expect((await runtimes().get(group.toUpperCase(), 'factory1', 'CAMELCASE')).id).toBe(again.id);
    expect(await control().runtimes(factory)).toHaveLength(1);
  });

  test('delete answers 200, then 204', async () => {
    await runtimes().createOrUpdate(group, 'Factory1', 'abc', managed());
    const statuses: number[] = [];
    const onResponse = ({ status }: { status: number }): void => void statuses.push(status);
    await runtimes().delete(group, 'Factory1', 'abc', { onResponse });
    await runtimes().delete(group, 'Factory1', 'abc', { onResponse });
    expect(statuses).toEqual([200, 204]);
  });

  test('a state is its own request, and spends reads', async () => {
    await runtimes().createOrUpdate(group, 'Factory1', 'abc', managed());
    let headers: Record<string, string> = {};
    const status = await runtimes().getStatus(group, 'Factory1', 'abc', {
      onResponse: (response) => {
        headers = response.headers.toJSON();
      },
    });
    expect(status).toEqual({ properties: { type: 'Managed', state: 'Online' } });
    expect(headers).toHaveProperty('x-ms-ratelimit-remaining-subscription-reads');
  });
});

describe('regions', () => {
  const put = (location: string) =>
    runtimes().createOrUpdate(group, 'Factory1', 'abc', {
      properties: { type: 'Managed', computeProperties: { location } },
    });

  test('are whatever could be the name of one, as long as none are named', async () => {
    expect((await put('Atlantis')).name).toBe('abc');
    await expect(put('nowhere (azir probe)')).rejects.toMatchObject({ statusCode: 400 });
  });

  test('that were named are the only ones, however spelled, beside AutoResolve', async () => {
    await control().setRegions({ factory, regions: ['West Europe'] });
    await expect(put('Westeurop')).rejects.toMatchObject({ statusCode: 400 });
    for (const location of ['westeurope', 'WEST EUROPE', 'AutoResolve']) expect((await put(location)).name).toBe('abc');
    await control().setRegions({ factory });
    expect((await put('Atlantis')).name).toBe('abc');
  });
});

describe('lists', () => {
  test('pages are followed by the SDK, in order, each runtime once', async () => {
    await control().setPageSize({ factory, size: 2 });
    for (const name of ['eee', 'AAA', 'ccc', 'bbb', 'ddd']) {
      await runtimes().createOrUpdate(group, 'Factory1', name, managed());
    }
    const names: (string | undefined)[] = [];
    for await (const runtime of runtimes().listByFactory(group, 'Factory1')) names.push(runtime.name);
    expect(names).toEqual(['AAA', 'bbb', 'ccc', 'ddd', 'eee']);
    expect(await control().counts({ subscriptionId: factory.subscriptionId })).toMatchObject({
      IntegrationRuntimes_ListByFactory: 3,
    });
  });

  test('a full last page has no nextLink, and a deletion between pages loses nothing', async () => {
    await control().setPageSize({ factory, size: 2 });
    for (const name of ['aaa', 'bbb', 'ccc', 'ddd']) {
      await runtimes().createOrUpdate(group, 'Factory1', name, managed());
    }
    const pages = runtimes().listByFactory(group, 'Factory1').byPage();
    const first = await pages.next();
    await control().deleteRuntime({ factory, name: 'bbb' });
    const second = await pages.next();
    expect(first.value?.map((one: { name?: string }) => one.name)).toEqual(['aaa', 'bbb']);
    expect(second.value?.map((one: { name?: string }) => one.name)).toEqual(['ccc', 'ddd']);
    expect((await pages.next()).done).toBe(true);
  });

  test('an empty factory lists nothing', async () => {
    expect((await runtimes().listByFactory(group, 'Factory1').byPage().next()).value).toEqual([]);
  });
});

describe('preconditions', () => {
  test.each([
    ['unquoted', (etag: string) => etag],
    ['quoted', (etag: string) => `"${etag}"`],
    ['a star', () => '*'],
  ])('If-Match %s lets a write through', async (_, spell) => {
    const { etag = '' } = await runtimes().createOrUpdate(group, 'Factory1', 'abc', managed());
    const written = await runtimes().createOrUpdate(group, 'Factory1', 'abc', managed('North Europe'), {
      ifMatch: spell(etag),
    });
    expect(written.etag).not.toBe(etag);
  });

  test('a stale If-Match is refused and changes nothing', async () => {
    const { etag = '' } = await runtimes().createOrUpdate(group, 'Factory1', 'abc', managed());
    await control().drift({ factory, name: 'abc', merge: { description: 'by hand' } });
    const refused = await failure(
      runtimes().createOrUpdate(group, 'Factory1', 'abc', managed('North Europe'), { ifMatch: etag }),
    );
    expect(refused).toMatchObject({ status: 412, code: 'PreconditionFailed' });
    expect((await control().getRuntime({ factory, name: 'abc' }))?.properties.description).toBe('by hand');
  });

  test('If-Match on what does not exist does not create it', async () => {
    const refused = await failure(runtimes().createOrUpdate(group, 'Factory1', 'abc', managed(), { ifMatch: '*' }));
    expect(refused.status).toBe(412);
    expect(await control().getRuntime({ factory, name: 'abc' })).toBeNull();
  });

  test('If-None-Match: * creates, and refuses to overwrite', async () => {
    const put = () =>
      suite.fetch(runtimePath(factory, 'abc'), {
        method: 'PUT',
        body: '{"properties":{"type":"Managed"}}',
        headers: { 'if-none-match': '*' },
      });
    expect([(await put()).status, (await put()).status]).toEqual([200, 412]);
  });

  test('a GET of a known etag answers 304', async () => {
    const { etag = '' } = await runtimes().createOrUpdate(group, 'Factory1', 'abc', managed());
    let status = 0;
    await runtimes().get(group, 'Factory1', 'abc', {
      ifNoneMatch: etag,
      onResponse: (response) => {
        status = response.status;
      },
    });
    expect(status).toBe(304);
  });

  test('publishing the factory changes etags and nothing else', async () => {
    const before = await runtimes().createOrUpdate(group, 'Factory1', 'abc', managed());
    await control().touch(factory);
    const after = await runtimes().get(group, 'Factory1', 'abc');
    expect(after).toEqual({ ...before, etag: expect.any(String) });
    expect(after.etag).not.toBe(before.etag);
  });
});
