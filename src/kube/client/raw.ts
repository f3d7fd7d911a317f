/** Reads answers of the API server, without trusting their shape. */
import { isObject } from '../../core/model/json.ts';

export type Raw = Readonly<Record<string, unknown>>;

/** Undefined for what is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The value if it is an object, else an empty object. */
export function readRecord(value: unknown): Raw {
  return isObject(value) ? value : {};
}

/** The value if it is a list, else an empty list. */
export function readList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value if it is text and not empty. */
export function readText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function readInteger(value: unknown, minimum: number): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum ? value : undefined;
}

/** Milliseconds since the epoch, cut to whole seconds. */
export function readTime(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000) * 1000;
}

/**
 * At most this many characters, as the API server counts them (code points: never more than UTF-16 units), and never half a
 * surrogate pair: the server would store something other than was sent.
 */
export function cut(text: string, length: number): string {
  const whole = text.toWellFormed();
  return whole.length <= length ? whole : whole.slice(0, length).replace(/[\uD800-\uDBFF]$/, '');
}

/** A page of a list. */
export interface RawPage {
  readonly items: readonly unknown[];
  readonly resourceVersion: string | undefined;
  readonly continueToken: string | undefined;
}

export function readPage(raw: unknown): RawPage {
  const page = readRecord(raw);
  const metadata = readRecord(page.metadata);
  return {
    items: readList(page.items),
    resourceVersion: readText(metadata.resourceVersion),
    continueToken: readText(metadata.continue),
  };
}
