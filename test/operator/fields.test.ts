/** Every field of the definition: absent it is left alone, declared it is kept, removed it returns to the default of Azure. */

import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { eventually, inBothKinds, inPlace, message, type Place } from './support/place.ts';

interface Row {
  /** As status and events name it. */
  readonly path: string;
  readonly spec: object;
  /** What Azure has then. */
  readonly ours: object;
  /** What somebody else makes of it, and how events show the difference. */
  readonly theirs: object;
  readonly shown: string;
}

const compute = (computeProperties: object) => ({ typeProperties: { computeProperties } });

/** A field of a group; the field beside it on the wire is somebody else's in every test. */
function row(path: string, value: unknown, wire: string, theirs: unknown): Row {
  const [group = '', field = ''] = path.split('.');
  const [parent = '', key = ''] = wire.split('.');
  return {
    path,
    spec: { [group]: { [field]: value } },
    ours: compute({ [parent]: { [key]: value } }),
    theirs: compute({ [parent]: { [key]: theirs } }),
    shown: `${path} is ${JSON.stringify(theirs)}, want ${JSON.stringify(value)}`,
  };
}

const DATA_FLOW = 'dataFlowProperties';
const COPY = 'copyComputeScaleProperties';
const PIPELINE = 'pipelineExternalComputeScaleProperties';

const ROWS: readonly Row[] = [
  {
    path: 'location',
    spec: { location: 'West Europe' },
    ours: compute({ location: 'West Europe' }),
    theirs: compute({ location: 'North Europe' }),
    shown: 'location is "North Europe", want "West Europe"',
  },
  {
    path: 'description',
    spec: { description: 'Ours.' },
    ours: { description: 'Ours.' },
    theirs: { description: 'Theirs.' },
    shown: 'description is "Theirs.", want "Ours."',
  },
  row('dataFlow.computeType', 'MemoryOptimized', `${DATA_FLOW}.computeType`, 'General'),
  row('dataFlow.coreCount', 16, `${DATA_FLOW}.coreCount`, 8),
  row('dataFlow.timeToLiveMinutes', 15, `${DATA_FLOW}.timeToLive`, 0),
  row('dataFlow.cleanup', false, `${DATA_FLOW}.cleanup`, true),
  {
    path: 'dataFlow.customProperties[Shuffle Partitions]',
    spec: { dataFlow: { customProperties: [{ name: 'Shuffle Partitions', value: '250' }] } },
    ours: compute({ [DATA_FLOW]: { customProperties: [{ name: 'Shuffle Partitions', value: '250' }] } }),
    theirs: compute({ [DATA_FLOW]: { customProperties: [{ name: 'Shuffle Partitions', value: '8' }] } }),
    shown: 'dataFlow.customProperties[Shuffle Partitions] is "8", want "250"',
  },
  row('copyCompute.dataIntegrationUnits', 16, `${COPY}.dataIntegrationUnit`, 4),
  row('copyCompute.timeToLiveMinutes', 10, `${COPY}.timeToLive`, 5),
  row('pipelineExternalCompute.timeToLiveMinutes', 60, `${PIPELINE}.timeToLive`, 5),
  row('pipelineExternalCompute.pipelineNodes', 2, `${PIPELINE}.numberOfPipelineNodes`, 10),
  row('pipelineExternalCompute.externalNodes', 2, `${PIPELINE}.numberOfExternalNodes`, 1),
];

/** Beside every field, at every level, there is something that the operator has never heard of, and all that it leaves alone. */
const NEIGHBOURS = {
  type: 'Managed',
  state: 'Initial',
  provisioningState: 'Succeeded',
  alien: { deep: [null] },
  typeProperties: {
    alien: 1,
    customerVirtualNetwork: { subnetId: 's' },
    interactiveQuery: { status: 'Disabled' },
    computeProperties: {
      alien: 'x',
      maxParallelExecutionsPerNode: 1,
      vNetProperties: { vNetId: 'v', subnet: 's', subnetId: 'i', publicIPs: ['p'] },
      [DATA_FLOW]: { alien: false },
      [COPY]: { alien: {} },
      [PIPELINE]: { alien: [] },
    },
  },
};

/** RFC 7386, of which no list is part here. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base = { ...(target as Record<string, unknown>) };
  for (const [key, value] of Object.entries(patch)) base[key] = merged(base[key], value);
  return base;
}

const existing = (place: Place, properties: object) =>
  place.azure.putRuntime({ factory: place.factory, name: 'sample', properties: { ...properties } });
const theirs = (place: Place, change: object) =>
  place.azure.drift({ factory: place.factory, name: 'sample', merge: { ...change } });
const properties = async (place: Place) => (await place.runtime('sample'))?.properties;
const becomes = (place: Place, expected: unknown) =>
  eventually(async () => expect(await properties(place)).toEqual(expected));
/** An object that declares this and nothing else of the definition. */
const declare = (place: Place, spec: object) => place.apply('sample', { location: undefined, ...spec });
const notes = async (place: Place, reason: string) =>
  (await place.eventsInFull('sample')).filter((event) => event.reason === reason).map(({ note }) => note);

describe.each(inBothKinds)('each field, in a $kind', ({ inPlace }) => {
  test.concurrent.each(ROWS.map((row) => [row.path, row] as const))(
    '%s is set, kept against others, and returned to the default, and its neighbours stay as they are',
    (path, { spec, ours, theirs: drifted, shown }) =>
      inPlace(async (place) => {
        await existing(place, NEIGHBOURS);
        await declare(place, spec);
        const { status } = await place.until('sample', 'Ready=True Available');
        const set = merged(NEIGHBOURS, ours);
        expect(await properties(place)).toEqual(set);
        expect(status).toMatchObject({ claim: { origin: 'Adopted' }, ownedFields: [path] });

        await theirs(place, drifted);
        await place.untilEvents('sample', 'Adopted', 'DriftDetected', 'DriftCorrected');
        expect(await properties(place)).toEqual(set);
        expect(await notes(place, 'DriftDetected')).toEqual([shown]);
        expect(await notes(place, 'DriftCorrected')).toEqual([expect.stringContaining(path)]);

        await declare(place, {});
        const after = await place.until('sample', 'Ready=True Available');
        const none = path === 'location' ? merged(NEIGHBOURS, compute({ location: 'AutoResolve' })) : NEIGHBOURS;
        expect(await properties(place)).toEqual(none);
        expect(after.status?.ownedFields).toBeUndefined();

        await theirs(place, drifted);
        await place.passes('sample');
        expect(await properties(place)).toEqual(merged(none, drifted));
        expect(await place.writes('sample')).toEqual(['PUT', 'PUT', 'PUT']);
      }),
  );

  test.concurrent.each(ROWS.map((row) => [row.path, row] as const))(
    '%s goes with what held nothing else',
    (path, { spec, ours }) =>
      inPlace(async (place) => {
        await existing(place, { type: 'Managed' });
        await declare(place, spec);
        await place.until('sample', 'Ready=True Available');
        expect(await properties(place)).toEqual({ type: 'Managed', ...ours });
        await declare(place, {});
        await place.until('sample', 'Ready=True Available');
        const location = path === 'location' ? compute({ location: 'AutoResolve' }) : {};
        expect(await properties(place)).toEqual({ type: 'Managed', ...location });
      }),
  );
});

const WHOLE = {
  location: 'West Europe',
  description: 'Ours.',
  dataFlow: {
    computeType: 'ComputeOptimized',
    coreCount: 32,
    timeToLiveMinutes: 0,
    cleanup: true,
    customProperties: [
      { name: 'b', value: '2' },
      { name: 'a', value: '1' },
    ],
  },
  copyCompute: { dataIntegrationUnits: 4, timeToLiveMinutes: 5 },
  pipelineExternalCompute: { timeToLiveMinutes: 5, pipelineNodes: 1, externalNodes: 1 },
};
const WHOLE_IN_AZURE = {
  type: 'Managed',
  description: 'Ours.',
  ...compute({
    location: 'West Europe',
    [DATA_FLOW]: {
      computeType: 'ComputeOptimized',
      coreCount: 32,
      timeToLive: 0,
      cleanup: true,
      customProperties: WHOLE.dataFlow.customProperties,
    },
    [COPY]: { dataIntegrationUnit: 4, timeToLive: 5 },
    [PIPELINE]: { timeToLive: 5, numberOfPipelineNodes: 1, numberOfExternalNodes: 1 },
  }),
};

describe.each(inBothKinds)('the whole definition, in a $kind', ({ inPlace }) => {
  test.concurrent('is created by one write, remembered leaf by leaf, and is then left alone', () =>
    inPlace(async (place) => {
      await place.apply('sample', WHOLE);
      const { status } = await place.until('sample', 'Ready=True Available');
      expect(await properties(place)).toEqual(WHOLE_IN_AZURE);
      expect(status?.ownedFields).toEqual([
        'copyCompute.dataIntegrationUnits',
        'copyCompute.timeToLiveMinutes',
        'dataFlow.cleanup',
        'dataFlow.computeType',
        'dataFlow.coreCount',
        'dataFlow.customProperties[a]',
        'dataFlow.customProperties[b]',
        'dataFlow.timeToLiveMinutes',
        'description',
        'location',
        'pipelineExternalCompute.externalNodes',
        'pipelineExternalCompute.pipelineNodes',
        'pipelineExternalCompute.timeToLiveMinutes',
      ]);
      const { resourceVersion } = (await place.get('sample'))?.metadata ?? {};
      await place.passes('sample');
      expect(await place.writes('sample')).toEqual(['PUT']);
      expect((await place.get('sample'))?.metadata.resourceVersion).toBe(resourceVersion);
    }));

  test.concurrent('returns to the defaults of Azure by one write, and means what a new runtime means', () =>
    inPlace(async (place) => {
      await place.apply('sample', { ...WHOLE, interval: '1h' });
      await place.until('sample', 'Ready=True Available');
      await declare(place, { interval: '1h' });
      const { status } = await place.until('sample', 'Ready=True Available');
      expect(await properties(place)).toEqual({ type: 'Managed', ...compute({ location: 'AutoResolve' }) });
      expect(status?.ownedFields).toBeUndefined();
      expect(await place.writes('sample')).toEqual(['PUT', 'PUT']);
      await place.untilEvents('sample', 'Created', 'Updated');
      expect(await notes(place, 'Updated')).toEqual([
        expect.stringContaining('location "West Europe" → "AutoResolve" (no longer declared)'),
      ]);
    }));

  test.concurrent('is corrected by one write, and told once, when somebody replaces all of it', () =>
    inPlace(async (place) => {
      await place.apply('sample', WHOLE);
      await place.until('sample', 'Ready=True Available');
      await place.azure.drift({ factory: place.factory, name: 'sample', replace: { type: 'Managed' } });
      await place.untilEvents('sample', 'Created', 'DriftDetected', 'DriftCorrected');
      // All but the cleanup, which was declared and is the default.
      const expected = JSON.parse(
        JSON.stringify(WHOLE_IN_AZURE, (key, value) => (key === 'cleanup' ? undefined : value)),
      );
      expect(await properties(place)).toEqual(expected);
      const [note] = await notes(place, 'DriftDetected');
      expect(note).toContain('dataFlow.coreCount is unset, want 32');
      expect(note).toContain('dataFlow.customProperties[a] is unset, want "1"');
      expect(note).not.toContain('cleanup');
      expect(note).not.toContain('Properties.');
      expect(await place.writes('sample')).toEqual(['PUT', 'PUT']);
    }));
});

describe.each(inBothKinds)('custom properties, in a $kind', ({ inPlace }) => {
  const list = (...customProperties: object[]) => compute({ [DATA_FLOW]: { customProperties } });
  const [b, a] = WHOLE.dataFlow.customProperties as [object, object];
  const foreign = { name: 'foreign', value: 'x', alien: true };

  test.concurrent('in another order are no drift', () =>
    inPlace(async (place) => {
      await place.apply('sample', { dataFlow: { customProperties: [a, b] } });
      await place.until('sample', 'Ready=True Available');
      await theirs(place, list(b, foreign, a));
      await place.passes('sample');
      expect(await place.writes('sample')).toEqual(['PUT']);
      await place.apply('sample', { dataFlow: { customProperties: [b, a] } });
      await place.until('sample', 'Ready=True Available');
      expect(await place.writes('sample')).toEqual(['PUT']);
    }));

  test.concurrent('of other names stay when ours are corrected, renamed and removed', () =>
    inPlace(async (place) => {
      await existing(place, { type: 'Managed', ...list(foreign) });
      await declare(place, { dataFlow: { customProperties: [a] } });
      await place.until('sample', 'Ready=True Available');
      await becomes(place, { type: 'Managed', ...list(foreign, a) });

      await theirs(place, list({ name: 'a', value: 'theirs' }, foreign));
      await becomes(place, { type: 'Managed', ...list(a, foreign) });

      await declare(place, { dataFlow: { customProperties: [b] } });
      const { status } = await place.until('sample', 'Ready=True Available');
      await becomes(place, { type: 'Managed', ...list(foreign, b) });
      expect(status?.ownedFields).toEqual(['dataFlow.customProperties[b]']);

      await declare(place, {});
      await place.until('sample', 'Ready=True Available');
      await becomes(place, { type: 'Managed', ...list(foreign) });
    }));
});

describe.each(inBothKinds)('an adoption with a partial declaration, in a $kind', ({ inPlace }) => {
  const THEIRS = {
    type: 'Managed',
    description: 'Of somebody else.',
    ...compute({
      location: 'Brazil South',
      [DATA_FLOW]: {
        computeType: 'General',
        coreCount: 8,
        timeToLive: 10,
        customProperties: [{ name: 'x', value: '1' }],
      },
      [COPY]: { dataIntegrationUnit: 8, timeToLive: 5 },
    }),
  };

  test.concurrent('changes what is declared, remembers that alone, and leaves the rest', () =>
    inPlace(async (place) => {
      await existing(place, THEIRS);
      await declare(place, { dataFlow: { coreCount: 16 }, copyCompute: { timeToLiveMinutes: 5 }, interval: '1h' });
      const { status } = await place.until('sample', 'Ready=True Available');
      expect(await properties(place)).toEqual(merged(THEIRS, compute({ [DATA_FLOW]: { coreCount: 16 } })));
      expect(status).toMatchObject({
        claim: { origin: 'Adopted' },
        ownedFields: ['copyCompute.timeToLiveMinutes', 'dataFlow.coreCount'],
      });
      // The memory of what is managed came before the write.
      const unclaimed = place.versions('sample').filter(({ status }) => status?.claim === undefined);
      expect(unclaimed.at(-1)?.status?.ownedFields).toEqual(['copyCompute.timeToLiveMinutes', 'dataFlow.coreCount']);
    }));

  test.concurrent('writes nothing where all that is declared means what Azure has, an absent cleanup included', () =>
    inPlace(async (place) => {
      await existing(place, THEIRS);
      await declare(place, {
        adoptionPolicy: 'IfIdentical',
        dataFlow: { coreCount: 8, cleanup: true, customProperties: [{ name: 'x', value: '1' }] },
      });
      await place.until('sample', 'Ready=True Available');
      await place.passes('sample');
      expect(await place.writes('sample')).toEqual([]);
      expect(await properties(place)).toEqual(THEIRS);
    }));

  test.concurrent('is refused under IfIdentical with the fields that differ, as the manifest spells them', () =>
    inPlace(async (place) => {
      await existing(place, THEIRS);
      await declare(place, {
        adoptionPolicy: 'IfIdentical',
        dataFlow: { timeToLiveMinutes: 0 },
        copyCompute: { dataIntegrationUnits: 8 },
        pipelineExternalCompute: { externalNodes: 1 },
      });
      const object = await place.until('sample', 'Ready=False AdoptionRefused Stalled');
      expect(message(object)).toContain(
        'differs in dataFlow.timeToLiveMinutes, pipelineExternalCompute.externalNodes;',
      );
      expect(object.status?.drift).toEqual([
        { field: 'dataFlow.timeToLiveMinutes', desired: '0', observed: '10' },
        { field: 'pipelineExternalCompute.externalNodes', desired: '1' },
      ]);
      expect(await place.writes('sample')).toEqual([]);
    }));
});

describe.each(inBothKinds)('under Observe, in a $kind', ({ inPlace }) => {
  test.concurrent('a difference is told and left, and the status stays as it is', () =>
    inPlace(async (place) => {
      await existing(place, { type: 'Managed', ...compute({ [DATA_FLOW]: { coreCount: 8 } }) });
      await declare(place, { managementPolicy: 'Observe', dataFlow: { coreCount: 16, cleanup: false } });
      const { status, metadata } = await eventually(async () => {
        const object = await place.get('sample');
        expect(object?.status?.drift).toHaveLength(2);
        return object as NonNullable<typeof object>;
      });
      expect(status?.drift).toEqual([
        { field: 'dataFlow.coreCount', desired: '16', observed: '8' },
        { field: 'dataFlow.cleanup', desired: 'false', observed: 'true' },
      ]);
      await place.passes('sample');
      expect((await place.get('sample'))?.metadata.resourceVersion).toBe(metadata.resourceVersion);
      expect(await place.writes('sample')).toEqual([]);
    }));
});

describe('the example', () => {
  test.concurrent.each([
    [
      'dataflow.yaml',
      {
        location: 'West Europe',
        [DATA_FLOW]: {
          computeType: 'MemoryOptimized',
          coreCount: 16,
          timeToLive: 15,
          cleanup: false,
          customProperties: [{ name: 'Shuffle Partitions', value: '250' }],
        },
      },
    ],
    ['copy-compute.yaml', { location: 'AutoResolve', [COPY]: { dataIntegrationUnit: 16, timeToLive: 10 } }],
    [
      'pipeline-compute.yaml',
      { location: 'AutoResolve', [PIPELINE]: { timeToLive: 60, numberOfPipelineNodes: 2, numberOfExternalNodes: 1 } },
    ],
  ])('%s does what it says to a runtime that is there already', (file, expected) =>
    inPlace(async (place) => {
      const { spec } = parse(await readFile(new URL(`../../examples/${file}`, import.meta.url), 'utf8'));
      const { azureName: _, factory: __, ...fields } = spec;
      const reference = { type: 'ManagedVirtualNetworkReference', referenceName: 'default' };
      const network = fields.managedVirtualNetwork === undefined ? {} : { managedVirtualNetwork: reference };
      await place.azure.ensureNetwork({ factory: place.factory });
      await existing(place, { type: 'Managed', ...network, ...compute({ location: 'AutoResolve' }) });
      await declare(place, { ...fields, interval: '1h' });
      await place.until('sample', 'Ready=True Available');
      expect(await properties(place)).toEqual({ type: 'Managed', ...network, ...compute(expected) });
    }),
  );
});
