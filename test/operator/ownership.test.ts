/** Of all objects that name a runtime, one at most writes to it; and what is not ours is never touched. */
import { describe, expect, test } from '@jest/globals';
import { fault, GET, PUT, refusal } from './support/faults.ts';
import { eventually, inBothKinds, inPlace, message, type Place, summary } from './support/place.ts';
import { KNOWN_DEFECT } from './support/run.ts';

const located = (location: string) => ({ type: 'Managed', typeProperties: { computeProperties: { location } } });
const SELF_HOSTED = { type: 'SelfHosted', description: 'On premises.' };
const SSIS = {
  type: 'Managed',
  typeProperties: {
    computeProperties: { location: 'West Europe', nodeSize: 'Standard_D2_v3', numberOfNodes: 1 },
    ssisProperties: {},
  },
};

const ready = (place: Place, name: string) => place.until(name, 'Ready=True Available');

describe.each(inBothKinds)('two objects for one runtime, in a $kind', ({ inPlace }) => {
  test.concurrent('the second writes nothing, holds nothing, and names the first', () =>
    inPlace(async (place) => {
      await place.apply('first', { azureName: 'Shared', interval: '1h' });
      await ready(place, 'first');
      await place.apply('second', { azureName: 'Shared', interval: '1h', location: 'North Europe' });
      const second = await place.until('second', 'Ready=False OwnedByAnother Stalled');
      expect(message(second)).toContain(`already managed by ${place.namespace}/first.`);
      expect(second.metadata.finalizers).toBeUndefined();
      expect(second.status?.claim).toBeUndefined();
      expect(await place.writes('Shared')).toEqual(['PUT']);
      await place.untilEvents('second', 'OwnedByAnother');
    }));

  test.concurrent('are recognised whatever the case of their ids', () =>
    inPlace(async (place) => {
      await place.apply('first', { azureName: 'Shared', interval: '1h' });
      await ready(place, 'first');
      const { subscriptionId, resourceGroup, name } = place.factory;
      const parent = place.parent({
        subscriptionId: subscriptionId.toUpperCase(),
        resourceGroup: resourceGroup.toUpperCase(),
        name: name.toUpperCase(),
      });
      await place.apply('second', { azureName: 'SHARED', ...parent, interval: '1h', location: 'North Europe' });
      await place.until('second', 'Ready=False OwnedByAnother Stalled');
      expect(await place.writes('Shared')).toEqual(['PUT']);
    }));

  test.concurrent('the second can be deleted at any time, without a call to Azure', () =>
    inPlace(async (place) => {
      await place.apply('first', { azureName: 'Shared', interval: '1h' });
      await ready(place, 'first');
      await place.apply('second', { azureName: 'Shared', interval: '1h', deletionPolicy: 'Delete' });
      await place.until('second', 'Ready=False OwnedByAnother Stalled');
      await place.delete('second');
      await place.untilGone('second');
      await place.barrier();
      expect(await place.writes('Shared')).toEqual(['PUT']);
      await ready(place, 'first');
    }));

  test.concurrent('the second takes over when the first lets the runtime go', () =>
    inPlace(async (place) => {
      await place.apply('first', { azureName: 'Shared', interval: '1h' });
      await ready(place, 'first');
      await place.apply('second', { azureName: 'Shared', interval: '1h', location: 'North Europe' });
      await place.until('second', 'Ready=False OwnedByAnother Stalled');
      await place.patch('first', { spec: { managementPolicy: 'Observe' } });
      const second = await ready(place, 'second');
      expect(second.metadata.finalizers).toHaveLength(1);
      expect((await place.runtime('Shared'))?.properties).toEqual(located('North Europe'));
    }));

  test.concurrent('the older takes its claim up again when it manages again, and the other lets go of its own', () =>
    inPlace(async (place) => {
      await place.apply('first', { azureName: 'Shared', interval: '1h' });
      const { metadata } = await ready(place, 'first');
      // Kubernetes tells ages in whole seconds, and the first is to be the older.
      await eventually(async () => expect(Date.now()).toBeGreaterThan(Date.parse(metadata.creationTimestamp) + 1_000));
      await place.apply('second', { azureName: 'Shared', interval: '1h' });
      await place.until('second', 'Ready=False OwnedByAnother Stalled');
      await place.patch('first', { spec: { managementPolicy: 'Observe' } });
      expect((await ready(place, 'second')).status?.claim?.origin).toBe('Adopted');
      await place.patch('first', { spec: { managementPolicy: 'Manage' } });
      const second = await place.until('second', 'Ready=False OwnedByAnother Stalled');
      expect(second.status?.claim).toBeUndefined();
      await eventually(async () => expect((await place.get('second'))?.metadata.finalizers).toBeUndefined());
      expect((await ready(place, 'first')).status?.claim?.origin).toBe('Created');
      await eventually(async () => expect((await place.get('first'))?.metadata.finalizers).toHaveLength(1));
      expect(await place.writes('Shared')).toEqual(['PUT']);
    }));

  test.concurrent('that come at the same moment: one creates the runtime, the other writes nothing', () =>
    inPlace(async (place) => {
      const items = ['one', 'two', 'three'].map((name) =>
        place.manifest(name, { azureName: 'Shared', interval: '1h' }),
      );
      const stdin = { apiVersion: 'v1', kind: 'List', items };
      expect(await place.try(['apply', '-f', '-'], { stdin })).toMatchObject({ code: 0 });
      await eventually(async () => {
        const objects = await Promise.all(['one', 'two', 'three'].map((name) => place.get(name)));
        expect(objects.map(summary).sort()).toEqual([
          'Ready=False OwnedByAnother Stalled',
          'Ready=False OwnedByAnother Stalled',
          'Ready=True Available',
        ]);
        expect(objects.filter((object) => object?.metadata.finalizers !== undefined)).toHaveLength(1);
        expect(objects.filter((object) => object?.status?.claim !== undefined)).toHaveLength(1);
      });
      expect(await place.writes('Shared')).toEqual(['PUT']);
    }));

  test.concurrent('the one that made the runtime keeps it, although an older one comes to manage it before there is a claim', () =>
    inPlace(async (place) => {
      const { subscriptionId } = place.factory;
      await place.apply('older', { azureName: 'Shared', interval: '1h', managementPolicy: 'Observe' });
      const { metadata } = await place.until('older', 'Ready=False NotFound Reconciling');
      // Kubernetes tells ages in whole seconds.
      await eventually(async () => expect(Date.now()).toBeGreaterThan(Date.parse(metadata.creationTimestamp) + 1_000));
      await fault(place, PUT, refusal(503, 'ServiceUnavailable'), { when: 'after', delayMs: 3_000 });
      await place.apply('maker', { azureName: 'Shared', interval: '1h' });
      await eventually(async () => expect(await place.runtime('Shared')).not.toBeNull());
      await fault(place, GET, refusal(503, 'ServiceUnavailable'));
      await place.patch('older', { spec: { managementPolicy: 'Manage' } });
      await place.until('older', 'Ready=False OwnedByAnother Stalled');
      expect((await place.get('maker'))?.status?.claim).toBeUndefined();
      await place.azure.clearFaults({ subscriptionId });
      expect((await place.until('maker', 'Ready=True Available', 60_000)).status?.claim?.origin).toBe('Created');
      await place.delete('older');
      await place.delete('maker');
      await place.untilGone('maker');
      expect(await place.runtime('Shared')).toBeNull();
    }));

  test.concurrent('one of which only observes can both be Ready', () =>
    inPlace(async (place) => {
      await place.apply('first', { azureName: 'Shared', interval: '1h' });
      await ready(place, 'first');
      await place.apply('watcher', { azureName: 'Shared', interval: '1h', managementPolicy: 'Observe' });
      await ready(place, 'watcher');
      expect((await ready(place, 'first')).metadata.finalizers).toHaveLength(1);
    }));
});

// The heir's 404 is taken for a defect: an error with a stack in the log, and a wait for the next try.
test.concurrent('two objects for one runtime can both be deleted at once without a defect in the log', () =>
  inPlace(async (place) => {
    for (let round = 1; round <= 5; round++) {
      const pairs = Array.from({ length: 4 }, (_, i) => [`shared-${i}-first`, `shared-${i}-second`] as const);
      const item = (name: string, azureName: string) => place.manifest(name, { azureName, interval: '1h' });
      const apply = async (items: object[]) =>
        expect(
          await place.try(['apply', '-f', '-'], { stdin: { apiVersion: 'v1', kind: 'List', items } }),
        ).toMatchObject({ code: 0 });
      await apply(pairs.map(([first]) => item(first, first)));
      await Promise.all(pairs.map(([first]) => ready(place, first)));
      await apply(pairs.map(([first, second]) => item(second, first)));
      await Promise.all(pairs.map(([, second]) => place.until(second, 'Ready=False OwnedByAnother Stalled')));
      await place.kubectl('delete', 'azir', ...pairs.flat(), '-n', place.namespace, '--wait=false');
      await Promise.all(pairs.flat().map((name) => place.untilGone(name)));
      expect(await place.azure.runtimes(place.factory)).toEqual([]);
    }
    expect((await place.log()).filter(({ msg }) => msg.includes('reconcile failed'))).toEqual([]);
  }, KNOWN_DEFECT));

describe.each(inBothKinds)('an object that replaces another, in a $kind', ({ inPlace }) => {
  test.concurrent('after a rename takes the runtime over, and nothing happens to the runtime', () =>
    inPlace(async (place) => {
      await place.apply('old', { azureName: 'Shared', interval: '1h' });
      await ready(place, 'old');
      await place.apply('new', { azureName: 'Shared', interval: '1h' });
      await place.until('new', 'Ready=False OwnedByAnother Stalled');
      const etag = (await place.runtime('Shared'))?.etag;
      await place.delete('old');
      await place.untilGone('old');
      const successor = await ready(place, 'new');
      expect(successor.status?.claim).toEqual({ origin: 'Created', identity: place.run.identity });
      expect(successor.metadata.finalizers).toHaveLength(1);
      expect((await place.runtime('Shared'))?.etag).toBe(etag);
      await place.untilEvents('old', 'Created', 'HandedOver');
      await place.untilEvents('new', 'OwnedByAnother', 'TakenOver');
      // The claim's origin went with it: the heir deletes what the first object created.
      await place.delete('new');
      await place.untilGone('new');
      expect(await place.runtime('Shared')).toBeNull();
    }));

  test.concurrent('takes over whatever its adoptionPolicy', () =>
    inPlace(async (place) => {
      await place.apply('old', { azureName: 'Shared', interval: '1h' });
      await ready(place, 'old');
      await place.apply('new', {
        azureName: 'Shared',
        interval: '1h',
        adoptionPolicy: 'Never',
        location: 'North Europe',
      });
      await place.until('new', 'Ready=False OwnedByAnother Stalled');
      await place.delete('old');
      await place.untilGone('old');
      await ready(place, 'new');
      expect((await place.runtime('Shared'))?.properties).toEqual(located('North Europe'));
      expect(await place.writes('Shared')).toEqual(['PUT', 'PUT']);
    }));

  test.concurrent('inherits that the runtime was adopted, and leaves it in the end', () =>
    inPlace(async (place) => {
      await place.azure.putRuntime({ factory: place.factory, name: 'Shared', properties: located('West Europe') });
      await place.apply('old', { azureName: 'Shared', interval: '1h' });
      await ready(place, 'old');
      await place.apply('new', { azureName: 'Shared', interval: '1h' });
      await place.until('new', 'Ready=False OwnedByAnother Stalled');
      await place.delete('old');
      await place.untilGone('old');
      expect((await ready(place, 'new')).status?.claim?.origin).toBe('Adopted');
      await place.delete('new');
      await place.untilGone('new');
      expect(await place.runtime('Shared')).not.toBeNull();
      await place.untilEvents('new', 'OwnedByAnother', 'TakenOver', 'Retained');
    }));

  test.concurrent('takes over at once from one that is stuck in its deletion', () =>
    inPlace(async (place) => {
      await place.apply('old', { azureName: 'Shared', interval: '1h' });
      await ready(place, 'old');
      await place.azure.setReferences({ factory: place.factory, name: 'Shared', referrers: ['LS_Lake'] });
      await place.delete('old');
      await place.until('old', 'Ready=False ReferencedByOthers Reconciling');
      await place.apply('new', { azureName: 'Shared', interval: '1h' });
      await place.untilGone('old');
      expect((await ready(place, 'new')).status?.claim?.origin).toBe('Created');
      await place.untilEvents('old', 'Created', 'HandedOver');
    }));

  test.concurrent('inherits nothing when it only observes', () =>
    inPlace(async (place) => {
      await place.apply('old', { azureName: 'Shared', interval: '1h' });
      await ready(place, 'old');
      await place.apply('watcher', { azureName: 'Shared', interval: '1h', managementPolicy: 'Observe' });
      await ready(place, 'watcher');
      await place.delete('old');
      await place.untilGone('old');
      expect(await place.runtime('Shared')).toBeNull();
      await place.look('watcher');
      await place.until('watcher', 'Ready=False NotFound Reconciling');
    }));

  test.concurrent('may live in another namespace', () =>
    inPlace(async (place) => {
      const namespace = `${place.namespace}-b`;
      await place.kubectl('create', 'namespace', namespace);
      await place.apply('sample', { interval: '1h' });
      await ready(place, 'sample');
      const moved = { ...place.manifest('sample', { interval: '1h' }), metadata: { name: 'sample', namespace } };
      expect(await place.try(['apply', '-f', '-'], { stdin: moved })).toMatchObject({ code: 0 });
      await place.delete('sample');
      await place.untilGone('sample');
      await place.kubectl('wait', '-n', namespace, 'azir/sample', '--for=condition=Ready', '--timeout=20s');
      expect(await place.writes('sample')).toEqual(['PUT']);
      await place.kubectl('delete', 'azir', 'sample', '-n', namespace, '--timeout=40s');
      expect(await place.runtime('sample')).toBeNull();
    }));
});

describe.each(inBothKinds)('a claimed runtime, in a $kind', ({ inPlace }) => {
  test.concurrent('that was deleted in Azure is created again', () =>
    inPlace(async (place) => {
      await place.apply('sample', { description: 'Copies.' });
      await ready(place, 'sample');
      await place.azure.deleteRuntime({ factory: place.factory, name: 'sample' });
      await eventually(async () =>
        expect((await place.runtime('sample'))?.properties).toEqual({
          ...located('West Europe'),
          description: 'Copies.',
        }),
      );
      await place.untilEvents('sample', 'Created', 'DriftDetected', 'Created');
      await ready(place, 'sample');
      await place.passes('sample');
      await place.untilEvents('sample', 'Created', 'DriftDetected', 'Created');
    }));

  test.concurrent('that has become a self-hosted one is left alone, and deletion releases it without a call', () =>
    inPlace(async (place) => {
      await place.apply('sample', { deletionPolicy: 'Delete' });
      await ready(place, 'sample');
      await place.azure.putRuntime({ factory: place.factory, name: 'sample', properties: SELF_HOSTED });
      await place.until('sample', 'Ready=False TypeConflict Stalled');
      await place.delete('sample');
      await place.untilGone('sample');
      expect(await place.writes('sample')).toEqual(['PUT']);
      expect((await place.runtime('sample'))?.properties).toEqual(SELF_HOSTED);
      await eventually(async () => expect((await place.events('sample')).at(-1)).toBe('Retained'));
    }));

  // status.location says AutoResolve, and status.drift and an event DriftDetected tell of a location, of a runtime that has none.
  test.concurrent('that has become a self-hosted one is told of as that, and not as one in the wrong location', () =>
    inPlace(async (place) => {
      await place.apply('sample');
      await ready(place, 'sample');
      await place.azure.putRuntime({ factory: place.factory, name: 'sample', properties: SELF_HOSTED });
      const { status } = await place.until('sample', 'Ready=False TypeConflict Stalled');
      await place.barrier();
      await place.untilEvents('sample', 'Created', 'TypeConflict');
      expect(status?.drift).toBeUndefined();
      expect(status?.location).toBeUndefined();
    }));
});

describe.each(inBothKinds)('a runtime of another kind, in a $kind', ({ inPlace }) => {
  test.concurrent.each([
    ['self-hosted', SELF_HOSTED, 'a self-hosted runtime'],
    ['Azure-SSIS', SSIS, 'an Azure-SSIS runtime'],
  ])('of that name is never written: %s', (_, properties, words) =>
    inPlace(async (place) => {
      await place.azure.putRuntime({ factory: place.factory, name: 'sample', properties });
      await place.apply('sample', { deletionPolicy: 'Delete' });
      const object = await place.until('sample', 'Ready=False TypeConflict Stalled');
      expect(message(object)).toContain(words);
      await place.look('sample');
      expect((await place.get('sample'))?.metadata.finalizers).toBeUndefined();
      await place.delete('sample');
      await place.untilGone('sample');
      expect(await place.writes('sample')).toEqual([]);
      expect((await place.runtime('sample'))?.properties).toEqual(properties);
      await place.untilEvents('sample', 'TypeConflict');
    }),
  );
});
