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
const WAIT = 'Wait.';

/** No write of the operator changes such a state. */
const inState = (state: string, action = 'Look at the runtime in Azure.'): ReasonText => ({
  shows: 'Reconciling; Stalled after 10 minutes',
  meaning: `Azure says that the runtime ${state}.`,
  action,
});

export const REASON_TEXTS: Readonly<Record<Reason | 'Unknown', ReasonText>> = {
  Available: { shows: 'Ready', meaning: 'As declared, and `Online` or `Started`.', action: 'Nothing.' },
  Creating: {
    shows: RECONCILING,
    meaning: 'A workspace has accepted the creation and carries it out. `status.operation` has the details.',
    action: 'Wait. If it does not show within ten minutes it is written once more, and then reported as `NotApplied`.',
  },
  Updating: {
    shows: RECONCILING,
    meaning: 'A workspace has accepted a definition and carries it out.',
    action: 'Wait, as for `Creating`.',
  },
  Deleting: {
    shows: RECONCILING,
    meaning:
      'The object is being deleted: a workspace has accepted the deletion; or Azure denies the runtime, or for less than five minutes its factory, workspace or resource group, and is asked again; or Argo CD tracks the object, whose runtime then stays for another 30 s ([why](../gitops.md#a-rename)).',
    action: WAIT,
  },
  Repairing: {
    shows: RECONCILING,
    meaning:
      'The runtime is `Limited` and is being repaired. `status.repair.nextAttemptTime` says when next; the message says of an attempt that was not made why not.',
    action: WAIT,
  },
  Provisioning: {
    shows: 'Reconciling; Stalled after 30 minutes',
    meaning: 'Azure is preparing the runtime (`Initial`, `Starting`; in a managed virtual network whatever its state).',
    action: 'Wait. When Stalled, look at the runtime in Azure.',
  },
  Throttled: {
    shows: RECONCILING,
    meaning:
      'Azure Resource Manager answers 429 to the identity, and asks for more than an interval of patience: the message says until when.',
    action:
      'Wait. One request every three minutes tries whether it is over earlier. If it stays: fewer objects for each identity, or a longer interval.',
  },
  AzureUnavailable: {
    shows: RECONCILING,
    meaning: 'Azure does not answer, answers 5xx, or its answer makes no sense.',
    action: 'Wait. If it stays: check network, DNS, and `NODE_EXTRA_CA_CERTS` behind a proxy.',
  },
  CredentialUnavailable: {
    shows: RECONCILING,
    meaning: 'The token endpoint does not answer, or a token expired.',
    action: 'Wait. If it stays: check `AZURE_AUTHORITY_HOST`, the tenant and the network.',
  },
  FactoryNotFound: {
    shows: RECONCILING,
    meaning:
      'There is no such factory or resource group (yet). Of an object that was Ready it is said after an interval.',
    action: 'Create it. If `spec.factory` is wrong, declare a new object.',
  },
  WorkspaceNotFound: {
    shows: RECONCILING,
    meaning:
      'There is no such workspace or resource group (yet). Of an object that was Ready it is said after an interval.',
    action: 'Create it. If `spec.workspace` is wrong, declare a new object.',
  },
  ManagedVirtualNetworkNotFound: {
    shows: RECONCILING,
    meaning: 'The factory or workspace has no managed virtual network (yet).',
    action:
      'In a factory: create it, or set `managedVirtualNetwork.creation: IfMissing`. A workspace gets one only when it is created itself: declare another workspace, or a public runtime, in a new object.',
  },
  Forbidden: {
    shows: 'Reconciling; Stalled after 10 minutes',
    meaning: 'The identity has no role that allows the action.',
    action: 'Assign a [role](../azure-role.md) with the action that the message names, and wait some minutes.',
  },
  ReferencedByOthers: {
    shows: 'Reconciling, while deleting',
    meaning: 'Azure refuses the deletion, as a rule because a linked service still refers to the runtime.',
    action: 'Remove what the message names, or set `deletionPolicy: Retain`.',
  },
  NotFound: {
    shows: 'Reconciling, only with `Observe`',
    meaning: 'There is no such runtime.',
    action: 'Create it, or set `managementPolicy: Manage`.',
  },
  Contested: {
    shows: RECONCILING,
    meaning:
      'Another writer keeps changing the field: it was corrected five times within six intervals. It is now corrected less and less often, down to once an hour.',
    action:
      "Find the other writer (a second cluster, Terraform, the factory's CI/CD), and let only one of them declare the field.",
  },
  InvalidDefinition: {
    shows: STALLED,
    meaning: 'Azure refuses the definition, or the manifest was stored under an older schema and cannot be understood.',
    action: 'Correct the manifest as the message says.',
  },
  PolicyDenied: {
    shows: STALLED,
    meaning: 'An Azure Policy refuses the write.',
    action: 'Change the manifest, or ask for an exemption. A role does not help.',
  },
  Locked: {
    shows: STALLED,
    meaning: 'A resource lock, or a disabled subscription.',
    action: 'Remove the lock, or enable the subscription.',
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
    action: 'Permit adoption, declare what the runtime has, or choose another `azureName` in a new object.',
  },
  TypeConflict: {
    shows: STALLED,
    meaning: 'The name belongs to a self-hosted or Azure-SSIS runtime.',
    action: 'Choose another `azureName` in a new object, or remove that runtime.',
  },
  NetworkConflict: {
    shows: STALLED,
    meaning:
      'The runtime exists in another network than declared, or is public. Azure cannot move it, and the operator leaves it alone.',
    action: 'Declare what it is, or another `azureName`, in a new object; or delete that runtime.',
  },
  CredentialsInvalid: {
    shows: 'Stalled; Reconciling for 10 minutes where it may pass',
    meaning:
      "No usable identity: the namespace's Secret is wrong or refused; it has none and may not use the operator's identity; that one is incomplete or refused; or it is not the identity that claimed the runtime. A refusal that may pass, and a 401 of Azure Resource Manager, is Stalled only after it was repeated for ten minutes.",
    action:
      'As the message says: the Secret `azure-ir-credential`, the flag `--operator-identity-namespaces`, the variables, or the annotation `azure-ir.io/accept-identity` ([identity](../identity.md)).',
  },
  RepairExhausted: {
    shows: STALLED,
    meaning: 'Still `Limited` after `repair.maxAttempts` repairs that were made.',
    action: 'Look at the runtime in Azure. The annotation `azure-ir.io/repair` asks for one more.',
  },
  NotApplied: {
    shows: STALLED,
    meaning:
      'Azure accepted a write and still answers with another value; or a workspace accepted one more than once and has shown nothing of it since.',
    action:
      "Check whether the factory or workspace permits the value; look for a failed operation in Azure's activity log.",
  },
  OwnedByAnother: {
    shows: 'Stalled; Reconciling while the other is being deleted',
    meaning: 'Another object manages the same runtime.',
    action:
      'Delete one of the two, or set `managementPolicy: Observe` on this one. It takes over when the other is gone.',
  },
  Limited: {
    shows: STALLED,
    meaning: 'The runtime is `Limited`, and repair is off (`repair.mode: Disabled` or `Observe`).',
    action: 'Repair it in Azure, or turn repair on.',
  },
  Offline: inState('is offline'),
  AccessDenied: inState('is denied access', "Check the factory's own identity and network."),
  Stopped: inState('is stopped', 'Start it in Azure.'),
  Stopping: inState('is stopping'),
  NeedRegistration: inState('is not registered'),
  Unknown: {
    shows: RECONCILING,
    meaning: 'Azure says a state that this version does not know.',
    action: 'Look at the runtime in Azure.',
  },
  Suspended: {
    shows: 'Ready if this declaration was in sync before, else Stalled',
    meaning: '`spec.suspend` is true.',
    action: 'Set it to false to go on.',
  },
};

export const SYNCED_TEXTS: Readonly<Record<(typeof SYNCED_REASONS)[number], string>> = {
  InSync: 'Every declared field is as declared.',
  Drifted: '`status.drift` says which fields differ.',
  NotFound: 'There is no such runtime.',
  Unknown: 'The definition could not be read.',
};

export const EVENT_TEXTS: Readonly<Record<(typeof EVENT_REASONS)[number], string>> = {
  Created: 'The runtime was created, or created again because it was missing.',
  Adopted: 'The runtime existed and was adopted; the message says what was changed.',
  DriftDetected: 'Fields differ from the manifest, or the runtime was missing.',
  DriftCorrected: 'Those fields were set back.',
  ManagedVirtualNetworkCreated: 'The managed virtual network was created; it can never be deleted.',
  RepairStarted: 'The full definition was written again.',
  Repaired: 'The runtime is Online after a repair.',
  Deleted: 'The runtime is gone, and so is the object.',
  Retained: 'The object is gone, and the runtime stays in Azure.',
  HandedOver: 'The object is gone, and another object of the same runtime took over.',
  InteractiveAuthoringEnabled: 'A request for interactive authoring was carried out.',
  InteractiveAuthoringFailed:
    'Azure refused that request, or did not carry it out within ten minutes. A Warning; the runtime is none the worse for it.',
};
