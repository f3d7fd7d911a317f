/**
 * With which identities Azure is asked, from what is configured. A part of the composition root, because Azure's adapter is
 * to know neither flags nor stores nor metrics, and each of these asks something of it.
 */

import { checkedTransport } from '../azure/arm/transport.ts';
import { limitsFor } from '../azure/budget/limits.ts';
import { AzureIdentities, type CredentialChange } from '../azure/identities.ts';
import { type Cloud, resolveCloud } from '../azure/identity/clouds.ts';
import type { Config } from '../config.ts';
import { describeGrants } from '../core/model/grants.ts';
import type { CredentialSink } from '../kube/credentials.ts';
import type { ObjectStore } from '../kube/objects/store.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/instruments.ts';
import { IntervalReport } from '../telemetry/log/stretch-report.ts';
import type { AzureRecorder } from '../telemetry/metrics/metrics.ts';
import type { Enqueuer } from '../triggers/feed.ts';

export interface IdentitiesOptions {
  readonly config: Config;
  readonly objects: ObjectStore;
  readonly feed: Enqueuer;
  readonly metrics: AzureRecorder;
  readonly clock: Clock;
  readonly log: Log;
  readonly isLeader: () => boolean;
  readonly signal: AbortSignal;
}

/** @throws Error that says what is wrong with the settings of the cloud. */
export function createIdentities(options: IdentitiesOptions): AzureIdentities {
  const { config, objects, feed, metrics, clock, log, isLeader, signal } = options;
  const { azure, azureCredential, operatorIdentityNamespaces, armBudgetShare } = config;
  const cloud = resolveCloud({
    cloud: azure.cloud,
    authorityHost: azure.authorityHost,
    endpoint: azure.resourceManagerEndpoint,
    audience: azure.resourceManagerAudience,
  });
  const stretches = new IntervalReport(log);
  const identities = new AzureIdentities({
    env: azure.credential,
    ownCredential: azureCredential,
    cloud,
    grants: operatorIdentityNamespaces,
    occupied: (namespace) => objects.inNamespace(namespace).length > 0,
    clock,
    wake: (key, urgency) => feed.budgetAvailable(key, urgency),
    relogged: (namespace) => feed.credentialChanged(namespace),
    changed: (runtime) => feed.runtimeChanged(runtime),
    log,
    metrics: {
      ...metrics,
      intervalFactorChanged: (factor, owner) => {
        metrics.intervalFactorChanged(factor, owner);
        stretches.tell(factor, owner);
      },
    },
    limits: limitsFor(armBudgetShare),
    httpClient: checkedTransport(isLeader),
    signal,
  });
  objects.subscribe((change) => {
    if (change.kind !== 'removed') return;
    identities.forget(change.before.key);
    identities.vacated(change.before.namespace);
  });
  introduce(identities, config, cloud, log);
  return identities;
}

function introduce(identities: AzureIdentities, config: Config, cloud: Cloud, log: Log): void {
  log.info('azure identity', {
    credential: identities.describe(),
    namespaces: describeGrants(config.operatorIdentityNamespaces),
    cloud: cloud.name,
    endpoint: cloud.endpoint,
    audience: cloud.audience,
    authority: cloud.authority,
  });
}

/** Gives each namespace the identity of its Secret, and has its objects looked at. */
export function credentialSink(identities: AzureIdentities, feed: Enqueuer, log: Log): CredentialSink {
  const renewed = (namespace: string, { changed, wrong, credential }: CredentialChange) => {
    if (!changed) return;
    log[wrong ? 'warn' : 'info']('azure credential of a namespace', { namespace, credential });
    feed.credentialChanged(namespace);
  };
  return {
    put: (namespace, credential) => renewed(namespace, identities.put(namespace, credential)),
    remove: (namespace) => renewed(namespace, identities.remove(namespace)),
  };
}
