/** What the pages of the documentation tell to type is typed, on a real API server with the running operator. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type ControlPlane, startControlPlane } from '../../dev/controlplane/index.ts';
import { DEFAULT_FACTORY } from '../../dev/emulator/index.ts';
import { buildBundle } from '../../dev/installation/bundle.ts';
import { type Installation, install } from '../../dev/installation/installation.ts';
import { type OperatorProcess, startOperator } from '../../dev/installation/operator-process.ts';
import type { Block } from '../../scripts/docs/commands.ts';
import { azureEnv } from '../support/azure-env.ts';
import { type Page, readPages, Terminal } from '../support/pages.ts';
import { describeWith } from '../support/tools.ts';

/** The first time, the control plane may have to be downloaded or built. */
const SET_UP_MS = 1_200_000;
const SAMPLE = 'kubectl apply -f examples/azureintegrationruntime.yaml';
const READY = 'kubectl wait --for=condition=Ready azir/my-sample-azure-ir --timeout=60s';
/** What a page takes for granted when it is opened. */
const BEFORE: Readonly<Record<string, readonly string[]>> = {
  'docs/change-queue.md': [SAMPLE, READY],
  'docs/gitops.md': ['kubectl create namespace argocd', 'kubectl create configmap argocd-cm -n argocd'],
  'docs/operations.md': [SAMPLE, READY, 'kubectl apply -f examples/interactive-authoring.yaml'],
  'docs/reference/manifest.md': [SAMPLE],
  'docs/runbook.md': [SAMPLE, READY],
  'docs/upgrading.md': [SAMPLE, READY],
};
/** As examples/observe.yaml declares it. */
const OBSERVED = { factory: DEFAULT_FACTORY, name: 'ObservedAzureIR' };
/** What a reader of the page on migrating has. */
const FACTORY_ID = `/subscriptions/${DEFAULT_FACTORY.subscriptionId}/resourceGroups/${DEFAULT_FACTORY.resourceGroup}/providers/Microsoft.DataFactory/factories/${DEFAULT_FACTORY.name}`;
const FILES: Readonly<Record<string, object>> = {
  'state.json': {
    format_version: '1.0',
    values: {
      root_module: {
        resources: [
          {
            address: 'azurerm_data_factory_integration_runtime_azure.example',
            mode: 'managed',
            type: 'azurerm_data_factory_integration_runtime_azure',
            values: { id: `${FACTORY_ID}/integrationruntimes/${OBSERVED.name}` },
          },
        ],
      },
    },
  },
  'main.json': {
    parameters: { factoryName: { type: 'string' } },
    resources: [
      {
        type: 'Microsoft.DataFactory/factories/integrationRuntimes',
        name: `[concat(parameters('factoryName'), '/${OBSERVED.name}')]`,
      },
    ],
  },
  [`adf/integrationRuntime/${OBSERVED.name}.json`]: { name: OBSERVED.name, properties: { type: 'Managed' } },
};
/** What its commands write. */
const WRITTEN = ['runtimes', 'watched', 'from-terraform', 'from-arm', 'from-git'];
const PROPERTIES = { type: 'Managed', typeProperties: { computeProperties: { location: 'West Europe' } } };

const installs = (block: Block): boolean => block.some(({ text }) => text.startsWith('helm '));
const pages = readPages();
const pagesWith = (which: (block: Block) => boolean): [string, Page][] =>
  pages.filter(({ blocks }) => blocks.some(which)).map((page) => [page.path, page]);

async function type({ path, blocks }: Page, terminal: Terminal, which: (block: Block) => boolean): Promise<void> {
  for (const { line, text } of blocks.filter(which).flat()) {
    await terminal.run(text).catch((error: Error) => {
      throw new Error(`${path}:${line}: ${error.message}`);
    });
  }
}

describe('where the operator runs', () => {
  let installation: Installation;
  let operator: OperatorProcess;
  let terminal: Terminal;

  beforeAll(async () => {
    [installation] = await Promise.all([install(), buildBundle()]);
    const { azure } = installation;
    terminal = await Terminal.open(installation.cluster, {
      ...azureEnv(azure),
      NODE_EXTRA_CA_CERTS: azure.caFile,
      FACTORY_ID,
      NAME: OBSERVED.name.toLowerCase(),
    });
    operator = await startOperator({
      kubeconfig: installation.operatorKubeconfig,
      azure: installation.azure,
      args: [
        '--interval=2s',
        '--operator-identity-namespaces=default',
        '--leader-elect',
        '--leader-elect-namespace=azure-ir-system',
      ],
    });
  }, SET_UP_MS);

  afterAll(async () => {
    const exitCode = await operator?.stop();
    await terminal?.close();
    await installation?.stop();
    expect(exitCode).toBe(0);
  });

  const control = () => installation.emulator.control;

  beforeEach(async () => {
    await control().putRuntime({ ...OBSERVED, properties: PROPERTIES });
    await terminal.remove(...WRITTEN);
    for (const [name, content] of Object.entries(FILES)) await terminal.write(name, JSON.stringify(content));
  });

  afterEach(async () => {
    await terminal.run('kubectl delete azir --all -A --timeout=60s');
    for (const { name } of await control().runtimes(DEFAULT_FACTORY)) {
      await control().deleteRuntime({ factory: DEFAULT_FACTORY, name });
    }
  });

  test.each(pagesWith((block) => !installs(block)))('every command of %s can be typed', async (path, page) => {
    for (const command of BEFORE[path] ?? []) await terminal.run(command);
    await type(page, terminal, (block) => !installs(block));
  });

  test('a migration, and back, leaves the runtime as it was', async () => {
    const before = await control().getRuntime(OBSERVED);
    const page = pages.find(({ path }) => path === 'docs/migrating.md');
    if (page === undefined) throw new Error('there is no page on migrating');
    await type(page, terminal, (block) => !installs(block));
    expect(await control().getRuntime(OBSERVED)).toEqual(before);
    expect(await terminal.run('kubectl get azir -o name')).toBe('');
  });

  test('a command that fails is told with the page and the line', async () => {
    const page = { path: 'page.md', text: '', blocks: [[{ line: 7, text: 'kubectl get azir nowhere' }]] };
    await expect(type(page, terminal, () => true)).rejects.toThrow(/^page.md:7: .*nowhere/s);
  });
});

const describeHelm = await describeWith('helm');

describeHelm('where nothing is installed yet', () => {
  let plane: ControlPlane;
  let cache: string;
  let terminal: Terminal;

  beforeEach(async () => {
    plane = await startControlPlane();
    cache = await mkdtemp(join(tmpdir(), 'kubectl-cache-'));
    terminal = await Terminal.open({ kubectl: plane.kubectl, kubeconfig: plane.kubeconfig, cache });
  }, SET_UP_MS);

  afterEach(async () => {
    await terminal?.close();
    await plane?.stop();
    await rm(cache, { recursive: true, force: true });
  });

  test.each(pagesWith(installs))('%s installs the operator', async (_, page) => {
    await terminal.save(page);
    await type(page, terminal, installs);
    expect(await terminal.run('helm list -A -q')).toBe('azure-ir-operator\n');
    expect(await terminal.run('kubectl get crd,deploy -n azure-ir-system -o name')).toContain(
      'azureintegrationruntimes',
    );
  });
});
