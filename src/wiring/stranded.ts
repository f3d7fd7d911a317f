/** The keys whose pass met no API server: as soon as it is back they are looked at, not when their back-off is over. */
import type { WorkQueue } from '../runtime/queue.ts';

/** Between two keys, milliseconds: an API server that comes back is not met by all of them in one moment. */
const APART_MS = 10;

export class Stranded {
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
  wake(): void {
    let afterMs = 0;
    for (const key of this.#keys) {
      this.#queue.add(key, { afterMs });
      afterMs += APART_MS;
    }
    this.#keys.clear();
  }
}
