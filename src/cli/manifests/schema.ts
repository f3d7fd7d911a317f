/** Whether a spec is one that the API server's schema lets through, with all that is wrong with it. */
import { SPEC_SCHEMA } from '../../api/spec-schema.ts';
import { isObject } from '../../core/model/json.ts';

interface Schema {
  readonly type?: string;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** Each as "spec.x …". The rules of the CRD that are CEL are `parseSpec`'s. */
export function schemaProblems(spec: unknown): string[] {
  return [...problems(spec, SPEC_SCHEMA, 'spec')];
}

function* problems(value: unknown, schema: Schema, path: string): Generator<string> {
  if (!isOfType(value, schema.type)) {
    yield `${path} must be ${inWords(schema.type)}`;
    return;
  }
  if (schema.enum !== undefined && !schema.enum.includes(value))
    yield `${path} must be one of ${schema.enum.join(', ')}`;
  if (typeof value === 'number') yield* boundProblems(value, schema, path);
  if (typeof value === 'string') yield* lengthProblems([...value].length, schema, path);
  if (Array.isArray(value)) yield* itemProblems(value, schema, path);
  else if (isObject(value)) yield* propertyProblems(value, schema, path);
}

function* boundProblems(value: number, { minimum, maximum }: Schema, path: string): Generator<string> {
  if (minimum !== undefined && value < minimum) yield `${path} must be ${minimum} or more`;
  if (maximum !== undefined && value > maximum) yield `${path} must be ${maximum} or less`;
}

function* lengthProblems(length: number, { minLength, maxLength }: Schema, path: string): Generator<string> {
  if (minLength !== undefined && length < minLength) yield `${path} must have ${minLength} characters or more`;
  if (maxLength !== undefined && length > maxLength) yield `${path} may not have more than ${maxLength} characters`;
}

function* itemProblems(value: readonly unknown[], { items = {}, maxItems }: Schema, path: string): Generator<string> {
  if (maxItems !== undefined && value.length > maxItems) yield `${path} must have at most ${maxItems} items`;
  for (const [i, item] of value.entries()) yield* problems(item, items, `${path}[${i}]`);
}

function* propertyProblems(value: Record<string, unknown>, schema: Schema, path: string): Generator<string> {
  // Null is as if it were absent, as it is to the API server.
  const given = Object.entries(value).filter(([, each]) => each !== null && each !== undefined);
  for (const name of schema.required ?? []) {
    if (!given.some(([each]) => each === name)) yield `${path}.${name} is missing`;
  }
  for (const [name, each] of given) {
    const known =
      schema.properties !== undefined && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    if (known !== undefined) yield* problems(each, known, `${path}.${name}`);
    else yield `unknown field ${path}.${name}${suggestion(name, Object.keys(schema.properties ?? {}))}`;
  }
}

function suggestion(name: string, known: readonly string[]): string {
  const [like] = known
    .map((each) => ({ each, distance: distance(name.toLowerCase(), each.toLowerCase()) }))
    .filter(({ each, distance: far }) => far <= Math.min(2, each.length / 3))
    .sort((a, b) => a.distance - b.distance);
  return like === undefined ? '' : `: is it ${like.each}?`;
}

/** How many letters are to be added, taken away or replaced (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (letter === b[j - 1] ? 0 : 1);
      next[j] = Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function isOfType(value: unknown, type: string | undefined): boolean {
  if (type === 'object') return isObject(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  return type === undefined || typeof value === type;
}

function inWords(type: string | undefined): string {
  return type === 'integer'
    ? 'a whole number'
    : type === 'object'
      ? 'an object'
      : type === 'array'
        ? 'a list'
        : `a ${type}`;
}
