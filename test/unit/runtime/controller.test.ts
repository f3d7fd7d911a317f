/** The controller: workers, results, retries, shutdown. */
import { describe, expect, test } from '@jest/globals';
import {
  Controller,
  type ControllerOptions,
  type Handler,
  type HandlerResult,
} from '../../../src/runtime/controller.ts';
import type { ControllerMetrics } from '../../../src/runtime/metrics.ts';
import { WorkQueue } from '../../../src/runtime/queue.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordedLog } from './recorded-log.ts';

const DONE: HandlerResult = { kind: 'done' };

class RecordedMetrics implements ControllerMetrics {
  readonly results: string[] = [];
  active = 0;
  workers = 0;

  running(_controller: string, concurrency: number): void {
    this.workers = concurrency;
  }

  passStarted(): void {
    this.active += 1;
  }

  passEnded(_controller: string, result: string, elapsedMs: number): void {
    this.active -= 1;
    this.results.push(`${result} ${elapsedMs}`);
  }
}

function setUp(handler: Handler, options: Partial<ControllerOptions> = {}) {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock });
  const log = new RecordedLog();
  const metrics = new RecordedMetrics();
  const controller = new Controller({ name: 'test', queue, handler, concurrency: 1, clock, log, metrics, ...options });
  const abort = new AbortController();
  return { clock, queue, log, metrics, controller, abort };
}

/** A handler that records when it is called, relative to the first call, and answers from a list, then `done`. */
function scripted(clock: () => FakeClock, answers: (HandlerResult | Error)[]) {
  const seen: { at: number; failures: number }[] = [];
  let start: number | undefined;
  const handler: Handler = async (_key, { failures }) => {
    const now = clock().now();
    start ??= now;
    seen.push({ at: now - start, failures });
    const answer = answers.shift() ?? DONE;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { seen, handler };
}

async function runScript(answers: (HandlerResult | Error)[], totalMs: number) {
  const script = scripted(() => world.clock, answers);
  const world = setUp(script.handler);
  const running = world.controller.run(world.abort.signal);
  world.queue.add('a');
  await world.clock.advance(totalMs);
  world.abort.abort();
  await running;
  return { ...world, seen: script.seen };
}

describe('what a handler answers', () => {
  test('done: the key does not come again, and its failures are forgotten', async () => {
    const { seen, queue } = await runScript([{ kind: 'backoff', baseMs: 10, maxMs: 100 }, DONE], 1_000_000);
    expect(seen).toHaveLength(2);
    expect(queue.retries('a')).toBe(0);
  });

  test('after: the key comes again after exactly that time, and its failures are forgotten', async () => {
    const { seen } = await runScript(
      [
        { kind: 'backoff', baseMs: 10, maxMs: 100 },
        { kind: 'after', ms: 500 },
      ],
      10_000,
    );
    expect(seen.map(({ at, failures }) => [at, failures])).toEqual([
      [0, 0],
      [10, 1],
      [510, 0],
    ]);
  });

  test('backoff: waits double, and the next attempt is told how often it has failed', async () => {
    const backoff: HandlerResult = { kind: 'backoff', baseMs: 1_000, maxMs: 5_000 };
    const { seen } = await runScript([backoff, backoff, backoff, backoff], 60_000);
    expect(seen).toEqual([
      { at: 0, failures: 0 },
      { at: 1_000, failures: 1 },
      { at: 3_000, failures: 2 },
      { at: 7_000, failures: 3 },
      // At the maximum the middle of the spread is 10 % below it.
      { at: 11_500, failures: 4 },
    ]);
  });

  test('backoff with a Retry-After: not before that', async () => {
    const { seen } = await runScript([{ kind: 'backoff', baseMs: 1, maxMs: 10, minMs: 30_000 }], 60_000);
    expect(seen[1]?.at).toBeGreaterThanOrEqual(30_000);
  });

  test('parked: the key comes only when somebody adds it, with its failures remembered', async () => {
    const script = scripted(() => world.clock, [{ kind: 'backoff', baseMs: 10, maxMs: 10 }, { kind: 'parked' }]);
    const world = setUp(script.handler);
    const running = world.controller.run(world.abort.signal);
    world.queue.add('a');
    await world.clock.advance(1_000_000);
    expect(script.seen).toHaveLength(2);
    world.queue.add('a');
    await world.clock.settle();
    expect(script.seen[2]?.failures).toBe(1);
    world.abort.abort();
    await running;
  });

  test('each kind is counted under its own result', async () => {
    const answers: HandlerResult[] = [
      { kind: 'backoff', baseMs: 10, maxMs: 10 },
      { kind: 'after', ms: 10 },
    ];
    const { metrics } = await runScript(answers, 1_000);
    expect(metrics.results).toEqual(['requeue 0', 'requeue_after 0', 'success 0']);
    expect(metrics.active).toBe(0);
    expect(metrics.workers).toBe(1);
  });
});

describe('a handler that throws', () => {
  test('is a defect: logged with its error, counted as an error, backed off from 1 s to 5 min', async () => {
    const defects = Array.from({ length: 12 }, (_, i) => new TypeError(`defect ${i}`));
    const { seen, log, metrics } = await runScript([...defects], 60 * 60_000);
    const waits = seen.slice(1).map(({ at }, i) => at - (seen[i]?.at ?? 0));
    expect(waits.slice(0, 3)).toEqual([1_000, 2_000, 4_000]);
    expect(Math.max(...waits)).toBeLessThanOrEqual(5 * 60_000);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(4 * 60_000);
    expect(metrics.results.filter((result) => result.startsWith('error'))).toHaveLength(12);
    expect(log.lines[0]).toMatchObject({ level: 'error', keys: { key: 'a', error: defects[0], failures: 1 } });
    expect(log.lines[0]?.keys.stack).toContain('defect 0');
  });

  test('also without a promise, or an answer of an unknown kind, ends neither the worker nor the process', async () => {
    const handler = ((key: string) => {
      if (key === 'throws') throw new Error('at once');
      return Promise.resolve(key === 'strange' ? { kind: 'strange' } : DONE);
    }) as unknown as Handler;
    const { clock, queue, metrics, log, controller, abort } = setUp(handler);
    const running = controller.run(abort.signal);
    for (const key of ['throws', 'strange', 'good']) queue.add(key);
    await clock.settle();
    expect(metrics.results).toEqual(['error 0', 'error 0', 'success 0']);
    expect(log.messages('error')).toHaveLength(2);
    abort.abort();
    await running;
  });
});

/** A handler whose passes end when the test says so. */
function manual() {
  const open = new Map<string, { end: (next?: HandlerResult) => void; signal: AbortSignal }>();
  const handler: Handler = (key, { signal }) =>
    new Promise((resolve) => {
      if (open.has(key)) throw new Error(`${key} is handled twice at once`);
      const end = (next: HandlerResult = DONE): void => {
        open.delete(key);
        resolve(next);
      };
      open.set(key, { end, signal });
    });
  return { open, handler };
}

describe('workers', () => {
  test('handle as many keys at once as there are workers, and never one key twice at once', async () => {
    const { open, handler } = manual();
    const { clock, queue, controller, abort, metrics } = setUp(handler, { concurrency: 2 });
    const running = controller.run(abort.signal);
    for (const key of ['a', 'a', 'b', 'c']) queue.add(key);
    queue.add('a');
    await clock.settle();
    expect([...open.keys()]).toEqual(['a', 'b']);
    expect(metrics.active).toBe(2);
    queue.add('a', { priority: 1 });
    open.get('a')?.end();
    await clock.settle();
    expect([...open.keys()]).toEqual(['b', 'a']);
    open.get('a')?.end();
    await clock.settle();
    expect([...open.keys()]).toEqual(['b', 'c']);
    for (const { end } of [...open.values()]) end();
    abort.abort();
    await running;
  });

  test('keep the priority of a failed pass, so that a change stays ahead of looks', async () => {
    const order: string[] = [];
    const handler: Handler = async (key) => {
      order.push(key);
      const first = order.indexOf(key) === order.length - 1;
      return key === 'change' && first ? { kind: 'backoff', baseMs: 100, maxMs: 100 } : DONE;
    };
    const { clock, queue, controller } = setUp(handler);
    queue.add('change', { priority: 2 });
    const once = new AbortController();
    const running = controller.run(once.signal);
    await clock.settle();
    once.abort();
    await running;
    queue.add('poll', { priority: 1 });
    await clock.advance(200);
    const again = new AbortController();
    const rerunning = controller.run(again.signal);
    await clock.settle();
    expect(order).toEqual(['change', 'change', 'poll']);
    again.abort();
    await rerunning;
  });

  test('cannot be fewer than one', () => {
    expect(() => setUp(async () => DONE, { concurrency: 0 })).toThrow(RangeError);
  });

  test('cannot be started twice', async () => {
    const { controller, abort } = setUp(async () => DONE);
    const running = controller.run(abort.signal);
    await expect(controller.run(abort.signal)).rejects.toThrow('already running');
    abort.abort();
    await running;
  });
});

describe('stopping', () => {
  test('takes no new key, lets running handlers finish, then resolves, and leaves no timer', async () => {
    const { open, handler } = manual();
    const { clock, queue, controller, abort } = setUp(handler);
    let stopped = false;
    const running = controller.run(abort.signal).then(() => {
      stopped = true;
    });
    queue.add('a');
    queue.add('b');
    await clock.settle();
    abort.abort();
    await clock.advance(1_000);
    expect(stopped).toBe(false);
    expect(open.get('a')?.signal.aborted).toBe(false);
    open.get('a')?.end();
    await running;
    expect(open.size).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  test('aborts the signals of running handlers once the grace period is over, not before', async () => {
    const { open, handler } = manual();
    const { clock, queue, controller, abort } = setUp(handler, { graceMs: 5_000 });
    const running = controller.run(abort.signal);
    queue.add('a');
    await clock.settle();
    abort.abort();
    await clock.advance(4_999);
    expect(open.get('a')?.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(open.get('a')?.signal.aborted).toBe(true);
    open.get('a')?.end();
    await running;
  });

  test('aborts them at once, for its reason, when its passes are cut off, and takes no new key', async () => {
    const { open, handler } = manual();
    const { clock, queue, controller, abort, log } = setUp(handler, { graceMs: 5_000, concurrency: 2 });
    const [cutOff, reason] = [new AbortController(), new Error('leadership lost')];
    const running = controller.run(abort.signal, cutOff.signal);
    queue.add('a');
    await clock.settle();
    cutOff.abort(reason);
    queue.add('b');
    await clock.settle();
    expect(open.get('a')?.signal.reason).toBe(reason);
    expect([...open.keys()]).toEqual(['a']);
    open.get('a')?.end();
    await running;
    expect(clock.pendingTimers).toBe(0);
    expect(log.messages('error')).toEqual([]);
  });

  test('does not call a pass that it cut off a defect, and keeps its key', async () => {
    const handler: Handler = (_key, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const { clock, queue, controller, abort, log, metrics } = setUp(handler, { graceMs: 100 });
    const running = controller.run(abort.signal);
    queue.add('a');
    await clock.settle();
    abort.abort();
    await clock.advance(100);
    await running;
    expect(log.messages('error')).toEqual([]);
    expect(metrics.results).toEqual(['requeue 100']);
    expect(queue.retries('a')).toBe(0);
    expect(await queue.next(new AbortController().signal)).toBe('a');
  });

  test('gives back a key that was handed out in the very moment of stopping', async () => {
    const { open, handler } = manual();
    const { clock, queue, controller, abort } = setUp(handler);
    const running = controller.run(abort.signal);
    await clock.settle();
    queue.add('a');
    abort.abort();
    await running;
    expect(open.size).toBe(0);
    expect(await queue.next(new AbortController().signal)).toBe('a');
  });

  test('follows from the queue being shut down', async () => {
    const { queue, controller, abort } = setUp(async () => DONE);
    const running = controller.run(abort.signal);
    queue.shutDown();
    await running;
  });
});

describe('the watchdog', () => {
  const stuckAfterMs = 60_000;

  test('finds the loop stuck when one handler has run for three times the limit: longer than calls to Azure that all fail late', async () => {
    const { open, handler } = manual();
    const { clock, queue, controller, abort } = setUp(handler, { stuckAfterMs, concurrency: 2 });
    const running = controller.run(abort.signal);
    queue.add('slow');
    await clock.advance(3 * stuckAfterMs);
    queue.add('quick');
    await clock.settle();
    open.get('quick')?.end();
    expect(controller.stuckReason() !== undefined).toBe(false);
    await clock.advance(1);
    expect(controller.stuckReason() !== undefined).toBe(true);
    expect(controller.stuckReason()).toContain('slow');
    open.get('slow')?.end();
    await clock.settle();
    expect(controller.stuckReason() !== undefined).toBe(false);
    abort.abort();
    await running;
  });

  test.each([-1, 0, 1])(
    'finds the loop stuck when keys are due and none is taken for longer than the limit, by %d hours of the wall clock',
    async (hours) => {
      const { open, handler } = manual();
      const { clock, queue, controller, abort } = setUp(handler, { stuckAfterMs, slowAfterMs: 10 * stuckAfterMs });
      const running = controller.run(abort.signal);
      await clock.advance(10 * stuckAfterMs);
      queue.add('hasFinalizer');
      queue.add('waits', { afterMs: 1 });
      await clock.settle();
      clock.step(hours * 3_600_000);
      await clock.advance(stuckAfterMs + 1);
      expect(controller.stuckReason()).toBeUndefined();
      await clock.advance(1);
      expect(controller.stuckReason()).toBe(
        `keys are due, and none has been taken for more than ${stuckAfterMs / 1000} s`,
      );
      open.get('hasFinalizer')?.end();
      await clock.settle();
      expect(controller.stuckReason()).toBeUndefined();
      open.get('waits')?.end();
      abort.abort();
      await running;
    },
  );

  test('is content when the process was stopped for longer than the limit, and goes on', async () => {
    const { clock, queue, controller, abort } = setUp(async () => DONE, { stuckAfterMs });
    const running = controller.run(abort.signal);
    queue.add('a', { afterMs: 1_000 });
    await clock.settle();
    clock.suspend(10 * stuckAfterMs);
    expect(controller.stuckReason()).toBeUndefined();
    abort.abort();
    await running;
  });

  test('is content while a key waits for long because others are taken', async () => {
    const { open, handler } = manual();
    const { clock, queue, controller, abort } = setUp(handler, { stuckAfterMs, slowAfterMs: 10 * stuckAfterMs });
    const running = controller.run(abort.signal);
    queue.add('first', { priority: 1 });
    queue.add('low');
    queue.add('second', { priority: 1 });
    await clock.advance(stuckAfterMs);
    open.get('first')?.end();
    await clock.advance(stuckAfterMs);
    expect(open.has('second') || open.has('low')).toBe(true);
    expect(controller.stuckReason() !== undefined).toBe(false);
    for (const { end } of [...open.values()]) end();
    abort.abort();
    await running;
  });

  test('is content while nothing is due, however long, and while the workers do not run', async () => {
    const { clock, queue, controller, abort } = setUp(async () => DONE, { stuckAfterMs });
    queue.add('waits for the leader');
    await clock.advance(100 * stuckAfterMs);
    expect(controller.stuckReason() !== undefined).toBe(false);
    const running = controller.run(abort.signal);
    await clock.advance(100 * stuckAfterMs);
    expect(controller.stuckReason() !== undefined).toBe(false);
    abort.abort();
    await running;
  });
});

describe('a key that is added while it is in hand', () => {
  test.each([
    [true, 'what it waits for is in vain'],
    [false, 'it may go on as it does'],
  ])('with supersedes: %s, its pass is told that %s', async (supersedes) => {
    const told: boolean[] = [];
    const handler: Handler = async (_key, { readSignal }) => {
      await new Promise<void>((resolve) => {
        readSignal.addEventListener('abort', () => resolve());
        world.clock.setTimer(1_000, resolve);
      });
      told.push(readSignal.aborted);
      return DONE;
    };
    const world = setUp(handler, { concurrency: 2 });
    const running = world.controller.run(world.abort.signal);
    world.queue.add('a');
    world.queue.add('b');
    await world.clock.settle();
    world.queue.add('a', { supersedes });
    await world.clock.advance(1_000);
    await world.clock.advance(1_000);
    // The pass of another key, and the next one of the same, have nothing to do with it.
    expect(told).toEqual(supersedes ? [true, false, false] : [false, false, false]);
    world.abort.abort();
    await running;
  });
});

test('a pass that is aborted is told so by both of its signals', async () => {
  const told: unknown[] = [];
  const handler: Handler = async (_key, { signal, readSignal }) => {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    told.push(signal.reason, readSignal.reason);
    return DONE;
  };
  const { clock, queue, controller, abort } = setUp(handler);
  const lost = new AbortController();
  const running = controller.run(abort.signal, lost.signal);
  queue.add('a');
  await clock.settle();
  const reason = new Error('leadership is lost');
  lost.abort(reason);
  await running;
  expect(told).toEqual([reason, reason]);
});

describe('a pass that is slow', () => {
  /** A handler whose keys with `slow` in their name end only when they are let go. */
  function slowOnes(concurrency: number) {
    const begun: string[] = [];
    const ends: (() => void)[] = [];
    const handler: Handler = async (key) => {
      begun.push(key);
      if (key.startsWith('slow')) await new Promise<void>((resolve) => ends.push(resolve));
      return DONE;
    };
    const world = setUp(handler, { concurrency, slowAfterMs: 5_000 });
    return { ...world, begun, ends, running: world.controller.run(world.abort.signal) };
  }

  test('does not keep other keys waiting for longer than five seconds', async () => {
    const { queue, clock, begun, ends, abort, running } = slowOnes(2);
    for (const key of ['slow-1', 'slow-2', 'quick']) queue.add(key);
    await clock.advance(4_999);
    expect(begun).toEqual(['slow-1', 'slow-2']);
    await clock.advance(1);
    expect(begun).toEqual(['slow-1', 'slow-2', 'quick']);
    for (const end of ends) end();
    abort.abort();
    await running;
  });

  test('leaves as many workers as there were when it has ended', async () => {
    const { queue, clock, metrics, begun, ends, abort, running } = slowOnes(1);
    queue.add('slow-1');
    await clock.advance(5_000);
    ends[0]?.();
    await clock.advance(0);
    for (const key of ['slow-2', 'slow-3']) queue.add(key);
    await clock.advance(1);
    expect(begun).toEqual(['slow-1', 'slow-2']);
    expect(metrics.active).toBe(1);
    abort.abort();
    ends[1]?.();
    await running;
  });

  test('is one of ten times the workers at most, and is relieved when there are fewer again', async () => {
    const { queue, clock, begun, ends, abort, running } = slowOnes(1);
    for (let i = 0; i < 20; i++) queue.add(`slow-${i}`);
    await clock.advance(200_000);
    expect(begun).toHaveLength(10);
    ends[0]?.();
    await clock.advance(5_000);
    expect(begun).toHaveLength(11);
    abort.abort();
    for (const end of ends) end();
    await running;
    expect(clock.pendingTimers).toBe(0);
  });
});
