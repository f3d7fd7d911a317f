/** What a pass needs from the world, in the domain's words. Adapters: `azure/`, `kube/`, `telemetry/`. */
import type { OperatorEvent } from './core/model/event.ts';
import { AzureFailure, type Failure } from './core/model/failure.ts';
import type { Advice } from './core/model/message.ts';
import type { Claim, ManagedObject, Status } from './core/model/object.ts';
import type { Handover } from './core/model/ownership.ts';
import type { RequestIds } from './core/model/request-ids.ts';
import type {
  Accepted,
  Definition,
  Missing,
  ObservedRuntime,
  Parent,
  ParentPresence,
  RuntimeDocument,
  RuntimeId,
  RuntimeStatus,
} from './core/model/runtime.ts';

/** The ports of a pass, its clock, and what holds for all objects. */
export interface Dependencies {
  readonly objects: Objects;
  readonly identities: Identities;
  readonly events: Events;
  readonly log: PassLog;
  readonly metrics: PassMetrics;
  /** Whether this process is the one that may write to Azure, at this very moment. */
  readonly isLeader: () => boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** How often objects without an interval of their own are polled, milliseconds. */
  readonly intervalMs: number;
}

/** How much a call matters to the request budget, the most urgent first. */
export type Urgency = 'change' | 'repair' | 'poll';

/** As ARM counts requests: each kind by itself. */
export type RequestKind = 'reads' | 'writes' | 'deletes';

/** How many requests a pass will probably make from here on. */
export type Needs = Readonly<Partial<Record<RequestKind, number>>>;

/** On whose behalf Azure is called. */
export interface CallContext {
  /** The key of the object: what the request budget puts back into the queue. */
  readonly key: string;
  readonly urgency: Urgency;
  /** What the request budget is to give at once or not at all; counted anew from where this is another object. */
  readonly needs?: Needs;
  /** How long it may wait for the request budget without a word, milliseconds; for ever when absent. */
  readonly maxWaitMs?: number;
  readonly signal: AbortSignal;
  /** Asked before every attempt of a write: false once the object or the leadership has changed since it was decided. */
  readonly mayWrite: () => boolean;
}

/**
 * The runtimes of Azure under one identity.
 *
 * Every method throws `AzureFailure`, which is `Denied` where another caller may be the first to learn that it is over;
 * `ParkedError` when the call is not made now (the caller's key is queued again in time); the signal's reason when that
 * aborts. Writes throw `SupersededError` when `mayWrite` says no. A write that answers `ACCEPTED` has not taken effect yet,
 * and may never do.
 */
export interface Runtimes {
  /**
   * From the parent's list, shared by all its objects and at most `maxAgeMs` old, overlaid by our own reads and writes; by
   * a GET where that list cannot tell.
   */
  hint(id: RuntimeId, maxAgeMs: number, caller: CallContext): Promise<Definition>;
  /** By a GET now. */
  read(id: RuntimeId, caller: CallContext): Promise<Definition>;
  /** The state as Azure says it now; fails as `preconditionFailed` when there is no such runtime any more. */
  state(id: RuntimeId, caller: CallContext): Promise<RuntimeStatus>;
  /** Writes a runtime that was just read as absent (`If-None-Match: *`); what Azure answered. */
  create(id: RuntimeId, document: RuntimeDocument, caller: CallContext): Promise<ObservedRuntime | Accepted>;
  /** Replaces the whole document, if it is still the one of that etag; what Azure answered. */
  update(
    id: RuntimeId,
    document: RuntimeDocument,
    etag: string,
    caller: CallContext,
  ): Promise<ObservedRuntime | Accepted>;
  /** Done also when it was already gone; `MISSING` when Azure knows no such runtime. */
  delete(id: RuntimeId, caller: CallContext): Promise<Accepted | Missing | undefined>;
  /** Whether the parent itself is there: by one GET a minute for all its objects; only the caller that makes it waits. */
  presenceOf(parent: Parent, caller: CallContext): Promise<ParentPresence>;
  /** Has Azure begin to enable interactive authoring; `state` tells how it goes on. */
  enableInteractiveAuthoring(id: RuntimeId, minutes: number, caller: CallContext): Promise<void>;
  /** Whether the parent has a managed virtual network of this name now. */
  hasNetwork(parent: Parent, name: string, caller: CallContext): Promise<boolean>;
  /** Makes a managed virtual network that is not there: nothing can ever delete it. */
  createNetwork(parent: Parent, name: string, caller: CallContext): Promise<void>;
}

/** The request budget of an identity, as far as it concerns whole passes. */
export interface Budget {
  /** The pass of this key is over: what was set aside for it and not spent is free again. */
  finish(key: string): void;
  /** The key wants a poll every `intervalMs`: how far apart they are to be, so that the polls of all fit. */
  spacedInterval(parent: Parent, key: string, intervalMs: number): number;
}

/** With which identity an object may reach Azure. */
export type Access =
  | {
      readonly granted: true;
      /** Names the identity to people and in claims: `<tenant>/<client>`. */
      readonly identity: string;
      /** Which credential that is, for people: its kind and where it comes from. */
      readonly credential?: string;
      readonly runtimes: Runtimes;
      readonly budget: Budget;
    }
  | { readonly granted: false; readonly message: Advice };

export interface Identities {
  accessFor(object: ManagedObject): Access;
}

/**
 * The objects of the API server: reads from the watch cache, writes to the server.
 *
 * Every write throws `ConflictError` when the server's object is not the one given; the cache then catches up by itself. What a
 * write answers is in the cache when the promise resolves, so the next pass remembers it.
 */
export interface Objects {
  get(key: string): ManagedObject | undefined;
  /** All objects that name this runtime (see `armKey`), in no order. */
  sharing(runtimeKey: string): readonly ManagedObject[];
  /** Puts our finalizer on, and by the same write the mark of what it goes on for. */
  addFinalizer(object: ManagedObject, origin: Claim['origin'], signal: AbortSignal): Promise<ManagedObject>;
  /** Takes both off; done also when the object is gone. With `evenIfChanged`, an edit in between is no obstacle. */
  removeFinalizer(
    object: ManagedObject,
    signal: AbortSignal,
    options?: { readonly evenIfChanged?: boolean },
  ): Promise<ManagedObject | undefined>;
  /** Asks the server whether this is the current version; throws `ConflictError` when not. Costs a read and no write. */
  confirm(object: ManagedObject, signal: AbortSignal): Promise<void>;
  /**
   * Makes `status` the status. An edit by another writer in between is no obstacle as long as the status is still the one
   * of `object`; otherwise throws `ConflictError`.
   */
  updateStatus(object: ManagedObject, status: Status, signal: AbortSignal): Promise<ManagedObject>;
  /** Leaves the runtime to another object of it; `ConflictError` when that one is being deleted, or has a claim by now. */
  handOver(successor: ManagedObject, handover: Handover, signal: AbortSignal): Promise<void>;
}

/** Events are a courtesy: `publish` never throws, and a lost one changes nothing. */
export interface Events {
  publish(object: ManagedObject, event: OperatorEvent): Promise<void>;
  /** Whether there is room for one more event that thousands of objects may have in common; takes it. */
  takeRoom(): boolean;
}

export interface PassLog {
  debug(message: string, keys?: Record<string, unknown>): void;
  info(message: string, keys?: Record<string, unknown>): void;
  warn(message: string, keys?: Record<string, unknown>): void;
  /** A log that adds these keys to every line. */
  with(keys: Record<string, unknown>): PassLog;
}

export interface PassMetrics {
  driftDetected(field: string): void;
  /** A pass is the first to find that another writer has changed the runtime of this object: it has drifted, or is gone. */
  foreignChange(key: string): void;
  driftCorrected(field: string): void;
  /** An object has come to need a person. */
  stalled(): void;
  repair(outcome: 'started' | 'repaired' | 'exhausted'): void;
  /** A pass of this object has come to its end. */
  passed(key: string, pass: PassEnd): void;
  /** A pass of this object has failed, or there was nothing to ask: if it waited for the request budget, it does so no more. */
  abandoned(key: string): void;
  /** There is no such object any more. */
  forgotten(key: string): void;
}

export interface PassEnd {
  /** Whether Azure has shown the runtime, or that there is none. */
  readonly observed: boolean;
  /** Whether Azure has shown the runtime, and as declared at the end. */
  readonly isAsDeclared: boolean;
  /** Whether it ended because the request budget had nothing for it. */
  readonly waits: boolean;
  /** How many milliseconds later the object is reconciled again, at the latest; undefined when something else decides that. */
  readonly dueMs: number | undefined;
}

/** An identity or a subscription that is refused to all alike: whoever asks is woken when it is granted again. */
export class Denied extends AzureFailure {
  /** Has the caller's key woken then. */
  readonly wakeWhenOver: (caller: Pick<CallContext, 'key' | 'urgency'>) => void;

  constructor(failure: Failure, wakeWhenOver: Denied['wakeWhenOver'], ids?: RequestIds, unclear = false) {
    super(failure, { ids, unclear });
    this.wakeWhenOver = wakeWhenOver;
  }
}

/** The object is no longer what was decided on: read it again. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
}

/** A write was not attempted, because the object or the leadership changed after it was decided. */
export class SupersededError extends Error {
  override readonly name = 'SupersededError';
}

/** The call is not made now: whoever makes it wait has the caller's key queued again. */
export class ParkedError extends Error {
  override readonly name = 'ParkedError';
  /** For tokens of the request budget, or because other requests, of the same answer or too many, wait for theirs. */
  readonly waitsFor: 'tokens' | 'answers';

  constructor(message: string, waitsFor: ParkedError['waitsFor'] = 'tokens') {
    super(message);
    this.waitsFor = waitsFor;
  }
}
