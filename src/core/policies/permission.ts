/** Before anything is asked of Azure: may this object act at all, and as whom? */
import { visible } from '../../api/visible.ts';
import type { ManagedObject } from '../model/object.ts';
import { dependencyBackoff, NEVER } from '../schedule.ts';
import { managing, otherOwner, type Policy } from '../situation.ts';
import { progressing, settle, stall } from './verdicts.ts';

/** Make sure a suspended object causes no call at all. */
export const suspended: Policy = ({ desired }) => (desired.suspend ? settle({ kind: 'Suspended' }, NEVER) : undefined);

/** Make sure an object reaches Azure only with an identity that its namespace may use. */
export const identityIsGranted: Policy = (s) =>
  s.access.granted ? undefined : stall(s, 'CredentialsInvalid', s.access.message);

/** Make sure a runtime claimed under one identity is not silently managed under another. */
export const identityIsTheClaims: Policy = (s) => {
  const { access, status, object, desired } = s;
  if (!access.granted || status.claim === undefined || !managing(desired)) return undefined;
  const { identity } = access;
  if (status.claim.identity === identity || object.requests.acceptIdentity === identity) return undefined;
  const given = object.requests.acceptIdentity;
  const rejected =
    given === undefined ? '' : ` The annotation is now "${visible(given)}", which is not the new identity.`;
  return stall(s, 'CredentialsInvalid', {
    what: 'Runtime was claimed under a different Azure identity than that of the current credential.',
    remedy:
      'Restore the previous credential, or accept the new identity with the annotation azure-ir.io/accept-identity.',
    ids:
      `Run: kubectl annotate azir ${object.name} -n ${object.namespace} --overwrite azure-ir.io/accept-identity=${identity} ` +
      `(previous identity: ${status.claim.identity}).${rejected}`,
  });
};

/** Make sure one object at most writes to a runtime; the others hold nothing, so that they can be deleted at any time. */
export const belongsToThisObject: Policy = (s) => {
  const { object, access, intervalMs } = s;
  const owner = otherOwner(s);
  if (owner === undefined) return undefined;
  if (object.hasFinalizer) return { kind: 'RemoveFinalizer' };
  // Without an identity it could not take over: that is told first.
  if (!access.granted) return undefined;
  return owner.deleting
    ? settle(
        progressing('OwnedByAnother', {
          what: `Runtime is still managed by ${owner.key}, which is being deleted.`,
          remedy: 'Takes over automatically once that object is gone.',
        }),
        dependencyBackoff(intervalMs),
      )
    : stall(s, 'OwnedByAnother', {
        what: isWaitedForInVain(owner)
          ? `${owner.key} declares the same runtime, was there first, and is suspended.`
          : `Runtime is already managed by ${owner.key}.`,
        remedy:
          'Delete one of the two objects, or set spec.managementPolicy: Observe here. ' +
          'Takes over automatically once that object is deleted.',
      });
};

/** An owner that has claimed nothing, and does nothing. */
function isWaitedForInVain({ spec, status }: ManagedObject): boolean {
  return status.claim === undefined && spec.valid && spec.desired.suspend;
}

/**
 * Make sure an object that only observes can be deleted at any time. The mark of a create that nobody has seen yet goes with the
 * finalizer: what was made is adopted if the object manages again, and stays then when it goes.
 */
export const observerHasNoFinalizer: Policy = ({ object, desired }) =>
  !managing(desired) && object.hasFinalizer ? { kind: 'RemoveFinalizer' } : undefined;
