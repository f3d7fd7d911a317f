/** What people may do with the objects who have the cluster's own roles view, edit and admin in a namespace. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { kubectl, newNamespace, refusal } from './support/kubectl.ts';
import { manifest } from './support/manifest.ts';

type Kind = 'view' | 'edit' | 'admin';

interface ClusterRole {
  readonly metadata: { readonly name: string };
  readonly aggregationRule?: { readonly clusterRoleSelectors: readonly { readonly matchLabels: object }[] };
}

const OURS = 'app.kubernetes.io/name=azure-ir-operator';
const KINDS: readonly Kind[] = ['view', 'edit', 'admin'];

beforeAll(async () => {
  await kubectl(['apply', '-f', 'deploy/kustomize/aggregated-roles.yaml']);
});

const get = async <T>(...args: string[]): Promise<T> => JSON.parse(await kubectl(['get', ...args, '-o', 'json']));

/** Our roles that the cluster adds to its own. No controller does it here: they are those that its own selectors choose. */
async function aggregatedTo(kind: Kind): Promise<string[]> {
  const { aggregationRule } = await get<ClusterRole>('clusterrole', kind);
  const chosen = (aggregationRule?.clusterRoleSelectors ?? []).map(async ({ matchLabels }) => {
    const selector = Object.entries(matchLabels).map(([label, value]) => `${label}=${value}`);
    const { items } = await get<{ items: ClusterRole[] }>('clusterroles', '-l', [OURS, ...selector].join());
    return items.map(({ metadata }) => metadata.name);
  });
  return (await Promise.all(chosen)).flat().sort();
}

/** Somebody who has these roles in a namespace of their own. */
async function person(kind: Kind): Promise<{ namespace: string; as: readonly string[] }> {
  const namespace = await newNamespace();
  const user = `${kind}-${namespace}`;
  for (const role of await aggregatedTo(kind)) {
    await kubectl(['create', 'rolebinding', role, '-n', namespace, `--clusterrole=${role}`, `--user=${user}`]);
  }
  return { namespace, as: ['--as', user] };
}

/** Of all verbs, those that the person may use, once the API server has taken notice of what was bound. */
async function verbs(as: readonly string[], namespace: string, resource: string): Promise<string[]> {
  const list = await kubectl(['auth', 'can-i', '--list', '--no-headers', '-n', namespace, ...as]);
  const rows = list.split('\n').filter((row) => row.split(/\s+/)[0] === resource);
  return rows.flatMap((row) => /\[([^\]]*)\]\s*$/.exec(row)?.[1]?.split(' ') ?? []).sort();
}

const OBJECTS = 'azureintegrationruntimes.azure-ir.io';
const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update'];

describe('who has the role', () => {
  test.each<[Kind, string[]]>([
    ['view', READ],
    ['edit', [...READ, ...WRITE]],
    ['admin', [...READ, ...WRITE]],
  ])('%s in a namespace has these rights there, and none elsewhere, nor on any status', async (kind, expected) => {
    const { namespace, as } = await person(kind);
    expect(await verbs(as, namespace, OBJECTS)).toEqual([...expected].sort());
    expect(await verbs(as, namespace, `${OBJECTS}/status`)).toEqual([]);
    expect(await verbs(as, 'default', OBJECTS)).toEqual([]);
  });

  test('edit declares, looks, changes and deletes, and cannot forge a claim', async () => {
    const { namespace, as } = await person('edit');
    const own = ['-n', namespace, ...as];
    await kubectl(['apply', '-f', '-', ...own], { stdin: manifest() });
    await kubectl(['apply', '-f', '-', ...own], { stdin: manifest({ location: 'North Europe' }) });
    expect(await kubectl(['get', 'azir', ...own])).toContain('my-sample-azure-ir');
    const { apiVersion, kind, metadata } = manifest();
    const claim = { apiVersion, kind, metadata, status: { claim: { origin: 'Created', identity: 'tenant/client' } } };
    const forge = ['apply', '--server-side', '--subresource=status', '-f', '-', ...own];
    expect(await refusal(forge, { stdin: claim })).toMatch(/cannot patch resource "azureintegrationruntimes\/status"/);
    await kubectl(['delete', 'azir', 'my-sample-azure-ir', ...own]);
  });

  test('view looks, and changes nothing', async () => {
    const { namespace, as } = await person('view');
    await kubectl(['apply', '-n', namespace, '-f', '-'], { stdin: manifest() });
    expect(await kubectl(['get', 'azir', '-n', namespace, ...as])).toContain('my-sample-azure-ir');
    const remove = ['delete', 'azir', 'my-sample-azure-ir', '-n', namespace, ...as];
    expect(await refusal(remove)).toMatch(/cannot delete resource/);
  });
});

test.each(KINDS)("the cluster's own role %s is aggregated from labels", async (kind) => {
  expect(await aggregatedTo(kind)).toContain('azure-ir-operator-view');
});
