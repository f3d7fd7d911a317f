/** What the queue and the controller count, as interfaces: telemetry implements them, tests replace them. */

/** The queue at one moment. */
export interface QueueStats {
  /** Keys that are due and not handed out. */
  readonly depth: number;
  /** How long the keys in hand have been handled so far, all added up, in milliseconds. */
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

/** How a pass ended: the label of `controller_runtime_reconcile_total`. */
export type ResultLabel = 'success' | 'error' | 'requeue' | 'requeue_after';

export interface ControllerMetrics {
  /** The controller starts with this many workers; called before its first pass. */
  running(controller: string, concurrency: number): void;
  passStarted(controller: string): void;
  passEnded(controller: string, result: ResultLabel, elapsedMs: number): void;
}

export const noQueueMetrics: QueueMetrics = {
  observe: () => {},
  added: () => {},
  taken: () => {},
  finished: () => {},
  retried: () => {},
};
