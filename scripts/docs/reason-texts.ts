/** What each reason and each event means, and what to do about it: the words of docs/reference/reasons.md. */
import type { EVENT_REASONS, Reason, SYNCED_REASONS } from '../../src/api/names.ts';

export interface ReasonText {
  /** Which conditions go with it. */
  readonly shows: string;
  readonly meaning: string;
  readonly action: string;
}

const RECONCILING = 'Reconciling';
const STALLED = 'Stalled';
const AWAITED = 'Reconciling; Stalled after 30 minutes';
const WAIT = 'Wait.';

/** No write of the operator changes such a state. */
const inState = (state: string, action = 'Check the runtime in Azure.'): ReasonText => ({
  shows: 'Reconciling; Stalled after 10 minutes',
  meaning: `Azure reports that the runtime ${state}.`,
  action,
});

export const REASON_TEXTS: Readonly<Record<Reason | 'Unknown', ReasonText>> = {
  Available: { shows: 'Ready', meaning: 'The runtime matches the spec and is `Online` or `Started`.', action: 'None.' },
  Creating: {
    shows: RECONCILING,
    meaning:
      'A workspace has accepted the create request; the runtime does not exist yet. Details are in `status.operation`.',
    action: 'Wait. After ten minutes the operator writes once more, then reports `NotApplied`.',
  },
  Updating: {
    shows: RECONCILING,
    meaning: 'A workspace has accepted an update that has not taken effect yet.',
    action: 'Wait, as for `Creating`.',
  },
  Deleting: {
    shows: RECONCILING,
    meaning:
      'The object is being deleted: a workspace has accepted the deletion; or Azure reports that the runtime does not exist, or for less than five minutes that its factory, workspace or resource group does not, and is asked again; or Argo CD tracks the object, in which case its runtime stays for another 30 s ([why](../gitops.md#a-rename)).',
    action: WAIT,
  },
  Repairing: {
    shows: RECONCILING,
    meaning:
      'The runtime is `Limited` and is being repaired. `status.repair.nextAttemptTime` is the time of the next attempt; if an attempt could not be made, the message says why.',
    action: WAIT,
  },
  Provisioning: {
    shows: 'Reconciling; Stalled after 30 minutes',
    meaning: 'Azure is provisioning the runtime (`Initial`, `Starting`; any state in a managed virtual network).',
    action: 'Wait. When Stalled, check the runtime in Azure.',
  },
  Throttled: {
    shows: RECONCILING,
    meaning:
      'Azure Resource Manager throttles the identity (429) and asks it to wait for longer than an interval; the message says until when.',
    action:
      'Wait. One request every three minutes checks whether the throttling has ended earlier. If it persists, use fewer objects per identity or longer intervals.',
  },
  AzureUnavailable: {
    shows: RECONCILING,
    meaning: 'Azure does not respond, returns 5xx, or returns something unexpected.',
    action: 'Wait. If it persists, check network, DNS and, behind a proxy, `NODE_EXTRA_CA_CERTS`.',
  },
  CredentialUnavailable: {
    shows: RECONCILING,
    meaning: 'The token endpoint does not respond, or a token has expired.',
    action: 'Wait. If it persists, check `AZURE_AUTHORITY_HOST`, the tenant and the network.',
  },
  FactoryNotFound: {
    shows: AWAITED,
    meaning:
      'The factory or its resource group does not exist (yet). An object that was Ready reports this only after an interval, at most two minutes.',
    action: 'Create it. If `spec.factory` is wrong, create a new object.',
  },
  WorkspaceNotFound: {
    shows: AWAITED,
    meaning:
      'The workspace or its resource group does not exist (yet). An object that was Ready reports this only after an interval, at most two minutes.',
    action: 'Create it. If `spec.workspace` is wrong, create a new object.',
  },
  ManagedVirtualNetworkNotFound: {
    shows: AWAITED,
    meaning: 'The factory or workspace has no managed virtual network (yet).',
    action:
      'In a factory: create it, or set `managedVirtualNetwork.creation: IfMissing`. A workspace gets one only when the workspace is created: use another workspace, or a public runtime, in a new object.',
  },
  Forbidden: {
    shows: 'Reconciling; Stalled after 10 minutes',
    meaning: 'The identity has no role that allows the action.',
    action: 'Assign a [role](../azure-role.md) with the action that the message names, and wait some minutes.',
  },
  ReferencedByOthers: {
    shows: 'Reconciling, while deleting',
    meaning: 'Azure refuses the deletion, usually because a linked service still references the runtime.',
    action: 'Remove the references that the message names, or set `deletionPolicy: Retain`.',
  },
  NotFound: {
    shows: 'Reconciling, only with `Observe`',
    meaning: 'The runtime does not exist.',
    action: 'Create it, or set `managementPolicy: Manage`.',
  },
  Contested: {
    shows: RECONCILING,
    meaning:
      'Another writer keeps changing the field: it was corrected five times within six intervals. It is now corrected less and less often, down to once an hour. Told until the field was left alone for six intervals, at most two hours.',
    action:
      "Find the other writer (a second cluster, Terraform, the factory's CI/CD), and let only one of them manage the field.",
  },
  InvalidDefinition: {
    shows: STALLED,
    meaning: 'Azure rejects the definition, or the object was stored under an older CRD and is invalid now.',
    action: 'Fix the manifest as the message says.',
  },
  PolicyDenied: {
    shows: STALLED,
    meaning: 'An Azure Policy denies the write.',
    action: 'Change the manifest, or request an exemption. A role assignment does not help.',
  },
  Locked: {
    shows: STALLED,
    meaning: 'A resource lock or a disabled subscription blocks the write.',
    action: 'Remove the lock, or enable the subscription.',
  },
  ProviderNotRegistered: {
    shows: STALLED,
    meaning:
      'The subscription or the Azure cloud does not have the resource provider: it is not registered, not permitted, or not offered there.',
    action:
      'Run the command in the message (`az provider register --namespace Microsoft.DataFactory` or `Microsoft.Synapse`), or check `AZURE_CLOUD`.',
  },
  RequestRefused: {
    shows: STALLED,
    meaning:
      'Azure refuses to read the runtime, or has answered every request with the same 4xx code for an hour. The definition is not the cause.',
    action: 'Check `spec.factory` or `spec.workspace`, `AZURE_CLOUD`, and a proxy between the operator and Azure.',
  },
  SubscriptionNotFound: {
    shows: 'Reconciling; Stalled after 10 minutes',
    meaning: 'Azure does not know the subscription. A wrong tenant or cloud looks the same.',
    action:
      "Check the `subscriptionId` of `spec.factory` or `spec.workspace`, the tenant of the identity in use (the Secret's, or `AZURE_TENANT_ID`), and `AZURE_CLOUD`.",
  },
  AdoptionRefused: {
    shows: STALLED,
    meaning: 'A runtime of this name exists, and `adoptionPolicy` forbids adopting it.',
    action: 'Allow adoption, match the fields of the runtime, or use another `azureName` in a new object.',
  },
  TypeConflict: {
    shows: STALLED,
    meaning: 'The name belongs to a self-hosted or Azure-SSIS runtime.',
    action: 'Use another `azureName` in a new object, or delete that runtime.',
  },
  NetworkConflict: {
    shows: STALLED,
    meaning:
      'The runtime exists in a different network than declared (managed or public). Azure cannot move it, and the operator leaves it alone.',
    action: 'Create a new object that matches its network or has another `azureName`; or delete that runtime.',
  },
  CredentialsInvalid: {
    shows: 'Stalled; Reconciling for 10 minutes where it may pass',
    meaning:
      "No usable identity: the Secret of the namespace is invalid or refused; the namespace has no Secret and may not use the operator's identity; the operator's identity is incomplete or refused; or the identity is not the one that claimed the runtime. A refusal that may be temporary, and a 401 of Azure Resource Manager, is Stalled only after it has persisted for ten minutes.",
    action:
      'As the message says: fix the Secret `azure-ir-credential`, the flag `--operator-identity-namespaces`, the variables, or the annotation `azure-ir.io/accept-identity` ([identity](../identity.md)).',
  },
  RepairExhausted: {
    shows: STALLED,
    meaning: 'Still `Limited` after `repair.maxAttempts` repairs that were made.',
    action: 'Check the runtime in Azure. The annotation `azure-ir.io/repair` requests one more attempt.',
  },
  NotApplied: {
    shows: STALLED,
    meaning:
      'Azure accepted a write but still reports another value; or a workspace accepted a write more than once and has shown no effect since.',
    action:
      "Check whether the factory or workspace allows the value, and look for a failed operation in Azure's activity log.",
  },
  OwnedByAnother: {
    shows: 'Stalled; Reconciling while the other is being deleted',
    meaning: 'Another object manages the same runtime.',
    action:
      'Delete one of the two, or set `managementPolicy: Observe` on this one. It takes over once the other is gone.',
  },
  Limited: {
    shows: STALLED,
    meaning:
      'The runtime is `Limited`, and automatic repair is disabled (`repair.mode: Disabled` or `managementPolicy: Observe`).',
    action: 'Repair it in Azure, or set `repair.mode: Auto`.',
  },
  Drifted: {
    shows: 'Stalled, only with `Observe`',
    meaning: 'The runtime differs from the spec; the message names the fields, and `status.drift` has the values.',
    action:
      'Declare what Azure has, or set `managementPolicy: Manage` to correct the runtime. Ready within one interval once the two match.',
  },
  Offline: inState('is offline'),
  AccessDenied: inState('is denied access', 'Check the identity and the network of the factory.'),
  Stopped: inState('is stopped', 'Start it in Azure.'),
  Stopping: inState('is stopping'),
  NeedRegistration: inState('is not registered'),
  Unknown: {
    shows: RECONCILING,
    meaning: 'Azure reports a state that this version does not know.',
    action: 'Check the runtime in Azure.',
  },
  Suspended: {
    shows: 'Ready if the current spec was in sync before, otherwise Stalled',
    meaning: '`spec.suspend` is true.',
    action: 'Set it to false to resume.',
  },
};

export const SYNCED_TEXTS: Readonly<Record<(typeof SYNCED_REASONS)[number], string>> = {
  InSync: 'All fields match the spec.',
  Drifted: 'Some fields differ; `status.drift` lists them.',
  NotFound: 'The runtime does not exist.',
  Unknown: 'The definition could not be read.',
};

const KEPT = 'If the finalizer of another client keeps the object, this is the reason of `Ready`.';

export const EVENT_TEXTS: Readonly<Record<(typeof EVENT_REASONS)[number], string>> = {
  Created: 'The runtime was created, or recreated because it was missing.',
  Adopted: 'An existing runtime was adopted; the message says what was updated.',
  DriftDetected:
    'Fields differ from the spec, or the runtime is missing. A Warning with `Observe`, since nobody corrects them.',
  DriftCorrected: 'The fields were reset to the spec.',
  Updated:
    "The runtime was changed to what is declared now; the message has the old and new values. A field that was removed from the manifest returns to Azure's default: `location` to `AutoResolve`.",
  Recovered: 'The object is Ready again after a Warning.',
  IdentityAccepted:
    'The annotation `azure-ir.io/accept-identity` was accepted: the runtime is managed under another identity.',
  Suspended: '`spec.suspend` is true: nothing is read or changed in Azure.',
  Resumed: '`spec.suspend` is false again.',
  DeletionWaits:
    'The message says what the deletion waits for. Normal where Argo CD tracks the object, whose runtime stays for 30 s; a Warning where another wait has lasted for a minute.',
  TakenOver: 'This object took over the runtime of an object that is being deleted.',
  ManagedVirtualNetworkCreated: 'The managed virtual network was created. It cannot be deleted without its factory.',
  RepairStarted: 'A repair re-applied the full definition.',
  Repaired: 'The runtime is Online after a repair.',
  RepairFailed:
    'A repair that an annotation asked for was not made: Azure refused it, or the runtime may not be written. Or no automatic repair has reached Azure for a minute. A Warning; the message says why.',
  Deleted: `The runtime is gone, and the object. ${KEPT}`,
  Retained: `The object is gone; the runtime stays in Azure. ${KEPT}`,
  HandedOver: `The object is gone; another object took over the runtime. ${KEPT}`,
  InteractiveAuthoringEnabled: 'Interactive authoring was enabled on request.',
  AnnotationRejected:
    'An annotation asks for what cannot be, such as a repair by an object that only observes. A Warning; the message says why, and what to do. The request counts as handled.',
  InteractiveAuthoringFailed:
    'Azure refused the request, or did not enable it within ten minutes. A Warning; the runtime is not affected.',
};
