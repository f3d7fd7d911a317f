/** Starts one control plane, one emulated Azure and one operator for all tests of this folder, each test in its own namespace and factory. */
import { appendFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_CLIENT } from '../../../dev/emulator/index.ts';
import { buildBundle } from '../../../dev/installation/bundle.ts';
import { type Installation, install } from '../../../dev/installation/installation.ts';
import { type OperatorProcess, startOperator } from '../../../dev/installation/operator-process.ts';
import { type Run, SETUP } from './run.ts';

declare global {
  var operatorRun: { installation: Installation; operator: OperatorProcess } | undefined;
}

export default async function setUp(): Promise<void> {
  await buildBundle();
  const installation = await install();
  const logFile = join(await mkdtemp(join(tmpdir(), 'operator-log-')), 'log.jsonl');
  const operator = await startOperator({
    kubeconfig: installation.operatorKubeconfig,
    azure: installation.azure,
    args: ['--interval=1s', '--operator-identity-namespaces=*', '--log-level=debug'],
    onLine: (line) => appendFileSync(logFile, `${line}\n`),
  });
  globalThis.operatorRun = { installation, operator };
  const run: Run = {
    cluster: installation.cluster,
    azure: installation.azure,
    emulatorControlUrl: installation.emulator.controlUrl,
    metricsUrl: operator.metricsUrl,
    healthUrl: operator.healthUrl,
    logFile,
    identity: `${DEFAULT_CLIENT.tenantId}/${DEFAULT_CLIENT.clientId}`,
  };
  process.env[SETUP] = JSON.stringify(run);
}
