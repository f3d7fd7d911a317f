/** What a verb costs, counted: the modules that it loads, and what it asks of Azure. */
import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { DEFAULT_CLIENT, type FactoryRef } from '../../../dev/emulator/index.ts';
import { run } from '../../../src/cli/run.ts';
import { azureEnv } from '../../support/azure-env.ts';
import { useEmulator } from '../dev/emulator/helpers.ts';
import { testIo } from './test-io.ts';

const root = new URL('../../..', import.meta.url);
const azure = useEmulator();

/** The modules that a run of the command loads, below the repository. */
async function loaded(...words: string[]): Promise<string[]> {
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({ load(url, context, next) { process.stderr.write('loaded ' + url + '\\n'); return next(url, context); } });`;
  const { stderr } = await promisify(execFile)(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, 'src/cli/main.ts', ...words],
    { cwd: root, env: { ...process.env, NODE_OPTIONS: '' } },
  );
  return [...stderr.matchAll(/^loaded (.*)$/gm)]
    .map(([, url = '']) => url.replace(root.href, ''))
    .filter((url) => !url.startsWith('node:') && !url.startsWith('data:'));
}

test('the version of the command needs its own few modules, and none of a cluster, of Azure or of YAML', async () => {
  const modules = await loaded('version', '--client');
  const packages = new Set(modules.flatMap((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []));
  expect([...packages]).toEqual(['commander']);
  const own = modules.filter((url) => url.startsWith('src/'));
  expect(own.filter((url) => /^src\/(azure|kube|reconcile|telemetry|http|wiring|triggers)\//.test(url))).toEqual([]);
  expect(own).not.toContain('src/cli/plan/command.ts');
  // A few small ones; each costs a start about a millisecond.
  expect(own.length).toBeLessThanOrEqual(30);
});

const env = () => azureEnv({ ...DEFAULT_CLIENT, ...azure.emulator });

async function factoryOf(count: number): Promise<{ factory: FactoryRef; stdin: () => Promise<string> }> {
  const factory = await azure.freshFactory();
  const { control } = azure.emulator;
  const properties = { type: 'Managed', typeProperties: { computeProperties: { location: 'West Europe' } } };
  for (let i = 0; i < count; i++) await control.putRuntime({ factory, name: `ir-${i}`, properties });
  const items = Array.from({ length: count }, (_, i) => ({
    apiVersion: 'azure-ir.io/v1beta1',
    kind: 'AzureIntegrationRuntime',
    metadata: { name: `ir-${i}`, namespace: 'team' },
    spec: { factory, location: 'West Europe' },
  }));
  return { factory, stdin: async () => JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) };
}

async function planned(stdin: () => Promise<string>, ...words: string[]) {
  const { io, told } = testIo({ env: env(), stdin });
  const code = await run(['plan', '-f', '-', '-o', 'json', ...words], io);
  return { code, plan: JSON.parse(told.out) };
}

test('a plan of 1,000 manifests in one factory reads ten pages, and no state', async () => {
  const { factory, stdin } = await factoryOf(1_000);
  await azure.emulator.control.setPageSize({ factory, size: 100 });
  await azure.emulator.control.clearTrace({ subscriptionId: factory.subscriptionId });
  const { code, plan } = await planned(stdin);
  expect(code).toBe(0);
  expect(plan).toMatchObject({ complete: true, summary: { adopt: 1_000 }, requests: { reads: 10 } });
  const trace = await azure.emulator.control.trace({ subscriptionId: factory.subscriptionId });
  expect(trace.map(({ operation }) => operation)).toEqual(Array(10).fill('IntegrationRuntimes_ListByFactory'));
});

test('a plan reads the state of each object that has its runtime, and only if it is asked to', async () => {
  const { stdin } = await factoryOf(5);
  const base = await mkdtemp(join(tmpdir(), 'azir-base-'));
  await writeFile(join(base, 'all.json'), await stdin());
  expect((await planned(stdin, '--base', base)).plan.requests.reads).toBe(1);
  expect((await planned(stdin, '--base', base, '--state')).plan.requests.reads).toBe(6);
});

test.each<[string, object]>([
  ['that is refused', { kind: 'reply', status: 403 }],
  ['whose answer is no list', { kind: 'reply', status: 200, body: { value: 1 } }],
  [
    'that leads to another host',
    { kind: 'reply', status: 200, body: { value: [], nextLink: 'https://evil.example/x' } },
  ],
])('a page %s makes the plan incomplete: what it would show is never absent', async (_, effect) => {
  const { factory, stdin } = await factoryOf(3);
  await azure.emulator.control.addFault({
    match: { subscriptionId: factory.subscriptionId },
    times: 100,
    effect: effect as never,
  });
  const { code, plan } = await planned(stdin);
  expect(code).toBe(1);
  expect(plan).toMatchObject({ complete: false, summary: { create: 0, unknown: 3 } });
});

test('waits as long as a 429 says, and then goes on', async () => {
  const { factory, stdin } = await factoryOf(3);
  const effect = { kind: 'reply', status: 429, headers: { 'retry-after': '1' } } as const;
  await azure.emulator.control.addFault({ match: { subscriptionId: factory.subscriptionId }, times: 1, effect });
  const start = performance.now();
  expect(await planned(stdin)).toMatchObject({ code: 0, plan: { complete: true, summary: { adopt: 3 } } });
  expect(performance.now() - start).toBeGreaterThan(900);
});
