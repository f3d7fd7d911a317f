/** Names are one whatever their case, in manifests and in documents; and documents keep their spelling and their numbers. */
import { describe, expect, test } from '@jest/globals';
import type { JsonObject } from '../../dev/emulator/json.ts';
import { eventually, inBothKinds, inPlace, message, type Place } from './support/place.ts';

const ready = (place: Place, name = 'sample') => place.until(name, 'Ready=True Available');
const inCapitals = ({ subscriptionId, resourceGroup, name }: Place['factory']) => ({
  subscriptionId: subscriptionId.toUpperCase(),
  resourceGroup: resourceGroup.toUpperCase(),
  name: name.toUpperCase(),
});
const existing = (place: Place, properties: object) =>
  place.azure.putRuntime({ factory: place.factory, name: 'sample', properties: { ...properties } });
const properties = async (place: Place) => (await place.runtime('sample'))?.properties;
const compute = (computeProperties: object) => ({ typeProperties: { computeProperties } });
/** An object that declares this and nothing else of the definition. */
const declare = (place: Place, spec: object) => place.apply('sample', { location: undefined, ...spec });

describe.each(inBothKinds)('a manifest of which nothing but the case changes, in a $kind', ({ inPlace }) => {
  test.concurrent('changes nothing in Azure, keeps its claim, and its runtime is still its own', () =>
    inPlace(async (place) => {
      await place.apply('sample', { azureName: 'Shared-Ir' });
      const before = await ready(place);
      const parent = place.parent(inCapitals(place.factory));
      await place.apply('sample', { azureName: 'SHARED-IR', ...parent });
      const after = await ready(place);
      expect(after.metadata).toMatchObject({ uid: before.metadata.uid, generation: before.metadata.generation + 1 });
      expect(after.status?.claim).toEqual(before.status?.claim);
      await place.passes('Shared-Ir');
      expect(await place.writes('Shared-Ir')).toEqual(['PUT']);
      expect(await place.runtime('shared-ir')).toMatchObject({ name: 'Shared-Ir' });
      await place.untilEvents('sample', 'Created');

      await place.apply('second', { azureName: 'shared-ir' });
      expect(message(await place.until('second', 'Ready=False OwnedByAnother Stalled'))).toContain('/sample');
      await place.delete('second');
      await place.untilGone('second');

      await place.azure.deleteRuntime({ factory: place.factory, name: 'shared-ir' });
      await eventually(async () => expect(await place.runtime('shared-ir')).not.toBeNull());
      await ready(place);
      expect(await place.writes('shared-ir')).toEqual(['PUT', 'PUT']);
      await place.delete('sample');
      await place.untilGone('sample');
      expect(await place.runtime('shared-ir')).toBeNull();
    }));

  test.concurrent('also where the letter case of its network differs', () =>
    inPlace(async (place) => {
      await place.azure.ensureNetwork({ factory: place.factory });
      await place.apply('sample', { location: 'AutoResolve', managedVirtualNetwork: {} });
      await ready(place);
      await place.apply('sample', { location: 'AutoResolve', managedVirtualNetwork: { name: 'DEFAULT' } });
      await ready(place);
      await place.passes('sample');
      expect(await place.writes('sample')).toEqual(['PUT']);
    }));
});

describe.each(inBothKinds)('a document, in a $kind', ({ inPlace }) => {
  test.concurrent('keeps the spelling of its names, and values that mean the same', () =>
    inPlace(async (place) => {
      const flow = { ComputeType: 'memoryoptimized', corecount: 8, alien: 1 };
      const document = (dataflowProperties: object) => ({
        Type: 'managed',
        Description: 'Ours.',
        ...compute({ Location: 'auto-resolve', dataflowProperties }),
      });
      await existing(place, document(flow));
      const declared = { description: 'Ours.', location: 'Auto Resolve' };
      await declare(place, { ...declared, dataFlow: { computeType: 'MemoryOptimized', coreCount: 8 } });
      await ready(place);
      await place.passes('sample');
      expect(await place.writes('sample')).toEqual([]);
      await declare(place, { ...declared, dataFlow: { computeType: 'MemoryOptimized', coreCount: 16 } });
      await ready(place);
      expect(await properties(place)).toEqual(document({ ...flow, corecount: 16 }));
      expect(await place.writes('sample')).toEqual(['PUT']);
    }));

  test.concurrent.each(['Auto Resolve', 'auto-resolve', 'AUTORESOLVE'])(
    'of a new runtime says AutoResolve for %s',
    (location) =>
      inPlace(async (place) => {
        await place.apply('sample', { location });
        await ready(place);
        expect(await properties(place)).toEqual({ type: 'Managed', ...compute({ location: 'AutoResolve' }) });
        await place.passes('sample');
        expect(await place.writes('sample')).toEqual(['PUT']);
      }),
  );

  test.concurrent('that names an empty network is public', () =>
    inPlace(async (place) => {
      const reference = { type: 'ManagedVirtualNetworkReference', referenceName: '' };
      await existing(place, { type: 'Managed', managedVirtualNetwork: reference });
      await place.apply('sample');
      await ready(place);
      expect(await properties(place)).toMatchObject({ managedVirtualNetwork: reference });
    }));

  test.concurrent('keeps its numbers through an adoption, a correction and a removal, and is left alone at rest', () =>
    inPlace(async (place) => {
      const text = (cores: string, description = '') =>
        `{"type":"Managed","alien":[12345678901234567,{"x":0.12345678901234567890}],"typeProperties":{"computeProperties":{"dataFlowProperties":{"alien":1e400,"coreCount":${cores}}}}${description}}`;
      const raw = (alien: string): JsonObject => JSON.rawJSON(alien);
      await existing(place, {
        type: 'Managed',
        alien: [raw('12345678901234567'), { x: raw('0.12345678901234567890') }],
        ...compute({ dataFlowProperties: { alien: raw('1e400'), coreCount: raw('8.0') } }),
      });
      await declare(place, { dataFlow: { coreCount: 8 } });
      await ready(place);
      await place.passes('sample');
      expect(await place.writes('sample')).toEqual([]);
      expect(JSON.stringify(await properties(place))).toBe(text('8.0'));

      const merge = { ...compute({ dataFlowProperties: { coreCount: raw('12345678901234567') } }) };
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: merge as JsonObject });
      await eventually(async () => expect(JSON.stringify(await properties(place))).toBe(text('8')));
      await place.untilEvents('sample', 'Adopted', 'DriftDetected', 'DriftCorrected');
      const notes = (await place.eventsInFull('sample')).map(({ note }) => note);
      expect(notes).toContain('dataFlow.coreCount is 12345678901234567, want 8');

      await declare(place, { dataFlow: { coreCount: 16 }, description: 'Ours.' });
      await ready(place);
      expect(JSON.stringify(await properties(place))).toBe(text('16', ',"description":"Ours."'));
      await place.passes('sample');
      expect(await place.writes('sample')).toEqual(['PUT', 'PUT']);
    }));
});

test.concurrent('a reference to another resource group, by more than the case of ASCII letters, is refused as a move', () =>
  inPlace(async (place) => {
    await place.apply('sample');
    await ready(place);
    const moved = place.apply(
      'sample',
      place.parent({ resourceGroup: `${place.factory.resourceGroup.toUpperCase()}x` }),
    );
    await expect(moved).rejects.toThrow('factory is immutable');
  }));
