/** A runtime that exists already is taken over only as the manifest permits. */
import { describe, expect, test } from '@jest/globals';
import { inBothKinds, message, type Place } from './support/place.ts';

const located = (location: string) => ({ type: 'Managed', typeProperties: { computeProperties: { location } } });
const existing = (place: Place, properties: object, name = 'sample') =>
  place.azure.putRuntime({ factory: place.factory, name, properties: { ...properties } });

describe.each(inBothKinds)('adoptionPolicy Always, in a $kind', ({ inPlace }) => {
  test.concurrent('takes an identical runtime over without a write to Azure', () =>
    inPlace(async (place) => {
      await existing(place, { ...located('westeurope'), description: 'Of somebody else.' });
      await place.apply('sample', { interval: '1h' });
      const { metadata, status } = await place.until('sample', 'Ready=True Available');
      expect(status?.claim).toEqual({ origin: 'Adopted', identity: place.run.identity });
      expect(metadata.finalizers).toHaveLength(1);
      expect(await place.requests('sample')).toEqual(['GET', 'STATE']);
      await place.untilEvents('sample', 'Adopted');
    }));

  // The claim is written first, the finalizer after it: an object deleted in between leaves a runtime that is to be deleted.
  test.concurrent('holds the object before it says that the runtime is claimed', () =>
    inPlace(async (place) => {
      await existing(place, located('West Europe'));
      await place.apply('sample', { interval: '1h', deletionPolicy: 'Delete' });
      await place.until('sample', 'Ready=True Available');
      const claimed = (await place.allVersions('sample')).find(({ status }) => status?.claim !== undefined);
      expect(claimed?.metadata.finalizers).toEqual(['azure-ir.io/runtime']);
    }));

  test.concurrent('makes another runtime as declared and keeps what is not declared', () =>
    inPlace(async (place) => {
      await existing(place, { ...located('North Europe'), description: 'Old.', alien: true });
      await place.apply('sample', { interval: '1h', description: 'New.' });
      const { status } = await place.until('sample', 'Ready=True Available');
      expect((await place.runtime('sample'))?.properties).toEqual({
        ...located('West Europe'),
        description: 'New.',
        alien: true,
      });
      expect(status).toMatchObject({ claim: { origin: 'Adopted' }, ownedFields: ['description', 'location'] });
      expect(await place.requests('sample')).toEqual(place.kind.requests.update);
      await place.untilEvents('sample', 'Adopted');
    }));

  test.concurrent('remembers what it is about to manage before the first write to Azure', () =>
    inPlace(async (place) => {
      await existing(place, located('North Europe'));
      await place.apply('sample', { interval: '1h' });
      await place.until('sample', 'Ready=True Available');
      const unclaimed = (await place.allVersions('sample')).filter(({ status }) => status?.claim === undefined);
      expect(unclaimed.at(-1)?.status?.ownedFields).toEqual(['location']);
    }));

  test.concurrent('leaves the location where it is when none is declared', () =>
    inPlace(async (place) => {
      await existing(place, located('Brazil South'));
      await place.apply('sample', { interval: '1h', location: undefined });
      const { status } = await place.until('sample', 'Ready=True Available');
      expect(status).toMatchObject({ location: 'Brazil South', claim: { origin: 'Adopted' } });
      expect(await place.writes('sample')).toEqual([]);
      await place.look('sample');
      expect((await place.runtime('sample'))?.properties).toEqual(located('Brazil South'));
    }));

  test.concurrent('finds a runtime whatever the case of its name, and refers to it as Azure spells it', () =>
    inPlace(async (place) => {
      await existing(place, located('West Europe'), 'SamPle');
      await place.apply('sample', { interval: '1h' });
      const { status } = await place.until('sample', 'Ready=True Available');
      expect(status).toMatchObject({ claim: { origin: 'Adopted' }, connectVia: { referenceName: 'SamPle' } });
      expect(await place.runtimes()).toEqual(['SamPle']);
    }));
});

describe.each(inBothKinds)('adoptionPolicy IfIdentical, in a $kind', ({ inPlace }) => {
  test.concurrent('takes an identical runtime over', () =>
    inPlace(async (place) => {
      await existing(place, located('westeurope'));
      await place.apply('sample', { interval: '1h', adoptionPolicy: 'IfIdentical' });
      const { status } = await place.until('sample', 'Ready=True Available');
      expect(status?.claim?.origin).toBe('Adopted');
      expect(await place.writes('sample')).toEqual([]);
    }));

  test.concurrent('refuses one that differs, writes nothing, holds nothing, and names the field', () =>
    inPlace(async (place) => {
      await existing(place, located('North Europe'));
      await place.apply('sample', { adoptionPolicy: 'IfIdentical' });
      const object = await place.until('sample', 'Ready=False AdoptionRefused Stalled');
      expect(message(object)).toMatch(/differs in location.*adoptionPolicy: Always/);
      expect(object.status?.drift).toEqual([{ field: 'location', desired: 'West Europe', observed: 'North Europe' }]);
      expect(object.status?.claim).toBeUndefined();
      await place.look('sample');
      expect((await place.get('sample'))?.metadata.finalizers).toBeUndefined();
      expect(await place.writes('sample')).toEqual([]);
      expect(await place.eventsInFull('sample')).toEqual([
        { type: 'Warning', reason: 'AdoptionRefused', note: message(object) },
      ]);
    }));

  test.concurrent('takes it over once it has become identical', () =>
    inPlace(async (place) => {
      await existing(place, located('North Europe'));
      await place.apply('sample', { interval: '1h', adoptionPolicy: 'IfIdentical' });
      await place.until('sample', 'Ready=False AdoptionRefused Stalled');
      await place.apply('sample', { interval: '1h', adoptionPolicy: 'IfIdentical', location: 'northeurope' });
      const { status } = await place.until('sample', 'Ready=True Available');
      expect(status?.claim?.origin).toBe('Adopted');
      await place.untilEvents('sample', 'AdoptionRefused', 'Adopted');
    }));
});

describe.each(inBothKinds)('adoptionPolicy Never, in a $kind', ({ inPlace }) => {
  test.concurrent('refuses even an identical runtime, and the object can be deleted at any time', () =>
    inPlace(async (place) => {
      await existing(place, located('West Europe'));
      await place.apply('sample', { interval: '1h', adoptionPolicy: 'Never', deletionPolicy: 'Delete' });
      const object = await place.until('sample', 'Ready=False AdoptionRefused Stalled');
      expect(object.metadata.finalizers).toBeUndefined();
      await place.delete('sample');
      await place.untilGone('sample');
      expect(await place.requests('sample')).toEqual(['GET', 'STATE']);
      expect(await place.runtime('sample')).not.toBeNull();
    }));

  test.concurrent('still creates a runtime that does not exist, and stays its owner', () =>
    inPlace(async (place) => {
      await place.apply('sample', { interval: '1h', adoptionPolicy: 'Never' });
      await place.until('sample', 'Ready=True Available');
      await place.look('sample');
      expect((await place.until('sample', 'Ready=True Available')).status?.claim?.origin).toBe('Created');
    }));
});
