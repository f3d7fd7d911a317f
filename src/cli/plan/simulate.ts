/** A pass that writes nothing: the operator's own decisions over real reads, up to the first act. */
import { TERMINAL_REASONS, TRANSIENT_REASONS, WAITING_REASONS } from '../../api/names.ts';
import { decide } from '../../core/decide.ts';
import { shownValue } from '../../core/model/declaration.ts';
import { type Desired, declarationHash } from '../../core/model/desired.ts';
import { AzureFailure } from '../../core/model/failure.ts';
import type { Drift } from '../../core/model/fields.ts';
import { inFull } from '../../core/model/message.ts';
import { type ManagedObject, wholeSecond } from '../../core/model/object.ts';
import type { Handover } from '../../core/model/ownership.ts';
import type { Json } from '../../core/model/runtime.ts';
import { type Action, driftOf, HANDLED, type Situation } from '../../core/situation.ts';
import { statusAfter } from '../../core/status/status.ts';
import type { Cause, Change, FieldChange } from './change.ts';

/** What the simulated pass may know of Azure. `undefined`: it is not to be asked. */
export interface Eyes {
  definition(object: ManagedObject, desired: Desired): Promise<Situation['definition']>;
  state(desired: Desired): Promise<Pick<Situation, 'state' | 'interactiveAuthoring'> | undefined>;
  hasParent(desired: Desired): Promise<NonNullable<Situation['parent']>>;
  hasNetwork(desired: Desired, name: string): Promise<boolean>;
  /** From here on it has. */
  madeNetwork(desired: Desired, name: string): void;
}

export interface Subject {
  readonly object: ManagedObject;
  readonly desired: Desired;
  /** What was declared before, where that is known. */
  readonly previous: Desired | undefined;
  readonly peers: readonly ManagedObject[];
  readonly identity: string;
  readonly now: number;
}

export type Foreseen = Pick<Change, 'action' | 'certain' | 'reason' | 'message' | 'fields'>;

export interface Simulated {
  readonly outcomes: readonly Foreseen[];
  /** Whom the runtime is handed over to, by uid, and with what. */
  readonly successor?: { readonly uid: string; readonly handover: Handover };
}

/** The operator's default; what is declared comes first. */
const INTERVAL_MS = 600_000;
/** More than any way through the policies, waits included. */
const MOST_STEPS = 40;
/** A wait of a deletion, or for an absence to be confirmed, is skipped; longer ones are not the plan's. */
const LONGEST_WAIT_MS = 15 * 60_000;

/**
 * A pass that writes nothing: the operator's own `decide()` over real reads, until it would act or has nothing to do.
 *
 * Two designs. The reconciler itself over ports that note the writes would share more code, but it persists statuses, waits
 * in budgets and ends at each read that fails. This one asks `decide()` as the reconciler does and answers its reads; what
 * it makes of a verdict is here.
 */
export async function simulate(subject: Subject, eyes: Eyes): Promise<Simulated> {
  const pass = new SimulatedPass(subject, eyes);
  for (let step = 0; step < MOST_STEPS; step++) {
    const end = await pass.step();
    if (end !== undefined) return end;
  }
  throw new Error(`the policies did not come to an end within ${MOST_STEPS} steps for ${subject.object.key}`);
}

class SimulatedPass {
  readonly #eyes: Eyes;
  readonly #previous: Desired | undefined;
  #situation: Situation;
  readonly #outcomes: Foreseen[] = [];

  constructor({ object, desired, previous, peers, identity, now }: Subject, eyes: Eyes) {
    this.#eyes = eyes;
    this.#previous = previous;
    this.#situation = {
      object,
      desired,
      status: object.status,
      peers,
      contenders: peers,
      // Whether the operator's own identity is still the claim's cannot be seen from here.
      access: { granted: true, identity: object.status.claim?.identity ?? identity },
      now: wholeSecond(now),
      intervalMs: desired.intervalMs ?? INTERVAL_MS,
      failingSince: undefined,
      // What was refused is written again one day.
      triedAt: 0,
    };
  }

  /** Undefined: there is more to decide. */
  async step(): Promise<Simulated | undefined> {
    const action = decide(this.#situation);
    // What is stored first changes nothing in what follows.
    return this.#foresee(action.kind === 'StoreStatus' ? action.before : action);
  }

  async #foresee(action: Exclude<Action, { kind: 'StoreStatus' }>): Promise<Simulated | undefined> {
    switch (action.kind) {
      case 'Read':
        return this.#read(action);
      case 'Create':
        return this.#end({
          action: 'create',
          reason: action.missing ? 'Missing' : 'Creating',
          fields: this.#created(action.missing),
        });
      case 'Claim':
        return this.#end({ action: 'none', message: 'an earlier create of this object is recognised' });
      case 'Adopt':
        if (action.changes.length === 0) return this.#end({ action: 'adopt', message: 'identical: no write' });
        return this.#end({ action: 'adopt', fields: this.#changed(action.changes) });
      case 'Update':
        return this.#end({ action: 'update', reason: 'Updating', fields: this.#changed(action.changes) });
      case 'Repair':
        return this.#end({
          action: 'repair',
          reason: 'Repairing',
          message: 'the definition is written again as it is',
        });
      case 'CreateNetwork':
        this.#outcomes.push(
          outcome({
            action: 'createNetwork',
            message: `creates the managed virtual network ${action.name}, which can never be deleted`,
          }),
        );
        this.#eyes.madeNetwork(this.#situation.desired, action.name);
        return this.#learn({ network: 'present' });
      case 'EnableInteractiveAuthoring':
        return this.#end({
          action: 'update',
          message: `interactive authoring is enabled for ${action.minutes} minutes`,
        });
      case 'CompleteRequest': {
        const { status, object } = this.#situation;
        const handled = { [HANDLED[action.request]]: object.requests[action.request] ?? '' };
        return this.#learn({ status: { ...status, ...handled } });
      }
      case 'CompleteOperation':
        return this.#forgetOperation();
      case 'RemoveFinalizer':
        return this.#learn({ object: { ...this.#situation.object, hasFinalizer: false } });
      case 'HandOver':
        return {
          ...this.#end({ action: 'handOver', message: `${action.to.key} takes over: the runtime stays` }),
          successor: { uid: action.to.uid, handover: action.handover },
        };
      case 'Delete':
        return this.#end(
          this.#situation.definition?.presence === 'absent' ? GONE : { action: 'delete', reason: 'Deleting' },
        );
      case 'Release':
        return this.#released(action);
      case 'Settle':
        return this.#settled(action);
    }
  }

  async #read(action: Extract<Action, { kind: 'Read' }>): Promise<Simulated | undefined> {
    const { object, desired } = this.#situation;
    try {
      if (action.at === 'parent') return this.#learn({ parent: await this.#eyes.hasParent(desired) });
      if (action.at === 'network') {
        return this.#learn({ network: (await this.#eyes.hasNetwork(desired, action.name)) ? 'present' : 'absent' });
      }
      if (action.at === 'state' && action.stands) return this.#learn({ isStateUnread: true });
      if (action.at === 'state') {
        const state = await this.#eyes.state(desired);
        return state === undefined ? this.#end({ action: 'none' }) : this.#learn(state);
      }
      const definition = await this.#eyes.definition(object, desired);
      if (definition === undefined) return this.#notLooked();
      return this.#learn({ definition });
    } catch (error) {
      if (!(error instanceof AzureFailure)) throw error;
      return this.#failed(error);
    }
  }

  /** What a parent is denied is the operator's to explain; for all else our own rights may be to blame. */
  #failed({ failure, message }: AzureFailure): Simulated | undefined {
    if (failure.kind !== 'parentNotFound') return this.#end({ action: 'unknown', certain: false, message });
    return this.#learn({ failure: { during: 'poll', failure } });
  }

  #notLooked(): Simulated {
    if (this.#situation.object.deleting) return this.#end({ action: 'delete', certain: false, reason: 'Deleting' });
    return this.#end({ action: 'unknown', certain: false, reason: 'Offline', message: 'valid; Azure was not asked' });
  }

  #settled({ verdict, next }: Extract<Action, { kind: 'Settle' }>): Simulated | undefined {
    const { object } = this.#situation;
    const waits =
      next.kind === 'after' && next.ms <= LONGEST_WAIT_MS && (object.deleting || verdict.kind === 'Unchanged');
    if (waits && this.#situation.failure === undefined)
      return this.#later(statusAfter(this.#situation, verdict), next.ms);
    if (verdict.kind === 'Suspended')
      return this.#end({ action: 'none', reason: 'Suspended', message: 'suspended: the operator does nothing' });
    if (verdict.kind !== 'Decided') return this.#end({ action: 'none' });
    const { reason } = verdict;
    const message = inFull(verdict.message);
    const isBlocked =
      verdict.progress === 'Stalled' ||
      (WAITING_REASONS as readonly string[]).includes(reason) ||
      (TERMINAL_REASONS as readonly string[]).includes(reason);
    const isUnknown = (TRANSIENT_REASONS as readonly string[]).includes(reason);
    if (isBlocked)
      return this.#end({ action: 'blocked', reason, message, fields: this.#changed(driftOf(this.#situation)) });
    if (isUnknown) return this.#end({ action: 'unknown', certain: false, reason, message });
    return this.#end(verdict.ready === 'True' ? { action: 'none' } : { action: 'none', reason, message });
  }

  /** The pass after this one: what it would find is what there is now. */
  #later(status: Situation['status'], ms: number): undefined {
    const { object, now, missingSince, definition } = this.#situation;
    const missing = definition?.presence === 'absent' ? { missingSince: missingSince ?? now } : {};
    return this.#learn({ object: { ...object, status }, status, now: now + ms, ...missing });
  }

  #released({ event }: Extract<Action, { kind: 'Release' }>): Simulated {
    if (event.reason === 'Deleted') return this.#end(GONE);
    return this.#end({ action: event.reason === 'Retained' ? 'retain' : 'handOver', message: event.message });
  }

  #forgetOperation(): undefined {
    const { operation: _, ...status } = this.#situation.status;
    return this.#learn({ status });
  }

  #learn(more: Partial<Situation>): undefined {
    this.#situation = { ...this.#situation, ...more };
    return undefined;
  }

  #end(end: Partial<Foreseen> & Pick<Foreseen, 'action'>): Simulated {
    return { outcomes: [...this.#outcomes, outcome(end)] };
  }

  #created(missing: boolean): FieldChange[] {
    const { fields: declared } = this.#situation.desired;
    // A create sends a location always.
    const fields = [...(declared.has('location') ? [] : [['location', 'AutoResolve'] as const]), ...declared];
    return this.#changed(
      fields.map(([field, desired]) => ({ field, desired, observed: null })),
      missing ? 'drift' : 'declared',
    );
  }

  #changed(changes: readonly Drift[], cause?: Cause): FieldChange[] {
    return changes.map((drift) => ({ ...shown(drift), cause: cause ?? this.#causeOf(drift) }));
  }

  #causeOf({ field }: Drift): Cause {
    const { desired, status, object } = this.#situation;
    if (!desired.fields.has(field)) return 'removed';
    const before = this.#previous;
    if (before === undefined || !isSameJson(before.fields.get(field), desired.fields.get(field))) return 'declared';
    // Of an object whose former declaration has yet to take effect, what differs need not be drift.
    const isPending = object.status.syncedSpecHash !== undefined && status.syncedSpecHash !== declarationHash(before);
    return isPending ? 'declared' : 'drift';
  }
}

const GONE: Pick<Foreseen, 'action' | 'message'> = { action: 'none', message: 'the runtime is gone already' };

function outcome(end: Partial<Foreseen> & Pick<Foreseen, 'action'>): Foreseen {
  const { action, certain = true, fields = [], ...said } = end;
  return { action, certain, ...said, fields };
}

function shown({ field, desired, observed }: Drift): Omit<FieldChange, 'cause'> {
  return { path: field, before: plain(shownValue(field, observed)), after: plain(shownValue(field, desired)) };
}

/** A number that a double would change is kept by its digits. */
function plain(value: Json): Json {
  const isDigits = typeof value === 'object' && value !== null && 'rawJSON' in value;
  return isDigits ? ((value as { rawJSON: Json }).rawJSON ?? null) : value;
}

function isSameJson(a: Json | undefined, b: Json | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
