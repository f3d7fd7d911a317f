/** Watches objects for ever: the loop that makes the requests of the watch machine. */
import { type Clock, sleep } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import { WarnOnce } from '../../runtime/warn-once.ts';
import type { KubeClient, StreamListener } from '../client/client.ts';
import { type ApiProblem, isExpired, toKubeError } from '../client/errors.ts';
import type { Scope, ScopedSource } from './source.ts';
import { EMPTY, readLine, step, type WatchInput, type WatchOutput, type WatchState } from './watch-machine.ts';

/** Where objects are listed and watched. Its promises reject with `KubeError`, or with the signal's reason. */
export interface WatchSource<T> {
  list(
    continueToken: string | undefined,
    signal: AbortSignal,
  ): Promise<{ items: readonly unknown[]; resourceVersion: string | undefined; continueToken: string | undefined }>;
  /** Resolves when the server ends the stream. */
  watch(version: string, listener: StreamListener, signal: AbortSignal): Promise<void>;
  /** Undefined for what it cannot parse; never throws. */
  decode(raw: unknown): T | undefined;
}

/** What is kept equal to the server's objects. */
export interface WatchSink<T> {
  replace(objects: readonly T[]): void;
  apply(object: T): void;
  remove(object: T): void;
}

export interface WatcherOptions<T> {
  readonly source: WatchSource<T>;
  readonly sink: WatchSink<T>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Keys of every log line. */
  readonly logKeys?: Record<string, unknown>;
  /** The server answers again, after logged failures. */
  readonly recovered?: (() => void) | undefined;
}

export interface RunningWatch {
  /** True once everything was listed for the first time, false when the signal aborted before. Never rejects. */
  readonly listed: Promise<boolean>;
  isListed(): boolean;
  /** Resolves, after the signal has aborted, when nothing is under way any more. Never rejects. */
  readonly done: Promise<void>;
}

const FIRST_DELAY_MS = 800;
type Trouble = 'failure' | 'relist';
const LONGEST_DELAY_MS: Readonly<Record<Trouble, number>> = {
  /** Changes during an outage are seen within 5 s of its end, a list included. */
  failure: 4_000,
  /** The server answers, but each answer leads to another complete list. */
  relist: 30_000,
};
const SINK_FAILED = 'SinkFailed';
const WATCH = 'watch';
/** A stream that ends sooner is followed by a delay, so that a server that always closes it does not make us spin. */
const SHORT_STREAM_MS = 5_000;

/**
 * Keeps a sink equal to what the server has, until its signal aborts. One request at a time. After a failure it waits: 0.8 s
 * at first, doubled up to 4 s, with jitter; the short wait comes back once a stream has worked. Each new kind of failure is
 * one warning until the watch works again.
 *
 * Two designs: (a) the library's informer under a supervisor that restarts it, guarding against its traps (it gives up after
 * a 5xx or a second 410, its stop revives itself, deletions of a relist show as updates); (b) this one, a pure machine
 * that decides and a loop that acts. (b) wins because every sequence of answers can be tested without a server.
 */
export function runWatcher<T>(options: WatcherOptions<T>): RunningWatch {
  const watcher = new Watcher(options);
  return { listed: watcher.listed, isListed: () => watcher.isListed, done: watcher.run() };
}

class Watcher<T> {
  readonly listed: Promise<boolean>;
  isListed = false;
  readonly #options: WatcherOptions<T>;
  readonly #firstList = Promise.withResolvers<boolean>();
  #state: WatchState<T> = EMPTY;
  /** In a row. */
  readonly #troubles: Record<Trouble, number> = { failure: 0, relist: 0 };
  readonly #warnOnce = new WarnOnce();

  constructor(options: WatcherOptions<T>) {
    this.#options = options;
    this.listed = this.#firstList.promise;
  }

  async run(): Promise<void> {
    const { clock, signal } = this.#options;
    while (!signal.aborted) {
      const delayMs = this.#state.kind === 'watching' ? await this.#watch(this.#state.version) : await this.#list();
      if (delayMs > 0) await sleep(clock, delayMs, signal).catch(() => {});
    }
    this.#firstList.resolve(this.isListed);
  }

  /** Makes one request; returns how long to wait before the next. */
  async #list(): Promise<number> {
    const { source, signal } = this.#options;
    const token = this.#state.kind === 'listing' ? this.#state.continueToken : undefined;
    try {
      const { items, resourceVersion, continueToken } = await source.list(token, signal);
      const objects = items.flatMap((item) => source.decode(item) ?? []);
      if (objects.length < items.length) {
        this.#options.log.warn(
          'skipped objects that could not be parsed',
          this.#keys({ count: items.length - objects.length }),
        );
      }
      const problem = this.#feed({ kind: 'page', objects, version: resourceVersion, continueToken });
      return problem === undefined ? 0 : this.#backOff(problem, false, 'relist');
    } catch (error) {
      if (signal.aborted) return 0;
      const problem = toKubeError(error);
      return this.#backOff(this.#feed({ kind: 'failed', problem }) ?? problem);
    }
  }

  /** The same for one stream. */
  async #watch(version: string): Promise<number> {
    const { source, clock, signal } = this.#options;
    const stream = new AbortController();
    let openedAt: number | undefined;
    let problem: ApiProblem | undefined;
    const listener: StreamListener = {
      opened: () => {
        openedAt = clock.monotonic();
        this.#recovered();
      },
      line: (type, raw) => {
        const input = problem === undefined ? readLine(type, raw, source.decode) : undefined;
        if (input === undefined) return;
        problem = this.#feed(input);
        if (problem === undefined) this.#works();
        else stream.abort();
      },
    };
    try {
      await source.watch(version, listener, AbortSignal.any([signal, stream.signal]));
    } catch (error) {
      if (signal.aborted) return 0;
      if (problem === undefined) problem = this.#feed({ kind: 'failed', problem: toKubeError(error) });
    }
    const lasted = openedAt !== undefined && clock.monotonic() - openedAt >= SHORT_STREAM_MS;
    if (lasted) this.#works();
    // A stream that breaks off after a while is routine; a stream that cannot be opened is not.
    if (problem !== undefined) return this.#backOff(problem, isExpired(problem) || (lasted && problem.status === 0));
    return lasted ? 0 : this.#nextDelay('failure');
  }

  /** Moves the machine on, and the sink with it; returns the problem, if any. */
  #feed(input: WatchInput<T>): ApiProblem | undefined {
    const { state, outputs } = step(this.#state, input);
    this.#state = state;
    try {
      return outputs.map((output) => this.#emit(output)).find((problem) => problem !== undefined);
    } catch (error) {
      // The sink has missed a change, and only a list shows which.
      this.#state = EMPTY;
      return { status: 0, reason: SINK_FAILED, message: String(error) };
    }
  }

  #emit(output: WatchOutput<T>): ApiProblem | undefined {
    const { sink } = this.#options;
    switch (output.kind) {
      case 'replaced':
        sink.replace(output.objects);
        this.isListed = true;
        this.#firstList.resolve(true);
        this.#recovered();
        return undefined;
      case 'applied':
        sink.apply(output.object);
        return undefined;
      case 'deleted':
        sink.remove(output.object);
        return undefined;
      case 'problem':
        return output.problem;
    }
  }

  /** Called for a stream, not for a list: while no stream can be opened, lists must not follow each other fast. */
  #works(): void {
    this.#troubles.failure = 0;
    this.#troubles.relist = 0;
  }

  #recovered(): void {
    if (!this.#warnOnce.clear(WATCH)) return;
    this.#options.log.info('watch recovered', this.#keys());
    this.#options.recovered?.();
  }

  #backOff(problem: ApiProblem, isRoutine = isExpired(problem), trouble = troubleOf(problem)): number {
    const delayMs = this.#nextDelay(trouble);
    const { log } = this.#options;
    const kind = `${problem.status} ${problem.reason}`;
    const keys = this.#keys({ status: problem.status, reason: problem.reason, error: problem.message, delayMs });
    if (isRoutine) log.debug(isExpired(problem) ? 'resource version expired, relisting' : 'watch stream ended', keys);
    else log[this.#warnOnce.level(WATCH, kind)]('watch failed', keys);
    return delayMs;
  }

  /** Between half of the delay and all of it, so that many watches do not come back at once. */
  #nextDelay(trouble: Trouble): number {
    const times = this.#troubles[trouble];
    this.#troubles[trouble] = Math.min(times + 1, 16);
    const whole = Math.min(FIRST_DELAY_MS * 2 ** times, LONGEST_DELAY_MS[trouble]);
    return whole * (0.5 + 0.5 * this.#options.clock.random());
  }

  #keys(more: Record<string, unknown> = {}): Record<string, unknown> {
    return { ...this.#options.logKeys, ...more };
  }
}

function troubleOf(problem: ApiProblem): Trouble {
  return isExpired(problem) || problem.reason === SINK_FAILED ? 'relist' : 'failure';
}

export interface ScopeOptions extends Pick<WatcherOptions<unknown>, 'recovered'> {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Each has a watch of its own; none or undefined: the whole cluster. */
  readonly namespaces?: readonly string[];
  readonly labelSelector?: string;
  /** Objects per page; default 500. */
  readonly pageSize?: number;
  /** How long the server keeps a stream open, in seconds; default 240, up to a quarter more at random. */
  readonly watchSeconds?: number;
}

export interface ScopedWatchOptions<T> extends ScopeOptions {
  readonly source: ScopedSource;
  readonly decode: WatchSource<T>['decode'];
  /** What is kept equal to the objects of the namespace, or of all. */
  readonly sink: (namespace: string | undefined) => WatchSink<T>;
  readonly logKeys?: Record<string, unknown>;
}

/** One watch for each namespace, or one for all. */
export function runScopes<T>(options: ScopedWatchOptions<T>): RunningWatch {
  const namespaces = options.namespaces?.length ? options.namespaces : [undefined];
  const watches = namespaces.map((namespace) => runScope(options, namespace));
  return {
    listed: Promise.all(watches.map((watch) => watch.listed)).then((all) => all.every(Boolean)),
    isListed: () => watches.every((watch) => watch.isListed()),
    done: Promise.all(watches.map((watch) => watch.done)).then(() => {}),
  };
}

function runScope<T>(options: ScopedWatchOptions<T>, namespace: string | undefined): RunningWatch {
  const { source, decode, clock, signal, log, labelSelector, pageSize = 500, watchSeconds = 240, recovered } = options;
  const scope: Scope = { namespace, labelSelector };
  const seconds = () => Math.ceil(watchSeconds * (1 + clock.random() / 4));
  return runWatcher<T>({
    source: {
      list: (continueToken, signal) => source.list(scope, pageSize, continueToken, signal),
      watch: (version, listener, signal) => source.watch(scope, version, seconds(), listener, signal),
      decode,
    },
    sink: options.sink(namespace),
    clock,
    signal,
    log,
    recovered,
    logKeys: { ...options.logKeys, ...(namespace === undefined ? {} : { namespace }) },
  });
}
