/** A cluster with what `deploy/` installs, and an emulated Azure: all that an operator needs but the operator. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ControlPlane, operator, startControlPlane } from '../controlplane/index.ts';
import { DEFAULT_CLIENT, DEFAULT_FACTORY, DEFAULT_WORKSPACE, type Emulator, startEmulator } from '../emulator/index.ts';
import { crdIsServed } from './crd.ts';
import { type Cluster, kubectlOf } from './kubectl.ts';
import type { AzureEnvironment } from './operator-process.ts';

export interface Installed {
  readonly controlPlane: ControlPlane;
  /** As its admin. */
  readonly cluster: Cluster;
  /** Of the operator's service account, with exactly the rights that `deploy/` gives it. */
  readonly operatorKubeconfig: string;
  stop(): Promise<void>;
}

export interface Installation extends Installed {
  readonly emulator: Emulator;
  readonly azure: AzureEnvironment;
}

export async function install(log?: (line: string) => void): Promise<Installation> {
  const installed = await installOnCluster(log);
  const emulator = await startEmulator({ throttling: false, seed: [DEFAULT_FACTORY, DEFAULT_WORKSPACE] });
  return {
    ...installed,
    emulator,
    azure: azureOf(emulator),
    stop: async () => {
      await installed.stop();
      await emulator.stop();
    },
  };
}

/** The cluster alone. */
export async function installOnCluster(log?: (line: string) => void): Promise<Installed> {
  const controlPlane = await startControlPlane(log === undefined ? {} : { log });
  const cache = await mkdtemp(join(tmpdir(), 'kubectl-cache-'));
  const cluster = { kubectl: controlPlane.kubectl, kubeconfig: controlPlane.kubeconfig, cache };
  await kubectlOf(cluster, ['apply', '-k', 'deploy/kustomize']);
  await crdIsServed((args) => kubectlOf(cluster, args));
  return {
    controlPlane,
    cluster,
    operatorKubeconfig: await controlPlane.kubeconfigFor(operator.name),
    stop: async () => {
      await controlPlane.stop();
      await rm(cache, { recursive: true, force: true });
    },
  };
}

/** What an operator needs to know of an emulated Azure, as the client that it knows from the start. */
export function azureOf({
  armUrl,
  authorityUrl,
  caFile,
}: Pick<AzureEnvironment, 'armUrl' | 'authorityUrl' | 'caFile'>) {
  const { tenantId, clientId, clientSecret } = DEFAULT_CLIENT;
  return { armUrl, authorityUrl, caFile, tenantId, clientId, clientSecret };
}
