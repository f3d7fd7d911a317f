/** Objects that bring along what another did: a finalizer, a mark, a status. What a foreign runtime is to them, and what it is not. */
import { describe, expect, test } from '@jest/globals';
import { fault, GET, PUT, refusal } from './support/faults.ts';
import { type Azir, eventually, inBothKinds, type Place } from './support/place.ts';

const FINALIZER = 'azure-ir.io/runtime';
const MARK = 'azure-ir.io/mark';
const FOREIGN = {
  type: 'Managed',
  description: 'prod, do not touch',
  typeProperties: {
    computeProperties: {
      location: 'West Europe',
      dataFlowProperties: { computeType: 'MemoryOptimized', coreCount: 144 },
    },
  },
};

const foreign = (place: Place, properties: object = FOREIGN) =>
  place.azure.putRuntime({ factory: place.factory, name: 'sample', properties: { ...properties } });
const ready = (place: Place) => place.until('sample', 'Ready=True Available');
const mark = (object: Azir | undefined) => JSON.parse(object?.metadata.annotations?.[MARK] ?? 'null');

/** A manifest that brings this metadata along. */
function bringing(place: Place, metadata: object, spec: Record<string, unknown> = {}): object {
  const manifest = place.manifest('sample', { interval: '1h', location: undefined, ...spec }) as { metadata: object };
  return { ...manifest, metadata: { ...manifest.metadata, ...metadata } };
}

async function kubectl(place: Place, args: string[], stdin: object): Promise<void> {
  const { code, stderr } = await place.try([...args, '-f', '-'], { stdin });
  if (code !== 0) throw new Error(stderr);
}

const claimOf = (uid: string, runtime: string) => JSON.stringify({ uid, origin: 'Created', runtime });

/** Besides of how often it was suspended, which a lost status has told again. */
const untilHeard = (place: Place, ...reasons: string[]) =>
  eventually(async () => {
    const told = await place.events('sample');
    expect(told.filter((reason) => !['Suspended', 'Resumed'].includes(reason))).toEqual(reasons);
  });

/** The runtime is adopted, and is what it was when the object has gone. */
async function expectForeign(place: Place, properties: object = FOREIGN): Promise<void> {
  const object = await eventually(async () => {
    const now = await ready(place);
    expect(mark(now)).toMatchObject({ uid: now.metadata.uid, origin: 'Adopted' });
    return now;
  });
  expect(object.status).toMatchObject({ uid: object.metadata.uid, claim: { origin: 'Adopted' } });
  await untilHeard(place, 'Adopted');
  await place.delete('sample');
  await place.untilGone('sample');
  await untilHeard(place, 'Adopted', 'Retained');
  expect((await place.runtime('sample'))?.properties).toEqual(properties);
  expect(await place.writes('sample')).toEqual([]);
}

describe.each(inBothKinds)('a foreign runtime, in a $kind, is adopted and stays', ({ inPlace }) => {
  const runtime = (place: Place) => `${place.scope}/integrationRuntimes/sample`.toLowerCase();
  const brought = (place: Place) => ({ annotations: { [MARK]: claimOf('of-another-cluster', runtime(place)) } });

  test.concurrent.each<[string, (place: Place) => object]>([
    ['its finalizer', () => ({ finalizers: [FINALIZER] })],
    ['its finalizer and the mark of another', (place) => ({ finalizers: [FINALIZER], ...brought(place) })],
    ['the mark of another alone', brought],
    ['a mark that is none', () => ({ finalizers: [FINALIZER], annotations: { [MARK]: '{"uid":1' } })],
  ])('where the object brings %s', (_, metadata) =>
    inPlace(async (place) => {
      await foreign(place);
      await kubectl(place, ['apply'], bringing(place, metadata(place)));
      await expectForeign(place);
    }),
  );

  test.concurrent.each([
    [
      'a server-side apply of another manager',
      ['apply', '--server-side', '--force-conflicts', '--field-manager=argocd-controller'],
    ],
    ['a replace', ['replace', '--force']],
  ])('where %s brings them once more', (_, args) =>
    inPlace(async (place) => {
      await foreign(place);
      const manifest = (suspend: boolean) =>
        bringing(place, { finalizers: [FINALIZER], ...brought(place) }, { suspend });
      await kubectl(place, ['create'], manifest(true));
      await place.until('sample', 'Ready=Unknown Suspended Stalled');
      if (args[0] === 'replace') await place.patch('sample', { metadata: { finalizers: null } });
      await kubectl(place, args, manifest(false));
      await expectForeign(place);
    }),
  );
});

describe.each(inBothKinds)('a status of another object, in a $kind', ({ inPlace }) => {
  const BEFORE = {
    uid: 'of-the-object-before',
    claim: { origin: 'Created', identity: 'restored' },
    ownedFields: ['description', 'location'],
    repair: { attempts: 5 },
    lastHandledReconcileToken: 't1',
    syncedSpecHash: '0123456789abcdef',
  };
  /** Puts the status that is there, as another object had it. */
  async function restore(place: Place, before: object = BEFORE): Promise<void> {
    const status = { ...(await place.get('sample'))?.status, ...before };
    await place.kubectl(
      ...['patch', 'azir', 'sample', '-n', place.namespace, '--subresource=status', '--type=json', '-p'],
      JSON.stringify([{ op: 'add', path: '/status', value: status }]),
    );
  }

  test.concurrent('counts as blank, whole: its claim, its fields, its tokens', () =>
    inPlace(async (place) => {
      await foreign(place);
      const metadata = { finalizers: [FINALIZER], annotations: { 'azure-ir.io/reconcile': 't1' } };
      await kubectl(place, ['create'], bringing(place, metadata, { suspend: true }));
      await place.until('sample', 'Ready=Unknown Suspended Stalled');
      await restore(place);
      await place.patch('sample', { spec: { suspend: false } });
      const { status } = await ready(place);
      expect(status).toMatchObject({ claim: { origin: 'Adopted', identity: place.run.identity } });
      expect(status).not.toHaveProperty('repair');
      // As declared: what the other declared is not this one's to set back.
      expect(status).not.toHaveProperty('ownedFields');
      await expectForeign(place);
    }));

  test.concurrent.each([
    ['the status of another', BEFORE],
    ['a status that names nobody', { ...BEFORE, uid: undefined }],
  ])('written over its own, before a deletion, proves nothing: %s', (_, before) =>
    inPlace(async (place) => {
      await foreign(place);
      await kubectl(place, ['apply'], bringing(place, { finalizers: [FINALIZER] }));
      await ready(place);
      await restore(place, before);
      await place.delete('sample');
      await place.untilGone('sample');
      expect((await place.runtime('sample'))?.properties).toEqual(FOREIGN);
      expect(await place.writes('sample')).toEqual([]);
    }),
  );

  test.concurrent('written over its own does not lose what it created', () =>
    inPlace(async (place) => {
      await place.apply('sample', { interval: '1h' });
      await ready(place);
      await restore(place);
      const { status, metadata } = await place.look('sample');
      expect(status).toMatchObject({ uid: metadata.uid, claim: { origin: 'Created' } });
      await place.delete('sample');
      await place.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
    }));
});

describe.each(inBothKinds)('what is our own, in a $kind', ({ inPlace }) => {
  test.concurrent('a mark that somebody overwrites again and again is not fought for, and the claim counts', () =>
    inPlace(async (place) => {
      await place.apply('sample', { interval: '1h' });
      await ready(place);
      const uid = 'of-the-manifest-in-git';
      const overwrite = () => place.annotate('sample', MARK, claimOf(uid, '/x'));
      await overwrite();
      await place.look('sample');
      await place.patch('sample', { spec: { location: 'North Europe' } });
      await ready(place);
      await overwrite();
      await place.look('sample');
      expect(mark(await place.get('sample'))).toMatchObject({ uid });
      expect((await ready(place)).status?.claim?.origin).toBe('Created');
      await place.delete('sample');
      await place.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
    }));

  test.concurrent('a handover names the successor, in its mark and in its status', () =>
    inPlace(async (place) => {
      await place.apply('old', { azureName: 'sample', interval: '1h' });
      await place.until('old', 'Ready=True Available');
      await place.apply('sample', { azureName: 'sample', interval: '1h' });
      await place.until('sample', 'Ready=False OwnedByAnother Stalled');
      await place.delete('old');
      await place.untilGone('old');
      const successor = await ready(place);
      expect(successor.status).toMatchObject({ uid: successor.metadata.uid, claim: { origin: 'Created' } });
      expect(mark(successor)).toMatchObject({ uid: successor.metadata.uid, origin: 'Created' });
      await place.delete('sample');
      await place.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
    }));

  test.concurrent('a create whose answer nobody saw is found by the deletion, and taken back', () =>
    inPlace(async (place) => {
      const { subscriptionId } = place.factory;
      await fault(place, PUT, refusal(503, 'ServiceUnavailable'), { when: 'after', delayMs: 3_000 });
      await place.apply('sample', { interval: '1h' });
      await eventually(async () => expect(await place.runtime('sample')).not.toBeNull());
      await fault(place, GET, refusal(503, 'ServiceUnavailable'));
      await place.delete('sample');
      const object = await place.until('sample', 'Ready=Unknown AzureUnavailable Reconciling', 60_000);
      expect(object.status?.claim).toBeUndefined();
      expect(mark(object)).toMatchObject({ uid: object.metadata.uid, origin: 'Created' });
      await place.azure.clearFaults({ subscriptionId });
      await place.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
      // A Warning, too, where that took more than a minute.
      await eventually(async () => {
        const told = (await place.events('sample')).filter((reason) => reason !== 'AzureUnavailable');
        expect(told).toEqual(['Created', 'Deleted']);
      });
    }));
});
