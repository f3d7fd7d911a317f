/** Leader election by a Lease of the API server. */
import { Elector, type ElectorOptions } from '../../runtime/elector.ts';
import type { KubeClient } from '../client/client.ts';
import { createLeaseStore } from './lease.ts';

export interface ElectionOptions extends Omit<ElectorOptions, 'lease' | 'store'> {
  readonly client: KubeClient;
  /** The namespace of the lease; undefined: that of the pod, or of the kubeconfig's context. */
  readonly namespace: string | undefined;
  /** The name of the lease. */
  readonly name: string;
}

/** @throws Error when the namespace of the lease is not known. */
export function createElector(options: ElectionOptions): Elector {
  const { client, clock, log, name, namespace = client.namespace } = options;
  if (namespace === undefined) {
    throw new Error('the namespace of the lease is not known outside a pod: set --leader-elect-namespace');
  }
  const store = createLeaseStore({ client, clock, log, namespace, name });
  return new Elector({ ...options, lease: `${namespace}/${name}`, store });
}
