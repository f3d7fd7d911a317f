/** Runtimes in a managed virtual network: made there or not at all, and never moved. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { eventually, inPlace, message, minutesAgo, type Place, summary } from './support/place.ts';

const REFERENCE = { type: 'ManagedVirtualNetworkReference', referenceName: 'default' };
const at = (location: string) => ({ typeProperties: { computeProperties: { location } } });
const PUBLIC = { type: 'Managed', ...at('West Europe') };
const MANAGED = { ...PUBLIC, managedVirtualNetwork: REFERENCE };
const NEVER = { managedVirtualNetwork: {} };
const IF_MISSING = { managedVirtualNetwork: { creation: 'IfMissing' } };

const ready = (place: Place) => place.until('sample', 'Ready=True Available');
const network = (place: Place) => place.azure.ensureNetwork({ factory: place.factory });
const theirs = (place: Place, properties: object) =>
  place.azure.putRuntime({ factory: place.factory, name: 'sample', properties: { ...properties } });
const properties = async (place: Place) => (await place.runtime('sample'))?.properties;
/** How often a network was listed and made. */
const networkCalls = async (place: Place) => {
  const calls = await place.calls();
  return [calls.ManagedVirtualNetworks_ListByFactory ?? 0, calls.ManagedVirtualNetworks_CreateOrUpdate ?? 0];
};

describe('a runtime is made', () => {
  test.concurrent('after its network, which stays when it goes', () =>
    inPlace(async (place) => {
      await place.apply('sample', IF_MISSING);
      const waiting = await place.until('sample', 'Ready=False Provisioning Reconciling');
      expect(waiting.status).toMatchObject({ claim: { origin: 'Created' } });
      const { status } = await ready(place);
      expect(status).toMatchObject({ state: 'Online', location: 'West Europe' });
      expect(await properties(place)).toEqual(MANAGED);
      await place.untilEvents('sample', 'ManagedVirtualNetworkCreated', 'Created');
      expect(await place.writes('sample')).toEqual(['PUT']);
      await place.delete('sample');
      await place.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
      expect(await place.azure.networks(place.factory)).toHaveLength(1);
    }));

  test.concurrent('at once where the network is there, with a look at the network and one at what was made', () =>
    inPlace(async (place) => {
      await network(place);
      await place.azure.setLifecycle({
        factory: place.factory,
        rules: [{ on: 'create', stages: [{ state: 'Online', afterMs: 0 }] }],
      });
      await place.apply('sample', { ...NEVER, interval: '1h' });
      await ready(place);
      await place.barrier();
      expect(await place.requests()).toEqual(['GET', 'ManagedVirtualNetworks_ListByFactory', 'PUT', 'GET', 'STATE']);
      const put = (await place.trace('sample')).find(({ method }) => method === 'PUT');
      expect(put).toMatchObject({ ifNoneMatch: '*', body: { properties: MANAGED } });
    }));

  test.concurrent('when somebody else has made the network that it waits for', () =>
    inPlace(async (place) => {
      await place.apply('sample', NEVER);
      const waiting = await place.until('sample', 'Ready=False ManagedVirtualNetworkNotFound Reconciling');
      expect(message(waiting)).toMatch(/creation: IfMissing.*can never be deleted/);
      await eventually(async () => expect((await networkCalls(place))[0]).toBeGreaterThan(2));
      expect(waiting.metadata.finalizers).toBeUndefined();
      await network(place);
      await ready(place);
      expect((await networkCalls(place))[1]).toBe(0);
    }));

  test.concurrent('when the manifest lets the network be made after all', () =>
    inPlace(async (place) => {
      await place.apply('sample', { ...NEVER, interval: '1h' });
      await place.until('sample', 'Ready=False ManagedVirtualNetworkNotFound Reconciling');
      await place.apply('sample', { ...IF_MISSING, interval: '1h' });
      await ready(place);
      await place.untilEvents('sample', 'ManagedVirtualNetworkCreated', 'Created');
    }));

  test.concurrent('once some part of Azure that did not see the network yet sees it', () =>
    inPlace(async (place) => {
      await network(place);
      await place.azure.setBadReference({ factory: place.factory, name: 'sample', reference: 'default', times: 2 });
      await place.apply('sample', NEVER);
      await place.until('sample', 'Ready=False ManagedVirtualNetworkNotFound Reconciling');
      await ready(place);
    }));

  test.concurrent('with one network for all of its factory', () =>
    inPlace(async (place) => {
      const names = ['one', 'two', 'three'].map((name) => `sample-${name}`);
      await Promise.all(names.map((name) => place.apply(name, IF_MISSING)));
      for (const name of names) await place.until(name, 'Ready=True Available');
      expect(await place.azure.networks(place.factory)).toHaveLength(1);
      const made = (await place.trace()).filter(
        ({ operation, status }) => operation === 'ManagedVirtualNetworks_CreateOrUpdate' && status === 200,
      );
      expect(made).toHaveLength(1);
    }));

  test.concurrent('under the name of the default runtime too, and looked at as any other', () =>
    inPlace(async (place) => {
      await place.apply('sample', {
        ...IF_MISSING,
        azureName: 'AutoResolveIntegrationRuntime',
        location: 'AutoResolve',
      });
      await ready(place);
      await place.passes('AutoResolveIntegrationRuntime');
      expect(await place.writes('AutoResolveIntegrationRuntime')).toEqual(['PUT']);
    }));

  test.concurrent('and looked at without a look at the network, or a write to anybody', () =>
    inPlace(async (place) => {
      await place.apply('sample', IF_MISSING);
      const { metadata } = await ready(place);
      const before = await networkCalls(place);
      await place.passes('sample');
      expect(await networkCalls(place)).toEqual(before);
      expect((await place.get('sample'))?.metadata.resourceVersion).toBe(metadata.resourceVersion);
      expect(await place.writes('sample')).toEqual(['PUT']);
    }));
});

describe('what Azure refuses is explained:', () => {
  test.concurrent('another region than that of the factory', () =>
    inPlace(async (place) => {
      await network(place);
      await place.apply('sample', { ...NEVER, location: 'North Europe' });
      const object = await place.until('sample', 'Ready=False InvalidDefinition Stalled');
      expect(message(object)).toMatch(/factory's own region: set spec\.location to AutoResolve or to that region/);
      expect(object.metadata.finalizers).toBeUndefined();
      await place.apply('sample', { ...NEVER, location: 'AutoResolve' });
      await ready(place);
    }));

  test.concurrent('a missing permission to make networks', () =>
    inPlace(async (place) => {
      const { subscriptionId } = place.factory;
      const scope = `/subscriptions/${subscriptionId}`;
      await place.azure.addRefusal({ kind: 'permission', action: '*/managedVirtualNetworks/write', scope });
      await place.apply('sample', IF_MISSING);
      const object = await place.until('sample', 'Ready=False Forbidden Reconciling');
      expect(message(object)).toContain('managedVirtualNetworks/write');
      await place.azure.clearRefusals({ scope });
      await ready(place);
    }));
});

describe('a runtime that is elsewhere', () => {
  const cases: [string, object, Record<string, unknown>][] = [
    ['public, and declared in a network', PUBLIC, NEVER],
    ['in a network, and declared public', MANAGED, {}],
  ];

  test.concurrent.each(cases)('%s, is a conflict: it is left alone until a person acts', (_, found, declared) =>
    inPlace(async (place) => {
      await network(place);
      await theirs(place, found);
      await place.apply('sample', declared);
      const object = await place.until('sample', 'Ready=False NetworkConflict Stalled');
      expect(message(object)).toMatch(/moves no runtime.*delete that runtime/);
      expect(object.metadata.finalizers).toBeUndefined();
      await place.look('sample');
      expect(await place.writes('sample')).toEqual([]);
      expect(await place.eventsInFull('sample')).toMatchObject([{ type: 'Warning', reason: 'NetworkConflict' }]);
      await place.azure.deleteRuntime({ factory: place.factory, name: 'sample' });
      await place.look('sample');
      await ready(place);
      expect(await properties(place)).toHaveProperty('type', 'Managed');
    }),
  );

  test.concurrent.each(cases)(
    '%s, although it is claimed, is not written, and stays when its object goes',
    (_, found, declared) =>
      inPlace(async (place) => {
        await network(place);
        await place.apply('sample', declared);
        await ready(place);
        await theirs(place, found);
        await place.look('sample');
        await place.until('sample', 'Ready=False NetworkConflict Stalled');
        await place.delete('sample');
        await place.untilGone('sample');
        expect(await properties(place)).toEqual(found);
        expect(await place.writes('sample')).toEqual(['PUT']);
        await eventually(async () => expect((await place.events('sample')).at(-1)).toBe('Retained'));
      }),
  );

  test.concurrent('is adopted where it is, and only what is declared of it changes', () =>
    inPlace(async (place) => {
      await network(place);
      await theirs(place, { ...MANAGED, alien: 1 });
      await place.apply('sample', { ...NEVER, location: 'AutoResolve' });
      const { status } = await ready(place);
      expect(status?.claim?.origin).toBe('Adopted');
      expect(await properties(place)).toEqual({ ...MANAGED, alien: 1, ...at('AutoResolve') });
    }));

  test.concurrent('is shown to an observer, which is well nonetheless', () =>
    inPlace(async (place) => {
      await network(place);
      await theirs(place, MANAGED);
      await place.azure.setState({ factory: place.factory, name: 'sample', state: 'Online' });
      await place.apply('sample', { managementPolicy: 'Observe' });
      const object = await ready(place);
      expect(message(object, 'Synced')).toBe('The runtime is in the managed virtual network default.');
    }));

  test.concurrent('is made anew in the network when the object that declares it public goes', () =>
    inPlace(async (place) => {
      await place.apply('old', { azureName: 'sample' });
      await place.until('old', 'Ready=True Available');
      await place.apply('sample', IF_MISSING);
      await place.until('sample', 'Ready=False OwnedByAnother Stalled');
      await place.delete('old');
      await place.untilGone('old');
      await ready(place);
      expect(await properties(place)).toEqual(MANAGED);
      expect(await place.writes('sample')).toEqual(['PUT', 'DELETE', 'PUT']);
    }));

  test.concurrent.each(['ignore', 'pretend'] as const)('because Azure said yes and did no (%s) is NotApplied', (mode) =>
    inPlace(async (place) => {
      await network(place);
      await place.azure.setWriteMode({ factory: place.factory, mode });
      await place.apply('sample', NEVER);
      const object = await place.until('sample', 'Ready=False NotApplied Stalled');
      expect(message(object)).toMatch(/accepted the definition, but it is public/);
      await place.look('sample');
      expect(summary(await place.get('sample'))).toBe('Ready=False NotApplied Stalled');
      expect(await place.writes('sample')).toEqual(['PUT']);
      await place.delete('sample');
      await place.untilGone('sample');
      expect(await place.runtime('sample')).not.toBeNull();
    }),
  );
});

describe('a fresh runtime', () => {
  const stages = (place: Place, ...states: string[]) =>
    place.azure.setLifecycle({
      factory: place.factory,
      rules: [{ on: 'create', stages: states.map((state, i) => ({ state, afterMs: i * 2_500 })) }],
    });

  test.concurrent.each(['Starting', 'Limited', 'Offline'])('that is %s is Provisioning, and is not repaired', (state) =>
    inPlace(async (place) => {
      await network(place);
      await stages(place, state, 'Online');
      await place.apply('sample', NEVER);
      const object = await place.until('sample', 'Ready=False Provisioning Reconciling');
      expect(message(object)).toBe(`Azure is preparing the runtime (${state}), for 30 minutes at most.`);
      await ready(place);
      expect(await place.writes('sample')).toEqual(['PUT']);
      await place.untilEvents('sample', 'Created');
    }),
  );

  test.concurrent('that is still Limited after half an hour is repaired', () =>
    inPlace(async (place) => {
      await network(place);
      await stages(place, 'Limited');
      await place.apply('sample', NEVER);
      await place.until('sample', 'Ready=False Provisioning Reconciling');
      await place.azure.setState({ factory: place.factory, name: 'sample', state: 'Limited', repairsNeeded: 1 });
      await place.remember('sample', { waitingSince: { reason: 'Provisioning', time: minutesAgo(31) } });
      await ready(place);
      await place.untilEvents('sample', 'Created', 'RepairStarted', 'Repaired');
    }));
});

test.concurrent('the example becomes Ready', () =>
  inPlace(async (place) => {
    const example = parse(await readFile('examples/managed-network.yaml', 'utf8'));
    const stdin = { ...example, spec: { ...example.spec, factory: place.factory } };
    const { code, stderr } = await place.try(['apply', '-n', place.namespace, '-f', '-'], { stdin });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await place.until(example.metadata.name, 'Ready=True Available');
    expect((await place.runtime(example.spec.azureName))?.properties).toHaveProperty('managedVirtualNetwork');
  }));
