/** The structured log that every part writes to, as an interface: telemetry implements it, tests replace it. */

/**
 * A message is a constant sentence in lower case, without values; the values are keys. An `Error` among the keys is
 * written by an allow-list of its fields. Never throws.
 */
export interface Log {
  debug(message: string, keys?: Record<string, unknown>): void;
  info(message: string, keys?: Record<string, unknown>): void;
  warn(message: string, keys?: Record<string, unknown>): void;
  error(message: string, keys?: Record<string, unknown>): void;
  /** A log that adds `keys` to every line; a key of the line itself wins. */
  with(keys: Record<string, unknown>): Log;
}
