/** What `kubectl azir check` says of identities and the request budget: of each namespace, and of each subscription. */
import { CREDENTIAL_SECRET } from '../../api/names.ts';
import { type Grant, parseGrants, refusalOf } from '../../core/model/grants.ts';
import { foldCase } from '../../core/model/letter-case.ts';
import { pathOf } from '../../kube/client/paths.ts';
import { type Raw, readRecord } from '../../kube/client/raw.ts';
import type { KubeClient } from '../kube.ts';
import { argOf } from './check-cluster.ts';
import { asAbsent, asked, type Finding } from './finding.ts';
import type { Found } from './objects.ts';

/** Undefined: it is not known, for the operator was not seen or its flag is no list. */
function grantsOf(deployment: Raw | undefined): readonly Grant[] | undefined {
  try {
    return deployment === undefined ? undefined : parseGrants(argOf(deployment, 'operator-identity-namespaces') ?? '');
  } catch {
    return undefined;
  }
}

/** Of each of these namespaces; of a Secret the names of its keys, never values. */
export async function identities(
  client: KubeClient,
  namespaces: ReadonlySet<string>,
  objects: readonly Found[],
  deployment: Raw | undefined,
  signal: AbortSignal,
): Promise<Finding[]> {
  const grants = grantsOf(deployment);
  const findings: Finding[] = [];
  for (const namespace of [...namespaces].sort()) {
    const own = objects.filter(({ object }) => object.namespace === namespace);
    findings.push(await identityOf(client, namespace, own, grants, signal));
  }
  return findings;
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
      const ids = own.flatMap(({ object: { spec } }) => (spec.valid ? [spec.desired.id] : []));
      const refusals = (ids.length > 0 ? ids : [undefined]).flatMap((id) => refusalOf(grants, namespace, id) ?? []);
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
export function budgets(objects: readonly Found[]): Finding[] {
  const valid = objects.flatMap(({ object: { spec } }) => (spec.valid && !spec.desired.suspend ? [spec.desired] : []));
  return [...Map.groupBy(valid, ({ id }) => foldCase(id.parent.subscriptionId))].map(([subscription, own]) => {
    const parents = new Set(own.map(({ id }) => foldCase(`${id.parent.resourceGroup}/${id.parent.name}`))).size;
    const shortest = Math.min(...own.map(({ intervalMs = STANDARD_INTERVAL }) => intervalMs));
    const reads = own.reduce(
      (sum, { intervalMs = STANDARD_INTERVAL }) => sum + HOUR / intervalMs,
      (parents * HOUR) / shortest,
    );
    const detail = `about ${Math.round(reads)} reads an hour for ${own.length} object${own.length === 1 ? '' : 's'}, of ${READS_AN_HOUR} (intervals of 10m where none is declared)`;
    const isFine = reads <= READS_AN_HOUR;
    const remedy = 'polls are spread out by themselves; declare longer intervals';
    return {
      what: `budget of ${subscription}`,
      verdict: isFine ? 'ok' : 'warning',
      detail,
      ...(isFine ? {} : { remedy }),
    };
  });
}
