/** The object is being deleted: what becomes of the runtime? */

import { released } from '../events.ts';
import { onFreshRead } from '../fresh-read.ts';
import type { Desired } from '../model/desired.ts';
import type { OperatorEvent } from '../model/event.ts';
import { isSameName } from '../model/letter-case.ts';
import { isReleased, type ManagedObject, operationOf } from '../model/object.ts';
import { handoverFor, successorOf } from '../model/ownership.ts';
import {
  CREATE_SHOWS_MS,
  dependencyBackoff,
  MINUTE,
  NEVER,
  operationPoll,
  PARENT_GONE_MS,
  RUNTIME_GONE_MS,
  SUCCESSOR_GRACE_MS,
  SUCCESSOR_SETTLES,
  SUCCESSOR_SETTLES_MS,
} from '../schedule.ts';
import { type Action, isNewGeneration, managing, type Policy, type Situation } from '../situation.ts';
import { absentFor, HANDING_OVER, waitingSince } from '../waits.ts';
import { mayHaveCreated } from './definition.ts';
import { PARENT_IN_WORDS } from './failure.ts';
import { isBeingDeleted } from './operation.ts';
import { confirming, progressing, settle, UNCHANGED } from './verdicts.ts';

const release = (event: OperatorEvent): Action => ({ kind: 'Release', event });

/** Make sure nothing is done for an object that we no longer hold. */
export const withoutFinalizerNothingIsDone: Policy = ({ object, status, desired }) => {
  if (object.hasFinalizer) return undefined;
  // Whose finalizer another writer took off keeps its claim: what became of its runtime is not known.
  const tells = object.hasOtherFinalizers && status.claim === undefined && !isReleased(object);
  if (!tells) return settle(UNCHANGED, NEVER);
  return release(managing(desired) ? released.unclaimed : released.observed);
};

/** The policy, where a create of the object may have taken effect before there was a claim. */
export const forUnseenCreate =
  (policy: Policy): Policy =>
  (s) =>
    isUnseenCreate(s) ? policy(s) : undefined;

/** Make sure a create whose answer was lost does not come to light after its object is gone. */
export const ownCreateMayCome: Policy = (s) => {
  if (!isUnseenCreate(s) || s.definition?.presence !== 'absent') return undefined;
  // Also when the clock was set back.
  const left = CREATE_SHOWS_MS[s.desired.id.parent.kind] - Math.abs(s.now - waitingSince(s, 'Deleting'));
  if (left <= 0) return undefined;
  const message =
    'The runtime was being created when the object was deleted, and Azure does not show it. It is looked up for a while, and ' +
    'deleted if it comes.';
  const next = operationPoll(Math.min(left, s.intervalMs));
  return onFreshRead(s, settle(progressing('Deleting', message), next));
};

function isUnseenCreate(s: Situation): boolean {
  return mayHaveCreated(s) && s.desired.deletionPolicy !== 'Retain';
}

/**
 * Make sure a rename or a move to another namespace does not destroy the runtime: another live object takes over. And make
 * sure one of the two answers for it: this one goes only when the successor has stayed.
 */
export const successorTakesOver: Policy = (s) => {
  const { peers, status, desired, now } = s;
  // Who declares the name in another network declares another runtime, which can be made once this one is gone.
  const to = successorOf(peers.filter((peer) => declaresSamePlace(peer, desired)));
  // What Azure is already deleting would not last: the other creates it when it is gone.
  if (to === undefined || !managing(desired) || isBeingDeleted(s)) return undefined;
  const { reason, time = 0 } = status.waitingSince ?? {};
  if (reason === HANDING_OVER && now - time < SUCCESSOR_SETTLES_MS) return settle(UNCHANGED, SUCCESSOR_SETTLES);
  // An object that has a claim already would take the runtime from any successor again.
  const owner = successorOf(peers);
  if (owner !== undefined && owner !== to && owner.status.claim !== undefined) {
    return release(released.claimedByAnother(owner.key));
  }
  const handover = handoverFor(status, to);
  if (handover === undefined) return release(released.handedOver(to.key));
  // Stored first: a successor with a claim is one that had it already, unless this object waits for it.
  const stored = { ...status, waitingSince: { reason: HANDING_OVER, time: now } };
  return { kind: 'StoreStatus', status: stored, before: { kind: 'HandOver', to, handover } };
};

function declaresSamePlace({ spec }: ManagedObject, { managedVirtualNetwork }: Desired): boolean {
  return spec.valid && isSameName(spec.desired.managedVirtualNetwork?.name, managedVirtualNetwork?.name);
}

/** Make sure only a claimed runtime is ever deleted. */
export const onlyClaimedIsDeleted: Policy = ({ status, desired }) => {
  if (!managing(desired)) return release(released.observed);
  return status.claim === undefined ? release(released.unclaimed) : undefined;
};

/** Make sure a runtime that is to stay stays. */
export const retainedStays: Policy = (s) => {
  const { status, desired } = s;
  if (desired.deletionPolicy === 'Retain') {
    return release(isBeingDeleted(s) ? released.retainedLate : released.retained);
  }
  if (desired.deletionPolicy === 'DeleteIfCreated' && status.claim?.origin === 'Adopted') {
    return release(released.adopted);
  }
  return undefined;
};

/**
 * Make sure a rename in Git does not destroy the runtime although Argo CD deletes the old object before it creates the new
 * one (seen in its source: within a wave, what is pruned comes first).
 */
export const successorIsAwaited: Policy = (s) => {
  if (!s.object.isTrackedByArgoCd || isBeingDeleted(s)) return undefined;
  // By our own clock, from the first pass after the deletion on, or since a successor was there: any later reason tells that this is over.
  const { reason = '', time = 0 } = s.status.waitingSince ?? {};
  const waits = ['Deleting', HANDING_OVER].includes(reason);
  const left = isNewGeneration(s) ? SUCCESSOR_GRACE_MS : waits ? SUCCESSOR_GRACE_MS - (s.now - time) : 0;
  if (left <= 0) return undefined;
  const message =
    'The object bears a mark of Argo CD, which deletes before it creates: this may be a rename. The runtime is deleted in ' +
    `Azure after ${SUCCESSOR_GRACE_MS / 1_000} s, unless another object that declares it comes before.`;
  return settle(progressing('Deleting', message), { kind: 'after', ms: left });
};

export const referenceIsRemoved: Policy = (s) =>
  s.failure?.failure.kind === 'refused' && s.failure.during === 'delete'
    ? settle(
        progressing(
          'ReferencedByOthers',
          `${s.failure.failure.message} Remove the reference and the deletion continues.`,
        ),
        dependencyBackoff(s.intervalMs),
      )
    : undefined;

/** Whether a parent that was denied is there is asked of itself too; that can be as wrong, so that repetition decides. */
export const deniedParentIsConfirmed: Policy = (s) => {
  if (s.failure?.failure.kind !== 'parentNotFound') return undefined;
  const { what, message } = s.failure.failure;
  const { parent, definition, intervalMs } = s;
  const { kind } = s.desired.id.parent;
  if (definition?.presence === 'present' || parent === 'present') {
    const shown = definition?.presence === 'present' ? 'runtime' : kind;
    const contradiction = `Azure denies the ${PARENT_IN_WORDS[what]} and shows the ${shown} all the same: it is asked again. ${message}`;
    return settle(progressing('Deleting', contradiction), operationPoll(intervalMs));
  }
  if (parent === undefined) return { kind: 'Read', at: 'parent' };
  const left = PARENT_GONE_MS - absentFor(s, 'ParentAbsent');
  if (left <= 0 && parent !== 'unanswered') {
    return release(released.withParent(kind));
  }
  const doubt =
    `${message} Azure denies now and then what exists: the object goes when it has done so for ` +
    `${PARENT_GONE_MS / MINUTE} minutes, and the runtime is deleted if it is seen again.`;
  return settle(confirming('ParentAbsent', doubt), {
    kind: 'after',
    ms: Math.min(left > 0 ? left : MINUTE, MINUTE, intervalMs),
  });
};

/** Make sure what is deleted has just been read. */
export const deletionReadsFirst: Policy = ({ definition }) =>
  definition === undefined ? { kind: 'Read', at: 'definition', fresh: true } : undefined;

/**
 * Make sure the object goes once the runtime is gone: two passes have missed it, and Azure has answered the request to delete
 * it, be that an earlier one that it went on with.
 */
export const goneIsReleased: Policy = (s) => {
  if (s.definition?.presence !== 'absent') return undefined;
  if (s.wrote !== undefined)
    return isBeingDeleted(s) ? undefined : release(seemedGone(s) ? released.alreadyGone : released.deleted);
  const left = RUNTIME_GONE_MS - absentFor(s, 'RuntimeAbsent');
  if (left > 0) return onFreshRead(s, settle(confirming('RuntimeAbsent', SEEMS_GONE), { kind: 'after', ms: left }));
  return operationOf(s.status, 'deletion') === undefined
    ? { kind: 'Delete' }
    : onFreshRead(s, release(released.deleted));
};

const SEEMS_GONE =
  'Azure says that there is no such runtime. It denies now and then what exists, so it is asked again in some seconds.';

function seemedGone({ status }: Situation): boolean {
  return status.waitingSince?.reason === 'RuntimeAbsent';
}

/** Make sure another kind of runtime that has taken the name stays. */
export const otherTypeStays: Policy = ({ definition }) =>
  definition?.presence !== 'present' || definition.runtime.type === 'Managed' ? undefined : release(released.otherType);

/** Make sure the runtime is deleted. */
export const runtimeIsDeleted: Policy = () => ({ kind: 'Delete' });

/** Every message of an object whose deletion waits ends with the way out. */
export const withWayOut =
  (policy: Policy): Policy =>
  (s) => {
    const action = policy(s);
    if (action?.kind !== 'Settle') return action;
    const { verdict } = action;
    if (verdict.kind !== 'Decided' && verdict.kind !== 'Unconfirmed') return action;
    const wayOut =
      `To let the object go and leave the runtime in Azure: kubectl patch azir ${s.object.name} -n ${s.object.namespace} ` +
      `--type merge -p '{"spec":{"deletionPolicy":"Retain"}}' (deletionPolicy: Retain).`;
    return { ...action, verdict: { ...verdict, message: `${verdict.message} ${wayOut}` } };
  };
