/** What `kubectl azir check` says of the cluster: the API server, the CRD, your rights, the operator, its leader and its change queue. */
import { API_VERSION, CHANGE_QUEUE_NOTE, VERSION as CRD_VERSION, GROUP, PLURAL } from '../../api/names.ts';
import { SPEC_SCHEMA } from '../../api/spec-schema.ts';
import { troubleOf } from '../../core/model/queue-state.ts';
import { pathOf } from '../../kube/client/paths.ts';
import { type Raw, readList, readRecord, readText } from '../../kube/client/raw.ts';
import type { KubeClient } from '../kube.ts';
import { VERSION } from '../version.ts';
import { asAbsent, asked, type Finding, type Judgement } from './finding.ts';

export function apiServer(client: KubeClient, signal: AbortSignal): Promise<Finding> {
  return asked(
    'API server',
    () => client.request({ method: 'GET', path: '/version' }, signal),
    (answer) => ({ verdict: 'ok', detail: readText(readRecord(answer).gitVersion) ?? 'no version' }),
  );
}

/** That it is served, which anybody may see, and whether its schema is the one that this command was built with. */
export async function crd(client: KubeClient, signal: AbortSignal): Promise<Finding[]> {
  const isServed = await served(client, signal);
  return isServed.verdict === 'ok' ? [isServed, await schema(client, signal)] : [isServed];
}

function served(client: KubeClient, signal: AbortSignal): Promise<Finding> {
  return asked(
    'CRD',
    () => client.request({ method: 'GET', path: `/apis/${GROUP}` }, signal).catch(asAbsent),
    (answer) => {
      const served = readList(readRecord(answer).versions).map((each) => readText(readRecord(each).version));
      if (served.includes(CRD_VERSION)) return { verdict: 'ok', detail: `${API_VERSION} is served` };
      const remedy = 'apply crds/, or install the operator';
      return {
        verdict: 'failed',
        detail: served.length === 0 ? 'not there' : `${served.join(', ')}, and this command knows ${CRD_VERSION}`,
        remedy,
      };
    },
  );
}

function schema(client: KubeClient, signal: AbortSignal): Promise<Finding> {
  const path = pathOf({
    groupVersion: 'apiextensions.k8s.io/v1',
    plural: 'customresourcedefinitions',
    name: `${PLURAL}.${GROUP}`,
  });
  return asked(
    'CRD schema',
    () => client.request({ method: 'GET', path }, signal),
    (answer) => {
      const versions = readList(readRecord(readRecord(answer).spec).versions).map(readRecord);
      const version = versions.find(({ name }) => name === CRD_VERSION);
      const { properties } = readRecord(readRecord(version?.schema).openAPIV3Schema);
      return sameFields(new Set(fieldsOf(readRecord(properties).spec, 'spec')));
    },
  );
}

function sameFields(there: ReadonlySet<string>): Judgement {
  const known = new Set(fieldsOf(SPEC_SCHEMA, 'spec'));
  const lacks = [...known].filter((field) => !there.has(field));
  const more = [...there].filter((field) => !known.has(field));
  if (lacks.length + more.length === 0) return { verdict: 'ok', detail: 'the one that this command knows' };
  return {
    verdict: 'warning',
    detail: [
      ...(lacks.length > 0 ? [`it lacks ${lacks.join(', ')}`] : []),
      ...(more.length > 0 ? [`this command does not know ${more.join(', ')}`] : []),
    ].join('; '),
    remedy:
      lacks.length > 0 ? 'apply the crds/ of the version that you install' : 'use the kubectl azir of that version',
  };
}

/** The path of each field that the schema has. */
function* fieldsOf(schema: unknown, path: string): Generator<string> {
  const { properties, items } = readRecord(schema);
  for (const [name, each] of Object.entries(readRecord(properties))) {
    yield `${path}.${name}`;
    yield* fieldsOf(each, `${path}.${name}`);
  }
  if (items !== undefined) yield* fieldsOf(items, `${path}[]`);
}

const VERBS = ['get', 'list', 'watch', 'create', 'patch', 'delete'];

/** Yours, not the operator's. */
export async function rights(
  client: KubeClient,
  { pre, namespace }: { readonly pre: boolean; readonly namespace: string },
  signal: AbortSignal,
): Promise<Finding[]> {
  const wanted = pre
    ? [
        { verb: 'create', group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' },
        { verb: 'create', group: 'apps', resource: 'deployments' },
        { verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'clusterroles' },
      ]
    : VERBS.map((verb) => ({ verb, group: GROUP, resource: PLURAL, namespace }));
  const findings = await Promise.all(wanted.map((attributes) => right(client, attributes, signal)));
  const bad = findings.filter(({ verdict }) => verdict !== 'ok');
  const all = wanted.map(({ verb, resource }) => (pre ? `${verb} ${resource}` : verb)).join(', ');
  return bad.length > 0
    ? bad
    : [{ what: 'your rights', verdict: 'ok', detail: pre ? all : `${all} of ${PLURAL} in ${namespace}` }];
}

function right(
  client: KubeClient,
  attributes: { verb: string; group: string; resource: string },
  signal: AbortSignal,
): Promise<Finding> {
  const groupVersion = 'authorization.k8s.io/v1';
  const body = { apiVersion: groupVersion, kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: attributes } };
  const { verb, resource } = attributes;
  return asked(
    'your rights',
    () =>
      client.request(
        { method: 'POST', path: pathOf({ groupVersion, plural: 'selfsubjectaccessreviews' }), body },
        signal,
      ),
    (answer) =>
      readRecord(readRecord(answer).status).allowed === true
        ? { verdict: 'ok', detail: verb }
        : {
            verdict: 'failed',
            detail: `you may not ${verb} ${resource}`,
            remedy:
              resource === PLURAL
                ? 'ask for a role that may; the operator brings roles that add to view, edit and admin'
                : 'have an administrator of the cluster install the operator',
          },
  );
}

export interface Operator {
  readonly findings: readonly Finding[];
  /** Undefined: it was not seen. */
  readonly deployment: Raw | undefined;
}

export async function operator(client: KubeClient, signal: AbortSignal): Promise<Operator> {
  let deployments: readonly Raw[] = [];
  const path = pathOf({ groupVersion: 'apps/v1', plural: 'deployments' });
  const query = { labelSelector: 'app.kubernetes.io/name=azure-ir-operator' };
  const up = await asked(
    'operator',
    () => client.request({ method: 'GET', path, query }, signal),
    (answer) => {
      deployments = readList(readRecord(answer).items).map(readRecord);
      return operatorUp(deployments);
    },
  );
  const [deployment] = deployments;
  const leader = deployment === undefined ? [] : await leaderOf(client, deployment, signal);
  return { findings: [up, ...leader], deployment };
}

function operatorUp(deployments: readonly Raw[]): Judgement {
  const [deployment] = deployments;
  if (deployment === undefined)
    return {
      verdict: 'failed',
      detail: 'no Deployment app.kubernetes.io/name=azure-ir-operator',
      remedy: 'install it: docs/install.md',
    };
  if (deployments.length > 1) {
    const names = deployments.map(({ metadata }) => `${readRecord(metadata).namespace}/${readRecord(metadata).name}`);
    return {
      verdict: 'failed',
      detail: `${names.join(' and ')}: two operators undo each other`,
      remedy: 'keep one of them, unless each watches namespaces or labels of its own: docs/install.md',
    };
  }
  const { namespace, name } = readRecord(deployment.metadata);
  const ready = readRecord(deployment.status).readyReplicas ?? 0;
  const wanted = readRecord(deployment.spec).replicas ?? 1;
  const image =
    readText(
      readRecord(readList(readRecord(readRecord(readRecord(deployment.spec).template).spec).containers)[0]).image,
    ) ?? '';
  const version = /:v?(\d+\.\d+)\.[^:]*$/.exec(image)?.[1];
  const skew =
    version !== undefined && VERSION !== 'dev' && !VERSION.startsWith(`${version}.`)
      ? `; this command is of version ${VERSION}`
      : '';
  const detail = `${namespace}/${name}, ${ready}/${wanted} replicas ready, ${image}${skew}; ${argsOf(deployment).join(' ')}`;
  if (Number(ready) > 0) return { verdict: skew === '' ? 'ok' : 'warning', detail };
  return { verdict: 'failed', detail, remedy: `check its pods: kubectl -n ${namespace} describe deployment ${name}` };
}

const DEFAULT_LEASE = 'azure-ir-operator';

/** What the leader notes on its lease. Without `--leader-elect` there is none, and not everybody may read a pod's metrics. */
function changeQueue(deployment: Raw, lease: Raw): Finding[] {
  const url = argOf(deployment, 'change-queue');
  if (url === undefined || url === '') return [];
  const what = 'change queue';
  const state = readText(readRecord(readRecord(lease.metadata).annotations)[CHANGE_QUEUE_NOTE]);
  if (state === 'up') return [{ what, verdict: 'ok', detail: url }];
  if (state === undefined) {
    const remedy = 'Check the metric azure_ir_push_up; with --leader-elect, the operator notes its state on the lease.';
    return [{ what, verdict: 'unknown', detail: `${url}: its state is not on the lease`, remedy }];
  }
  const { says, remedy } = troubleOf(state) ?? { says: state, remedy: 'See docs/runbook.md#azureirpushdown.' };
  return [{ what, verdict: 'warning', detail: `${url}: ${says}; drift is found by polling meanwhile`, remedy }];
}

async function leaderOf(client: KubeClient, deployment: Raw, signal: AbortSignal): Promise<Finding[]> {
  if (!argsOf(deployment).some((arg) => /^--leader-elect(=true)?$/.test(arg))) {
    const replicas = Number(readRecord(deployment.spec).replicas ?? 1);
    const remedy = 'start it with --leader-elect, or with one replica';
    const detail = `${replicas} replicas without --leader-elect: each of them writes`;
    const queue = changeQueue(deployment, {});
    return replicas > 1 ? [{ what: 'leader', verdict: 'failed', detail, remedy }, ...queue] : queue;
  }
  const namespace = readText(readRecord(deployment.metadata).namespace) ?? '';
  const name = argOf(deployment, 'leader-elect-name') || DEFAULT_LEASE;
  const path = pathOf({ groupVersion: 'coordination.k8s.io/v1', plural: 'leases', namespace, name });
  let lease: Raw = {};
  const finding = await asked(
    'leader',
    () => client.request({ method: 'GET', path }, signal).catch(asAbsent),
    (answer) => {
      lease = readRecord(answer);
      const { holderIdentity, renewTime, leaseDurationSeconds = 15 } = readRecord(lease.spec);
      const holder = readText(holderIdentity);
      const age = Date.now() - Date.parse(readText(renewTime) ?? '');
      if (holder !== undefined && age < Number(leaseDurationSeconds) * 1_000) return { verdict: 'ok', detail: holder };
      return {
        verdict: 'failed',
        detail: holder === undefined ? 'no replica holds the lease' : `${holder} has not renewed the lease`,
        remedy: `check the log: kubectl -n ${namespace} logs deployment/${readText(readRecord(deployment.metadata).name)}`,
      };
    },
  );
  return [finding, ...changeQueue(deployment, lease)];
}

function argsOf(deployment: Raw): string[] {
  const [container] = readList(readRecord(readRecord(readRecord(deployment.spec).template).spec).containers);
  return readList(readRecord(container).args).filter((arg) => typeof arg === 'string');
}

export function argOf(deployment: Raw, flag: string): string | undefined {
  return argsOf(deployment)
    .findLast((arg) => arg.startsWith(`--${flag}=`))
    ?.slice(flag.length + 3);
}
