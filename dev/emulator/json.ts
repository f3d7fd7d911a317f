/** JSON whose numbers keep their text, as the emulated services store it. */

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

/** Every number that JavaScript would write otherwise keeps its text: `12345678901234567`, and `8.0` too. */
export function parseVerbatim(text: string): Json {
  return JSON.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? JSON.rawJSON(source) : value,
  ) as Json;
}
