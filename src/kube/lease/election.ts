import { Elector, type ElectorOptions } from '../../runtime/elector.ts';
import type { KubeClient } from '../client/client.ts';
import { createLeaseStore } from './lease.ts';

export interface ElectionOptions extends Omit<ElectorOptions, 'lease' | 'store'> {
  readonly client: KubeClient;
  /** Of the lease; undefined: that of the pod, or of the kubeconfig's context. */
  readonly namespace: string | undefined;
  /** Of the lease. */
  readonly name: string;
}

/** Stands for election by a lease of the API server. @throws Error when nothing tells the namespace of the lease. */
export function createElector(options: ElectionOptions): Elector {
  const { client, clock, log, name, namespace = client.namespace } = options;
  if (namespace === undefined) {
    throw new Error('the namespace of the lease is not known outside a pod: set --leader-elect-namespace');
  }
  const store = createLeaseStore({ client, clock, log, namespace, name });
  return new Elector({ ...options, lease: `${namespace}/${name}`, store });
}
