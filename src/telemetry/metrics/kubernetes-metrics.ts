/** Requests and writes to the API server, and who leads. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { BoundedLabel } from './bounded.ts';

export type KubernetesWrite = 'finalizer' | 'status' | 'event';

export interface KubernetesRecorder {
  /** The API server at `host` answered with an HTTP status; a short constant word when it did not answer. */
  kubernetesRequest(code: number | string, method: string, host: string): void;
  /** An object was written, or an event was sent. */
  kubernetesWrite(kind: KubernetesWrite): void;
  /** Whether this process holds the lease. */
  leader(lease: string, isLeader: boolean): void;
}

const MANY = 100;

export function kubernetesMetrics(registry: Registry): KubernetesRecorder {
  const registers = [registry];
  const requests = new Counter({
    name: 'rest_client_requests_total',
    help: 'Requests to the API server by status code, method and host',
    labelNames: ['code', 'method', 'host'],
    registers,
  });
  const writes = new Counter({
    name: 'azure_ir_kubernetes_writes_total',
    help: 'Writes to the API server by kind',
    labelNames: ['kind'],
    registers,
  });
  const leader = new Gauge({
    name: 'leader_election_master_status',
    help: '1 while this replica holds the lease, otherwise 0',
    labelNames: ['name'],
    registers,
  });
  for (const kind of ['finalizer', 'status', 'event']) writes.inc({ kind }, 0);
  const codes = new BoundedLabel(MANY);

  return {
    kubernetesRequest: (code, method, host) => requests.inc({ code: codes.of(String(code)), method, host }),
    kubernetesWrite: (kind) => writes.inc({ kind }),
    leader: (lease, isLeader) => leader.set({ name: lease }, isLeader ? 1 : 0),
  };
}
