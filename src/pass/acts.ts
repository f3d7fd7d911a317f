/** What a pass does: one action at a time, in Azure or to the object, and what it learns by it. */
import { AzureFailure } from '../core/failure.ts';
import { type Drift, differences, merge, newDocument } from '../core/fields.ts';
import { placedIn } from '../core/network.ts';
import { type Claim, wholeSecond } from '../core/object.ts';
import { isMarked } from '../core/ownership.ts';
import { HANDING_OVER } from '../core/policies/deletion.ts';
import { answered, begun, failed, inView, type Repairs, settled } from '../core/repairs.ts';
import { withRequestIds } from '../core/request-ids.ts';
import type { Accepted, ObservedRuntime } from '../core/runtime.ts';
import { listAge, MINUTE } from '../core/schedule.ts';
import { type Action, type Situation, type Step, wasInSync } from '../core/situation.ts';
import { statusAfter } from '../core/status.ts';
import { type Access, type Caller, Denied, Stale, type World } from '../ports.ts';
import { expectingWrite, firstCaller } from './caller.ts';
import { Effects } from './effects.ts';
import type { Knowledge } from './knowledge.ts';
import type { Report } from './report.ts';

/** An action that a pass goes on after. */
export type Act = Exclude<Action, { kind: 'Settle' | 'Release' }>;

/** What is said to have failed when an action does. */
const STEP: Record<Act['kind'], Step> = {
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

/** What ends a pass. */
export interface Signals {
  readonly signal: AbortSignal;
  /** Ends what it only looks at, but no write: that has to hear what came of it. */
  readonly superseded: AbortSignal | undefined;
}

export class Acts {
  readonly #world: Pick<World, 'objects' | 'metrics' | 'now'>;
  readonly #access: Access;
  readonly #knowledge: Knowledge;
  readonly #report: Report;
  readonly #effects: Effects;
  #caller: Caller;
  readonly #looks: AbortSignal;

  constructor(world: World, access: Access, knowledge: Knowledge, report: Report, { signal, superseded }: Signals) {
    this.#world = world;
    this.#access = access;
    this.#knowledge = knowledge;
    this.#report = report;
    this.#effects = new Effects(world, knowledge, report);
    this.#caller = firstCaller(world, knowledge.situation, access, signal);
    this.#looks = superseded === undefined ? signal : AbortSignal.any([signal, superseded]);
  }

  /**
   * Does one action; what Azure refuses becomes part of what is known.
   *
   * @throws Stale, Superseded or BudgetExhausted when the action is not to be done now; what the API server throws; the
   * reason of a signal
   */
  async do(act: Act): Promise<void> {
    try {
      await this.#do(act);
    } catch (error) {
      if (!(error instanceof AzureFailure)) throw error;
      if (error instanceof Denied) error.wakeWhenOver(this.#caller);
      const during = STEP[act.kind];
      if (act.kind === 'Repair' && act.attempt.by === 'operator')
        this.#repairs((repairs) => failed(repairs, error.unclear));
      const message = withRequestIds(error.failure.message, error.ids);
      this.#knowledge.learn({ failure: { during, failure: { ...error.failure, message } } });
      if (error.failure.kind !== 'preconditionFailed') this.#report.complain(during, error);
    }
  }

  async #do(act: Act): Promise<void> {
    switch (act.kind) {
      case 'Look':
        return this.#look(act);
      case 'Unhold':
        return this.#unhold();
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
      case 'EndRequest':
        return this.#endRequest(act);
      case 'HandOver':
        return this.#handOver(act);
      case 'Delete':
        return this.#delete();
      case 'Conclude':
        return this.#effects.conclude();
    }
  }

  async #look(act: Extract<Act, { kind: 'Look' }>): Promise<void> {
    const { desired, intervalMs } = this.#situation;
    if (act.at === 'parent') {
      return this.#knowledge.learn({ parent: await this.#runtimes.presenceOf(desired.id.parent, this.#looking) });
    }
    if (act.at === 'state') return this.#knowledge.see(await this.#runtimes.state(desired.id, this.#looking));
    if (act.at === 'network') {
      const has = await this.#runtimes.hasNetwork(desired.id.parent, act.name, this.#looking);
      return this.#knowledge.learn({ network: has ? 'present' : 'absent' });
    }
    if (act.fresh) this.#caller = expectingWrite(this.#caller, this.#situation);
    const definition = act.fresh
      ? await this.#runtimes.read(desired.id, this.#looking)
      : await this.#runtimes.hint(desired.id, listAge(intervalMs), this.#looking);
    // From here on it is as late as that: a slow look would shorten the waits that begin with it.
    this.#knowledge.learn({ now: wholeSecond(this.#world.now()) });
    this.#knowledge.see({ definition });
  }

  #claim(): void {
    this.#rememberClaim('Created', declared(this.#situation));
    this.#report.announce('Created', 'The runtime exists in Azure as declared: an earlier create of this object.');
  }

  async #create(missing: boolean): Promise<void> {
    const { desired } = this.#situation;
    await this.#secure();
    const document = placedIn(desired.managedVirtualNetwork, newDocument(desired.fields));
    const answer = await this.#runtimes.create(desired.id, document, this.#caller);
    if (missing) this.#report.tell('DriftDetected', 'The runtime was missing in Azure.');
    this.#rememberClaim('Created', declared(this.#situation));
    this.#effects.written({ kind: 'create' }, answer);
    const kind = missing ? 'Recreate' : 'Create';
    if ('accepted' in answer) return this.#effects.goesOn(kind);
    this.#effects.done(kind);
    // A user has seen a create that was answered as asked for, of a runtime that was public nonetheless: look for ourselves.
    if (desired.managedVirtualNetwork !== undefined) this.#knowledge.forget('definition');
  }

  async #adopt(changes: readonly Drift[]): Promise<void> {
    const answer = changes.length > 0 ? await this.#write(changes) : await this.#secure();
    this.#rememberClaim('Adopted', managed(this.#situation));
    if (answer !== undefined && 'accepted' in answer) this.#effects.goesOn('Adopt', changes);
    else this.#effects.done('Adopt', changes);
  }

  async #update(changes: readonly Drift[]): Promise<void> {
    const { memory, desired } = this.#situation;
    const isDrift = wasInSync(this.#situation);
    const kind = isDrift ? 'Correct' : 'Update';
    const answer = await this.#write(changes);
    if ('accepted' in answer) return this.#effects.goesOn(kind, changes);
    const still = differences(desired.fields, memory.managedFields, answer.document).map(({ field }) => field);
    const done = changes.filter(({ field }) => !still.includes(field));
    if (done.length === 0) return;
    if (isDrift) this.#effects.detected(done);
    this.#effects.done(kind, done);
  }

  /** Read–merge–write of the document that was just read: what is not among the changes survives. */
  async #write(changes: readonly Drift[]): Promise<ObservedRuntime | Accepted> {
    const { desired, memory } = this.#situation;
    const { document, etag } = present(this.#situation);
    const managedFields = managed(this.#situation);
    this.#repairs((repairs) => settled(repairs, etag));
    // The memory of what is managed comes first: a leaf that Azure got and nobody remembers would never be reset.
    if (managedFields.length > memory.managedFields.length) await this.#report.persist({ ...memory, managedFields });
    await this.#secure();
    const answer = await this.#runtimes.update(
      desired.id,
      merge(document, changes, desired.fields, memory.managedFields),
      etag,
      this.#caller,
    );
    this.#effects.written({ kind: 'update', fields: changes.map(({ field }) => field) }, answer);
    return answer;
  }

  async #repair({ attempt, verdict }: Extract<Act, { kind: 'Repair' }>): Promise<void> {
    const { desired, now } = this.#situation;
    const { document, etag } = present(this.#situation);
    if (attempt.by === 'operator') {
      // Stored before it is made, so that a crash loop makes no more of them than their spacing permits.
      const { repair: before = { attempts: 0 } } = this.#situation.memory;
      const made = { ...inView(before, etag), attempts: attempt.number - 1 };
      const repair = begun(made, etag, now, attempt.nextAttemptTime);
      await this.#report.persist({ ...statusAfter(this.#situation, verdict), repair });
    } else this.#repairs((repairs) => settled(repairs, etag));
    await this.#secure();
    const answer = await this.#runtimes.update(desired.id, document, etag, this.#caller);
    if (attempt.by === 'operator') {
      this.#repairs((repairs) => answered(repairs, 'accepted' in answer ? undefined : answer.etag));
    }
    this.#effects.written({ kind: 'repair' }, answer);
    if ('accepted' in answer) this.#effects.goesOn('Repair');
    this.#world.metrics.repair('started');
    const which = attempt.by === 'operator' ? `attempt ${attempt.number} of ${attempt.of}` : 'asked for by annotation';
    this.#report.announce('RepairStarted', `The definition was written again (${which}).`);
  }

  #repairs(change: (repairs: Repairs) => Repairs): void {
    const { repair } = this.#situation.memory;
    if (repair !== undefined) this.#knowledge.remember({ repair: change(repair) });
  }

  async #createNetwork(name: string): Promise<void> {
    await this.#secure();
    await this.#runtimes.createNetwork(this.#situation.desired.id.parent, name, this.#caller);
    this.#knowledge.learn({ wrote: { kind: 'network' } });
    this.#report.announce(
      'ManagedVirtualNetworkCreated',
      `The managed virtual network ${name} was created; it can never be deleted.`,
    );
  }

  async #enableInteractiveAuthoring(minutes: number): Promise<void> {
    const { desired, memory, now } = this.#situation;
    await this.#secure();
    await this.#runtimes.enableInteractiveAuthoring(desired.id, minutes, this.#caller);
    this.#knowledge.learn({ wrote: { kind: 'authoring' } });
    this.#knowledge.remember({ interactiveAuthoring: { ...memory.interactiveAuthoring, requestedTime: now } });
  }

  #endRequest({ outcome, message }: Extract<Act, { kind: 'EndRequest' }>): void {
    const { object, memory, desired } = this.#situation;
    const { requestedTime, ...authoring } = memory.interactiveAuthoring ?? {};
    const token = object.requests.enableInteractiveAuthoring ?? '';
    const minutes = desired.interactiveAuthoring?.autoTerminationMinutes;
    const until =
      outcome === 'enabled' && requestedTime !== undefined && minutes !== undefined
        ? { enabledUntil: requestedTime + minutes * MINUTE }
        : {};
    const interactiveAuthoring = { ...authoring, ...until };
    this.#knowledge.forget('failure');
    this.#knowledge.remember({ interactiveAuthoring, lastHandledInteractiveAuthoringAt: token });
    if (outcome === 'enabled') this.#report.announce('InteractiveAuthoringEnabled', message);
    else {
      const wayOut = 'Set the annotation to a new value to ask again.';
      this.#report.tell('InteractiveAuthoringFailed', `${message} ${wayOut}`, 'Warning');
    }
  }

  async #handOver({ to, legacy }: Extract<Act, { kind: 'HandOver' }>): Promise<void> {
    const { objects } = this.#world;
    const { memory, now } = this.#situation;
    const { signal } = this.#caller;
    // Remembered first: an heir with a claim, and no wait, is one that had it already.
    await this.#report.persist({ ...memory, waitingSince: { reason: HANDING_OVER, time: now } });
    await objects.leave(await objects.hold(to, legacy.claim.origin, signal), legacy, signal);
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
    this.#knowledge.learn({ wrote: { kind: 'delete' } });
    if (answer === undefined || isGone) this.#knowledge.learn({ definition: { presence: 'absent', fresh: true } });
    else this.#effects.goesOn('Delete');
  }

  async #unhold(): Promise<void> {
    const object = await this.#world.objects.release(this.#situation.object, this.#caller.signal);
    if (object === undefined) throw new Stale('the object is gone');
    this.#knowledge.learn({ object });
  }

  /**
   * Before a write to Azure: the finalizer is stored, with the mark of what it is for unless the claim says so already (a
   * mark that somebody overwrites again and again is not fought for), and what was decided on is still the server's version.
   */
  async #secure(): Promise<void> {
    this.#knowledge.expectSameIntent();
    const { objects } = this.#world;
    const { object, memory, definition } = this.#situation;
    const origin = definition?.presence === 'absent' ? 'Created' : (memory.claim?.origin ?? 'Adopted');
    const isKnown = memory.claim?.origin === origin || isMarked(object, origin);
    if (object.held && isKnown) return objects.confirm(object, this.#caller.signal);
    this.#knowledge.learn({ object: await objects.hold(object, origin, this.#caller.signal) });
  }

  #rememberClaim(origin: Claim['origin'], managedFields: readonly string[]): void {
    const identity = this.#access.granted ? this.#access.identity : '';
    this.#knowledge.remember({ claim: { origin, identity }, managedFields });
  }

  get #looking(): Caller {
    return { ...this.#caller, signal: this.#looks };
  }

  get #situation(): Situation {
    return this.#knowledge.situation;
  }

  get #runtimes() {
    if (!this.#access.granted) throw new Error('this action needs an identity');
    return this.#access.runtimes;
  }
}

/** The leaves that are managed from the next write on. */
function managed(s: Situation): string[] {
  return [...new Set([...s.memory.managedFields, ...declared(s)])].sort();
}

function declared({ desired }: Situation): string[] {
  return [...desired.fields.keys()].sort();
}

function present({ definition }: Situation): ObservedRuntime {
  if (definition?.presence !== 'present') throw new Error('this action needs a runtime that was read');
  return definition.runtime;
}
