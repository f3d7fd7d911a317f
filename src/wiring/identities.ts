/** The identities with which Azure is called, from the configuration, and what happens when one of them changes. */
import { checkedTransport } from '../azure/arm/transport.ts';
import { limitsFor } from '../azure/budget/limits.ts';
import type { OwnWrites } from '../azure/changes/own-writes.ts';
import { AzureIdentities, type CredentialChange } from '../azure/identities.ts';
import { type Cloud, resolveCloud } from '../azure/identity/clouds.ts';
import type { Config } from '../config.ts';
import { compact } from '../core/model/compact.ts';
import { describeGrants } from '../core/model/grants.ts';
import type { CredentialSink } from '../kube/credentials.ts';
import type { ObjectStore } from '../kube/objects/store.ts';
import type { Log } from '../runtime/log.ts';
import { IntervalReport } from '../telemetry/log/interval-report.ts';
import type { Enqueuer } from '../triggers/enqueuer.ts';
import type { Base } from './base.ts';

export interface IdentitiesParts {
  readonly objects: ObjectStore;
  readonly enqueuer: Enqueuer;
  readonly isLeader: () => boolean;
  /** With a change queue only. */
  readonly ownWrites: OwnWrites | undefined;
}

/** @throws Error that says what is wrong with the settings of the cloud. */
export function createIdentities(base: Base, parts: IdentitiesParts): AzureIdentities {
  const { objects, enqueuer, isLeader, ownWrites } = parts;
  const { config, clock, log, signal } = base;
  const metrics = base.metrics.azure;
  const { azure, azureCredential, operatorIdentityNamespaces, armBudgetShare } = config;
  const cloud = cloudOf(config);
  const intervalReport = new IntervalReport(log);
  const identities = new AzureIdentities({
    env: azure.credential,
    ownCredential: azureCredential,
    cloud,
    grants: operatorIdentityNamespaces,
    occupied: (namespace) => objects.inNamespace(namespace).length > 0,
    clock,
    wake: (key, urgency) => enqueuer.budgetAvailable(key, urgency),
    relogged: (namespace) => enqueuer.credentialChanged(namespace),
    changed: (runtime) => enqueuer.runtimeChanged(runtime),
    log,
    metrics: {
      ...metrics,
      intervalFactorChanged: (factor, owner) => {
        metrics.intervalFactorChanged(factor, owner);
        intervalReport.changed(factor, owner);
      },
    },
    limits: limitsFor(armBudgetShare),
    httpClient: checkedTransport(isLeader),
    signal,
    ...compact({ ownWrites }),
  });
  objects.subscribe((change) => {
    if (change.kind !== 'removed') return;
    identities.forget(change.before.key);
    identities.vacated(change.before.namespace);
  });
  logIdentity(identities, config, cloud, log);
  return identities;
}

/** @throws Error that says what is wrong with its settings */
export function cloudOf({ azure }: Config): Cloud {
  return resolveCloud({
    cloud: azure.cloud,
    authorityHost: azure.authorityHost,
    endpoint: azure.resourceManagerEndpoint,
    audience: azure.resourceManagerAudience,
  });
}

function logIdentity(identities: AzureIdentities, config: Config, cloud: Cloud, log: Log): void {
  log.info('azure identity', {
    credential: identities.describe(),
    namespaces: describeGrants(config.operatorIdentityNamespaces),
    cloud: cloud.name,
    endpoint: cloud.endpoint,
    audience: cloud.audience,
    authority: cloud.authority,
  });
}

/** Gives each namespace the identity of its Secret, and queues its objects when that changes. */
export function credentialSink(identities: AzureIdentities, enqueuer: Enqueuer, log: Log): CredentialSink {
  const report = (namespace: string, { changed, wrong, credential }: CredentialChange) => {
    if (!changed) return;
    log[wrong ? 'warn' : 'info']('azure credential of a namespace', { namespace, credential });
    enqueuer.credentialChanged(namespace);
  };
  return {
    put: (namespace, credential) => report(namespace, identities.put(namespace, credential)),
    remove: (namespace) => report(namespace, identities.remove(namespace)),
  };
}
