/** Carries out one action at a time, in Azure or on the object, and what the pass learns by it. */
import { ACTIONS } from '../core/actions.ts';
import { MISSING_RUNTIME, networkCreated, RECOGNISED, repairStarted, takenOver } from '../core/events.ts';
import { compact } from '../core/model/compact.ts';
import type { OperatorEvent } from '../core/model/event.ts';
import { AzureFailure } from '../core/model/failure.ts';
import { type Drift, differences, merge, newDocument } from '../core/model/fields.ts';
import { placedIn } from '../core/model/network.ts';
import { type Claim, type Status, wholeSecond } from '../core/model/object.ts';
import { isMarkedAsNow } from '../core/model/ownership.ts';
import { answered, failed, type Repairs, settled } from '../core/model/repairs.ts';
import { withRequestIds } from '../core/model/request-ids.ts';
import type { Accepted, ObservedRuntime } from '../core/model/runtime.ts';
import { mayHaveCreated, sentByCreate } from '../core/policies/definition.ts';
import { unmadePause } from '../core/policies/repair.ts';
import { listAge, MINUTE } from '../core/schedule.ts';
import { type Action, HANDLED, type Situation, wasInSync } from '../core/situation.ts';
import { standsWithoutState } from '../core/state-read.ts';
import { type Access, type CallContext, ConflictError, Denied, type Dependencies, ParkedError } from '../ports.ts';
import { contextForWrite, initialContext } from './call-context.ts';
import type { PassState } from './pass-state.ts';
import type { Report } from './report.ts';
import { WriteResults } from './write-results.ts';

/** An action that more follow in the same pass. */
export type PassAction = Exclude<Action, { kind: 'Settle' | 'Release' | 'StoreStatus' }>;

/** What ends a pass, as `Attempt` has it. */
export interface Signals {
  readonly signal: AbortSignal;
  readonly readSignal: AbortSignal;
}

export class Actions {
  readonly #world: Pick<Dependencies, 'objects' | 'events' | 'metrics' | 'now'>;
  readonly #access: Access;
  readonly #state: PassState;
  readonly #report: Report;
  readonly #results: WriteResults;
  #caller: CallContext;
  readonly #readSignal: AbortSignal;

  constructor(world: Dependencies, access: Access, state: PassState, report: Report, { signal, readSignal }: Signals) {
    this.#world = world;
    this.#access = access;
    this.#state = state;
    this.#report = report;
    this.#results = new WriteResults(world, state, report);
    this.#caller = initialContext(world, state.situation, access, signal);
    this.#readSignal = readSignal;
  }

  /**
   * Does one action; what Azure refuses becomes part of what is known.
   *
   * @throws ConflictError, SupersededError or ParkedError when the action is not to be done now; what the API server throws; the
   * reason of a signal
   */
  async do(act: PassAction): Promise<void> {
    // An earlier pass was about to create it, too: what is in the way by now may be what that one made.
    const mayBeOwn = act.kind === 'Create' && mayHaveCreated(this.#situation);
    try {
      await this.#prepare(act);
      await this.#do(act);
    } catch (error) {
      if (this.#isShown(act, error)) return this.#state.update({ isStateUnread: true });
      if (!(error instanceof AzureFailure)) throw error;
      if (error instanceof Denied) error.wakeWhenOver(this.#caller);
      const during = ACTIONS[act.kind].phase;
      if (act.kind === 'Repair' && act.attempt.by === 'operator')
        this.#repairs((repairs) => failed(repairs, error.unclear, unmadePause(this.#situation)));
      const azure = withRequestIds(error.failure.azure, error.ids);
      const unclear = error.unclear || (mayBeOwn && error.failure.kind === 'preconditionFailed');
      this.#state.update({ failure: { during, failure: { ...error.failure, ...compact({ azure }) }, unclear } });
      if (error.failure.kind !== 'preconditionFailed') this.#report.logFailure(during, error);
    }
  }

  /** Whether what failed was only to be shown, so that what was decided stands. */
  #isShown(act: PassAction, error: unknown): boolean {
    if (act.kind !== 'Read' || act.at !== 'state' || !act.stands) return false;
    // After a write that failed, also when the request budget allows no read: the next poll shows it.
    if (error instanceof ParkedError) return this.#situation.failure !== undefined;
    return error instanceof AzureFailure && standsWithoutState(this.#situation, error.failure);
  }

  /**
   * Before every write to Azure: what was decided on is still the server's version, and the finalizer is stored, with the mark
   * of what it is for unless the claim says so already (a mark that another writer overwrites again and again is not fought
   * for). A deletion needs no finalizer: only an object that has it is ever asked to delete.
   */
  async #prepare(act: PassAction): Promise<void> {
    const { writes } = ACTIONS[act.kind];
    if (writes === undefined) return;
    this.#state.expectSameIntent();
    const { objects } = this.#world;
    const { signal } = this.#caller;
    const { object, status, definition } = this.#situation;
    const origin = definition?.presence === 'absent' ? 'Created' : (status.claim?.origin ?? 'Adopted');
    const isKnown = status.claim?.origin === origin || isMarkedAsNow(object, origin);
    if (writes === 'deletion' || (object.hasFinalizer && isKnown)) return objects.confirm(object, signal);
    this.#state.update({ object: await objects.addFinalizer(object, origin, signal) });
  }

  async #do(act: PassAction): Promise<void> {
    switch (act.kind) {
      case 'Read':
        return this.#read(act);
      case 'RemoveFinalizer':
        return this.#removeFinalizer(act);
      case 'Claim':
        return this.#claim();
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
      return this.#state.update({ parent: await this.#runtimes.presenceOf(desired.id.parent, this.#readContext) });
    }
    if (act.at === 'state') return this.#state.observe(await this.#runtimes.state(desired.id, this.#readContext));
    if (act.at === 'network') {
      const has = await this.#runtimes.hasNetwork(desired.id.parent, act.name, this.#readContext);
      return this.#state.update({ network: has ? 'present' : 'absent' });
    }
    if (act.fresh) this.#caller = contextForWrite(this.#caller, this.#situation);
    const definition = act.fresh
      ? await this.#runtimes.read(desired.id, this.#readContext)
      : await this.#runtimes.hint(desired.id, listAge(intervalMs), this.#readContext);
    // The pass goes on from this time: a slow read would shorten the waits that begin with it.
    this.#state.update({ now: wholeSecond(this.#world.now()) });
    this.#state.observe({ definition });
  }

  #claim(): void {
    const { document } = present(this.#situation);
    const sent = sentByCreate(this.#situation, document) ?? this.#situation.desired.fields;
    this.#setClaim('Created', [...sent.keys()].sort());
    this.#report.eventAndLog(RECOGNISED);
  }

  async #create(missing: boolean): Promise<void> {
    const { desired } = this.#situation;
    const document = placedIn(desired.managedVirtualNetwork, newDocument(desired.fields));
    const answer = await this.#runtimes.create(desired.id, document, this.#caller);
    if (missing) this.#missingFound();
    this.#setClaim('Created', declared(this.#situation));
    this.#results.writeAnswered({ kind: 'create' }, answer);
    const kind = missing ? 'Recreate' : 'Create';
    if ('accepted' in answer) return this.#results.operationStarted(kind);
    this.#results.writeApplied(kind);
    // Public: a create was answered as asked for, of a runtime that was public nonetheless. So it is read again.
    if (desired.managedVirtualNetwork !== undefined) this.#state.invalidate('definition');
  }

  #missingFound(): void {
    this.#report.event(MISSING_RUNTIME);
    this.#world.metrics.foreignChange(this.#situation.object.key);
  }

  async #adopt(changes: readonly Drift[]): Promise<void> {
    const answer = changes.length > 0 ? await this.#write(changes) : undefined;
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
    const still = differences(desired.fields, status.ownedFields, answer.document).map(({ field }) => field);
    const writeApplied = changes.filter(({ field }) => !still.includes(field));
    if (writeApplied.length === 0) return;
    if (isDrift) this.#results.detected(writeApplied);
    this.#results.writeApplied(kind, writeApplied);
  }

  /** Read–merge–write of the document that was just read: what is not among the changes survives. */
  async #write(changes: readonly Drift[]): Promise<ObservedRuntime | Accepted> {
    const { desired, status } = this.#situation;
    const { document, etag } = present(this.#situation);
    this.#repairs((repairs) => settled(repairs, etag));
    const answer = await this.#runtimes.update(
      desired.id,
      merge(document, changes, desired.fields, status.ownedFields),
      etag,
      this.#caller,
    );
    this.#results.writeAnswered({ kind: 'update', fields: changes.map(({ field }) => field) }, answer);
    return answer;
  }

  async #repair({ attempt }: Extract<PassAction, { kind: 'Repair' }>): Promise<void> {
    const { document, etag } = present(this.#situation);
    if (attempt.by === 'person') this.#repairs((repairs) => settled(repairs, etag));
    const answer = await this.#runtimes.update(this.#situation.desired.id, document, etag, this.#caller);
    if (attempt.by === 'operator') {
      this.#repairs((repairs) => answered(repairs, 'accepted' in answer ? undefined : answer.etag));
    }
    this.#results.writeAnswered({ kind: 'repair' }, answer);
    if ('accepted' in answer) this.#results.operationStarted('Repair');
    this.#world.metrics.repair('started');
    this.#report.eventAndLog(repairStarted(attempt));
  }

  #repairs(change: (repairs: Repairs) => Repairs): void {
    const { repair } = this.#situation.status;
    if (repair !== undefined) this.#state.updateStatus({ repair: change(repair) });
  }

  async #createNetwork(name: string): Promise<void> {
    await this.#runtimes.createNetwork(this.#situation.desired.id.parent, name, this.#caller);
    this.#state.update({ wrote: { kind: 'network' } });
    this.#report.eventAndLog(networkCreated(name));
  }

  async #enableInteractiveAuthoring(minutes: number): Promise<void> {
    const { desired, status, now } = this.#situation;
    await this.#runtimes.enableInteractiveAuthoring(desired.id, minutes, this.#caller);
    this.#state.update({ wrote: { kind: 'authoring' } });
    this.#state.updateStatus({ interactiveAuthoring: { ...status.interactiveAuthoring, requestedTime: now } });
  }

  #completeRequest({ request, event }: Extract<PassAction, { kind: 'CompleteRequest' }>): void {
    const { object, status } = this.#situation;
    if (request === 'enableInteractiveAuthoring') {
      this.#state.invalidate('failure');
      if (status.interactiveAuthoring !== undefined) this.#state.updateStatus(this.#authoringCompleted(event));
    }
    this.#state.updateStatus({ [HANDLED[request]]: object.requests[request] ?? '' });
    if (event.type === 'Normal') this.#report.eventAndLog(event);
    else this.#report.event(event);
  }

  #authoringCompleted({ type }: OperatorEvent): Pick<Status, 'interactiveAuthoring'> {
    const { status, desired } = this.#situation;
    const { requestedTime, ...authoring } = status.interactiveAuthoring ?? {};
    const minutes = desired.interactiveAuthoring?.autoTerminationMinutes;
    const until =
      type === 'Normal' && requestedTime !== undefined && minutes !== undefined
        ? { enabledUntil: requestedTime + minutes * MINUTE }
        : {};
    return { interactiveAuthoring: { ...authoring, ...until } };
  }

  async #handOver({ to, handover }: Extract<PassAction, { kind: 'HandOver' }>): Promise<void> {
    const { objects, events } = this.#world;
    const { signal } = this.#caller;
    await objects.handOver(await objects.addFinalizer(to, handover.claim.origin, signal), handover, signal);
    await events.publish(to, takenOver(this.#situation.object.key));
  }

  async #delete(): Promise<void> {
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

  async #removeFinalizer({ evenIfChanged = false }: Extract<PassAction, { kind: 'RemoveFinalizer' }>): Promise<void> {
    const { object: before } = this.#situation;
    const object = await this.#world.objects.removeFinalizer(before, this.#caller.signal, { evenIfChanged });
    if (object === undefined) throw new ConflictError('the object is gone');
    this.#state.update({ object });
  }

  #setClaim(origin: Claim['origin'], ownedFields: readonly string[]): void {
    const identity = this.#access.granted ? this.#access.identity : '';
    this.#state.updateStatus({ claim: { origin, identity }, ownedFields });
  }

  get #readContext(): CallContext {
    return { ...this.#caller, signal: this.#readSignal };
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
  return [...new Set([...s.status.ownedFields, ...declared(s)])].sort();
}

function declared({ desired }: Situation): string[] {
  return [...desired.fields.keys()].sort();
}

function present({ definition }: Situation): ObservedRuntime {
  if (definition?.presence !== 'present') throw new Error('this action needs a runtime that was read');
  return definition.runtime;
}
