import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { StreamListener } from '../../../../src/kube/client/client.ts';
import { KubeError } from '../../../../src/kube/client/errors.ts';
import { type RunningWatch, runWatcher, type WatchSource } from '../../../../src/kube/watch/watch.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../runtime/recorded-log.ts';

type Page = Awaited<ReturnType<WatchSource<string>['list']>>;

/** A server that answers when the test wants it to. */
class ScriptedSource implements WatchSource<string> {
  readonly requests: string[] = [];
  underWay = 0;
  mostUnderWay = 0;
  #answer: PromiseWithResolvers<Page | undefined> | undefined;
  #listener: StreamListener | undefined;

  list(continueToken: string | undefined, signal: AbortSignal): Promise<Page> {
    return this.#request(`list ${continueToken ?? ''}`.trim(), signal) as Promise<Page>;
  }

  async watch(version: string, listener: StreamListener, signal: AbortSignal): Promise<void> {
    this.#listener = listener;
    await this.#request(`watch ${version}`, signal);
  }

  decode(raw: unknown): string | undefined {
    const { name } = raw as { name?: string };
    return name;
  }

  /** Agrees to the stream that is asked for. */
  open(): void {
    this.#listener?.opened();
  }

  line(type: unknown, object: unknown): void {
    this.#listener?.line(type, object);
  }

  page(names: string[], resourceVersion: string, continueToken?: string): void {
    this.#answer?.resolve({ items: names.map((name) => ({ name })), resourceVersion, continueToken });
  }

  end(): void {
    this.#answer?.resolve(undefined);
  }

  fail(status: number, reason = 'Whatever'): void {
    this.#answer?.reject(new KubeError({ status, reason, message: 'no' }));
  }

  #request(what: string, signal: AbortSignal): Promise<Page | undefined> {
    this.requests.push(what);
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
    const answer = Promise.withResolvers<Page | undefined>();
    this.#answer = answer;
    signal.addEventListener('abort', () => answer.reject(signal.reason));
    return answer.promise.finally(() => this.underWay--);
  }
}

const event = (name: string, version: string) => ({ name, metadata: { resourceVersion: version } });

let source: ScriptedSource;
let clock: FakeClock;
let stop: AbortController;
let log: RecordedLog;
let told: string[];
let running: RunningWatch;
let sinkFails = false;
let recoveries = 0;

beforeEach(() => {
  source = new ScriptedSource();
  // Without jitter: the whole of each delay.
  clock = new FakeClock(0, () => 1);
  stop = new AbortController();
  log = new RecordedLog();
  told = [];
  sinkFails = false;
  recoveries = 0;
  running = runWatcher({
    source,
    clock,
    signal: stop.signal,
    log,
    recovered: () => void recoveries++,
    sink: {
      replace: (names) => void told.push(`all ${names.join()}`),
      apply: (name) => {
        if (sinkFails) throw new Error('listener');
        told.push(`apply ${name}`);
      },
      remove: (name) => void told.push(`remove ${name}`),
    },
  });
});

afterEach(async () => {
  stop.abort();
  await running.done;
  expect(clock.pendingTimers).toBe(0);
  expect(source.mostUnderWay).toBe(1);
});

/** Lets everything happen that needs no time. */
const settle = () => clock.settle();

async function listed(): Promise<void> {
  source.page(['a'], '7');
  await settle();
}

describe('a watch', () => {
  test('lists page by page, then asks for what comes after', async () => {
    source.page(['a'], '7', 'token');
    await settle();
    expect(running.isListed()).toBe(false);
    source.page(['b'], '7');
    await settle();
    expect(told).toEqual(['all a,b']);
    expect(running.isListed()).toBe(true);
    expect(await running.listed).toBe(true);
    expect(source.requests).toEqual(['list', 'list token', 'watch 7']);
  });

  test('goes on after the last line when a stream that had lasted ends, without a pause', async () => {
    await listed();
    source.open();
    source.line('ADDED', event('b', '8'));
    source.line('BOOKMARK', event('', '11'));
    await clock.advance(60_000);
    source.end();
    await settle();
    expect(source.requests.at(-1)).toBe('watch 11');
    expect(told).toEqual(['all a', 'apply b']);
    expect(log.lines).toEqual([]);
  });

  test('makes no fuss about a stream that breaks off after a while, but about one that cannot be opened', async () => {
    await listed();
    source.open();
    await clock.advance(60_000);
    source.fail(0, 'Unreachable');
    await settle();
    expect(log.messages('warn')).toEqual([]);
    await clock.advance(800);
    expect(source.requests.at(-1)).toBe('watch 7');
    await clock.advance(60_000);
    source.fail(0, 'Unreachable');
    await settle();
    expect(log.messages('warn')).toEqual(['watch failed']);
    expect(log.messages('info')).toEqual([]);
  });

  test('pauses after a stream that was cut at once, and longer each time', async () => {
    await listed();
    const openings: number[] = [];
    for (let i = 0; i < 4; i++) {
      source.open();
      source.end();
      await settle();
      const since = clock.now();
      await clock.advance((clock.nextTimerAt ?? since) - since);
      openings.push(clock.now() - since);
    }
    expect(openings).toEqual([800, 1600, 3200, 4000]);
    expect(source.requests.slice(1)).toEqual(Array(5).fill('watch 7'));
  });

  test('waits longer and longer while it fails, but never longer than 4 s, and shortly again once it has worked', async () => {
    const delays: number[] = [];
    const failAndWait = async () => {
      source.fail(500);
      await settle();
      const since = clock.now();
      await clock.advance((clock.nextTimerAt ?? since) - since);
      delays.push(clock.now() - since);
    };
    for (let i = 0; i < 8; i++) await failAndWait();
    expect(delays).toEqual([800, 1600, 3200, 4000, 4000, 4000, 4000, 4000]);
    await listed();
    source.line('MODIFIED', event('a', '8'));
    await failAndWait();
    expect(delays.at(-1)).toBe(800);
  });

  test('takes a stream that was open for a while for one that works, even when it brought nothing', async () => {
    for (let i = 0; i < 3; i++) {
      source.fail(500);
      await settle();
      await clock.advance(30_000);
    }
    await listed();
    source.open();
    await clock.advance(60_000);
    source.fail(0, 'Unreachable');
    await settle();
    expect(clock.nextTimerAt).toBe(clock.now() + 800);
  });

  test('waits longer for a list that would follow a list, if a stream never comes of it', async () => {
    const delays: number[] = [];
    for (let i = 0; i < 8; i++) {
      await listed();
      source.line('ERROR', { code: 410, reason: 'Expired' });
      await settle();
      delays.push((clock.nextTimerAt ?? 0) - clock.now());
      await clock.advance(30_000);
    }
    expect(delays).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  });

  test('lists soon when the server has forgotten its history over a long outage', async () => {
    await listed();
    for (let i = 0; i < 20; i++) {
      source.fail(0, 'Unreachable');
      await settle();
      await clock.advance(4_000);
    }
    source.open();
    source.line('ERROR', { code: 410, reason: 'Expired' });
    await settle();
    await clock.advance(800);
    expect(source.requests.at(-1)).toBe('list');
  });

  test('tells once that the server answers again, and nothing while it never failed', async () => {
    await listed();
    expect(recoveries).toBe(0);
    for (let i = 0; i < 3; i++) {
      source.fail(503);
      await settle();
      await clock.advance(4_000);
    }
    expect(recoveries).toBe(0);
    source.open();
    source.line('MODIFIED', event('a', '8'));
    expect(recoveries).toBe(1);
  });

  test('says that it works again as soon as a stream is open', async () => {
    await listed();
    source.fail(500);
    await settle();
    await clock.advance(800);
    expect(log.messages('info')).toEqual([]);
    source.open();
    expect(log.messages('info')).toEqual(['watch recovered']);
  });

  test('spreads its waits between half and the whole of what is due', async () => {
    clock.randomSource = () => 0;
    source.fail(500);
    await settle();
    expect(clock.nextTimerAt).toBe(400);
  });

  test('lists again when its history is gone, after a pause, and says so quietly', async () => {
    await listed();
    source.line('ERROR', { code: 410, reason: 'Expired' });
    await settle();
    expect(source.underWay).toBe(0);
    await clock.advance(800);
    expect(source.requests).toEqual(['list', 'watch 7', 'list']);
    expect(log.messages('warn')).toEqual([]);
  });

  test('gives up a stream that brings an error, and takes nothing more from it', async () => {
    await listed();
    source.line('ERROR', { code: 500, reason: 'InternalError' });
    source.line('ADDED', event('late', '9'));
    await settle();
    expect(told).toEqual(['all a']);
    await clock.advance(800);
    expect(source.requests.at(-1)).toBe('watch 7');
  });

  test.each([401, 403])('warns of a %d once in a row, and again after things have worked', async (status) => {
    for (let i = 0; i < 3; i++) {
      source.fail(status);
      await settle();
      await clock.advance(30_000);
    }
    expect(log.messages('warn')).toEqual(['watch failed']);
    expect(log.messages('debug')).toEqual(['watch failed', 'watch failed']);
    await listed();
    expect(log.messages('info')).toEqual(['watch recovered']);
    source.fail(status);
    await settle();
    expect(log.messages('warn')).toHaveLength(2);
  });

  test('leaves out what cannot be understood, and says how much', async () => {
    source.page(['a', undefined as unknown as string], '7');
    await settle();
    expect(told).toEqual(['all a']);
    expect(log.lines[0]).toMatchObject({ level: 'warn', keys: { count: 1 } });
  });

  test('lists again when a listener has thrown, since that has missed something', async () => {
    await listed();
    sinkFails = true;
    source.line('ADDED', event('b', '8'));
    await settle();
    expect(log.messages('warn')).toEqual(['watch failed']);
    await clock.advance(800);
    expect(source.requests.at(-1)).toBe('list');
  });

  test('ends when it is told to, wherever it is, and was not listed if it had not been', async () => {
    source.fail(500);
    await settle();
    stop.abort();
    await running.done;
    expect(await running.listed).toBe(false);
    expect(source.requests).toEqual(['list']);
  });

  test('ends when it is told to while a list is under way, and logs nothing of it', async () => {
    stop.abort();
    await running.done;
    expect(source.underWay).toBe(0);
    expect(log.lines).toEqual([]);
  });

  test('ends when it is told to while a stream is open, and logs nothing of it', async () => {
    await listed();
    stop.abort();
    await running.done;
    expect(source.underWay).toBe(0);
    expect(log.lines).toEqual([]);
  });
});
