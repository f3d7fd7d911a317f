/**
 * The specification: what an object means to its runtime, as two ordered lists of rules, for objects that live and for those
 * that are being deleted. The first rule whose policy answers decides. Each names the reasons that it can give.
 */
import type { ReadyReason } from '../api/names.ts';
import * as authoring from './policies/authoring.ts';
import * as definition from './policies/definition.ts';
import * as deletion from './policies/deletion.ts';
import * as failure from './policies/failure.ts';
import * as health from './policies/health.ts';
import * as network from './policies/network.ts';
import * as operation from './policies/operation.ts';
import * as permission from './policies/permission.ts';
import * as repair from './policies/repair.ts';
import * as requests from './policies/requests.ts';
import type { Policy } from './situation.ts';

export interface Rule {
  readonly policy: Policy;
  /** In one sentence, as an order to the operator. */
  readonly rule: string;
  readonly reasons: readonly ReadyReason[];
}

function rule(policy: Policy, text: string, ...reasons: readonly ReadyReason[]): Rule {
  return { policy, rule: text, reasons };
}

/** The rules with each policy changed in the same way. */
function each(rules: readonly Rule[], change: (policy: Policy) => Policy): readonly Rule[] {
  return rules.map((entry) => ({ ...entry, policy: change(entry.policy) }));
}

const IDENTITY: readonly Rule[] = [
  rule(permission.identityIsGranted, 'use only an identity that the namespace may use', 'CredentialsInvalid'),
  rule(permission.identityIsTheClaims, 'act only under the identity of the claim', 'CredentialsInvalid'),
];

/** What a failed call means, whatever becomes of the object. */
const FAILURES: readonly Rule[] = [
  rule(failure.subscriptionIsFound, 'report a subscription that Azure does not know', 'SubscriptionNotFound'),
  rule(failure.credentialIsAccepted, 'report a credential that Azure refuses', 'CredentialsInvalid'),
  rule(failure.roleIsAssigned, 'report a missing role; Stalled once an assignment would have propagated', 'Forbidden'),
  rule(failure.azurePolicyAllows, 'report what an Azure Policy denies', 'PolicyDenied'),
  rule(
    failure.providerIsRegistered,
    'report a resource provider that the subscription or cloud does not have',
    'ProviderNotRegistered',
  ),
  rule(failure.readIsAccepted, 'report a read that Azure refuses', 'RequestRefused'),
  rule(failure.scopeIsUnlocked, 'report a lock, and retry slowly', 'Locked'),
  rule(
    failure.referencedNetworkIsAwaited,
    'wait for a network that Azure does not see yet',
    'ManagedVirtualNetworkNotFound',
  ),
  rule(failure.definitionIsAccepted, 'report a definition that Azure rejects', 'InvalidDefinition'),
  rule(failure.conflictIsRetried, 'retry after another writer, and report it only if it lasts', 'AzureUnavailable'),
  rule(failure.credentialIsAvailable, 'wait for the token endpoint', 'CredentialUnavailable'),
  rule(failure.throttlingIsAwaited, 'wait as long as Azure asks', 'Throttled'),
  rule(
    failure.outageIsAwaited,
    'retry an outage, and report an answer that stays the same',
    'AzureUnavailable',
    'RequestRefused',
  ),
];

export const LIVE: readonly Rule[] = [
  rule(permission.suspended, 'make no call for a suspended object', 'Suspended'),
  rule(requests.impossibleRequestIsAnswered, 'answer a request that cannot be met, and say why'),
  rule(permission.observerHasNoFinalizer, 'keep no finalizer on an object that only observes'),
  rule(
    requests.withRequestInVain(permission.belongsToThisObject),
    'let at most one object write to a runtime',
    'OwnedByAnother',
  ),
  ...IDENTITY,
  rule(authoring.refusedRequestIsCompleted, 'end a request for interactive authoring that Azure refuses'),
  rule(repair.refusedRepairIsAnswered, 'answer a person whose repair Azure refuses, and shake nothing'),
  rule(failure.failedCreateKeepsNoFinalizer, 'keep no finalizer for a create that did not happen'),
  ...each(
    [
      ...FAILURES,
      rule(failure.parentIsFound, 'wait for the factory or workspace', 'FactoryNotFound', 'WorkspaceNotFound'),
    ],
    (policy) => repair.beforeRepair(repair.whileRefusalStands(repair.withUnmadeRepair(policy))),
  ),
  rule(
    repair.whileRefusalStands(repair.unmadeRepairIsRetried),
    'retry a repair that was not made, after its spacing',
    'Repairing',
  ),
  rule(definition.definitionIsKnown, 'read the definition: alone unless in sync, else from the shared list'),
  rule(
    requests.withRequestInVain(repair.answeringRepairs(definition.typeIsManaged)),
    'never touch another kind of runtime',
    'TypeConflict',
  ),
  rule(
    requests.withRequestInVain(repair.answeringRepairs(network.networkIsTheDeclared)),
    'never write a runtime of another network than declared',
    'NetworkConflict',
    'NotApplied',
  ),
  rule(definition.observedExists, 'report an observed runtime that does not exist', 'NotFound'),
  rule(operation.operationIsCompleted, 'complete an operation once the runtime shows it'),
  rule(
    operation.pendingCreateIsAwaited,
    'do not repeat a create that Azure still carries out',
    'Creating',
    'NotApplied',
  ),
  rule(repair.answeringRepairs(definition.refusedCreateIsSpaced), 'repeat a create that was refused slowly'),
  rule(definition.absenceIsConfirmed, 'recreate a claimed runtime only once two passes have missed it'),
  rule(network.networkIsKnown, 'read the declared network before a create'),
  rule(
    network.networkExistsOrIsCreated,
    'create a network only if the manifest says so',
    'ManagedVirtualNetworkNotFound',
  ),
  rule(definition.existsOrIsCreated, 'create the runtime only where Azure has just shown that there is none'),
  rule(definition.ownCreateIsRecognised, 'recognise the create that a crash cut off from its claim'),
  rule(
    requests.withRequestInVain(repair.answeringRepairs(definition.adoptionIsPermitted)),
    'adopt an existing runtime only as the manifest permits',
    'AdoptionRefused',
  ),
  rule(
    operation.pendingUpdateIsAwaited,
    'do not repeat an update that Azure still carries out',
    'Updating',
    'NotApplied',
  ),
  rule(definition.driftIsCorrected, 'correct drift, except in contested fields, and slowly what Azure refused'),
  rule(definition.writeTookEffect, 'report a write that Azure accepted but did not apply', 'NotApplied'),
  rule(repair.requestedRepairIsDone, 'repair on request, whatever the state'),
  rule(repair.repairIsAccountedFor, 'read whether a repair that got no answer was made'),
  rule(health.stateIsKnown, 'read the state'),
  ...each(
    [
      rule(
        health.freshRuntimeIsProvisioning,
        'wait for a new runtime of a managed network, whatever its state',
        'Provisioning',
      ),
      rule(repair.acceptedRepairIsAwaited, 'wait for an accepted repair to show', 'Repairing'),
      rule(repair.limitedWithoutRepairIsReported, 'report a Limited runtime where repair is off', 'Limited'),
      rule(
        repair.failedRepairStaysReported,
        'keep reporting why a repair failed until the next one',
        'Forbidden',
        'PolicyDenied',
        'Locked',
        'InvalidDefinition',
        'ProviderNotRegistered',
        'CredentialsInvalid',
        'FactoryNotFound',
        'WorkspaceNotFound',
        'ManagedVirtualNetworkNotFound',
        'Repairing',
      ),
      rule(repair.repairIsSpaced, 'leave time between repairs', 'Repairing'),
      rule(repair.repairIsExhausted, 'make no more repairs than the manifest permits', 'RepairExhausted'),
      rule(repair.limitedIsRepaired, 'repair a Limited runtime'),
    ],
    (policy) => repair.whileRefusalStands(authoring.withPendingAuthoring(policy)),
  ),
  rule(definition.refusalStaysReported, 'keep reporting a refused write until it is made or no longer needed'),
  rule(
    definition.contestIsReported,
    'report a field that another writer keeps changing back, until it was left alone',
    'Contested',
  ),
  rule(authoring.requestedAuthoringIsEnabled, 'enable interactive authoring once for each request', 'Available'),
  rule(health.observedDriftIsReported, 'report drift that this object only observes', 'Drifted'),
  rule(authoring.withPendingAuthoring(health.healthyIsAvailable), 'report a healthy runtime', 'Available'),
  rule(
    authoring.withPendingAuthoring(health.startingIsAwaited),
    'wait 30 minutes for a runtime that is starting',
    'Provisioning',
  ),
  rule(
    authoring.withPendingAuthoring(health.downIsReported),
    'report a runtime that is down; Stalled after ten minutes',
    'Offline',
    'AccessDenied',
    'Stopped',
    'Stopping',
    'NeedRegistration',
  ),
  rule(
    authoring.withPendingAuthoring(health.unknownStateIsReported),
    'report a state that this version does not know',
    'Unknown',
  ),
];

/** All that is needed before anything is known of the runtime of an object that is being deleted. */
const READING: readonly Rule[] = [
  ...IDENTITY,
  rule(deletion.deniedParentIsConfirmed, 'release with the parent only once it was denied for minutes', 'Deleting'),
  rule(deletion.referenceIsRemoved, 'wait until nothing refers to the runtime', 'ReferencedByOthers'),
  ...FAILURES,
  rule(deletion.deletionReadsFirst, 'read the runtime before its deletion'),
];

export const DELETING: readonly Rule[] = each(
  [
    rule(deletion.withoutFinalizerNothingIsDone, 'do nothing for an object without our finalizer'),
    ...each(READING, deletion.forUnseenCreate),
    rule(deletion.forUnseenCreate(definition.ownCreateIsRecognised), 'recognise the create that the deletion cut off'),
    rule(deletion.successorTakesOver, 'hand the runtime over to another object that declares it'),
    rule(deletion.ownCreateMayCome, 'wait for a create without an answer', 'Deleting'),
    rule(deletion.onlyClaimedIsDeleted, 'delete only a claimed runtime'),
    rule(deletion.retainedStays, 'keep a runtime that is to stay'),
    rule(deletion.successorIsAwaited, 'wait for a successor after a rename in Git', 'Deleting'),
    ...READING,
    rule(operation.pendingCreateBlocksDeletion, 'wait for a create that Azure still carries out', 'Deleting'),
    rule(deletion.goneIsReleased, 'release only once two passes have missed the runtime', 'Deleting'),
    rule(deletion.otherTypeStays, 'keep another kind of runtime that has taken the name'),
    rule(
      operation.pendingDeleteIsAwaited,
      'do not repeat a delete that Azure still carries out',
      'Deleting',
      'NotApplied',
    ),
    rule(network.foreignNetworkStays, 'keep a runtime of another network'),
    rule(deletion.runtimeIsDeleted, 'delete the runtime'),
  ],
  deletion.withWayOut,
);

/** Each rule once. */
export const RULES: readonly Rule[] = [...LIVE, ...DELETING].filter(
  ({ rule: text }, i, all) => all.findIndex((entry) => entry.rule === text) === i,
);
