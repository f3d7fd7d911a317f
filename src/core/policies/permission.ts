/** Before anything is asked of Azure: may this object act at all, and as whom? */
import { identityRejected } from '../events.ts';
import { ownerOf } from '../model/ownership.ts';
import { dependencyBackoff, NEVER } from '../schedule.ts';
import { managing, type Policy } from '../situation.ts';
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
  const rejected = given === undefined ? '' : ` ${identityRejected(given, identity)}`;
  return stall(
    s,
    'CredentialsInvalid',
    `Runtime is managed as ${status.claim.identity}, but the credential is now ${identity}. Restore the former, or run: ` +
      `kubectl annotate azir ${object.name} -n ${object.namespace} azure-ir.io/accept-identity=${identity}${rejected}`,
  );
};

/** Make sure one object at most writes to a runtime; the others hold nothing, so that they can be deleted at any time. */
export const belongsToThisObject: Policy = (s) => {
  const { object, contenders, desired, intervalMs } = s;
  if (!managing(desired)) return undefined;
  const owner = ownerOf([object, ...contenders]);
  if (owner === undefined || owner.uid === object.uid) return undefined;
  if (object.hasFinalizer) return { kind: 'RemoveFinalizer' };
  return owner.deleting
    ? settle(
        progressing('OwnedByAnother', `Waiting for ${owner.key}, which is being deleted, to hand the runtime over.`),
        dependencyBackoff(intervalMs),
      )
    : stall(
        s,
        'OwnedByAnother',
        `Runtime is already managed by ${owner.key}. Delete one of the two, or set managementPolicy: Observe here. ` +
          'Takes over automatically once that object is deleted.',
      );
};

/** Make sure an object that only observes can be deleted at any time. */
export const observerHasNoFinalizer: Policy = ({ object, desired }) =>
  !managing(desired) && object.hasFinalizer ? { kind: 'RemoveFinalizer' } : undefined;
