/** The change queue that the operator of all these tests reads, where there is one. */
import { type Queue, QueueClient } from '../../../dev/azurite/queue.ts';
import type { EventSubscription } from '../../../dev/emulator/index.ts';
import type { Place } from './place.ts';
import { currentRun } from './run.ts';

/** Absent where azurite cannot be installed. */
export function changeQueue() {
  const { changeQueue: found } = currentRun();
  return found;
}

/** What the SDK may do with it, as the operator's own identity. */
export class Sender {
  readonly #client: QueueClient;
  readonly queue: Queue;

  constructor() {
    const { azure, changeQueue: found } = currentRun();
    if (found === undefined) throw new Error('there is no change queue');
    const at = found.url.lastIndexOf('/');
    this.#client = new QueueClient(found.packages, azure);
    this.queue = this.#client.queue(found.url.slice(0, at), found.url.slice(at + 1));
  }

  send(...texts: readonly string[]): Promise<void> {
    return this.queue.send(...texts);
  }

  stop(): Promise<void> {
    return this.#client.stop();
  }
}

/** From now on, what anybody writes in this place's subscription is announced. */
export async function announce(
  { azure, factory }: Pick<Place, 'azure' | 'factory'>,
  how: Partial<EventSubscription> & { readonly id?: string } = {},
  queueUrl = changeQueue()?.url ?? '',
): Promise<string> {
  const { subscriptionId } = factory;
  return (await azure.putEventSubscription({ subscriptionId, queueUrl, ...how })).id;
}
