import type { Desired } from './desired.ts';
import type { Failure } from './failure.ts';
import { type Drift, differences, type FieldPath } from './fields.ts';
import { type Claim, condition, type ManagedObject, type Memory } from './object.ts';
import type { Definition } from './runtime.ts';
import type { Next } from './schedule.ts';

/** Everything a decision is made from: what was gathered so far in this pass, and what the pass has already done. */
export interface Situation {
  readonly object: ManagedObject;
  readonly desired: Desired;
  /** The status as it stands, with what this pass has done to it and not yet written. */
  readonly memory: Memory;
  /** The other objects of this runtime that manage it or may come to. */
  readonly peers: readonly ManagedObject[];
  readonly access:
    | { readonly granted: true; readonly identity: string }
    | { readonly granted: false; readonly message: string };
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How often this object is looked at, milliseconds. */
  readonly intervalMs: number;
  /** Since when passes of this object have failed, without a pass that did not; known until a restart. */
  readonly failingSince: number | undefined;
  readonly definition?: Definition;
  /** As Azure says it. */
  readonly state?: string;
  /** The one write that this pass has made. */
  readonly wrote?: Write;
  readonly failure?: { readonly during: Step; readonly failure: Failure };
}

export type Write =
  | { readonly kind: 'create' | 'repair' | 'delete' }
  | { readonly kind: 'update'; readonly fields: readonly FieldPath[] };

export type Step = 'look' | Write['kind'];

/** What to do next. A pass decides and acts until it is told to `Settle` or `Release`. */
export type Action =
  /** The decision needs this; a definition that is not `fresh` may come from the shared list. */
  | { readonly kind: 'Look'; readonly at: 'definition'; readonly fresh: boolean }
  | { readonly kind: 'Look'; readonly at: 'state' }
  | { readonly kind: 'Create'; readonly missing: boolean }
  /** Azure need not change for the claim to be true. */
  | { readonly kind: 'Claim'; readonly origin: Claim['origin'] }
  | { readonly kind: 'Adopt'; readonly changes: readonly Drift[] }
  | { readonly kind: 'Update'; readonly changes: readonly Drift[] }
  | { readonly kind: 'Repair'; readonly attempt: Attempt; readonly verdict: Verdict }
  | { readonly kind: 'Delete' }
  /** What Azure had accepted has come to pass. */
  | { readonly kind: 'Conclude' }
  /** Takes our finalizer off an object that lives on. */
  | { readonly kind: 'Unhold' }
  /** Lets an object that is being deleted go. */
  | { readonly kind: 'Release'; readonly because: Farewell }
  | { readonly kind: 'Settle'; readonly verdict: Verdict; readonly next: Next };

export type Attempt =
  | { readonly by: 'operator'; readonly number: number; readonly of: number; readonly nextAttemptTime: number }
  | { readonly by: 'person'; readonly token: string };

export type Farewell =
  | { readonly kind: 'Deleted' | 'Retained'; readonly message: string }
  | {
      readonly kind: 'HandedOver';
      readonly to: ManagedObject;
      readonly claim: Claim | undefined;
      readonly message: string;
    };

export type Verdict =
  | {
      readonly kind: 'Decided';
      readonly ready: 'True' | 'False' | 'Unknown';
      readonly reason: string;
      readonly message: string;
      readonly progress: 'Reconciling' | 'Stalled' | undefined;
    }
  /** What the status says still stands. */
  | { readonly kind: 'Unchanged' }
  /** What the status says still stands, but cannot be confirmed at the moment. */
  | { readonly kind: 'Unconfirmed'; readonly reason: string; readonly message: string }
  | { readonly kind: 'Suspended' };

/** Answers with the next action, or leaves the question to the policies after it. */
export type Policy = (situation: Situation) => Action | undefined;

export function managing(desired: Desired): boolean {
  return desired.managementPolicy === 'Manage';
}

/** The leaves that are not as declared; empty as long as no runtime has been seen. */
export function driftOf({ definition, desired, memory }: Situation): Drift[] {
  if (definition?.presence !== 'present') return [];
  const managedBefore = managing(desired) ? memory.managedFields : [];
  return differences(desired.fields, managedBefore, definition.runtime.document);
}

/** Whether the manifest is one that no pass has decided about yet. */
export function isNewGeneration({ object, memory }: Situation): boolean {
  return memory.observedGeneration !== object.generation;
}

/** Whether a person asks for a fresh look that has not been had yet. */
export function isAskedToLook({ object, memory }: Situation): boolean {
  const { reconcile, requestedAt } = object.requests;
  const handled = [memory.lastHandledReconcileAt, memory.lastHandledReconcileToken];
  return (
    (requestedAt !== undefined && requestedAt !== memory.lastHandledReconcileAt) ||
    (reconcile !== undefined && !handled.includes(reconcile))
  );
}

export function isAskedToRepair({ object, memory, desired }: Situation): boolean {
  const token = object.requests.repair;
  return token !== undefined && token !== memory.lastHandledRepairAt && managing(desired);
}

/** Since when the object waits for this reason, milliseconds since the epoch; now, when it only begins to. */
export function waitingSince({ memory, now }: Situation, reason: string): number {
  return memory.waitingSince?.reason === reason ? memory.waitingSince.time : now;
}

/** Whether the status is a decision about this very generation. */
export function isDecided(situation: Situation): boolean {
  const ready = condition(situation.memory, 'Ready');
  return !isNewGeneration(situation) && ready !== undefined && ready.status !== 'Unknown';
}
