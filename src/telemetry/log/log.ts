/** The log of the process: one line of JSON for each call, without secrets. */
import { type Logger, pino } from 'pino';
import type { Log } from '../../runtime/log.ts';
import { redact, redactText } from './redact.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The only log whose level can be changed. */
export interface RootLog extends Log {
  /** Applies to every log made with `with` too. */
  setLevel(level: LogLevel): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** Milliseconds since the epoch, for the `time` of each line. */
  readonly now: () => number;
  /** Gets one line of JSON at a time, newline included. Default: standard output, written before the call returns. */
  readonly destination?: { write(line: string): void };
}

/** The level that a flag names. @throws RangeError that names the known levels. */
export function parseLogLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text.toLowerCase());
  if (level === undefined) throw new RangeError(`unknown log level "${text}": must be one of ${LOG_LEVELS.join(', ')}`);
  return level;
}

/**
 * A line has `level` (a word), `time` (ISO), the keys, and `msg`. A key with one of these three names gets a trailing
 * underscore. Secrets are removed from messages and keys. Errors are written by an allow-list of fields, with the stack
 * only while the level is `debug`.
 */
export function createLog({ level, now, destination }: LogOptions): RootLog {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      // By default pino serialises an error under `err` by its own rules.
      serializers: { err: (value: unknown) => value },
      formatters: { level: (label) => ({ level: label }) },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
  return Object.assign(new PinoLog(logger, {}), {
    setLevel: (next: LogLevel) => {
      logger.level = next;
    },
  });
}

/** Merges the keys itself: pino's children would write a key twice that is given twice. */
class PinoLog implements Log {
  readonly #logger: Logger;
  readonly #keys: Record<string, unknown>;

  constructor(logger: Logger, keys: Record<string, unknown>) {
    this.#logger = logger;
    this.#keys = keys;
  }

  debug(message: string, keys?: Record<string, unknown>): void {
    this.#write('debug', message, keys);
  }

  info(message: string, keys?: Record<string, unknown>): void {
    this.#write('info', message, keys);
  }

  warn(message: string, keys?: Record<string, unknown>): void {
    this.#write('warn', message, keys);
  }

  error(message: string, keys?: Record<string, unknown>): void {
    this.#write('error', message, keys);
  }

  with(keys: Record<string, unknown>): Log {
    return new PinoLog(this.#logger, { ...this.#keys, ...keys });
  }

  #write(level: LogLevel, message: string, keys: Record<string, unknown> | undefined): void {
    if (!this.#logger.isLevelEnabled(level)) return;
    const safe = redact({ ...this.#keys, ...keys }, { stacks: this.#logger.isLevelEnabled('debug') });
    this.#logger[level](withoutReserved(safe), redactText(message));
  }
}

const RESERVED = new Set(['level', 'time', 'msg']);

function withoutReserved(keys: unknown): Record<string, unknown> {
  if (typeof keys !== 'object' || keys === null) return { keys };
  return Object.fromEntries(
    Object.entries(keys).map(([name, value]) => [RESERVED.has(name) ? `${name}_` : name, value]),
  );
}
