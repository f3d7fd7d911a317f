/**
 * One pass over one object: asks `decide` for an action, carries it out, and again, until it settles or lets the object go.
 * It makes one write to Azure at most.
 */
import { decide } from '../core/decide.ts';
import type { Failure } from '../core/model/failure.ts';
import { condition, type ManagedObject, type Status } from '../core/model/object.ts';
import { conflictBackoff, notLaterThan, type Requeue } from '../core/schedule.ts';
import { type Action, driftOf, managing, type Phase, type Verdict } from '../core/situation.ts';
import { statusAfter } from '../core/status/status.ts';
import { type Access, ConflictError, type Dependencies, ParkedError, SupersededError } from '../ports.ts';
import type { WarnOnce } from '../runtime/warn-once.ts';
import { Actions, type PassAction, type Signals } from './actions.ts';
import { firstSituation, identityOf, PassState, type Since } from './pass-state.ts';
import { tellReleased } from './released.ts';
import { Report } from './report.ts';

/** More than the longest way through the policies; past it they contradict each other. */
const MOST_STEPS = 16;

/** The writes of what is declared: a repair writes what Azure has. */
const DECLARED: readonly Phase[] = ['create', 'update', 'network'];

/** What Azure has shown a pass. */
interface Seen {
  /** Whether it has shown the runtime, or that there is none. */
  readonly observed: boolean;
  /** By the last read; undefined when there was none, or it failed. */
  readonly presence: 'present' | 'absent' | undefined;
  /** Whether it is there, and nothing of it differs from what is declared. */
  readonly isAsDeclared: boolean;
  readonly failure: Failure | undefined;
  /** Of an object that is Stalled now: whether this pass tried to write what it declares, and under which identity. */
  readonly stalled: { readonly isTried: boolean; readonly identity: string | undefined } | undefined;
}

/** How a pass ended. */
export type PassOutcome = { readonly seen: Seen } & (
  | { readonly kind: 'settled'; readonly next: Requeue }
  /** The object was being deleted, and has lost its finalizer. */
  | { readonly kind: 'released' }
  /** The object has changed since, perhaps only when the decision was to be stored. */
  | { readonly kind: 'conflict'; readonly next: Requeue; readonly decided: boolean }
  /** Azure is not called now: whoever makes the pass wait has the key queued again. */
  | { readonly kind: 'parked'; readonly waitsFor: ParkedError['waitsFor'] }
);

type Ending = Extract<Action, { kind: 'Settle' | 'Release' }>;

export class Pass {
  readonly #world: Pick<Dependencies, 'objects'>;
  readonly #key: string;
  readonly #access: Access;
  readonly #state: PassState;
  readonly #report: Report;
  readonly #actions: Actions;
  readonly #signal: AbortSignal;
  readonly #readSignal: AbortSignal;

  constructor(
    world: Dependencies,
    object: ManagedObject,
    since: Since | undefined,
    warnOnce: WarnOnce,
    { signal, readSignal }: Signals,
  ) {
    if (!object.spec.valid) throw new Error('a pass needs a valid object');
    this.#world = world;
    this.#key = object.key;
    this.#access = world.identities.accessFor(object);
    this.#state = new PassState(firstSituation(world, object, object.spec.desired, this.#access, since));
    this.#report = new Report(world, this.#state, warnOnce, signal);
    this.#actions = new Actions(world, this.#access, this.#state, this.#report, { signal, readSignal });
    this.#signal = signal;
    this.#readSignal = readSignal;
  }

  /** @throws what the API server throws, and the reason of an aborted signal */
  async run(): Promise<PassOutcome> {
    let ending: Ending | undefined;
    try {
      ending = await this.#untilEnding();
      return await this.#end(ending);
    } catch (error) {
      return await this.#interrupted(error, ending?.kind === 'Settle');
    } finally {
      if (this.#access.granted) this.#access.budget.finish(this.#key);
    }
  }

  async #untilEnding(): Promise<Ending> {
    let follows: PassAction | undefined;
    for (let step = 0; step < MOST_STEPS; step++) {
      const action: Action = follows ?? decide(this.#state.situation);
      follows = undefined;
      if (action.kind === 'Settle' || action.kind === 'Release') return action;
      if (action.kind === 'StoreStatus') {
        await this.#store(action.status);
        follows = action.before;
      } else await this.#actions.do(action);
      this.#state.expectSameIntent();
    }
    throw new Error(`the policies did not settle within ${MOST_STEPS} steps`);
  }

  /** The one exit by which a status is stored; after a verdict, people hear of it. */
  async #store(status: Status, verdict?: Verdict): Promise<void> {
    await this.#report.persist(status, verdict);
  }

  async #end(ending: Ending): Promise<PassOutcome> {
    if (ending.kind === 'Release') return this.#release(ending);
    const { verdict, next } = ending;
    await this.#store(statusAfter(this.#state.situation, verdict), verdict);
    const { object, status, desired } = this.#state.situation;
    const owned = managing(desired) && verdict.kind !== 'Suspended' ? status.claim : undefined;
    if (owned && !object.hasFinalizer && !object.deleting) {
      await this.#world.objects.addFinalizer(object, owned.origin, this.#signal);
    }
    const inTime = notLaterThan(this.#paced(this.#firm(next)), this.#report.warningDueMs(verdict));
    return { kind: 'settled', next: inTime, seen: this.#seen };
  }

  async #release({ event }: Extract<Action, { kind: 'Release' }>): Promise<PassOutcome> {
    const { objects } = this.#world;
    const left = await objects.removeFinalizer(this.#state.situation.object, this.#signal);
    // First: a pass that is interrupted here is made again, and the event is to be told once.
    await tellReleased(objects, { ...this.#state.situation, object: left }, event, this.#signal);
    this.#report.eventAndLog(event);
    await this.#report.flush();
    return { kind: 'released', seen: this.#seen };
  }

  /** What this pass could not write is written again when the back-off ends, however often a message names the runtime. */
  #firm(next: Requeue): Requeue {
    if (next.kind !== 'backoff') return next;
    const { failure, wrote, definition } = this.#state.situation;
    const isLeft = definition?.presence === 'absent' || driftOf(this.#state.situation).length > 0;
    const isUnwritten = (wrote !== undefined && isLeft) || (failure !== undefined && failure.during !== 'poll');
    return isUnwritten || (next.minMs ?? 0) > 0 ? { ...next, isFirm: true } : next;
  }

  /** Polls give way when the request budget cannot bear them all. */
  #paced(next: Requeue): Requeue {
    if (next.kind !== 'periodic' || !this.#access.granted) return next;
    const { desired } = this.#state.situation;
    return { ...next, ms: this.#access.budget.spacedInterval(desired.id.parent, this.#key, next.ms) };
  }

  /** What Azure has confirmed is stored all the same; the rest is for another pass. */
  async #interrupted(error: unknown, decided: boolean): Promise<PassOutcome> {
    const { aborted, reason } = this.#readSignal;
    const isSuperseded = aborted && error === reason && error !== this.#signal.reason;
    const changed = error instanceof ConflictError || error instanceof SupersededError || isSuperseded;
    const parked = error instanceof ParkedError ? error : undefined;
    if (!changed && parked === undefined) throw error;
    try {
      await this.#store(this.#state.situation.status);
    } catch (stale) {
      if (!(stale instanceof ConflictError)) throw stale;
    }
    const seen = this.#seen;
    if (parked !== undefined) return { kind: 'parked', waitsFor: parked.waitsFor, seen };
    return { kind: 'conflict', next: conflictBackoff(this.#state.situation.intervalMs), decided, seen };
  }

  get #seen(): Seen {
    const { definition, failure, wrote, status } = this.#state.situation;
    const isTried = [failure?.during, wrote?.kind].some((done) => done !== undefined && DECLARED.includes(done));
    const isStalled = condition(status, 'Stalled') !== undefined;
    return {
      observed: this.#state.observed,
      presence: definition?.presence,
      isAsDeclared: definition?.presence === 'present' && driftOf(this.#state.situation).length === 0,
      failure: failure?.failure,
      stalled: isStalled ? { isTried, identity: identityOf(this.#access) } : undefined,
    };
  }
}
