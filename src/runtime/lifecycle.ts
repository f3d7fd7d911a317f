/** Starts the parts of the process in order, and stops them in reverse order on a signal or a failure. */
import { aborted } from './aborted.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

export interface StartContext {
  /** Aborts when the process has to stop before everything has started. */
  readonly signal: AbortSignal;
  /** To be called when a started component cannot continue: everything is stopped, and the exit code is 1. */
  fail(error: unknown): void;
}

/** A part of the process that is started and stopped. */
export interface Component {
  readonly name: string;
  /** Resolves when the component works; rejects when it cannot, and then `stop` is not called. */
  start(context: StartContext): Promise<void>;
  /** Called at most once, and only after `start` has resolved; resolves when nothing of the component runs any more. */
  stop(): Promise<void>;
}

export type StopSignal = 'SIGTERM' | 'SIGINT';

/** The part of `process` that reports signals. */
export interface SignalSource {
  on(signal: StopSignal, listener: () => void): unknown;
  off(signal: StopSignal, listener: () => void): unknown;
}

export interface LifecycleOptions {
  /** In the order of starting; they stop in reverse order. */
  readonly components: readonly Component[];
  readonly signals: SignalSource;
  readonly clock: Clock;
  readonly log: Log;
  /** How long stopping everything may take, in ms. Default 25 s, below the 30 s after which the kubelet kills. */
  readonly graceMs?: number;
}

/** Of a second signal: 128 + its number, as shells report it. */
const SIGNAL_EXIT_CODES: Record<StopSignal, number> = { SIGINT: 130, SIGTERM: 143 };

/**
 * Starts the components in order, waits for SIGTERM, SIGINT or a failure, and stops in reverse order what was started.
 * Never rejects.
 * @returns the exit code. The caller has to end the process, because something may still keep it alive. 0: a signal asked
 *   for the stop, and it was clean. 1: a component failed to start, to run or to stop, or stopping took longer than the
 *   grace period. 130 or 143: at once, on a second signal.
 */
export function runLifecycle(options: LifecycleOptions): Promise<number> {
  return new Lifecycle(options).run();
}

class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #stopRequest = new AbortController();
  readonly #exitNow = Promise.withResolvers<number>();
  #failed = false;
  #signalSeen = false;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  async run(): Promise<number> {
    const { signals, clock, log, graceMs = 25_000 } = this.#options;
    const onTerm = (): void => this.#onSignal('SIGTERM');
    const onInt = (): void => this.#onSignal('SIGINT');
    const whenStopping = this.#whenStopping().then(() =>
      clock.setTimer(graceMs, () => {
        log.error('shutdown exceeded the grace period', { graceMs });
        this.#exitNow.resolve(1);
      }),
    );
    signals.on('SIGTERM', onTerm);
    signals.on('SIGINT', onInt);
    try {
      return await Promise.race([this.#startAndStop(), this.#exitNow.promise]);
    } finally {
      signals.off('SIGTERM', onTerm);
      signals.off('SIGINT', onInt);
      (await whenStopping).cancel();
    }
  }

  #onSignal(signal: StopSignal): void {
    if (this.#signalSeen) {
      this.#options.log.warn('second signal, exiting immediately', { signal });
      this.#exitNow.resolve(SIGNAL_EXIT_CODES[signal]);
      return;
    }
    this.#signalSeen = true;
    this.#options.log.info('stopping', { signal });
    this.#stopRequest.abort(new Error(`the process is stopping on ${signal}`));
  }

  async #startAndStop(): Promise<number> {
    const started = await this.#start();
    await this.#whenStopping();
    for (const component of started.reverse()) {
      try {
        await component.stop();
      } catch (error) {
        this.#fail('component did not stop', component, error);
      }
    }
    return this.#failed ? 1 : 0;
  }

  async #start(): Promise<Component[]> {
    const { signal } = this.#stopRequest;
    const started: Component[] = [];
    for (const component of this.#options.components) {
      if (signal.aborted) break;
      const fail = (error: unknown): void => this.#fail('component failed', component, error);
      try {
        await component.start({ signal, fail });
        started.push(component);
      } catch (error) {
        if (signal.aborted) this.#options.log.info('start aborted', { component: component.name, error });
        else this.#fail('component failed to start', component, error);
      }
    }
    return started;
  }

  #fail(message: string, component: Component, error: unknown): void {
    this.#failed = true;
    this.#options.log.error(message, { component: component.name, error });
    this.#stopRequest.abort(error);
  }

  #whenStopping(): Promise<void> {
    return aborted(this.#stopRequest.signal);
  }
}

/** A component that works from when `open` resolves until `stop`, such as a server. */
export function opened(name: string, open: () => Promise<Pick<Component, 'stop'>>): Component {
  let running: Pick<Component, 'stop'> | undefined;
  return {
    name,
    start: async () => {
      running = await open();
    },
    stop: async () => running?.stop(),
  };
}

/** A component that runs until its signal aborts, such as a controller. Ending earlier is a failure. */
export function longRunning(name: string, run: (signal: AbortSignal) => Promise<void>): Component {
  const stopRequest = new AbortController();
  let ended: Promise<void> = Promise.resolve();
  return {
    name,
    start: async ({ fail }) => {
      ended = untilEnded(name, run, stopRequest.signal, fail);
    },
    stop: () => {
      stopRequest.abort(new Error(`${name} is stopping`));
      return ended;
    },
  };
}

/** Rejects only after the stop was requested: `fail` gets what happens earlier. */
async function untilEnded(
  name: string,
  run: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
  fail: (error: unknown) => void,
): Promise<void> {
  try {
    await run(signal);
    if (!signal.aborted) fail(new Error(`${name} ended although it was not stopped`));
  } catch (error) {
    if (signal.aborted) throw error;
    fail(error);
  }
}
