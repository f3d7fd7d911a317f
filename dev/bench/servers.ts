/** The CPU that the API server and etcd have used. */
import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';

export interface ServerCpu {
  readonly apiServerMs: number;
  readonly etcdMs: number;
}

/** Linux counts CPU in hundredths of a second, whatever the machine (USER_HZ). */
const TICK_MS = 10;

/**
 * Of a control plane that keeps its state in `dir`; 0 where there is no /proc.
 *
 * From the kernel, not from the servers' own metrics: those of the API server take it 0.1 s of CPU each time.
 */
export async function serverCpu(dir: string): Promise<ServerCpu> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(pids.map((pid) => cpuOf(pid, dir).catch(() => undefined)));
  const ms = (program: string) => all.find((each) => each?.program === program)?.ms ?? 0;
  return { apiServerMs: ms('kube-apiserver'), etcdMs: ms('etcd') };
}

/** Undefined for a process that has nothing to do with `dir`; rejects when it has ended. */
async function cpuOf(pid: string, dir: string): Promise<{ program: string; ms: number } | undefined> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
  if (!command.includes(dir)) return undefined;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // After the name, which may hold anything: state is the third field, utime and stime are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [fields[11], fields[12]].map(Number);
  return { program: basename(command.split('\0')[0] ?? ''), ms: ((user ?? 0) + (system ?? 0)) * TICK_MS };
}
