/** managementPolicy Observe reads and reports; it never writes to Azure and keeps nobody from deleting anything. */
import { describe, expect, test } from '@jest/globals';
import { eventually, inBothKinds, message, type Place } from './support/place.ts';

const OBSERVE = { managementPolicy: 'Observe' };
const located = (location: string) => ({ type: 'Managed', typeProperties: { computeProperties: { location } } });
const ready = (place: Place) => place.until('sample', 'Ready=True Available');
const drifted = (place: Place) => place.until('sample', 'Ready=False Drifted Stalled');
const existing = (place: Place, properties: object = located('West Europe')) =>
  place.azure.putRuntime({ factory: place.factory, name: 'sample', properties: { ...properties } });

describe.each(inBothKinds)('an object that observes, in a $kind', ({ inPlace }) => {
  test.concurrent('reports a runtime as it is, and holds and claims nothing', () =>
    inPlace(async (place) => {
      await existing(place);
      await place.apply('sample', OBSERVE);
      const { metadata, status } = await ready(place);
      expect(metadata.finalizers).toBeUndefined();
      expect(status).toMatchObject({
        state: 'Online',
        location: 'West Europe',
        connectVia: { referenceName: 'sample' },
      });
      expect(status?.claim).toBeUndefined();
      await place.passes('sample');
      expect(await place.writes('sample')).toEqual([]);
      expect(await place.events('sample')).toEqual([]);
    }));

  test.concurrent('shows all that a manifest could declare, until it manages; a manifest of that is in sync', () =>
    inPlace(async (place) => {
      const dataFlowProperties = {
        coreCount: 8,
        customProperties: [
          { name: 'b', value: '2' },
          { name: 'apiKey', value: 'hidden' },
          { name: 'a', value: '1' },
        ],
      };
      const computeProperties = { location: 'North Europe', dataFlowProperties };
      await existing(place, { type: 'Managed', description: 'theirs', typeProperties: { computeProperties } });
      await place.apply('sample', { ...OBSERVE, location: undefined });
      const { metadata, status } = await ready(place);
      const observed = {
        location: 'North Europe',
        description: 'theirs',
        dataFlow: {
          coreCount: 8,
          customProperties: [
            { name: 'a', value: '1' },
            { name: 'b', value: '2' },
          ],
        },
      };
      expect(status?.observed).toEqual(observed);
      await place.passes('sample');
      expect((await place.get('sample'))?.metadata.resourceVersion).toBe(metadata.resourceVersion);
      await place.apply('sample', { ...OBSERVE, ...status?.observed });
      expect((await ready(place)).status?.observed).toEqual(observed);
      await place.apply('sample', { managementPolicy: 'Manage', ...status?.observed });
      expect((await ready(place)).status).not.toHaveProperty('observed');
      expect(await place.writes('sample')).toEqual([]);
    }));

  test.concurrent('shows drift, tells of it once, and leaves it', () =>
    inPlace(async (place) => {
      await existing(place);
      await place.apply('sample', OBSERVE);
      await ready(place);
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: located('North Europe') });
      const { status } = await drifted(place);
      expect(status?.drift).toEqual([{ field: 'location', desired: 'West Europe', observed: 'North Europe' }]);
      await place.passes('sample');
      expect((await place.runtime('sample'))?.properties).toEqual(located('North Europe'));
      expect(await place.writes('sample')).toEqual([]);
      await place.untilEvents('sample', 'DriftDetected');
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: located('West Europe') });
      await ready(place);
    }));

  test.concurrent('is not Ready where the runtime differs from the start, and Ready once the manifest says what it is', () =>
    inPlace(async (place) => {
      await existing(place, { ...located('North Europe'), description: 'theirs' });
      await place.apply('sample', { ...OBSERVE, description: 'mine' });
      expect(message(await drifted(place))).toMatch(/location.*description|description.*location/);
      await place.untilEvents('sample', 'DriftDetected');
      await place.patch('sample', { spec: { location: 'North Europe', description: 'theirs' } });
      await ready(place);
      expect(await place.writes('sample')).toEqual([]);
    }));

  test.concurrent('waits for a runtime that does not exist, and does not create it', () =>
    inPlace(async (place) => {
      await place.apply('sample', OBSERVE);
      const object = await place.until('sample', 'Ready=False NotFound Reconciling');
      expect(object.status?.conditions?.find(({ type }) => type === 'Synced')?.reason).toBe('NotFound');
      const asked = (await place.requests()).length;
      await eventually(async () => expect((await place.requests()).length).toBeGreaterThan(asked + 2));
      expect(await place.runtime('sample')).toBeNull();
      await existing(place);
      await ready(place);
      expect(await place.writes('sample')).toEqual([]);
    }));

  test.concurrent('says so when the runtime goes away', () =>
    inPlace(async (place) => {
      await existing(place);
      await place.apply('sample', OBSERVE);
      await ready(place);
      await place.azure.deleteRuntime({ factory: place.factory, name: 'sample' });
      const { status } = await place.until('sample', 'Ready=False NotFound Reconciling');
      expect(status?.state).toBeUndefined();
      expect(status?.connectVia).toBeUndefined();
    }));

  test.concurrent('does not repair a Limited runtime, asked or not', () =>
    inPlace(async (place) => {
      await existing(place);
      await place.azure.setState({ factory: place.factory, name: 'sample', state: 'Limited' });
      await place.apply('sample', OBSERVE);
      const object = await place.until('sample', 'Ready=False Limited Stalled');
      expect(message(object)).toMatch(/managementPolicy: Manage/);
      await place.annotate('sample', 'azure-ir.io/repair', 'please');
      await place.look('sample');
      expect(await place.writes('sample')).toEqual([]);
    }));

  test.concurrent('is deleted at once, whatever its deletionPolicy', () =>
    inPlace(async (place) => {
      await existing(place);
      await place.apply('sample', { ...OBSERVE, deletionPolicy: 'Delete' });
      await ready(place);
      await place.delete('sample');
      await place.untilGone('sample');
      await place.barrier();
      expect(await place.writes('sample')).toEqual([]);
      expect(await place.runtime('sample')).not.toBeNull();
    }));
});

describe.each(inBothKinds)('an object that goes from Manage to Observe, in a $kind', ({ inPlace }) => {
  test.concurrent('drops its finalizer and keeps its claim, which it takes up again under Manage', () =>
    inPlace(async (place) => {
      await place.apply('sample', { interval: '1h' });
      await ready(place);
      await place.patch('sample', { spec: OBSERVE });
      const observing = await ready(place);
      expect(observing.metadata.finalizers).toBeUndefined();
      expect(observing.status?.claim?.origin).toBe('Created');
      await place.patch('sample', {
        spec: { managementPolicy: 'Manage', adoptionPolicy: 'Never', location: 'North Europe' },
      });
      const managing = await ready(place);
      expect(managing.metadata.finalizers).toEqual(['azure-ir.io/runtime']);
      expect(managing.status?.claim?.origin).toBe('Created');
      expect((await place.runtime('sample'))?.properties).toEqual(located('North Europe'));
      await place.delete('sample');
      await place.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
    }));

  test.concurrent('leaves the runtime when it is deleted, although it created it', () =>
    inPlace(async (place) => {
      await place.apply('sample', { interval: '1h', deletionPolicy: 'Delete' });
      await ready(place);
      await place.patch('sample', { spec: OBSERVE });
      await ready(place);
      await place.delete('sample');
      await place.untilGone('sample');
      expect(await place.runtime('sample')).not.toBeNull();
      expect(await place.writes('sample')).toEqual(['PUT']);
    }));

  test.concurrent('writes nothing for a change of the manifest that comes with it, and shows it as drift', () =>
    inPlace(async (place) => {
      await place.apply('sample', { interval: '1h' });
      await ready(place);
      await place.patch('sample', { spec: { ...OBSERVE, location: 'North Europe' } });
      const { status } = await drifted(place);
      expect(status?.drift).toEqual([{ field: 'location', desired: 'North Europe', observed: 'West Europe' }]);
      expect(await place.writes('sample')).toEqual(['PUT']);
    }));
});
