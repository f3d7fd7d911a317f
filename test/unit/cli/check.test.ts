/** `kubectl azir check` says what is fine, what is not, and what is not known: never that what is unknown is fine. */
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { DEFAULT_CLIENT, type FactoryRef } from '../../../dev/emulator/index.ts';
import { grants } from '../../../src/cli/azure/permissions.ts';
import { NEEDS } from '../../../src/cli/fleet/check-azure.ts';
import { run } from '../../../src/cli/run.ts';
import { azureEnv } from '../../support/azure-env.ts';
import { azureRole } from '../../support/azure-role.ts';
import { useEmulator } from '../dev/emulator/helpers.ts';
import { ApiServer, stored } from './api-server.ts';
import { testIo } from './test-io.ts';

const CRD = parse(
  await readFile(new URL('../../../crds/azure-ir.io_azureintegrationruntimes.yaml', import.meta.url), 'utf8'),
);
const azure = useEmulator();
let server: ApiServer;

const deployment = (more: { args?: string[]; ready?: number; replicas?: number; name?: string } = {}) => {
  const { args = ['--leader-elect', '--operator-identity-namespaces=team-b'], ready = 1, replicas = 1 } = more;
  return {
    metadata: { namespace: 'azure-ir', name: more.name ?? 'operator' },
    spec: { replicas, template: { spec: { containers: [{ image: 'example/azure-ir-operator:0.1.0', args }] } } },
    status: { readyReplicas: ready },
  };
};
const lease = (age = 0, changeQueue?: string) => ({
  metadata: { annotations: { 'azure-ir.io/change-queue': changeQueue } },
  spec: { holderIdentity: 'operator-1', renewTime: new Date(Date.now() - age).toISOString(), leaseDurationSeconds: 15 },
});
const secret = (...keys: string[]) => ({ data: Object.fromEntries(keys.map((key) => [key, 'c2VjcmV0'])) });
const forbidden = { kind: 'Status', code: 403, reason: 'Forbidden', message: 'no' };

const PATHS = {
  version: '/version',
  group: '/apis/azure-ir.io',
  crd: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/azureintegrationruntimes.azure-ir.io',
  deployments: '/apis/apps/v1/deployments',
  lease: '/apis/coordination.k8s.io/v1/namespaces/azure-ir/leases/azure-ir-operator',
  secret: '/api/v1/namespaces/team-a/secrets/azure-ir-credential',
  objects: '/apis/azure-ir.io/v1beta1/azureintegrationruntimes',
} as const;
const REVIEW = 'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
const answers = (path: keyof typeof PATHS, body: object, status = 200): void =>
  void server.answers.set(`GET ${PATHS[path]}`, { status, body });

beforeEach(async () => {
  server = await ApiServer.start();
  answers('version', { gitVersion: 'v1.35.0' });
  answers('group', { versions: [{ version: 'v1beta1' }] });
  answers('crd', CRD);
  answers('deployments', { items: [deployment()] });
  answers('lease', lease());
  answers('secret', secret('AZURE_TENANT_ID', 'AZURE_CLIENT_ID', 'AZURE_CLIENT_SECRET'));
  server.answers.set(REVIEW, { status: 201, body: { status: { allowed: true } } });
  server.put(stored('team-a/etl'));
});
afterEach(() => server.stop());

interface Finding {
  readonly verdict: string;
  readonly what: string;
  readonly detail: string;
  readonly remedy?: string;
}

async function check(words: readonly string[] = [], env: Record<string, string> = {}) {
  const { io, told } = testIo({ env });
  const code = await run(['check', '--kubeconfig', server.kubeconfig, '-o', 'json', ...words], io);
  const { findings } = (told.out === '' ? { findings: [] } : JSON.parse(told.out)) as { findings: Finding[] };
  const verdicts = Object.fromEntries(findings.map(({ what, verdict }) => [what, verdict]));
  return { code, findings, verdicts, notes: told.notes };
}

test('all is fine', async () => {
  const { code, findings } = await check();
  expect(findings.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
  expect(code).toBe(0);
});

test('the lines, as people see them', async () => {
  const { io, told } = testIo();
  answers('lease', lease(60_000));
  answers('secret', forbidden, 403);
  const code = await run(['check', '--kubeconfig', server.kubeconfig], io);
  expect(code).toBe(1);
  expect(told.out.split('\n')).toEqual([
    '✔ API server: v1.35.0',
    '✔ CRD: azure-ir.io/v1beta1 is served',
    '✔ CRD schema: the one that this command knows',
    '✔ your rights: get, list, watch, create, patch, delete of azureintegrationruntimes in default',
    '✔ operator: azure-ir/operator, 1/1 replicas ready, example/azure-ir-operator:0.1.0; --leader-elect --operator-identity-namespaces=team-b',
    '✘ leader: operator-1 has not renewed the lease',
    '    check the log: kubectl -n azure-ir logs deployment/operator',
    '! identity of team-a: not known: you lack the permission to check this',
    '    have this checked by someone with the permission',
    '✔ budget of 00000000-0000-0000-0000-000000000001: about 12 reads an hour for 1 object, of 54000 (intervals of 10m where none is declared)',
    '',
  ]);
});

test('an annotation of ours that means nothing is named, with those that do', async () => {
  const asked = stored('team-a/etl') as { metadata: { annotations?: object } };
  asked.metadata.annotations = { 'azure-ir.io/recncile': 'now', 'azure-ir.io/repair': 'now', 'other.io/x': '' };
  server.put(asked as ReturnType<typeof stored>);
  const { code, findings } = await check();
  expect(findings.filter(({ verdict }) => verdict !== 'ok')).toEqual([
    {
      what: 'annotations',
      verdict: 'warning',
      detail: 'team-a/etl has azure-ir.io/recncile: unknown to the operator',
      remedy:
        'correct its name or remove it; what can be asked for: azure-ir.io/reconcile, azure-ir.io/repair, azure-ir.io/accept-identity, azure-ir.io/enable-interactive-authoring',
    },
  ]);
  expect(code).toBe(0);
});

describe('what fails', () => {
  test.each<[string, () => void, string, string]>([
    ['no CRD', () => answers('group', forbidden, 404), 'CRD', 'not there'],
    ['another version of the CRD', () => answers('group', { versions: [{ version: 'v2' }] }), 'CRD', 'v2'],
    [
      'a right that is missing',
      () => void server.answers.set(REVIEW, { status: 201, body: { status: { allowed: false } } }),
      'your rights',
      'you may not',
    ],
    ['no operator', () => answers('deployments', { items: [] }), 'operator', 'no Deployment'],
    [
      'an operator without a ready pod',
      () => answers('deployments', { items: [deployment({ ready: 0 })] }),
      'operator',
      '0/1 replicas ready',
    ],
    [
      'two operators',
      () => answers('deployments', { items: [deployment(), deployment({ name: 'other' })] }),
      'operator',
      'two operators undo each other',
    ],
    [
      'replicas that do not elect',
      () => answers('deployments', { items: [deployment({ args: [], replicas: 2, ready: 2 })] }),
      'leader',
      '2 replicas without --leader-elect',
    ],
    ['no leader', () => answers('lease', forbidden, 404), 'leader', 'no replica holds the lease'],
    ['a leader of the past', () => answers('lease', lease(60_000)), 'leader', 'has not renewed'],
    [
      'half a Secret',
      () => answers('secret', secret('AZURE_TENANT_ID')),
      'identity of team-a',
      'lacks AZURE_CLIENT_ID',
    ],
    ['no identity', () => answers('secret', forbidden, 404), 'identity of team-a', 'none'],
  ])('%s', async (_, arrange, what, says) => {
    arrange();
    const { code, findings } = await check();
    const failed = findings.filter(({ verdict }) => verdict === 'failed');
    expect(failed[0]).toMatchObject({ what, detail: expect.stringContaining(says), remedy: expect.any(String) });
    expect(code).toBe(3);
  });

  test('is an API server that does not answer, and nothing else is said', async () => {
    answers('version', { kind: 'Status', message: 'gone' }, 503);
    const { code, findings } = await check();
    expect(findings).toMatchObject([{ what: 'API server', verdict: 'failed', detail: 'gone' }]);
    expect(code).toBe(3);
  });

  test('is waited for, and times out', async () => {
    answers('lease', lease(60_000));
    expect((await check(['--wait', '1'])).code).toBe(4);
    const late = check(['--wait', '1m']);
    setTimeout(() => answers('lease', lease()), 50);
    expect((await late).code).toBe(0);
  });
});

describe('the change queue', () => {
  const URL_OF_QUEUE = 'https://account.queue.core.windows.net/ir-changes';
  const withQueue = (...args: string[]) =>
    answers('deployments', { items: [deployment({ args: [`--change-queue=${URL_OF_QUEUE}`, ...args] })] });

  test.each([
    ['up', 'ok', '', undefined, 0],
    [
      'denied',
      'warning',
      ': Azure Storage refuses the operator (401 or 403)',
      'Storage Queue Data Message Processor',
      0,
    ],
    ['missing', 'warning', ': there is no such queue (404)', 'Create the queue', 0],
    ['unreachable', 'warning', ': it cannot be reached', 'port 443', 0],
    ['silent', 'warning', ': it can be read, but does not announce what the operator writes', 'event subscription', 0],
    ['not read yet', 'warning', ': the leader has not read it yet', 'again in a minute', 0],
    ['as a later version says', 'warning', ': as a later version says', 'docs/runbook.md#azureirpushdown', 0],
    [undefined, 'unknown', ': its state is not on the lease', 'azure_ir_push_up', 1],
  ])('is as the leader notes it on its lease: %s', async (state, verdict, says, remedy, expected) => {
    withQueue('--leader-elect', '--operator-identity-namespaces=team-b');
    answers('lease', lease(0, state));
    const { code, findings } = await check();
    const [finding, ...others] = findings.filter(({ what }) => what === 'change queue');
    expect(others).toEqual([]);
    const meanwhile = verdict === 'warning' ? '; drift is found by polling meanwhile' : '';
    expect(finding).toMatchObject({ verdict, detail: `${URL_OF_QUEUE}${says}${meanwhile}` });
    expect(finding?.remedy ?? '').toContain(remedy ?? '');
    expect(code).toBe(expected);
  });

  test('is not known without a lease, and not there without the flag', async () => {
    withQueue();
    expect((await check()).verdicts).toMatchObject({ 'change queue': 'unknown' });
    answers('deployments', { items: [deployment()] });
    answers('lease', lease(0, 'up'));
    expect((await check()).verdicts).not.toHaveProperty('change queue');
  });
});

describe('what is not known is never fine', () => {
  test.each<[keyof typeof PATHS, string]>([
    ['group', 'CRD'],
    ['crd', 'CRD schema'],
    ['deployments', 'operator'],
    ['lease', 'leader'],
    ['secret', 'identity of team-a'],
    ['objects', 'objects'],
  ])('%s', async (path, what) => {
    answers(path, forbidden, 403);
    const { code, verdicts } = await check();
    expect(verdicts[what]).toBe('unknown');
    expect(code).toBe(1);
  });

  test('an identity that may be granted by an operator that was not seen', async () => {
    answers('deployments', forbidden, 403);
    answers('secret', forbidden, 404);
    expect((await check()).verdicts).toMatchObject({ 'identity of team-a': 'unknown' });
  });
});

test('a namespace that is named is looked at without any object', async () => {
  server.remove('team-a/etl');
  expect((await check(['-n', 'team-a'])).verdicts).toMatchObject({ 'identity of team-a': 'ok' });
});

test('a schema of another version is told by its fields', async () => {
  const text = JSON.stringify(CRD).replaceAll('"deletionPolicy":', '"farewellPolicy":');
  answers('crd', JSON.parse(text));
  const { code, findings } = await check();
  expect(findings.find(({ what }) => what === 'CRD schema')).toMatchObject({
    verdict: 'warning',
    detail: 'it lacks spec.deletionPolicy; this command does not know spec.farewellPolicy',
  });
  expect(code).toBe(0);
});

test('polls beyond the budget are worth a look', async () => {
  for (let i = 0; i < 1_000; i++)
    server.put(stored(`team-a/ir-${i}`, { spec: { azureName: `ir-${i}`, interval: '1m' } }));
  const { verdicts } = await check();
  expect(verdicts['budget of 00000000-0000-0000-0000-000000000001']).toBe('warning');
});

test('before the operator is there, no more is asked than whether you may install it', async () => {
  answers('group', forbidden, 404);
  const { code, findings } = await check(['--pre']);
  expect(findings.map(({ what }) => what)).toEqual(['API server', 'your rights']);
  expect(code).toBe(0);
});

describe('the rights in Azure', () => {
  const CLAIM = { claim: { origin: 'Created', identity: `${DEFAULT_CLIENT.tenantId}/${DEFAULT_CLIENT.clientId}` } };
  let factory: FactoryRef;

  beforeEach(async () => {
    factory = await azure.freshFactory();
    server.remove('team-a/etl');
  });

  const put = (spec: Record<string, unknown> = {}, status: Record<string, unknown> = CLAIM) =>
    server.put(stored('team-a/etl', { spec: { factory, ...spec }, status }));
  const idOf = ({ subscriptionId, resourceGroup, name }: FactoryRef) =>
    `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.DataFactory/factories/${name}`;
  const asked = async (...words: string[]) => {
    const { code, findings, notes } = await check(
      ['--azure', ...words],
      azureEnv({ ...DEFAULT_CLIENT, ...azure.emulator }),
    );
    return { code, notes, rights: findings.filter(({ what }) => what.startsWith('Azure rights')) };
  };
  const lack = (action: string | undefined) =>
    azure.emulator.control.addRefusal({
      kind: 'permission',
      scope: idOf(factory),
      ...(action === undefined ? {} : { action }),
    });

  test('are there', async () => {
    put();
    const { code, rights } = await asked();
    expect(rights).toMatchObject([
      {
        verdict: 'ok',
        what: expect.stringMatching(/ on factory Factory1$/),
        detail: 'all that is needed, by its roles',
      },
    ]);
    expect(code).toBe(0);
  });

  test('are missing', async () => {
    put();
    await lack('Microsoft.DataFactory/factories/integrationruntimes/write');
    const { code, rights } = await asked();
    expect(rights).toMatchObject([
      {
        verdict: 'failed',
        detail: 'it lacks Microsoft.DataFactory/factories/integrationruntimes/write',
        remedy: `assign the role of docs/azure-role.md at ${idOf(factory)}`,
      },
    ]);
    expect(code).toBe(3);
  });

  test.each<[string, Record<string, unknown>, string, string]>([
    ['an observer writes nothing', { managementPolicy: 'Observe' }, 'integrationruntimes/write', 'ok'],
    ['what is retained is not deleted', { deletionPolicy: 'Retain' }, 'integrationruntimes/delete', 'ok'],
    ['what is deleted is', { deletionPolicy: 'Delete' }, 'integrationruntimes/delete', 'failed'],
    ['no network is made', { managedVirtualNetwork: {} }, 'managedVirtualNetworks/write', 'ok'],
    ['a network is', { managedVirtualNetwork: { creation: 'IfMissing' } }, 'managedVirtualNetworks/write', 'failed'],
  ])('are asked for by what is declared: %s', async (_, spec, action, verdict) => {
    put(spec);
    await lack(`Microsoft.DataFactory/factories/${action}`);
    expect((await asked()).rights).toMatchObject([{ verdict }]);
  });

  test.each([undefined, 'Microsoft.Authorization/*'])(
    'are unknown to who may not ask for them (%s)',
    async (action) => {
      put();
      await lack(action);
      const { code, rights } = await asked();
      expect(rights).toMatchObject([
        { verdict: 'unknown', remedy: expect.stringContaining('Microsoft.Authorization/permissions/read') },
      ]);
      expect(code).toBe(1);
    },
  );

  test('of one identity say nothing of another', async () => {
    put({}, { claim: { origin: 'Created', identity: 'the/operator' } });
    const { code, rights } = await asked();
    expect(rights).toMatchObject([
      { verdict: 'unknown', detail: expect.stringContaining('managed as the/operator, whose rights are not known') },
    ]);
    expect(code).toBe(1);
  });

  test('are looked at before there is an operator, where that is named', async () => {
    expect((await asked('--pre')).code).toBe(1);
    const { code, rights } = await asked('--pre', '--factory', idOf(factory));
    expect(rights).toMatchObject([{ verdict: 'ok' }]);
    expect(code).toBe(0);
  });

  test('are unknown without an identity, and the other lines are there', async () => {
    put();
    const { code, verdicts } = await check(['--azure']);
    expect(verdicts).toMatchObject({ 'API server': 'ok', 'Azure rights': 'unknown' });
    expect(code).toBe(1);
  });
});

test('the rights that are asked for are those of the role', async () => {
  const asked = Object.values(NEEDS).flatMap((needs) => needs.map(({ action }) => action));
  expect(asked.sort()).toEqual([...(await azureRole()).Actions].sort());
});

test.each<[string, { actions: string[]; notActions?: string[] }[], boolean]>([
  ['by its name, in any letter case', [{ actions: ['microsoft.datafactory/FACTORIES/read'] }], true],
  ['by a wildcard', [{ actions: ['*/read'] }], true],
  ['by one in the middle', [{ actions: ['Microsoft.DataFactory/*/read'] }], true],
  ['by no role', [], false],
  ['not where the role leaves it out', [{ actions: ['*'], notActions: ['Microsoft.DataFactory/factories/*'] }], false],
  [
    'by one role although another leaves it out',
    [{ actions: ['*'], notActions: ['*/read'] }, { actions: ['*'] }],
    true,
  ],
  ['not by what only begins alike', [{ actions: ['Microsoft.DataFactory/factories/rea'] }], false],
])('an action is granted %s', (_, roles, isGranted) => {
  const permissions = roles.map(({ actions, notActions = [] }) => ({ actions, notActions }));
  expect(grants(permissions, 'Microsoft.DataFactory/factories/read')).toBe(isGranted);
});
