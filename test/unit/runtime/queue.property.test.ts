/** The work queue against a simple model of it. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { WorkQueue } from '../../../src/runtime/queue.ts';
import { FakeClock } from '../../support/fake-clock.ts';

interface Wish {
  readonly key: string;
  priority: number;
  dueAt: number;
  readonly order: number;
}

/** The same rules over plain lists, where every question is answered by looking at everything. */
class NaiveQueue {
  readonly queued: Wish[] = [];
  readonly inHand = new Map<string, Wish | undefined>();
  readonly agedAfterMs: number;
  readonly share: number;
  passedOver = 0;
  order = 0;

  constructor(agedAfterMs: number, share: number) {
    this.agedAfterMs = agedAfterMs;
    this.share = share;
  }

  add(key: string, priority: number, dueAt: number): void {
    const handled = this.inHand.has(key);
    const known = handled ? this.inHand.get(key) : this.queued.find((wish) => wish.key === key);
    const wish = known ?? { key, priority, dueAt, order: this.order++ };
    wish.priority = Math.max(wish.priority, priority);
    wish.dueAt = Math.min(wish.dueAt, dueAt);
    if (handled) this.inHand.set(key, wish);
    else if (known === undefined) this.queued.push(wish);
  }

  done(key: string): void {
    const again = this.inHand.get(key);
    this.inHand.delete(key);
    if (again !== undefined) this.queued.push(again);
  }

  take(now: number): string | undefined {
    const due = this.queued.filter((wish) => wish.dueAt <= now);
    const byAge = due.toSorted((a, b) => a.dueAt - b.dueAt || a.order - b.order);
    const [oldest] = byAge;
    const [first] = byAge.toSorted((a, b) => b.priority - a.priority);
    if (first === undefined || oldest === undefined) return undefined;
    const bypassing = oldest !== first && now - oldest.dueAt > this.agedAfterMs;
    this.passedOver = bypassing ? this.passedOver + 1 : 0;
    const chosen = this.passedOver === this.share ? oldest : first;
    if (chosen === oldest) this.passedOver = 0;
    this.queued.splice(this.queued.indexOf(chosen), 1);
    if (this.inHand.has(chosen.key)) throw new Error(`${chosen.key} would be in two hands`);
    this.inHand.set(chosen.key, undefined);
    return chosen.key;
  }
}

type Step =
  | { readonly kind: 'add'; readonly key: string; readonly priority: number; readonly afterMs: number }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'wall clock'; readonly ms: number }
  | { readonly kind: 'wait' }
  | { readonly kind: 'abort'; readonly which: number }
  | { readonly kind: 'done'; readonly which: number };

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('add' as const),
        key,
        priority: fc.integer({ min: -1, max: 2 }),
        afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30 })),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 25 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('done' as const), which: fc.nat() }) },
    fc.record({ kind: fc.constant('abort' as const), which: fc.nat() }),
    // The model knows nothing of it.
    fc.record({ kind: fc.constant('wall clock' as const), ms: fc.integer({ min: -4_000_000, max: 4_000_000 }) }),
  ),
  { maxLength: 80, size: 'max' },
);

/** Drives both queues by the same steps; keys go to waiters in the order of waiting, as soon as there are both. */
class Race {
  readonly clock = new FakeClock(0);
  readonly queue = new WorkQueue({ clock: this.clock, agedAfterMs: 20, reservedShare: 3 });
  readonly model = new NaiveQueue(20, 3);
  readonly waiting: { readonly abort: AbortController; readonly id: number }[] = [];
  readonly taken: string[] = [];
  readonly expected: string[] = [];
  waiters = 0;

  async step(step: Step): Promise<void> {
    switch (step.kind) {
      case 'add':
        this.queue.add(step.key, step);
        this.model.add(step.key, step.priority, this.clock.monotonic() + step.afterMs);
        break;
      case 'wall clock':
        this.clock.step(step.ms);
        break;
      case 'wait':
        this.#wait();
        break;
      case 'advance':
        // One millisecond at a time, so that the model, too, acts at the very moment when a key becomes due.
        for (let i = 0; i < step.ms; i += 1) {
          if (this.waiting.length > 0) await this.clock.advance(1);
          else this.clock.suspend(1);
          this.#serveModel();
        }
        break;
      case 'abort':
        this.waiting.splice(step.which % Math.max(1, this.waiting.length), 1)[0]?.abort.abort();
        break;
      case 'done':
        this.#done(step.which);
        break;
    }
    this.#serveModel();
    await this.clock.settle();
  }

  check(): void {
    expect(this.taken).toEqual(this.expected);
    expect(this.clock.pendingTimers).toBeLessThanOrEqual(1);
    if (this.waiting.length === 0) expect(this.clock.pendingTimers).toBe(0);
  }

  /** Gives back and takes everything, until nothing is left on either side. */
  async finish(): Promise<void> {
    while (this.model.queued.length > 0 || this.model.inHand.size > 0) {
      await this.step({ kind: 'wait' });
      await this.step({ kind: 'advance', ms: 30 });
      for (const _ of [...this.model.inHand.keys()]) await this.step({ kind: 'done', which: 0 });
      this.check();
    }
  }

  #wait(): void {
    const abort = new AbortController();
    const id = this.waiters++;
    this.waiting.push({ abort, id });
    void this.queue.next(abort.signal).then((taken) => {
      if (taken !== undefined) this.taken.push(`${taken} to ${id}`);
    });
  }

  #done(which: number): void {
    const inHand = [...this.model.inHand.keys()];
    const chosen = inHand[which % Math.max(1, inHand.length)];
    if (chosen === undefined) return;
    this.queue.done(chosen);
    this.model.done(chosen);
  }

  #serveModel(): void {
    for (let first = this.waiting[0]; first !== undefined; first = this.waiting[0]) {
      const next = this.model.take(this.clock.monotonic());
      if (next === undefined) return;
      this.waiting.shift();
      this.expected.push(`${next} to ${first.id}`);
    }
  }
}

test('the queue hands out what a naive model hands out, to the same waiter, loses nothing, and arms one timer at most', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const race = new Race();
      for (const step of sequence) {
        await race.step(step);
        race.check();
      }
      await race.finish();
      race.queue.shutDown();
      expect(race.clock.pendingTimers).toBe(0);
    }),
    { numRuns: 300 },
  );
});
