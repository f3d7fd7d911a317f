/** A server that starts, that does not, and a port that is taken. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { PortTaken, retryTakenPort, startServer, withFreePort } from '../../../../dev/controlplane/server.ts';
import { scratch, task } from './support.ts';

const shell = (script: string, logFile: string, ready: () => Promise<boolean>) =>
  startServer({ command: 'sh', args: ['-c', script], logFile, removeWhenOrphaned: [], ready, signal: task().signal });

const never = async () => false;

test('a server that ends while it is waited for is reported with its last words', async () => {
  const logFile = join(scratch(), 'log');
  writeFileSync(logFile, 'bind: address already in use (said by an earlier run)\n');
  const error = await shell('echo broken flag; exit 7', logFile, never).catch((error: unknown) => error);
  expect(error).toMatchObject({ message: expect.stringMatching(/sh ended with exit code 7[\s\S]*broken flag$/) });
  expect(error).not.toBeInstanceOf(PortTaken);
});

test('a port that somebody else took is tried again elsewhere', async () => {
  const logFile = join(scratch(), 'log');
  const ports: number[] = [];
  const server = await withFreePort((port) => {
    ports.push(port);
    const taken = ports.length === 1;
    const script = taken ? 'echo "listen tcp: bind: address already in use"; exit 1' : 'sleep 1000';
    return shell(script, logFile, async () => !taken);
  });
  expect(ports).toHaveLength(2);
  await server.stop(1_000);
});

test('other failures to start are not tried again', async () => {
  let attempts = 0;
  const start = () => Promise.reject(new Error(`attempt ${++attempts}`));
  await expect(retryTakenPort(start)).rejects.toThrow('attempt 1');
});

test('an abort while a server is waited for ends the server', async () => {
  const abort = new AbortController();
  const logFile = join(scratch(), 'log');
  const ready = async () => {
    abort.abort(new Error('enough'));
    return false;
  };
  const args = ['-c', 'sleep 1000'];
  const started = startServer({ command: 'sh', args, logFile, removeWhenOrphaned: [], ready, signal: abort.signal });
  await expect(started).rejects.toThrow('enough');
});
