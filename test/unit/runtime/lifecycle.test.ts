/** Start, stop and signals of the process. */
import { EventEmitter } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import {
  type Component,
  longRunning,
  opened,
  runLifecycle,
  type StartContext,
} from '../../../src/runtime/lifecycle.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordedLog } from './recorded-log.ts';

const GRACE_MS = 10_000;

class World {
  readonly clock = new FakeClock();
  readonly signals = new EventEmitter();
  readonly log = new RecordedLog();
  readonly story: string[] = [];

  component(name: string, overrides: Partial<Component> = {}): Component {
    return {
      name,
      start: async (context) => {
        this.story.push(`start ${name}`);
        await overrides.start?.(context);
      },
      stop: async () => {
        this.story.push(`stop ${name}`);
        await overrides.stop?.();
      },
    };
  }

  async run(components: Component[]): Promise<{ code: () => number | undefined; ended: Promise<number> }> {
    let code: number | undefined;
    const ended = runLifecycle({ ...this, components, graceMs: GRACE_MS });
    void ended.then((value) => {
      code = value;
    });
    await this.clock.settle();
    return { code: () => code, ended };
  }
}

const forever = (): Promise<never> => new Promise(() => {});

describe('a process', () => {
  test.each(['SIGTERM', 'SIGINT'])(
    'starts in order, runs on, and on %s stops in reverse order with code 0',
    async (signal) => {
      const world = new World();
      const { code, ended } = await world.run([world.component('a'), world.component('b'), world.component('c')]);
      await world.clock.advance(100 * GRACE_MS);
      expect(world.story).toEqual(['start a', 'start b', 'start c']);
      expect(code()).toBeUndefined();
      world.signals.emit(signal);
      expect(await ended).toBe(0);
      expect(world.story.slice(3)).toEqual(['stop c', 'stop b', 'stop a']);
    },
  );

  test('leaves neither a listener nor a timer behind', async () => {
    const world = new World();
    const { ended } = await world.run([world.component('a')]);
    world.signals.emit('SIGTERM');
    await ended;
    expect(world.signals.eventNames()).toEqual([]);
    expect(world.clock.pendingTimers).toBe(0);
  });

  test('stops one component after the other, each only when the one before has stopped', async () => {
    const world = new World();
    const slow = Promise.withResolvers<void>();
    const { ended } = await world.run([world.component('a'), world.component('b', { stop: () => slow.promise })]);
    world.signals.emit('SIGTERM');
    await world.clock.settle();
    expect(world.story).not.toContain('stop a');
    slow.resolve();
    await ended;
    expect(world.story.at(-1)).toBe('stop a');
  });
});

describe('a failure', () => {
  test('to start stops what was started, starts nothing more, and ends with code 1', async () => {
    const world = new World();
    const error = new Error('port taken');
    const { ended } = await world.run([
      world.component('a'),
      world.component('b', { start: () => Promise.reject(error) }),
      world.component('c'),
    ]);
    expect(await ended).toBe(1);
    expect(world.story).toEqual(['start a', 'start b', 'stop a']);
    expect(world.log.lines[0]).toMatchObject({ level: 'error', keys: { component: 'b', error } });
  });

  test('while running stops everything and ends with code 1', async () => {
    const world = new World();
    let context: StartContext | undefined;
    const start = async (given: StartContext): Promise<void> => {
      context = given;
    };
    const { ended } = await world.run([world.component('a', { start }), world.component('b')]);
    context?.fail(new Error('lease lost'));
    expect(await ended).toBe(1);
    expect(world.story.slice(2)).toEqual(['stop b', 'stop a']);
  });

  test('to stop does not keep the others from being stopped, and ends with code 1', async () => {
    const world = new World();
    const stop = (): Promise<void> => Promise.reject(new Error('stuck'));
    const { ended } = await world.run([world.component('a'), world.component('b', { stop })]);
    world.signals.emit('SIGTERM');
    expect(await ended).toBe(1);
    expect(world.story.at(-1)).toBe('stop a');
  });
});

describe('a stop that is asked for', () => {
  test('during the start aborts the start that is under way, and is no failure', async () => {
    const world = new World();
    const start = ({ signal }: StartContext): Promise<void> =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const { ended } = await world.run([world.component('a'), world.component('b', { start }), world.component('c')]);
    world.signals.emit('SIGTERM');
    expect(await ended).toBe(0);
    expect(world.story).toEqual(['start a', 'start b', 'stop a']);
  });

  test('that takes longer than the grace period ends with code 1, not before', async () => {
    const world = new World();
    const { code } = await world.run([world.component('a', { stop: forever })]);
    world.signals.emit('SIGTERM');
    await world.clock.advance(GRACE_MS - 1);
    expect(code()).toBeUndefined();
    await world.clock.advance(1);
    expect(code()).toBe(1);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ])('followed by %s again ends at once with code %d', async (signal, expected) => {
    const world = new World();
    const { code } = await world.run([world.component('a', { stop: forever })]);
    world.signals.emit('SIGTERM');
    await world.clock.settle();
    world.signals.emit(signal);
    await world.clock.settle();
    expect(code()).toBe(expected);
  });

  test('by the first signal while a failure already stops the process does not cut that short', async () => {
    const world = new World();
    const slow = Promise.withResolvers<void>();
    const start = (): Promise<void> => Promise.reject(new Error('no'));
    const { code, ended } = await world.run([
      world.component('a', { stop: () => slow.promise }),
      world.component('b', { start }),
    ]);
    world.signals.emit('SIGTERM');
    await world.clock.settle();
    expect(code()).toBeUndefined();
    slow.resolve();
    expect(await ended).toBe(1);
  });
});

describe('a component that is opened', () => {
  test('has started when it is open, and is stopped as it says itself', async () => {
    const world = new World();
    const open = Promise.withResolvers<void>();
    const stop = async () => void world.story.push('closed');
    const { ended } = await world.run([
      opened('server', async () => {
        await open.promise;
        return { stop };
      }),
      world.component('a'),
    ]);
    expect(world.story).toEqual([]);
    open.resolve();
    await world.clock.settle();
    world.signals.emit('SIGTERM');
    expect(await ended).toBe(0);
    expect(world.story).toEqual(['start a', 'stop a', 'closed']);
  });

  test('does not start when it cannot be opened', async () => {
    const world = new World();
    const { ended } = await world.run([opened('server', () => Promise.reject(new Error('no port')))]);
    expect(await ended).toBe(1);
    expect(world.log.messages('error')).toEqual(['component failed to start']);
  });
});

describe('a component made of a long run', () => {
  test('is told to end by its signal, and has stopped when the run has ended', async () => {
    const world = new World();
    const last = Promise.withResolvers<void>();
    const run = async (signal: AbortSignal): Promise<void> => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      world.story.push('told');
      await last.promise;
    };
    const { code, ended } = await world.run([longRunning('run', run)]);
    world.signals.emit('SIGTERM');
    await world.clock.settle();
    expect(world.story).toEqual(['told']);
    expect(code()).toBeUndefined();
    last.resolve();
    expect(await ended).toBe(0);
  });

  test.each([
    ['ends', () => Promise.resolve()],
    ['rejects', () => Promise.reject(new Error('broken'))],
  ])('fails once when the run %s by itself', async (_how, run) => {
    const world = new World();
    const { ended } = await world.run([longRunning('run', run)]);
    expect(await ended).toBe(1);
    expect(world.log.messages('error')).toEqual(['component failed']);
  });

  test('has not stopped well when the run rejects on being told to end', async () => {
    const world = new World();
    const run = (signal: AbortSignal): Promise<void> =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('unclean'))));
    const { ended } = await world.run([longRunning('run', run)]);
    world.signals.emit('SIGTERM');
    expect(await ended).toBe(1);
    expect(world.log.messages('error')).toEqual(['component did not stop']);
  });
});
