/** What a person does, through kubectl alone, with the bundle and the rights that `deploy/` gives it. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_FACTORY } from '../../dev/emulator/index.ts';
import { buildBundle } from '../../dev/installation/bundle.ts';
import { type Installation, install } from '../../dev/installation/installation.ts';
import { kubectlOf } from '../../dev/installation/kubectl.ts';
import { type OperatorProcess, startOperator } from '../../dev/installation/operator-process.ts';

/** kubectl's own deadline for everything that waits. */
const TIMEOUT = '--timeout=60s';
const NAMESPACE = 'default';

let installation: Installation;
let operator: OperatorProcess;

beforeAll(async () => {
  [installation] = await Promise.all([install(), buildBundle()]);
  operator = await startOperator({
    kubeconfig: installation.operatorKubeconfig,
    azure: installation.azure,
    args: ['--interval=2s', `--operator-identity-namespaces=${NAMESPACE}`],
  });
  // The first time, the control plane may have to be downloaded or built.
}, 1_200_000);

afterAll(async () => {
  const exitCode = await operator?.stop();
  await installation?.stop();
  expect(exitCode).toBe(0);
});

function kubectl(...args: string[]): Promise<string> {
  return kubectlOf(installation.cluster, args);
}

function apply(manifest: object): Promise<string> {
  return kubectlOf(installation.cluster, ['apply', '-f', '-'], { stdin: manifest });
}

function manifest(name: string, azureName: string, location = 'West Europe'): object {
  return {
    apiVersion: 'azure-ir.io/v1beta1',
    kind: 'AzureIntegrationRuntime',
    metadata: { name, namespace: NAMESPACE },
    spec: { azureName, factory: DEFAULT_FACTORY, location },
  };
}

const waitFor = (name: string, what: string) => kubectl('wait', `--for=${what}`, `azir/${name}`, TIMEOUT);

/** What `kubectl get` shows for an object, by column; a cell can be empty, so it is found by where its column begins. */
async function row(name: string): Promise<Record<string, string>> {
  const [head = '', values = ''] = (await kubectl('get', 'azir', name, '-o', 'wide')).split('\n');
  const columns = [...head.matchAll(/\S+(?: \S+)*/g)];
  return Object.fromEntries(
    columns.map(({ 0: column, index }, i) => [column, values.slice(index, columns[i + 1]?.index).trim()]),
  );
}

const fresh = () => `e2e-${randomUUID().slice(0, 8)}`;

describe('through kubectl', () => {
  test('a runtime is declared, moved and deleted', async () => {
    const name = fresh();
    await apply(manifest(name, name));
    await waitFor(name, 'condition=Ready');
    expect(await row(name)).toMatchObject({
      READY: 'True',
      REASON: 'Available',
      STATE: 'Online',
      LOCATION: 'West Europe',
      'FACTORY/WORKSPACE': DEFAULT_FACTORY.name,
      MESSAGE: 'Runtime is Online and matches the spec.',
      'AZURE NAME': name,
    });

    await apply(manifest(name, name, 'North Europe'));
    await waitFor(name, 'condition=Ready');
    expect(await row(name)).toMatchObject({ READY: 'True', LOCATION: 'North Europe' });
    expect((await installation.emulator.control.getRuntime({ factory: DEFAULT_FACTORY, name }))?.properties).toEqual({
      type: 'Managed',
      typeProperties: { computeProperties: { location: 'North Europe' } },
    });
    const described = await kubectl('describe', 'azir', name);
    expect(described).toMatch(/Origin: +Created/);
    expect(described).toMatch(/Normal +Created .*The runtime was created\./);

    await kubectl('delete', 'azir', name, '--wait', TIMEOUT);
    expect(await kubectl('get', 'azir', name, '--ignore-not-found')).toBe('');
    expect(await installation.emulator.control.getRuntime({ factory: DEFAULT_FACTORY, name })).toBeNull();
  });

  test('an object is renamed as Argo CD and Flux do it, the new one first: the runtime survives', async () => {
    const { control } = installation.emulator;
    const [before, after, runtime] = [fresh(), fresh(), fresh()];
    await apply(manifest(before, runtime));
    await waitFor(before, 'condition=Ready');

    await apply(manifest(after, runtime));
    await waitFor(after, 'condition=Stalled');
    expect(await row(after)).toMatchObject({ READY: 'False', REASON: 'OwnedByAnother' });

    await kubectl('delete', 'azir', before, '--wait', TIMEOUT);
    await waitFor(after, 'condition=Ready');
    expect(await kubectl('describe', 'azir', after)).toMatch(/Origin: +Created/);
    const deletes = await control.counts({ operation: 'IntegrationRuntimes_Delete', runtime });
    expect(deletes).toEqual({});

    await kubectl('delete', 'azir', after, '--wait', TIMEOUT);
    expect(await control.getRuntime({ factory: DEFAULT_FACTORY, name: runtime })).toBeNull();
  });
});
