/** A cluster with what `deploy/` installs, and an emulated Azure: all that an operator needs but the operator. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ControlPlane, operator, startControlPlane } from '../controlplane/index.ts';
import { DEFAULT_CLIENT, DEFAULT_FACTORY, type Emulator, startEmulator } from '../emulator/index.ts';
import { type Cluster, kubectlOf } from './kubectl.ts';
import type { AzureEnvironment } from './operator-process.ts';

export interface Installation {
  readonly controlPlane: ControlPlane;
  /** As its admin. */
  readonly cluster: Cluster;
  /** Of the operator's service account, with exactly the rights that `deploy/` gives it. */
  readonly operatorKubeconfig: string;
  readonly emulator: Emulator;
  readonly azure: AzureEnvironment;
  stop(): Promise<void>;
}

export async function install(log?: (line: string) => void): Promise<Installation> {
  const controlPlane = await startControlPlane(log === undefined ? {} : { log });
  const emulator = await startEmulator({ throttling: false, seed: [DEFAULT_FACTORY] });
  const cache = await mkdtemp(join(tmpdir(), 'kubectl-cache-'));
  const cluster = { kubectl: controlPlane.kubectl, kubeconfig: controlPlane.kubeconfig, cache };
  await kubectlOf(cluster, ['apply', '-k', 'deploy/kustomize']);
  await kubectlOf(cluster, [
    'wait',
    '--for=condition=Established',
    '--timeout=60s',
    'crd/azureintegrationruntimes.azure-ir.io',
  ]);
  return {
    controlPlane,
    cluster,
    operatorKubeconfig: await controlPlane.kubeconfigFor(operator.name),
    emulator,
    azure: {
      armUrl: emulator.armUrl,
      authorityUrl: emulator.authorityUrl,
      caFile: emulator.caFile,
      tenantId: DEFAULT_CLIENT.tenantId,
      clientId: DEFAULT_CLIENT.clientId,
      clientSecret: DEFAULT_CLIENT.clientSecret,
    },
    stop: async () => {
      await controlPlane.stop();
      await emulator.stop();
      await rm(cache, { recursive: true, force: true });
    },
  };
}
