/** Child processes do not outlive their parent. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Child, run } from '../../../../dev/controlplane/child.ts';
import { exitOf, fixture, isRunning, scratch, task, until } from './support.ts';

const pidsIn = (file: string) => readFileSync(file, 'utf8').trim().split(/\s+/).map(Number);

test('a command and what it started die when the parent is killed with SIGKILL, and its folder goes', async () => {
  const dir = scratch();
  const [pids, folder] = [join(dir, 'pids'), join(dir, 'state')];
  mkdirSync(folder);
  const parent = fixture('parent.ts', [pids, folder]);
  await until('both processes run', () => pidsIn(pids).length === 2 && pidsIn(pids).every(isRunning));

  parent.kill('SIGKILL');

  expect(await exitOf(parent)).toBe('SIGKILL');
  await until('both processes are dead', () => !pidsIn(pids).some(isRunning));
  await until('the folder is gone', () => !existsSync(folder));
});

test('an abort kills a command and what it started before it is reported', async () => {
  const pids = join(scratch(), 'pids');
  const abort = new AbortController();
  const running = run('sh', ['-c', `sleep 1000 & echo "$$ $!" > ${pids}; wait`], { signal: abort.signal });
  const outcome = expect(running).rejects.toThrow('enough');
  await until('both processes run', () => pidsIn(pids).length === 2);

  abort.abort(new Error('enough'));

  await outcome;
  await until('both processes are dead', () => !pidsIn(pids).some(isRunning));
});

test('a command that does not heed SIGTERM is killed', async () => {
  const pids = join(scratch(), 'pids');
  const child = new Child('sh', ['-c', `trap "" TERM; echo $$ > ${pids}; while :; do sleep 0.1; done`]);
  await until('it runs', () => pidsIn(pids).every(isRunning));

  await child.stop(50);

  expect(await child.exited).toBe(128 + 9);
  expect(pidsIn(pids).some(isRunning)).toBe(false);
});

test('a finished command reports its exit code and its last words', async () => {
  const { signal } = task();
  expect(await run('sh', ['-c', 'echo out; echo err >&2; exit 3'], { signal })).toMatchObject({
    code: 3,
    stdout: 'out\n',
    tail: expect.stringContaining('err'),
  });
});

test('a command that does not exist is told from one that fails', async () => {
  const { code, tail } = await run('no-such-command-here', [], { signal: task().signal });
  expect(code).toBe(127);
  expect(tail).toContain('no-such-command-here cannot be started');
});
