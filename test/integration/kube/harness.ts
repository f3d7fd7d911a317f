/** What the tests of src/kube share: a client of the run's API server, and people who use kubectl. */
import { createKubeClient, type KubeClient } from '../../../src/kube/client/client.ts';
import type { KubeMetrics } from '../../../src/kube/metrics.ts';
import { type ParsedObject, parseObject } from '../../../src/kube/objects/codec.ts';
import { createObjects } from '../../../src/kube/objects/objects.ts';
import { ObjectStore } from '../../../src/kube/objects/store.ts';
import type { Objects } from '../../../src/ports.ts';
import { RecordedLog } from '../../unit/runtime/recorded-log.ts';
import { CONTROL_PLANE, kubectl } from '../support/kubectl.ts';
import { manifest } from '../support/manifest.ts';

export const KIND = 'azureintegrationruntimes.azure-ir.io';

export const quiet = new RecordedLog();

export function clientOfRun(): KubeClient {
  const kubeconfig = process.env[CONTROL_PLANE.kubeconfig];
  if (kubeconfig === undefined) throw new Error('integration tests need their global set-up');
  return createKubeClient({ kubeconfig });
}

/** Resolves as soon as `check` neither throws nor answers false; rejects with its last failure after the deadline. */
export async function eventually(check: () => unknown, deadlineMs = 20_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    try {
      if ((await check()) !== false) return;
      if (Date.now() > end) throw new Error(`not true within ${deadlineMs} ms: ${check}`);
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The object as the server has it, raw. */
export async function raw(
  namespace: string,
  name: string,
): Promise<Record<string, unknown> & { metadata: Metadata; status?: Status }> {
  return JSON.parse(await kubectl(['get', KIND, name, '-n', namespace, '-o', 'json', '--show-managed-fields']));
}

interface Metadata {
  uid: string;
  resourceVersion: string;
  generation: number;
  finalizers?: string[];
  annotations?: Record<string, string>;
  managedFields: { manager: string; operation: string; subresource?: string }[];
}

type Status = Record<string, unknown> & { conditions?: { type: string }[] };

export async function read(namespace: string, name: string): Promise<ParsedObject> {
  const object = parseObject(await raw(namespace, name));
  if (object === undefined) throw new Error(`${namespace}/${name} cannot be parsed`);
  return object;
}

/** Creates the sample under this name, with the given fields of spec replaced. */
export async function create(
  namespace: string,
  name: string,
  spec: Record<string, unknown> = {},
): Promise<ParsedObject> {
  await kubectl(['create', '-n', namespace, '-f', '-'], { stdin: manifest(spec, name) });
  return read(namespace, name);
}

export interface Bench {
  readonly objects: Objects;
  readonly store: ObjectStore;
  readonly writes: string[];
}

/** The objects of a store that the test fills by hand, as the watch would. */
export function bench(client: KubeClient): Bench {
  const store = new ObjectStore();
  const writes: string[] = [];
  const metrics: KubeMetrics = { kubernetesWrite: (kind) => writes.push(kind) };
  return { store, writes, objects: createObjects({ client, store, metrics }) };
}
