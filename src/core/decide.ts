import * as authoring from './policies/authoring.ts';
import * as definition from './policies/definition.ts';
import * as deletion from './policies/deletion.ts';
import { failureIsExplained } from './policies/failure.ts';
import * as health from './policies/health.ts';
import * as network from './policies/network.ts';
import * as operation from './policies/operation.ts';
import * as permission from './policies/permission.ts';
import type { Action, Policy, Situation } from './situation.ts';

/** What an object means to its runtime, in order: the first policy that answers decides. */
const LIVE: readonly Policy[] = [
  permission.suspended,
  permission.observerHasNoFinalizer,
  permission.belongsToThisObject,
  permission.identityIsGranted,
  permission.identityIsTheClaims,
  authoring.refusedRequestIsCompleted,
  health.unmadeRepairIsTold,
  failureIsExplained,
  definition.definitionIsKnown,
  definition.typeIsManaged,
  network.networkIsTheDeclared,
  definition.observedExists,
  operation.operationIsCompleted,
  operation.pendingCreateIsAwaited,
  definition.absenceIsConfirmed,
  network.networkIsKnown,
  network.networkExistsOrIsCreated,
  definition.existsOrIsCreated,
  definition.ownCreateIsRecognised,
  definition.adoptionIsPermitted,
  operation.pendingUpdateIsAwaited,
  definition.driftIsCorrected,
  definition.writeTookEffect,
  health.requestedRepairIsDone,
  health.repairIsAccountedFor,
  health.stateIsKnown,
  authoring.withPendingAuthoring(health.freshRuntimeIsProvisioning),
  authoring.withPendingAuthoring(health.limitedIsRepaired),
  definition.contestIsReported,
  authoring.requestedAuthoringIsEnabled,
  authoring.withPendingAuthoring(health.stateIsReported),
];

const DELETING: readonly Policy[] = [
  deletion.withoutFinalizerNothingIsDone,
  deletion.ownCreateIsSought,
  deletion.successorTakesOver,
  deletion.ownCreateMayCome,
  deletion.onlyClaimedIsDeleted,
  deletion.retainedStays,
  deletion.successorIsAwaited,
  deletion.identityMayDelete,
  deletion.deletionFailureIsExplained,
  deletion.deletionReadsFirst,
  deletion.pendingCreateDelaysDeletion,
  deletion.goneIsReleased,
  deletion.otherTypeStays,
  deletion.pendingDeleteIsAwaited,
  network.foreignNetworkStays,
  deletion.runtimeIsDeleted,
];

/** The next action of a pass: a pure function of what is known, what is remembered, and the time. */
export function decide(situation: Situation): Action {
  for (const policy of situation.object.deleting ? DELETING : LIVE) {
    const action = policy(situation);
    if (action !== undefined) return action;
  }
  throw new Error('no policy answered: the last one of each list must');
}
