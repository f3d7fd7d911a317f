/** The definition as a test knows it: where Azure keeps each leaf, what can be declared of it, and documents that no honest client would write. */
import fc from 'fast-check';
import type { FieldPath, PlainPath } from '../../../../src/core/model/fields.ts';
import type { Json, JsonObject, RuntimeDocument } from '../../../../src/core/model/runtime.ts';

interface Known {
  /** Below `properties`, as Azure's specification has it. */
  readonly wire: string;
  /** Two values that a manifest can declare, neither of them Azure's default. */
  readonly values: readonly [Json, Json];
}

const COMPUTE = 'typeProperties.computeProperties';

export const PLAIN: Readonly<Record<PlainPath, Known>> = {
  location: { wire: `${COMPUTE}.location`, values: ['West Europe', 'North Europe'] },
  description: { wire: 'description', values: ['ours', 'still ours'] },
  'dataFlow.computeType': {
    wire: `${COMPUTE}.dataFlowProperties.computeType`,
    values: ['MemoryOptimized', 'ComputeOptimized'],
  },
  'dataFlow.coreCount': { wire: `${COMPUTE}.dataFlowProperties.coreCount`, values: [16, 272] },
  'dataFlow.timeToLiveMinutes': { wire: `${COMPUTE}.dataFlowProperties.timeToLive`, values: [10, 0] },
  'dataFlow.cleanup': { wire: `${COMPUTE}.dataFlowProperties.cleanup`, values: [false, false] },
  'copyCompute.dataIntegrationUnits': {
    wire: `${COMPUTE}.copyComputeScaleProperties.dataIntegrationUnit`,
    values: [16, 256],
  },
  'copyCompute.timeToLiveMinutes': { wire: `${COMPUTE}.copyComputeScaleProperties.timeToLive`, values: [5, 60] },
  'pipelineExternalCompute.timeToLiveMinutes': {
    wire: `${COMPUTE}.pipelineExternalComputeScaleProperties.timeToLive`,
    values: [5, 60],
  },
  'pipelineExternalCompute.pipelineNodes': {
    wire: `${COMPUTE}.pipelineExternalComputeScaleProperties.numberOfPipelineNodes`,
    values: [1, 10],
  },
  'pipelineExternalCompute.externalNodes': {
    wire: `${COMPUTE}.pipelineExternalComputeScaleProperties.numberOfExternalNodes`,
    values: [2, 10],
  },
};
export const PLAIN_PATHS = Object.keys(PLAIN) as PlainPath[];

const PROPERTIES = `${COMPUTE}.dataFlowProperties.customProperties`;
/** Names that a path, or JavaScript, could stumble over among them. */
export const NAMES = ['Shuffle Partitions', 'shuffle partitions', 'a', 'a[b]', '[]', ']', '__proto__', 'constructor'];

export const propertyPath = (name: string): FieldPath => `dataFlow.customProperties[${name}]`;
export const ALL_PATHS: readonly FieldPath[] = [...PLAIN_PATHS, ...NAMES.map(propertyPath)];

export const declared = (fields: Partial<Record<FieldPath, Json>>): ReadonlyMap<FieldPath, Json> =>
  new Map(Object.entries(fields) as [FieldPath, Json][]);

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object with this value at a dotted path, made without the code under test. */
export function at(path: string, value: Json): RuntimeDocument {
  return path.split('.').reduceRight<Json>((below, key) => ({ [key]: below }), value) as RuntimeDocument;
}

type Kept = readonly [path: readonly string[], value: Json];

/** All that a document says, one line each: an entry of the custom properties is one, by its name. */
export function lines(value: Json, path: readonly string[] = []): Kept[] {
  if (path.join('.') === PROPERTIES) {
    if (!Array.isArray(value) || value.length === 0) return [[path, value]];
    return value.map((item: Json): Kept => [[...path, nameOf(item)], item]);
  }
  const entries = isObject(value) ? Object.entries(value) : [];
  if (entries.length === 0) return [[path, value]];
  return entries.flatMap(([key, below]) => lines(below, [...path, key]));
}

const nameOf = (item: Json) =>
  isObject(item) && Object.hasOwn(item, 'name') && typeof item.name === 'string' ? `named ${item.name}` : 'unnamed';

const pathOf = (field: FieldPath): readonly string[] =>
  field in PLAIN
    ? PLAIN[field as PlainPath].wire.split('.')
    : [...PROPERTIES.split('.'), `named ${field.slice('dataFlow.customProperties['.length, -1)}`];

const startsWith = (path: readonly string[], prefix: readonly string[]) => prefix.every((key, i) => path[i] === key);

/** What a document says of everything but these leaves; what stands in the way of one is no object and cannot keep anything. */
export function others(document: RuntimeDocument, fields: readonly FieldPath[]): Kept[] {
  return lines(document).filter(
    ([path]) => !fields.some((field) => startsWith(path, pathOf(field)) || startsWith(pathOf(field), path)),
  );
}

const strange = fc.constantFrom<Json>(null, true, 0, -1.5, '', '8', 'true', [], {}, [null], { a: { b: [1] } }, [
  { name: 'a' },
]);
const key = fc.constantFrom('other', '__proto__', 'constructor', 'hasOwnProperty', '0', '', 'name', 'value');
const strangers = fc
  .array(fc.tuple(key, strange), { maxLength: 2 })
  // Makes `__proto__` a key like any other, as `JSON.parse` does.
  .map((entries): JsonObject => Object.fromEntries(entries));

const oneOfItsValues = ({ values }: Known) => fc.constantFrom<Json>(...values);
const entry = fc.oneof(
  { weight: 4, arbitrary: fc.record({ name: fc.constantFrom(...NAMES), value: fc.constantFrom('1', '2') }) },
  {
    weight: 1,
    arbitrary: fc.record(
      { name: fc.constantFrom(...NAMES), value: strange, more: strange },
      { requiredKeys: ['name'] },
    ),
  },
  { weight: 1, arbitrary: strange },
) as fc.Arbitrary<Json>;

/** The object of this place: its leaves and its strangers, or now and then something that is no object at all. */
function place(known: Record<string, fc.Arbitrary<Json>>): fc.Arbitrary<Json> {
  const leaves = fc.record(known, { requiredKeys: [] }) as fc.Arbitrary<JsonObject>;
  const object = fc.tuple(strangers, leaves).map(([more, mine]): Json => ({ ...more, ...mine }));
  return fc.oneof({ weight: 8, arbitrary: object }, { weight: 1, arbitrary: strange });
}

function leavesBelow(wire: string): Record<string, fc.Arbitrary<Json>> {
  const below = Object.values(PLAIN).filter((known) => known.wire.startsWith(`${wire}.`));
  const direct = below.filter((known) => !known.wire.slice(wire.length + 1).includes('.'));
  return Object.fromEntries(
    direct.map((known) => [
      known.wire.slice(wire.length + 1),
      fc.oneof({ weight: 4, arbitrary: oneOfItsValues(known) }, { weight: 1, arbitrary: strange }),
    ]),
  );
}

/** Whatever Azure may hold, friendly or not, at every level on which there are leaves. */
export const document: fc.Arbitrary<RuntimeDocument> = fc
  .tuple(
    strangers,
    fc.record(
      {
        type: fc.constant<Json>('Managed'),
        description: fc.oneof(oneOfItsValues(PLAIN.description), strange),
        typeProperties: place({
          computeProperties: place({
            ...leavesBelow(COMPUTE),
            dataFlowProperties: place({
              ...leavesBelow(`${COMPUTE}.dataFlowProperties`),
              customProperties: fc.oneof(
                { weight: 6, arbitrary: fc.array(entry, { maxLength: 5 }) as fc.Arbitrary<Json> },
                { weight: 1, arbitrary: strange },
              ),
            }),
            copyComputeScaleProperties: place(leavesBelow(`${COMPUTE}.copyComputeScaleProperties`)),
            pipelineExternalComputeScaleProperties: place(
              leavesBelow(`${COMPUTE}.pipelineExternalComputeScaleProperties`),
            ),
          }),
        }),
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<JsonObject>,
  )
  .map(([more, known]) => ({ ...more, ...known }));

/** What manifests declare, in any order. */
export const declaration: fc.Arbitrary<ReadonlyMap<FieldPath, Json>> = fc
  .tuple(
    fc.record(
      Object.fromEntries([
        ...PLAIN_PATHS.map((path) => [path, oneOfItsValues(PLAIN[path])] as const),
        ...NAMES.map((name) => [propertyPath(name), fc.constantFrom<Json>('', '1', '2')] as const),
      ]),
      { requiredKeys: [] },
    ),
    fc.infiniteStream(fc.nat()),
  )
  .map(
    ([fields, luck]) =>
      new Map(Object.entries(fields).sort(() => ((luck.next().value ?? 0) % 3) - 1) as [FieldPath, Json][]),
  );
