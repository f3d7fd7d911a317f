/** What a pass does: one action at a time, in Azure or to the object, and what it learns by it. */
import { AzureFailure } from '../core/model/failure.ts';
import { type Drift, differences, merge, newDocument } from '../core/model/fields.ts';
import { placedIn } from '../core/model/network.ts';
import { type Claim, wholeSecond } from '../core/model/object.ts';
import { isMarked } from '../core/model/ownership.ts';
import { answered, failed, firstOperationPoll, inView, type Repairs, settled } from '../core/model/repairs.ts';
import { withRequestIds } from '../core/model/request-ids.ts';
import type { Accepted, ObservedRuntime } from '../core/model/runtime.ts';
import { mayHaveCreated } from '../core/policies/definition.ts';
import { HANDING_OVER } from '../core/policies/deletion.ts';
import { listAge, MINUTE } from '../core/schedule.ts';
import { type Action, type Phase, type Situation, wasInSync } from '../core/situation.ts';
import { statusAfter } from '../core/status/status.ts';
import { type Access, type CallContext, ConflictError, Denied, type Dependencies } from '../ports.ts';
import { contextForWrite, initialContext } from './caller.ts';
import { WriteResults } from './effects.ts';
import type { PassState } from './knowledge.ts';
import type { Report } from './report.ts';

/** An action that a pass goes on after. */
export type PassAction = Exclude<Action, { kind: 'Settle' | 'Release' }>;

/** What is said to have failed when an action does. */
const STEP: Record<PassAction['kind'], Phase> = {
  Read: 'poll',
  RemoveFinalizer: 'poll',
  Claim: 'poll',
  Create: 'create',
  Adopt: 'update',
  Update: 'update',
  Repair: 'repair',
  CreateNetwork: 'network',
  EnableInteractiveAuthoring: 'authoring',
  CompleteRequest: 'poll',
  HandOver: 'poll',
  Delete: 'delete',
  CompleteOperation: 'poll',
};

/** What ends a pass. */
export interface Signals {
  readonly signal: AbortSignal;
  /** Ends what it only looks at, but no write: that has to hear what came of it. */
  readonly superseded: AbortSignal | undefined;
}

export class Actions {
  readonly #world: Pick<Dependencies, 'objects' | 'metrics' | 'now'>;
  readonly #access: Access;
  readonly #state: PassState;
  readonly #report: Report;
  readonly #results: WriteResults;
  #caller: CallContext;
  readonly #looks: AbortSignal;

  constructor(world: Dependencies, access: Access, state: PassState, report: Report, { signal, superseded }: Signals) {
    this.#world = world;
    this.#access = access;
    this.#state = state;
    this.#report = report;
    this.#results = new WriteResults(world, state, report);
    this.#caller = initialContext(world, state.situation, access, signal);
    this.#looks = superseded === undefined ? signal : AbortSignal.any([signal, superseded]);
  }

  /**
   * Does one action; what Azure refuses becomes part of what is known.
   *
   * @throws Stale, Superseded or BudgetExhausted when the action is not to be done now; what the API server throws; the
   * reason of a signal
   */
  async do(act: PassAction): Promise<void> {
    // An earlier pass was about to create it, too: what is in the way by now may be what that one made.
    const mayBeOwn = act.kind === 'Create' && mayHaveCreated(this.#situation);
    try {
      await this.#do(act);
    } catch (error) {
      if (!(error instanceof AzureFailure)) throw error;
      if (error instanceof Denied) error.wakeWhenOver(this.#caller);
      const during = STEP[act.kind];
      if (act.kind === 'Repair' && act.attempt.by === 'operator')
        this.#repairs((repairs) => failed(repairs, error.unclear));
      const message = withRequestIds(error.failure.message, error.ids);
      const unclear = error.unclear || (mayBeOwn && error.failure.kind === 'preconditionFailed');
      this.#state.update({ failure: { during, failure: { ...error.failure, message }, unclear } });
      if (error.failure.kind !== 'preconditionFailed') this.#report.logFailure(during, error);
    }
  }

  async #do(act: PassAction): Promise<void> {
    switch (act.kind) {
      case 'Read':
        return this.#read(act);
      case 'RemoveFinalizer':
        return this.#removeFinalizer();
      case 'Claim':
        return act.origin === 'Adopted' ? this.#adopt([]) : this.#claim();
      case 'Create':
        return this.#create(act.missing);
      case 'Adopt':
        return this.#adopt(act.changes);
      case 'Update':
        return this.#update(act.changes);
      case 'Repair':
        return this.#repair(act);
      case 'CreateNetwork':
        return this.#createNetwork(act.name);
      case 'EnableInteractiveAuthoring':
        return this.#enableInteractiveAuthoring(act.minutes);
      case 'CompleteRequest':
        return this.#completeRequest(act);
      case 'HandOver':
        return this.#handOver(act);
      case 'Delete':
        return this.#delete();
      case 'CompleteOperation':
        return this.#results.operationCompleted();
    }
  }

  async #read(act: Extract<PassAction, { kind: 'Read' }>): Promise<void> {
    const { desired, intervalMs } = this.#situation;
    if (act.at === 'parent') {
      return this.#state.update({ parent: await this.#runtimes.presenceOf(desired.id.parent, this.#looking) });
    }
    if (act.at === 'state') return this.#state.observe(await this.#runtimes.state(desired.id, this.#looking));
    if (act.at === 'network') {
      const has = await this.#runtimes.hasNetwork(desired.id.parent, act.name, this.#looking);
      return this.#state.update({ network: has ? 'present' : 'absent' });
    }
    if (act.fresh) this.#caller = contextForWrite(this.#caller, this.#situation);
    const definition = act.fresh
      ? await this.#runtimes.read(desired.id, this.#looking)
      : await this.#runtimes.hint(desired.id, listAge(intervalMs), this.#looking);
    // From here on it is as late as that: a slow look would shorten the waits that begin with it.
    this.#state.update({ now: wholeSecond(this.#world.now()) });
    this.#state.observe({ definition });
  }

  #claim(): void {
    this.#setClaim('Created', declared(this.#situation));
    this.#report.eventAndLog('Created', 'The runtime exists in Azure as declared: an earlier create of this object.');
  }

  async #create(missing: boolean): Promise<void> {
    const { desired } = this.#situation;
    await this.#ensureFinalizer();
    const document = placedIn(desired.managedVirtualNetwork, newDocument(desired.fields));
    const answer = await this.#runtimes.create(desired.id, document, this.#caller);
    if (missing) this.#report.event('DriftDetected', 'The runtime was missing in Azure.');
    this.#setClaim('Created', declared(this.#situation));
    this.#results.writeAnswered({ kind: 'create' }, answer);
    const kind = missing ? 'Recreate' : 'Create';
    if ('accepted' in answer) return this.#results.operationStarted(kind);
    this.#results.writeApplied(kind);
    // A user has seen a create that was answered as asked for, of a runtime that was public nonetheless: look for ourselves.
    if (desired.managedVirtualNetwork !== undefined) this.#state.invalidate('definition');
  }

  async #adopt(changes: readonly Drift[]): Promise<void> {
    const answer = changes.length > 0 ? await this.#write(changes) : await this.#ensureFinalizer();
    this.#setClaim('Adopted', managed(this.#situation));
    if (answer !== undefined && 'accepted' in answer) this.#results.operationStarted('Adopt', changes);
    else this.#results.writeApplied('Adopt', changes);
  }

  async #update(changes: readonly Drift[]): Promise<void> {
    const { status, desired } = this.#situation;
    const isDrift = wasInSync(this.#situation);
    const kind = isDrift ? 'Correct' : 'Update';
    const answer = await this.#write(changes);
    if ('accepted' in answer) return this.#results.operationStarted(kind, changes);
    const still = differences(desired.fields, status.managedFields, answer.document).map(({ field }) => field);
    const writeApplied = changes.filter(({ field }) => !still.includes(field));
    if (writeApplied.length === 0) return;
    if (isDrift) this.#results.detected(writeApplied);
    this.#results.writeApplied(kind, writeApplied);
  }

  /** Read–merge–write of the document that was just read: what is not among the changes survives. */
  async #write(changes: readonly Drift[]): Promise<ObservedRuntime | Accepted> {
    const { desired, status } = this.#situation;
    const { document, etag } = present(this.#situation);
    const managedFields = managed(this.#situation);
    this.#repairs((repairs) => settled(repairs, etag));
    // The memory of what is managed comes first: a leaf that Azure got and nobody remembers would never be reset.
    if (managedFields.length > status.managedFields.length) await this.#report.persist({ ...status, managedFields });
    await this.#ensureFinalizer();
    const answer = await this.#runtimes.update(
      desired.id,
      merge(document, changes, desired.fields, status.managedFields),
      etag,
      this.#caller,
    );
    this.#results.writeAnswered({ kind: 'update', fields: changes.map(({ field }) => field) }, answer);
    return answer;
  }

  async #repair({ attempt, verdict }: Extract<PassAction, { kind: 'Repair' }>): Promise<void> {
    const { desired, now } = this.#situation;
    const { document, etag } = present(this.#situation);
    if (attempt.by === 'operator') {
      // Stored before it is made, so that a crash loop makes no more of them than their spacing permits.
      const { repair: before = { attempts: 0 } } = this.#situation.status;
      const made = { ...inView(before, etag), attempts: attempt.number - 1 };
      const repair = firstOperationPoll(made, etag, now, attempt.nextAttemptTime);
      await this.#report.persist({ ...statusAfter(this.#situation, verdict), repair });
    } else this.#repairs((repairs) => settled(repairs, etag));
    await this.#ensureFinalizer();
    const answer = await this.#runtimes.update(desired.id, document, etag, this.#caller);
    if (attempt.by === 'operator') {
      this.#repairs((repairs) => answered(repairs, 'accepted' in answer ? undefined : answer.etag));
    }
    this.#results.writeAnswered({ kind: 'repair' }, answer);
    if ('accepted' in answer) this.#results.operationStarted('Repair');
    this.#world.metrics.repair('started');
    const which = attempt.by === 'operator' ? `attempt ${attempt.number} of ${attempt.of}` : 'asked for by annotation';
    this.#report.eventAndLog('RepairStarted', `The definition was written again (${which}).`);
  }

  #repairs(change: (repairs: Repairs) => Repairs): void {
    const { repair } = this.#situation.status;
    if (repair !== undefined) this.#state.updateStatus({ repair: change(repair) });
  }

  async #createNetwork(name: string): Promise<void> {
    await this.#ensureFinalizer();
    await this.#runtimes.createNetwork(this.#situation.desired.id.parent, name, this.#caller);
    this.#state.update({ wrote: { kind: 'network' } });
    this.#report.eventAndLog(
      'ManagedVirtualNetworkCreated',
      `The managed virtual network ${name} was created; it can never be deleted.`,
    );
  }

  async #enableInteractiveAuthoring(minutes: number): Promise<void> {
    const { desired, status, now } = this.#situation;
    await this.#ensureFinalizer();
    await this.#runtimes.enableInteractiveAuthoring(desired.id, minutes, this.#caller);
    this.#state.update({ wrote: { kind: 'authoring' } });
    this.#state.updateStatus({ interactiveAuthoring: { ...status.interactiveAuthoring, requestedTime: now } });
  }

  #completeRequest({ outcome, message }: Extract<PassAction, { kind: 'CompleteRequest' }>): void {
    const { object, status, desired } = this.#situation;
    const { requestedTime, ...authoring } = status.interactiveAuthoring ?? {};
    const token = object.requests.enableInteractiveAuthoring ?? '';
    const minutes = desired.interactiveAuthoring?.autoTerminationMinutes;
    const until =
      outcome === 'enabled' && requestedTime !== undefined && minutes !== undefined
        ? { enabledUntil: requestedTime + minutes * MINUTE }
        : {};
    const interactiveAuthoring = { ...authoring, ...until };
    this.#state.invalidate('failure');
    this.#state.updateStatus({ interactiveAuthoring, lastHandledInteractiveAuthoringAt: token });
    if (outcome === 'enabled') this.#report.eventAndLog('InteractiveAuthoringEnabled', message);
    else {
      const wayOut = 'Set the annotation to a new value to ask again.';
      this.#report.event('InteractiveAuthoringFailed', `${message} ${wayOut}`, 'Warning');
    }
  }

  async #handOver({ to, handover }: Extract<PassAction, { kind: 'HandOver' }>): Promise<void> {
    const { objects } = this.#world;
    const { status, now } = this.#situation;
    const { signal } = this.#caller;
    // Remembered first: an heir with a claim, and no wait, is one that had it already.
    await this.#report.persist({ ...status, waitingSince: { reason: HANDING_OVER, time: now } });
    await objects.handOver(await objects.addFinalizer(to, handover.claim.origin, signal), handover, signal);
  }

  async #delete(): Promise<void> {
    await this.#world.objects.confirm(this.#situation.object, this.#caller.signal);
    const answer = await this.#runtimes.delete(this.#situation.desired.id, this.#caller);
    const isGone = answer !== undefined && 'missing' in answer;
    if (isGone && this.#situation.definition?.presence === 'present') {
      throw new AzureFailure({
        kind: 'preconditionFailed',
        message: 'The runtime in Azure is gone since it was read.',
      });
    }
    this.#state.update({ wrote: { kind: 'delete' } });
    if (answer === undefined || isGone) this.#state.update({ definition: { presence: 'absent', fresh: true } });
    else this.#results.operationStarted('Delete');
  }

  async #removeFinalizer(): Promise<void> {
    const object = await this.#world.objects.removeFinalizer(this.#situation.object, this.#caller.signal);
    if (object === undefined) throw new ConflictError('the object is gone');
    this.#state.update({ object });
  }

  /**
   * Before a write to Azure: the finalizer is stored, with the mark of what it is for unless the claim says so already (a
   * mark that somebody overwrites again and again is not fought for), and what was decided on is still the server's version.
   */
  async #ensureFinalizer(): Promise<void> {
    this.#state.expectSameIntent();
    const { objects } = this.#world;
    const { object, status, definition } = this.#situation;
    const origin = definition?.presence === 'absent' ? 'Created' : (status.claim?.origin ?? 'Adopted');
    const isKnown = status.claim?.origin === origin || isMarked(object, origin);
    if (object.hasFinalizer && isKnown) return objects.confirm(object, this.#caller.signal);
    this.#state.update({ object: await objects.addFinalizer(object, origin, this.#caller.signal) });
  }

  #setClaim(origin: Claim['origin'], managedFields: readonly string[]): void {
    const identity = this.#access.granted ? this.#access.identity : '';
    this.#state.updateStatus({ claim: { origin, identity }, managedFields });
  }

  get #looking(): CallContext {
    return { ...this.#caller, signal: this.#looks };
  }

  get #situation(): Situation {
    return this.#state.situation;
  }

  get #runtimes() {
    if (!this.#access.granted) throw new Error('this action needs an identity');
    return this.#access.runtimes;
  }
}

/** The leaves that are managed from the next write on. */
function managed(s: Situation): string[] {
  return [...new Set([...s.status.managedFields, ...declared(s)])].sort();
}

function declared({ desired }: Situation): string[] {
  return [...desired.fields.keys()].sort();
}

function present({ definition }: Situation): ObservedRuntime {
  if (definition?.presence !== 'present') throw new Error('this action needs a runtime that was read');
  return definition.runtime;
}
