/** The object is being deleted: what becomes of the runtime? */

import { released } from '../events.ts';
import { onFreshRead } from '../fresh-read.ts';
import type { Desired } from '../model/desired.ts';
import type { OperatorEvent } from '../model/event.ts';
import { toldBy } from '../model/failure.ts';
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
import { missingParent } from './failure.ts';
import { isBeingDeleted, isYetToCome } from './operation.ts';
import { confirming, progressing, settle, UNCHANGED } from './verdicts.ts';

const release = (event: OperatorEvent): Action => ({ kind: 'Release', event });

/** Make sure nothing is done for an object that we no longer hold, but that it says so where the finalizer of another keeps it. */
export const withoutFinalizerNothingIsDone: Policy = ({ object, status, desired }) => {
  if (object.hasFinalizer) return undefined;
  if (!object.hasOtherFinalizers || isReleased(object)) return settle(UNCHANGED, NEVER);
  if (!managing(desired)) return release(released.observed);
  // With a claim: another writer took our finalizer off, or we did and were interrupted before we could say why.
  return release(status.claim === undefined ? released.unclaimed : released.untold);
};

/** The policy, where a create of the object may have taken effect before there was a claim. */
export const forUnseenCreate =
  (policy: Policy): Policy =>
  (s) =>
    isUnseenCreate(s) ? policy(s) : undefined;

/** Make sure a create whose answer was lost does not come to light after its object is gone. */
export const ownCreateMayCome: Policy = (s) => {
  if (!isUnseenCreate(s) || !isYetToCome(s)) return undefined;
  // Also when the clock was set back.
  const left = CREATE_SHOWS_MS[s.desired.id.parent.kind] - Math.abs(s.now - waitingSince(s, 'Deleting'));
  if (left <= 0) return undefined;
  const message = {
    what: 'The runtime was being created when the object was deleted, and Azure does not show it yet.',
    remedy: 'Read again for some minutes, and deleted if it appears.',
  };
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
  const message = {
    what: 'The object bears a mark of Argo CD, which deletes before it creates: this may be a rename.',
    remedy: `The runtime is deleted in ${SUCCESSOR_GRACE_MS / 1_000} s, unless another object declares it before that.`,
  };
  return settle({ ...progressing('Deleting', message), isPlanned: true }, { kind: 'after', ms: left });
};

export const referenceIsRemoved: Policy = (s) => {
  if (s.failure?.failure.kind !== 'refused' || s.failure.during !== 'delete') return undefined;
  const told = toldBy(s.failure.failure);
  const by = REFERRER.exec(told.azure ?? '')?.[1] ?? 'something in Azure';
  const message = {
    ...told,
    what: `Runtime is still referenced by ${by}.`,
    remedy: 'Remove the reference, and the deletion continues.',
  };
  return settle(progressing('ReferencedByOthers', message), dependencyBackoff(s.intervalMs));
};

/** `The document cannot be deleted since it is referenced by LS_X.` (recorded) */
const REFERRER = /referenced by ([\w-]{1,260}(?:, [\w-]{1,260}){0,9})/;

/** Whether a parent that was denied is there is asked of itself too; that can be as wrong, so that repetition decides. */
export const deniedParentIsConfirmed: Policy = (s) => {
  if (s.failure?.failure.kind !== 'parentNotFound') return undefined;
  const { failure } = s.failure;
  const { parent, definition, intervalMs } = s;
  const { kind } = s.desired.id.parent;
  if (definition?.presence === 'present' || parent === 'present') {
    const shown = definition?.presence === 'present' ? 'runtime' : kind;
    const contradiction = {
      ...toldBy(failure),
      what: `${missingParent(s, failure.what)} not found, but Azure shows the ${shown}.`,
      remedy: 'Read again until both answers agree.',
    };
    return settle(progressing('Deleting', contradiction), operationPoll(intervalMs));
  }
  if (parent === undefined) return { kind: 'Read', at: 'parent' };
  const left = PARENT_GONE_MS - absentFor(s, 'ParentAbsent');
  if (left <= 0 && parent !== 'unanswered') {
    return release(released.withParent(kind));
  }
  const doubt = {
    ...toldBy(failure),
    what: `${missingParent(s, failure.what)} not found.`,
    remedy:
      `The object goes once Azure has said so for ${PARENT_GONE_MS / MINUTE} minutes, since it sometimes denies what exists; ` +
      'if the runtime is seen again, it is deleted.',
  };
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

const SEEMS_GONE = {
  what: 'Runtime not found in Azure.',
  remedy: 'Read again in some seconds before the object goes, since Azure sometimes denies what exists.',
};

function seemedGone({ status }: Situation): boolean {
  return status.waitingSince?.reason === 'RuntimeAbsent';
}

/** Make sure another kind of runtime that has taken the name stays. */
export const otherTypeStays: Policy = ({ definition }) =>
  definition?.presence !== 'present' || definition.runtime.type === 'Managed' ? undefined : release(released.otherType);

/** Make sure the runtime is deleted. */
export const runtimeIsDeleted: Policy = () => ({ kind: 'Delete' });

/** Every remedy of an object whose deletion waits ends with the way out. */
export const withWayOut =
  (policy: Policy): Policy =>
  (s) => {
    const action = policy(s);
    if (action?.kind !== 'Settle') return action;
    const { verdict } = action;
    if (verdict.kind !== 'Decided' && verdict.kind !== 'Unconfirmed') return action;
    const { remedy = '' } = verdict.message;
    const wayOut =
      `To release the object but keep the runtime: kubectl patch azir ${s.object.name} -n ${s.object.namespace} ` +
      `--type merge -p '{"spec":{"deletionPolicy":"Retain"}}' (deletionPolicy: Retain).`;
    return { ...action, verdict: { ...verdict, message: { ...verdict.message, remedy: `${remedy} ${wayOut}` } } };
  };
