/** The status, to the API server and back. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse as parseYaml } from 'yaml';
import { LIMITS } from '../../../../src/api/limits.ts';
import { CONDITION_TYPES } from '../../../../src/api/names.ts';
import { visible } from '../../../../src/api/visible.ts';
import type { Drift, FieldPath } from '../../../../src/core/model/fields.ts';
import { EMPTY_STATUS, type Status } from '../../../../src/core/model/object.ts';
import type { Json } from '../../../../src/core/model/runtime.ts';
import { cut } from '../../../../src/kube/client/raw.ts';
import { parseStatus, renderStatus } from '../../../../src/kube/objects/status.ts';

const time = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000);
const text = (maxLength: number) => fc.string({ unit: 'binary', minLength: 1, maxLength: Math.min(maxLength, 40) });
/** As what is only shown is remembered. */
const shown = (maxLength: number) => text(maxLength).map((raw) => cut(visible(raw), maxLength));
const path = fc.constantFrom<FieldPath>('location', 'description');
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const condition = fc.record({
  status: fc.constantFrom('True', 'False', 'Unknown' as const),
  reason: fc.constantFrom('Available', 'Forbidden', 'Limited', 'Some_State1'),
  message: fc.oneof(fc.constant(''), shown(LIMITS.message)),
  observedGeneration: fc.nat(),
  lastTransitionTime: time,
});

const conditions = fc
  .subarray([...CONDITION_TYPES])
  .chain((types) => fc.tuple(...types.map((type) => condition.map((rest) => ({ type, ...rest })))));

/** Every memory as a pass keeps it: within the CRD's limits, lists in order, drift as text. */
const memories = fc
  .record({
    observedGeneration: fc.integer({ min: -1, max: 10_000 }),
    conditions,
    state: optional(shown(LIMITS.state)),
    resourceId: optional(text(40)),
    location: optional(shown(LIMITS.location)),
    referenceName: optional(text(40)),
    observed: optional(
      fc
        .record(
          {
            managedVirtualNetwork: fc.constant({ name: 'default' }),
            location: fc.constantFrom('West Europe', 'AutoResolve'),
            description: text(4096),
            dataFlow: fc.record({
              coreCount: fc.constantFrom(8, 16),
              customProperties: fc.uniqueArray(fc.record({ name: text(128), value: text(1024) }), {
                selector: ({ name }) => name,
                minLength: 1,
                maxLength: 4,
              }),
            }),
          },
          { requiredKeys: [] },
        )
        .filter((observed) => Object.keys(observed).length > 0),
    ),
    claim: optional(
      fc.record({ origin: fc.constantFrom('Created', 'Adopted' as const), identity: fc.string({ unit: 'binary' }) }),
    ),
    ownedFields: fc.uniqueArray(text(LIMITS.fieldPath), { maxLength: 5 }).map((paths) => paths.sort()),
    drift: fc.array(
      fc.record({
        field: path,
        desired: fc.option(shown(LIMITS.driftValue)),
        observed: fc.option(shown(LIMITS.driftValue)),
      }),
      { maxLength: 4 },
    ),
    repair: optional(
      fc.record(
        {
          attempts: fc.nat(),
          lastAttemptTime: time,
          nextAttemptTime: time,
          etag: text(LIMITS.etag),
          unmade: fc.constant(true),
        },
        { requiredKeys: ['attempts'] },
      ),
    ),
    lastHandledReconcileAt: optional(text(LIMITS.token)),
    lastHandledReconcileToken: optional(text(LIMITS.token)),
    lastHandledRepairAt: optional(text(LIMITS.token)),
    interactiveAuthoring: optional(
      fc
        .record(
          { status: shown(LIMITS.state), autoTerminationMinutes: fc.nat(), enabledUntil: time, requestedTime: time },
          { requiredKeys: [] },
        )
        .filter((authoring) => Object.keys(authoring).length > 0),
    ),
    lastHandledInteractiveAuthoringAt: optional(text(LIMITS.token)),
    waitingSince: optional(fc.record({ reason: text(LIMITS.reason), time })),
    corrections: fc.array(
      fc.record({ field: path, times: fc.array(time, { maxLength: LIMITS.correctionTimes }), contested: fc.boolean() }),
      { maxLength: 3 },
    ),
    operation: optional(
      fc.record({
        kind: fc.constantFrom('Create', 'Recreate', 'Adopt', 'Update', 'Correct', 'Repair', 'Delete' as const),
        time,
        fields: fc.shuffledSubarray<FieldPath>(['description', 'location']),
        specHash: text(16),
        replacedEtag: optional(text(LIMITS.etag)),
        repeated: fc.boolean(),
      }),
    ),
    syncedSpecHash: optional(text(64)),
    warnings: optional(
      fc.array(
        fc.record({
          reason: fc.constantFrom('Locked', 'FactoryNotFound'),
          cause: fc.constantFrom('', '0123456789abcdef'),
        }),
        {
          minLength: 1,
          maxLength: LIMITS.warnings,
        },
      ),
    ),
  })
  .map((status) => JSON.parse(JSON.stringify(status)) as Status);

interface Schema {
  type?: string;
  maxLength?: number;
  minLength?: number;
  pattern?: string;
  maxItems?: number;
  minimum?: number;
  enum?: string[];
  format?: string;
  items?: Schema;
  required?: string[];
  properties?: Record<string, Schema>;
}

const crd = parseYaml(readFileSync('crds/azure-ir.io_azureintegrationruntimes.yaml', 'utf8'));
const statusSchema: Schema = crd.spec.versions[0].schema.openAPIV3Schema.properties.status;

/** What the API server would refuse, by the part of the schema that the CRD uses. */
function violations(value: unknown, schema: Schema, at = 'status'): string[] {
  if (Array.isArray(value)) {
    const long = value.length > (schema.maxItems ?? Number.POSITIVE_INFINITY) ? [`${at} has too many items`] : [];
    return [...long, ...value.flatMap((item, i) => violations(item, schema.items ?? {}, `${at}[${i}]`))];
  }
  if (typeof value === 'string') {
    const length = [...value].length;
    return [
      ...(length > (schema.maxLength ?? Number.POSITIVE_INFINITY) ? [`${at} is too long`] : []),
      ...(length < (schema.minLength ?? 0) ? [`${at} is too short`] : []),
      ...(schema.pattern && !new RegExp(schema.pattern).test(value) ? [`${at} has the wrong form`] : []),
      ...(schema.enum && !schema.enum.includes(value) ? [`${at} is none of its choices`] : []),
      ...(schema.format === 'date-time' && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value)
        ? [`${at} is no time`]
        : []),
      ...(value.isWellFormed() ? [] : [`${at} is not well formed`]),
    ];
  }
  if (typeof value === 'number') return value < (schema.minimum ?? value) ? [`${at} is too small`] : [];
  if (typeof value !== 'object' || value === null) return [];
  const missing = (schema.required ?? [])
    .filter((key) => !Object.hasOwn(value, key))
    .map((key) => `${at}.${key} is missing`);
  return [
    ...missing,
    ...Object.entries(value).flatMap(([key, part]) => {
      const known = schema.properties?.[key];
      return known === undefined ? [`${at}.${key} is unknown`] : violations(part, known, `${at}.${key}`);
    }),
  ];
}

describe('the status', () => {
  test('gives back every memory that was rendered into it', () => {
    fc.assert(
      fc.property(memories, (status) => expect(parseStatus(renderStatus(status))).toEqual(status)),
      { numRuns: 500 },
    );
  });

  test('gives it back also after a journey as JSON', () => {
    fc.assert(
      fc.property(memories, (status) => {
        expect(parseStatus(JSON.parse(JSON.stringify(renderStatus(status))))).toEqual(status);
      }),
    );
  });

  test('of any memory, however odd, is one that the CRD takes, and reading it back changes no more', () => {
    const anyText = fc.string({ unit: 'binary', maxLength: 3000 });
    const odd = fc.record({
      observedGeneration: fc.integer({ min: -1 }),
      conditions: fc.array(
        fc.record({
          type: fc.constantFrom(...CONDITION_TYPES),
          status: fc.constantFrom('True', 'False', 'Unknown' as const),
          reason: anyText,
          message: fc.constantFrom('', 'm'.repeat(40_000)),
          observedGeneration: fc.nat(),
          lastTransitionTime: fc.double(),
        }),
      ),
      state: anyText,
      location: anyText,
      claim: fc.record({ origin: fc.constantFrom('Created', 'Adopted' as const), identity: anyText }),
      ownedFields: fc.array(anyText, { maxLength: 200 }),
      drift: fc.array(fc.record({ field: path, desired: fc.jsonValue(), observed: anyText }), {
        maxLength: 50,
      }) as fc.Arbitrary<Drift[]>,
      corrections: fc.array(
        fc.record({ field: path, times: fc.array(time, { maxLength: 9 }), contested: fc.boolean() }),
        { maxLength: 80 },
      ),
      lastHandledRepairAt: fc.string({ unit: 'binary', minLength: 300, maxLength: 400 }),
      waitingSince: fc.record({ reason: fc.constant('x'.repeat(300)), time: fc.integer() }),
    });
    fc.assert(
      fc.property(odd, (status) => {
        const rendered = renderStatus(status);
        expect(violations(rendered, statusSchema)).toEqual([]);
        expect(renderStatus(parseStatus(rendered))).toEqual(rendered);
      }),
      { numRuns: 200 },
    );
  });

  test('of a new object is only that nobody has looked at it', () => {
    expect(renderStatus(EMPTY_STATUS)).toEqual({ observedGeneration: -1 });
    expect(parseStatus(undefined)).toEqual(EMPTY_STATUS);
  });

  test('is the same text for conditions in whatever order', () => {
    const of = (type: (typeof CONDITION_TYPES)[number]) => ({
      type,
      status: 'True' as const,
      reason: 'Available',
      message: '',
      observedGeneration: 1,
      lastTransitionTime: 0,
    });
    const [ready, stalled] = [of('Ready'), of('Stalled')];
    const text = (...list: (typeof ready)[]) => JSON.stringify(renderStatus({ ...EMPTY_STATUS, conditions: list }));
    expect(text(stalled, ready)).toBe(text(ready, stalled));
  });

  test('shows drift as text: what is no text as JSON, nothing as absent', () => {
    const drift = (desired: Json, observed: Json) =>
      renderStatus({ ...EMPTY_STATUS, drift: [{ field: 'location', desired, observed }] }).drift;
    expect(drift('', null)).toEqual([{ field: 'location', desired: '' }]);
    expect(drift(8, { a: [true] })).toEqual([{ field: 'location', desired: '8', observed: '{"a":[true]}' }]);
  });

  test('shows what cannot be seen in what Azure, Entra or another writer calls things', () => {
    const mean = 'a\u202Eb\u200B\u0007\u{E0041}';
    const seen = 'a\\u{202e}b\\u{200b}\\u{7}\\u{e0041}';
    const field = `dataFlow.customProperties[${mean}]` as FieldPath;
    const condition = {
      type: 'Ready',
      status: 'False',
      reason: mean,
      message: mean,
      observedGeneration: 1,
      lastTransitionTime: 0,
    } as const;
    const status: Status = {
      ...EMPTY_STATUS,
      state: mean,
      location: mean,
      conditions: [condition],
      interactiveAuthoring: { status: mean },
      drift: [{ field, desired: mean, observed: ['\u202E'] }],
    };
    const rendered = renderStatus(status);
    expect(rendered).toMatchObject({
      state: seen,
      location: seen,
      conditions: [{ reason: expect.stringMatching(/^\w+$/), message: seen }],
      interactiveAuthoring: { status: seen },
      drift: [{ field: `dataFlow.customProperties[${seen}]`, desired: seen, observed: '["\\u{202e}"]' }],
    });
    expect(renderStatus(parseStatus(rendered))).toEqual(rendered);
  });

  test('keeps as it is what is compared: names of fields, the identity of a claim, etags and tokens', () => {
    const odd = 'a\u200Bb';
    const field = `dataFlow.customProperties[${odd}]` as FieldPath;
    const status: Status = {
      ...EMPTY_STATUS,
      claim: { origin: 'Created', identity: odd },
      ownedFields: [field],
      corrections: [{ field, times: [0], contested: false }],
      operation: { kind: 'Update', time: 0, fields: [field], specHash: odd, repeated: false },
      repair: { attempts: 1, etag: odd },
      lastHandledRepairAt: odd,
    };
    expect(parseStatus(renderStatus(status))).toEqual(status);
  });

  test('understands the fields of a status that an older version wrote, which says the same in the words of today', () => {
    const { ownedFields, ...before } = renderStatus({ ...EMPTY_STATUS, ownedFields: ['description', 'location'] });
    const old = parseStatus({ ...before, managedFields: ownedFields });
    expect(old.ownedFields).toEqual(['description', 'location']);
    expect(renderStatus(old)).toEqual({ ...before, ownedFields: ['description', 'location'] });
    expect(parseStatus({ ...before, managedFields: ['location', 'location', 7] }).ownedFields).toEqual(['location']);
  });

  test('believes the name of today, though the former one is there too', () => {
    expect(parseStatus({ ownedFields: ['location'], managedFields: ['description'] }).ownedFields).toEqual([
      'location',
    ]);
  });

  test('observes only what spec accepts, so that a manifest can be written from it, and is bounded', () => {
    const customProperties = Array.from({ length: 40 }, (_, i) => ({ name: `p${i + 10}`, value: 'v' }));
    const observed = {
      location: 'x'.repeat(65),
      description: 'd'.repeat(4097),
      dataFlow: { computeType: 'Quantum', coreCount: 9, cleanup: true, timeToLiveMinutes: -1, customProperties },
      copyCompute: { dataIntegrationUnits: 3 },
      alien: 1,
      managedVirtualNetwork: { name: 'no good' },
    };
    const { observed: rendered } = renderStatus({ ...EMPTY_STATUS, observed });
    expect(rendered).toEqual({ dataFlow: { cleanup: true, customProperties: customProperties.slice(0, 32) } });
    expect(violations(rendered as object, statusSchema.properties?.observed as Schema)).toEqual([]);
    const long = { name: 'n'.repeat(129), value: '' };
    const odd = { name: 'n', value: '\uD83D' };
    const some = renderStatus({ ...EMPTY_STATUS, observed: { dataFlow: { customProperties: [long, odd, 7] } } });
    expect(some.observed?.dataFlow?.customProperties).toEqual([{ name: 'n', value: '\uFFFD' }]);
    expect(renderStatus({ ...EMPTY_STATUS, observed: { alien: 1 } })).not.toHaveProperty('observed');
    expect(parseStatus({ observed: 'all' })).not.toHaveProperty('observed');
  });

  test('never holds half a surrogate pair, which the server would store as something else', () => {
    const whole = '😀'.repeat(40);
    expect(renderStatus({ ...EMPTY_STATUS, state: `x\uD83D` }).state).toBe('x\\u{d83d}');
    expect(renderStatus({ ...EMPTY_STATUS, state: `x${whole}${whole}` }).state).toBe(`x${'😀'.repeat(63)}`);
  });

  test('keeps the latest corrections of a field', () => {
    const times = [1, 2, 3, 4, 5, 6, 7].map((s) => s * 1000);
    const { corrections } = renderStatus({
      ...EMPTY_STATUS,
      corrections: [{ field: 'location', times, contested: false }],
    });
    expect(corrections?.[0]?.times).toHaveLength(LIMITS.correctionTimes);
    expect(corrections?.[0]?.times.at(-1)).toBe('1970-01-01T00:00:07Z');
  });

  test('makes one word of a state that serves as a reason', () => {
    const reason = (given: string) =>
      renderStatus({
        ...EMPTY_STATUS,
        conditions: [
          {
            type: 'Ready',
            status: 'Unknown',
            reason: given,
            message: '',
            observedGeneration: 1,
            lastTransitionTime: 0,
          },
        ],
      }).conditions?.[0]?.reason;
    expect(reason('Half Online!')).toBe('HalfOnline');
    expect(reason('2-be-or-not')).toBe('beornot');
    expect(reason('???')).toBe('Unknown');
    expect(reason('x'.repeat(300))).toHaveLength(LIMITS.reason);
  });

  test('loses only the parts that are malformed', () => {
    const good = {
      type: 'Ready',
      status: 'True',
      reason: 'Available',
      lastTransitionTime: '2025-01-01T00:00:00.5+01:00',
    };
    expect(
      parseStatus({
        observedGeneration: 'x',
        state: 'Online',
        conditions: [good, { ...good, type: 'Mine' }, { ...good, status: 'Maybe' }, { type: 'Synced' }, null, 7],
        claim: { origin: 'Stolen' },
        repair: { attempts: -1, lastAttemptTime: 'soon' },
        ownedFields: ['location', 7, 'description', 'location'],
        drift: [{ field: 'colour' }, { field: 'location', desired: 1, observed: 'b' }],
        corrections: [{ field: 'location', times: ['x', '2025-01-01T00:00:00Z'] }, 'y'],
        waitingSince: { reason: 'Forbidden' },
        operation: { kind: 'Update', time: '2025-01-01T00:00:00Z', fields: ['colour', 'location'], repeated: 'yes' },
        connectVia: [],
      }),
    ).toEqual({
      observedGeneration: -1,
      state: 'Online',
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'Available',
          message: '',
          observedGeneration: 0,
          lastTransitionTime: Date.UTC(2024, 11, 31, 23),
        },
      ],
      repair: { attempts: 0 },
      ownedFields: ['description', 'location'],
      drift: [{ field: 'location', desired: null, observed: 'b' }],
      corrections: [{ field: 'location', times: [Date.UTC(2025, 0, 1)], contested: false }],
      operation: {
        kind: 'Update',
        time: Date.UTC(2025, 0, 1),
        fields: ['location'],
        specHash: '',
        repeated: false,
      },
    });
    expect(parseStatus({ operation: { kind: 'Explode', time: '2025-01-01T00:00:00Z' } }).operation).toBeUndefined();
    expect(parseStatus({ operation: { kind: 'Create' } }).operation).toBeUndefined();
  });
});
