/** The processes of containers, as this node has them: it shares its process namespace with the tests. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { pathOf } from '../../../dev/tools/index.ts';

/** The process of a pod's operator. */
export async function operatorOf(podUid: string): Promise<number> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const cgroup = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
    if (!cgroup.includes(podUid)) continue;
    const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
    if (program.endsWith('/nodejs/bin/node')) return Number(pid);
  }
  throw new Error(`the pod ${podUid} has no operator`);
}

/** The kubelet, which the cluster starts again when it ends. */
export async function kubelet(): Promise<number> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if ((await readlink(`/proc/${pid}/exe`).catch(() => '')) === pathOf('kubelet')) return Number(pid);
  }
  throw new Error('there is no kubelet');
}

/** The service account token that a process would read now. */
export const tokenOf = (pid: number): Promise<string> =>
  readFile(`/proc/${pid}/root/var/run/secrets/kubernetes.io/serviceaccount/token`, 'utf8');

/** As the kernel tells them: of each line the name and the value. */
export async function statusOf(pid: number): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  return Object.fromEntries(
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/:\s*(.*)/s, 2) as [string, string]),
  );
}

/** The options that its root is mounted with. */
export async function rootOf(pid: number): Promise<readonly string[]> {
  const lines = (await readFile(`/proc/${pid}/mounts`, 'utf8')).split('\n').map((line) => line.split(' '));
  return lines.find(([, at]) => at === '/')?.[3]?.split(',') ?? [];
}

/** A file of its memory cgroup, as a number. */
export async function memoryOf(pid: number, file: string): Promise<number> {
  const lines = (await readFile(`/proc/${pid}/cgroup`, 'utf8')).split('\n');
  const path = lines.find((line) => line.split(':')[1] === 'memory')?.split(':')[2];
  return Number(await readFile(`/sys/fs/cgroup/memory${path}/${file}`, 'utf8'));
}
