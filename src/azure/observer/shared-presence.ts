/** Whether the parent itself is there: one GET a minute, shared by all of its objects. */
import { AzureFailure } from '../../core/model/failure.ts';
import type { ParentPresence } from '../../core/model/runtime.ts';
import { PARENT_AGE_MS } from '../../core/schedule.ts';
import type { CallContext } from '../../ports.ts';
import type { Clock } from '../../runtime/clock.ts';

interface Answer {
  readonly presence: ParentPresence;
  /** When it was asked for: statuses tell it, so it is a time of the wall clock. */
  readonly at: number;
}

export class SharedPresence {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #ask: (caller: CallContext) => Promise<boolean>;
  #last: Answer = { presence: 'unanswered', at: Number.NEGATIVE_INFINITY };
  #isAsking = false;

  constructor(clock: Pick<Clock, 'now'>, ask: (caller: CallContext) => Promise<boolean>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /**
   * While one caller asks, the others get the last answer at once: they can decide without it, and would occupy workers. A
   * failure counts for the minute too, or each object would meet it on its own.
   */
  async get(caller: CallContext): Promise<ParentPresence> {
    const now = this.#clock.now();
    if (this.#isYounger(PARENT_AGE_MS, now)) return this.#last.presence;
    if (this.#isAsking) return this.#isYounger(2 * PARENT_AGE_MS, now) ? this.#last.presence : 'unanswered';
    this.#isAsking = true;
    try {
      const presence = (await this.#ask({ ...caller, needs: { reads: 1 } })) ? 'present' : 'absent';
      this.#last = { presence, at: now };
    } catch (error) {
      if (!(error instanceof AzureFailure)) throw error;
      const isForbidden = error.failure.kind === 'forbidden';
      this.#last = { presence: isForbidden ? 'unreadable' : 'unanswered', at: now };
      if (!isForbidden) throw error;
    } finally {
      this.#isAsking = false;
    }
    return this.#last.presence;
  }

  #isYounger(ms: number, now: number): boolean {
    const age = now - this.#last.at;
    return age >= 0 && age < ms;
  }
}
