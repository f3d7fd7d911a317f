/** `kubectl azir check`: whether the cluster, the operator and you are ready; each line with its remedy. What is unknown is never ✔. */
import { API_VERSION, VERSION as CRD_VERSION, CREDENTIAL_SECRET, GROUP, PLURAL } from '../../api/names.ts';
import { type Grant, parseGrants, refusalOf } from '../../core/model/grants.ts';
import { foldCase } from '../../core/model/letter-case.ts';
import { KubeError } from '../../kube/client/errors.ts';
import { pathOf } from '../../kube/client/paths.ts';
import { type Raw, readList, readRecord, readText } from '../../kube/client/raw.ts';
import { sleep, systemClock } from '../../runtime/clock.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { duration, type KubeFlags, outputs } from '../flags.ts';
import type { Io } from '../io.ts';
import { connect, type KubeClient, listObjects } from '../kube.ts';
import { renderJson } from '../output/documents.ts';
import { safe } from '../output/text.ts';
import { OUTPUT_VERSION, VERSION } from '../version.ts';
import { type Found, parsed } from './objects.ts';

export interface CheckFlags extends KubeFlags {
  readonly pre: boolean;
  readonly wait?: string;
  readonly output: readonly string[];
}

interface Finding {
  readonly verdict: 'ok' | 'unknown' | 'failed';
  readonly what: string;
  readonly detail: string;
  readonly remedy?: string;
}

const POLL_MS = 1_000;

export async function check(flags: CheckFlags, io: Io): Promise<ExitCode> {
  const [{ format } = { format: 'text' }] = outputs(flags.output, ['text', 'json'] as const, 'text');
  const deadline = systemClock.monotonic() + (flags.wait === undefined ? 0 : duration('wait', flags.wait));
  const client = connect(flags);
  try {
    let findings = await findingsOf(client, flags, io.signal);
    while (!isFine(findings) && systemClock.monotonic() < deadline) {
      await sleep(systemClock, POLL_MS, io.signal);
      findings = await findingsOf(client, flags, io.signal);
    }
    io.out(
      format === 'json' ? renderJson({ apiVersion: OUTPUT_VERSION, kind: 'Check', findings }) : textOf(findings, io),
    );
    return findings.some(({ verdict }) => verdict === 'failed') ? EXIT.no : EXIT.done;
  } finally {
    await client.close();
  }
}

const isFine = (findings: readonly Finding[]): boolean => findings.every(({ verdict }) => verdict === 'ok');

const SIGNS = { ok: ['✔', 'green'], unknown: ['!', 'yellow'], failed: ['✘', 'red'] } as const;

function textOf(findings: readonly Finding[], io: Io): string {
  const lines = findings.flatMap(({ verdict, what, detail, remedy }) => {
    const [sign, style] = SIGNS[verdict];
    return [
      `${io.paint(style, sign)} ${safe(what)}: ${safe(detail)}`,
      ...(remedy === undefined ? [] : [`    ${safe(remedy)}`]),
    ];
  });
  return `${lines.join('\n')}\n`;
}

async function findingsOf(client: KubeClient, flags: CheckFlags, signal: AbortSignal): Promise<Finding[]> {
  const server = await asked(
    'API server',
    () => client.request({ method: 'GET', path: '/version' }, signal),
    (answer) => ({
      verdict: 'ok',
      detail: readText(readRecord(answer).gitVersion) ?? 'no version',
    }),
  );
  // Without an API server nothing else can be said.
  if (server.verdict !== 'ok')
    return [{ ...server, verdict: 'failed', remedy: 'check the kubeconfig and its context' }];
  const rights = await rightsOf(client, flags, signal);
  if (flags.pre) return [server, ...rights];
  return [server, await crd(client, signal), ...rights, ...(await operatorAndIdentities(client, flags, signal))];
}

/** An answer that is refused or does not come is unknown. */
async function asked(
  what: string,
  ask: () => Promise<unknown>,
  judge: (answer: unknown) => Omit<Finding, 'what'>,
): Promise<Finding> {
  try {
    return { what, ...judge(await ask()) };
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    const isRight = error.status === 403;
    return {
      what,
      verdict: 'unknown',
      detail: isRight ? 'you may not look' : error.message,
      ...(isRight ? { remedy: 'have somebody look who may' } : {}),
    };
  }
}

function crd(client: KubeClient, signal: AbortSignal): Promise<Finding> {
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

function asAbsent(error: unknown): unknown {
  if (error instanceof KubeError && error.status === 404) return undefined;
  throw error;
}

const VERBS = ['get', 'list', 'watch', 'create', 'patch', 'delete'];

/** Yours, not the operator's. */
async function rightsOf(client: KubeClient, flags: CheckFlags, signal: AbortSignal): Promise<Finding[]> {
  const namespace = flags.namespace ?? client.namespace ?? 'default';
  const wanted = flags.pre
    ? [
        { verb: 'create', group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' },
        { verb: 'create', group: 'apps', resource: 'deployments' },
        { verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'clusterroles' },
      ]
    : VERBS.map((verb) => ({ verb, group: GROUP, resource: PLURAL, namespace }));
  const findings = await Promise.all(wanted.map((attributes) => right(client, attributes, signal)));
  const bad = findings.filter(({ verdict }) => verdict !== 'ok');
  const all = wanted.map(({ verb, resource }) => (flags.pre ? `${verb} ${resource}` : verb)).join(', ');
  return bad.length > 0
    ? bad
    : [{ what: 'your rights', verdict: 'ok', detail: flags.pre ? all : `${all} of ${PLURAL} in ${namespace}` }];
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
            remedy: 'ask for a role that may; the operator brings roles that add to view, edit and admin',
          },
  );
}

async function operatorAndIdentities(client: KubeClient, flags: CheckFlags, signal: AbortSignal): Promise<Finding[]> {
  let deployments: readonly Raw[] = [];
  const up = await asked(
    'operator',
    () =>
      client.request(
        {
          method: 'GET',
          path: pathOf({ groupVersion: 'apps/v1', plural: 'deployments' }),
          query: { labelSelector: 'app.kubernetes.io/name=azure-ir-operator' },
        },
        signal,
      ),
    (answer) => {
      deployments = readList(readRecord(answer).items).map(readRecord);
      return operatorUp(deployments);
    },
  );
  const leader = await leaderOf(client, deployments, signal);
  return [up, ...leader, ...(await identities(client, flags, grantsOf(deployments), signal))];
}

function operatorUp(deployments: readonly Raw[]): Omit<Finding, 'what'> {
  const [deployment] = deployments;
  if (deployment === undefined)
    return {
      verdict: 'failed',
      detail: 'no Deployment app.kubernetes.io/name=azure-ir-operator',
      remedy: 'install it: docs/install.md',
    };
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
  const detail = `${namespace}/${name}, ${ready}/${wanted} replicas ready, ${image}${skew}`;
  if (Number(ready) > 0) return { verdict: skew === '' ? 'ok' : 'unknown', detail };
  return { verdict: 'failed', detail, remedy: `look at its pods: kubectl -n ${namespace} describe deployment ${name}` };
}

const DEFAULT_LEASE = 'azure-ir-operator';

async function leaderOf(client: KubeClient, deployments: readonly Raw[], signal: AbortSignal): Promise<Finding[]> {
  const [deployment] = deployments;
  if (deployment === undefined || !argsOf(deployment).some((arg) => /^--leader-elect(=true)?$/.test(arg))) return [];
  const namespace = readText(readRecord(deployment.metadata).namespace) ?? '';
  const name = argOf(deployment, 'leader-elect-name') || DEFAULT_LEASE;
  const path = pathOf({ groupVersion: 'coordination.k8s.io/v1', plural: 'leases', namespace, name });
  const finding = await asked(
    'leader',
    () => client.request({ method: 'GET', path }, signal).catch(asAbsent),
    (answer) => {
      const { holderIdentity, renewTime, leaseDurationSeconds = 15 } = readRecord(readRecord(answer).spec);
      const holder = readText(holderIdentity);
      const age = Date.now() - Date.parse(readText(renewTime) ?? '');
      if (holder !== undefined && age < Number(leaseDurationSeconds) * 1_000) return { verdict: 'ok', detail: holder };
      return {
        verdict: 'failed',
        detail: holder === undefined ? 'none holds the lease' : `${holder} has not renewed the lease`,
        remedy: `look at the log: kubectl -n ${namespace} logs deployment/${readText(readRecord(deployment.metadata).name)}`,
      };
    },
  );
  return [finding];
}

function argsOf(deployment: Raw): string[] {
  const [container] = readList(readRecord(readRecord(readRecord(deployment.spec).template).spec).containers);
  return readList(readRecord(container).args).filter((arg) => typeof arg === 'string');
}

function argOf(deployment: Raw, flag: string): string | undefined {
  return argsOf(deployment)
    .findLast((arg) => arg.startsWith(`--${flag}=`))
    ?.slice(flag.length + 3);
}

/** Undefined: nobody knows, for the operator was not seen or its flag is no list. */
function grantsOf(deployments: readonly Raw[]): readonly Grant[] | undefined {
  const [deployment] = deployments;
  try {
    return deployment === undefined ? undefined : parseGrants(argOf(deployment, 'operator-identity-namespaces') ?? '');
  } catch {
    return undefined;
  }
}

/** Of each namespace that has objects; of a Secret the names of its keys, never values. */
async function identities(
  client: KubeClient,
  flags: CheckFlags,
  grants: readonly Grant[] | undefined,
  signal: AbortSignal,
): Promise<Finding[]> {
  const objects = (await listObjects(client, flags.namespace, undefined, signal).catch(() => [])).flatMap(parsed);
  const byNamespace = [...Map.groupBy(objects, ({ object }) => object.namespace)].sort(([a], [b]) => (a < b ? -1 : 1));
  const findings: Finding[] = [];
  for (const [namespace, own] of byNamespace) findings.push(await identityOf(client, namespace, own, grants, signal));
  return [...findings, ...budgets(objects)];
}

function identityOf(
  client: KubeClient,
  namespace: string,
  own: readonly Found[],
  grants: readonly Grant[] | undefined,
  signal: AbortSignal,
): Promise<Finding> {
  const what = `identity of ${namespace}`;
  const path = pathOf({ groupVersion: 'v1', plural: 'secrets', namespace, name: CREDENTIAL_SECRET });
  return asked(
    what,
    () => client.request({ method: 'GET', path }, signal).catch(asAbsent),
    (answer) => {
      if (answer !== undefined) {
        const keys = Object.keys(readRecord(readRecord(answer).data)).sort();
        const missing = ['AZURE_TENANT_ID', 'AZURE_CLIENT_ID'].filter((key) => !keys.includes(key));
        if (missing.length === 0)
          return { verdict: 'ok', detail: `Secret ${CREDENTIAL_SECRET} with ${keys.join(', ')}` };
        return {
          verdict: 'failed',
          detail: `Secret ${CREDENTIAL_SECRET} lacks ${missing.join(' and ')}`,
          remedy: 'add it: docs/identity.md',
        };
      }
      if (grants === undefined)
        return {
          verdict: 'unknown',
          detail: `no Secret ${CREDENTIAL_SECRET}; whether the operator's own identity is granted is not known`,
        };
      const refusals = own.flatMap(
        ({ object: { spec } }) => refusalOf(grants, namespace, spec.valid ? spec.desired.id : undefined) ?? [],
      );
      const [refusal] = refusals;
      return refusal === undefined
        ? { verdict: 'ok', detail: "the operator's own, by its flag" }
        : { verdict: 'failed', detail: `none: ${refusal.what}`, remedy: refusal.remedy };
    },
  );
}

const HOUR = 3_600_000;
const STANDARD_INTERVAL = 600_000;
/** ARM's documented rate of reads for one identity in one subscription, of which routine polls use 0.6. */
const READS_AN_HOUR = 25 * 3_600 * 0.6;

/** Reads that polls take, against what ARM grants: a state for each object, and a list for each factory, an interval. */
function budgets(objects: readonly Found[]): Finding[] {
  const valid = objects.flatMap(({ object: { spec } }) => (spec.valid && !spec.desired.suspend ? [spec.desired] : []));
  return [...Map.groupBy(valid, ({ id }) => foldCase(id.parent.subscriptionId))].map(([subscription, own]) => {
    const parents = new Set(own.map(({ id }) => foldCase(`${id.parent.resourceGroup}/${id.parent.name}`))).size;
    const shortest = Math.min(...own.map(({ intervalMs = STANDARD_INTERVAL }) => intervalMs));
    const reads = own.reduce(
      (sum, { intervalMs = STANDARD_INTERVAL }) => sum + HOUR / intervalMs,
      (parents * HOUR) / shortest,
    );
    const detail = `about ${Math.round(reads)} reads an hour for ${own.length} objects, of ${READS_AN_HOUR} (intervals of 10m where none is declared)`;
    const isFine = reads <= READS_AN_HOUR;
    const remedy = 'polls are spread out by themselves; declare longer intervals';
    return {
      what: `budget of ${subscription}`,
      verdict: isFine ? 'ok' : 'unknown',
      detail,
      ...(isFine ? {} : { remedy }),
    };
  });
}
