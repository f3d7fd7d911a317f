/** What `--push` adds to the tour: drift that Azure tells of is corrected within seconds, though nobody polls for an hour. */
import { startAzurite } from '../../dev/azurite/azurite.ts';
import { installAzurite, type Packages } from '../../dev/azurite/install.ts';
import { QueueClient } from '../../dev/azurite/queue.ts';
import { messageOf, type Task } from '../../dev/controlplane/log.ts';
import type { Installation } from '../../dev/installation/installation.ts';
import { subscribe } from './azure.ts';
import { applySample, moveAway, type Scene, sampleIsInPlace } from './tour.ts';

export interface ChangeQueue {
  readonly url: string;
  stop(): Promise<void>;
}

export interface PushScene extends Scene {
  readonly queue: ChangeQueue;
  /** Starts the operator anew, with these flags; returns where its metrics are. */
  readonly restart: (flags: readonly string[]) => Promise<string>;
}

/** What is shown of the metrics: whether the queue is read, and what became of its messages. */
const SHOWN = '^azure_ir_push_(up|messages)';

/** @throws Error with what can be done about it */
export async function queuePackages(task: Task): Promise<Packages> {
  try {
    return await installAzurite(task, process.env);
  } catch (error) {
    throw new Error(
      `--push needs an emulator of Azure's queues, which is installed once, over the network. Without --push, the demo needs none. ${messageOf(error)}`,
    );
  }
}

export async function startQueue(packages: Packages, { emulator, azure }: Installation): Promise<ChangeQueue> {
  const azurite = await startAzurite(packages, emulator);
  const client = new QueueClient(packages, azure);
  try {
    const queue = client.queue(azurite.url, 'ir-changes');
    await queue.create();
    return { url: queue.url, stop: () => azurite.stop() };
  } finally {
    await client.stop();
  }
}

/** Every step, in order. @throws StepFailed */
export async function pushTour(scene: PushScene): Promise<void> {
  const metricsUrl = await listen(scene);
  await correctAtOnce(scene, metricsUrl);
}

async function listen(scene: PushScene): Promise<string> {
  const { shell, narrator, controlUrl, queue, restart } = scene;
  narrator.step(
    'Have Azure tell of its changes, in a Storage queue that the operator reads; and poll once an hour only, from now on.',
  );
  await shell.azure(subscribe(controlUrl, queue.url));
  const metricsUrl = await restart(['--interval=1h', `--change-queue=${queue.url}`]);
  await applySample(scene);
  return metricsUrl;
}

async function correctAtOnce(scene: PushScene, metricsUrl: string): Promise<void> {
  const { shell, narrator, controlUrl } = scene;
  narrator.step(
    "Change the location in Azure, behind the operator's back: Azure tells of it, and the operator corrects the drift within seconds.",
  );
  await shell.azure(moveAway(controlUrl));
  const driftedAt = Date.now();
  await shell.until('the location to be set back', () => sampleIsInPlace(scene));
  narrator.note(`The drift lasted ${((Date.now() - driftedAt) / 1_000).toFixed(1)} s; without a queue, up to an hour.`);
  narrator.command(`curl -fsS ${metricsUrl}/metrics | grep -E '${SHOWN}'`);
  const metrics = await (await fetch(`${metricsUrl}/metrics`)).text();
  const shown = metrics.split('\n').filter((line) => new RegExp(SHOWN).test(line));
  narrator.output(shown.join('\n'));
}
