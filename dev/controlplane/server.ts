/** Starts a server on a free port, and waits until it is ready. */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from './child.ts';

export interface ServerSpec {
  command: string;
  args: readonly string[];
  logFile: string;
  removeWhenOrphaned: readonly string[];
  /** True once the server serves; an error counts as not yet. */
  ready: () => Promise<boolean>;
  signal: AbortSignal;
}

const pollMs = 50;
const readyWithinMs = 120_000;

/** How long a server that is told to stop may take before it is killed. */
export const stopGraceMs = 5_000;

export class PortTaken extends Error {}

/** Starts a server and resolves when it is ready; when it is not, it is gone before this throws. */
export async function startServer(spec: ServerSpec): Promise<Child> {
  const logFd = openSync(spec.logFile, 'a');
  const lastWords = wordsAfter(spec.logFile, fstatSync(logFd).size);
  const server = new Child(spec.command, spec.args, { logFd, removeWhenOrphaned: spec.removeWhenOrphaned });
  closeSync(logFd);
  try {
    await untilReady(server, spec, lastWords);
    return server;
  } catch (error) {
    server.kill('SIGKILL');
    await server.exited;
    throw error;
  }
}

type Words = () => Promise<string>;

async function untilReady(server: Child, { command, ready, signal }: ServerSpec, lastWords: Words): Promise<void> {
  const name = basename(command);
  const deadline = Date.now() + readyWithinMs;
  for (;;) {
    signal.throwIfAborted();
    if (server.exitCode !== undefined) throw diagnosis(name, server.exitCode, await lastWords());
    if (await ready().catch(() => false)) return;
    if (Date.now() > deadline) {
      throw new Error(`${name} was not ready after ${readyWithinMs / 1000} s. Its last words:\n${await lastWords()}`);
    }
    await sleep(pollMs);
  }
}

function diagnosis(name: string, code: number, words: string): Error {
  const message = `${name} ended with exit code ${code} while it was starting. Its last words:\n${words}`;
  return /address already in use/i.test(words) ? new PortTaken(message) : new Error(message);
}

/** The end of what was logged from `offset` on: an earlier run may have logged into the same file. */
function wordsAfter(file: string, offset: number): Words {
  return async () => (await readFile(file)).subarray(offset).toString().trimEnd().split('\n').slice(-20).join('\n');
}

const portAttempts = 5;
const portPauseMs = 200;

/** Runs `start` with a port that was free a moment ago, and with another one when another process took it first. */
export function withFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  return retryTakenPort(async () => start(await freePort()));
}

export async function retryTakenPort<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === portAttempts) throw error;
      await sleep(portPauseMs);
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
