/** An object of the API server, and what its status stores. */
import { RELEASE_REASONS } from '../../api/names.ts';
import type { Desired } from './desired.ts';
import type { Drift, FieldPath } from './fields.ts';
import type { Repairs } from './repairs.ts';
import type { InteractiveAuthoring, JsonObject } from './runtime.ts';

/** An `AzureIntegrationRuntime` of the API server, parsed once at the edge. Never changed in place. */
export interface ManagedObject {
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly resourceVersion: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly deleting: boolean;
  /** Whether it bears a mark of Argo CD. */
  readonly isTrackedByArgoCd: boolean;
  /** Whether our finalizer is on it, whoever put it there. */
  readonly hasFinalizer: boolean;
  /** Whether finalizers of others are on it: then it stays when ours is off. */
  readonly hasOtherFinalizers: boolean;
  /** The object's own; undefined also where it bears that of another object. */
  readonly mark: Mark | undefined;
  /** What it declares, or why that cannot be understood (an object stored under an older, laxer schema). */
  readonly spec:
    | { readonly valid: true; readonly desired: Desired }
    | { readonly valid: false; readonly problem: string };
  readonly requests: Requests;
  readonly status: Status;
}

/**
 * What a crash between the finalizer and the claim leaves behind: what this very object was about to do, to which runtime.
 * Stored by the patch that puts the finalizer on, before the first write to Azure. It counts only while there is no claim.
 *
 * Designs: (a) the finalizer itself, or who wrote it (`managedFields`): nothing more to store, but a backup, a copy in Git
 * and `kubectl replace` bring both along, and a foreign runtime would be deleted as one that we made; (b) this one, an
 * annotation that names the uid of its object: who copies it copies the name of another. Either is lost to a person who
 * overwrites it, and then the runtime is taken for a foreign one, which stays.
 */
export interface Mark {
  readonly origin: Claim['origin'];
  /** The runtime, as `armKey` names it. */
  readonly runtime: string;
  /**
   * What creates have sent, the latest last: each is recognised though the manifest has changed since. Absent of an adoption.
   */
  readonly sent?: readonly Desired['fields'][];
}

/** The annotations by which a person asks for something; undefined when absent. */
export interface Requests {
  readonly reconcile: string | undefined;
  readonly requestedAt: string | undefined;
  readonly repair: string | undefined;
  readonly acceptIdentity: string | undefined;
  readonly enableInteractiveAuthoring: string | undefined;
}

export const NO_REQUESTS: Requests = {
  reconcile: undefined,
  requestedAt: undefined,
  repair: undefined,
  acceptIdentity: undefined,
  enableInteractiveAuthoring: undefined,
};

/** All that can be asked for. */
export const REQUEST_NAMES = Object.keys(NO_REQUESTS) as readonly (keyof Requests)[];

export interface Condition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  /** Milliseconds since the epoch; moves only when `status` does. */
  readonly lastTransitionTime: number;
}

export type ConditionType = 'Ready' | 'Synced' | 'Healthy' | 'Reconciling' | 'Stalled';

/** Trouble that a Warning event has told of, and that is not over. */
export interface Told {
  readonly reason: string;
  /** Hash of what caused it; empty where the reason says it all. */
  readonly cause: string;
}

export interface Claim {
  readonly origin: 'Created' | 'Adopted';
  /** The identity that Azure confirmed the claim to, as `Access` names it. */
  readonly identity: string;
}

/** When a field was last corrected: what `Contested` is decided from. */
export interface Corrections {
  readonly field: FieldPath;
  /** Milliseconds since the epoch, oldest first, at most five. */
  readonly times: readonly number[];
  readonly contested: boolean;
}

/** A write that Azure has accepted and that has not been seen to take effect. */
export interface Operation {
  /** `Update` is what a person has just declared, `Correct` is drift. */
  readonly kind: 'Create' | 'Recreate' | 'Adopt' | 'Update' | 'Correct' | 'Repair' | 'Delete';
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** What it changes in a runtime that exists. */
  readonly fields: readonly FieldPath[];
  /** Of what was declared then. */
  readonly specHash: string;
  /**
   * Of what it is to replace: another one tells that it is over. Absent where there was nothing, and where another write was
   * under way, since either may be the one that shows.
   */
  readonly replacedEtag?: string;
  /** An earlier one of the same kind was never seen to take effect. */
  readonly repeated: boolean;
}

/**
 * The status: what a pass remembers, and what people read. All that a restarted operator knows of an object is here and in Azure.
 * Times are milliseconds since the epoch, of whole seconds (what Kubernetes' date-time keeps).
 */
export interface Status {
  /** -1: before the first pass. */
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
  readonly state?: string;
  readonly resourceId?: string;
  readonly location?: string;
  /** Of a runtime that is only observed: what Azure has, in the form of spec. */
  readonly observed?: JsonObject;
  /** The name for a linked service's `connectVia`. */
  readonly referenceName?: string;
  readonly claim?: Claim;
  /** The leaves that were ever declared and not yet returned to Azure's default, sorted. */
  readonly ownedFields: readonly string[];
  readonly drift: readonly Drift[];
  readonly repair?: Repairs;
  readonly lastHandledReconcileAt?: string;
  readonly lastHandledReconcileToken?: string;
  readonly lastHandledRepairAt?: string;
  readonly interactiveAuthoring?: AuthoringStatus;
  readonly lastHandledInteractiveAuthoringAt?: string;
  /** Since when the current timed wait lasts. */
  readonly waitingSince?: { readonly reason: string; readonly time: number };
  /** Since when the status is marked as one that cannot be confirmed, because of a failure that passes. */
  readonly unconfirmedSince?: number;
  readonly corrections: readonly Corrections[];
  readonly operation?: Operation;
  /**
   * Hash of what was declared when it was last found in sync: tells drift from a declaration that has yet to take effect,
   * and lets a suspended object stay Ready.
   */
  readonly syncedSpecHash?: string;
  /** Absent where there is none. */
  readonly warnings?: readonly Told[];
}

/** Nothing here changes only because time passes. */
export interface AuthoringStatus extends Partial<InteractiveAuthoring> {
  /** Until when it stays enabled at least, as far as we have enabled it: Azure does not say, and use prolongs it. */
  readonly enabledUntil?: number;
  /** When Azure accepted the request that is under way. */
  readonly requestedTime?: number;
}

export const EMPTY_STATUS: Status = {
  observedGeneration: -1,
  conditions: [],
  ownedFields: [],
  drift: [],
  corrections: [],
};

export function condition(status: Status, type: ConditionType): Condition | undefined {
  return status.conditions.find((c) => c.type === type);
}

/** Whether the object was let go, and says so because the finalizer of another keeps it. */
export function isReleased({ deleting, hasFinalizer, status }: ManagedObject): boolean {
  const reason = condition(status, 'Ready')?.reason ?? '';
  return deleting && !hasFinalizer && (RELEASE_REASONS as readonly string[]).includes(reason);
}

/** What an operation is about: of one sort there is one at a time. */
export function operationCategory(kind: Operation['kind']): OperationCategory {
  return CATEGORIES[kind];
}

export type OperationCategory = 'creation' | 'update' | 'repair' | 'deletion';

const CATEGORIES: Readonly<Record<Operation['kind'], OperationCategory>> = {
  Create: 'creation',
  Recreate: 'creation',
  Adopt: 'update',
  Update: 'update',
  Correct: 'update',
  Repair: 'repair',
  Delete: 'deletion',
};

/** The operation that is remembered, if it is of this sort. */
export function operationOf({ operation }: Status, sort: OperationCategory): Operation | undefined {
  return operation !== undefined && operationCategory(operation.kind) === sort ? operation : undefined;
}

/** Whether people still want what they wanted when that was decided. */
export function isSameIntent(current: ManagedObject | undefined, decided: ManagedObject): boolean {
  return (
    current?.uid === decided.uid && current.generation === decided.generation && current.deleting === decided.deleting
  );
}

/** Kubernetes keeps times of whole seconds. */
export function wholeSecond(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000;
}
