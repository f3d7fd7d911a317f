/**
 * Reconciles a key: gather → decide → act → report. Why it is queued is hidden from it.
 *
 * A later pass needs nothing that is kept here. A crash between any two awaits is mended by reading again, because the
 * finalizer is stored before the first write to Azure and the claim only after Azure has confirmed one. A write that Azure
 * has accepted and still carries out ends the pass too: `Status.operation` names it to later passes.
 */
import { compact } from '../core/model/compact.ts';
import { mayBeOver } from '../core/model/failure.ts';
import { type ManagedObject, wholeSecond } from '../core/model/object.ts';
import { armKey } from '../core/model/runtime.ts';
import { conflictBackoff, NEVER, type Requeue } from '../core/schedule.ts';
import type { Dependencies, ParkedError, PassEnd } from '../ports.ts';
import { WarnOnce } from '../runtime/warn-once.ts';
import type { Signals } from './actions.ts';
import { reportInvalid } from './invalid.ts';
import { Pass, type PassOutcome } from './pass.ts';
import type { Since } from './pass-state.ts';

/** When the key is to be reconciled again; `parked`: whoever makes it wait has it queued again. */
export type PassResult = Requeue | { readonly kind: 'parked'; readonly waitsFor: ParkedError['waitsFor'] };

/** The signals are those of `Attempt`. */
export type Reconcile = (key: string, signal: AbortSignal, readSignal?: AbortSignal) => Promise<PassResult>;

/**
 * Makes the function that handles a key. It throws what the API server throws (the caller backs off); failures of Azure
 * end in the object's status.
 */
export function createReconciler(world: Dependencies): Reconcile {
  const busy = new Set<string>();
  const notes = new Notes();
  const warnOnce = new WarnOnce();
  const run = async (object: ManagedObject, signals: Signals): Promise<PassResult> => {
    const { key } = object;
    const outcome = await new Pass(world, object, notes.since(object), warnOnce, signals).run();
    const result = resultOf(outcome);
    world.metrics.passed(key, endOf(outcome, result));
    if (isDecided(outcome) && outcome.seen.failure === undefined) warnOnce.clear(key);
    notes.keep(object, outcome, world.now());
    return result;
  };
  return async (key, signal, readSignal = signal) => {
    const object = world.objects.get(key);
    if (object === undefined) {
      notes.drop(key);
      warnOnce.clear(key);
      world.metrics.forgotten(key);
      return NEVER;
    }
    if (notes.isReleased(object)) return NEVER;
    if (!object.spec.valid) {
      world.metrics.abandoned(key);
      return reportInvalid(world, object, object.spec.problem, signal);
    }
    // Claims are serialised per runtime: of two objects that name one, only one is in a pass.
    const runtime = armKey(object.spec.desired.id);
    if (busy.has(runtime)) return conflictBackoff(world.intervalMs);
    busy.add(runtime);
    try {
      return await run(object, { signal, readSignal });
    } catch (error) {
      world.metrics.abandoned(key);
      throw error;
    } finally {
      busy.delete(runtime);
    }
  };
}

/** What a process keeps of an object between passes, and may lose. */
interface Note extends Since {
  readonly uid: string;
  /** It has lost its finalizer, and the watch has yet to show that it is gone. */
  readonly released: boolean;
}

/** By key; dropped by the pass that finds the object gone. */
class Notes {
  readonly #notes = new Map<string, Note>();

  isReleased(object: ManagedObject): boolean {
    return this.#of(object)?.released === true;
  }

  since(object: ManagedObject): Since | undefined {
    return this.#of(object);
  }

  keep(object: ManagedObject, outcome: PassOutcome, now: number): void {
    const { key, uid } = object;
    if (outcome.kind === 'released') {
      this.#notes.set(key, { uid, released: true, failingSince: undefined });
      return;
    }
    // A pass that was interrupted has not shown that Azure answers again.
    if (!isDecided(outcome) && !isFailing(outcome)) return;
    const since = sinceAfter(outcome, this.#of(object), now);
    if (since === undefined) this.#notes.delete(key);
    else this.#notes.set(key, { uid, released: false, ...since });
  }

  drop(key: string): void {
    this.#notes.delete(key);
  }

  #of({ key, uid }: ManagedObject): Note | undefined {
    const note = this.#notes.get(key);
    return note?.uid === uid ? note : undefined;
  }
}

/** A pass that failed has not shown that the runtime is there. No time is in the future, though the clock was set back. */
function sinceAfter(outcome: PassOutcome, before: Since | undefined, now: number): Since | undefined {
  const { presence } = outcome.seen;
  const failingSince = isFailing(outcome) ? Math.min(before?.failingSince ?? now, now) : undefined;
  const missedBefore = presence === 'present' ? undefined : before?.missingSince;
  const missingSince = presence === 'absent' ? Math.min(missedBefore ?? wholeSecond(now), now) : missedBefore;
  const tried = triedAfter(outcome, before?.tried, now);
  const since = compact({ missingSince, tried });
  if (failingSince === undefined && Object.keys(since).length === 0) return undefined;
  return { failingSince, ...since };
}

/** The first pass of this process over a Stalled object counts as a try, so that a restart makes no storm of writes. */
function triedAfter({ seen: { stalled } }: PassOutcome, before: Since['tried'], now: number): Since['tried'] {
  if (stalled === undefined) return undefined;
  const { isTried, identity } = stalled;
  return before === undefined || isTried ? { at: wholeSecond(now), identity } : before;
}

/** Whether the pass came to a verdict. */
function isDecided(outcome: PassOutcome): boolean {
  return outcome.kind === 'settled' || (outcome.kind === 'conflict' && outcome.decided);
}

/** Whether the pass met a failure that may be over with the next answer. */
function isFailing({ seen: { failure } }: PassOutcome): boolean {
  return failure !== undefined && mayBeOver(failure);
}

function resultOf(outcome: PassOutcome): PassResult {
  if (outcome.kind === 'released') return NEVER;
  if (outcome.kind === 'parked') return { kind: 'parked', waitsFor: outcome.waitsFor };
  return outcome.next;
}

/** That there is no factory or workspace is an answer too: there is no runtime then. */
function endOf({ seen: { observed, isAsDeclared, failure } }: PassOutcome, result: PassResult): PassEnd {
  const isAnswered = observed || failure?.kind === 'parentNotFound';
  return {
    observed: isAnswered,
    isAsDeclared,
    waits: result.kind === 'parked' && result.waitsFor === 'tokens',
    dueMs: dueIn(result),
  };
}

/** Until the next pass at the latest, milliseconds; undefined when something else decides that. */
function dueIn(result: PassResult): number | undefined {
  if (result.kind === 'periodic' || result.kind === 'after') return result.ms;
  return result.kind === 'backoff' ? Math.max(result.maxMs, result.minMs ?? 0) : undefined;
}
