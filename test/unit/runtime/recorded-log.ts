/** A log that keeps its lines for the test. */
import type { Log } from '../../../src/runtime/log.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly keys: Record<string, unknown>;
}

/** A log that keeps its lines for a test to look at. */
export class RecordedLog implements Log {
  readonly lines: LogLine[];
  readonly #keys: Record<string, unknown>;

  constructor(lines: LogLine[] = [], keys: Record<string, unknown> = {}) {
    this.lines = lines;
    this.#keys = keys;
  }

  debug(message: string, keys?: Record<string, unknown>): void {
    this.#add('debug', message, keys);
  }

  info(message: string, keys?: Record<string, unknown>): void {
    this.#add('info', message, keys);
  }

  warn(message: string, keys?: Record<string, unknown>): void {
    this.#add('warn', message, keys);
  }

  error(message: string, keys?: Record<string, unknown>): void {
    this.#add('error', message, keys);
  }

  with(keys: Record<string, unknown>): Log {
    return new RecordedLog(this.lines, { ...this.#keys, ...keys });
  }

  /** The messages of one level, in order. */
  messages(level: LogLine['level']): string[] {
    return this.lines.filter((line) => line.level === level).map((line) => line.message);
  }

  #add(level: LogLine['level'], message: string, keys: Record<string, unknown> = {}): void {
    this.lines.push({ level, message, keys: { ...this.#keys, ...keys } });
  }
}
