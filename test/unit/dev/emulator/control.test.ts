/** The control of the emulator. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { createControlClient, type EmulatorControl, type FactoryRef } from '../../../../dev/emulator/index.ts';
import { failure, group, managed, useEmulator } from './helpers.ts';

const suite = useEmulator();
let factory: FactoryRef;
let control: EmulatorControl;
const runtimes = () => suite.client(factory.subscriptionId).integrationRuntimes;
const put = (name = 'abc') => runtimes().createOrUpdate(group, 'Factory1', name, managed());
const state = async (name = 'abc') => (await runtimes().getStatus(group, 'Factory1', name)).properties.state;

describe.each(['in-process', 'over HTTP'])('the control %s', (how) => {
  beforeEach(async () => {
    factory = await suite.freshFactory();
    control = how === 'over HTTP' ? createControlClient(suite.emulator.controlUrl) : suite.emulator.control;
  });

  test('refuses a fault without an effect, and goes on', async () => {
    // As a person may type it.
    await expect(control.addFault(JSON.parse('{}'))).rejects.toThrow('needs an effect');
    await put();
  });

  test('counts and traces by subscription, factory and runtime', async () => {
    const { subscriptionId } = factory;
    await put();
    const { etag = '' } = await put('other');
    await runtimes().createOrUpdate(group, 'Factory1', 'other', managed(), { ifMatch: etag });
    await failure(runtimes().get(group, 'Factory1', 'missing'));
    expect(await control.counts({ subscriptionId })).toEqual({
      IntegrationRuntimes_CreateOrUpdate: 3,
      IntegrationRuntimes_Get: 1,
    });
    expect(await control.counts({ subscriptionId, factory: 'factory1', runtime: 'OTHER' })).toEqual({
      IntegrationRuntimes_CreateOrUpdate: 2,
    });
    expect(await control.counts({ subscriptionId, status: 404 })).toEqual({ IntegrationRuntimes_Get: 1 });
    const [last] = await control.trace({ subscriptionId, operation: 'IntegrationRuntimes_CreateOrUpdate', limit: 1 });
    expect(last).toMatchObject({
      method: 'PUT',
      status: 200,
      runtime: 'other',
      ifMatch: etag,
      clientId: '22222222-2222-2222-2222-222222222222',
      body: { properties: { type: 'Managed' } },
    });
    await control.clearTrace({ subscriptionId });
    expect(await control.counts({ subscriptionId })).toEqual({});
  });

  test('reset of one subscription leaves the others alone', async () => {
    const other = await suite.freshFactory();
    await control.putRuntime({ factory: other, name: 'kept', properties: { type: 'Managed' } });
    await put();
    await control.reset({ subscriptionId: factory.subscriptionId });
    expect(await failure(put())).toMatchObject({ code: 'SubscriptionNotFound' });
    expect(await control.runtimes(other)).toMatchObject([{ name: 'kept', state: 'Online' }]);
  });

  test('drift merges and replaces, behind a new etag', async () => {
    const { etag } = await put();
    const merged = await control.drift({ factory, name: 'abc', merge: { description: 'x', typeProperties: null } });
    expect(merged.properties).toEqual({ type: 'Managed', description: 'x' });
    expect(merged.etag).not.toBe(etag);
    await control.drift({ factory, name: 'abc', replace: { type: 'Managed', y: 1 } });
    expect((await control.getRuntime({ factory, name: 'abc' }))?.properties).toEqual({ type: 'Managed', y: 1 });
  });

  test('a runtime comes, changes its type and goes behind the back', async () => {
    await control.putRuntime({ factory, name: 'abc', properties: { type: 'SelfHosted' } });
    expect((await runtimes().get(group, 'Factory1', 'abc')).properties.type).toBe('SelfHosted');
    expect(await state()).toBe('NeedRegistration');
    await control.putRuntime({
      factory,
      name: 'abc',
      properties: { type: 'Managed', typeProperties: { ssisProperties: {}, computeProperties: { nodeSize: 'A' } } },
    });
    expect(await state()).toBe('Initial');
    await control.deleteRuntime({ factory, name: 'abc' });
    expect(await control.getRuntime({ factory, name: 'abc' })).toBeNull();
  });

  test('Limited ends with a PUT, or with the nth, or never', async () => {
    await put();
    await control.setState({ factory, name: 'abc', state: 'Limited' });
    expect(await state()).toBe('Limited');
    await put();
    expect(await state()).toBe('Online');
    await control.setState({ factory, name: 'abc', state: 'Limited', repairsNeeded: 2 });
    await put();
    expect(await state()).toBe('Limited');
    await put();
    expect(await state()).toBe('Online');
    await control.setState({ factory, name: 'abc', state: 'Limited', repairsNeeded: 'never' });
    await put();
    expect(await state()).toBe('Limited');
    await control.setState({ factory, name: 'abc', state: 'Offline' });
    await put();
    expect(await state()).toBe('Offline');
  });

  test('stages pass with the clock', async () => {
    await control.setLifecycle({
      factory,
      rules: [
        {
          on: 'create',
          type: 'Managed',
          stages: [
            { state: 'Initial', afterMs: 0 },
            { state: 'Starting', afterMs: 1000 },
            { state: 'Online', afterMs: 5000 },
          ],
        },
      ],
    });
    await put();
    const seen = [await state()];
    suite.clock.advance(1000);
    seen.push(await state());
    suite.clock.advance(4000);
    seen.push(await state());
    expect(seen).toEqual(['Initial', 'Starting', 'Online']);
  });

  test('writes that are accepted and change nothing', async () => {
    const before = await put();
    await control.setWriteMode({ factory, mode: 'ignore' });
    expect(await runtimes().createOrUpdate(group, 'Factory1', 'abc', managed('North Europe'))).toEqual(before);
    await control.setWriteMode({ factory, mode: 'apply' });
    expect(await runtimes().createOrUpdate(group, 'Factory1', 'abc', managed('North Europe'))).not.toEqual(before);
  });

  test('factories, groups and subscriptions come and go', async () => {
    await control.removeFactory(factory);
    expect(await failure(put())).toMatchObject({ code: 'ParentResourceNotFound' });
    await control.removeResourceGroup({ subscriptionId: factory.subscriptionId, name: group });
    expect(await failure(put())).toMatchObject({ code: 'ResourceGroupNotFound' });
    await control.ensureFactory({ ...factory, location: 'northeurope' });
    await put();
    expect(await suite.client(factory.subscriptionId).factories.get(group, 'Factory1')).toMatchObject({
      location: 'northeurope',
      eTag: expect.any(String),
    });
  });

  test('what does not exist is an error of the test', async () => {
    await expect(control.setState({ factory, name: 'nope', state: 'Limited' })).rejects.toThrow('no runtime nope');
  });
});
