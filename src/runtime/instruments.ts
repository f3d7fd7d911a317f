/** What this machinery says about itself, as interfaces: telemetry implements them, tests replace them. */

/**
 * Structured log. A message is a constant sentence without values; the values are keys. An `Error` among the keys is
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

/** The queue at one moment. */
export interface QueueStats {
  /** Keys that are due and not handed out. */
  readonly depth: number;
  /** Sum of how long the keys in hand have been handled so far, in milliseconds. */
  readonly unfinishedMs: number;
  /** How long the longest of them has been handled, in milliseconds; 0 if none is. */
  readonly longestMs: number;
}

export interface QueueMetrics {
  /** Called once; `stats` may be called at any time from then on. */
  observe(stats: () => QueueStats): void;
  /** A key became due. */
  added(): void;
  /** A key was handed out, `waitedMs` after it became due. */
  taken(waitedMs: number): void;
  /** A key was given back, `workedMs` after it was handed out. */
  finished(workedMs: number): void;
  /** A key failed and will be tried again. */
  retried(): void;
}

/** How a pass ended, in controller-runtime's words. */
export type ReconcileResult = 'success' | 'error' | 'requeue' | 'requeue_after';

export interface ControllerMetrics {
  /** The controller runs with so many workers; called before its first pass. */
  running(controller: string, concurrency: number): void;
  passStarted(controller: string): void;
  passEnded(controller: string, result: ReconcileResult, elapsedMs: number): void;
}

export const noQueueMetrics: QueueMetrics = {
  observe: () => {},
  added: () => {},
  taken: () => {},
  finished: () => {},
  retried: () => {},
};
