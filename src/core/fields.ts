import type { Json, JsonObject, RuntimeDocument } from './runtime.ts';

/**
 * The leaves of a runtime's definition that a manifest can declare: one row a leaf. Everything that compares, merges,
 * creates or reports fields goes through this table, so a new field is a new row.
 */
export type FieldPath = 'location' | 'description';

interface Field {
  readonly path: FieldPath;
  /** Where Azure keeps it, below `properties`. */
  readonly wire: readonly string[];
  /** What Azure takes when the leaf is absent from its document; compared as if it stood there. */
  readonly whenAbsent: Json;
  /** What is written to return to Azure's default; undefined removes the leaf. */
  readonly reset: Json | undefined;
  /** Equal for two values exactly when they mean the same. */
  readonly normal: (value: Json) => Json;
}

const FIELDS: readonly Field[] = [
  {
    path: 'location',
    wire: ['typeProperties', 'computeProperties', 'location'],
    whenAbsent: 'AutoResolve',
    reset: 'AutoResolve',
    // `West Europe`, `westeurope` and `WEST EUROPE` are one region (the rule of Terraform's azurerm provider).
    normal: (value) => (typeof value === 'string' ? value.toLowerCase().replaceAll(' ', '') : value),
  },
  { path: 'description', wire: ['description'], whenAbsent: '', reset: undefined, normal: (value) => value ?? '' },
];

const BY_PATH = new Map<string, Field>(FIELDS.map((field) => [field.path, field]));

/** A leaf that is not as it should be, spelled as the manifest spells it. */
export interface Drift {
  readonly field: FieldPath;
  readonly desired: Json;
  readonly observed: Json;
}

export function isFieldPath(path: string): path is FieldPath {
  return BY_PATH.has(path);
}

/** The value of a leaf in Azure's document, with Azure's default where it is absent. */
export function valueAt(document: RuntimeDocument, path: FieldPath): Json {
  const field = row(path);
  return read(document, field.wire) ?? field.whenAbsent;
}

/**
 * The leaves that differ by meaning: each declared one, and each that was managed before, is declared no longer and has
 * not yet returned to Azure's default. Other leaves are nobody's business here.
 */
export function differences(
  declared: ReadonlyMap<FieldPath, Json>,
  managedBefore: readonly string[],
  document: RuntimeDocument,
): Drift[] {
  const drift: Drift[] = [];
  for (const field of FIELDS) {
    const observed = valueAt(document, field.path);
    const desired = declared.get(field.path) ?? (managedBefore.includes(field.path) ? field.whenAbsent : undefined);
    if (desired !== undefined && field.normal(desired) !== field.normal(observed)) {
      drift.push({ field: field.path, desired, observed });
    }
  }
  return drift;
}

/** The document with these leaves corrected and every other leaf, known or unknown, as it was. */
export function merge(
  document: RuntimeDocument,
  drift: readonly Drift[],
  declared: ReadonlyMap<FieldPath, Json>,
): RuntimeDocument {
  return drift.reduce((merged, { field: path }) => {
    const field = row(path);
    return write(merged, field.wire, declared.get(path) ?? field.reset);
  }, document);
}

/** What a create sends: the declared leaves, and the location always, since AutoResolve is a decision too. */
export function newDocument(declared: ReadonlyMap<FieldPath, Json>): RuntimeDocument {
  const complete = withCreateDefaults(declared);
  return FIELDS.reduce<RuntimeDocument>(
    (document, field) => (complete.has(field.path) ? write(document, field.wire, complete.get(field.path)) : document),
    { type: 'Managed' },
  );
}

/** Whether a document could be the answer to our own create: how a create is recognised after a crash. */
export function looksCreatedBy(declared: ReadonlyMap<FieldPath, Json>, document: RuntimeDocument): boolean {
  return differences(withCreateDefaults(declared), [], document).length === 0;
}

function withCreateDefaults(declared: ReadonlyMap<FieldPath, Json>): Map<FieldPath, Json> {
  return new Map<FieldPath, Json>([['location', row('location').whenAbsent], ...declared]);
}

function row(path: FieldPath): Field {
  const field = BY_PATH.get(path);
  if (field === undefined) throw new Error(`no field ${path} in the table of fields`);
  return field;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function read(document: JsonObject, [head, ...rest]: readonly string[]): Json | undefined {
  if (head === undefined) return document;
  const value = Object.hasOwn(document, head) ? document[head] : undefined;
  if (rest.length === 0) return value ?? undefined;
  return isObject(value) ? read(value, rest) : undefined;
}

function write(document: JsonObject, [head, ...rest]: readonly string[], value: Json | undefined): JsonObject {
  if (head === undefined) return document;
  const { [head]: current, ...others } = document;
  if (rest.length > 0) return { ...document, [head]: write(isObject(current) ? current : {}, rest, value) };
  return value === undefined ? others : { ...document, [head]: value };
}
