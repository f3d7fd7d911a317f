/**
 * `npm run demo`: the operator on a real API server, against an emulated Azure, from a bare clone. Shows what it does for
 * one runtime, then leaves everything running to try things on; with `--exit` it ends by itself.
 */
import { access, appendFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildBundle } from '../dev/installation/bundle.ts';
import { type Installation, install } from '../dev/installation/installation.ts';
import { type OperatorProcess, startOperator } from '../dev/installation/operator-process.ts';
import { listRuntimes, setState } from './demo/azure.ts';
import { Narrator } from './demo/narrator.ts';
import { type ChangeQueue, pushTour, queuePackages, startQueue } from './demo/push.ts';
import { Shell, StepFailed } from './demo/shell.ts';
import { applySample, moveAway, OBJECT, RUNTIME, SAMPLE, type Scene, tour } from './demo/tour.ts';

const USAGE = `Demonstrates the operator on a real API server and an emulated Azure.

  npm run demo              runs the tour, then stays up until Ctrl-C, to try things out
  npm run demo -- --exit    runs the tour and exits: exit code 0 if every step succeeded
  npm run demo -- --push    shows, too, how Azure tells of changes in a queue; installs an emulator of it, once`;

const OPERATOR_FLAGS = ['--operator-identity-namespaces=default'];
/** Short, so that things happen while a person watches. */
const TOUR_FLAGS = ['--interval=2s'];
/** Stopping everything takes a second or two; past this something hangs, and dies with this process. */
const STOPS_WITHIN_MS = 20_000;

const narrator = new Narrator();

interface Stage {
  readonly installation: Installation;
  readonly logFile: string;
  readonly queue: ChangeQueue | undefined;
  operator: OperatorProcess;
}

interface Wish {
  readonly exit: boolean;
  readonly push: boolean;
}

async function setUp({ push }: Wish, signal: AbortSignal): Promise<Stage> {
  const log = (line: string) => narrator.note(line);
  const packages = push ? await queuePackages({ log, signal }) : undefined;
  narrator.heading('Starting a Kubernetes API server and an emulated Azure, and building the operator');
  narrator.note('(The first run downloads or builds the API server, which can take some minutes.)');
  const [installation] = await Promise.all([install(log), buildBundle()]);
  const logFile = join(installation.controlPlane.dir, 'operator.log');
  narrator.note(`the emulated Azure is ready at ${installation.azure.armUrl}`);
  narrator.command('kubectl apply -k deploy/kustomize');
  narrator.note(
    'applied; the operator runs as a local process instead of a pod, with the permissions of its service account only',
  );
  const operator = await operate({ installation, logFile }, TOUR_FLAGS);
  const queue = packages === undefined ? undefined : await startQueue(packages, installation);
  return { installation, logFile, queue, operator };
}

async function operate(
  { installation, logFile }: Pick<Stage, 'installation' | 'logFile'>,
  flags: readonly string[],
): Promise<OperatorProcess> {
  const args = [...flags, ...OPERATOR_FLAGS];
  narrator.command(`node dist/main.mjs ${args.join(' ')}`);
  const operator = await startOperator({
    kubeconfig: installation.operatorKubeconfig,
    azure: installation.azure,
    args,
    onLine: (line) => void appendFile(logFile, `${line}\n`).catch(() => {}),
  });
  narrator.note('the operator is ready');
  return operator;
}

async function restart(stage: Stage, flags: readonly string[]): Promise<string> {
  await stage.operator.stop();
  stage.operator = await operate(stage, flags);
  return stage.operator.metricsUrl;
}

async function tearDown({ installation, operator, queue }: Stage): Promise<void> {
  setTimeout(() => process.exit(1), STOPS_WITHIN_MS).unref();
  await operator.stop();
  await queue?.stop();
  await installation.stop();
}

async function hasKubectl(): Promise<boolean> {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = await Promise.allSettled(folders.map((folder) => access(join(folder, 'kubectl'))));
  return found.some(({ status }) => status === 'fulfilled');
}

/** Everything here works when it is pasted into another terminal, in the folder of the clone. */
async function suggest({ installation, logFile, queue }: Stage): Promise<void> {
  const { cluster, emulator } = installation;
  const path = (await hasKubectl()) ? '' : ` PATH=${dirname(cluster.kubectl)}:$PATH`;
  narrator.heading('Try it yourself, in another terminal in this folder:');
  narrator.output(`export KUBECONFIG=${cluster.kubeconfig}${path}`);
  narrator.paste('watch the object', 'kubectl get azir --watch');
  narrator.paste('move the runtime', `kubectl patch azir ${OBJECT} --type merge -p '{"spec":{"location":"UK South"}}'`);
  narrator.paste('change it in Azure, and see the operator correct the drift', moveAway(emulator.controlUrl).typed);
  // Azure tells of no state, so that this would be seen at the next poll, within the hour.
  if (queue === undefined) {
    const { typed } = setState(emulator.controlUrl, RUNTIME, 'Limited');
    narrator.paste('break it in Azure, and see the operator repair it', typed);
  }
  narrator.paste('see what happened', `kubectl events --for azir/${OBJECT}`);
  narrator.paste('list the runtimes in Azure', `${listRuntimes(emulator.controlUrl).typed}; echo`);
  narrator.paste('delete the object and its runtime, then apply it again', `kubectl delete azir ${OBJECT}`);
  narrator.output(`kubectl apply -f ${SAMPLE}`);
  narrator.paste('follow the operator log', `tail -f ${logFile}`);
  narrator.heading('Press Ctrl-C to stop everything.');
}

async function show(stage: Stage, signal: AbortSignal): Promise<Scene> {
  const { installation, queue } = stage;
  const scene = {
    narrator,
    shell: new Shell(installation, narrator, signal),
    controlUrl: installation.emulator.controlUrl,
  };
  await tour(scene);
  if (queue !== undefined) await pushTour({ ...scene, queue, restart: (flags) => restart(stage, flags) });
  return scene;
}

/** Resolves with the exit code. */
async function demo(wish: Wish, interrupted: Promise<NodeJS.Signals>, signal: AbortSignal): Promise<number> {
  const began = Date.now();
  let isUp = false;
  // Before everything is up there is nothing to end in order: what was started dies with this process.
  interrupted.then((name) => isUp || process.exit(128 + constants.signals[name]));
  const stage = await setUp(wish, signal);
  isUp = true;
  try {
    const scene = await show(stage, signal);
    narrator.heading(`All ${narrator.steps} steps succeeded in ${Math.round((Date.now() - began) / 1_000)} s.`);
    if (wish.exit) return 0;
    narrator.heading('Applying the sample again, to try things out');
    await applySample(scene);
    await suggest(stage);
    await interrupted;
    return 0;
  } catch (error) {
    // What an interruption breaks is no failure of a step.
    if (signal.aborted) return 128 + constants.signals[await interrupted];
    if (!(error instanceof StepFailed)) throw error;
    process.stderr.write(`\nThe demo failed. ${error.message}\n\n${lastWords(stage.operator)}\n`);
    return 1;
  } finally {
    narrator.heading('Stopping everything');
    await tearDown(stage);
  }
}

function lastWords({ log, stderr }: OperatorProcess): string {
  const lines = log.slice(-10).map((line) => JSON.stringify(line));
  return ['The last log lines of the operator:', ...lines, stderr()].join('\n');
}

async function main(): Promise<number> {
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({ options: { exit: flag, push: flag, help: flag } });
  if (values.help === true) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const abort = new AbortController();
  const interrupted = new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      // A terminal and npm may both pass one on: only the first counts.
      process.on(name, () => {
        resolve(name);
        abort.abort();
      });
    }
  });
  return demo({ exit: values.exit === true, push: values.push === true }, interrupted, abort.signal);
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
