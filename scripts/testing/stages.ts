/** The stages of `npm test`: each is one command, and tells how many of its tests passed. */
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { haveAzurite } from '../../dev/azurite/install.ts';
import { Child } from '../../dev/controlplane/child.ts';
import { startControlPlane } from '../../dev/controlplane/index.ts';
import type { Task } from '../../dev/controlplane/log.ts';
import { findMinor } from '../../dev/controlplane/minor.ts';
import { NoGo } from '../../dev/controlplane/toolchain.ts';
import { whyNoNode } from '../../dev/machine/suitable.ts';
import { haveTools, NODE_TOOLS, TOOLS, underCi } from '../../dev/tools/index.ts';

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
const SKIPPED: Counts = { ...NONE, skipped: 1 };
const FAILED: Counts = { ...NONE, failed: 1 };

/** A stage that takes longer hangs; the whole run is expected to take a few minutes. */
const LONGEST_MINUTES = 20;
const STDOUT = 1;
/** The oldest minor that the chart admits. */
const OLDEST = '1.31';

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
      'helm, promtool, prometheus, kstatus, Lua, actionlint, krew and the front end of docker build, built the first time; azurite, installed',
    run: tools,
  },
  jest('ecosystem', 'what these tools say'),
  jest('integration', 'a real API server; the emulated Azure, also by the SDKs for Python; a real queue'),
  jest('operator', 'the operator as users run it, on both'),
  jest('outage', 'what goes down and comes back: the API server, the operator, Azure'),
  jest('e2e', 'through kubectl and helm alone; the operator in the place of its pod'),
  {
    name: `kubernetes ${OLDEST}`,
    about: 'the CRD, the chart and one life of an object on the oldest kube-apiserver, built the first time',
    run: oldest,
  },
  {
    name: 'node',
    about: 'the image and the chart on a real node, whose programs are built the first time',
    run: node,
  },
  { name: 'demo', about: 'npm run demo -- --exit --push', run: demo },
];

/** By the scripts of package.json, so that they are what is tested. */
function jest(project: string, about: string): Stage {
  return { name: project, about, run: (context) => jestRun(context, project) };
}

async function jestRun(context: Context, script: string, ...args: readonly string[]): Promise<Counts> {
  const file = join(context.dir, `${script.replace(':', '-')}.json`);
  const { failed } = await npmRun(context, [script, '--', ...args, '--json', `--outputFile=${file}`]);
  return countsOf(await readFile(file, 'utf8').catch(() => undefined), failed > 0);
}

/** Skipped where there is no Go to build it with; under CI nothing may go untested unnoticed. */
async function oldest(context: Context): Promise<Counts> {
  try {
    await findMinor(OLDEST, process.env, taskOf(context));
  } catch (error) {
    context.signal.throwIfAborted();
    process.stdout.write(`${error instanceof Error ? error.message : error}\n`);
    return error instanceof NoGo && !underCi(process.env) ? SKIPPED : FAILED;
  }
  return jestRun(context, 'test:kubernetes', OLDEST, '--main');
}

/** Before it is run, so that building its programs does not count against the time that a stage may take. */
async function node(context: Context): Promise<Counts> {
  const why = await whyNoNode(NODE_TOOLS, process.env, taskOf(context));
  if (why === undefined) return jestRun(context, 'e2e:node');
  process.stdout.write(`skipped: ${why}\n`);
  return SKIPPED;
}

const taskOf = ({ signal }: Context): Task => ({ signal, log: (line) => void process.stdout.write(`${line}\n`) });

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

async function controlPlane(context: Context): Promise<Counts> {
  try {
    const plane = await startControlPlane(taskOf(context));
    await plane.stop();
    return NONE;
  } catch (error) {
    process.stdout.write(`${error instanceof Error ? error.message : error}\n`);
    return FAILED;
  }
}

/** Before the tests that use them, so that none of these seems to hang while they are built. */
async function tools(context: Context): Promise<Counts> {
  try {
    const task = taskOf(context);
    const had = [await haveTools(TOOLS, task), (await haveAzurite(task)) !== undefined];
    return had.every(Boolean) ? NONE : SKIPPED;
  } catch (error) {
    process.stdout.write(`${error instanceof Error ? error.message : error}\n`);
    return FAILED;
  }
}

/** Its output is only of interest when it failed. Without azurite, what --push shows is skipped. */
async function demo(context: Context): Promise<Counts> {
  const hasQueue = await haveAzurite(taskOf(context)).then(
    (packages) => packages !== undefined,
    // Under CI, the stage of the tools has failed for it.
    () => false,
  );
  const file = join(context.dir, 'demo.txt');
  const output = openSync(file, 'w');
  const args = ['scripts/demo.ts', '--exit', ...(hasQueue ? ['--push'] : [])];
  const counts = await run(context, process.execPath, args, output);
  closeSync(output);
  if (counts.failed > 0) process.stdout.write(await readFile(file, 'utf8'));
  return hasQueue ? counts : { ...counts, skipped: 1 };
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
