/** JSON as Azure's documents have it: names whatever their case, and numbers that are kept as their text. */
import { isSameName } from './letter-case.ts';
import type { Json, JsonObject } from './runtime.ts';

/**
 * A number that a double would change, as its text (`JSON.rawJSON`). It is a leaf: to be passed on as it is, never to be
 * copied or spread, for a copy is an ordinary object. Two of one text are equal to `isDeepStrictEqual`, and to their JSON.
 */
export type RawNumber = { readonly rawJSON: string };

declare global {
  /** Node has them, TypeScript's library does not yet (TC39: JSON.parse source text access). */
  interface JSON {
    rawJSON(text: string): RawNumber;
    isRawJSON(value: unknown): value is RawNumber;
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}

/** The object's own keys that are this name: live documents spell names otherwise than documented, in case at least. The documented spelling comes first. */
export function spellings(object: JsonObject, name: string): readonly string[] {
  const others = Object.keys(object).filter(
    (key) => key !== name && key.length === name.length && isSameName(key, name),
  );
  return Object.hasOwn(object, name) ? [name, ...others] : others;
}

/** What stands at a path: nothing, one value, or more where a name on the way is spelled in more than one way. Null is absence. */
export function valuesAt(value: Json, [head, ...rest]: readonly string[]): readonly Json[] {
  if (head === undefined) return value === null ? [] : [value];
  if (!isObject(value)) return [];
  return spellings(value, head).flatMap((key) => valuesAt(value[key] ?? null, rest));
}

export function property(object: JsonObject, name: string): Json | undefined {
  return valuesAt(object, [name])[0];
}

/** Two values of one property as one. Nothing is lost but where they contradict each other: there the first one counts. */
export function join(first: Json, second: Json): Json {
  if (first === null) return second;
  if (Array.isArray(first) && Array.isArray(second)) return [...first, ...second];
  if (!isObject(first) || !isObject(second)) return first;
  const joined = new Map<string, Json>(Object.entries(first));
  for (const [key, value] of Object.entries(second)) {
    const [there = key] = spellings(first, key);
    joined.set(there, join(joined.get(there) ?? null, value));
  }
  return Object.fromEntries(joined);
}
