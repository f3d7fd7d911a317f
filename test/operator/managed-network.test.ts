/** Runtimes in a managed virtual network: made there or not at all, and never moved. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { eventually, inBothKinds, inPlace, message, minutesAgo, type Place, summary } from './support/place.ts';

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
/** How often the network was looked for. */
const looks = async (place: Place) => (await place.requests()).filter((request) => request === 'NETWORK').length;

describe.each(inBothKinds)('a runtime is made, in a $kind', ({ inPlace }) => {
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
      expect(await place.requests()).toEqual(['GET', 'NETWORK', 'PUT', 'GET', 'STATE']);
      const put = (await place.trace('sample')).find(({ method }) => method === 'PUT');
      expect(put).toMatchObject({ ifNoneMatch: '*', body: { properties: MANAGED } });
    }));

  test.concurrent('when somebody else has made the network that it waits for', () =>
    inPlace(async (place) => {
      await place.apply('sample', NEVER);
      const waiting = await place.until('sample', 'Ready=False ManagedVirtualNetworkNotFound Reconciling');
      expect(message(waiting)).toContain(place.kind.networkAdvice);
      await eventually(async () => expect(await looks(place)).toBeGreaterThan(2));
      expect(waiting.metadata.finalizers).toBeUndefined();
      await network(place);
      await ready(place);
      expect(await place.requests()).not.toContain('ManagedVirtualNetworks_CreateOrUpdate');
    }));

  test.concurrent('once some part of Azure that did not see the network yet sees it', () =>
    inPlace(async (place) => {
      await network(place);
      await place.azure.setBadReference({ factory: place.factory, name: 'sample', reference: 'default', times: 2 });
      await place.apply('sample', NEVER);
      await place.until('sample', 'Ready=False ManagedVirtualNetworkNotFound Reconciling');
      await ready(place);
    }));

  test.concurrent('without a read of the network, or a write, in later passes', () =>
    inPlace(async (place) => {
      await network(place);
      await place.apply('sample', NEVER);
      const { metadata } = await ready(place);
      const before = await looks(place);
      await place.passes('sample');
      expect(await looks(place)).toBe(before);
      expect((await place.get('sample'))?.metadata.resourceVersion).toBe(metadata.resourceVersion);
      expect(await place.writes('sample')).toEqual(['PUT']);
    }));
});

// A workspace has a network from its own creation on, or never.
describe('a network of a factory is made', () => {
  test.concurrent('before the runtime, and stays when that goes', () =>
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

  test.concurrent('when the manifest lets it be made after all', () =>
    inPlace(async (place) => {
      await place.apply('sample', { ...NEVER, interval: '1h' });
      await place.until('sample', 'Ready=False ManagedVirtualNetworkNotFound Reconciling');
      await place.apply('sample', { ...IF_MISSING, interval: '1h' });
      await ready(place);
      await place.untilEvents('sample', 'ManagedVirtualNetworkCreated', 'Created');
    }));

  test.concurrent('once for all of its objects', () =>
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

  test.concurrent('once the permission for that is there', () =>
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

  test.concurrent('for a runtime of the name of the default one too, which is looked at as any other', () =>
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
});

describe.each(inBothKinds)('what Azure refuses is explained, in a $kind', ({ inPlace }) => {
  test.concurrent('another region than that of its parent', () =>
    inPlace(async (place) => {
      await network(place);
      await place.apply('sample', { ...NEVER, location: 'North Europe' });
      const object = await place.until('sample', 'Ready=False InvalidDefinition Stalled');
      expect(message(object)).toContain(
        `${place.kind.parent}'s own region: set spec.location to AutoResolve or to that region`,
      );
      expect(object.metadata.finalizers).toBeUndefined();
      await place.apply('sample', { ...NEVER, location: 'AutoResolve' });
      await ready(place);
    }));

  test.concurrent('a missing permission to look for the network', () =>
    inPlace(async (place) => {
      await network(place);
      const scope = `/subscriptions/${place.factory.subscriptionId}`;
      await place.azure.addRefusal({ kind: 'permission', action: place.kind.actions.network, scope });
      await place.apply('sample', NEVER);
      const object = await place.until('sample', 'Ready=False Forbidden Reconciling');
      expect(message(object)).toContain(`'${place.kind.actions.network}'`);
      await place.azure.clearRefusals({ scope });
      await ready(place);
    }));
});

describe.each(inBothKinds)('a runtime that is elsewhere, in a $kind', ({ inPlace }) => {
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
      expect(message(object)).toMatch(/cannot move a runtime.*delete the runtime/);
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
      const inNetwork = { ...MANAGED, managedVirtualNetwork: { ...REFERENCE, id: 'as Synapse has it' }, alien: 1 };
      await theirs(place, inNetwork);
      await place.apply('sample', { ...NEVER, location: 'AutoResolve' });
      const { status } = await ready(place);
      expect(status?.claim?.origin).toBe('Adopted');
      expect(await properties(place)).toEqual({ ...inNetwork, ...at('AutoResolve') });
    }));

  test.concurrent('is drift to an observer', () =>
    inPlace(async (place) => {
      await network(place);
      await theirs(place, MANAGED);
      await place.azure.setState({ factory: place.factory, name: 'sample', state: 'Online' });
      await place.apply('sample', { managementPolicy: 'Observe' });
      const object = await place.until('sample', 'Ready=False Drifted Stalled');
      await place.untilEvents('sample', 'DriftDetected');
      expect(message(object, 'Synced')).toBe('The runtime is in the managed virtual network default.');
    }));

  test.concurrent('is made anew in the network when the object that declares it public goes', () =>
    inPlace(async (place) => {
      await network(place);
      await place.apply('old', { azureName: 'sample' });
      await place.until('old', 'Ready=True Available');
      await place.apply('sample', NEVER);
      await place.until('sample', 'Ready=False OwnedByAnother Stalled');
      await place.delete('old');
      await place.untilGone('old');
      await ready(place);
      expect(await properties(place)).toEqual(MANAGED);
      expect(await place.writes('sample')).toEqual(['PUT', 'DELETE', 'PUT']);
    }));
});

// What a workspace has accepted may still come: see synapse.test.ts.
describe('a runtime of a factory', () => {
  test.concurrent.each(['ignore', 'pretend'] as const)(
    'that is made elsewhere than asked for (%s) is NotApplied',
    (mode) =>
      inPlace(async (place) => {
        await network(place);
        await place.azure.setWriteMode({ factory: place.factory, mode });
        await place.apply('sample', NEVER);
        const object = await place.until('sample', 'Ready=False NotApplied Stalled');
        expect(message(object)).toMatch(/accepted the definition, but the runtime is public/);
        await place.look('sample');
        expect(summary(await place.get('sample'))).toBe('Ready=False NotApplied Stalled');
        expect(await place.writes('sample')).toEqual(['PUT']);
        await place.delete('sample');
        await place.untilGone('sample');
        expect(await place.runtime('sample')).not.toBeNull();
      }),
  );
});

describe.each(inBothKinds)('a fresh runtime, in a $kind', ({ inPlace }) => {
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
      expect(message(object)).toBe(
        `Azure is provisioning the runtime (state ${state}). No action needed; marked Stalled after 30 minutes.`,
      );
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
      await place.updateStatus('sample', { waitingSince: { reason: 'Provisioning', time: minutesAgo(31) } });
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
