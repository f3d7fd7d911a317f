/** A lock between processes, which the death of its owner frees. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Task } from './log.ts';

interface Owner {
  pid: number;
  /** Tells a process from a later one with the same pid; empty where it cannot be learnt. */
  started: string;
  host: string;
}

const pollMs = 200;
const reminderMs = 20_000;

/**
 * Runs `work` while no other process runs work under the same lock.
 *
 * The lock is a folder with one file, named uniquely for its owner. Renaming a prepared folder onto it succeeds only while
 * it is absent or empty, so there is never a lock without an owner; and a dead owner is removed by its unique name, so
 * that a slow process can never remove the lock of the next owner.
 */
export async function withLock<T>(path: string, task: Task, work: () => Promise<T>): Promise<T> {
  const ticket = `owner-${process.pid}-${randomBytes(6).toString('hex')}.json`;
  await acquire(path, ticket, task);
  try {
    return await work();
  } finally {
    await release(path, ticket);
  }
}

async function acquire(path: string, ticket: string, { log, signal }: Task): Promise<void> {
  let reminded = Number.NEGATIVE_INFINITY;
  for (;;) {
    const holder = await livingHolder(path);
    if (holder === undefined) {
      if (await tryAcquire(path, ticket)) return;
      continue;
    }
    if (Date.now() - reminded >= reminderMs) {
      reminded = Date.now();
      log(`waiting for process ${holder.pid} on ${holder.host}, which is at it (if it is gone: remove ${path})`);
    }
    await sleep(pollMs, undefined, { signal });
  }
}

async function tryAcquire(path: string, ticket: string): Promise<boolean> {
  const prepared = `${path}.${ticket}`;
  const me: Owner = { pid: process.pid, started: startOf(process.pid) ?? '', host: hostname() };
  await mkdir(dirname(path), { recursive: true });
  await mkdir(prepared);
  try {
    await writeFile(join(prepared, ticket), JSON.stringify(me));
    await rename(prepared, path);
    return true;
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    return false;
  } finally {
    await rm(prepared, { recursive: true, force: true });
  }
}

/** The living owner of the lock; undefined when it is free. Removes an owner that is dead. */
async function livingHolder(path: string): Promise<Owner | undefined> {
  const [ticket] = await readdir(path).catch(ignoring('ENOENT', []));
  if (ticket === undefined) return undefined;
  const file = join(path, ticket);
  const text = await readFile(file, 'utf8').catch(ignoring('ENOENT', undefined));
  if (text === undefined) return undefined;
  const owner = JSON.parse(text) as Owner;
  if (isAlive(owner)) return owner;
  await unlink(file).catch(ignoring('ENOENT', undefined));
  return undefined;
}

async function release(path: string, ticket: string): Promise<void> {
  await unlink(join(path, ticket)).catch(ignoring('ENOENT', undefined));
  // Not empty means that the next one already has it.
  await rmdir(path).catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error;
  });
}

/** A process of another machine, for a shared home, counts as alive: nothing here can tell. */
function isAlive(owner: Owner): boolean {
  if (owner.host !== hostname()) return true;
  const started = startOf(owner.pid);
  return started !== undefined && (owner.started === '' || started === '' || started === owner.started);
}

/** When a process started, in whatever form the system tells it; undefined when it does not live. */
export function startOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return undefined;
  }
  try {
    if (process.platform === 'linux') return linuxStartOf(pid);
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}

function linuxStartOf(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may hold blanks; after it come the state, and as the 20th field the start.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // In a container whose first process reaps nobody, the dead stay listed.
  return fields[0] === 'Z' ? undefined : (fields[19] ?? '');
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '');
}

function ignoring<T>(code: string, instead: T): (error: unknown) => T {
  return (error) => {
    if (hasCode(error, code)) return instead;
    throw error;
  };
}
