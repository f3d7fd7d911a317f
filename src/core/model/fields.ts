/** The leaves of a runtime's definition: how they are compared, merged and created. */
import { isObject, join, property, spellings, valuesAt } from './json.ts';
import { foldCase } from './letter-case.ts';
import type { Json, JsonObject, RuntimeDocument } from './runtime.ts';

interface FieldMapping {
  /** As the manifest spells it. A path that ends in `[]` is a map by name, of which every name is a leaf: `path[name]`. */
  readonly path: string;
  /** Where Azure keeps it, below `properties`. A map is a list of `{name, value}` there. */
  readonly armPath: string;
  /** What Azure takes when the leaf is absent from its document, compared as if it stood there; else nothing equals absence. */
  readonly whenAbsent?: Json;
  /** What is written to return to Azure's default; else the leaf is removed, and what contained nothing else with it. */
  readonly reset?: Json;
  /** Equal for two values exactly when they mean the same; else only a value itself does. */
  readonly normalize?: (value: Json) => Json;
  /** What is written for a declared value; else the value itself. */
  readonly sent?: (value: Json) => Json;
}

const AUTO_RESOLVE = 'AutoResolve';

/** `West Europe`, `westeurope` and `WEST EUROPE` are one region (the rule of Terraform's azurerm provider). */
const region = (value: Json): Json => {
  if (typeof value !== 'string') return value;
  return isAutoResolve(value) ? AUTO_RESOLVE : foldCase(value).replaceAll(' ', '');
};

/** Only `AutoResolve` itself is sent: `Auto Resolve` was once taken for a region (hashicorp/terraform-provider-azurerm #13730). */
const spelled = (value: Json): Json => (typeof value === 'string' && isAutoResolve(value) ? AUTO_RESOLVE : value);

/** `AutoResolve`, as people spell it: `auto resolve` and `auto-resolve` too. */
export function isAutoResolve(location: string): boolean {
  return foldCase(location).replaceAll(/[ -]/g, '') === 'autoresolve';
}

/** A value of an enumeration means the same whatever its case. */
const enumerated = (value: Json): Json => (typeof value === 'string' ? foldCase(value) : value);

const COMPUTE = 'typeProperties.computeProperties';
const DATA_FLOW = `${COMPUTE}.dataFlowProperties` as const;
const COPY = `${COMPUTE}.copyComputeScaleProperties` as const;
const PIPELINE = `${COMPUTE}.pipelineExternalComputeScaleProperties` as const;

/**
 * The leaves of a runtime's definition that a manifest can declare: one row a leaf. Everything that compares, merges,
 * creates or reports fields goes through this table, so a new field is a new row.
 */
const FIELDS = [
  {
    path: 'location',
    armPath: `${COMPUTE}.location`,
    whenAbsent: AUTO_RESOLVE,
    reset: AUTO_RESOLVE,
    normalize: region,
    sent: spelled,
  },
  { path: 'description', armPath: 'description', whenAbsent: '' },
  { path: 'dataFlow.computeType', armPath: `${DATA_FLOW}.computeType`, normalize: enumerated },
  { path: 'dataFlow.coreCount', armPath: `${DATA_FLOW}.coreCount` },
  { path: 'dataFlow.timeToLiveMinutes', armPath: `${DATA_FLOW}.timeToLive` },
  { path: 'dataFlow.cleanup', armPath: `${DATA_FLOW}.cleanup`, whenAbsent: true },
  { path: 'dataFlow.customProperties[]', armPath: `${DATA_FLOW}.customProperties` },
  { path: 'copyCompute.dataIntegrationUnits', armPath: `${COPY}.dataIntegrationUnit` },
  { path: 'copyCompute.timeToLiveMinutes', armPath: `${COPY}.timeToLive` },
  { path: 'pipelineExternalCompute.timeToLiveMinutes', armPath: `${PIPELINE}.timeToLive` },
  { path: 'pipelineExternalCompute.pipelineNodes', armPath: `${PIPELINE}.numberOfPipelineNodes` },
  { path: 'pipelineExternalCompute.externalNodes', armPath: `${PIPELINE}.numberOfExternalNodes` },
] as const satisfies readonly FieldMapping[];

type RowPath = (typeof FIELDS)[number]['path'];
type MapPath = RowPath extends infer Path ? (Path extends `${infer Map}[]` ? Map : never) : never;

/** The path of a leaf that is a field of spec. */
export type PlainPath = Exclude<RowPath, `${string}[]`>;
/** The path of a leaf, as the manifest spells it: `dataFlow.coreCount`, `dataFlow.customProperties[Shuffle Partitions]`. */
export type FieldPath = PlainPath | `${MapPath}[${string}]`;

/** A leaf that is not as it should be, spelled as the manifest spells it; null stands for no value. */
export interface Drift {
  readonly field: FieldPath;
  readonly desired: Json;
  readonly observed: Json;
}

/** One leaf: a row of the table, or one name of a row that is a map. */
interface Leaf {
  readonly rank: number;
  readonly armPath: readonly string[];
  readonly whenAbsent: Json;
  readonly reset: Json | undefined;
  readonly normalize: (value: Json) => Json;
  readonly sent: (value: Json) => Json;
  readonly place: Place;
}

/** What is said of a leaf by what stands at its place, and what stands there with the leaf changed; undefined is absence. */
interface Place {
  read(there: Json): readonly Json[];
  write(there: Json | undefined, value: Json | undefined): Json | undefined;
}

const ROWS: ReadonlyMap<string, Omit<Leaf, 'place'>> = new Map(
  FIELDS.map(({ path, armPath, whenAbsent = null, reset, normalize = itself, sent = itself }: FieldMapping, rank) => [
    path,
    { rank, armPath: armPath.split('.'), whenAbsent, reset, normalize, sent },
  ]),
);

function itself(value: Json): Json {
  return value;
}

/** The value stands there itself. */
const PLAIN_VALUE: Place = { read: (there) => [there], write: (_, value) => value };

const PLAIN_LEAVES: ReadonlyMap<string, Leaf> = new Map(
  [...ROWS].map(([path, row]) => [path, { ...row, place: PLAIN_VALUE }]),
);

/** An entry of a list of `{name, value}`: entries of other names, and what else an entry has, are left as they are. */
const namedEntry = (name: string): Place => {
  const isMine = (item: Json): item is JsonObject => isObject(item) && property(item, 'name') === name;
  return {
    read: (there) =>
      list(there)
        .filter(isMine)
        .map((item) => property(item, 'value') ?? ''),
    write(there, value) {
      const mine: JsonObject = list(there).find(isMine) ?? { name };
      const changed: readonly Json[] = value === undefined ? [] : [write(mine, ['value'], () => value)];
      const others = list(there).flatMap((item) => (item === mine ? changed : isMine(item) ? [] : [item]));
      const all = list(there).includes(mine) ? others : [...others, ...changed];
      return all.length > 0 ? all : undefined;
    },
  };
};

const ENTRY = /^(?<map>[^[]+)\[(?<name>.+)\]$/s;

function find(path: string): Leaf | undefined {
  if (!path.endsWith(']')) return PLAIN_LEAVES.get(path);
  const { map, name } = ENTRY.exec(path)?.groups ?? {};
  if (map === undefined || name === undefined) return undefined;
  const row = ROWS.get(`${map}[]`);
  return row && { ...row, place: namedEntry(name) };
}

function leaf(path: FieldPath): Leaf {
  const found = find(path);
  if (found === undefined) throw new Error(`no field ${path} in the table of fields`);
  return found;
}

export function isFieldPath(path: string): path is FieldPath {
  return find(path) !== undefined;
}

/** The path without the name of a map's entry, which is people's own: `dataFlow.customProperties`. */
export function fieldOf(path: FieldPath): string {
  return ENTRY.exec(path)?.groups?.map ?? path;
}

/** The name of a map's entry: `Shuffle Partitions`; undefined for the path of any other leaf. */
export function propertyNameOf(path: string): string | undefined {
  return ENTRY.exec(path)?.groups?.name;
}

/** Every leaf that stands in Azure's document, as the manifest spells it; entries of a map that have no name are left out. */
export function leavesIn(document: RuntimeDocument): Map<FieldPath, Json> {
  const leaves = new Map<FieldPath, Json>();
  for (const { path, armPath } of FIELDS) {
    const there = valuesAt(document, armPath.split('.'))[0];
    if (there === undefined) continue;
    if (!path.endsWith('[]')) leaves.set(path as PlainPath, valueAt(document, path as PlainPath));
    else
      for (const entry of list(there)) {
        const name = isObject(entry) ? property(entry, 'name') : undefined;
        if (typeof name !== 'string' || name === '') continue;
        const named = `${path.slice(0, -2)}[${name}]` as FieldPath;
        leaves.set(named, valueAt(document, named));
      }
  }
  return leaves;
}

/** The value of a leaf in Azure's document, with Azure's default where it is absent; null for none. */
export function valueAt(document: RuntimeDocument, path: FieldPath): Json {
  return observedAt(document, leaf(path));
}

function observedAt(document: RuntimeDocument, { armPath, whenAbsent, normalize, place }: Leaf): Json {
  const said = valuesAt(document, armPath).flatMap(place.read);
  const [first = whenAbsent] = said;
  // What contradicts itself, in two entries or under two spellings of a name, equals nothing that can be declared.
  return new Set(said.map((value) => JSON.stringify(normalize(value)))).size > 1 ? said : first;
}

/**
 * The leaves that differ by meaning: each declared one, and each that was managed before, is declared no longer and has
 * not yet returned to Azure's default. Other leaves are left as they are.
 */
export function differences(
  declared: ReadonlyMap<FieldPath, Json>,
  managedBefore: readonly string[],
  document: RuntimeDocument,
): Drift[] {
  return inOrder([...declared.keys(), ...managedBefore]).flatMap(([field, known]) => {
    const observed = observedAt(document, known);
    const desired = declared.get(field) ?? known.whenAbsent;
    return known.normalize(desired) === known.normalize(observed) ? [] : [{ field, desired, observed }];
  });
}

/**
 * The document with these leaves corrected and every other leaf, known or unknown, as it was. What was managed before, is
 * declared no longer and only spells out the default is no difference, but goes with them.
 */
export function merge(
  document: RuntimeDocument,
  drift: readonly Drift[],
  declared: ReadonlyMap<FieldPath, Json>,
  managedBefore: readonly string[] = [],
): RuntimeDocument {
  const needless = inOrder(managedBefore).filter(([path, known]) => !declared.has(path) && isNeedless(document, known));
  const corrected = drift.reduce((merged, { field }) => setLeaf(merged, leaf(field), declared.get(field)), document);
  return needless.reduce((merged, [, known]) => setLeaf(merged, known, undefined), corrected);
}

/** Whether a leaf could as well be absent. */
function isNeedless(document: RuntimeDocument, { armPath, whenAbsent, reset }: Leaf): boolean {
  return reset === undefined && valuesAt(document, armPath)[0] === whenAbsent;
}

/** What a create sends: the declared leaves, and the location always, since AutoResolve is a decision too. */
export function newDocument(declared: ReadonlyMap<FieldPath, Json>): RuntimeDocument {
  const complete = withCreateDefaults(declared);
  return inOrder(complete.keys()).reduce<RuntimeDocument>(
    (document, [path, known]) => setLeaf(document, known, complete.get(path)),
    { type: 'Managed' },
  );
}

/** Whether a document could be the answer to our own create: how a create is recognised after a crash. */
export function looksCreatedBy(declared: ReadonlyMap<FieldPath, Json>, document: RuntimeDocument): boolean {
  return differences(withCreateDefaults(declared), [], document).length === 0;
}

function withCreateDefaults(declared: ReadonlyMap<FieldPath, Json>): Map<FieldPath, Json> {
  return new Map<FieldPath, Json>([['location', leaf('location').whenAbsent], ...declared]);
}

/** The leaves among these paths, each once, in the order of the table; entries of a map as they come. */
function inOrder(paths: Iterable<string>): (readonly [FieldPath, Leaf])[] {
  return [...new Set(paths)]
    .flatMap((path) => {
      const known = find(path);
      return known === undefined ? [] : [[path as FieldPath, known] as const];
    })
    .sort(([, a], [, b]) => a.rank - b.rank);
}

/** The document with this value of a leaf; without one, with Azure's default. */
function setLeaf(
  document: RuntimeDocument,
  { armPath, reset, sent, place }: Leaf,
  value: Json | undefined,
): RuntimeDocument {
  return write(document, armPath, (there) => place.write(there, value === undefined ? reset : sent(value)));
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/**
 * Where the change leaves nothing, the key goes, and so does every object on the way that this empties. A name keeps the
 * spelling that it has there; two spellings of one name become one, with what stands under either.
 */
function write(
  document: JsonObject,
  [head, ...rest]: readonly string[],
  change: (there: Json | undefined) => Json | undefined,
): JsonObject {
  if (head === undefined) return document;
  const keys = spellings(document, head);
  const [kept = head] = keys;
  const current = keys.map((key) => document[key] ?? null).reduce(join, null);
  const value =
    rest.length === 0 ? change(current ?? undefined) : below(isObject(current) ? current : {}, rest, change);
  // As entries, since a key may be `__proto__`.
  const entries = Object.entries(document).filter(([key]) => key === kept || !keys.includes(key));
  const others = Object.fromEntries(entries.filter(([key]) => key !== kept));
  return value === undefined ? others : { ...Object.fromEntries(entries), [kept]: value };
}

function below(...[parent, path, change]: Parameters<typeof write>): JsonObject | undefined {
  const changed = write(parent, path, change);
  return Object.keys(changed).length > 0 ? changed : undefined;
}
