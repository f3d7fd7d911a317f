/** The processes of a benchmark, as the kernel sees them. */
import { readdir, readFile } from 'node:fs/promises';

export interface Process {
  readonly command: readonly string[];
  readonly cpuMs: number;
  /** Milliseconds since 1970, to 10 ms. */
  readonly startedAt: number;
}

/** Linux counts in hundredths of a second, whatever the machine (USER_HZ). */
const TICK_MS = 10;

/** Those that name `dir` in their command or in their environment; none where there is no /proc. */
export async function processesOf(dir: string): Promise<readonly Process[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  // One that has ended meanwhile is left out, and so is one of another user.
  const all = await Promise.all(pids.map((pid) => processOf(pid, dir).catch(() => undefined)));
  return all.filter((each) => each !== undefined);
}

async function processOf(pid: string, dir: string): Promise<Process | undefined> {
  const file = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8');
  const command = await file('cmdline');
  if (!command.includes(dir) && !(await file('environ')).includes(dir)) return undefined;
  const stat = await file('stat');
  const [uptime] = (await readFile('/proc/uptime', 'utf8')).split(' ');
  // After the name, which may hold anything: state is the third field, utime, stime and starttime are the 14th, 15th and 22nd.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = (field: number) => Number(fields[field - 3]) * TICK_MS;
  return {
    command: command.split('\0'),
    cpuMs: ticks(14) + ticks(15),
    startedAt: Date.now() - (Number(uptime) * 1_000 - ticks(22)),
  };
}
