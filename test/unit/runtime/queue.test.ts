/** The work queue: priority, due time, one worker a key. */
import { describe, expect, test } from '@jest/globals';
import { noQueueMetrics, type QueueMetrics, type QueueStats } from '../../../src/runtime/metrics.ts';
import { WorkQueue } from '../../../src/runtime/queue.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const never = new AbortController().signal;

function setUp(options: { agedAfterMs?: number; reservedShare?: number } = {}) {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock, ...options });
  /** Takes every key that is due, in order, and gives each back at once. */
  const drain = async (): Promise<string[]> => {
    const keys: string[] = [];
    for (;;) {
      const abort = new AbortController();
      const next = queue.next(abort.signal);
      abort.abort();
      const key = await next;
      if (key === undefined) return keys;
      keys.push(key);
      queue.done(key);
    }
  };
  return { clock, queue, drain };
}

describe('a key', () => {
  test('that is added twice is handed out once', async () => {
    const { queue, drain } = setUp();
    queue.add('a');
    queue.add('a');
    expect(await drain()).toEqual(['a']);
  });

  test('that is added twice keeps the higher priority and the earlier due time', async () => {
    const { clock, queue, drain } = setUp();
    queue.add('other', { priority: 1, afterMs: 50 });
    queue.add('a', { priority: 2, afterMs: 100 });
    queue.add('a', { priority: 0, afterMs: 50 });
    queue.add('a', { priority: 1, afterMs: 200 });
    await clock.advance(49);
    expect(await drain()).toEqual([]);
    await clock.advance(1);
    expect(await drain()).toEqual(['a', 'other']);
  });

  test('in hand is not handed to a second worker, and comes again with its priority when added meanwhile', async () => {
    const { queue, drain } = setUp();
    queue.add('a');
    expect(await queue.next(never)).toBe('a');
    queue.add('a', { priority: 1 });
    queue.add('b');
    expect(await drain()).toEqual(['b']);
    queue.add('b');
    queue.done('a');
    expect(await drain()).toEqual(['a', 'b']);
  });

  test('added for later while in hand comes at that time, counted from the adding', async () => {
    const { clock, queue, drain } = setUp();
    queue.add('a');
    await queue.next(never);
    queue.add('a', { afterMs: 100 });
    await clock.advance(60);
    queue.done('a');
    await clock.advance(39);
    expect(await drain()).toEqual([]);
    await clock.advance(1);
    expect(await drain()).toEqual(['a']);
  });

  test('that failed comes again after its back-off with the priority it was handed out with', async () => {
    const { clock, queue, drain } = setUp();
    queue.add('urgent', { priority: 2 });
    await queue.next(never);
    expect(queue.retry('urgent', { baseMs: 1_000, maxMs: 60_000 })).toBe(1_000);
    queue.done('urgent');
    queue.add('poll', { priority: 1, afterMs: 500 });
    await clock.advance(999);
    expect(queue.retries('urgent')).toBe(1);
    await clock.advance(1);
    expect(await drain()).toEqual(['urgent', 'poll']);
  });

  test('that is put back is due at once with the priority it was handed out with', async () => {
    const { queue, drain } = setUp();
    queue.add('urgent', { priority: 2 });
    await queue.next(never);
    queue.add('poll', { priority: 1 });
    queue.putBack('urgent');
    expect(await drain()).toEqual(['urgent', 'poll']);
  });

  test('is refused when its priority or its wait is no number', () => {
    const { queue } = setUp();
    expect(() => queue.add('a', { priority: Number.NaN })).toThrow(RangeError);
    expect(() => queue.add('a', { afterMs: Number.POSITIVE_INFINITY })).toThrow(RangeError);
  });
});

describe('the timer', () => {
  test('wakes a worker that waits when a key becomes due, and is the only one', async () => {
    const { clock, queue } = setUp();
    const next = queue.next(never);
    queue.add('late', { afterMs: 200 });
    queue.add('early', { afterMs: 100 });
    queue.add('middle', { afterMs: 150 });
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(100);
    expect(await next).toBe('early');
  });

  test('is not armed while nobody waits for a key', async () => {
    const { clock, queue } = setUp();
    queue.add('a', { afterMs: 100 });
    expect(clock.pendingTimers).toBe(0);
    const abort = new AbortController();
    const next = queue.next(abort.signal);
    expect(clock.pendingTimers).toBe(1);
    abort.abort();
    expect(await next).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });

  test.each([-3_600_000, -50, 50, 3_600_000])(
    'is as long as it was although the wall clock steps by %d ms',
    async (ms) => {
      const { clock, queue } = setUp();
      let taken: string | undefined;
      void queue.next(never).then((key) => {
        taken = key;
      });
      queue.add('a', { afterMs: 100 });
      clock.step(ms);
      await clock.advance(99);
      expect(taken).toBeUndefined();
      await clock.advance(1);
      expect(taken).toBe('a');
    },
  );

  test('does not pass while the process is stopped: what became due meanwhile keeps its distances', async () => {
    const { clock, queue } = setUp();
    const takenAt: [string, number][] = [];
    const start = clock.monotonic();
    const work = async () => {
      for (let key = await queue.next(never); key !== undefined; key = await queue.next(never)) {
        takenAt.push([key, clock.monotonic() - start]);
        queue.done(key);
      }
    };
    void work();
    for (const minutes of [1, 2, 3]) queue.add(`after ${minutes}`, { afterMs: minutes * 60_000 });
    await clock.settle();
    clock.suspend(3_600_000);
    await clock.advance(0);
    queue.add('changed');
    await clock.advance(300_000);
    expect(takenAt).toEqual([
      ['after 1', 3_600_000],
      ['changed', 3_600_000],
      ['after 2', 3_660_000],
      ['after 3', 3_720_000],
    ]);
    queue.shutDown();
  });
});

describe('while the process is stopped, time does not pass', () => {
  test('for a key that was added for later while in hand', async () => {
    const { clock, queue, drain } = setUp();
    queue.add('in hand');
    await queue.next(never);
    queue.add('in hand', { afterMs: 120_000 });
    queue.add('other', { afterMs: 60_000 });
    const next = queue.next(never);
    clock.suspend(3_600_000);
    await clock.advance(0);
    expect(await next).toBe('other');
    queue.done('in hand');
    await clock.advance(59_999);
    expect(await drain()).toEqual([]);
    await clock.advance(1);
    expect(await drain()).toEqual(['in hand']);
  });
});

describe('workers that wait', () => {
  test('are served in the order of waiting', async () => {
    const { queue } = setUp();
    const first = queue.next(never);
    const second = queue.next(never);
    queue.add('a');
    queue.add('b');
    expect(await Promise.all([first, second])).toEqual(['a', 'b']);
  });

  test('get nothing once aborted, and their key goes to the next', async () => {
    const { queue } = setUp();
    const abort = new AbortController();
    const gone = queue.next(abort.signal);
    const stays = queue.next(never);
    abort.abort();
    queue.add('a');
    expect(await gone).toBeUndefined();
    expect(await stays).toBe('a');
  });

  test('end when the queue is shut down, and a later add or next changes nothing', async () => {
    const { clock, queue } = setUp();
    queue.add('in hand');
    await queue.next(never);
    queue.add('in hand');
    const waiting = queue.next(never);
    queue.add('later', { afterMs: 10 });
    queue.shutDown();
    expect(await waiting).toBeUndefined();
    queue.add('a');
    queue.done('in hand');
    expect(await queue.next(never)).toBeUndefined();
    expect(queue.oldestDueAt()).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a steady stream of high priority', () => {
  const agedAfterMs = 60_000;
  const reservedShare = 8;

  /** Hand-outs until `key` comes, while another urgent key is always due. */
  async function handOutsUntil(key: string, queue: WorkQueue): Promise<number> {
    for (let count = 1; count < 1_000; count += 1) {
      queue.add(`urgent ${count}`, { priority: 5 });
      const taken = await queue.next(never);
      queue.done(taken ?? '');
      if (taken === key) return count;
    }
    return Number.POSITIVE_INFINITY;
  }

  test('keeps a low priority out while that has not been due for long', async () => {
    const { clock, queue } = setUp({ agedAfterMs, reservedShare });
    queue.add('poll');
    await clock.advance(agedAfterMs);
    expect(await handOutsUntil('poll', queue)).toBe(Number.POSITIVE_INFINITY);
  });

  test('lets a low priority that has aged pass within the reserved share', async () => {
    const { clock, queue } = setUp({ agedAfterMs, reservedShare });
    queue.add('poll');
    await clock.advance(agedAfterMs + 1);
    expect(await handOutsUntil('poll', queue)).toBe(reservedShare);
  });

  test('lets n aged keys pass within n + 1 shares, the longest due first', async () => {
    const { clock, queue } = setUp({ agedAfterMs, reservedShare });
    for (const key of ['first', 'second', 'third']) {
      queue.add(key);
      await clock.advance(1);
    }
    await clock.advance(agedAfterMs);
    for (const key of ['first', 'second', 'third']) expect(await handOutsUntil(key, queue)).toBe(reservedShare);
  });

  test('loses no more than the share to a backlog, however old: an urgent key still goes at once', async () => {
    const { clock, queue } = setUp({ agedAfterMs, reservedShare });
    for (let i = 0; i < 5_000; i += 1) queue.add(`poll ${i}`);
    await clock.advance(60 * agedAfterMs);
    const taken: string[] = [];
    for (let i = 0; i < 64; i += 1) {
      queue.add(`urgent ${i}`, { priority: 1 });
      taken.push((await queue.next(never)) ?? '');
    }
    expect(taken.filter((key) => key.startsWith('poll'))).toHaveLength(64 / reservedShare);
  });
});

describe('the metrics of a queue', () => {
  test('tell adds, waits, work and retries, and what is queued and in hand now', async () => {
    const seen: string[] = [];
    let stats: () => QueueStats = () => ({ depth: -1, unfinishedMs: -1, longestMs: -1 });
    const metrics: QueueMetrics = {
      observe: (read) => {
        stats = read;
      },
      added: () => seen.push('added'),
      taken: (ms) => seen.push(`taken ${ms}`),
      finished: (ms) => seen.push(`finished ${ms}`),
      retried: () => seen.push('retried'),
    };
    const clock = new FakeClock();
    const queue = new WorkQueue({ clock, metrics });
    queue.add('a', { afterMs: 100 });
    expect(stats().depth).toBe(0);
    await clock.advance(130);
    expect(stats().depth).toBe(1);
    await queue.next(never);
    await clock.advance(20);
    queue.add('b');
    await queue.next(never);
    await clock.advance(5);
    expect(stats()).toEqual({ depth: 0, unfinishedMs: 30, longestMs: 25 });
    queue.retry('a', { baseMs: 1_000, maxMs: 1_000 });
    queue.done('a');
    expect(seen).toEqual(['added', 'taken 30', 'added', 'taken 0', 'retried', 'finished 25']);
  });

  test('count a due key once, however often it is added', async () => {
    let adds = 0;
    const queue = new WorkQueue({ clock: new FakeClock(), metrics: { ...noQueueMetrics, added: () => void adds++ } });
    for (const priority of [0, 1, 1]) queue.add('a', { priority });
    await queue.next(never);
    expect(adds).toBe(1);
  });

  test('tell the time that has gone by, although the wall clock was set back', async () => {
    const times: number[] = [];
    const record = (ms: number) => void times.push(ms);
    const metrics = { ...noQueueMetrics, taken: record, finished: record };
    const clock = new FakeClock();
    const queue = new WorkQueue({ clock, metrics });
    queue.add('a');
    clock.step(-100);
    await queue.next(never);
    clock.step(-100);
    queue.done('a');
    expect(times).toEqual([0, 0]);
  });

  test('name since when the key that has been due longest is due', async () => {
    const { clock, queue } = setUp();
    expect(queue.oldestDueAt()).toBeUndefined();
    queue.add('a', { afterMs: 10 });
    const due = clock.monotonic() + 10;
    expect(queue.oldestDueAt()).toBeUndefined();
    await clock.advance(50);
    queue.add('b', { priority: 3 });
    expect(queue.oldestDueAt()).toBe(due);
  });
});

describe('a hint', () => {
  const FIRM = { baseMs: 1_000, maxMs: 1_000, isFirm: true };
  const SOFT = { baseMs: 1_000, maxMs: 1_000 };
  const HINT = { priority: 3, isHint: true };

  test('makes a key due, with its priority', async () => {
    const { queue, drain } = setUp();
    queue.add('a', { priority: 1 });
    queue.add('b', HINT);
    expect(await drain()).toEqual(['b', 'a']);
  });

  test.each([
    ['overrides a back-off', SOFT, ['a']],
    ['overrides no firm back-off, which ends in its time', FIRM, []],
  ])('%s', async (_, policy, at) => {
    const { clock, queue, drain } = setUp();
    queue.retry('a', policy);
    queue.add('a', HINT);
    expect(await drain()).toEqual(at);
    await clock.advance(1_000);
    expect(await drain()).toEqual(at.length > 0 ? [] : ['a']);
    queue.add('a', HINT);
    expect(await drain()).toEqual(['a']);
  });

  test('overrides no firm back-off that another due time was added to, and that one does', async () => {
    const { clock, queue, drain } = setUp();
    queue.retry('a', FIRM);
    queue.add('a', { afterMs: 500 });
    queue.add('a', HINT);
    expect(await drain()).toEqual([]);
    await clock.advance(500);
    expect(await drain()).toEqual(['a']);
    queue.retry('a', FIRM);
    queue.add('a');
    expect(await drain()).toEqual(['a']);
  });

  test('overrides what a pass asked for after a firm back-off', async () => {
    const { clock, queue, drain } = setUp();
    queue.retry('a', FIRM);
    const next = queue.next(never);
    await clock.advance(1_000);
    queue.add((await next) ?? '', { afterMs: 5_000 });
    queue.done('a');
    queue.add('a', HINT);
    expect(await drain()).toEqual(['a']);
  });

  test.each([
    ['brings it back, if the pass succeeds', undefined, true],
    ['brings it back, if the pass backs off', SOFT, true],
    ['does not, if the pass backs off firmly', FIRM, false],
  ])('while its key is in hand %s', async (_, policy, comes) => {
    const { clock, queue, drain } = setUp();
    queue.add('a');
    await queue.next(never);
    queue.add('a', HINT);
    if (policy !== undefined) queue.retry('a', policy);
    queue.done('a');
    expect(await drain()).toEqual(comes ? ['a'] : []);
    await clock.advance(1_000);
    expect(await drain()).toEqual(comes ? [] : ['a']);
  });
});
