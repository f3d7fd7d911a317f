/** What a failed call to Azure means for the object: who must act, and when to try again. One policy for each kind. */
import type { ReadyReason } from '../../api/names.ts';
import { compact } from '../model/compact.ts';
import { type Denial, type Failure, isTemporaryDenial, mayHaveWritten, toldBy } from '../model/failure.ts';
import { isAutoResolve } from '../model/fields.ts';
import { isSameName } from '../model/letter-case.ts';
import { type Advice, RETRIED, RETRIED_LATER } from '../model/message.ts';
import { condition } from '../model/object.ts';
import { parentInWords } from '../model/runtime.ts';
import {
  ANSWER_LASTS_MS,
  conflictBackoff,
  DENIAL_PASSES_MS,
  dependencyBackoff,
  heard,
  PARENT_MISSED_MS,
  ROLE_SPREADS_MS,
  transientBackoff,
} from '../schedule.ts';
import { type Action, isDecided, type Policy, type Situation, type Verdict } from '../situation.ts';
import { isHealthNews } from '../status/conditions.ts';
import { type RepeatedAnswer, waitingSince } from '../waits.ts';
import { networkIsWaitedFor } from './network.ts';
import { awaited, nextPass, progressing, settle, stall, stalled, UNCHANGED, unknown } from './verdicts.ts';

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
  if (mayBeMade || !(unmade || (refusedForGood && during !== 'poll'))) return undefined;
  // Whatever the manifest says by now: only this pass knows that the mark tells of nothing.
  return { kind: 'RemoveFinalizer', evenIfChanged: true };
};

export const subscriptionIsFound = upon('subscriptionNotFound', (s, failure) => {
  const { kind, subscriptionId } = s.desired.id.parent;
  return denied(s, failure, 'SubscriptionNotFound', {
    ...toldBy(failure),
    remedy: `Check spec.${kind}.subscriptionId, and that the credential's tenant and AZURE_CLOUD match the subscription. To correct the id, delete this object and apply it again.`,
    ids: `Subscription: ${subscriptionId}. ${identity(s)}`,
  });
});

export const credentialIsAccepted = upon('credentialsInvalid', (s, failure) =>
  denied(s, failure, 'CredentialsInvalid', {
    remedy: 'Check the credential: tenant id, client id, and its secret, certificate or federated credential.',
    ...toldBy(failure),
    ids: identity(s),
  }),
);

export const azurePolicyAllows = upon('policyDenied', (s, failure) =>
  stall(s, 'PolicyDenied', {
    ...toldBy(failure),
    remedy: `Change the spec, or request an exemption from the policy ${RETRIED}.`,
  }),
);

export const providerIsRegistered = upon('notOffered', (s, failure) =>
  stall(s, 'ProviderNotRegistered', { ...toldBy(failure), remedy: failure.remedy }),
);

export const readIsAccepted = upon('readRefused', (s, failure) => {
  const { kind } = s.desired.id.parent;
  return stall(s, 'RequestRefused', {
    ...toldBy(failure),
    remedy: `Check spec.${kind}, spec.azureName and AZURE_CLOUD ${RETRIED}.`,
  });
});

export const scopeIsUnlocked = upon('locked', (s, failure) =>
  stall(s, 'Locked', {
    remedy: `Remove the lock; to find it: az lock list --resource-group "${s.desired.id.parent.resourceGroup}" ${RETRIED}.`,
    ...toldBy(failure),
  }),
);

/** Another writer was faster: nothing to say, unless that does not end. */
export const conflictIsRetried = upon('preconditionFailed', (s) => {
  const { now, intervalMs, failingSince = now } = s;
  if (now - failingSince < intervalMs) return settle(UNCHANGED, conflictBackoff(intervalMs));
  return transient(s, 'AzureUnavailable', {
    what: 'Another writer changes the runtime in Azure before each write of the operator.',
    remedy: "Retrying; if this persists, look for that writer in Azure's activity log.",
  });
});

export const credentialIsAvailable = upon('credentialUnavailable', (s, failure) =>
  transient(s, 'CredentialUnavailable', {
    remedy:
      'Retrying; if this persists, check that the operator can reach the authority (DNS, proxy, network policies).',
    ...toldBy(failure),
  }),
);

/** A pass that waits longer than an interval is woken by what it waits for. */
export const throttlingIsAwaited = upon('throttled', (s, failure) =>
  transient(
    s,
    'Throttled',
    {
      remedy: 'Retrying; if this persists, set a longer spec.interval, or look for other clients of this identity.',
      ...toldBy(failure),
    },
    Math.min(failure.retryAfterMs, s.intervalMs),
  ),
);

/** What lasts for an hour with the same answer is told as lasting. Only a refusal of Azure Resource Manager needs a person. */
export const outageIsAwaited = upon('unavailable', (s, failure) => {
  const { retryAfterMs, answer } = failure;
  const told = { remedy: OUTAGE_PASSES, ...toldBy(failure) };
  if (answer === undefined) return transient(s, 'AzureUnavailable', told, retryAfterMs);
  const clock = `AzureUnavailable-${answer.name}` as const;
  const lasts = s.now - waitingSince(s, clock) >= ANSWER_LASTS_MS;
  const lasting = lasts ? { ...told, what: `For over an hour: ${told.what}` } : told;
  if (lasts && answer.isRefusal) {
    const remedy = `Check spec.${s.desired.id.parent.kind}, AZURE_CLOUD, and any proxy between the operator and Azure ${RETRIED_LATER}.`;
    return settle({ ...stalled('RequestRefused', { ...lasting, remedy }), clock }, nextPass(s));
  }
  return transient(s, 'AzureUnavailable', lasting, retryAfterMs, clock);
});

const OUTAGE_PASSES =
  "Retrying; if this persists, check https://status.azure.com and the operator's network path to Azure (DNS, proxy, network policies).";

/** A parent that was there is not missed for one interval, as with any transient failure; but people hear of it within minutes. */
export const parentIsFound = upon('parentNotFound', (s, failure) => {
  const { now, intervalMs, status, failingSince = now } = s;
  const parent = s.desired.id.parent.kind;
  const reason = PARENT_NOT_FOUND[parent];
  const isTold = condition(status, 'Ready')?.reason === reason;
  if (isDecided(s) && !isTold && now - failingSince < Math.min(intervalMs, PARENT_MISSED_MS))
    return settle(UNCHANGED, dependencyBackoff(intervalMs));
  const missing = { ...toldBy(failure), what: `${missingParent(s, failure.what)} not found.` };
  const isNew = s.status.claim === undefined && !s.object.hasFinalizer;
  const remedy =
    `Create it, or delete this object and apply it again with the correct spec.${parent}` +
    (isNew ? ' (nothing exists in Azure yet).' : '.');
  return settle(awaited(s, reason, { ...missing, remedy }), dependencyBackoff(intervalMs));
});

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
  // Where the call knows what to do, it knows what is wrong.
  const isKnown = failure.azure === undefined || failure.remedy !== undefined;
  const named = failure.reference === undefined ? '' : `: it refers to "${failure.reference}", which does not exist`;
  const remedy = failure.remedy ?? `Fix the spec, or what it refers to ${RETRIED}.`;
  return stall(s, 'InvalidDefinition', {
    ...toldBy(failure),
    what: isKnown ? failure.message : `Azure rejected the ${what}${named}.`,
    remedy: `${remedy}${mayBeRegion ? regionAdvice(id.parent.kind) : ''}`,
  });
});

function regionAdvice(parent: string): string {
  return ` A runtime in a managed virtual network is in the ${parent}'s own region: set spec.location to AutoResolve or to that region.`;
}

const PARENT_NOT_FOUND = { factory: 'FactoryNotFound', workspace: 'WorkspaceNotFound' } as const;

/** What Azure says is missing, by its name. */
export function missingParent({ desired }: Situation, what: 'factory' | 'workspace' | 'resourceGroup'): string {
  const { parent } = desired.id;
  const group = `resource group "${parent.resourceGroup}"`;
  return what === 'resourceGroup' ? `R${group.slice(1)}` : `${parentInWords(parent)} in ${group}`;
}

export const roleIsAssigned = upon('forbidden', (s, failure) => {
  const message = {
    ...toldBy(failure),
    remedy: `Assign it a role with this action on ${parentInWords(s.desired.id.parent)} (docs/azure-role.md); propagation takes a few minutes.`,
    ids: identity(s),
  };
  return s.now - waitingSince(s, 'Forbidden') < ROLE_SPREADS_MS
    ? settle(progressing('Forbidden', message), dependencyBackoff(s.intervalMs))
    : settle(stalled('Forbidden', message), nextPass(s));
});

/** A no that may be a yes a moment later needs a person only once it has been repeated for minutes. */
function denied(s: Situation, failure: Denial, reason: ReadyReason, message: Advice): Action {
  const { now, intervalMs, status } = s;
  const { since = now, at, notBefore = 0 } = failure;
  const isOwn = at === undefined;
  const lasted = (at ?? now) - Math.max(notBefore, Math.min(since, waitingSince(s, reason)));
  if (!isTemporaryDenial(failure) || lasted >= DENIAL_PASSES_MS) {
    return settle(stalled(reason, message), isOwn ? nextPass(s) : heard(intervalMs));
  }
  const next = isOwn ? dependencyBackoff(intervalMs) : heard(intervalMs);
  const standsAlready = condition(status, 'Ready')?.reason === reason;
  if (!isDecided(s) || standsAlready) return settle(progressing(reason, message), next);
  return settle(unshaken(s, reason, message, progressing(reason, message)), next);
}

/** Which credential met the failure: the wrong one may be in use. */
function identity({ access }: Situation): string {
  if (!access.granted) return '';
  return `Identity: ${access.identity}${access.credential === undefined ? '' : ` (${access.credential})`}.`;
}

/**
 * A transient failure does not change what was decided about this generation: for one interval nothing is written,
 * then the object is marked once, and after three more intervals nothing is claimed to be known any longer. Where Azure asks
 * to wait for longer than an interval it is marked at once: no pass comes meanwhile.
 */
function transient(
  s: Situation,
  reason: ReadyReason,
  message: Advice,
  retryAfterMs = 0,
  clock?: RepeatedAnswer,
): Action {
  const next = transientBackoff(s.intervalMs, retryAfterMs);
  const lost = { ...unknown(reason, message), ...compact({ clock }) };
  return settle(isDecided(s) ? unshaken(s, reason, message, lost, retryAfterMs) : lost, next);
}

function unshaken(s: Situation, reason: ReadyReason, message: Advice, lost: Verdict, retryAfterMs = 0): Verdict {
  const { now, intervalMs, status, failingSince = now } = s;
  // A write failed, and the state was read after it.
  if (isHealthNews(s)) return lost;
  const since = status.unconfirmedSince;
  if (since === undefined) {
    const isBrief = now - failingSince < intervalMs && retryAfterMs <= intervalMs;
    return isBrief ? UNCHANGED : { kind: 'Unconfirmed', reason, message };
  }
  return now - since < 3 * intervalMs ? UNCHANGED : lost;
}
