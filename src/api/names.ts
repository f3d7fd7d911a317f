/** The names of the API: those that the manifests, the status and the events carry. The schema itself is in generated.ts. */

export const GROUP = 'azure-ir.io';
export const VERSION = 'v1beta1';
export const API_VERSION = `${GROUP}/${VERSION}` as const;
export const KIND = 'AzureIntegrationRuntime';
export const PLURAL = 'azureintegrationruntimes';

/** Holds an object until its runtime is deleted or released. */
export const FINALIZER = 'azure-ir.io/runtime';

/** The one name under which a namespace keeps the Azure credential of its objects: the operator may read no other Secret. */
export const CREDENTIAL_SECRET = 'azure-ir-credential';

/** An annotation of ours, written with the finalizer: what this very object was about to do, to which runtime. */
export const MARK_ANNOTATION = 'azure-ir.io/mark';

/** An annotation on the leader's lease: the state of the change queue. */
export const CHANGE_QUEUE_NOTE = 'azure-ir.io/change-queue';

/** By one of these Argo CD knows again what it manages: the annotation is its default, the labels were, or are recommended (its manual, "Resource Tracking"). */
export const ARGO_CD_TRACKING = {
  annotations: ['argocd.argoproj.io/tracking-id'],
  labels: ['argocd.argoproj.io/instance'],
  /** Recommended labels of Kubernetes, which charts set too. */
  sharedLabels: ['app.kubernetes.io/instance'],
} as const;

/** Helm sets it on all that it installs (its source, pkg/action/validate.go); Argo CD, which only renders charts, does not. */
export const HELM_RELEASE = 'meta.helm.sh/release-name';

/** Annotations by which a person, or Flux, asks for something: each new value is one request. */
export const ANNOTATION = {
  /** A fresh pass now. */
  reconcile: 'azure-ir.io/reconcile',
  /** The same, as Flux asks for it. */
  fluxReconcile: 'reconcile.fluxcd.io/requestedAt',
  /** One repair now. */
  repair: 'azure-ir.io/repair',
  /** Go on under another identity than the one that made the claim: its value is that identity. */
  acceptIdentity: 'azure-ir.io/accept-identity',
  /** Interactive authoring now, for as long as the manifest says. */
  enableInteractiveAuthoring: 'azure-ir.io/enable-interactive-authoring',
} as const;

/** Who owns which fields of an object: one name for each writer. */
export const FIELD_MANAGER = {
  status: 'azure-ir-operator',
  finalizer: 'azure-ir-operator-finalizer',
  lease: 'azure-ir-operator-lease',
} as const;

export const CONDITION_TYPES = ['Ready', 'Synced', 'Healthy', 'Reconciling', 'Stalled'] as const;

/** What is under way; written only when the step outlasts one pass. */
export const PROGRESS_REASONS = ['Creating', 'Updating', 'Repairing', 'Deleting', 'Provisioning'] as const;
export type ProgressReason = (typeof PROGRESS_REASONS)[number];

/** What passes by itself. */
export const TRANSIENT_REASONS = ['Throttled', 'AzureUnavailable', 'CredentialUnavailable'] as const;

/** What another writer or a person may be about to change. `Forbidden` is terminal once it has lasted ten minutes. */
export const WAITING_REASONS = [
  'FactoryNotFound',
  'WorkspaceNotFound',
  'ManagedVirtualNetworkNotFound',
  'Forbidden',
  'ReferencedByOthers',
  'NotFound',
  'Contested',
] as const;

/** What only a person can mend. */
export const TERMINAL_REASONS = [
  'InvalidDefinition',
  'PolicyDenied',
  'Locked',
  'ProviderNotRegistered',
  'RequestRefused',
  'SubscriptionNotFound',
  'AdoptionRefused',
  'TypeConflict',
  'NetworkConflict',
  'CredentialsInvalid',
  'RepairExhausted',
  'NotApplied',
  'OwnedByAnother',
] as const;

/** The states that Azure documents. A state other than Online and Started is itself the reason. */
export const RUNTIME_STATES = [
  'Initial',
  'Stopped',
  'Started',
  'Starting',
  'Stopping',
  'NeedRegistration',
  'Online',
  'Limited',
  'Offline',
  'AccessDenied',
] as const;

/** The states in which a runtime does not work until a person acts. */
export const DOWN_STATES = ['Offline', 'AccessDenied', 'Stopped', 'Stopping', 'NeedRegistration'] as const;
export type DownState = (typeof DOWN_STATES)[number];

/** What Ready, and the conditions that go with it, can give as their reason. An unknown state is shown as it is, hence not listed. */
export const REASONS = [
  'Available',
  ...PROGRESS_REASONS,
  ...TRANSIENT_REASONS,
  ...WAITING_REASONS,
  ...TERMINAL_REASONS,
  'Limited',
  'Drifted',
  ...DOWN_STATES,
  'Suspended',
] as const;
export type Reason = (typeof REASONS)[number];

/** What became of the runtime of an object that has been let go: reasons of Ready, where another finalizer keeps the object. */
export const RELEASE_REASONS = ['Deleted', 'Retained', 'HandedOver'] as const;

/** The reasons of Ready: `Unknown` is that of a state that this version does not know. */
export type ReadyReason = Reason | 'Unknown';

export function isReadyReason(text: string): text is ReadyReason {
  return text === 'Unknown' || (REASONS as readonly string[]).includes(text);
}

/** What Synced can give as its reason, besides that of the failure that decided. */
export const SYNCED_REASONS = ['InSync', 'Drifted', 'NotFound', 'Unknown'] as const;

/** What happened: one event for each transition, never for each pass. Trouble is a Warning of its reason. */
export const EVENT_REASONS = [
  'Created',
  'Adopted',
  'Updated',
  'DriftDetected',
  'DriftCorrected',
  'ManagedVirtualNetworkCreated',
  'RepairStarted',
  'Repaired',
  /** A Warning: one that a person asked for was not made, or none could be made for a minute. */
  'RepairFailed',
  'Recovered',
  'IdentityAccepted',
  'Suspended',
  'Resumed',
  'DeletionWaits',
  ...RELEASE_REASONS,
  'TakenOver',
  'InteractiveAuthoringEnabled',
  /** A Warning, and no reason of a condition: the runtime itself is none the worse for it. */
  'InteractiveAuthoringFailed',
  /** A Warning: what an annotation asks for cannot be. */
  'AnnotationRejected',
] as const;
/** The reasons of trouble: each is a Warning event of that name, once it lasts. That of `Drifted` is `DriftDetected`, that of `Deleting` is `DeletionWaits`, and that of `Repairing` is `RepairFailed`. */
export const WARNING_REASONS = [
  ...TERMINAL_REASONS,
  ...WAITING_REASONS,
  ...TRANSIENT_REASONS,
  'Provisioning',
  'Limited',
  ...DOWN_STATES,
  'Unknown',
] as const;
export type WarningReason = (typeof WARNING_REASONS)[number];
export type EventReason = (typeof EVENT_REASONS)[number] | WarningReason;
