/** JSON whose numbers keep their text, as the emulated services store it. */
import { parseVerbatim as parsedVerbatim } from '../../src/cli/probe/verbatim.ts';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

/** A number that is kept as its text is none. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}

export function parseJson(text: string): Json | undefined {
  try {
    return parseVerbatim(text);
  } catch {
    return undefined;
  }
}

/** Every number that JavaScript would write otherwise keeps its text. */
export function parseVerbatim(text: string): Json {
  return parsedVerbatim(text) as Json;
}
