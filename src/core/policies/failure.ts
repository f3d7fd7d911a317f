/** What a failed call to Azure means for the object: who must act, and when to look again. */
import type { Failure } from '../model/failure.ts';
import { isAutoResolve } from '../model/fields.ts';
import { isSameName } from '../model/letter-case.ts';
import { condition } from '../model/object.ts';
import {
  conflictBackoff,
  DENIAL_PASSES_MS,
  dependencyBackoff,
  heard,
  ROLE_SPREADS_MS,
  slowRetry,
  transientBackoff,
} from '../schedule.ts';
import { type Action, isDecided, type Policy, type Situation, type Verdict, waitingSince } from '../situation.ts';
import { networkIsWaitedFor } from './network.ts';
import { progressing, settle, stall, stalled, UNCHANGED, unknown } from './verdicts.ts';

/** Whether a failure mends itself, or may, so that nobody need be told at once. */
export function isTransient(failure: Failure): boolean {
  return leavesOpen(failure) || isDenial(failure);
}

/** Whether an attempt before it, of the same write, may have taken effect. */
function leavesOpen({ kind }: Failure): boolean {
  return ['credentialUnavailable', 'throttled', 'unavailable', 'preconditionFailed'].includes(kind);
}

/** Whether a failure may be over with the next answer, so that it does not shake at first what was decided. */
export function mayBeOver(failure: Failure): boolean {
  // What exists is denied now and then.
  return isTransient(failure) || failure.kind === 'parentNotFound';
}

type Denial = Extract<Failure, { kind: 'subscriptionNotFound' | 'credentialsInvalid' }>;

/** Whether it is a no that may be a yes a moment later. */
function isDenial(failure: Failure): boolean {
  return failure.kind === 'subscriptionNotFound' || (failure.kind === 'credentialsInvalid' && failure.mayPass === true);
}

/**
 * Make sure a failure is told to people, and that a create which did not happen holds nothing: what somebody else makes
 * under the name would be taken for ours.
 */
export const failureIsExplained: Policy = (s) => {
  if (s.failure === undefined) return undefined;
  const { failure, during, unclear = false } = s.failure;
  const unclaimed = s.object.hasFinalizer && s.status.claim === undefined;
  const refusedForGood = failure.kind === 'refused' || failure.kind === 'policyDenied';
  // Of the attempts before a failure that passes, one may have taken effect. Without its network the runtime was not even
  // tried to be made.
  // A 412 says that somebody else made it: what denied it before was wrong, or is by now. After an attempt of which the answer
  // was lost, it may have been that one.
  const isTaken = failure.kind === 'preconditionFailed';
  const unmade = during === 'network' || (during === 'create' && (isTaken || !leavesOpen(failure)));
  const mayBeMade = during === 'create' && unclear;
  if (unclaimed && !mayBeMade && (unmade || (refusedForGood && during !== 'poll'))) return { kind: 'RemoveFinalizer' };
  return explain(s, failure);
};

export function explain(s: Situation, failure: Failure): Action {
  const parent = s.desired.id.parent.kind;
  switch (failure.kind) {
    case 'parentNotFound':
      return parentIsMissed(s, failure);
    case 'subscriptionNotFound':
      return denied(
        s,
        failure,
        'SubscriptionNotFound',
        `${failure.message} Check spec.${parent}.subscriptionId, and that tenant and cloud of the credentials are the subscription's.${inUse(s)}`,
      );
    case 'forbidden':
      return forbidden(s, failure.message);
    case 'policyDenied':
      return stall(
        s,
        'PolicyDenied',
        `${failure.message} An Azure Policy refuses this: change the manifest or ask for an exemption.`,
      );
    case 'locked':
      return stall(
        s,
        'Locked',
        `${failure.message} It goes on by itself, slowly, once the lock is removed or the subscription is enabled again.`,
      );
    case 'credentialsInvalid':
      return denied(s, failure, 'CredentialsInvalid', `${failure.message}${inUse(s)}`);
    case 'refused':
      return refused(s, failure);
    case 'preconditionFailed':
      return contendedFor(s);
    case 'credentialUnavailable':
      return passing(s, 'CredentialUnavailable', failure.message);
    case 'throttled':
      // Who waits longer than an interval is woken by what it waits for.
      return passing(s, 'Throttled', failure.message, Math.min(failure.retryAfterMs, s.intervalMs));
    case 'unavailable':
      return passing(s, 'AzureUnavailable', failure.message, failure.retryAfterMs);
  }
}

/** A parent that was there is not missed for one interval, as with any failure that passes. */
function parentIsMissed(s: Situation, { what, message }: Extract<Failure, { kind: 'parentNotFound' }>): Action {
  const { now, intervalMs, status, failingSince = now } = s;
  const parent = s.desired.id.parent.kind;
  const reason = PARENT_NOT_FOUND[parent];
  const isTold = condition(status, 'Ready')?.reason === reason;
  if (isDecided(s) && !isTold && now - failingSince < intervalMs)
    return settle(UNCHANGED, dependencyBackoff(intervalMs));
  const advice = `Create the ${PARENT_IN_WORDS[what]}, or correct spec.${parent} in a new object.`;
  return settle(progressing(reason, `${message} ${advice}`), dependencyBackoff(intervalMs));
}

type Refused = Extract<Failure, { kind: 'refused' }>;

function refused(s: Situation, failure: Refused): Action {
  const { managedVirtualNetwork, fields, id } = s.desired;
  if (managedVirtualNetwork !== undefined && lacksNetwork(s, failure)) {
    return networkIsWaitedFor(s, managedVirtualNetwork.name);
  }
  const location = String(fields.get('location') ?? 'AutoResolve');
  const mayBeRegion = managedVirtualNetwork !== undefined && !isAutoResolve(location);
  const what = s.failure?.during === 'network' ? 'managed virtual network' : 'definition';
  return stall(
    s,
    'InvalidDefinition',
    `Azure refuses the ${what}: ${failure.message}${mayBeRegion ? regionAdvice(id.parent.kind) : ''} ` +
      'Correct the manifest, or what it refers to; it is tried again slowly.',
  );
}

/** A network that has just been made may not be seen by every part of Azure yet. */
function lacksNetwork({ desired }: Situation, { reference }: Refused): boolean {
  return reference !== undefined && isSameName(reference, desired.managedVirtualNetwork?.name);
}

function regionAdvice(parent: string): string {
  return ` A runtime in a managed virtual network is in the ${parent}'s own region: set spec.location to AutoResolve or to that region.`;
}

const PARENT_NOT_FOUND = { factory: 'FactoryNotFound', workspace: 'WorkspaceNotFound' } as const;
export const PARENT_IN_WORDS = { factory: 'factory', workspace: 'workspace', resourceGroup: 'resource group' } as const;

function forbidden(s: Situation, message: string): Action {
  const identity = s.access.granted ? s.access.identity : '';
  const advice =
    `${message} Assign a role with that action (README: Install it on a cluster) to ${identity} (tenant/client); ` +
    `an assignment takes minutes to spread.${inUse(s)}`;
  return s.now - waitingSince(s, 'Forbidden') < ROLE_SPREADS_MS
    ? settle(progressing('Forbidden', advice), dependencyBackoff(s.intervalMs))
    : settle(stalled('Forbidden', advice), slowRetry(s.intervalMs));
}

/** A no that may be a yes a moment later needs a person only once it has been repeated for minutes. */
function denied(s: Situation, failure: Denial, reason: string, message: string): Action {
  const { now, intervalMs, status } = s;
  const { since = now, at, notBefore = 0 } = failure;
  const isOwn = at === undefined;
  const lasted = (at ?? now) - Math.max(notBefore, Math.min(since, waitingSince(s, reason)));
  if (!isDenial(failure) || lasted >= DENIAL_PASSES_MS) {
    return settle(stalled(reason, message), isOwn ? slowRetry(intervalMs) : heard(intervalMs));
  }
  const next = isOwn ? dependencyBackoff(intervalMs) : heard(intervalMs);
  const standsAlready = condition(status, 'Ready')?.reason === reason;
  if (!isDecided(s) || standsAlready) return settle(progressing(reason, message), next);
  return settle(unshaken(s, reason, message, progressing(reason, message)), next);
}

/** Somebody wrote in between: nothing to tell, unless that does not end. */
function contendedFor(s: Situation): Action {
  const { now, intervalMs, failingSince = now } = s;
  if (now - failingSince < intervalMs) return settle(UNCHANGED, conflictBackoff(intervalMs));
  return passing(
    s,
    'AzureUnavailable',
    'Somebody else changes the runtime in Azure whenever it is about to be written.',
  );
}

/** Which credential met the failure: the wrong one may be in use. */
function inUse({ access }: Situation): string {
  return access.granted && access.credential !== undefined ? ` In use: ${access.credential}.` : '';
}

/**
 * A failure that mends itself does not shake what was decided about this generation: for one interval nothing is written,
 * then the object is marked once, and after three more intervals nothing is claimed to be known any longer.
 */
function passing(s: Situation, reason: string, message: string, retryAfterMs?: number): Action {
  const next = transientBackoff(s.intervalMs, retryAfterMs);
  const lost = unknown(reason, message);
  return settle(isDecided(s) ? unshaken(s, reason, message, lost) : lost, next);
}

function unshaken(s: Situation, reason: string, message: string, lost: Verdict): Verdict {
  const { now, intervalMs, status, failingSince = now } = s;
  const since = status.unconfirmedSince;
  if (since === undefined)
    return now - failingSince < intervalMs ? UNCHANGED : { kind: 'Unconfirmed', reason, message };
  return now - since < 3 * intervalMs ? UNCHANGED : lost;
}
