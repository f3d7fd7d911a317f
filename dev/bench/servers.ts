/** The CPU that the API server and etcd have used. */
import { basename } from 'node:path';
import { processesOf } from './processes.ts';

export interface ServerCpu {
  readonly apiServerMs: number;
  readonly etcdMs: number;
}

/**
 * Of a control plane that keeps its state in `dir`; 0 where there is no /proc.
 *
 * From the kernel, not from the servers' own metrics: those of the API server take it 0.1 s of CPU each time.
 */
export async function serverCpu(dir: string): Promise<ServerCpu> {
  const all = await processesOf(dir);
  const ms = (program: string) => all.find(({ command: [path = ''] }) => basename(path) === program)?.cpuMs ?? 0;
  return { apiServerMs: ms('kube-apiserver'), etcdMs: ms('etcd') };
}
