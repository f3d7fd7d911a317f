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
  const like = known.find((each) => each.toLowerCase() === name.toLowerCase());
  return like === undefined ? '' : `: is it ${like}?`;
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
