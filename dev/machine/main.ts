/**
 * `npm run e2e:node`: the tests of test/node, on a real node. It gets ready what they need, and runs jest in the sandbox in which they start the node: so all of them end
 * together. `--long` adds the tests that take minutes; all else are jest's own arguments. With `--keep` no test is run: the node stays for people, until Ctrl-C.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stderrLog, type Task } from '../controlplane/log.ts';
import { LONG_TOOLS, NODE_TOOLS, underCi } from '../tools/index.ts';
import { OPERATOR_IMAGE, type Prepared, prepare } from './prepare.ts';
import { startSandbox, sweepSandboxes, untilItEnds } from './sandbox.ts';
import { whyNoNode } from './suitable.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const STDOUT = 1;

const interrupted = new AbortController();
const task: Task = { log: stderrLog('node'), signal: interrupted.signal };

/** Resolves with the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const long = args.includes('--long');
  const why = await whyNoNode(long ? [...NODE_TOOLS, ...LONG_TOOLS] : NODE_TOOLS, process.env, task);
  if (why !== undefined) {
    task.log(`the tests on a real node cannot be run: ${why}`);
    return underCi(process.env) ? 1 : 0;
  }
  const left = await sweepSandboxes();
  if (left > 0) task.log(`removed what ${left} runs had left that were killed`);
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const dir = await mkdtemp(join(tmpdir(), 'node-images-'));
  try {
    return await runIn(await prepare(dir, version, long, task), args);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function commandOf(args: readonly string[]): string[] {
  if (args.includes('--keep')) return [process.execPath, join(import.meta.dirname, 'keep.ts')];
  const own = ['--selectProjects', 'node', '--runInBand', ...args.filter((arg) => arg !== '--long')];
  // The script has the options that jest needs of Node.
  return ['npm', 'run', '--silent', 'jest', '--', ...own];
}

/** Runs a command in the sandbox as whoever started it would, with kubectl and helm on PATH. */
const enterScript = (dir: string) => `#!/bin/bash
outer=$(cat ${dir}/unshare.pid)
. ${dir}/profile
exec nsenter --target "$(tr -d ' ' < "/proc/$outer/task/$outer/children")" --mount --pid --net --uts --ipc --cgroup --wd="$PWD" "$@"
`;

async function runIn(
  { packages, assets, images, parent, releases }: Prepared,
  args: readonly string[],
): Promise<number> {
  const began = Date.now();
  const sandbox = await startSandbox({
    command: commandOf(args),
    packages,
    network: 'own',
    cwd: root,
    env: {
      ...process.env,
      NODE_RUN: JSON.stringify({
        assets,
        images,
        image: OPERATOR_IMAGE,
        parent,
        releases,
        long: args.includes('--long'),
      }),
    },
    logFd: STDOUT,
  });
  const { code, memoryPeak } = await untilItEnds(sandbox, task.signal, () =>
    writeFile(join(sandbox.dir, 'enter'), enterScript(sandbox.dir), { mode: 0o700 }),
  );
  const seconds = Math.round((Date.now() - began) / 1_000);
  task.log(`it took ${seconds} s, and at most ${Math.round(memoryPeak / 2 ** 20)} MiB, caches included`);
  return code;
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => interrupted.abort(128 + constants.signals[name]));
}
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
}
if (interrupted.signal.aborted) process.exitCode = interrupted.signal.reason;
