/** What is left of a sandbox: nothing, however it ends. Root and Linux only. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, test } from '@jest/globals';
import { ownCgroups } from '../../../../dev/machine/cgroups.ts';
import { type Sandbox, startSandbox, sweepSandboxes, untilItEnds } from '../../../../dev/machine/sandbox.ts';
import { whatIsMissing, whyNoSandbox } from '../../../../dev/machine/suitable.ts';
import { eventually } from '../../../support/eventually.ts';

/** By what their environment names. */
function processesOf(text: string): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return readFileSync(`/proc/${name}/environ`, 'utf8').includes(text);
    } catch {
      return false;
    }
  });
}

/** Without packages of its own: a sandbox that runs what this machine has. */
const dir = mkdtempSync(join(tmpdir(), 'sandbox-test-'));
const packages = join(dir, 'packages');
mkdirSync(join(packages, 'usr'), { recursive: true });
const why = (await whatIsMissing()) ?? (await whyNoSandbox(packages, 'true'));
const describeSuitable = why === undefined ? describe : describe.skip;
const machine = join(import.meta.dirname, '..', '..', '..', '..', 'dev', 'machine');

describe('a sandbox that is followed to its end', () => {
  /** Ends with this code by itself, or with 143 once it is stopped. */
  const sandbox = (code?: number) => {
    const { promise: exited, resolve } = Promise.withResolvers<number>();
    if (code !== undefined) resolve(code);
    let stops = 0;
    const stop = async () => {
      stops++;
      resolve(143);
      return { memoryPeak: 7 };
    };
    const made: Sandbox = { dir: '', exited, stop };
    return { made, stops: () => stops };
  };
  const aborted = new AbortController();
  aborted.abort();
  const never = new AbortController().signal;
  const nothing = async () => {};

  test('tells how it ended', async () => {
    expect(await untilItEnds(sandbox(3).made, never, nothing)).toEqual({ code: 3, memoryPeak: 7 });
  });

  test('is stopped by a signal that came while it was started', async () => {
    expect(await untilItEnds(sandbox().made, aborted.signal, nothing)).toEqual({ code: 143, memoryPeak: 7 });
  });

  test('is stopped by a signal that comes while it is prepared', async () => {
    const interrupted = new AbortController();
    const prepare = async () => interrupted.abort();
    expect(await untilItEnds(sandbox().made, interrupted.signal, prepare)).toEqual({ code: 143, memoryPeak: 7 });
  });

  test('is stopped where it cannot be prepared', async () => {
    const { made, stops } = sandbox();
    const failing = () => Promise.reject(new Error('ENOSPC'));
    await expect(untilItEnds(made, never, failing)).rejects.toThrow('ENOSPC');
    expect(stops()).toBe(1);
  });
});

describeSuitable('a sandbox', () => {
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** Cgroups and folders that are named for a process. */
  const left = async (pid: number): Promise<string[]> => {
    const groups = (await ownCgroups()).groups.map(({ path }) => path);
    const names = [tmpdir(), ...groups].flatMap((path) => readdirSync(path));
    return names.filter((name) => name.startsWith(`azure-ir-node-${pid}-`));
  };

  async function output(command: string, network: 'own' | 'host'): Promise<{ code: number; text: string }> {
    const file = join(dir, 'output');
    const logFd = openSync(file, 'w');
    const sandbox = await startSandbox({ command: ['bash', '-c', command], packages, network, logFd });
    const code = await sandbox.exited;
    await sandbox.stop();
    closeSync(logFd);
    return { code, text: readFileSync(file, 'utf8') };
  }

  test('has processes and a network of its own, and ends with its command, whose exit code it has', async () => {
    const { code, text } = await output('echo $(ls -d /proc/[0-9]* | wc -l); cat /proc/net/dev; exit 7', 'own');
    expect(code).toBe(7);
    expect(Number(text.split('\n')[0])).toBeLessThan(6);
    expect(text).not.toContain('eth0');
    expect(await left(process.pid)).toEqual([]);
  });

  test('is tried before it is relied on: what it cannot do is the reason why there is none', async () => {
    expect(await whyNoSandbox(packages, 'true')).toBeUndefined();
    expect(await whyNoSandbox(packages, 'echo nothing is permitted; exit 3')).toContain('nothing is permitted');
    expect(await left(process.pid)).toEqual([]);
  });

  test('leaves the settings of the machine, whatever is written to them in it', async () => {
    const setting = '/proc/sys/vm/overcommit_memory';
    const before = readFileSync(setting, 'utf8');
    const { code } = await output(`echo ${before.trim() === '2' ? 1 : 2} > ${setting}`, 'own');
    expect(code).toBe(0);
    expect(readFileSync(setting, 'utf8')).toBe(before);
  });

  test('kills what was started in it and does not want to end', async () => {
    const { text } = await output('setsid bash -c "trap : TERM; while :; do sleep 1; done" & echo $$', 'host');
    expect(text).not.toBe('');
    expect(await left(process.pid)).toEqual([]);
  });

  test('ends when whoever started it is killed, and the next start removes what is left then', async () => {
    const script = `
      import { startSandbox } from ${JSON.stringify(join(machine, 'sandbox.ts'))};
      await startSandbox({ command: ['sleep', '1000'], packages: ${JSON.stringify(packages)}, network: 'own', logFd: 2 });
      console.log('started');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    const pid = child.pid ?? 0;
    for await (const line of createInterface({ input: child.stdout })) {
      expect(line).toBe('started');
      break;
    }
    expect((await left(pid)).length).toBeGreaterThan(1);
    process.kill(pid, 'SIGKILL');
    await eventually(async () => {
      await sweepSandboxes();
      expect(await left(pid)).toEqual([]);
    });
    await eventually(async () => expect(processesOf(`azure-ir-node-${pid}-`)).toEqual([]));
  });
});
