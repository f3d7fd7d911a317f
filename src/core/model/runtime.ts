/** An integration runtime, as both sides speak of it: where it lives, and what Azure holds under that name. */
import { foldCase } from './letter-case.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** What a runtime belongs to: a Data Factory, or a Synapse workspace. */
export type Parent = FactoryRef | WorkspaceRef;

export interface FactoryRef extends Named {
  readonly kind: 'factory';
}

export interface WorkspaceRef extends Named {
  readonly kind: 'workspace';
}

interface Named {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
}

/** The resource types of ARM. */
export const ARM_TYPES: Readonly<Record<Parent['kind'], string>> = {
  factory: 'Microsoft.DataFactory/factories',
  workspace: 'Microsoft.Synapse/workspaces',
};

export interface RuntimeId {
  readonly parent: Parent;
  readonly name: string;
}

/** As messages name a parent, without its ids. */
export function parentInWords({ kind, name }: Parent): string {
  return `${{ factory: 'Data Factory', workspace: 'Synapse workspace' }[kind]} "${name}"`;
}

/** The ARM id of a parent, as people read it; never used to build a URL. */
export function parentArmId({ kind, subscriptionId, resourceGroup, name }: Parent): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${ARM_TYPES[kind]}/${name}`;
}

/** The ARM id of a runtime, as people read it; never used to build a URL. */
export function armId(id: RuntimeId): string {
  return `${parentArmId(id.parent)}/integrationRuntimes/${id.name}`;
}

/** Equal for two ids exactly when they are taken for one runtime: ARM ids are case-insensitive. */
export function armKey(id: RuntimeId): string {
  return foldCase(armId(id));
}

/** Equal for two parents exactly when they are taken for one. */
export function parentKey(parent: Parent): string {
  return foldCase(parentArmId(parent));
}

/** A runtime's `properties` exactly as ARM sent them, unknown ones included: what is written back is this, merged. */
export type RuntimeDocument = JsonObject;

/**
 * What kind of runtime holds the name. Azure-SSIS runtimes are `Managed` on the wire too; they are told apart by their
 * compute (`ssisProperties`, or `nodeSize` and `numberOfNodes`).
 */
export type RuntimeType = 'Managed' | 'SelfHosted' | 'AzureSsis' | { readonly unknown: string };

export interface ObservedRuntime {
  /** The name with the case that Azure keeps. */
  readonly name: string;
  readonly type: RuntimeType;
  readonly document: RuntimeDocument;
  /** Unquoted. Every write changes it, and so does every publish of the factory. */
  readonly etag: string;
}

/** The provider's own word that there is nothing to delete: unlike the 204 of a deletion, one that may be wrong. */
export const MISSING = { missing: true } as const;
export type Missing = typeof MISSING;

/**
 * What a parent's own GET says. `unreadable`: this identity may not ask for it. `unanswered`: unknown at the moment.
 */
export type ParentPresence = 'present' | 'absent' | 'unreadable' | 'unanswered';

/** Azure has accepted a write and still carries it out: a later read shows what became of it. */
export const ACCEPTED = { accepted: true } as const;
export type Accepted = typeof ACCEPTED;

/** What Azure says of a runtime besides its definition. */
export interface RuntimeStatus {
  /** Such as `Online`. */
  readonly state: string;
  /** Absent: nothing is said of it, as of a public runtime. */
  readonly interactiveAuthoring?: InteractiveAuthoring;
}

export interface InteractiveAuthoring {
  /** `Enabling`, `Enabled`, `Disabling` or `Disabled`, as far as is known. */
  readonly status: string;
  /** Kept when it is disabled. */
  readonly autoTerminationMinutes?: number;
}

/**
 * What is known of a runtime's definition. Only `fresh` proves anything: it was read by a GET in this pass, and absence
 * was the runtime's own 404. The rest came from a shared list and is a hint.
 */
export type Definition =
  | { readonly presence: 'present'; readonly fresh: boolean; readonly runtime: ObservedRuntime }
  | { readonly presence: 'absent'; readonly fresh: boolean };
