/** The stages of `npm test`: each is one command, and tells how many of its tests passed. */
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from '../../dev/controlplane/child.ts';
import { startControlPlane } from '../../dev/controlplane/index.ts';
import { haveTools, TOOLS } from '../../dev/tools/index.ts';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface Stage {
  readonly name: string;
  readonly about: string;
  /** Whether the stages after this one mean nothing once it has failed. */
  readonly foundation?: true;
  run(context: Context): Promise<Counts>;
}

export interface Context {
  /** For what the stages write; it goes away after the run. */
  readonly dir: string;
  readonly signal: AbortSignal;
}

export const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };
const PASSED: Counts = { ...NONE, passed: 1 };
export const FAILED: Counts = { ...NONE, failed: 1 };

/** A stage that takes longer hangs; the whole run is expected to take a few minutes. */
const LONGEST_MINUTES = 20;
const STDOUT = 1;

export const STAGES: readonly Stage[] = [
  { name: 'checks', about: 'format, lint, types, generated types', run: (context) => npmRun(context, ['check']) },
  jest('unit', 'everything that needs no server'),
  {
    name: 'control plane',
    about: 'kube-apiserver and etcd, downloaded or built the first time',
    foundation: true,
    run: controlPlane,
  },
  {
    name: 'tools',
    about:
      'helm, promtool, prometheus, kstatus, Lua, actionlint, krew and the front end of docker build, built the first time',
    run: tools,
  },
  jest('ecosystem', 'what these tools say'),
  jest('integration', 'a real API server; the emulated Azure, also by the SDKs for Python'),
  jest('operator', 'the operator as users run it, on both'),
  jest('outage', 'what goes down and comes back: the API server, the operator, Azure'),
  jest('e2e', 'through kubectl and helm alone; the operator in the place of its pod'),
  { name: 'demo', about: 'npm run demo -- --exit', run: demo },
];

/** By the scripts of package.json, so that they are what is tested. */
function jest(project: string, about: string): Stage {
  return {
    name: project,
    about,
    async run(context) {
      const file = join(context.dir, `${project}.json`);
      const { failed } = await npmRun(context, [project, '--', '--json', `--outputFile=${file}`]);
      return countsOf(await readFile(file, 'utf8').catch(() => undefined), failed > 0);
    },
  };
}

/** What jest writes with --json, as far as it is counted. */
interface JestResults {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  /** Files that could not be run, none of whose tests is counted. */
  readonly numRuntimeErrorTestSuites: number;
}

/** A failure that is none of a test (a set-up, a tear-down, jest itself) counts as one. */
export function countsOf(json: string | undefined, exitedWithFailure: boolean): Counts {
  if (json === undefined) return FAILED;
  const results = JSON.parse(json) as JestResults;
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  return {
    passed: results.numPassedTests,
    failed: failed === 0 && exitedWithFailure ? 1 : failed,
    skipped: results.numPendingTests + results.numTodoTests,
  };
}

function npmRun(context: Context, args: readonly string[]): Promise<Counts> {
  return run(context, 'npm', ['run', '--silent', ...args], STDOUT);
}

async function controlPlane({ signal }: Context): Promise<Counts> {
  try {
    const plane = await startControlPlane({ signal, log: (line) => process.stdout.write(`${line}\n`) });
    await plane.stop();
    return NONE;
  } catch (error) {
    process.stdout.write(`${error instanceof Error ? error.message : error}\n`);
    return FAILED;
  }
}

/** Before the tests that use them, so that none of these seems to hang while they are built. */
async function tools({ signal }: Context): Promise<Counts> {
  try {
    const log = (line: string) => process.stdout.write(`${line}\n`);
    return (await haveTools(TOOLS, { signal, log })) ? NONE : { ...NONE, skipped: 1 };
  } catch (error) {
    process.stdout.write(`${error instanceof Error ? error.message : error}\n`);
    return FAILED;
  }
}

/** Its output is only of interest when it failed. */
async function demo(context: Context): Promise<Counts> {
  const file = join(context.dir, 'demo.txt');
  const output = openSync(file, 'w');
  const counts = await run(context, process.execPath, ['scripts/demo.ts', '--exit'], output);
  closeSync(output);
  if (counts.failed > 0) process.stdout.write(await readFile(file, 'utf8'));
  return counts;
}

/** Counts as one test. What it started ends with it, and with this process. */
async function run({ signal }: Context, command: string, args: readonly string[], logFd: number): Promise<Counts> {
  signal.throwIfAborted();
  const child = new Child(command, args, { logFd });
  const ended = AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MINUTES * 60_000)]);
  const stop = () => void child.stop(10_000);
  ended.addEventListener('abort', stop);
  const code = await child.exited;
  ended.removeEventListener('abort', stop);
  if (ended.aborted && !signal.aborted) process.stdout.write(`ended: it ran for ${LONGEST_MINUTES} minutes\n`);
  return code === 0 ? PASSED : FAILED;
}
