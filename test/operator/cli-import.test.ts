/** `kubectl azir import` against the API server and Azure: what exists comes under the operator, and Azure is not written to. */
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { azir, startAzir } from './support/azir.ts';
import { eventually, inBothKinds, inPlace, type Place } from './support/place.ts';

const located = (location: string, more: object = {}) => ({
  type: 'Managed',
  typeProperties: { computeProperties: { location, ...more } },
});
const IN_NETWORK = { managedVirtualNetwork: { type: 'ManagedVirtualNetworkReference', referenceName: 'default' } };
const SELF_HOSTED = { type: 'SelfHosted' };
const SSIS = located('West Europe', { nodeSize: 'Standard_D2_v3', numberOfNodes: 1 });

const existing = (place: Place, name: string, properties: object) =>
  place.azure.putRuntime({ factory: place.factory, name, properties: { ...properties } });
const forget = (place: Place) => place.azure.clearTrace({ subscriptionId: place.factory.subscriptionId });
const fresh = async (name: string) => join(await mkdtemp(join(tmpdir(), 'azir-import-')), name);

/** What is asked of Azure beside reading. */
const writesOf = async (place: Place) =>
  (await place.trace())
    .filter(({ method, operation }) => method !== 'GET' && operation !== 'IntegrationRuntimes_GetStatus')
    .map(({ method, runtime }) => `${method} ${runtime}`);

/** Ends with 0, or the test with what it complained of. */
async function succeed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await azir(args);
  if (code !== 0) throw new Error(`kubectl azir ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
  return stdout + stderr;
}

const reportIn = async (folder: string) => JSON.parse(await readFile(join(folder, 'import-report.json'), 'utf8'));

test.concurrent('a factory with twelve runtimes is under the operator in five commands', () =>
  inPlace(async (place) => {
    await place.azure.ensureNetwork({ factory: place.factory });
    const ours = ['Etl-1', 'Etl-2', 'Etl-3', 'Copy-1', 'Copy-2', 'Private-1', 'Private-2', 'Kustomization'];
    for (const name of ours.slice(0, 3)) await existing(place, name, located('West Europe'));
    for (const name of ours.slice(3, 5)) {
      await existing(place, name, located('North Europe', { copyComputeScaleProperties: { dataIntegrationUnit: 16 } }));
    }
    for (const name of ours.slice(5, 7)) await existing(place, name, { ...located('AutoResolve'), ...IN_NETWORK });
    await existing(place, 'Kustomization', { ...located('West Europe'), description: 'Odd, and allowed.' });
    await existing(place, 'AutoResolveIntegrationRuntime', { ...located('AutoResolve'), ...IN_NETWORK });
    for (const name of ['Self-1', 'Self-2']) await existing(place, name, SELF_HOSTED);
    await existing(place, 'Ssis-1', SSIS);
    await forget(place);

    const folder = await fresh('runtimes');
    await succeed('import', '--factory', place.scope, '-n', place.namespace, '-d', folder);
    await succeed('plan', '-k', folder, '--detailed-exitcode');
    await place.kubectl('apply', '-k', folder);
    await succeed('wait', '--all', '-n', place.namespace, '--timeout', '2m');
    const last = await succeed('plan', '-k', folder, '--live', '--detailed-exitcode');

    expect(last).toContain('No changes in Azure');
    expect(await writesOf(place)).toEqual([]);
    const { imported, skipped } = await reportIn(folder);
    expect(imported.map(({ runtime }: { runtime: string }) => runtime).sort()).toEqual([...ours].sort());
    expect(skipped.map(({ reason }: { reason: string }) => reason).sort()).toEqual([
      'AzureSsis',
      'Default',
      'SelfHosted',
      'SelfHosted',
    ]);
    for (const name of ours.map((each) => each.toLowerCase())) {
      expect((await place.get(name))?.status?.claim?.origin).toBe('Adopted');
    }
  }));

type Sourced = (place: Place, folder: string) => Promise<string[]>;

/** Each names EtlIR, in its own letters, SelfIR and GoneIR, and not OtherIR. */
const SOURCES: readonly (readonly [name: string, make: Sourced])[] = [
  [
    'a Terraform state',
    async ({ scope, kind }, folder) => {
      const type = `azurerm_${kind.parent === 'factory' ? 'data_factory' : 'synapse'}_integration_runtime_azure`;
      const resources = ['etlir', 'SelfIR', 'GoneIR'].map((name) => ({
        address: `module.etl["a"].${type}.${name}`,
        mode: 'managed',
        type,
        values: { id: `${scope}/integrationruntimes/${name}`, location: 'elsewhere' },
      }));
      const child = { address: 'module.etl["a"]', resources };
      const state = { format_version: '1.0', values: { root_module: { child_modules: [child] } } };
      await writeFile(join(folder, 'state.json'), JSON.stringify(state));
      return ['--from-terraform', join(folder, 'state.json')];
    },
  ],
  [
    'an ARM template',
    async ({ factory: { name, subscriptionId, resourceGroup }, kind }, folder) => {
      const template = {
        parameters: { parent: { type: 'string' } },
        resources: ['etlir', 'SelfIR', 'GoneIR'].map((runtime) => ({
          type: `${kind.type}/integrationRuntimes`,
          name: `[concat(parameters('parent'), '/${runtime}')]`,
          properties: located('elsewhere'),
        })),
      };
      await writeFile(join(folder, 'main.json'), JSON.stringify(template));
      return [
        ...['--from-arm', join(folder, 'main.json'), '--parameters', `parent=${name}`],
        ...['--subscription', subscriptionId, '-g', resourceGroup],
      ];
    },
  ],
  [
    'a Git folder',
    async ({ scope, kind }, folder) => {
      await mkdir(join(folder, 'git', 'integrationRuntime'), { recursive: true });
      for (const name of ['etlir', 'SelfIR', 'GoneIR']) {
        const text = JSON.stringify({ name, properties: located('elsewhere') });
        await writeFile(join(folder, 'git', 'integrationRuntime', `${name}.json`), text);
      }
      return ['--from-adf-git', join(folder, 'git'), `--${kind.parent}`, scope];
    },
  ],
];

describe.each(inBothKinds)('in a $kind, import of', ({ inPlace }) => {
  test.concurrent.each(SOURCES)('%s takes what it names as Azure has it, and the operator is at rest', (_, make) =>
    inPlace(async (place) => {
      await existing(place, 'EtlIR', located('West Europe', { dataFlowProperties: { coreCount: 16 } }));
      await existing(place, 'SelfIR', SELF_HOSTED);
      await existing(place, 'OtherIR', located('West Europe'));
      await forget(place);
      const folder = await fresh('runtimes');
      const flags = await make(place, join(folder, '..'));
      const run = () => succeed('import', ...flags, '-n', place.namespace, '-d', folder);
      await run();
      const manifests = (await readdir(folder)).filter((name) => /^(?!kustomization).*\.yaml$/.test(name));
      expect(manifests).toEqual(['etlir.yaml']);
      const report = await readFile(join(folder, 'import-report.json'), 'utf8');
      await run();
      expect(await readFile(join(folder, 'import-report.json'), 'utf8')).toBe(report);
      const { imported, skipped } = JSON.parse(report);
      expect(imported).toMatchObject([{ name: 'etlir', runtime: 'EtlIR', declaredIn: [expect.any(String)] }]);
      expect(skipped.map(({ reason }: { reason: string }) => reason).sort()).toEqual(['Absent', 'SelfHosted']);

      await place.kubectl('apply', '-k', folder);
      await place.until('etlir', 'Ready=True Available');
      await eventually(async () => expect((await place.get('etlir'))?.status?.claim?.origin).toBe('Adopted'));
      await place.passes('EtlIR');
      expect(await writesOf(place)).toEqual([]);
      const again = await fresh('runtimes');
      await succeed('import', ...flags, '-n', place.namespace, '-d', again, '--live');
      expect((await reportIn(again)).skipped).toContainEqual(
        expect.objectContaining({ reason: 'InCluster', message: `the object ${place.namespace}/etlir manages it` }),
      );
    }),
  );
});

test.concurrent('Ctrl-C while Azure is read leaves no folder', () =>
  inPlace(async (place) => {
    await existing(place, 'EtlIR', located('West Europe'));
    await forget(place);
    await place.azure.addFault({ match: { factory: place.factory.name }, effect: { kind: 'hang' } });
    const folder = await fresh('runtimes');
    const running = await startAzir(['import', '--factory', place.scope, '-d', folder]);
    await eventually(async () => expect(await place.requests()).toContain('LIST'), 60_000);
    running.interrupt();
    expect((await running.ended).code).toBe(130);
    expect(await readdir(join(folder, '..'))).toEqual([]);
  }));
