/** Tells when somebody else has written the status of an object of ours. */
import type { ManagedObject } from '../../core/model/object.ts';
import type { ObjectChange } from './change.ts';

export type ForeignStatusListener = (object: ManagedObject) => void;

/**
 * A status that the server shows, and that is another than it last answered to a write of ours, is foreign. What was
 * answered counts, and not what was sent: an older CRD prunes what it does not know.
 *
 * The watch can be faster than the answer. So what it shows while a write is under way is judged when that has ended.
 */
export class ForeignStatus {
  readonly #listeners = new Set<ForeignStatusListener>();
  /** What was shown of the objects to which a write is under way. */
  readonly #shownMeanwhile = new Map<string, ManagedObject[]>();

  subscribe(listener: ForeignStatusListener): void {
    this.#listeners.add(listener);
  }

  /** The store has changed. */
  changed(change: ObjectChange): void {
    if (change.kind !== 'updated' || change.via === 'write' || isSameStatus(change.before, change.after)) return;
    const meanwhile = this.#shownMeanwhile.get(change.after.key);
    if (meanwhile === undefined) this.#tell(change.after);
    else meanwhile.push(change.after);
  }

  /** A write of the status: what it answers is ours. Writes to one object come one after the other. */
  async during<T extends ManagedObject>(key: string, write: () => Promise<T>): Promise<T> {
    const meanwhile: ManagedObject[] = [];
    this.#shownMeanwhile.set(key, meanwhile);
    let answer: T | undefined;
    try {
      answer = await write();
      return answer;
    } finally {
      this.#shownMeanwhile.delete(key);
      const last = meanwhile.at(-1);
      // Without an answer nobody knows whose it is: a look more does no harm.
      if (last !== undefined && (answer === undefined || !isSameStatus(answer, last))) this.#tell(last);
    }
  }

  #tell(object: ManagedObject): void {
    for (const listener of this.#listeners) listener(object);
  }
}

function isSameStatus(a: ManagedObject, b: ManagedObject): boolean {
  return a.status === b.status || JSON.stringify(a.status) === JSON.stringify(b.status);
}
