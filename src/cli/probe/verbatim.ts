/** JSON whose numbers keep their text, as a recording has them. */
import type { Json } from '../../core/model/runtime.ts';

/** Every number that JavaScript would write otherwise keeps its text: `12345678901234567`, and `8.0` too. */
export function parseVerbatim(text: string): Json {
  return JSON.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? JSON.rawJSON(source) : value,
  ) as Json;
}
