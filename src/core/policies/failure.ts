/** What a failed call to Azure means for the object: who must act, and when to try again. One policy for each kind. */
import type { ReadyReason } from '../../api/names.ts';
import { compact } from '../model/compact.ts';
import { type Denial, type Failure, isTemporaryDenial, mayHaveWritten } from '../model/failure.ts';
import { isAutoResolve } from '../model/fields.ts';
import { isSameName } from '../model/letter-case.ts';
import { condition } from '../model/object.ts';
import {
  ANSWER_LASTS_MS,
  conflictBackoff,
  DENIAL_PASSES_MS,
  dependencyBackoff,
  heard,
  ROLE_SPREADS_MS,
  slowRetry,
  transientBackoff,
} from '../schedule.ts';
import { type Action, isDecided, type Policy, type Situation, type Verdict } from '../situation.ts';
import { type RepeatedAnswer, waitingSince } from '../waits.ts';
import { networkIsWaitedFor } from './network.ts';
import { progressing, settle, stall, stalled, UNCHANGED, unknown } from './verdicts.ts';

type Kind = Failure['kind'];
type Of<K extends Kind> = Extract<Failure, { kind: K }>;

/** A policy that answers only to this kind of failure. */
function upon<K extends Kind>(kind: K, answer: (s: Situation, failure: Of<K>) => Action | undefined): Policy {
  return (s) => (s.failure?.failure.kind === kind ? answer(s, s.failure.failure as Of<K>) : undefined);
}

/** A create that did not happen keeps no finalizer: what another writer makes under the name would be taken for ours. */
export const failedCreateKeepsNoFinalizer: Policy = (s) => {
  if (s.failure === undefined || !s.object.hasFinalizer || s.status.claim !== undefined) return undefined;
  const { failure, during, unclear = false } = s.failure;
  const refusedForGood = ['refused', 'policyDenied', 'notOffered'].includes(failure.kind);
  // Of the attempts before a transient failure, one may have taken effect. Without its network, no create of the runtime was
  // even tried. A 412 says that another writer created it: what denied it before was wrong, or is by now. After an attempt
  // whose answer was lost, that may have been us.
  const isTaken = failure.kind === 'preconditionFailed';
  const mayBeMade = during === 'create' && unclear;
  const unmade = during === 'network' || (during === 'create' && (isTaken || !mayHaveWritten(failure)));
  return !mayBeMade && (unmade || (refusedForGood && during !== 'poll')) ? { kind: 'RemoveFinalizer' } : undefined;
};

export const subscriptionIsFound = upon('subscriptionNotFound', (s, failure) =>
  denied(
    s,
    failure,
    'SubscriptionNotFound',
    `${failure.message} Check spec.${s.desired.id.parent.kind}.subscriptionId, and that the credential's tenant and AZURE_CLOUD match the subscription.${inUse(s)}`,
  ),
);

export const credentialIsAccepted = upon('credentialsInvalid', (s, failure) =>
  denied(s, failure, 'CredentialsInvalid', `${failure.message}${inUse(s)}`),
);

export const azurePolicyAllows = upon('policyDenied', (s, { message }) =>
  stall(s, 'PolicyDenied', `${message} Denied by Azure Policy: change the spec or request an exemption.`),
);

export const providerIsRegistered = upon('notOffered', (s, { advice, message }) =>
  stall(s, 'ProviderNotRegistered', `${sentence(advice)} Azure: ${message}`),
);

export const readIsAccepted = upon('readRefused', (s, { message }) => {
  const { kind } = s.desired.id.parent;
  return stall(
    s,
    'RequestRefused',
    `Azure refuses to read the runtime or its ${kind}. Check spec.${kind} and AZURE_CLOUD; retried with back-off. Azure: ${message}`,
  );
});

/** A command stays as one can paste it. */
function sentence(advice: string): string {
  return advice.endsWith('.') ? advice : `${advice} (retried with back-off).`;
}

export const scopeIsUnlocked = upon('locked', (s, { message }) =>
  stall(s, 'Locked', `${message} Retried automatically once the lock is removed or the subscription is enabled again.`),
);

/** Another writer was faster: nothing to say, unless that does not end. */
export const conflictIsRetried = upon('preconditionFailed', (s) => {
  const { now, intervalMs, failingSince = now } = s;
  if (now - failingSince < intervalMs) return settle(UNCHANGED, conflictBackoff(intervalMs));
  return transient(s, 'AzureUnavailable', 'Another writer changes the runtime in Azure before each write; retrying.');
});

export const credentialIsAvailable = upon('credentialUnavailable', (s, { message }) =>
  transient(s, 'CredentialUnavailable', message),
);

/** A pass that waits longer than an interval is woken by what it waits for. */
export const throttlingIsAwaited = upon('throttled', (s, { message, retryAfterMs }) =>
  transient(s, 'Throttled', message, Math.min(retryAfterMs, s.intervalMs)),
);

/** What lasts for an hour with the same answer is told as lasting. Only a refusal of Azure Resource Manager needs a person. */
export const outageIsAwaited = upon('unavailable', (s, { message, retryAfterMs, answer }) => {
  if (answer === undefined) return transient(s, 'AzureUnavailable', message, retryAfterMs);
  const clock = `AzureUnavailable-${answer.name}` as const;
  const lasts = s.now - waitingSince(s, clock) >= ANSWER_LASTS_MS;
  const told = lasts ? `For an hour or longer: ${message}` : message;
  if (lasts && answer.isRefusal) {
    const { kind } = s.desired.id.parent;
    const advice = `Azure refuses the request. Check spec.${kind}, AZURE_CLOUD and what is between operator and Azure. ${told}`;
    return settle({ ...stalled('RequestRefused', advice), clock }, slowRetry(s.intervalMs));
  }
  return transient(s, 'AzureUnavailable', told, retryAfterMs, clock);
});

/** A parent that was there is not missed for one interval, as with any transient failure. */
export const parentIsFound = upon('parentNotFound', (s, { what, message }) => {
  const { now, intervalMs, status, failingSince = now } = s;
  const parent = s.desired.id.parent.kind;
  const reason = PARENT_NOT_FOUND[parent];
  const isTold = condition(status, 'Ready')?.reason === reason;
  if (isDecided(s) && !isTold && now - failingSince < intervalMs)
    return settle(UNCHANGED, dependencyBackoff(intervalMs));
  const advice = `Create the ${PARENT_IN_WORDS[what]}, or delete this object and re-create it with the correct spec.${parent}.${isNothingMade(s) ? ' Nothing exists in Azure yet.' : ''}`;
  return settle(progressing(reason, `${message} ${advice}`), dependencyBackoff(intervalMs));
});

function isNothingMade({ object, status }: Situation): boolean {
  return status.claim === undefined && !object.hasFinalizer;
}

/** A network that has just been created may not be seen by every part of Azure yet. */
export const referencedNetworkIsAwaited = upon('refused', (s, { reference }) => {
  const name = s.desired.managedVirtualNetwork?.name;
  if (name === undefined || reference === undefined || !isSameName(reference, name)) return undefined;
  return networkIsWaitedFor(s, name);
});

export const definitionIsAccepted = upon('refused', (s, failure) => {
  const { managedVirtualNetwork, fields, id } = s.desired;
  const location = String(fields.get('location') ?? 'AutoResolve');
  const mayBeRegion = managedVirtualNetwork !== undefined && !isAutoResolve(location);
  const what = s.failure?.during === 'network' ? 'managed virtual network' : 'definition';
  return stall(
    s,
    'InvalidDefinition',
    `Azure rejected the ${what}: ${failure.message}${mayBeRegion ? regionAdvice(id.parent.kind) : ''} ` +
      'Fix the spec, or what it refers to; retried with back-off.',
  );
});

function regionAdvice(parent: string): string {
  return ` A runtime in a managed virtual network is in the ${parent}'s own region: set spec.location to AutoResolve or to that region.`;
}

const PARENT_NOT_FOUND = { factory: 'FactoryNotFound', workspace: 'WorkspaceNotFound' } as const;
export const PARENT_IN_WORDS = { factory: 'factory', workspace: 'workspace', resourceGroup: 'resource group' } as const;

export const roleIsAssigned = upon('forbidden', (s, { message }) => {
  const identity = s.access.granted ? s.access.identity : '';
  const advice =
    `${message} Assign a role with this action to ${identity} (tenant/client); ` +
    `propagation takes a few minutes.${inUse(s)}`;
  return s.now - waitingSince(s, 'Forbidden') < ROLE_SPREADS_MS
    ? settle(progressing('Forbidden', advice), dependencyBackoff(s.intervalMs))
    : settle(stalled('Forbidden', advice), slowRetry(s.intervalMs));
});

/** A no that may be a yes a moment later needs a person only once it has been repeated for minutes. */
function denied(s: Situation, failure: Denial, reason: ReadyReason, message: string): Action {
  const { now, intervalMs, status } = s;
  const { since = now, at, notBefore = 0 } = failure;
  const isOwn = at === undefined;
  const lasted = (at ?? now) - Math.max(notBefore, Math.min(since, waitingSince(s, reason)));
  if (!isTemporaryDenial(failure) || lasted >= DENIAL_PASSES_MS) {
    return settle(stalled(reason, message), isOwn ? slowRetry(intervalMs) : heard(intervalMs));
  }
  const next = isOwn ? dependencyBackoff(intervalMs) : heard(intervalMs);
  const standsAlready = condition(status, 'Ready')?.reason === reason;
  if (!isDecided(s) || standsAlready) return settle(progressing(reason, message), next);
  return settle(unshaken(s, reason, message, progressing(reason, message)), next);
}

/** Which credential met the failure: the wrong one may be in use. */
function inUse({ access }: Situation): string {
  return access.granted && access.credential !== undefined ? ` In use: ${access.credential}.` : '';
}

/**
 * A transient failure does not change what was decided about this generation: for one interval nothing is written,
 * then the object is marked once, and after three more intervals nothing is claimed to be known any longer.
 */
function transient(
  s: Situation,
  reason: ReadyReason,
  message: string,
  retryAfterMs?: number,
  clock?: RepeatedAnswer,
): Action {
  const next = transientBackoff(s.intervalMs, retryAfterMs);
  const lost = { ...unknown(reason, message), ...compact({ clock }) };
  return settle(isDecided(s) ? unshaken(s, reason, message, lost) : lost, next);
}

function unshaken(s: Situation, reason: ReadyReason, message: string, lost: Verdict): Verdict {
  const { now, intervalMs, status, failingSince = now } = s;
  const since = status.unconfirmedSince;
  if (since === undefined)
    return now - failingSince < intervalMs ? UNCHANGED : { kind: 'Unconfirmed', reason, message };
  return now - since < 3 * intervalMs ? UNCHANGED : lost;
}
