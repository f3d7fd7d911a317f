/** What only a Synapse workspace has: its writes are accepted and take effect later, and it shows the default runtime. */
import { describe, expect, test } from '@jest/globals';
import { eventually, inPlace, message, minutesAgo, type Place } from './support/place.ts';

const inWorkspace = (run: (place: Place) => Promise<void>) => inPlace(run, 't', 'workspace');
const located = (location: string) => ({ type: 'Managed', typeProperties: { computeProperties: { location } } });
const existing = (place: Place, properties: object) =>
  place.azure.putRuntime({ factory: place.factory, name: 'sample', properties: { ...properties } });
/** Azure takes so long that passes go by meanwhile. */
const slow = (place: Place, durationMs = 3_000) => place.azure.setOperations({ factory: place.factory, durationMs });
const ready = (place: Place, name = 'sample') => place.until(name, 'Ready=True Available');

async function created(place: Place, spec: Record<string, unknown> = {}): Promise<void> {
  await place.apply('sample', spec);
  await ready(place);
}

describe('creating', () => {
  test.concurrent('that takes several passes is Creating meanwhile, claimed, and made once', () =>
    inWorkspace(async (place) => {
      await slow(place);
      await place.apply('sample');
      const { status } = await place.until('sample', 'Ready=False Creating Reconciling');
      expect(status).toMatchObject({ claim: { origin: 'Created' }, operation: { kind: 'Create' } });
      expect(await place.events('sample')).toEqual([]);
      await ready(place);
      expect(await place.writes('sample')).toEqual(['PUT']);
      expect((await place.requests('sample')).filter((call) => call === 'GET').length).toBeGreaterThan(2);
      await place.untilEvents('sample', 'Created');
    }));
});

describe('adopting', () => {
  test.concurrent('another one is told when it is as declared, and keeps what is not declared', () =>
    inWorkspace(async (place) => {
      await slow(place);
      await existing(place, { ...located('North Europe'), alien: true });
      await place.apply('sample');
      const { status } = await place.until('sample', 'Ready=False Updating Reconciling');
      expect(status).toMatchObject({
        claim: { origin: 'Adopted' },
        operation: { kind: 'Adopt', fields: ['location'] },
      });
      await ready(place);
      expect((await place.runtime('sample'))?.properties).toEqual({ ...located('West Europe'), alien: true });
      await place.untilEvents('sample', 'Adopted');
      expect(await place.writes('sample')).toEqual(['PUT']);
    }));

  test.concurrent('the default runtime, which a workspace shows in its list, is possible too', () =>
    inWorkspace(async (place) => {
      await place.apply('sample', { azureName: 'AutoResolveIntegrationRuntime', location: 'AutoResolve' });
      const { status } = await ready(place);
      expect(status?.claim?.origin).toBe('Adopted');
    }));
});

describe('keeping', () => {
  test.concurrent('drift is told at once, and its correction when it is so', () =>
    inWorkspace(async (place) => {
      await created(place);
      await slow(place);
      const merge = { alien: [1], typeProperties: { computeProperties: { location: 'North Europe' } } };
      await place.azure.drift({ factory: place.factory, name: 'sample', merge });
      await place.until('sample', 'Ready=False Updating Reconciling');
      await place.untilEvents('sample', 'Created', 'DriftDetected');
      await ready(place);
      expect((await place.runtime('sample'))?.properties).toEqual({ ...located('West Europe'), alien: [1] });
      await place.untilEvents('sample', 'Created', 'DriftDetected', 'DriftCorrected');
      expect(await place.writes('sample')).toEqual(['PUT', 'PUT']);
    }));
});

describe('deleting', () => {
  test.concurrent('keeps the object until the runtime is gone', () =>
    inWorkspace(async (place) => {
      await created(place);
      await slow(place);
      await place.delete('sample');
      await place.until('sample', 'Ready=False Deleting Reconciling');
      expect(await place.runtime('sample')).not.toBeNull();
      await place.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
      await place.untilEvents('sample', 'Created', 'Deleted');
      expect(await place.writes('sample')).toEqual(['PUT', 'DELETE']);
    }));

  test.concurrent('while Azure is creating waits, and leaves nothing behind', () =>
    inWorkspace(async (place) => {
      await slow(place);
      await place.apply('sample');
      await place.until('sample', 'Ready=False Creating Reconciling');
      await place.delete('sample');
      await place.untilGone('sample');
      await eventually(async () => expect(await place.runtime('sample')).toBeNull());
      expect(await place.writes('sample')).toEqual(['PUT', 'DELETE']);
    }));
});

describe('a change that was accepted and does not show', () => {
  /** A new location, and the ten minutes for which it is waited. */
  async function change(place: Place): Promise<void> {
    await place.apply('sample', { location: 'North Europe', interval: '1h' });
    const { status } = await place.until('sample', 'Ready=False Updating Reconciling');
    await place.updateStatus('sample', { operation: { ...status?.operation, time: minutesAgo(11) } });
    await place.annotate('sample', 'azure-ir.io/reconcile', 'later');
    await eventually(async () => expect(await place.writes('sample')).toEqual(['PUT', 'PUT', 'PUT']));
  }

  test.concurrent('is written once more and told, and is well when it shows then', () =>
    inWorkspace(async (place) => {
      await created(place);
      // So slow that the pass which writes it once more sees that it does not show.
      await place.azure.setOperations({ factory: place.factory, durationMs: 3_000, failing: 1 });
      await change(place);
      await ready(place);
      expect((await place.runtime('sample'))?.properties).toEqual(located('North Europe'));
      await place.untilEvents('sample', 'Created', 'NotApplied', 'Updated', 'Recovered');
    }));

  test.concurrent('although it was written once more needs a person', () =>
    inWorkspace(async (place) => {
      await created(place);
      await place.azure.setWriteMode({ factory: place.factory, name: 'sample', mode: 'ignore' });
      await change(place);
      const object = await place.until('sample', 'Ready=False NotApplied Stalled');
      expect(message(object)).toMatch(/accepted the definition more than once.*activity log/);
      expect(object.status?.operation).toMatchObject({ kind: 'Update', fields: ['location'], repeated: true });
      expect(object.status?.drift).toEqual([{ field: 'location', desired: 'North Europe', observed: 'West Europe' }]);
      await place.look('sample');
      expect(await place.writes('sample')).toEqual(['PUT', 'PUT', 'PUT']);
      await place.untilEvents('sample', 'Created', 'NotApplied');
    }));
});

test.concurrent('a factory and a workspace of the same name are two places', () =>
  inWorkspace(async (place) => {
    const { kind: _, ...named } = place.factory;
    await place.azure.ensureFactory(named);
    await created(place, { azureName: 'Sample' });
    await place.apply('other', { azureName: 'Sample', workspace: undefined, factory: named, location: 'North Europe' });
    await ready(place, 'other');
    expect((await place.runtime('Sample'))?.properties).toEqual(located('West Europe'));
    const other = await place.azure.getRuntime({ factory: named, name: 'Sample' });
    expect(other?.properties).toEqual(located('North Europe'));
  }));
