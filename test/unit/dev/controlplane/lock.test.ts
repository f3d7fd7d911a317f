/** The lock between processes: one at a time, and a dead owner frees it. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { run } from '../../../../dev/controlplane/child.ts';
import { withLock } from '../../../../dev/controlplane/lock.ts';
import { scratch, task, until } from './support.ts';

function heldBy(owner: { pid: number; started: string; host: string }): string {
  const path = join(scratch(), 'lock');
  mkdirSync(path);
  writeFileSync(join(path, `owner-${owner.pid}-test.json`), JSON.stringify(owner));
  return path;
}

async function pidOfTheDead(): Promise<number> {
  const { stdout } = await run('sh', ['-c', 'echo $$'], { signal: task().signal });
  return Number(stdout);
}

test('work under one lock never overlaps, and leaves no lock', async () => {
  const path = join(scratch(), 'lock');
  let inside = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++inside);
    await new Promise(setImmediate);
    inside--;
  };
  await Promise.all(Array.from({ length: 8 }, () => withLock(path, task(), work)));
  expect(most).toBe(1);
  expect(readdirSync(join(path, '..'))).toEqual([]);
});

test('the lock is released when the work fails', async () => {
  const path = join(scratch(), 'lock');
  await expect(withLock(path, task(), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(existsSync(path)).toBe(false);
});

test('the lock of a dead process is taken over, by one at a time', async () => {
  const path = heldBy({ pid: await pidOfTheDead(), started: '1', host: hostname() });
  let inside = 0;
  const work = async () => {
    expect(++inside).toBe(1);
    await new Promise(setImmediate);
    inside--;
  };
  await Promise.all([withLock(path, task(), work), withLock(path, task(), work), withLock(path, task(), work)]);
});

test('a living process that merely got the pid of the dead owner does not hold the lock', async () => {
  const path = heldBy({ pid: process.pid, started: 'another time', host: hostname() });
  expect(await withLock(path, task(), async () => 'done')).toBe('done');
});

test('who waits for another machine says so, and stops waiting when told', async () => {
  const path = heldBy({ pid: 1, started: '', host: 'another-machine' });
  const abort = new AbortController();
  const waiting = task(abort.signal);
  const outcome = expect(withLock(path, waiting, async () => {})).rejects.toThrow();
  await until('it says that it waits', () => waiting.lines.length > 0);
  expect(waiting.lines[0]).toContain('waiting for process 1 on another-machine');
  abort.abort();
  await outcome;
  expect(existsSync(path)).toBe(true);
});
