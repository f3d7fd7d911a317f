/**
 * The pass: gather → decide → act → report, for a key and nothing else; why it runs is hidden from it.
 *
 * A pass asks `decide` for one action at a time and does it, until it is told to settle or to release. What it knows, does
 * and tells by that is in `pass/`. It makes one write to Azure at most. Nothing that a later pass needs is kept here: a
 * crash between any two awaits is mended by looking again, because the finalizer is stored before the first write to Azure
 * and the claim only after Azure has confirmed one. A write that Azure has accepted and goes on with ends the pass too:
 * `Status.operation` tells later passes of it.
 */
import { decide } from '../core/decide.ts';
import { type ManagedObject, wholeSecond } from '../core/model/object.ts';
import { armKey } from '../core/model/runtime.ts';
import { mayBeOver } from '../core/policies/failure.ts';
import { conflictBackoff, NEVER, type Requeue } from '../core/schedule.ts';
import { type Action, managing } from '../core/situation.ts';
import { statusAfter } from '../core/status/status.ts';
import {
  type Access,
  AzureStalledError,
  BudgetExhaustedError,
  ConflictError,
  type Dependencies,
  SupersededError,
} from '../ports.ts';
import { WarnOnce } from '../runtime/warn-once.ts';
import { Actions, type Signals } from './acts.ts';
import { reportInvalid } from './invalid.ts';
import { firstSituation, PassState, type Since } from './knowledge.ts';
import { Report } from './report.ts';

/** When the key wants to be looked at again; `parked`: who makes it wait puts it back into the queue. */
export type PassResult = Requeue | { readonly kind: 'parked'; readonly waitsFor: 'tokens' | 'answers' };

/** More than the longest way through the policies; past it they contradict each other. */
const MOST_STEPS = 16;

/** When `superseded` aborts, the object has changed: the pass waits for no look any longer. */
export type Reconcile = (key: string, signal: AbortSignal, superseded?: AbortSignal) => Promise<PassResult>;

/**
 * Makes the function that handles a key. It throws what the API server throws (the caller backs off); failures of Azure
 * end in the object's status.
 */
export function createReconciler(world: Dependencies): Reconcile {
  const busy = new Set<string>();
  /** By key; dropped by the pass that finds the object gone. */
  const notes = new Map<string, Note>();
  const warnOnce = new WarnOnce();
  return async (key, signal, superseded) => {
    const object = world.objects.get(key);
    if (object === undefined) {
      notes.delete(key);
      warnOnce.clear(key);
      world.metrics.forgotten(key);
      return NEVER;
    }
    const note = notes.get(key)?.uid === object.uid ? notes.get(key) : undefined;
    if (note?.released === true) return NEVER;
    if (!object.spec.valid) {
      world.metrics.abandoned(key);
      return reportInvalid(world, object, object.spec.problem, signal);
    }
    // Claims are serialised per runtime: of two objects that name one, only one is in a pass.
    const runtime = armKey(object.spec.desired.id);
    if (busy.has(runtime)) return conflictBackoff(world.intervalMs);
    busy.add(runtime);
    try {
      const pass = new Pass(world, object, note, warnOnce, { signal, superseded });
      const outcome = await pass.run();
      world.metrics.passed(key, { observed: pass.observed, waits: waitsForTokens(outcome), dueMs: dueIn(outcome) });
      if (pass.settled && !pass.refused) warnOnce.clear(key);
      const { uid } = object;
      if (pass.released) notes.set(key, { uid, released: true, failingSince: undefined });
      // A pass that was interrupted has not shown that Azure answers again.
      else if (pass.settled || pass.failed) {
        const since = sinceAfter(pass, note, world.now());
        if (since === undefined) notes.delete(key);
        else notes.set(key, { uid, released: false, ...since });
      }
      return outcome;
    } catch (error) {
      world.metrics.abandoned(key);
      throw error;
    } finally {
      busy.delete(runtime);
    }
  };
}

/** What is remembered of an object between passes, and may be lost. */
interface Note extends Since {
  readonly uid: string;
  /** It was let go, and the watch has yet to show that it is gone. */
  readonly released: boolean;
}

/** A pass that failed has not shown that the runtime is there. No time is in the future, though the clock was set back. */
function sinceAfter(pass: Pick<Pass, 'failed' | 'found'>, before: Since | undefined, now: number): Since | undefined {
  const failingSince = pass.failed ? Math.min(before?.failingSince ?? now, now) : undefined;
  const missedBefore = pass.found === 'present' ? undefined : before?.missingSince;
  const missingSince = pass.found === 'absent' ? Math.min(missedBefore ?? wholeSecond(now), now) : missedBefore;
  if (failingSince === undefined && missingSince === undefined) return undefined;
  return { failingSince, ...(missingSince === undefined ? {} : { missingSince }) };
}

class Pass {
  readonly #world: Pick<Dependencies, 'objects'>;
  readonly #key: string;
  readonly #access: Access;
  readonly #state: PassState;
  readonly #report: Report;
  readonly #actions: Actions;
  readonly #signal: AbortSignal;
  readonly #superseded: AbortSignal | undefined;

  constructor(
    world: Dependencies,
    object: ManagedObject,
    since: Since | undefined,
    warnOnce: WarnOnce,
    { signal, superseded }: Signals,
  ) {
    if (!object.spec.valid) throw new Error('a pass needs a valid object');
    this.#world = world;
    this.#key = object.key;
    this.#access = world.identities.accessFor(object);
    this.#state = new PassState(firstSituation(world, object, object.spec.desired, this.#access, since));
    this.#report = new Report(world, this.#state, warnOnce, signal);
    this.#actions = new Actions(world, this.#access, this.#state, this.#report, { signal, superseded });
    this.#signal = signal;
    this.#superseded = superseded;
  }

  /** Whether it let an object go that was being deleted. */
  released = false;
  /** Whether it came to a verdict. */
  settled = false;

  /** Whether Azure has shown it the runtime, or that there is none. */
  get observed(): boolean {
    return this.#state.observed;
  }

  /** Whether Azure refused something, or failed. */
  get refused(): boolean {
    return this.#state.situation.failure !== undefined;
  }

  /** Whether it met a failure that mends itself. */
  get failed(): boolean {
    const { failure } = this.#state.situation;
    return failure !== undefined && mayBeOver(failure.failure);
  }

  /** What Azure has shown at its end; undefined when it could not be looked at. */
  get found(): 'present' | 'absent' | undefined {
    return this.#state.situation.definition?.presence;
  }

  async run(): Promise<PassResult> {
    try {
      return this.#paced(await this.#steps());
    } catch (error) {
      return await this.#interrupted(error);
    } finally {
      if (this.#access.granted) this.#access.budget.finish(this.#key);
    }
  }

  async #steps(): Promise<Requeue> {
    for (let step = 0; step < MOST_STEPS; step++) {
      const action = decide(this.#state.situation);
      if (action.kind === 'Settle') return this.#settle(action);
      if (action.kind === 'Release') return this.#removeFinalizer(action);
      await this.#actions.do(action);
      this.#state.expectSameIntent();
    }
    throw new Error(`the policies did not settle within ${MOST_STEPS} steps`);
  }

  async #settle({ verdict, next }: Extract<Action, { kind: 'Settle' }>): Promise<Requeue> {
    this.settled = true;
    await this.#report.persist(statusAfter(this.#state.situation, verdict));
    const { object, status, desired } = this.#state.situation;
    const owned = managing(desired) && verdict.kind !== 'Suspended' ? status.claim : undefined;
    if (owned && !object.hasFinalizer && !object.deleting) {
      await this.#world.objects.addFinalizer(object, owned.origin, this.#signal);
    }
    return next;
  }

  async #removeFinalizer({ reason }: Extract<Action, { kind: 'Release' }>): Promise<Requeue> {
    await this.#world.objects.removeFinalizer(this.#state.situation.object, this.#signal);
    this.released = true;
    this.#report.eventAndLog(reason.kind, reason.message);
    await this.#report.flush();
    return NEVER;
  }

  /** Routine looks give way when the request budget cannot bear them all. */
  #paced(next: Requeue): Requeue {
    if (next.kind !== 'periodic' || !this.#access.granted) return next;
    const { desired } = this.#state.situation;
    return { ...next, ms: this.#access.budget.spacedInterval(desired.id.parent, this.#key, next.ms) };
  }

  /** What Azure has confirmed is stored all the same; the rest is for another pass. */
  async #interrupted(error: unknown): Promise<PassResult> {
    const isInVain = this.#superseded?.aborted === true && error === this.#superseded.reason;
    const changed = error instanceof ConflictError || error instanceof SupersededError || isInVain;
    if (!changed && !(error instanceof BudgetExhaustedError)) throw error;
    try {
      await this.#report.persist(this.#state.situation.status);
    } catch (stale) {
      if (!(stale instanceof ConflictError)) throw stale;
    }
    return changed
      ? conflictBackoff(this.#state.situation.intervalMs)
      : { kind: 'parked', waitsFor: error instanceof AzureStalledError ? 'answers' : 'tokens' };
  }
}

function waitsForTokens(outcome: PassResult): boolean {
  return outcome.kind === 'parked' && outcome.waitsFor === 'tokens';
}

/** Until the next look at the latest, milliseconds; undefined when something else decides that. */
function dueIn(outcome: PassResult): number | undefined {
  if (outcome.kind === 'periodic' || outcome.kind === 'after') return outcome.ms;
  return outcome.kind === 'backoff' ? Math.max(outcome.maxMs, outcome.minMs ?? 0) : undefined;
}
