/** The life of an object and its runtime, on a real API server and the emulated Azure. */
import { describe, expect, test } from '@jest/globals';
import { eventually, inPlace } from './support/place.ts';

describe('creating', () => {
  test('a manifest becomes a runtime and is Ready, at the cost of three calls', () =>
    inPlace(async (place) => {
      await place.apply('sample', { azureName: 'Sample' });
      const object = await place.until('sample', 'Ready=True Available');
      expect((await place.runtime('Sample'))?.properties).toEqual({
        type: 'Managed',
        typeProperties: { computeProperties: { location: 'West Europe' } },
      });
      expect(object.status).toMatchObject({
        state: 'Online',
        location: 'West Europe',
        connectVia: { referenceName: 'Sample', type: 'IntegrationRuntimeReference' },
        claim: { origin: 'Created', identity: place.run.identity },
        managedFields: ['location'],
      });
      expect(await eventually(() => place.events('sample'))).toEqual(['Created']);
    }));
});

describe('drift', () => {
  test('in the location is corrected, and unknown fields survive', () =>
    inPlace(async (place) => {
      await place.apply('sample');
      await place.until('sample', 'Ready=True Available');
      await place.azure.drift({
        factory: place.factory,
        name: 'sample',
        merge: {
          typeProperties: { computeProperties: { location: 'North Europe', unknown: { kept: 1 } } },
          alien: [1],
        },
      });
      await eventually(async () =>
        expect((await place.runtime('sample'))?.properties).toEqual({
          type: 'Managed',
          alien: [1],
          typeProperties: { computeProperties: { location: 'West Europe', unknown: { kept: 1 } } },
        }),
      );
      await eventually(async () =>
        expect(await place.events('sample')).toEqual(['Created', 'DriftDetected', 'DriftCorrected']),
      );
    }));
});

describe('deleting', () => {
  test('removes the runtime that the object created', () =>
    inPlace(async (place) => {
      await place.apply('sample');
      await place.until('sample', 'Ready=True Available');
      await place.delete('sample');
      await place.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
      await eventually(async () => expect(await place.events('sample')).toEqual(['Created', 'Deleted']));
    }));
});
