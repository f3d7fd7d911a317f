/** Starts one control plane, one emulated Azure and one operator for all tests of this folder, each test in its own namespace and factory. */
import { appendFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Azurite, startAzurite } from '../../../dev/azurite/azurite.ts';
import { haveAzurite } from '../../../dev/azurite/install.ts';
import { QueueClient } from '../../../dev/azurite/queue.ts';
import { DEFAULT_CLIENT } from '../../../dev/emulator/index.ts';
import { buildBundle } from '../../../dev/installation/bundle.ts';
import { type Installation, install } from '../../../dev/installation/installation.ts';
import { type OperatorProcess, startOperator } from '../../../dev/installation/operator-process.ts';
import { type Run, SETUP } from './run.ts';

declare global {
  var operatorRun: { installation: Installation; operator: OperatorProcess; azurite: Azurite | undefined } | undefined;
}

export default async function setUp(): Promise<void> {
  await buildBundle();
  const installation = await install();
  const queue = await withQueue(installation);
  const logFile = join(await mkdtemp(join(tmpdir(), 'operator-log-')), 'log.jsonl');
  const operator = await startOperator({
    kubeconfig: installation.operatorKubeconfig,
    azure: installation.azure,
    args: ['--interval=1s', '--operator-identity-namespaces=*', '--log-level=debug', ...queue.args],
    onLine: (line) => appendFileSync(logFile, `${line}\n`),
  });
  globalThis.operatorRun = { installation, operator, azurite: queue.azurite };
  const run: Run = {
    cluster: installation.cluster,
    azure: installation.azure,
    emulatorControlUrl: installation.emulator.controlUrl,
    metricsUrl: operator.metricsUrl,
    healthUrl: operator.healthUrl,
    logFile,
    identity: `${DEFAULT_CLIENT.tenantId}/${DEFAULT_CLIENT.clientId}`,
    ...queue.run,
  };
  process.env[SETUP] = JSON.stringify(run);
}

/** Nothing comes into it but what a test has announced. */
async function withQueue({ emulator, azure }: Installation) {
  const packages = await haveAzurite();
  if (packages === undefined) return { args: [], run: {}, azurite: undefined };
  const azurite = await startAzurite(packages, emulator);
  const client = new QueueClient(packages, azure);
  const queue = client.queue(azurite.url, 'changes');
  await queue.create();
  await client.stop();
  return { args: [`--change-queue=${queue.url}`], run: { changeQueue: { url: queue.url, packages } }, azurite };
}
