/** A finalizer that somebody takes off by hand: what is documented in docs/upgrading.md. */
import { expect, test } from '@jest/globals';
import { eventually, inPlace, type Place } from './support/place.ts';

const takeOff = (place: Place) => place.patch('sample', { metadata: { finalizers: null } });

const untilHeld = (place: Place) =>
  eventually(async () => {
    const object = await place.get('sample');
    expect(object?.metadata.finalizers).toEqual(['azure-ir.io/runtime']);
    return object;
  });

test('of an object that lives is put on again, and nothing is written to Azure', () =>
  inPlace(async (place) => {
    await place.apply('sample', { interval: '1h' });
    await place.until('sample', 'Ready=True Available');
    await untilHeld(place);
    await takeOff(place);
    await untilHeld(place);
    expect(await place.writes('sample')).toEqual(['PUT']);
    await place.delete('sample');
    await place.untilGone('sample');
    expect(await place.runtime('sample')).toBeNull();
  }));

test('of an object that is stuck in its deletion leaves the runtime in Azure; an object that comes back adopts it', () =>
  inPlace(async (place) => {
    await place.apply('sample');
    await place.until('sample', 'Ready=True Available');
    await untilHeld(place);
    await place.azure.setReferences({ factory: place.factory, name: 'sample', referrers: ['LS_Lake'] });
    await place.delete('sample');
    await place.until('sample', 'Ready=False ReferencedByOthers Reconciling');
    await place.untilEvents('sample', 'Created', 'ReferencedByOthers');
    await takeOff(place);
    await place.untilGone('sample');
    await place.azure.setReferences({ factory: place.factory, name: 'sample', referrers: [] });
    const writes = await place.writes('sample');
    await place.barrier();
    expect(await place.writes('sample')).toEqual(writes);
    await place.untilEvents('sample', 'Created', 'ReferencedByOthers');

    await place.apply('sample');
    const back = await place.until('sample', 'Ready=True Available');
    expect(back.status?.claim?.origin).toBe('Adopted');
    await untilHeld(place);
    await place.delete('sample');
    await place.untilGone('sample');
    expect(await place.runtime('sample')).not.toBeNull();
    expect(await place.writes('sample')).toEqual(writes);
  }));
