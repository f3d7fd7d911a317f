/** `kubectl azir plan` and `import` against the API server and Azure: what they say is what the operator then does. */
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { azir, startAzir } from './support/azir.ts';
import { eventually, inBothKinds, inPlace, type Place } from './support/place.ts';

const located = (location: string, more: object = {}) => ({
  type: 'Managed',
  typeProperties: { computeProperties: { location, ...more } },
});
const existing = (place: Place, name: string, properties: object) =>
  place.azure.putRuntime({ factory: place.factory, name, properties: { ...properties } });

interface Planned {
  complete: boolean;
  changes: { object: { name: string }; action: string; reason?: string; fields: { path: string; after: unknown }[] }[];
}

async function planned(manifests: readonly object[], ...flags: string[]): Promise<Planned & { code: number }> {
  const list = { apiVersion: 'v1', kind: 'List', items: manifests };
  const { code, stdout, stderr } = await azir(['plan', '-f', '-', '-o', 'json', ...flags], { stdin: list });
  if (stdout === '') throw new Error(stderr);
  return { code, ...JSON.parse(stdout) };
}

const WRITES = ['PUT', 'DELETE', 'POST'];
const writesOf = async (place: Place) =>
  (await place.trace())
    .filter(({ method, operation }) => WRITES.includes(method) && operation !== 'IntegrationRuntimes_GetStatus')
    .map(({ method, runtime, body }) => ({ method, runtime, body }));

describe.each(inBothKinds)('plan, in a $kind', ({ inPlace }) => {
  test.concurrent('announces what the operator then writes, and nothing else', () =>
    inPlace(async (place) => {
      await existing(place, 'identical', located('westeurope'));
      await existing(place, 'differs', located('North Europe', { dataFlowProperties: { coreCount: 32 } }));
      await existing(place, 'self', { type: 'SelfHosted' });
      const manifests = [
        place.manifest('fresh', { dataFlow: { coreCount: 8 }, description: 'New.' }),
        place.manifest('identical'),
        place.manifest('differs', { dataFlow: { coreCount: 16 } }),
        place.manifest('self'),
        place.manifest('careful', { azureName: 'differs', managementPolicy: 'Observe' }),
      ];
      await place.azure.clearTrace({ subscriptionId: place.factory.subscriptionId });
      const plan = await planned(manifests, '--detailed-exitcode');
      expect(plan.changes.map(({ object, action }) => `${object.name} ${action}`).sort()).toEqual([
        'careful none',
        'differs adopt',
        'fresh create',
        'identical adopt',
        'self blocked',
      ]);
      expect(plan.code).toBe(3);
      expect(await writesOf(place)).toEqual([]);

      for (const manifest of manifests) await place.try(['apply', '-f', '-'], { stdin: manifest });
      for (const name of ['fresh', 'identical', 'differs']) await place.until(name, 'Ready=True Available');
      await place.until('self', 'Ready=False TypeConflict Stalled');
      const announced = plan.changes.filter(
        ({ action, fields }) => action === 'create' || (action === 'adopt' && fields.length > 0),
      );
      const writes = await writesOf(place);
      expect(writes.map(({ runtime }) => runtime).sort()).toEqual(announced.map(({ object }) => object.name).sort());
      const [differs] = plan.changes.filter(({ object }) => object.name === 'differs');
      expect(differs?.fields.map(({ path, after }) => [path, after])).toEqual([
        ['location', 'West Europe'],
        ['dataFlow.coreCount', 16],
      ]);
      const after = await planned(
        manifests.filter((_, i) => i !== 3),
        '--live',
        '--detailed-exitcode',
      );
      expect(after.changes.map(({ action }) => action)).toEqual(['none', 'none', 'none', 'none']);
      expect(after.code).toBe(0);
    }));

  test.concurrent('knows with --live what a deletion does', () =>
    inPlace(async (place) => {
      await existing(place, 'adopted', located('West Europe'));
      for (const name of ['adopted', 'created']) await place.apply(name);
      for (const name of ['adopted', 'created']) await place.until(name, 'Ready=True Available');
      const base = await mkdtemp(join(tmpdir(), 'azir-base-'));
      const list = {
        apiVersion: 'v1',
        kind: 'List',
        items: ['adopted', 'created'].map((name) => place.manifest(name)),
      };
      await writeFile(join(base, 'all.json'), JSON.stringify(list));
      const acts = async (...flags: string[]) =>
        (await planned([], '--base', base, ...flags)).changes.map(({ object, action }) => `${object.name} ${action}`);
      expect(await acts('--live')).toEqual(['created delete', 'adopted retain']);
      expect(await acts()).toEqual(['adopted delete', 'created delete']);
      const guarded = await planned([], '--base', base, '--live', '--policy', 'no-delete');
      expect(guarded.code).toBe(3);
    }));

  test.concurrent('takes a factory that cannot be read for unknown, and plans the rest', () =>
    inPlace(async (place) => {
      await place.azure.addRefusal({ kind: 'permission', scope: place.scope, action: place.kind.actions.read });
      const plan = await planned([place.manifest('sample')]);
      expect(plan).toMatchObject({ code: 1, complete: false, changes: [{ action: 'unknown' }] });
    }));
});

test.concurrent('a plan that is interrupted leaves no file', () =>
  inPlace(async (place) => {
    await place.azure.addFault({ match: { factory: place.factory.name }, times: 1, effect: { kind: 'hang' } });
    const folder = await mkdtemp(join(tmpdir(), 'azir-plan-'));
    const files = ['-o', `json=${join(folder, 'plan.json')}`, '-o', `markdown=${join(folder, 'plan.md')}`];
    const running = await startAzir(['plan', '-f', '-', ...files], { stdin: place.manifest('etl') });
    await eventually(async () => expect(await place.requests()).toContain('LIST'));
    running.interrupt();
    expect((await running.ended).code).toBe(130);
    expect(await readdir(folder)).toEqual([]);
  }));

test.concurrent('a list of more pages than go out at once is read to its end', () =>
  inPlace(async (place) => {
    const names = Array.from({ length: 60 }, (_, i) => `ir-${i}`);
    for (const name of names) await existing(place, name, located('West Europe'));
    await place.azure.setPageSize({ factory: place.factory, size: 1 });
    const plan = await planned(names.map((name) => place.manifest(name)));
    expect(plan).toMatchObject({ code: 0, complete: true, requests: { reads: 60 } });
    expect(plan.changes.every(({ action }) => action === 'adopt')).toBe(true);
  }));

describe.each(inBothKinds)('import, in a $kind', ({ inPlace }) => {
  test.concurrent('takes everything under the operator without one write to Azure', () =>
    inPlace(async (place) => {
      await existing(place, 'EtlIR', {
        ...located('West Europe', {
          dataFlowProperties: {
            coreCount: 16,
            customProperties: [
              { name: 'apiKey', value: 's3cret' },
              { name: 'on', value: 'yes' },
            ],
          },
        }),
        description: '##vso[task.complete] | `x` @me \u202e: yes',
      });
      await existing(place, 'Second-IR', { ...located('AutoResolve'), alien: { a: 1 } });
      await existing(place, 'SelfIR', { type: 'SelfHosted' });
      await existing(place, 'SsisIR', { ...located('West Europe', { nodeSize: 'Standard_D2_v3' }) });
      await place.azure.clearTrace({ subscriptionId: place.factory.subscriptionId });
      const folder = join(await mkdtemp(join(tmpdir(), 'azir-import-')), 'runtimes');
      const run = () => azir(['import', `--${place.kind.parent}`, place.scope, '-n', place.namespace, '-d', folder]);
      const first = await run();
      expect(first).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('applying them changes nothing in Azure'),
      });
      const files = (await readdir(folder)).sort();
      expect(files).toEqual(['etlir.yaml', 'import-report.json', 'kustomization.yaml', 'second-ir.yaml']);
      const contents = () => Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
      const before = await contents();
      expect(before.join()).not.toContain('s3cret');
      expect(await run()).toMatchObject({ code: 0 });
      expect(await contents()).toEqual(before);
      const { skipped } = JSON.parse(await readFile(join(folder, 'import-report.json'), 'utf8'));
      expect(skipped.map(({ reason }: { reason: string }) => reason).sort()).toEqual([
        'AzureSsis',
        ...(place.kind.parent === 'workspace' ? ['Default'] : []),
        'SelfHosted',
      ]);

      await place.kubectl('apply', '-k', folder);
      for (const name of ['etlir', 'second-ir']) await place.until(name, 'Ready=True Available');
      await eventually(async () => expect((await place.get('etlir'))?.status?.claim?.origin).toBe('Adopted'));
      expect(await writesOf(place)).toEqual([]);
      const { code, stdout } = await azir(['plan', '-k', folder, '--live', '--detailed-exitcode']);
      expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('No changes in Azure') });
    }));
});

test('kubectl finds the plugin on PATH, and it needs no cluster for its version', async () => {
  const { code, stdout } = await azir(['version', '--client', '-o', 'json'], { env: { KUBECONFIG: '/nowhere' } });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ kind: 'Version', client: { api: 'azure-ir.io/v1beta1' } });
});
