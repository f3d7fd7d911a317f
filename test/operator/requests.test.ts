/** What people ask for: to look now, to pause. */
import { describe, expect, test } from '@jest/globals';
import { eventually, inBothKinds, message, type Place, summary } from './support/place.ts';

const ready = (place: Place) => place.until('sample', 'Ready=True Available');
const suspend = (place: Place, value: boolean) => place.patch('sample', { spec: { suspend: value } });

async function created(place: Place, spec: Record<string, unknown> = {}) {
  await place.apply('sample', { interval: '1h', ...spec });
  return ready(place);
}

describe.each(inBothKinds)('what cannot be, in a $kind,', ({ inPlace }) => {
  test.concurrent.each([
    ['a repair, of an observer', 'azure-ir.io/repair', 'lastHandledRepairAt', { managementPolicy: 'Observe' }],
    [
      'interactive authoring, of a public runtime',
      'azure-ir.io/enable-interactive-authoring',
      'lastHandledInteractiveAuthoringAt',
      {},
    ],
  ])('is answered by one event and marked handled: %s', (_what, annotation, handled, spec) =>
    inPlace(async (place) => {
      const properties = { type: 'Managed', typeProperties: { computeProperties: { location: 'West Europe' } } };
      await place.azure.putRuntime({ factory: place.factory, name: 'sample', properties });
      await created(place, spec);
      const before = await place.events('sample');
      await place.annotate('sample', annotation, 'please');
      await eventually(async () => expect((await place.get('sample'))?.status).toMatchObject({ [handled]: 'please' }));
      await place.untilEvents('sample', ...before, 'AnnotationRejected');
      await ready(place);
      await place.look('sample');
      expect(await place.events('sample')).toEqual([...before, 'AnnotationRejected']);
      expect(await place.writes('sample')).toEqual([]);
    }),
  );
});

describe.each(inBothKinds)('a look that is asked for, in a $kind', ({ inPlace }) => {
  test.concurrent.each([
    ['azure-ir.io/reconcile', { lastHandledReconcileAt: 'a', lastHandledReconcileToken: 'a' }],
    ['reconcile.fluxcd.io/requestedAt', { lastHandledReconcileAt: 'a' }],
  ])('by %s is had at once and fresh, and its token is echoed', (annotation, echo) =>
    inPlace(async (place) => {
      await created(place);
      const { length } = await place.requests();
      await place.annotate('sample', annotation, 'a');
      await eventually(async () => expect((await place.get('sample'))?.status).toMatchObject(echo));
      expect((await place.requests()).slice(length)).toEqual(['GET', 'STATE']);
    }),
  );

  test.concurrent('corrects drift at once', () =>
    inPlace(async (place) => {
      await created(place);
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: { typeProperties: null } });
      await place.look('sample');
      await place.untilEvents('sample', 'Created', 'DriftDetected', 'DriftCorrected');
    }));

  test.concurrent('is had once for each token', () =>
    inPlace(async (place) => {
      await created(place);
      await place.look('sample');
      const { length } = await place.requests('sample');
      const token = (await place.get('sample'))?.metadata.annotations?.['azure-ir.io/reconcile'] ?? '';
      await place.annotate('sample', 'azure-ir.io/reconcile', token);
      await place.annotate('sample', 'unrelated.io/annotation', 'x');
      await place.barrier();
      expect(await place.requests('sample')).toHaveLength(length);
    }));

  test.concurrent('by both annotations is told of by both tokens', () =>
    inPlace(async (place) => {
      await created(place);
      await place.annotate('sample', 'azure-ir.io/reconcile', 'ours');
      await place.annotate('sample', 'reconcile.fluxcd.io/requestedAt', 'flux');
      await eventually(async () =>
        expect((await place.get('sample'))?.status).toMatchObject({
          lastHandledReconcileAt: 'flux',
          lastHandledReconcileToken: 'ours',
        }),
      );
    }));

  test.concurrent('is not had again when Flux takes the annotation off, and its token stays', () =>
    inPlace(async (place) => {
      await created(place);
      await place.annotate('sample', 'reconcile.fluxcd.io/requestedAt', 'flux');
      await place.look('sample');
      const before = { requests: await place.requests('sample'), versions: (await place.allVersions('sample')).length };
      const remove = ['azure-ir.io/reconcile-', 'reconcile.fluxcd.io/requestedAt-'];
      await place.kubectl('annotate', 'azir', 'sample', '-n', place.namespace, ...remove);
      await place.barrier();
      expect(await place.requests('sample')).toEqual(before.requests);
      expect(await place.allVersions('sample')).toHaveLength(before.versions + 1);
      expect((await place.get('sample'))?.status?.lastHandledReconcileAt).toBe('flux');
    }));

  test.concurrent('may come from the creation of the object', () =>
    inPlace(async (place) => {
      const manifest = place.manifest('sample', { interval: '1h' }) as { metadata: object };
      const annotations = { 'reconcile.fluxcd.io/requestedAt': 'first' };
      const stdin = { ...manifest, metadata: { ...manifest.metadata, annotations } };
      await place.try(['apply', '-f', '-'], { stdin });
      expect((await ready(place)).status?.lastHandledReconcileAt).toBe('first');
      expect(await place.requests('sample')).toEqual(place.kind.requests.create);
    }));
});

describe.each(inBothKinds)('an object that is suspended, in a $kind', ({ inPlace }) => {
  test.concurrent('in sync stays Ready and causes no call at all', () =>
    inPlace(async (place) => {
      await created(place);
      // Polled every second from now on, were it not suspended; and no poll is under way when the requests are counted.
      await place.patch('sample', { spec: { suspend: true, interval: null } });
      const object = await place.until('sample', 'Ready=True Suspended');
      expect(object.status?.observedGeneration).toBe(object.metadata.generation);
      const { length } = await place.requests('sample');
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: { typeProperties: null } });
      await place.apply('other');
      await place.until('other', 'Ready=True Available');
      await place.passes('other');
      expect(await place.requests('sample')).toHaveLength(length);
      expect(summary(await place.get('sample'))).toBe('Ready=True Suspended');
    }));

  test.concurrent('goes on when it is resumed, and corrects what has drifted meanwhile', () =>
    inPlace(async (place) => {
      await created(place);
      await suspend(place, true);
      await place.until('sample', 'Ready=True Suspended');
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: { typeProperties: null } });
      await suspend(place, false);
      await ready(place);
      await eventually(async () =>
        expect((await place.runtime('sample'))?.properties).toMatchObject({
          typeProperties: { computeProperties: { location: 'West Europe' } },
        }),
      );
      await place.untilEvents('sample', 'Created', 'Suspended', 'Resumed', 'DriftDetected', 'DriftCorrected');
    }));

  test.concurrent('from the start is Stalled and unknown, creates nothing and holds nothing', () =>
    inPlace(async (place) => {
      await place.apply('sample', { suspend: true });
      const object = await place.until('sample', 'Ready=Unknown Suspended Stalled');
      expect(message(object)).toMatch(/spec\.suspend: false/);
      expect(object.metadata.finalizers).toBeUndefined();
      expect(await place.requests()).toEqual([]);
      await suspend(place, false);
      await ready(place);
      await place.untilEvents('sample', 'Suspended', 'Resumed', 'Created');
    }));

  test.concurrent('with a change that was not made is not Ready, and is again when the change is taken back', () =>
    inPlace(async (place) => {
      await created(place);
      await place.patch('sample', { spec: { suspend: true, location: 'North Europe' } });
      await place.until('sample', 'Ready=Unknown Suspended Stalled');
      expect(await place.writes('sample')).toEqual(['PUT']);
      await place.patch('sample', { spec: { suspend: false, location: 'West Europe' } });
      await ready(place);
    }));
});
