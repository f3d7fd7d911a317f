/** Leader election by a Lease of the API server. */
import { CHANGE_QUEUE_NOTE } from '../../api/names.ts';
import { compact } from '../../core/model/compact.ts';
import { Elector, type ElectorOptions } from '../../runtime/elector.ts';
import type { KubeClient } from '../client/client.ts';
import { createLeaseStore } from './lease.ts';

export interface ElectionOptions extends Omit<ElectorOptions, 'lease' | 'store'> {
  readonly client: KubeClient;
  /** The namespace of the lease; undefined: that of the pod, or of the kubeconfig's context. */
  readonly namespace: string | undefined;
  /** The name of the lease. */
  readonly name: string;
  /**
   * The state of the change queue, if there is one. The leader notes it on the lease, which it writes anyway and which people
   * may read; `kubectl azir check` shows it.
   */
  readonly queueState: () => string | undefined;
}

/** @throws Error when the namespace of the lease is not known. */
export function createElector(options: ElectionOptions): Elector {
  const { client, clock, log, name, queueState, namespace = client.namespace } = options;
  if (namespace === undefined) {
    throw new Error('the namespace of the lease is not known outside a pod: set --leader-elect-namespace');
  }
  const notes = () => compact({ [CHANGE_QUEUE_NOTE]: queueState() });
  const store = createLeaseStore({ client, clock, log, namespace, name, notes });
  return new Elector({ ...options, lease: `${namespace}/${name}`, store });
}
