/** Processes for the tests in this folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, jest } from '@jest/globals';
import type { Task } from '../../../../dev/controlplane/log.ts';

const deadlineMs = 20_000;

// Above what one test may wait for, so that `until` can say what it waited for.
jest.setTimeout(3 * deadlineMs);

/** Polls until `condition` holds; an error counts as not yet. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (
    !(await Promise.resolve()
      .then(condition)
      .catch(() => false))
  ) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await sleep(20);
  }
}

/** A folder for each test, removed after it. */
export function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), 'controlplane-test-'));
  undo.push(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}

/** A program under fixtures/ in a process of its own, which does not outlive the test. */
export function fixture(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const { NODE_OPTIONS: _, ...pending } = process.env;
  const child = spawn(process.execPath, [join(import.meta.dirname, 'fixtures', name), ...args], {
    env: { ...pending, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  undo.push(() => child.kill('SIGKILL'));
  return child;
}

export function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
}

/** A task that remembers what was logged. */
export function task(signal: AbortSignal = new AbortController().signal): Task & { lines: string[] } {
  const lines: string[] = [];
  return { lines, signal, log: (line) => lines.push(line) };
}

/** Whether a process runs; one that is dead but was not reaped by its parent does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const undo: (() => void)[] = [];

afterEach(() => {
  for (const action of undo.splice(0).reverse()) action();
});
