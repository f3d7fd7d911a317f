/** The worked examples of deploy/flux and deploy/argocd, played: what becomes of objects and runtimes. */
import { describe, expect, test } from '@jest/globals';
import { ArgoCd } from '../support/argocd.ts';
import { describeWith } from '../support/tools.ts';
import { argocd, example, flux, tracked, untilSettled } from './support/gitops.ts';
import { eventually, inPlace, type Place } from './support/place.ts';

const RUNTIME = 'LakeIR';

const located = (place: Place, location: string) =>
  eventually(async () =>
    expect((await place.runtime(RUNTIME))?.properties).toMatchObject({
      typeProperties: { computeProperties: { location } },
    }),
  );

describe('a rename', () => {
  test('by Flux is one commit, and nothing happens to the runtime', () =>
    inPlace(async (place) => {
      const [before, after] = [
        await example(place, 'flux/rename/before.yaml'),
        await example(place, 'flux/rename/after.yaml'),
      ];
      await flux(place, before);
      await untilSettled(place, 'lake');
      const runtime = await place.runtime(RUNTIME);
      await flux(place, after, before);
      await place.untilGone('lake');
      expect((await untilSettled(place, 'raw-lake')).status?.claim?.origin).toBe('Created');
      expect(await place.runtime(RUNTIME)).toEqual(runtime);
      expect(await place.writes(RUNTIME)).toEqual(['PUT']);
      await place.untilEvents('lake', 'Created', 'HandedOver');
    }));

  test('by Argo CD, which deletes the old object first, is one commit too, and nothing happens to the runtime', () =>
    inPlace(async (place) => {
      const [before, after] = [
        await example(place, 'argocd/rename/before.yaml'),
        await example(place, 'argocd/rename/after.yaml'),
      ];
      await argocd(place, before);
      await untilSettled(place, 'lake');
      const runtime = await place.runtime(RUNTIME);
      await argocd(place, [], before);
      await place.until('lake', 'Ready=False Deleting Reconciling');
      await argocd(place, after);
      await place.untilGone('lake');
      expect((await untilSettled(place, 'raw-lake')).status?.claim?.origin).toBe('Created');
      expect(await place.runtime(RUNTIME)).toEqual(runtime);
      expect(await place.writes(RUNTIME)).toEqual(['PUT']);
      await place.untilEvents('lake', 'Created', 'DeletionWaits', 'HandedOver');
      expect((await place.eventsInFull('lake'))[1]).toMatchObject({
        type: 'Normal',
        note: expect.stringContaining('a mark of Argo CD'),
      });
    }));

  test('that deletes the old object before there is a new one, of an object that Argo CD does not manage, makes the runtime anew', () =>
    inPlace(async (place) => {
      const [before, after] = [
        await example(place, 'flux/rename/before.yaml'),
        await example(place, 'flux/rename/after.yaml'),
      ];
      await flux(place, before);
      await untilSettled(place, 'lake');
      await flux(place, [], before);
      await place.untilGone('lake');
      await flux(place, after);
      await untilSettled(place, 'raw-lake');
      expect(await place.writes(RUNTIME)).toEqual(['PUT', 'DELETE', 'PUT']);
    }));
});

describe('force, with Retain', () => {
  test('by Flux makes a new runtime for the field that cannot be changed, and leaves the old one', () =>
    inPlace(async (place) => {
      const before = await example(place, 'flux/force/before.yaml');
      await flux(place, before);
      const { metadata } = await untilSettled(place, 'lake');
      await flux(place, await example(place, 'flux/force/after.yaml'), before);
      expect((await untilSettled(place, 'lake')).metadata.uid).not.toBe(metadata.uid);
      expect((await place.azure.runtimes(place.factory)).map(({ name }) => name).sort()).toEqual([
        'LakeIR',
        'RawLakeIR',
      ]);
      expect(await place.writes(RUNTIME)).toEqual(['PUT']);
    }));

  test('by Flux of a mistyped manifest deletes the object; the corrected one takes the runtime over again, untouched', () =>
    inPlace(async (place) => {
      const [before] = await example(place, 'flux/force/before.yaml');
      if (before === undefined) throw new Error('the example is empty');
      await flux(place, [before]);
      await untilSettled(place, 'lake');
      const runtime = await place.runtime(RUNTIME);
      const mistyped = { ...before, spec: { ...before.spec, adoptionPolicy: 'always' } };
      await expect(flux(place, [mistyped], [before])).rejects.toThrow('Unsupported value: "always"');
      expect(await place.get('lake')).toBeUndefined();
      await flux(place, [before], [mistyped]);
      expect((await untilSettled(place, 'lake')).status?.claim?.origin).toBe('Adopted');
      expect(await place.runtime(RUNTIME)).toEqual(runtime);
    }));

  test('by Argo CD, which is kubectl apply --force, makes a new runtime and leaves the old one', () =>
    inPlace(async (place) => {
      const before = await example(place, 'argocd/force/before.yaml');
      await argocd(place, before);
      await untilSettled(place, 'lake');
      const [after] = await example(place, 'argocd/force/after.yaml');
      if (after === undefined) throw new Error('the example is empty');
      await expect(argocd(place, [after])).rejects.toThrow('azureName is immutable');
      // It gives the deleted object no time to go, and fails; the sync is retried.
      const sync = () => place.try(['apply', '--force', '-f', '-'], { stdin: tracked(place, after) });
      await eventually(async () => expect(await sync()).toMatchObject({ code: 0 }));
      await untilSettled(place, 'lake');
      expect((await place.azure.runtimes(place.factory)).map(({ name }) => name).sort()).toEqual([
        'LakeIR',
        'RawLakeIR',
      ]);
      expect(await place.writes(RUNTIME)).toEqual(['PUT']);
    }));
});

describe('pruning', () => {
  test('deletes the runtime that the object created', () =>
    inPlace(async (place) => {
      const commit = await example(place, 'flux/runtimes/runtime.yaml');
      await flux(place, commit);
      await untilSettled(place, 'lake');
      await flux(place, [], commit);
      await place.untilGone('lake');
      expect(await place.runtime(RUNTIME)).toBeNull();
    }));

  test('of a runtime that a linked service still needs waits until that is gone', () =>
    inPlace(async (place) => {
      const commit = await example(place, 'flux/runtimes/runtime.yaml');
      await flux(place, commit);
      await untilSettled(place, 'lake');
      await place.azure.setReferences({ factory: place.factory, name: RUNTIME, referrers: ['lake-storage'] });
      await flux(place, [], commit);
      await place.until('lake', 'Ready=False ReferencedByOthers Reconciling');
      await place.azure.setReferences({ factory: place.factory, name: RUNTIME, referrers: [] });
      await place.annotate('lake', 'azure-ir.io/reconcile', 'now');
      await place.untilGone('lake');
      expect(await place.runtime(RUNTIME)).toBeNull();
    }));
});

describe('drift', () => {
  test.each([
    ['Flux', flux, 'flux/runtimes/runtime.yaml'],
    ['Argo CD', argocd, 'argocd/app/runtime.yaml'],
  ] as const)('is nothing that the operator writes, when %s applies again what it has applied', (_name, apply, path) =>
    inPlace(async (place) => {
      const commit = await example(place, path);
      await apply(place, commit);
      const { metadata } = await untilSettled(place, 'lake');
      await apply(place, commit, commit);
      await place.barrier();
      expect((await place.get('lake'))?.metadata.resourceVersion).toBe(metadata.resourceVersion);
    }),
  );

  test.each([
    ['Flux', flux, 'flux/runtimes/runtime.yaml'],
    ['Argo CD', argocd, 'argocd/app/runtime.yaml'],
  ] as const)('of an object that somebody edits is undone by %s, and the runtime follows', (_name, apply, path) =>
    inPlace(async (place) => {
      const commit = await example(place, path);
      await apply(place, commit);
      await untilSettled(place, 'lake');
      await place.patch('lake', { spec: { location: 'North Europe' } });
      await located(place, 'North Europe');
      await apply(place, commit, commit);
      await located(place, 'West Europe');
      await untilSettled(place, 'lake');
    }),
  );
});

(await describeWith('lua'))("Argo CD's action", () => {
  const acting = (test: (place: Place, act: (action: string) => Promise<void>) => Promise<void>) =>
    inPlace(async (place) => {
      const argo = await ArgoCd.start();
      const act = async (action: string) => {
        const object = await place.get('lake');
        if (object === undefined) throw new Error('lake is gone');
        const { metadata, spec } = await argo.act(action, object);
        await place.patch('lake', { metadata: { annotations: metadata.annotations }, spec });
      };
      try {
        await flux(place, await example(place, 'flux/runtimes/runtime.yaml'));
        await untilSettled(place, 'lake');
        await test(place, act);
      } finally {
        await argo.stop();
      }
    });

  test('reconcile has the operator look at once', () =>
    acting(async (place, act) => {
      await act('reconcile');
      await eventually(async () =>
        expect((await place.get('lake'))?.status?.lastHandledReconcileToken).toMatch(/^\d{4}-\d\d-\d\dT/),
      );
    }));

  test('repair has it write the definition again', () =>
    acting(async (place, act) => {
      await act('repair');
      await eventually(async () => expect(await place.writes(RUNTIME)).toEqual(['PUT', 'PUT']));
      await eventually(async () =>
        expect((await place.get('lake'))?.status?.lastHandledRepairAt).toMatch(/^\d{4}-\d\d-\d\dT/),
      );
    }));

  test('suspend stops it, and resume has it go on', () =>
    acting(async (place, act) => {
      await act('suspend');
      await place.until('lake', 'Ready=True Suspended');
      await act('resume');
      await place.until('lake', 'Ready=True Available');
    }));
});
