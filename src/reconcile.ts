/**
 * The pass: gather → decide → act → report, for a key and nothing else; why it runs is hidden from it.
 *
 * A pass asks `decide` for one action at a time and does it, until it is told to settle or to release. It makes one write
 * to Azure at most. Nothing that a later pass needs is kept here: a crash between any two awaits is mended by looking again,
 * because the finalizer is stored before the first write to Azure and the claim only after Azure has confirmed one. A write
 * that Azure has accepted and goes on with ends the pass too: `Memory.operation` tells later passes of it.
 */
import { decide } from './core/decide.ts';
import { declarationHash } from './core/desired.ts';
import { AzureFailure } from './core/failure.ts';
import { type Drift, differences, type FieldPath, fieldOf, merge, newDocument } from './core/fields.ts';
import { placedIn } from './core/network.ts';
import { condition, type ManagedObject, type Memory, type Operation, operationOf, sortOf } from './core/object.ts';
import { HANDING_OVER } from './core/policies/deletion.ts';
import { passes } from './core/policies/failure.ts';
import { Repeats } from './core/repeats.ts';
import { requestIdKeys, withRequestIds } from './core/request-ids.ts';
import { type Accepted, armKey, type ObservedRuntime } from './core/runtime.ts';
import { again, listAge, MINUTE, type Next, slowRetry } from './core/schedule.ts';
import {
  type Action,
  isAskedToEnableAuthoring,
  isAskedToLook,
  isAskedToRepair,
  isNewGeneration,
  managing,
  type Situation,
  type Step,
  wasInSync,
} from './core/situation.ts';
import {
  corrected,
  describeChanges,
  describeDrift,
  invalidStatus,
  startsToDrift,
  statusAfter,
  transitions,
} from './core/status.ts';
import {
  type Access,
  BudgetExhausted,
  type Caller,
  type Events,
  type Identities,
  type Needs,
  type ObjectEvent,
  type Objects,
  type PassLog,
  type PassMetrics,
  Stale,
  Superseded,
  type Urgency,
} from './ports.ts';

export interface World {
  readonly objects: Objects;
  readonly identities: Identities;
  readonly events: Events;
  readonly log: PassLog;
  readonly metrics: PassMetrics;
  /** Whether this process is the one that may write to Azure, at this very moment. */
  readonly isLeader: () => boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** How often objects without an interval of their own are looked at, milliseconds. */
  readonly intervalMs: number;
}

/** When the key wants to be looked at again; `parked`: the request budget puts it back into the queue. */
export type Outcome = Next | { readonly kind: 'parked' };

const NEVER: Next = { kind: 'never' };
/** More than the longest way through the policies; past it they contradict each other. */
const MOST_STEPS = 16;

/**
 * Makes the function that handles a key. It throws what the API server throws (the caller backs off); failures of Azure
 * end in the object's status.
 */
export function createReconciler(world: World): (key: string, signal: AbortSignal) => Promise<Outcome> {
  const busy = new Set<string>();
  /** By key; dropped by the pass that finds the object gone. */
  const notes = new Map<string, Note>();
  const repeats = new Repeats();
  return async (key, signal) => {
    const object = world.objects.get(key);
    if (object === undefined) {
      notes.delete(key);
      repeats.end(key);
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
    if (busy.has(runtime)) return again(world.intervalMs);
    busy.add(runtime);
    try {
      const pass = new Pass(world, object, note?.failingSince, repeats, signal);
      const outcome = await pass.run();
      world.metrics.passed(key, { observed: pass.observed, waits: outcome.kind === 'parked', dueMs: dueIn(outcome) });
      if (pass.settled && !pass.refused) repeats.end(key);
      const { uid } = object;
      if (pass.released) notes.set(key, { uid, released: true, failingSince: undefined });
      else if (pass.failed) notes.set(key, { uid, released: false, failingSince: note?.failingSince ?? world.now() });
      // A pass that was interrupted has not shown that Azure answers again.
      else if (pass.settled) notes.delete(key);
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
interface Note {
  readonly uid: string;
  /** It was let go, and the watch has yet to show that it is gone. */
  readonly released: boolean;
  /** Since when its passes have met failures that pass. */
  readonly failingSince: number | undefined;
}

class Pass {
  readonly #world: World;
  readonly #decidedOn: ManagedObject;
  readonly #access: Access;
  #caller: Caller;
  readonly #log: Record<string, unknown>;
  readonly #repeats: Repeats;
  readonly #events: ObjectEvent[] = [];
  #s: Situation;

  constructor(
    world: World,
    object: ManagedObject,
    failingSince: number | undefined,
    repeats: Repeats,
    signal: AbortSignal,
  ) {
    if (!object.spec.valid) throw new Error('a pass needs a valid object');
    this.#world = world;
    this.#repeats = repeats;
    this.#decidedOn = object;
    this.#access = world.identities.accessFor(object);
    this.#s = firstSituation(world, object, object.spec.desired, this.#access, failingSince);
    this.#log = {
      object: object.key,
      runtime: object.spec.desired.id.name,
      [object.spec.desired.id.parent.kind]: object.spec.desired.id.parent.name,
    };
    this.#caller = {
      key: object.key,
      urgency: urgencyOf(this.#s),
      needs: LOOK,
      signal,
      mayWrite: () => {
        const current = world.objects.get(object.key);
        if (signal.aborted || !world.isLeader() || !isSameIntent(current, object)) return false;
        return current !== undefined && isSameAccess(world.identities.accessFor(current), this.#access);
      },
    };
  }

  /** Whether it let an object go that was being deleted. */
  released = false;
  /** Whether it came to a verdict. */
  settled = false;

  /** Whether Azure has shown it the runtime, or that there is none. */
  observed = false;

  /** Whether Azure refused something, or failed. */
  get refused(): boolean {
    return this.#s.failure !== undefined;
  }

  /** Whether it met a failure that mends itself. */
  get failed(): boolean {
    return this.#s.failure !== undefined && passes(this.#s.failure.failure);
  }

  async run(): Promise<Outcome> {
    try {
      return this.#paced(await this.#steps());
    } catch (error) {
      return await this.#interrupted(error);
    } finally {
      if (this.#access.granted) this.#access.budget.finish(this.#decidedOn.key);
    }
  }

  /** Routine looks give way when the request budget cannot bear them all. */
  #paced(outcome: Outcome): Outcome {
    if (outcome.kind !== 'periodic' || !this.#access.granted) return outcome;
    const { desired } = this.#s;
    return { ...outcome, ms: this.#access.budget.pace(desired.id.parent, this.#decidedOn.key, outcome.ms) };
  }

  /** What Azure has confirmed is stored all the same; the rest is for another pass. */
  async #interrupted(error: unknown): Promise<Outcome> {
    const changed = error instanceof Stale || error instanceof Superseded;
    if (!changed && !(error instanceof BudgetExhausted)) throw error;
    try {
      await this.#persist(this.#s.memory);
    } catch (stale) {
      if (!(stale instanceof Stale)) throw stale;
    }
    return changed ? again(this.#s.intervalMs) : { kind: 'parked' };
  }

  async #steps(): Promise<Outcome> {
    for (let step = 0; step < MOST_STEPS; step++) {
      const action = decide(this.#s);
      if (action.kind === 'Settle') return this.#settle(action);
      if (action.kind === 'Release') return this.#release(action);
      await this.#do(action);
      this.#expectSameIntent();
    }
    throw new Error(`the policies did not settle within ${MOST_STEPS} steps`);
  }

  /** Does one action; what Azure refuses becomes part of the situation. */
  async #do(action: Exclude<Action, { kind: 'Settle' | 'Release' }>): Promise<void> {
    try {
      await this.#act(action);
    } catch (error) {
      if (!(error instanceof AzureFailure)) throw error;
      const during = STEP[action.kind];
      const message = withRequestIds(error.failure.message, error.ids);
      this.#know({ failure: { during, failure: { ...error.failure, message } } });
      if (error.failure.kind !== 'preconditionFailed') this.#complain(during, error);
    }
  }

  /** Aloud when it is new: an object that waits for Azure meets the same failure with every retry. */
  #complain(during: Step, { failure, message, ids }: AzureFailure): void {
    const isNew = this.#repeats.isNew(this.#decidedOn.key, `${during} ${failure.kind} ${message}`);
    this.#world.log[isNew ? 'warn' : 'debug']('azure refused or failed', {
      ...this.#log,
      during,
      failure: failure.kind,
      detail: message,
      ...requestIdKeys(ids),
    });
  }

  async #act(action: Exclude<Action, { kind: 'Settle' | 'Release' }>): Promise<void> {
    switch (action.kind) {
      case 'Look':
        return this.#look(action);
      case 'Unhold': {
        const object = await this.#world.objects.release(this.#s.object, this.#caller.signal);
        if (object === undefined) throw new Stale('the object is gone');
        return this.#know({ object });
      }
      case 'Claim':
        return action.origin === 'Adopted' ? this.#adopt([]) : this.#claim();
      case 'Create':
        return this.#create(action.missing);
      case 'Adopt':
        return this.#adopt(action.changes);
      case 'Update':
        return this.#update(action.changes);
      case 'Repair':
        return this.#repair(action);
      case 'CreateNetwork':
        return this.#createNetwork(action.name);
      case 'EnableInteractiveAuthoring':
        return this.#enableInteractiveAuthoring(action.minutes);
      case 'EndRequest':
        return this.#endRequest(action);
      case 'HandOver':
        return this.#handOver(action);
      case 'Delete':
        return this.#delete();
      case 'Conclude':
        return this.#conclude();
    }
  }

  async #look(action: Extract<Action, { kind: 'Look' }>): Promise<void> {
    const { desired, intervalMs } = this.#s;
    if (action.at === 'state') return this.#saw(await this.#runtimes.state(desired.id, this.#caller));
    if (action.at === 'network') {
      const has = await this.#runtimes.hasNetwork(desired.id.parent, action.name, this.#caller);
      return this.#know({ network: has ? 'present' : 'absent' });
    }
    if (action.fresh) this.#expectWrite();
    const definition = action.fresh
      ? await this.#runtimes.read(desired.id, this.#caller)
      : await this.#runtimes.hint(desired.id, listAge(intervalMs), this.#caller);
    this.#saw({ definition });
  }

  #saw(what: Partial<Situation>): void {
    this.observed = true;
    this.#know(what);
  }

  /** What is looked at anew is likely to be written: the tokens for that come now, or the look would be in vain. */
  #expectWrite(): void {
    const { object, desired } = this.#s;
    const { urgency } = this.#caller;
    const needs = object.deleting ? DELETION : managing(desired) ? WRITE : TWO_LOOKS;
    this.#caller = { ...this.#caller, needs, urgency: urgency === 'look' && managing(desired) ? 'repair' : urgency };
  }

  #claim(): void {
    this.#remember({ claim: { origin: 'Created', identity: this.#identity }, managedFields: this.#declared() });
    this.#announce('Created', 'The runtime exists in Azure as declared: an earlier create of this object.');
  }

  async #create(missing: boolean): Promise<void> {
    const { desired } = this.#s;
    await this.#secure();
    const document = placedIn(desired.managedVirtualNetwork, newDocument(desired.fields));
    const answer = await this.#runtimes.create(desired.id, document, this.#caller);
    if (missing) this.#tell('DriftDetected', 'The runtime was missing in Azure.');
    this.#remember({ claim: { origin: 'Created', identity: this.#identity }, managedFields: this.#declared() });
    this.#written({ kind: 'create' }, answer);
    const kind = missing ? 'Recreate' : 'Create';
    if ('accepted' in answer) return this.#goesOn(kind);
    this.#done(kind);
    if (desired.managedVirtualNetwork === undefined) return;
    // A user has seen a create that was answered as asked for, of a runtime that was public nonetheless: look for ourselves.
    const { definition: _, ...s } = this.#s;
    this.#s = s;
  }

  async #createNetwork(name: string): Promise<void> {
    await this.#secure();
    await this.#runtimes.createNetwork(this.#s.desired.id.parent, name, this.#caller);
    this.#know({ wrote: { kind: 'network' } });
    this.#announce(
      'ManagedVirtualNetworkCreated',
      `The managed virtual network ${name} was created; it can never be deleted.`,
    );
  }

  async #enableInteractiveAuthoring(minutes: number): Promise<void> {
    const { desired, memory, now } = this.#s;
    await this.#secure();
    await this.#runtimes.enableInteractiveAuthoring(desired.id, minutes, this.#caller);
    this.#know({ wrote: { kind: 'authoring' } });
    this.#remember({ interactiveAuthoring: { ...memory.interactiveAuthoring, requestedTime: now } });
  }

  #endRequest({ outcome, message }: Extract<Action, { kind: 'EndRequest' }>): void {
    const { failure: _, ...s } = this.#s;
    const { requestedTime, ...authoring } = s.memory.interactiveAuthoring ?? {};
    const token = s.object.requests.enableInteractiveAuthoring ?? '';
    const minutes = s.desired.interactiveAuthoring?.autoTerminationMinutes;
    const until =
      outcome === 'enabled' && requestedTime !== undefined && minutes !== undefined
        ? { enabledUntil: requestedTime + minutes * MINUTE }
        : {};
    this.#s = s;
    this.#remember({ interactiveAuthoring: { ...authoring, ...until }, lastHandledInteractiveAuthoringAt: token });
    if (outcome === 'enabled') this.#announce('InteractiveAuthoringEnabled', message);
    else
      this.#tell('InteractiveAuthoringFailed', `${message} Set the annotation to a new value to ask again.`, 'Warning');
  }

  async #adopt(changes: readonly Drift[]): Promise<void> {
    const answer = changes.length > 0 ? await this.#write(changes) : await this.#secure();
    this.#remember({ claim: { origin: 'Adopted', identity: this.#identity }, managedFields: this.#managed() });
    if (answer !== undefined && 'accepted' in answer) this.#goesOn('Adopt', changes);
    else this.#done('Adopt', changes);
  }

  async #update(changes: readonly Drift[]): Promise<void> {
    const { memory, desired } = this.#s;
    const isDrift = wasInSync(this.#s);
    const kind = isDrift ? 'Correct' : 'Update';
    const runtime = await this.#write(changes);
    if ('accepted' in runtime) return this.#goesOn(kind, changes);
    const still = differences(desired.fields, memory.managedFields, runtime.document).map(({ field }) => field);
    const done = changes.filter(({ field }) => !still.includes(field));
    if (done.length === 0) return;
    if (isDrift) {
      if (startsToDrift(this.#s.object.memory, { drift: done })) this.#tell('DriftDetected', describeDrift(done));
      for (const { field } of done) this.#world.metrics.driftDetected(fieldOf(field));
    }
    this.#done(kind, done);
  }

  /** What a write was for is so now; `changes` and `fields` are what it changed in a runtime that existed. */
  #done(
    kind: Operation['kind'],
    changes: readonly Drift[] = [],
    fields: readonly FieldPath[] = changes.map(({ field }) => field),
  ): void {
    const what = changes.length > 0 ? describeChanges(changes) : fields.join(', ');
    if (sortOf(kind) === 'creation') {
      this.#announce('Created', kind === 'Recreate' ? 'The runtime was created again.' : 'The runtime was created.');
    } else if (kind === 'Adopt') {
      const changed = what === '' ? 'as it was' : `and changed: ${what}`;
      this.#announce('Adopted', `The runtime existed and was taken over, ${changed}.`);
    } else {
      this.#world.log.info('runtime updated', { ...this.#log, changes: what, drift: kind === 'Correct' });
      if (kind === 'Correct') this.#corrected(what, fields);
    }
  }

  #corrected(what: string, fields: readonly FieldPath[]): void {
    const { memory, now } = this.#s;
    this.#tell('DriftCorrected', `Set back: ${what}.`);
    for (const field of fields) this.#world.metrics.driftCorrected(fieldOf(field));
    this.#remember({ corrections: corrected(memory.corrections, fields, now) });
  }

  /** Azure has accepted a write and goes on with it: what it comes to is for later passes to see. */
  #goesOn(kind: Operation['kind'], changes: readonly Drift[] = []): void {
    const { desired, memory } = this.#s;
    const before = operationOf(memory, sortOf(kind));
    const hash = declarationHash(desired);
    const repeated = before?.specHash === hash;
    // What was to be told of one that is written over has not been told yet.
    const untold = repeated || before?.kind === 'Adopt' || before?.kind === 'Recreate' ? before?.kind : undefined;
    const fields = changes.map(({ field }) => field);
    // From now on, not from when the pass began: a slow one would shorten the wait.
    const time = wholeSecond(this.#world.now());
    this.#remember({ operation: { kind: untold ?? kind, time, fields, specHash: hash, repeated } });
    this.#world.log.info('azure has accepted a write', { ...this.#log, kind, repeated });
  }

  #conclude(): void {
    const { operation, drift } = this.#s.memory;
    if (operation === undefined) throw new Error('there is nothing to conclude');
    const { kind, fields } = operation;
    this.#forgetOperation();
    this.#done(
      kind,
      drift.filter(({ field }) => fields.includes(field)),
      fields,
    );
  }

  #forgetOperation(): void {
    const { operation: _, ...memory } = this.#s.memory;
    this.#know({ memory });
  }

  /** Read–merge–write of the document that was just read: what is not among the changes survives. */
  async #write(changes: readonly Drift[]): Promise<ObservedRuntime | Accepted> {
    const { desired, memory } = this.#s;
    const { document, etag } = this.#present();
    const managedFields = this.#managed();
    // The memory of what is managed comes first: a leaf that Azure got and nobody remembers would never be reset.
    if (managedFields.length > memory.managedFields.length) await this.#persist({ ...memory, managedFields });
    await this.#secure();
    const answer = await this.#runtimes.update(
      desired.id,
      merge(document, changes, desired.fields, memory.managedFields),
      etag,
      this.#caller,
    );
    this.#written({ kind: 'update', fields: changes.map(({ field }) => field) }, answer);
    return answer;
  }

  async #repair({ attempt, verdict }: Extract<Action, { kind: 'Repair' }>): Promise<void> {
    const { desired, now } = this.#s;
    const { document, etag } = this.#present();
    if (attempt.by === 'operator') {
      // Counted before it is made, so that a crash loop cannot exceed the bound.
      const { number: attempts, nextAttemptTime } = attempt;
      const memory = { ...this.#s.memory, repair: { attempts, lastAttemptTime: now, nextAttemptTime } };
      await this.#persist(statusAfter({ ...this.#s, memory }, verdict));
    }
    await this.#secure();
    const answer = await this.#runtimes.update(desired.id, document, etag, this.#caller);
    this.#written({ kind: 'repair' }, answer);
    if ('accepted' in answer) this.#goesOn('Repair');
    this.#world.metrics.repair('started');
    const which = attempt.by === 'operator' ? `attempt ${attempt.number} of ${attempt.of}` : 'asked for by annotation';
    this.#announce('RepairStarted', `The definition was written again (${which}).`);
  }

  async #handOver({ to, legacy }: Extract<Action, { kind: 'HandOver' }>): Promise<void> {
    const { objects } = this.#world;
    const { memory, now } = this.#s;
    const { signal } = this.#caller;
    // Remembered first: an heir with a claim, and no wait, is one that had it already.
    await this.#persist({ ...memory, waitingSince: { reason: HANDING_OVER, time: now } });
    await objects.leave(await objects.hold(to, legacy.claim.origin, signal), legacy, signal);
  }

  async #delete(): Promise<void> {
    await this.#world.objects.confirm(this.#s.object, this.#caller.signal);
    const answer = await this.#runtimes.delete(this.#s.desired.id, this.#caller);
    this.#know({ wrote: { kind: 'delete' } });
    if (answer === undefined) this.#know({ definition: { presence: 'absent', fresh: true } });
    else this.#goesOn('Delete');
  }

  /**
   * Before a write to Azure: the finalizer is stored, with the mark of what it went on for, and what was decided on is
   * still the server's version.
   */
  async #secure(): Promise<void> {
    this.#expectSameIntent();
    const { objects } = this.#world;
    const { object, memory, definition } = this.#s;
    const origin = definition?.presence === 'present' ? 'Adopted' : 'Created';
    const isMarked = memory.claim !== undefined || object.adopts === (origin === 'Adopted');
    if (object.held && isMarked) return objects.confirm(object, this.#caller.signal);
    this.#know({ object: await objects.hold(object, memory.claim?.origin ?? origin, this.#caller.signal) });
  }

  /** An answer to a write of ours may tell of an edit that the cache has yet to show: that is for another pass to decide on. */
  #expectSameIntent(): void {
    if (!isSameIntent(this.#s.object, this.#decidedOn)) throw new Stale('the object was edited meanwhile');
  }

  /** What is known of the definition stands until Azure shows another. */
  #written(wrote: NonNullable<Situation['wrote']>, answer: ObservedRuntime | Accepted): void {
    const { state: _, interactiveAuthoring: __, ...s } = this.#s;
    this.#s = { ...s, wrote };
    if (!('accepted' in answer)) {
      this.#know({ definition: { presence: 'present', fresh: true, runtime: answer } });
      this.#forgetOperation();
    }
    // Every write sends the full definition, and that is all a repair is.
    const token = s.object.requests.repair;
    if (token !== undefined) this.#remember({ lastHandledRepairAt: token });
  }

  async #settle({ verdict, next }: Extract<Action, { kind: 'Settle' }>): Promise<Outcome> {
    this.settled = true;
    await this.#persist(statusAfter(this.#s, verdict));
    const { object, memory, desired } = this.#s;
    const owned = managing(desired) && verdict.kind !== 'Suspended' ? memory.claim : undefined;
    if (owned && !object.held && !object.deleting) {
      await this.#world.objects.hold(object, owned.origin, this.#caller.signal);
    }
    return next;
  }

  async #release({ because }: Extract<Action, { kind: 'Release' }>): Promise<Outcome> {
    const { objects } = this.#world;
    const { signal } = this.#caller;
    await objects.release(this.#s.object, signal);
    this.released = true;
    this.#announce(because.kind, because.message);
    await this.#flush();
    return NEVER;
  }

  /** Makes this the status, unless it is already, and tells of its transitions. */
  async #persist(memory: Memory): Promise<void> {
    const before = this.#s.object.memory;
    const told = transitions(this.#s, before, memory);
    const object = await this.#world.objects.remember(this.#s.object, memory, this.#caller.signal);
    this.#know({ object, memory });
    for (const { type, reason, message } of told) this.#tell(reason, message, type);
    this.#count(
      told.map(({ reason }) => reason),
      memory.drift,
    );
    if (condition(memory, 'Ready')?.reason !== condition(before, 'Ready')?.reason) {
      const { status, reason, message } = condition(memory, 'Ready') ?? {};
      this.#world.log.info('status changed', { ...this.#log, ready: status, reason, detail: message });
    }
    await this.#flush();
  }

  #count(told: readonly string[], drift: readonly Drift[]): void {
    const { metrics } = this.#world;
    if (told.includes('DriftDetected')) for (const { field } of drift) metrics.driftDetected(fieldOf(field));
    if (told.includes(condition(this.#s.memory, 'Stalled')?.reason ?? '')) metrics.stalled();
    if (told.includes('Repaired')) metrics.repair('repaired');
    if (told.includes('RepairExhausted')) metrics.repair('exhausted');
  }

  async #flush(): Promise<void> {
    for (const event of this.#events.splice(0)) await this.#world.events.publish(this.#s.object, event);
  }

  #tell(reason: string, message: string, type: ObjectEvent['type'] = 'Normal'): void {
    this.#events.push({ type, reason, message });
  }

  #announce(reason: string, message: string): void {
    this.#tell(reason, message);
    this.#world.log.info(`runtime ${IN_WORDS[reason] ?? reason}`, { ...this.#log, detail: message });
  }

  #know(more: Partial<Situation>): void {
    this.#s = { ...this.#s, ...more };
  }

  #remember(more: Partial<Memory>): void {
    this.#know({ memory: { ...this.#s.memory, ...more } });
  }

  /** The leaves that are managed from the next write on. */
  #managed(): string[] {
    return [...new Set([...this.#s.memory.managedFields, ...this.#declared()])].sort();
  }

  #declared(): string[] {
    return [...this.#s.desired.fields.keys()].sort();
  }

  #present(): ObservedRuntime {
    const { definition } = this.#s;
    if (definition?.presence !== 'present') throw new Error('this action needs a runtime that was read');
    return definition.runtime;
  }

  get #runtimes() {
    if (!this.#access.granted) throw new Error('this action needs an identity');
    return this.#access.runtimes;
  }

  get #identity(): string {
    return this.#access.granted ? this.#access.identity : '';
  }
}

/** What a pass asks Azure for, as far as it can be foreseen: the state alone, … */
const LOOK: Needs = { reads: 1 };
/** … the definition and the state, … */
const TWO_LOOKS: Needs = { reads: 2 };
/** … a write between the two, … */
const WRITE: Needs = { reads: 2, writes: 1 };
/** … or the definition before its end. */
const DELETION: Needs = { reads: 1, deletes: 1 };

const STEP: Record<Exclude<Action['kind'], 'Settle' | 'Release'>, Step> = {
  Look: 'look',
  Unhold: 'look',
  Claim: 'look',
  Create: 'create',
  Adopt: 'update',
  Update: 'update',
  Repair: 'repair',
  CreateNetwork: 'network',
  EnableInteractiveAuthoring: 'authoring',
  EndRequest: 'look',
  HandOver: 'look',
  Delete: 'delete',
  Conclude: 'look',
};

const IN_WORDS: Record<string, string> = {
  Created: 'created',
  Adopted: 'adopted',
  RepairStarted: 'repair started',
  ManagedVirtualNetworkCreated: 'got its managed virtual network',
  InteractiveAuthoringEnabled: 'interactive authoring enabled',
  Deleted: 'deleted',
  Retained: 'retained',
  HandedOver: 'handed over',
};

function firstSituation(
  world: World,
  object: ManagedObject,
  desired: Situation['desired'],
  access: Access,
  failingSince: number | undefined,
): Situation {
  const peers = world.objects.sharing(armKey(desired.id)).filter((peer) => peer.uid !== object.uid);
  return {
    object,
    desired,
    memory: object.memory,
    peers,
    // An object that may not reach Azure cannot keep others from doing so, unless it did before.
    rivals: peers.filter((peer) => peer.memory.claim !== undefined || world.identities.accessFor(peer).granted),
    access: withoutPorts(access),
    now: wholeSecond(world.now()),
    intervalMs: desired.intervalMs ?? world.intervalMs,
    failingSince,
  };
}

function withoutPorts(access: Access): Situation['access'] {
  if (!access.granted) return access;
  const { runtimes: _, ...rest } = access;
  return rest;
}

/** Until the next look at the latest, milliseconds; undefined when something else decides that. */
function dueIn(outcome: Outcome): number | undefined {
  if (outcome.kind === 'periodic' || outcome.kind === 'after') return outcome.ms;
  return outcome.kind === 'backoff' ? Math.max(outcome.maxMs, outcome.minMs ?? 0) : undefined;
}

/** Whether the object would still reach Azure as the same client. */
function isSameAccess(current: Access, decided: Access): boolean {
  return current.granted && decided.granted && current.identity === decided.identity;
}

/** Kubernetes keeps times of whole seconds. */
function wholeSecond(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000;
}

function urgencyOf(s: Situation): Urgency {
  const owned = s.memory.claim !== undefined || !managing(s.desired);
  const asked = isAskedToLook(s) || isAskedToRepair(s) || isAskedToEnableAuthoring(s);
  if (s.object.deleting || !owned || isNewGeneration(s) || asked) return 'change';
  return condition(s.memory, 'Healthy')?.reason === 'Limited' ? 'repair' : 'look';
}

/** Whether people still want what they wanted when the pass began. */
function isSameIntent(current: ManagedObject | undefined, decided: ManagedObject): boolean {
  return (
    current?.uid === decided.uid && current.generation === decided.generation && current.deleting === decided.deleting
  );
}

async function reportInvalid(
  world: World,
  object: ManagedObject,
  problem: string,
  signal: AbortSignal,
): Promise<Outcome> {
  if (object.deleting && object.held && object.memory.claim === undefined) {
    await world.objects.release(object, signal);
    return NEVER;
  }
  const wayOut = object.deleting
    ? ` To let the object go and leave the runtime in Azure, correct the manifest or take the finalizer off by hand.`
    : '';
  const message = problem + wayOut;
  const told = condition(object.memory, 'Stalled')?.reason === 'InvalidDefinition';
  try {
    await world.objects.remember(object, invalidStatus(object, message, wholeSecond(world.now())), signal);
  } catch (error) {
    if (!(error instanceof Stale)) throw error;
    return again(world.intervalMs);
  }
  if (!told) await world.events.publish(object, { type: 'Warning', reason: 'InvalidDefinition', message });
  return slowRetry(world.intervalMs);
}
