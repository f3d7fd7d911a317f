/** Documents that no honest client would write, and what manifests declare about them. */
import fc from 'fast-check';
import type { FieldPath } from '../../../src/core/model/fields.ts';
import { isObject } from '../../../src/core/model/json.ts';
import type { Json, JsonObject, RuntimeDocument } from '../../../src/core/model/runtime.ts';
import { deepFrozen } from '../../support/deep-frozen.ts';
import { fieldMap } from '../model/builders.ts';

/** Where Azure keeps the leaves that a manifest can declare. */
export const WIRE: Readonly<Partial<Record<FieldPath, readonly string[]>>> = {
  location: ['typeProperties', 'computeProperties', 'location'],
  description: ['description'],
};
const wireOf = (field: FieldPath) => WIRE[field] ?? [field];

export const PATHS = Object.keys(WIRE) as FieldPath[];

const key = fc.constantFrom(
  'type',
  'typeProperties',
  'computeProperties',
  'location',
  'description',
  'managedVirtualNetwork',
  'other',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  '0',
  '',
);
/** A number that a double would change. */
const LONG = JSON.rawJSON('12345678901234567');
export const { json, object } = fc.letrec<{ json: Json; object: JsonObject }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<Json>(null, true, 0, -0.5, LONG, '', 'West Europe', 'westeurope', 'AutoResolve', 'ours'),
    tie('object'),
    fc.array(tie('json'), { maxLength: 3 }),
  ),
  // `Object.fromEntries` makes `__proto__` a key like any other, and so does `JSON.parse`.
  object: fc.array(fc.tuple(key, tie('json')), { maxLength: 6 }).map((entries) => Object.fromEntries(entries)),
}));
/** Half of them reach down to where the known leaves are. */
export const document: fc.Arbitrary<RuntimeDocument> = fc
  .oneof(
    object,
    fc.tuple(object, json, object, object).map(([top, location, compute, type]) => ({
      ...top,
      typeProperties: { ...type, computeProperties: { ...compute, location } },
    })),
  )
  .map(deepFrozen);
export const declaration = fc
  .record(
    {
      location: fc.constantFrom('West Europe', 'north europe', 'AutoResolve'),
      description: fc.constantFrom('', 'ours'),
    },
    { requiredKeys: [] },
  )
  .map(fieldMap);
type Leaf = readonly [path: readonly string[], value: Json];

/** All that is no object with something in it; a number is none, whatever it is kept as. */
export function leaves(value: Json, path: readonly string[] = []): Leaf[] {
  const entries = isObject(value) ? Object.entries(value) : [];
  if (entries.length === 0) return [[path, value]];
  return entries.flatMap(([name, below]) => leaves(below, [...path, name]));
}

const startsWith = (path: readonly string[], prefix: readonly string[]) => prefix.every((name, i) => path[i] === name);
/** At a leaf that was written, below it, or in its way: what is no object cannot keep a leaf. */
export const isTouched = (path: readonly string[], written: readonly FieldPath[]) =>
  written.some((field) => startsWith(path, wireOf(field)) || startsWith(wireOf(field), path));
