/** The change queue of a benchmark: azurite, to which the emulated Azure delivers its events. */
import { dirname } from 'node:path';
import { type Azurite, certificateIn, startAzurite } from '../azurite/azurite.ts';
import { installAzurite } from '../azurite/install.ts';
import { type Queue, QueueClient } from '../azurite/queue.ts';
import { stderrLog } from '../controlplane/log.ts';
import { SUBSCRIPTION } from './objects.ts';
import type { Place } from './place.ts';

export interface ChangeQueue {
  readonly queue: Queue;
  /** The flag with which an operator reads it. */
  readonly flag: string;
}

/** Measures while every write in Azure is announced in a queue. */
export async function withQueue<T>({ azure, control }: Place, measure: (queue: ChangeQueue) => Promise<T>): Promise<T> {
  const task = { log: stderrLog('azurite'), signal: new AbortController().signal };
  const packages = await installAzurite(task, process.env);
  let azurite: Azurite | undefined;
  const client = new QueueClient(packages, azure);
  try {
    azurite = await startAzurite(packages, certificateIn(dirname(azure.caFile)));
    const queue = client.queue(azurite.url, 'changes');
    await queue.create();
    await control.putEventSubscription({ subscriptionId: SUBSCRIPTION, queueUrl: queue.url });
    return await measure({ queue, flag: `--change-queue=${queue.url}` });
  } finally {
    await client.stop();
    await azurite?.stop();
  }
}
