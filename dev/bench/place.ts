/** Where a benchmark runs: a real API server, and an emulated Azure that is a process of its own, as the operator is. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createKubeClient, type KubeClient } from '../../src/kube/client/client.ts';
import { Child } from '../controlplane/child.ts';
import type { EmulatorControl } from '../emulator/control.ts';
import { createControlClient } from '../emulator/control-client.ts';
import { azureOf, type Installed, installOnCluster } from '../installation/installation.ts';
import { type AzureEnvironment, type OperatorProcess, startOperator } from '../installation/operator-process.ts';
import { startRelay, type Traffic } from './relay.ts';

export interface Place {
  readonly installed: Installed;
  readonly azure: AzureEnvironment;
  readonly control: EmulatorControl;
  /** As the cluster's admin. */
  readonly kube: KubeClient;
  /** Between the operators and the API server, and between them and Azure; 0 unless `counted`. */
  traffic(): { readonly kubernetes: Traffic; readonly arm: Traffic };
  /** When an operator connected to the API server, each time, in milliseconds since 1970; empty unless `counted`. */
  connections(): readonly number[];
  /** Starts the operator as it is deployed, with the rights that `deploy/` gives it. It ends with the place at the latest. */
  startOperator(...args: string[]): Promise<OperatorProcess>;
}

export interface PlaceOptions {
  /** Whether ARM's token buckets apply. */
  readonly throttling: boolean;
  /** Whether the operators' connections go through a relay that counts bytes. It takes CPU of its own, so times mean nothing. */
  readonly counted?: boolean;
}

/** Everything is new for each measurement, and gone after it. */
export async function inPlace<T>(
  { throttling, counted = false }: PlaceOptions,
  measure: (place: Place) => Promise<T>,
): Promise<T> {
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const installed = await installOnCluster(() => {});
    undo.unshift(() => installed.stop());
    const emulator = new Child(process.execPath, [EMULATOR, ...(throttling ? [] : ['--no-throttling'])]);
    undo.unshift(() => emulator.stop(5_000));
    const urls = await announced(emulator);
    const kube = createKubeClient({ kubeconfig: installed.controlPlane.kubeconfig });
    undo.unshift(() => kube.close());
    const relays = counted ? await relaysTo(installed, urls.armUrl) : undefined;
    undo.unshift(async () => relays?.stop());
    const azure = azureOf({ ...urls, ...relays?.azure });
    const start = async (...args: string[]): Promise<OperatorProcess> => {
      const operator = await startOperator({
        kubeconfig: relays?.kubeconfig ?? installed.operatorKubeconfig,
        azure,
        args: ['--operator-identity-namespaces=*', ...args],
      });
      undo.unshift(() => operator.stop());
      return operator;
    };
    return await measure({
      installed,
      azure,
      control: createControlClient(urls.controlUrl),
      kube,
      traffic: () => relays?.traffic() ?? { kubernetes: NO_TRAFFIC, arm: NO_TRAFFIC },
      connections: () => relays?.connections() ?? [],
      startOperator: start,
    });
  } finally {
    for (const each of undo) await each();
  }
}

const EMULATOR = fileURLToPath(new URL('../emulator/main.ts', import.meta.url));

const NO_TRAFFIC: Traffic = { sent: 0, received: 0 };

/** Relays to the API server and to Azure, and what makes an operator use them. */
async function relaysTo({ controlPlane, operatorKubeconfig }: Installed, azureUrl: string) {
  const [kubernetes, arm] = await Promise.all([startRelay(controlPlane.url), startRelay(azureUrl)]);
  const kubeconfig = join(controlPlane.dir, 'kubeconfig-counted.yaml');
  const text = await readFile(operatorKubeconfig, 'utf8');
  await writeFile(kubeconfig, text.replaceAll(controlPlane.url, kubernetes.url), { mode: 0o600 });
  return {
    kubeconfig,
    azure: { armUrl: arm.url, authorityUrl: arm.url },
    traffic: () => ({ kubernetes: kubernetes.traffic(), arm: arm.traffic() }),
    connections: () => kubernetes.connections(),
    stop: () => {
      kubernetes.stop();
      arm.stop();
    },
  };
}

type Announcement = { armUrl: string; authorityUrl: string; caFile: string; controlUrl: string };

/** The line that the emulator prints once it listens. */
async function announced(emulator: Child): Promise<Announcement> {
  const [out, err] = emulator.output();
  let complaint = '';
  err?.on('data', (chunk) => {
    complaint += chunk;
  });
  const line = new Promise<string>((resolve) => {
    if (out !== undefined) createInterface({ input: out }).once('line', resolve);
  });
  const ended = emulator.exited.then((code) => {
    throw new Error(`the emulator ended with ${code}: ${complaint}`);
  });
  return JSON.parse(await Promise.race([line, ended])) as Announcement;
}
