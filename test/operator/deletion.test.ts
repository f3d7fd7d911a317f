/** What becomes of the runtime when its object is deleted, and what keeps the object. */
import { describe, expect, test } from '@jest/globals';
import { KubeError } from '../../src/kube/client/errors.ts';
import { DELETE, deny, GET } from './support/faults.ts';
import { inBothKinds, message, minutesAgo, type Place } from './support/place.ts';

const ready = (place: Place, name = 'sample') => place.until(name, 'Ready=True Available');
const WAY_OUT = /deletionPolicy: Retain\)\./;

/** As if Azure had denied the parent for so long. */
async function deniedFor(place: Place, minutes: number): Promise<void> {
  await place.updateStatus('sample', { waitingSince: { reason: 'ParentAbsent', time: minutesAgo(minutes) } });
  await askFor(place, `after-${minutes}`);
}

/** Asks for a look at an object that a look may already have let go: a foreign status is a reason for one, once an interval. */
async function askFor(place: Place, look: string): Promise<void> {
  try {
    await place.annotate('sample', 'azure-ir.io/reconcile', look);
  } catch (error) {
    if (!(error instanceof KubeError) || error.status !== 404) throw error;
  }
}

async function created(place: Place, spec: Record<string, unknown> = {}): Promise<void> {
  await place.apply('sample', { interval: '1h', ...spec });
  await ready(place);
}

describe.each(inBothKinds)('an object that another finalizer keeps, in a $kind,', ({ inPlace }) => {
  test.concurrent.each([
    ['DeleteIfCreated', 'Deleted'],
    ['Retain', 'Retained'],
  ])('says under %s that its runtime was let go: %s', (deletionPolicy, reason) =>
    inPlace(async (place) => {
      await created(place, { deletionPolicy });
      const { metadata } = (await place.get('sample')) ?? {};
      const finalizers = [...(metadata?.finalizers ?? []), 'example.com/keep'];
      await place.patch('sample', { metadata: { finalizers } });
      await place.delete('sample');
      const { status, ...object } = await place.until('sample', `Ready=False ${reason}`, 40_000);
      expect(object.metadata.finalizers).toEqual(['example.com/keep']);
      for (const gone of ['claim', 'state', 'ownedFields', 'location']) expect(status).not.toHaveProperty(gone);
      await place.untilEvents('sample', 'Created', reason);
      expect(await place.runtimes()).toEqual(reason === 'Retained' ? ['sample'] : []);
      await place.patch('sample', { metadata: { finalizers: null } });
      await place.untilGone('sample');
    }),
  );
});

describe.each(inBothKinds)('a deletion, in a $kind', ({ inPlace }) => {
  test.concurrent.each([
    ['DeleteIfCreated', 'created', 'Deleted'],
    ['DeleteIfCreated', 'adopted', 'Retained'],
    ['Delete', 'created', 'Deleted'],
    ['Delete', 'adopted', 'Deleted'],
    ['Retain', 'created', 'Retained'],
    ['Retain', 'adopted', 'Retained'],
  ])('under %s of a runtime that was %s: it is %s', (deletionPolicy, origin, event) =>
    inPlace(async (place) => {
      if (origin === 'adopted') {
        await place.azure.putRuntime({
          factory: place.factory,
          name: 'sample',
          properties: { type: 'Managed', typeProperties: { computeProperties: { location: 'West Europe' } } },
        });
      }
      await created(place, { deletionPolicy });
      expect((await place.get('sample'))?.metadata.finalizers).toHaveLength(1);
      const before = (await place.requests()).length;
      await place.delete('sample');
      await place.untilGone('sample');
      expect((await place.requests()).slice(before)).toEqual(event === 'Deleted' ? place.kind.requests.delete : []);
      expect((await place.runtime('sample')) === null).toBe(event === 'Deleted');
      await place.untilEvents('sample', origin === 'adopted' ? 'Adopted' : 'Created', event);
    }),
  );

  test.concurrent('of an object that is suspended takes its course', () =>
    inPlace(async (place) => {
      await created(place);
      await place.patch('sample', { spec: { suspend: true } });
      await place.until('sample', 'Ready=True Suspended');
      await place.delete('sample');
      await place.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
    }));

  test.concurrent('of an object that never reached Azure is done at once, without a call', () =>
    inPlace(async (place) => {
      await place.azure.removeFactory(place.factory);
      await place.apply('sample', { interval: '1h', deletionPolicy: 'Delete' });
      await place.until('sample', `Ready=False ${place.kind.notFound} Reconciling`);
      await place.delete('sample');
      await place.untilGone('sample');
      expect(await place.writes('sample')).toEqual([]);
    }));

  test.concurrent('is done when the runtime is gone already, which is looked at twice and asked to be deleted all the same', () =>
    inPlace(async (place) => {
      await created(place);
      await place.azure.deleteRuntime({ factory: place.factory, name: 'sample' });
      const before = (await place.requests('sample')).length;
      await place.delete('sample');
      const object = await place.until('sample', 'Ready=False Deleting Reconciling');
      expect(message(object)).toMatch(WAY_OUT);
      await place.untilGone('sample');
      expect((await place.requests('sample')).slice(before)).toEqual(['GET', 'GET', 'DELETE']);
      await place.untilEvents('sample', 'Created', 'Deleted');
    }));

  test.concurrent('of a runtime that Azure denies once deletes it', () =>
    inPlace(async (place) => {
      await created(place);
      await deny(place, { operation: GET }, 'runtime');
      await place.delete('sample');
      await place.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
      await place.untilEvents('sample', 'Created', 'Deleted');
    }));

  test.concurrent('of a runtime that Azure denies once to the DELETE deletes it', () =>
    inPlace(async (place) => {
      await created(place);
      await deny(place, { operation: DELETE }, 'runtime');
      await place.delete('sample');
      await place.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
    }));

  test.concurrent.each([
    [GET, 'parent'],
    [GET, 'resourceGroup'],
    [DELETE, 'parent'],
    [DELETE, 'resourceGroup'],
  ] as const)('that meets an answer to %s once which denies the %s deletes the runtime', (operation, what) =>
    inPlace(async (place) => {
      await created(place);
      await deny(place, { operation }, what);
      await place.delete('sample');
      const object = await place.until('sample', 'Ready=False Deleting Reconciling');
      expect(message(object)).toMatch(WAY_OUT);
      await place.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
      expect((await place.eventsInFull('sample')).map(({ note }) => note).join()).not.toContain('together with');
    }),
  );

  test.concurrent('whose parent Azure denies for long, and which shows itself, keeps the object', () =>
    inPlace(async (place) => {
      await created(place);
      for (const operation of [GET, DELETE] as const) await deny(place, { operation }, 'parent', 'always');
      await place.delete('sample');
      await place.until('sample', 'Ready=False Deleting Reconciling');
      await deniedFor(place, 60);
      await place.look('sample');
      await place.look('sample');
      expect((await place.get('sample'))?.metadata.finalizers).toHaveLength(1);
      await place.azure.clearFaults({ factory: place.factory.name });
      await askFor(place, 'shown');
      await place.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
    }));

  test.concurrent('whose parent denies itself too keeps the object for minutes, and lets it go then', () =>
    inPlace(async (place) => {
      await created(place);
      await place.azure.removeFactory(place.factory);
      await place.delete('sample');
      const object = await place.until('sample', 'Ready=False Deleting Reconciling');
      expect(message(object)).toMatch(WAY_OUT);
      expect(object.status?.waitingSince?.reason).toBe('ParentAbsent');
      await deniedFor(place, 4);
      await place.look('sample');
      await place.look('sample');
      expect((await place.get('sample'))?.metadata.finalizers).toHaveLength(1);
      await deniedFor(place, 5);
      await place.untilGone('sample');
      expect((await place.calls())[place.kind.parentGet]).toBe(1);
    }));

  test.concurrent('of many objects of a parent that is gone asks for it once a minute', () =>
    inPlace(async (place) => {
      const names = Array.from({ length: 20 }, (_, i) => `sample-${i}`);
      const stdin = {
        apiVersion: 'v1',
        kind: 'List',
        items: names.map((name) => place.manifest(name, { interval: '1h' })),
      };
      expect(await place.try(['apply', '-f', '-'], { stdin })).toMatchObject({ code: 0 });
      for (const name of names) await place.until(name, 'Ready=True Available');
      await place.azure.removeFactory(place.factory);
      const start = Date.now();
      for (const name of names) await place.delete(name);
      for (const name of names) await place.until(name, 'Ready=False Deleting Reconciling');
      const asked = (await place.calls())[place.kind.parentGet];
      const minutes = Math.floor((Date.now() - start) / 60_000);
      expect(asked).toBeLessThanOrEqual(1 + minutes);
    }));

  test.concurrent('without the right to ask for the parent goes by repetition alone', () =>
    inPlace(async (place) => {
      await created(place);
      await place.azure.addRefusal({ kind: 'permission', action: `${place.kind.type}/read`, scope: place.scope });
      await place.azure.removeFactory(place.factory);
      await place.delete('sample');
      await place.until('sample', 'Ready=False Deleting Reconciling');
      await deniedFor(place, 5);
      await place.untilGone('sample');
    }));

  test.concurrent.each([
    ['its parent', (place: Place) => place.azure.removeFactory(place.factory)],
    [
      'the resource group',
      ({ azure, factory: { subscriptionId, resourceGroup } }: Place) =>
        azure.removeResourceGroup({ subscriptionId, name: resourceGroup }),
    ],
  ])('is done when %s is gone already', (_, remove) =>
    inPlace(async (place) => {
      await created(place);
      await remove(place);
      await place.delete('sample');
      await place.until('sample', 'Ready=False Deleting Reconciling');
      await deniedFor(place, 6);
      await place.untilGone('sample');
      await place.untilEvents('sample', 'Created', 'Deleted');
      expect((await place.eventsInFull('sample')).at(-1)?.note).toContain('together with');
      expect(await place.writes('sample')).toEqual(['PUT']);
    }),
  );

  test.concurrent('of an object waits for Azure to be asked about the runtime as it is now', () =>
    inPlace(async (place) => {
      await created(place, { deletionPolicy: 'Delete' });
      const properties = { type: 'SelfHosted' };
      await place.azure.putRuntime({ factory: place.factory, name: 'sample', properties });
      await place.delete('sample');
      await place.untilGone('sample');
      expect(await place.writes('sample')).toEqual(['PUT']);
      await place.untilEvents('sample', 'Created', 'Retained');
    }));
});

describe.each(inBothKinds)('a runtime that is referred to, in a $kind', ({ inPlace }) => {
  async function referred(place: Place, spec: Record<string, unknown> = {}) {
    await created(place, spec);
    await place.azure.setReferences({ factory: place.factory, name: 'sample', referrers: ['LS_Lake', 'LS_Sql'] });
    await place.delete('sample');
    return place.until('sample', 'Ready=False ReferencedByOthers Reconciling');
  }
  const unrefer = (place: Place) =>
    place.azure.setReferences({ factory: place.factory, name: 'sample', referrers: [] });

  test.concurrent('keeps the object, with the words of Azure and the way out', () =>
    inPlace(async (place) => {
      const object = await referred(place);
      expect(message(object)).toMatch(/^Runtime is still referenced by LS_Lake, LS_Sql\. Remove the reference/);
      expect(message(object)).toMatch(WAY_OUT);
      expect(object.metadata.finalizers).toHaveLength(1);
    }));

  test.concurrent('goes once nothing refers to it, without anybody asking', () =>
    inPlace(async (place) => {
      await created(place);
      await place.patch('sample', { spec: { interval: null } });
      await place.azure.setReferences({ factory: place.factory, name: 'sample', referrers: ['LS_Lake'] });
      await place.delete('sample');
      await place.until('sample', 'Ready=False ReferencedByOthers Reconciling');
      await place.untilEvents('sample', 'Created', 'ReferencedByOthers');
      expect((await place.eventsInFull('sample'))[1]).toMatchObject({
        type: 'Warning',
        note: expect.stringContaining('referenced by LS_Lake'),
      });
      await unrefer(place);
      await place.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
      await place.untilEvents('sample', 'Created', 'ReferencedByOthers', 'Deleted');
    }));

  test.concurrent('goes at once when a person asks for a look', () =>
    inPlace(async (place) => {
      await referred(place);
      await unrefer(place);
      await place.annotate('sample', 'azure-ir.io/reconcile', 'now');
      await place.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
    }));

  test.concurrent('stays in Azure when the way out is taken', () =>
    inPlace(async (place) => {
      await referred(place);
      await place.patch('sample', { spec: { deletionPolicy: 'Retain' } });
      await place.untilGone('sample');
      expect(await place.runtime('sample')).not.toBeNull();
      await place.untilEvents('sample', 'Created', 'Retained');
    }));

  test.concurrent('does not let the printed command go wrong: it releases the object as it stands in the message', () =>
    inPlace(async (place) => {
      const object = await referred(place);
      const [, patch = ''] = /kubectl (patch .*'\}?) \(/.exec(message(object)) ?? [];
      const args = patch.split(' ').map((arg) => arg.replace(/^'|'$/g, ''));
      await place.kubectl(...args);
      await place.untilGone('sample');
      expect(await place.runtime('sample')).not.toBeNull();
    }));
});

describe.each(inBothKinds)('a deletion that Azure refuses, in a $kind', ({ inPlace }) => {
  test.concurrent('for want of a role waits for the role, and tells identity, action, scope and the way out', () =>
    inPlace(async (place) => {
      await created(place);
      await place.azure.addRefusal({ kind: 'permission', action: '*/delete', scope: place.scope });
      await place.delete('sample');
      const object = await place.until('sample', 'Ready=False Forbidden Reconciling');
      expect(message(object)).toContain(`'${place.kind.actions.delete}'`);
      expect(message(object)).toContain(`${place.scope}/integrationRuntimes/sample`);
      expect(message(object)).toContain(place.run.identity);
      expect(message(object)).toMatch(WAY_OUT);
      await place.azure.clearRefusals({ scope: place.scope });
      await place.annotate('sample', 'azure-ir.io/reconcile', 'now');
      await place.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
    }));

  test.concurrent('for want of a role lets the object go when the way out is taken', () =>
    inPlace(async (place) => {
      await created(place);
      await place.azure.addRefusal({ kind: 'permission', scope: place.scope });
      await place.delete('sample');
      await place.until('sample', 'Ready=False Forbidden Reconciling');
      await place.patch('sample', { spec: { deletionPolicy: 'Retain' } });
      await place.untilGone('sample');
      expect(await place.runtime('sample')).not.toBeNull();
    }));

  test.concurrent('because of a lock is Stalled, with the way out, and goes on once the lock is gone', () =>
    inPlace(async (place) => {
      await created(place);
      await place.azure.addRefusal({ kind: 'lock', level: 'CanNotDelete', scope: place.scope });
      await place.delete('sample');
      const object = await place.until('sample', 'Ready=False Locked Stalled');
      expect(message(object)).toMatch(/Remove the lock.*deletionPolicy: Retain\)\./);
      await place.azure.clearRefusals({ scope: place.scope });
      await place.annotate('sample', 'azure-ir.io/reconcile', 'now');
      await place.untilGone('sample');
      await place.untilEvents('sample', 'Created', 'Locked', 'Deleted');
    }));

  test.concurrent('because it does not know the subscription proves nothing: the object stays, with the way out', () =>
    inPlace(async (place) => {
      await created(place);
      await place.azure.removeSubscription({ subscriptionId: place.factory.subscriptionId });
      await place.delete('sample');
      const object = await place.until('sample', 'Ready=False SubscriptionNotFound Reconciling');
      expect(message(object)).toMatch(/tenant and AZURE_CLOUD.*deletionPolicy: Retain\)\./);
      await place.look('sample');
      expect((await place.get('sample'))?.metadata.finalizers).toHaveLength(1);
      await place.patch('sample', { spec: { deletionPolicy: 'Retain' } });
      await place.untilGone('sample');
    }));
});
