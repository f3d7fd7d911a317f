/**
 * One pass as the controller sees it: turns the result of a reconciliation into what the controller does with the key, and
 * an outage of the API server into a back-off.
 */
import { KubeError } from '../kube/client/errors.ts';
import type { createReconciler, PassResult } from '../reconcile/reconcile.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Handler, HandlerResult } from '../runtime/controller.ts';
import type { Log } from '../runtime/log.ts';
import { msUntilSlot } from '../runtime/slot.ts';
import { WarnOnce } from '../runtime/warn-once.ts';
import type { OutageKeys } from '../triggers/outage-keys.ts';

export interface HandlerOptions {
  readonly reconcile: ReturnType<typeof createReconciler>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
  /** Collects the keys whose pass could not reach the API server. */
  readonly outageKeys: Pick<OutageKeys, 'add' | 'delete'>;
}

export function createHandler({ reconcile, clock, log, outageKeys }: HandlerOptions): Handler {
  const warnOnce = new WarnOnce();
  return async (key, { signal, readSignal }) => {
    try {
      const result = await reconcile(key, signal, readSignal);
      warnOnce.clear(key);
      outageKeys.delete(key);
      return handlerResultOf(result, key, clock.monotonic());
    } catch (error) {
      if (isOutage(error)) outageKeys.add(key);
      return unlessOutage(error, key, log, warnOnce);
    }
  };
}

/** Each key has a slot for its polls, so that objects which came together do not stay together. */
function handlerResultOf(result: PassResult, key: string, now: number): HandlerResult {
  switch (result.kind) {
    case 'periodic':
      return { kind: 'after', ms: msUntilSlot(key, result.ms, now) };
    case 'never':
      return { kind: 'done' };
    default:
      return result;
  }
}

/** The API server did not answer, or cannot serve requests at the moment. */
function isOutage(error: unknown): boolean {
  return error instanceof KubeError && (error.status === 0 || error.status === 429 || error.status >= 500);
}

/** An API server that refuses or does not answer is no defect of ours: it is logged once, and the key backs off. */
function unlessOutage(error: unknown, key: string, log: Log, warnOnce: WarnOnce): HandlerResult {
  if (!(error instanceof KubeError)) throw error;
  const { status, reason, message } = error;
  const level = warnOnce.level(key, `${status} ${reason}`);
  log[level]('API server request failed', { object: key, status, reason, detail: message });
  return { kind: 'backoff', baseMs: 1_000, maxMs: 60_000 };
}
