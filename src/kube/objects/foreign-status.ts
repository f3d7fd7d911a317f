/** Notices that another writer has written the status of one of our objects. */
import type { ManagedObject } from '../../core/model/object.ts';
import type { ObjectChange } from './change.ts';

export type ForeignStatusListener = (object: ManagedObject) => void;

/**
 * A status is foreign when the server shows another one than it last returned for our own write. The answer counts, not
 * what was sent: an older CRD prunes fields that it does not know.
 *
 * The watch can be faster than the answer. So what it shows during a write is compared after the write.
 */
export class ForeignStatus {
  readonly #listeners = new Set<ForeignStatusListener>();
  /** What the watch has shown of objects during a write. */
  readonly #shownMeanwhile = new Map<string, ManagedObject[]>();

  subscribe(listener: ForeignStatusListener): void {
    this.#listeners.add(listener);
  }

  /** The store has changed. */
  changed(change: ObjectChange): void {
    if (change.kind !== 'updated' || change.via === 'write' || isSameStatus(change.before, change.after)) return;
    const meanwhile = this.#shownMeanwhile.get(change.after.key);
    if (meanwhile === undefined) this.#report(change.after);
    else meanwhile.push(change.after);
  }

  /** Runs our own write of the status: its answer is ours. Writes to one object never overlap. */
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
      // Without an answer it is not known whose status that is: one pass more does no harm.
      if (last !== undefined && (answer === undefined || !isSameStatus(answer, last))) this.#report(last);
    }
  }

  #report(object: ManagedObject): void {
    for (const listener of this.#listeners) listener(object);
  }
}

function isSameStatus(a: ManagedObject, b: ManagedObject): boolean {
  return a.status === b.status || JSON.stringify(a.status) === JSON.stringify(b.status);
}
