/** Whatever Azure, the API server and people call their things: no verb lets it act on a terminal, a pipeline or a pull request. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DEFAULT_CLIENT, type FactoryRef } from '../../../dev/emulator/index.ts';
import { verbs } from '../../../src/cli/program.ts';
import { run } from '../../../src/cli/run.ts';
import { azureEnv } from '../../support/azure-env.ts';
import { useEmulator } from '../dev/emulator/helpers.ts';
import { ApiServer, stored } from './api-server.ts';
import { testIo } from './test-io.ts';

/** Begins and ends with what acts at a line's beginning, and has a line of each. */
const HOSTILE = [
  '::error::x',
  '##vso[task.complete]',
  '##[group]x',
  '\u001b]0;title\u0007\u001b[31m\u009b31m',
  '\u202edlrow\u200b\ufeff\u{e0041}',
  '| `code` ```fence @me #1 <img src=x onerror=y> [x](https://evil)',
  '::set-output name=x::y',
].join('\n');
const UNSEEN =
  /[\p{Cc}\p{Cs}\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/u;
const COMMAND = /##\[|##vso\[|^\s*::/im;

const azure = useEmulator();
let server: ApiServer;
let factory: FactoryRef;
let folder: string;

beforeEach(async () => {
  server = await ApiServer.start();
  factory = await azure.freshFactory();
  folder = await mkdtemp(join(tmpdir(), 'azir-hostile-'));
  const conditions = ['Ready', 'Synced', 'Healthy', 'Stalled'].map((type) => ({
    type,
    status: type === 'Stalled' ? 'True' : 'False',
    reason: HOSTILE,
    message: HOSTILE,
    observedGeneration: 1,
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }));
  const status = {
    conditions,
    state: HOSTILE,
    location: HOSTILE,
    claim: { origin: 'Created', identity: HOSTILE },
    drift: [{ field: HOSTILE, desired: HOSTILE, observed: HOSTILE }],
    repair: { attempts: 2, lastAttemptTime: '2026-01-01T00:00:00Z' },
  };
  const annotations = {
    'azure-ir.io/suspend-reason': HOSTILE,
    'azure-ir.io/suspend-by': HOSTILE,
    'azure-ir.io/suspend-at': '2026-01-01T00:00:00Z',
  };
  const managedFields = [{ manager: HOSTILE, time: '2026-01-01T00:00:00Z', fieldsV1: { 'f:spec': {} } }];
  const hostileParent = { ...factory, name: HOSTILE, resourceGroup: HOSTILE };
  server.put(stored('default/etl', { spec: { suspend: true }, status, metadata: { annotations, managedFields } }));
  server.put(stored('default/awake', { status, metadata: { managedFields } }));
  server.put(stored('default/where', { spec: { factory: hostileParent, azureName: HOSTILE }, status }));
  const set = (path: string, body: object, code = 200) =>
    server.answers.set(path.includes(' ') ? path : `GET ${path}`, { status: code, body });
  set('/version', { gitVersion: HOSTILE });
  set('/apis/azure-ir.io', { versions: [{ version: HOSTILE }] });
  set('/apis/events.k8s.io/v1/namespaces/default/events', {
    items: [{ reason: HOSTILE, note: HOSTILE, eventTime: '2026-01-01T00:00:00Z' }],
  });
  set('POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { message: HOSTILE }, 500);
  const containers = [{ image: HOSTILE, args: ['--leader-elect', HOSTILE] }];
  set('/apis/apps/v1/deployments', {
    items: [{ metadata: { namespace: 'o', name: HOSTILE }, spec: { template: { spec: { containers } } } }],
  });
  set('/apis/coordination.k8s.io/v1/namespaces/o/leases/azure-ir-operator', { spec: { holderIdentity: HOSTILE } });
  set('/api/v1/namespaces/default/secrets/azure-ir-credential', { data: { [HOSTILE]: '' } });
  const body = { kind: 'Status', code: 422, reason: HOSTILE, message: HOSTILE };
  for (const name of ['etl', 'awake'])
    set(`PATCH /apis/azure-ir.io/v1beta1/namespaces/default/azureintegrationruntimes/${name}`, body, 422);
  const properties = {
    type: 'Managed',
    description: HOSTILE,
    typeProperties: {
      computeProperties: {
        location: HOSTILE,
        dataFlowProperties: { customProperties: [{ name: HOSTILE, value: HOSTILE }] },
      },
    },
    [HOSTILE]: HOSTILE,
  };
  await azure.emulator.control.putRuntime({ factory, name: 'etl', properties });
  await azure.emulator.control.putRuntime({ factory, name: 'other', properties: { ...properties, type: HOSTILE } });
});
afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

const idOf = () =>
  `/subscriptions/${factory.subscriptionId}/resourceGroups/${factory.resourceGroup}/providers/Microsoft.DataFactory/factories/${factory.name}`;
const manifest = (spec: object) =>
  JSON.stringify({
    apiVersion: 'azure-ir.io/v1beta1',
    kind: 'AzureIntegrationRuntime',
    metadata: { name: 'etl', namespace: 'default' },
    spec: { factory, ...spec },
  });
const ADOPTS = () => manifest({ location: 'West Europe', description: HOSTILE });
const PLAN = ['plan', '-f', '-'];
const ACCEPT = ['accept-identity', 'awake', '--identity', HOSTILE];

interface Case {
  readonly words: readonly string[];
  readonly stdin?: () => string;
  /** Standard output has the manifests of Azure's own texts, which are escaped. */
  readonly isYaml?: true;
}

const CASES: Readonly<Record<string, readonly Case[]>> = {
  plan: [
    ...['text', 'json', 'yaml', 'markdown'].map((format) => ({ words: [...PLAN, '-o', format], stdin: ADOPTS })),
    { words: [...PLAN, '-o', 'text'], stdin: () => manifest({ [HOSTILE]: 1 }) },
    { words: [...PLAN, '-o', 'markdown', '--offline'], stdin: () => manifest({ [HOSTILE]: 1 }) },
    { words: [...PLAN, '--offline'], stdin: () => `${HOSTILE}: [` },
    { words: ['plan', '-f', HOSTILE] },
  ],
  import: [{ words: ['import'] }, { words: ['import', '-d', 'FOLDER', '--exclude', 'x'] }],
  status: ['text', 'wide', 'json', 'yaml', 'name'].map((format) => ({ words: ['status', '-o', format] })),
  reconcile: [{ words: ['reconcile', 'awake'] }, { words: ['reconcile', HOSTILE] }],
  repair: [{ words: ['repair', 'awake'] }],
  suspend: [{ words: ['suspend', 'awake', '--reason', HOSTILE] }],
  resume: [{ words: ['resume', 'etl'] }],
  'enable-authoring': [{ words: ['enable-authoring', 'awake'] }],
  'accept-identity': [{ words: ACCEPT }],
  wait: [{ words: ['wait', 'etl'] }, { words: ['wait', HOSTILE, '--timeout', '0'] }],
  check: ['text', 'json'].map((format) => ({ words: ['check', '-o', format] })),
  trace: ['text', 'json'].map((format) => ({ words: ['trace', 'etl', '-o', format] })),
  probe: [
    { words: ['probe', '--factory', HOSTILE, '--yes'] },
    { words: ['probe', '--clean', '--dir', HOSTILE] },
    { words: ['probe', '--clean', '--dir', 'JOURNAL'] },
  ],
  completion: [{ words: ['completion', HOSTILE] }],
  version: ['text', 'json'].map((format) => ({ words: ['version', '-o', format] })),
};

async function outputs({ words, stdin }: Case): Promise<string> {
  const [verb = ''] = words;
  const cluster = ['completion', 'import', 'probe'].includes(verb) ? [] : ['--kubeconfig', server.kubeconfig];
  const place = verb === 'import' ? ['--factory', idOf()] : [];
  const given = [...words.map((word) => (/^(FOLDER|JOURNAL)$/.test(word) ? folder : word)), ...place, ...cluster];
  const line = { what: 'reserved', parent: idOf(), name: HOSTILE };
  if (words.includes('JOURNAL')) await writeFile(join(folder, 'probe-journal'), `${JSON.stringify(line)}\n`);
  const env = azureEnv({ ...DEFAULT_CLIENT, ...azure.emulator });
  const { io, told } = testIo({ env, stdin: async () => stdin?.() ?? '' });
  await run(given, io);
  const report = words.includes('FOLDER') ? await readFile(join(folder, 'import-report.json'), 'utf8') : '';
  return `${told.out}${told.notes}${report}`;
}

const cases = Object.values(CASES).flatMap((each) =>
  each.map((one) => [one.words.join(' ').slice(0, 60), one] as const),
);

describe('hostile text', () => {
  test.each(cases)('does nothing in %j', async (_, one) => {
    const text = await outputs(one);
    expect(text).not.toBe('');
    expect(text.replaceAll('\n', '')).not.toMatch(UNSEEN);
    expect(text).not.toMatch(COMMAND);
  });

  test('was tried in every verb', () => {
    const names = verbs(testIo().io, () => {}).map(({ command }) => command.name());
    expect(Object.keys(CASES).sort()).toEqual(names.sort());
  });

  test('stays in code spans on a pull request', async () => {
    const text = await outputs({ words: [...PLAN, '-o', 'markdown'], stdin: ADOPTS });
    // Without spans of code nothing of it is left.
    const outside = text.replaceAll(/(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)/g, '');
    for (const part of ['@me', '<img', 'https://evil', '#1']) expect(outside).not.toContain(part);
    expect(text).toContain('@me');
  });
});
