/** The keys whose pass could not reach the API server: queued again as soon as it answers, before their back-off ends. */
import type { WorkQueue } from '../runtime/queue.ts';
import { PRIORITY } from './priorities.ts';

/** Milliseconds between two keys: an API server that has come back must not get all of them at once. */
const APART_MS = 10;

export class OutageKeys {
  readonly #queue: Pick<WorkQueue, 'add'>;
  readonly #keys = new Set<string>();

  constructor(queue: Pick<WorkQueue, 'add'>) {
    this.#queue = queue;
  }

  add(key: string): void {
    this.#keys.add(key);
  }

  delete(key: string): void {
    this.#keys.delete(key);
  }

  /** The API server answers again. */
  enqueueAll(): void {
    let afterMs = 0;
    for (const key of this.#keys) {
      this.#queue.add(key, { priority: PRIORITY.poll, afterMs });
      afterMs += APART_MS;
    }
    this.#keys.clear();
  }
}
