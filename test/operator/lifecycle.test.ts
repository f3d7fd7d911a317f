/** The life of an object and its runtime, on a real API server and the emulated Azure. */
import { describe, expect, test } from '@jest/globals';
import { eventually, inBothKinds } from './support/place.ts';

describe.each(inBothKinds)('creating, in a $kind', ({ inPlace }) => {
  test.concurrent('a manifest becomes a runtime and is Ready', () =>
    inPlace(async (place) => {
      await place.apply('sample', { azureName: 'Sample' });
      const { status } = await place.until('sample', 'Ready=True Available');
      expect((await place.runtime('Sample'))?.properties).toEqual({
        type: 'Managed',
        typeProperties: { computeProperties: { location: 'West Europe' } },
      });
      expect(status).toMatchObject({
        state: 'Online',
        location: 'West Europe',
        resourceId: `${place.scope}/integrationRuntimes/Sample`,
        connectVia: { referenceName: 'Sample', type: 'IntegrationRuntimeReference' },
        claim: { origin: 'Created', identity: place.run.identity },
        ownedFields: ['location'],
      });
      expect(status).not.toHaveProperty('operation');
      await place.untilEvents('sample', 'Created');
      expect(await place.writes('Sample')).toEqual(['PUT']);
    }));
});

describe.each(inBothKinds)('drift, in a $kind', ({ inPlace }) => {
  test.concurrent('in the location is corrected, and unknown fields survive', () =>
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
      await place.untilEvents('sample', 'Created', 'DriftDetected', 'DriftCorrected');
    }));
});

describe.each(inBothKinds)('deleting, in a $kind', ({ inPlace }) => {
  test.concurrent('removes the runtime that the object created', () =>
    inPlace(async (place) => {
      await place.apply('sample');
      await place.until('sample', 'Ready=True Available');
      await place.delete('sample');
      await place.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
      await place.untilEvents('sample', 'Created', 'Deleted');
    }));
});
