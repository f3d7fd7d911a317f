/** The definition in Azure is as the manifest declares it, and the rest of it is nobody's business. */
import { describe, expect, test } from '@jest/globals';
import { eventually, inBothKinds, minutesAgo, type Place } from './support/place.ts';

async function properties(place: Place, name = 'sample') {
  return (await place.runtime(name))?.properties;
}

const located = (location: string) => ({ type: 'Managed', typeProperties: { computeProperties: { location } } });

describe.each(inBothKinds)('a change of the manifest, in a $kind', ({ inPlace }) => {
  test.concurrent('of the location is made in place', () =>
    inPlace(async (place) => {
      await place.apply('sample', { interval: '1h' });
      await place.until('sample', 'Ready=True Available');
      await place.apply('sample', { interval: '1h', location: 'North Europe' });
      const { status } = await place.until('sample', 'Ready=True Available');
      expect(status).toMatchObject({ location: 'North Europe' });
      expect(await properties(place)).toEqual(located('North Europe'));
      expect(await place.writes('sample')).toEqual(['PUT', 'PUT']);
      const put = (await place.trace('sample')).filter(({ method }) => method === 'PUT').at(-1);
      expect(put).toMatchObject({ ifMatch: expect.stringMatching(/^[0-9a-f-]+$/) });
    }));

  test.concurrent('is no drift', () =>
    inPlace(async (place) => {
      await place.apply('sample', { interval: '1h' });
      await place.until('sample', 'Ready=True Available');
      await place.apply('sample', { interval: '1h', location: 'North Europe', description: 'Copies.' });
      await place.until('sample', 'Ready=True Available');
      await place.barrier();
      await place.untilEvents('sample', 'Created', 'Updated');
      expect((await place.eventsInFull('sample'))[1]).toMatchObject({
        type: 'Normal',
        note: 'Updated location "West Europe" → "North Europe"; description "" → "Copies.".',
      });
    }));

  test.concurrent('from "West Europe" to "westeurope" writes nothing to Azure', () =>
    inPlace(async (place) => {
      await place.apply('sample', { interval: '1h' });
      await place.until('sample', 'Ready=True Available');
      await place.apply('sample', { interval: '1h', location: 'westeurope' });
      const { metadata, status } = await place.until('sample', 'Ready=True Available');
      expect(status?.observedGeneration).toBe(metadata.generation);
      expect(await place.writes('sample')).toEqual(['PUT']);
      expect(await properties(place)).toEqual(located('West Europe'));
    }));

  test.concurrent('that removes the description returns it to the default of Azure', () =>
    inPlace(async (place) => {
      await place.apply('sample', { description: 'Copies.', interval: '1h' });
      const { status } = await place.until('sample', 'Ready=True Available');
      expect(await properties(place)).toEqual({ ...located('West Europe'), description: 'Copies.' });
      expect(status?.ownedFields).toEqual(['description', 'location']);
      await place.apply('sample', { interval: '1h' });
      const after = await place.until('sample', 'Ready=True Available');
      expect(await properties(place)).toEqual(located('West Europe'));
      expect(after.status?.ownedFields).toEqual(['location']);
    }));

  test.concurrent('is set against the fields of a status that an older version wrote, which is rewritten then and not before', () =>
    inPlace(async (place) => {
      await place.apply('sample', { description: 'Copies.', interval: '1h' });
      await place.until('sample', 'Ready=True Available');
      await place.updateStatus('sample', { ownedFields: undefined, managedFields: ['description', 'location'] });
      await place.barrier();
      await place.apply('sample', { interval: '1h' });
      const { status } = await place.until('sample', 'Ready=True Available');
      expect(await properties(place)).toEqual(located('West Europe'));
      expect(status?.ownedFields).toEqual(['location']);
      expect(status).not.toHaveProperty('managedFields');
      const versions = await place.allVersions('sample');
      const edited = versions.findIndex((version) => version.status !== undefined && 'managedFields' in version.status);
      expect(versions[edited + 1]?.metadata.generation).toBe(2);
    }));

  test.concurrent('that removes the location returns it to AutoResolve', () =>
    inPlace(async (place) => {
      await place.apply('sample', { interval: '1h' });
      await place.until('sample', 'Ready=True Available');
      await place.apply('sample', { interval: '1h', location: undefined });
      const { status } = await place.until('sample', 'Ready=True Available');
      expect(await properties(place)).toEqual(located('AutoResolve'));
      expect(status?.ownedFields ?? []).toEqual([]);
    }));

  test.concurrent('keeps every field that it does not name', () =>
    inPlace(async (place) => {
      await place.apply('sample', { interval: '1h' });
      await place.until('sample', 'Ready=True Available');
      const foreign = {
        description: 'Of somebody else.',
        alien: [{ deep: null }],
        typeProperties: { computeProperties: { dataFlowProperties: { coreCount: 8, cleanup: false } }, other: 1 },
      };
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: foreign });
      await place.apply('sample', { interval: '1h', location: 'North Europe' });
      await place.until('sample', 'Ready=True Available');
      expect(await properties(place)).toEqual({
        ...foreign,
        type: 'Managed',
        typeProperties: {
          computeProperties: { location: 'North Europe', dataFlowProperties: { coreCount: 8, cleanup: false } },
          other: 1,
        },
      });
    }));

  test.concurrent('of what cannot change is refused with the way to go', () =>
    inPlace(async (place) => {
      await place.apply('sample', { interval: '1h' });
      await place.until('sample', 'Ready=True Available');
      await expect(place.patch('sample', { spec: place.parent({ name: 'another' }) })).rejects.toThrow(
        `create a new object for the other ${place.kind.parent} and delete this one`,
      );
    }));
});

describe.each(inBothKinds)('drift, in a $kind', ({ inPlace }) => {
  test.concurrent('in a managed description is corrected', () =>
    inPlace(async (place) => {
      await place.apply('sample', { description: 'Copies.' });
      await place.until('sample', 'Ready=True Available');
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: { description: 'Mine now.' } });
      await eventually(async () => expect(await properties(place)).toMatchObject({ description: 'Copies.' }));
      await place.untilEvents('sample', 'Created', 'DriftDetected', 'DriftCorrected');
    }));

  test.concurrent('in an unmanaged description is left alone', () =>
    inPlace(async (place) => {
      await place.apply('sample');
      await place.until('sample', 'Ready=True Available');
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: { description: 'Mine.' } });
      await place.passes('sample');
      expect(await properties(place)).toEqual({ ...located('West Europe'), description: 'Mine.' });
      expect(await place.writes('sample')).toEqual(['PUT']);
    }));

  test.concurrent('that only spells the location in another way is none', () =>
    inPlace(async (place) => {
      await place.apply('sample');
      await place.until('sample', 'Ready=True Available');
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: located('WESTEUROPE') });
      await place.passes('sample');
      expect(await place.writes('sample')).toEqual(['PUT']);
      await place.untilEvents('sample', 'Created');
    }));

  test.concurrent('in two fields is corrected by one write, and told once with both values', () =>
    inPlace(async (place) => {
      await place.apply('sample', { description: 'Copies.' });
      await place.until('sample', 'Ready=True Available');
      const merge = { ...located('North Europe'), description: null };
      await place.azure.drift({ factory: place.factory, name: 'sample', merge });
      await place.untilEvents('sample', 'Created', 'DriftDetected', 'DriftCorrected');
      await place.passes('sample');
      expect(await place.writes('sample')).toEqual(['PUT', 'PUT']);
      const [, detected, correctedEvent] = await place.eventsInFull('sample');
      expect(detected?.note).toBe('location is "North Europe", want "West Europe"; description is "", want "Copies."');
      expect(correctedEvent?.note).toMatch(/location.*description/);
    }));

  test.concurrent('that keeps coming back is reported as Contested, once, and then corrected less often', () =>
    inPlace(async (place) => {
      await place.apply('sample', { interval: '1m' });
      await place.until('sample', 'Ready=True Available');
      // Another controller, which writes as soon as it sees what ours has come to.
      const fight = async (round: number) => {
        await place.azure.drift({ factory: place.factory, name: 'sample', merge: located('North Europe') });
        await place.annotate('sample', 'azure-ir.io/reconcile', `round-${round}`);
      };
      for (let round = 1; round <= 5; round++) {
        await fight(round);
        await eventually(async () => {
          const { status } = await place.look('sample');
          expect(status?.corrections?.[0]?.times).toHaveLength(round);
        });
        expect(await place.writes('sample')).toHaveLength(1 + round);
      }
      await fight(6);
      const { status } = await place.until('sample', 'Ready=False Contested Reconciling');
      expect(status?.drift).toEqual([{ field: 'location', desired: 'West Europe', observed: 'North Europe' }]);
      const message = status?.conditions?.find(({ type }) => type === 'Ready')?.message;
      expect(message).toMatch(/location "North Europe" \(want "West Europe"\).*Terraform/);
      await place.look('sample');
      expect(await place.writes('sample')).toHaveLength(6);
      const warnings = (await place.eventsInFull('sample')).filter(({ type }) => type === 'Warning');
      expect(warnings).toEqual([expect.objectContaining({ reason: 'Contested' })]);
      // Two minutes later it is its turn again.
      const [corrections] = status?.corrections ?? [];
      await place.updateStatus('sample', { corrections: [{ ...corrections, times: Array(5).fill(minutesAgo(2)) }] });
      await place.look('sample');
      expect(await place.writes('sample')).toHaveLength(7);
      // It stays told until the field was left alone for six intervals.
      const after = await place.until('sample', 'Ready=False Contested Reconciling');
      expect(after.status?.drift ?? []).toEqual([]);
      await place.look('sample');
      await place.until('sample', 'Ready=False Contested Reconciling');
      const conditions = after.status?.conditions?.map((each) => ({ ...each, lastTransitionTime: minutesAgo(6) }));
      const peaceful = [{ ...after.status?.corrections?.[0], times: Array(5).fill(minutesAgo(6)) }];
      await place.updateStatus('sample', { corrections: peaceful, conditions });
      await place.look('sample');
      await place.until('sample', 'Ready=True Available');
      expect(await place.writes('sample')).toHaveLength(7);
      expect((await place.events('sample')).filter((reason) => reason === 'Contested')).toHaveLength(1);
    }));
});
