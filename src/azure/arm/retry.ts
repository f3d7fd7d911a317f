/** The only retries of a request to ARM: the SDK's are switched off. */
import pRetry from 'p-retry';
import { AzureFailure } from '../../core/model/failure.ts';

/** A failure that the next attempt may not meet: a dropped connection, no answer in time, 408, 5xx. */
export class TransientFailure extends AzureFailure {}

export interface RetrySettings {
  /** Attempts in all. */
  readonly attempts: number;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

export const RETRY: RetrySettings = { attempts: 3, minDelayMs: 200, maxDelayMs: 1000 };

/**
 * Repeats what throws `TransientFailure`, after jittered and growing delays. If a service asks for a longer delay than the
 * longest of these, the queue retries instead. Throws what the last attempt threw, or `signal.reason`.
 */
export function withRetries<T>(attempt: () => Promise<T>, signal: AbortSignal, settings: RetrySettings): Promise<T> {
  return pRetry(attempt, {
    retries: settings.attempts - 1,
    minTimeout: settings.minDelayMs,
    maxTimeout: settings.maxDelayMs,
    randomize: true,
    signal,
    shouldRetry: ({ error }) => error instanceof TransientFailure && retryAfterOf(error) <= settings.maxDelayMs,
  });
}

function retryAfterOf({ failure }: AzureFailure): number {
  return failure.kind === 'unavailable' ? (failure.retryAfterMs ?? 0) : 0;
}
