/**
 * With which identities Azure is asked, from what is configured. A part of the composition root, because Azure's adapter is
 * to know neither flags nor stores nor metrics, and each of these asks something of it.
 */
import { type Cloud, resolveCloud } from '../azure/clouds.ts';
import { AzureIdentities, type Renewal } from '../azure/identities.ts';
import { allowancesFor } from '../azure/request-budget.ts';
import { checkedTransport } from '../azure/transport.ts';
import type { Config } from '../config.ts';
import { describeGrants } from '../core/grants.ts';
import type { CredentialSink } from '../kube/credentials.ts';
import type { Feed } from '../kube/feed.ts';
import type { ObjectStore } from '../kube/store.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/instruments.ts';
import type { AzureRecorder } from '../telemetry/metrics.ts';
import { StretchReport } from '../telemetry/stretch-report.ts';

export interface IdentitiesOptions {
  readonly config: Config;
  readonly objects: ObjectStore;
  readonly feed: Feed;
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
  const stretches = new StretchReport(log);
  const identities = new AzureIdentities({
    env: azure.credential,
    ownCredential: azureCredential,
    cloud,
    grants: operatorIdentityNamespaces,
    occupied: (namespace) => objects.inNamespace(namespace).length > 0,
    clock,
    wake: (key, urgency) => feed.woken(key, urgency),
    relogged: (namespace) => feed.credentialChanged(namespace),
    changed: (runtime) => feed.runtimeChanged(runtime),
    log,
    metrics: {
      ...metrics,
      intervalStretched: (factor, owner) => {
        metrics.intervalStretched(factor, owner);
        stretches.tell(factor, owner);
      },
    },
    allowances: allowancesFor(armBudgetShare),
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
export function credentialSink(identities: AzureIdentities, feed: Feed, log: Log): CredentialSink {
  const renewed = (namespace: string, { changed, wrong, credential }: Renewal) => {
    if (!changed) return;
    log[wrong ? 'warn' : 'info']('azure credential of a namespace', { namespace, credential });
    feed.credentialChanged(namespace);
  };
  return {
    put: (namespace, credential) => renewed(namespace, identities.put(namespace, credential)),
    remove: (namespace) => renewed(namespace, identities.remove(namespace)),
  };
}
