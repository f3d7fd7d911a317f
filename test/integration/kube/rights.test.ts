/**
 * What the operator may do in the cluster, verb by verb: an account that lacks one of them cannot do what the operator does
 * with it. So none is missing, and none is granted that nothing needs.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { createKubeClient, type KubeClient } from '../../../src/kube/client/client.ts';
import { KubeError } from '../../../src/kube/client/errors.ts';
import { runCredentialWatch } from '../../../src/kube/credentials.ts';
import { createEvents } from '../../../src/kube/events/events.ts';
import { createLeaseStore } from '../../../src/kube/lease/lease.ts';
import type { ParsedObject } from '../../../src/kube/objects/codec.ts';
import { runWatch } from '../../../src/kube/objects/object-watch.ts';
import { createObjects } from '../../../src/kube/objects/objects.ts';
import { ObjectStore } from '../../../src/kube/objects/store.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import type { LeaseStore } from '../../../src/runtime/elector.ts';
import type { Log } from '../../../src/runtime/log.ts';
import { RecordedLog } from '../../unit/runtime/recorded-log.ts';
import { CONTROL_PLANE, kubectl, newNamespace, run } from '../support/kubectl.ts';
import { create, eventually, KIND } from './harness.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const ROLES = new URL('../../../deploy/kustomize/rbac.yaml', import.meta.url);
const rules: readonly Rule[] = parseAllDocuments(await readFile(ROLES, 'utf8'))
  .map((document) => document.toJS())
  .filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role')
  .flatMap((role) => role.rules);
const grants = rules.flatMap(({ resources, verbs }) => resources.flatMap((to) => verbs.map((verb) => `${verb} ${to}`)));

/** The rules with this grant taken away. */
function without(grant: string): Rule[] {
  const single = rules.flatMap((rule) => rule.resources.map((resource) => ({ ...rule, resources: [resource] })));
  return single
    .map((rule) => ({ ...rule, verbs: rule.verbs.filter((verb) => `${verb} ${rule.resources[0]}` !== grant) }))
    .filter(({ verbs }) => verbs.length > 0);
}

/** What somebody tries, as an account of the namespace that the object is in. */
interface Trial {
  readonly client: KubeClient;
  readonly object: ParsedObject;
  readonly log: Log;
  /** Aborts when the trial is over. */
  readonly signal: AbortSignal;
}

const metrics = { kubernetesWrite() {} };
const objects = ({ client }: Trial) => createObjects({ client, store: new ObjectStore(), metrics });

async function seesObjects(trial: Trial): Promise<void> {
  const { object } = trial;
  const store = new ObjectStore();
  const changed = Promise.withResolvers<void>();
  store.subscribe((change) => {
    if (change.kind === 'updated' && change.after.requests.reconcile === 'now') changed.resolve();
  });
  await runWatch({ ...trial, clock: systemClock, store }).listed;
  await kubectl(['annotate', KIND, object.name, '-n', object.namespace, 'azure-ir.io/reconcile=now']);
  await changed.promise;
}

async function seesCredentials(trial: Trial): Promise<void> {
  const { namespace } = trial.object;
  const removed = Promise.withResolvers<void>();
  const sink = {
    put() {},
    remove: (from: string) => {
      if (from === namespace) removed.resolve();
    },
  };
  await kubectl(['create', 'secret', 'generic', 'azure-ir-credential', '-n', namespace]);
  await runCredentialWatch({ ...trial, clock: systemClock, sink }).listed;
  await kubectl(['delete', 'secret', 'azure-ir-credential', '-n', namespace]);
  await removed.promise;
}

const LEASE = 'azure-ir-operator';
const HELD = { holder: 'operator-0', durationMs: 15_000, acquiredAt: 0, renewedAt: 0, transitions: 0 };

/** Of the trial's namespace, where there is no lease yet. */
async function leases(trial: Trial): Promise<LeaseStore> {
  const { namespace } = trial.object;
  await kubectl(['delete', 'lease', LEASE, '-n', namespace, '--ignore-not-found']);
  return createLeaseStore({ ...trial, clock: systemClock, namespace, name: LEASE });
}

async function letLeaseExist({ object: { namespace } }: Trial): Promise<string> {
  const stdin = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: LEASE, namespace } };
  const version = '-o=jsonpath={.metadata.resourceVersion}';
  return kubectl(['create', '-f', '-', version], { stdin });
}

async function seesLease(trial: Trial): Promise<void> {
  const [listed, shown] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const store = await leases(trial);
  void store.watch((stored) => (stored === undefined ? listed : shown).resolve(), trial.signal);
  await listed.promise;
  await letLeaseExist(trial);
  await shown.promise;
}

const EVENT = { type: 'Normal', reason: 'Created', message: 'made it' } as const;
const eventsOf = (trial: Trial) => createEvents({ ...trial, clock: systemClock, metrics, instance: 'operator-0' });

async function tellsOnce(trial: Trial): Promise<void> {
  await eventsOf(trial).publish(trial.object, EVENT);
}

async function tellsAgain(trial: Trial): Promise<void> {
  const events = eventsOf(trial);
  for (let i = 0; i < 2; i++) await events.publish(trial.object, EVENT);
}

/** For each grant, what the operator does with it. */
const USES: Readonly<Record<string, (trial: Trial) => Promise<unknown>>> = {
  'get azureintegrationruntimes': (trial) => objects(trial).confirm(trial.object, trial.signal),
  'list azureintegrationruntimes': seesObjects,
  'watch azureintegrationruntimes': seesObjects,
  'patch azureintegrationruntimes': (trial) => objects(trial).addFinalizer(trial.object, 'Created', trial.signal),
  'patch azureintegrationruntimes/status': (trial) =>
    objects(trial).updateStatus(trial.object, { ...trial.object.status, state: 'Online' }, trial.signal),
  'list secrets': seesCredentials,
  'watch secrets': seesCredentials,
  'create events': tellsOnce,
  'patch events': tellsAgain,
  'get leases': async (trial) => (await leases(trial)).read(trial.signal),
  'list leases': seesLease,
  'watch leases': seesLease,
  'create leases': async (trial) => (await leases(trial)).write(HELD, undefined, trial.signal),
  'patch leases': async (trial) => (await leases(trial)).write(HELD, await letLeaseExist(trial), trial.signal),
};

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'rights-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** A service account of the namespace, with these rights everywhere, as the file of its kubeconfig. */
async function account(namespace: string, granted: readonly Rule[]): Promise<string> {
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: namespace } };
  const subject = { kind: 'ServiceAccount', name: 'tried', namespace };
  const items = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: subject.name, namespace } },
    { ...rbac, kind: 'ClusterRole', rules: [...granted, MARK] },
    {
      ...rbac,
      kind: 'ClusterRoleBinding',
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: namespace },
      subjects: [subject],
    },
  ];
  await kubectl(['create', '-f', '-'], { stdin: { apiVersion: 'v1', kind: 'List', items } });
  const as = `system:serviceaccount:${namespace}:${subject.name}`;
  // The API server learns of its own roles a moment later.
  await eventually(async () => (await run(['auth', 'can-i', 'get', '/mark', '--as', as])).code === 0);
  const token = await kubectl(['create', 'token', subject.name, '-n', namespace]);
  const config = JSON.parse(await readFile(process.env[CONTROL_PLANE.kubeconfig] ?? '', 'utf8'));
  const file = join(home, namespace);
  const users = config.users.map(({ name }: { name: string }) => ({ name, user: { token } }));
  await writeFile(file, JSON.stringify({ ...config, users }), { mode: 0o600 });
  return file;
}

/** Shows that the rest is in force, too. */
const MARK = { nonResourceURLs: ['/mark'], verbs: ['get'] };

/** Resolves when all that was tried was done; rejects with the first refusal, also with one that is only logged. */
async function attempt(granted: readonly Rule[], uses: readonly ((trial: Trial) => Promise<unknown>)[]): Promise<void> {
  const namespace = await newNamespace();
  const client = createKubeClient({ kubeconfig: await account(namespace, granted) });
  const stop = new AbortController();
  const refused = Promise.withResolvers<never>();
  const warn: Log['warn'] = (message, { status = 0, reason } = {}) =>
    refused.reject(new KubeError({ status: Number(status), reason: String(reason), message }));
  const log: Log = Object.assign(new RecordedLog(), { warn });
  try {
    for (const [index, use] of uses.entries()) {
      const object = await create(namespace, `object-${index}`);
      await Promise.race([use({ client, object, log, signal: stop.signal }), refused.promise]);
    }
    await Promise.race([refused.promise, Promise.resolve()]);
  } finally {
    stop.abort();
    await client.close();
  }
}

describe("the operator's rights", () => {
  test('are each used by something here', () => {
    expect(Object.keys(USES).sort()).toEqual([...grants].sort());
  });

  test('suffice for all that it does', () => attempt(rules, Object.values(USES)));

  test.each(grants)('could not do without: %s', async (grant) => {
    const use = USES[grant];
    if (use === undefined) throw new Error(`nothing here needs to ${grant}`);
    await expect(attempt(without(grant), [use])).rejects.toMatchObject({ status: 403 });
  });
});
