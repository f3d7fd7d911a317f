/**
 * What comes of a pass, in the words of the controller. A part of the composition root, because it joins three folders that
 * know nothing of each other: the pass knows no queue, the controller no API server, and its adapter neither.
 */

import { KubeError } from '../kube/client/errors.ts';
import type { createReconciler, PassResult } from '../reconcile/reconcile.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Handler, HandlerResult } from '../runtime/controller.ts';
import type { Log } from '../runtime/instruments.ts';
import { msUntilSlot } from '../runtime/spread.ts';
import { WarnOnce } from '../runtime/warn-once.ts';
import type { Stranded } from './stranded.ts';

export interface HandlerOptions {
  readonly reconcile: ReturnType<typeof createReconciler>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
  /** Told of the keys that have met no API server. */
  readonly stranded: Pick<Stranded, 'add' | 'delete'>;
}

export function createHandler({ reconcile, clock, log, stranded }: HandlerOptions): Handler {
  const warnOnce = new WarnOnce();
  return async (key, { signal, superseded }) => {
    try {
      const outcome = await reconcile(key, signal, superseded);
      warnOnce.clear(key);
      stranded.delete(key);
      return nextOf(outcome, key, clock.monotonic());
    } catch (error) {
      if (isOutage(error)) stranded.add(key);
      return unlessOutage(error, key, log, warnOnce);
    }
  };
}

/** Routine looks take turns, so that objects which came together do not stay together. */
function nextOf(outcome: PassResult, key: string, now: number): HandlerResult {
  switch (outcome.kind) {
    case 'periodic':
      return { kind: 'after', ms: msUntilSlot(key, outcome.ms, now) };
    case 'never':
      return { kind: 'done' };
    default:
      return outcome;
  }
}

/** Nobody answered, or somebody who is not able to at the moment. */
function isOutage(error: unknown): boolean {
  return error instanceof KubeError && (error.status === 0 || error.status === 429 || error.status >= 500);
}

/** An API server that refuses or does not answer is no defect: it is logged as what it is, and looked at again. */
function unlessOutage(error: unknown, key: string, log: Log, warnOnce: WarnOnce): HandlerResult {
  if (!(error instanceof KubeError)) throw error;
  const { status, reason, message } = error;
  const isNew = warnOnce.isNew(key, `${status} ${reason}`);
  log[isNew ? 'warn' : 'debug']('the API server refused or failed', { object: key, status, reason, detail: message });
  return { kind: 'backoff', baseMs: 1_000, maxMs: 60_000 };
}
