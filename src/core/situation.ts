/** What a decision is made from, what can be decided, and the questions that several policies ask. */
import type { ReadyReason } from '../api/names.ts';
import { type Desired, declarationHash } from './model/desired.ts';
import type { OperatorEvent } from './model/event.ts';
import type { Failure } from './model/failure.ts';
import { type Drift, differences, type FieldPath } from './model/fields.ts';
import type { Advice, Message } from './model/message.ts';
import { condition, type ManagedObject, type Status } from './model/object.ts';
import { type Handover, ownerOf } from './model/ownership.ts';
import type { Definition, InteractiveAuthoring, ParentPresence, RuntimeDocument } from './model/runtime.ts';
import { REPAIR_RESET_MS, type Requeue } from './schedule.ts';
import type { Absence, REPAIR_UNMADE, RepeatedAnswer } from './waits.ts';

/** Everything a decision is made from: what was gathered so far in this pass, and what the pass has already done. */
export interface Situation {
  readonly object: ManagedObject;
  readonly desired: Desired;
  /** The status as it is stored, with what this pass has changed in it and not stored yet. */
  readonly status: Status;
  /** The other objects that name this runtime. */
  readonly peers: readonly ManagedObject[];
  /** Those of them that may reach Azure, or have a claim: only they can keep this object from it. */
  readonly contenders: readonly ManagedObject[];
  readonly access:
    | { readonly granted: true; readonly identity: string; readonly credential?: string }
    | { readonly granted: false; readonly message: Advice };
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How often this object is polled, milliseconds. */
  readonly intervalMs: number;
  /** Since when passes of this object have met transient failures, without one that did not; known until a restart. */
  readonly failingSince: number | undefined;
  /** Since when passes of this object have found no runtime, without one that found it; known until a restart. */
  readonly missingSince?: number;
  /**
   * When this process last tried to write what is declared, of an object that is Stalled; undefined in its first pass since
   * it started. Long ago where that was under another identity.
   */
  readonly triedAt?: number;
  readonly definition?: Definition;
  /** As Azure says it. */
  readonly state?: string;
  /** It could not be read in this pass, and what is decided does not hang on it. */
  readonly isStateUnread?: true;
  /** As Azure says it together with the state. */
  readonly interactiveAuthoring?: InteractiveAuthoring;
  /** Whether the parent has the declared managed virtual network. */
  readonly network?: 'present' | 'absent';
  /** Whether the parent itself is there; asked only where Azure denies it. */
  readonly parent?: ParentPresence;
  /** The one write that this pass has made. */
  readonly wrote?: Write;
  readonly failure?: {
    readonly during: Phase;
    readonly failure: Failure;
    /** The write that met it, or an attempt before it, may have taken effect. */
    readonly unclear?: boolean;
  };
}

export type Write =
  | { readonly kind: 'create' | 'repair' | 'delete' | 'network' | 'authoring' }
  | { readonly kind: 'update'; readonly fields: readonly FieldPath[] };

export type Phase = 'poll' | Write['kind'];

/** What to do next. A pass decides and acts until it is told to `Settle` or `Release`. `actions.ts` says what each needs. */
export type Action =
  /** The decision needs this; a definition that is not `fresh` may come from the shared list. */
  | { readonly kind: 'Read'; readonly at: 'definition'; readonly fresh: boolean }
  /** Where the decision `stands` without it, it is read to be shown. */
  | { readonly kind: 'Read'; readonly at: 'state'; readonly stands?: true }
  | { readonly kind: 'Read'; readonly at: 'parent' }
  | { readonly kind: 'Read'; readonly at: 'network'; readonly name: string }
  /** Stores what a crash during the action after it must not lose; that action follows without another decision. */
  | { readonly kind: 'StoreStatus'; readonly status: Status; readonly before: StoredFirst }
  | { readonly kind: 'Create'; readonly missing: boolean }
  /** Recognises the runtime as the object's own create. */
  | { readonly kind: 'Claim' }
  /** Without changes, Azure need not change for the claim to be true. */
  | { readonly kind: 'Adopt'; readonly changes: readonly Drift[] }
  | { readonly kind: 'Update'; readonly changes: readonly Drift[] }
  | { readonly kind: 'Repair'; readonly attempt: RepairAttempt }
  /** Creates the managed virtual network, which can never be deleted. */
  | { readonly kind: 'CreateNetwork'; readonly name: string }
  | { readonly kind: 'EnableInteractiveAuthoring'; readonly minutes: number }
  /** A person's request is done with. */
  | { readonly kind: 'CompleteRequest'; readonly request: CompletableRequest; readonly event: OperatorEvent }
  | { readonly kind: 'Delete' }
  /** What Azure had accepted has taken effect. */
  | { readonly kind: 'CompleteOperation' }
  /** Makes another object of the runtime the one that answers for it: it gets the finalizer and the claim. */
  | { readonly kind: 'HandOver'; readonly to: ManagedObject; readonly handover: Handover }
  /** Removes our finalizer from an object that lives on. */
  | { readonly kind: 'RemoveFinalizer'; readonly evenIfChanged?: boolean }
  /** Removes our finalizer from an object that is being deleted. */
  | { readonly kind: 'Release'; readonly event: OperatorEvent }
  | { readonly kind: 'Settle'; readonly verdict: Verdict; readonly next: Requeue };

/** The requests that can come to an end without what was asked for. */
export type CompletableRequest = 'repair' | 'enableInteractiveAuthoring';

/** The actions that something is stored for first. */
export type StoredFirst = Extract<Action, { kind: 'Create' | 'Adopt' | 'Update' | 'Repair' | 'HandOver' }>;

export type RepairAttempt =
  | { readonly by: 'operator'; readonly number: number; readonly of: number; readonly nextAttemptTime: number }
  | { readonly by: 'person'; readonly token: string };

export type Verdict =
  | {
      readonly kind: 'Decided';
      readonly ready: 'True' | 'False' | 'Unknown';
      readonly reason: ReadyReason;
      readonly message: Message;
      readonly progress: 'Reconciling' | 'Stalled' | undefined;
      /** What `waitingSince` calls the wait, where that is not the reason. */
      readonly clock?: Absence | RepeatedAnswer | typeof REPAIR_UNMADE;
      /** A wait that is meant, not met: an event tells it at once, and it is no trouble. */
      readonly isPlanned?: true;
    }
  /** What the status says still stands. */
  | { readonly kind: 'Unchanged' }
  /** What Ready says still stands; all else that was read is shown. */
  | { readonly kind: 'Stands' }
  /** What the status says still stands, but cannot be confirmed at the moment. */
  | { readonly kind: 'Unconfirmed'; readonly reason: ReadyReason; readonly message: Advice }
  | { readonly kind: 'Suspended' };

/** Answers with the next action, or leaves the question to the policies after it. */
export type Policy = (situation: Situation) => Action | undefined;

export function managing(desired: Desired): boolean {
  return desired.managementPolicy === 'Manage';
}

/** The other object that the runtime belongs to, of an object that would manage it. */
export function otherOwner({ object, contenders, desired }: Situation): ManagedObject | undefined {
  const owner = managing(desired) ? ownerOf([object, ...contenders]) : undefined;
  return owner?.uid === object.uid ? undefined : owner;
}

/** The leaves that are not as declared; empty as long as no runtime has been seen. */
export function driftOf({ definition, desired, status }: Situation): readonly Drift[] {
  if (definition?.presence !== 'present' || definition.runtime.type !== 'Managed') return NONE;
  const managedBefore = managing(desired) ? status.ownedFields : NONE;
  const { document } = definition.runtime;
  const last = compared.get(document);
  if (last?.declared === desired.fields && isSameList(last.managedBefore, managedBefore)) return last.drift;
  const drift = differences(desired.fields, managedBefore, document);
  compared.set(document, { declared: desired.fields, managedBefore, drift });
  return drift;
}

const NONE: readonly never[] = [];

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((each, at) => each === b[at]));
}

/**
 * What each document was last compared with. A pass asks for the drift five times or more, and until the next list every poll
 * asks for the same: comparing each time took a fifth of what a poll allocates (measured).
 *
 * So none of what is compared may be changed in place: all of it is read-only by its types, and frozen in the tests of passes.
 * Freezing documents where they are parsed would add a fifth to what that takes for a list (measured), and leave out the manifest.
 */
const compared = new WeakMap<
  RuntimeDocument,
  {
    readonly declared: Desired['fields'];
    readonly managedBefore: readonly string[];
    readonly drift: readonly Drift[];
  }
>();

/** Of the runtime as it was seen; undefined as long as none has been. */
export function etagOf({ definition }: Situation): string | undefined {
  return definition?.presence === 'present' ? definition.runtime.etag : undefined;
}

/** Whether the manifest is one that no pass has decided about yet. */
export function isNewGeneration({ object, status }: Situation): boolean {
  return status.observedGeneration !== object.generation;
}

/** Whether what is declared was in sync before: then a difference is drift, and else a declaration yet to take effect. */
export function wasInSync({ status, desired }: Pick<Situation, 'status' | 'desired'>): boolean {
  return status.syncedSpecHash === declarationHash(desired);
}

/** Whether a person asks for a fresh read that no pass has made yet. */
export function isReconcileRequested({ object, status }: Situation): boolean {
  const { reconcile, requestedAt } = object.requests;
  const handled = [status.lastHandledReconcileAt, status.lastHandledReconcileToken];
  return (
    (requestedAt !== undefined && requestedAt !== status.lastHandledReconcileAt) ||
    (reconcile !== undefined && !handled.includes(reconcile))
  );
}

export function isRepairRequested(s: Situation): boolean {
  return isOpen(s, 'repair') && managing(s.desired);
}

/** Whether a person asks for interactive authoring, of an object that declares it. */
export function isAuthoringRequested(s: Situation): boolean {
  const { desired } = s;
  return isOpen(s, 'enableInteractiveAuthoring') && managing(desired) && desired.interactiveAuthoring !== undefined;
}

/** Whether a person asks for it and has no answer yet, be it possible or not. */
export function isOpen({ object, status }: Situation, request: CompletableRequest): boolean {
  const token = object.requests[request];
  return token !== undefined && token !== status[HANDLED[request]];
}

/** Where the status keeps the token of a request that is done with. */
export const HANDLED = {
  repair: 'lastHandledRepairAt',
  enableInteractiveAuthoring: 'lastHandledInteractiveAuthoringAt',
} as const satisfies Record<CompletableRequest, keyof Status>;

/** Whether the status is a decision about this generation. That Azure's state is an unknown one is a decision too. */
export function isDecided(situation: Situation): boolean {
  const ready = condition(situation.status, 'Ready');
  if (isNewGeneration(situation) || ready === undefined) return false;
  return ready.status !== 'Unknown' || ready.reason === 'Unknown';
}

/** Whether the runtime has been healthy for so long that earlier repairs no longer count. */
export function isHealthyAgain(status: Status, now: number): boolean {
  const healthy = condition(status, 'Healthy');
  return healthy?.status === 'True' && now - healthy.lastTransitionTime >= REPAIR_RESET_MS;
}
