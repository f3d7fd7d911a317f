/** Keys that wait for tokens: one line for each kind of request, through which a key collects what it needs. */
import type { RequestKind, Urgency } from '../../ports.ts';
import type { ArmBucket } from './arm-bucket.ts';
import { atLeast, atMost, type Counts, eachKind, KINDS, NONE, only, sum } from './counts.ts';
import { lacking, type Waiting, without } from './key-state.ts';
import { URGENCIES, WaitQueue } from './wait-queue.ts';

export type Buckets = Readonly<Record<RequestKind, ArmBucket>>;

/**
 * Serves each line in its order, as far as the bucket reaches. A key stands in one line at a time and keeps nothing of the
 * kinds whose lines are yet to come: another key may wait for just that.
 */
export class TokenLines {
  readonly #buckets: Buckets;
  readonly #lines: Readonly<Record<RequestKind, WaitQueue<Waiting>>>;
  readonly #waiting = new Map<string, Waiting>();
  /** Keys that have all they need, until `serve` hands them out. */
  #complete: Waiting[] = [];
  #arrivals = 0;

  constructor(buckets: Buckets) {
    this.#buckets = buckets;
    this.#lines = { reads: new WaitQueue(), writes: new WaitQueue(), deletes: new WaitQueue() };
  }

  get(key: string): Waiting | undefined {
    return this.#waiting.get(key);
  }

  all(): readonly Waiting[] {
    return [...this.#waiting.values()];
  }

  /**
   * The key waits until it has all these tokens. One that waits already keeps its place, unless it has become more urgent,
   * and what it waits for.
   */
  wait({ key, urgency, needs, collected, isRefused }: Omit<Waiting, 'kind' | 'since'>): void {
    const present = this.#waiting.get(key);
    if (present !== undefined) this.#leave(present);
    this.#place({
      kind: 'waiting',
      key,
      urgency: present === undefined ? urgency : moreUrgent(present.urgency, urgency),
      since: present?.since ?? ++this.#arrivals,
      collected: sum(collected, present?.collected ?? NONE),
      needs: this.#attainable(atLeast(needs, present?.needs ?? NONE)),
      isRefused: isRefused || present?.isRefused === true,
    });
  }

  /** The key waits again, in the place that it had before it was granted its tokens. */
  waitAgain(waiting: Waiting): void {
    this.#place({ ...waiting, needs: this.#attainable(waiting.needs) });
  }

  /** The key waits no more; what it has collected goes back. */
  giveUp(waiting: Waiting): void {
    this.#leave(waiting);
    for (const kind of KINDS) this.#buckets[kind].putBack(waiting.collected[kind]);
  }

  /** Takes what keys have collected of this kind: ARM refuses it. They keep their places. */
  withdraw(kind: RequestKind): void {
    for (const waiting of this.all()) {
      if (waiting.collected[kind] === 0) continue;
      this.#leave(waiting);
      this.#buckets[kind].putBack(waiting.collected[kind]);
      this.#place(without(kind, waiting));
    }
  }

  /** Has no key wait for more than its bucket gives now: one, while a bucket is probed. */
  lowerNeeds(): void {
    for (const waiting of this.all()) {
      this.#leave(waiting);
      this.waitAgain(waiting);
    }
  }

  /** Gives keys what they lack, in their order; returns those that have all they need, who no longer wait. */
  serve(): readonly Waiting[] {
    for (const kind of KINDS) {
      const line = this.#lines[kind];
      for (let next = line.peek(); next !== undefined; next = line.peek()) {
        const count = next.needs[kind] - next.collected[kind];
        if (this.#buckets[kind].available < count) break;
        line.take(next);
        this.#buckets[kind].reserve(count);
        this.#place({ ...next, collected: { ...next.collected, [kind]: next.needs[kind] } });
      }
    }
    const complete = this.#complete;
    this.#complete = [];
    return complete;
  }

  /** Milliseconds until the first in the line for this kind can be served; undefined when the line is empty. */
  msUntilServed(kind: RequestKind): number | undefined {
    const next = this.#lines[kind].peek();
    return next && this.#buckets[kind].msUntil(next.needs[kind] - next.collected[kind]);
  }

  /** Puts it into the line for the first kind that it lacks, and puts back what it has of that kind and of later ones. */
  #place(waiting: Waiting): void {
    const missing = lacking(waiting);
    if (missing === undefined) {
      this.#waiting.delete(waiting.key);
      this.#complete.push(waiting);
      return;
    }
    let { needs, collected } = waiting;
    for (const kind of KINDS.slice(KINDS.indexOf(missing))) {
      this.#buckets[kind].putBack(collected[kind]);
      needs = atLeast(needs, only(kind, collected[kind]));
      collected = { ...collected, [kind]: 0 };
    }
    const placed = { ...waiting, needs, collected };
    this.#waiting.set(waiting.key, placed);
    this.#lines[missing].add(placed);
  }

  #leave(waiting: Waiting): void {
    this.#waiting.delete(waiting.key);
    const missing = lacking(waiting);
    if (missing !== undefined) this.#lines[missing].remove(waiting);
  }

  /** A key that waits for more than a bucket ever holds would wait for ever. */
  #attainable(needs: Counts): Counts {
    return atMost(
      needs,
      eachKind((kind) => this.#buckets[kind].most),
    );
  }
}

function moreUrgent(a: Urgency, b: Urgency): Urgency {
  return URGENCIES.indexOf(a) < URGENCIES.indexOf(b) ? a : b;
}
