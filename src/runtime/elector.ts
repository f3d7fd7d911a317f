import { type Clock, sleep } from './clock.ts';
import type { Log } from './instruments.ts';
import {
  type ElectionAction,
  type ElectionState,
  type ElectionTerms,
  failed,
  HOLDER_UNKNOWN,
  type Instant,
  isLeading,
  type Lease,
  nextElectionAction,
  observed,
  refused,
  release,
  requestTimeoutMs,
  type StoredLease,
  written,
} from './leader.ts';

/** Where the lease is kept. */
export interface LeaseStore {
  /**
   * Tells of the lease as it is and of every change from then on; undefined: there is none. Never of an older version than
   * one that was told of before or that another method has answered. Resolves, after the signal has aborted, when nothing is
   * under way any more; never rejects.
   */
  watch(tell: (stored: StoredLease | undefined) => void, signal: AbortSignal): Promise<void>;
  read(signal: AbortSignal): Promise<StoredLease | undefined>;
  /** Replaces that version (undefined: creates). @throws LeaseConflict when it is not the one that there is. */
  write(lease: Lease, version: string | undefined, signal: AbortSignal): Promise<StoredLease>;
}

/** Somebody else has written, created or deleted the lease meanwhile. */
export class LeaseConflict extends Error {
  override readonly name = 'LeaseConflict';
}

/** Why a process has to stop what only the leader may do. */
export class LeadershipLost extends Error {
  override readonly name = 'LeadershipLost';
}

/** What the work that only one replica may do has to know. */
export interface Leadership {
  /** Resolves with true once this replica leads, with false when the signal aborts before. */
  won(signal: AbortSignal): Promise<boolean>;
  /** Whether it leads at this very moment, by the clock: a process that has slept is none, even before it notices. */
  isLeader(): boolean;
  /** Aborts, with a `LeadershipLost`, when leadership that was won has ended. */
  readonly lost: AbortSignal;
}

/** Of a process that has no other replica. */
export const ALWAYS_LEADER: Leadership = {
  won: async () => true,
  isLeader: () => true,
  lost: new AbortController().signal,
};

export interface ElectorOptions {
  /** Names the lease to people. */
  readonly lease: string;
  readonly terms: ElectionTerms;
  readonly store: LeaseStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Told when this replica begins and ceases to lead, and once at the start. */
  readonly onChange: (isLeader: boolean) => void;
}

/** How long the release may take: less than what a process has left when its work has taken all its time to stop. */
const RELEASE_WITHIN_MS = 2_000;

/** Stands for election as `leader.ts` decides, with one request at a time, and leads for as long as it can. */
export class Elector implements Leadership {
  readonly #options: ElectorOptions;
  readonly #won = Promise.withResolvers<true>();
  readonly #lost = new AbortController();
  #electionState: ElectionState = HOLDER_UNKNOWN;
  /** Aborts when there is something new to decide on. */
  #news = new AbortController();
  #isOver = false;
  #holder: string | undefined;
  #isFailing = false;

  constructor(options: ElectorOptions) {
    this.#options = options;
    options.onChange(false);
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  isLeader(): boolean {
    return !this.#isOver && isLeading(this.#electionState, this.#options.terms, this.#now());
  }

  won(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const onAbort = () => resolve(false);
      signal.addEventListener('abort', onAbort, { once: true });
      void this.#won.promise.then(() => {
        signal.removeEventListener('abort', onAbort);
        resolve(true);
      });
    });
  }

  /**
   * Until the signal aborts; then releases the lease if this replica leads, so that another follows at once: what only the
   * leader may do has to have stopped before. To be called once.
   * @throws LeadershipLost when this replica has led and cannot go on.
   */
  async run(signal: AbortSignal): Promise<void> {
    const stopWatching = new AbortController();
    const watching = this.#options.store.watch((stored) => this.#observe(stored), stopWatching.signal);
    const onStop = () => this.#news.abort();
    signal.addEventListener('abort', onStop, { once: true });
    try {
      await this.#stand(signal);
    } finally {
      signal.removeEventListener('abort', onStop);
      stopWatching.abort(new Error('the election is over'));
      await watching;
    }
  }

  async #stand(signal: AbortSignal): Promise<void> {
    const { clock, terms } = this.#options;
    while (!signal.aborted) {
      const action = nextElectionAction(this.#electionState, terms, this.#now());
      switch (action.kind) {
        case 'wait':
          // What rejects is news, and that is all it is for.
          await sleep(clock, action.ms, this.#news.signal).catch(() => {});
          this.#news = new AbortController();
          break;
        case 'write':
          await this.#write(action);
          break;
        case 'resign':
          throw this.#stopLeading(action.why);
      }
    }
    await this.#release();
  }

  async #write({ lease, version }: Extract<ElectionAction, { kind: 'write' }>): Promise<void> {
    const { store, terms } = this.#options;
    const begunAt = this.#now();
    try {
      const stored = await this.#ask((signal) => store.write(lease, version, signal));
      this.#lead(written(stored, begunAt, terms));
    } catch (error) {
      if (error instanceof LeaseConflict) await this.#lookAgain({ version, begunAt });
      else this.#failed(error, begunAt);
    }
  }

  /** What there is instead of the version that was to be replaced. */
  async #lookAgain(attempt: { readonly version: string | undefined; readonly begunAt: Instant }): Promise<void> {
    const { store, terms } = this.#options;
    try {
      const stored = await this.#ask((signal) => store.read(signal));
      this.#electionState = refused(this.#electionState, attempt, stored, terms, this.#now());
      this.#tellHolder(stored);
    } catch (error) {
      this.#failed(error, attempt.begunAt);
    }
  }

  #lead(electionState: ElectionState): void {
    const { lease, log, terms, onChange } = this.#options;
    const isFirst = this.#electionState.renewal === undefined;
    this.#electionState = electionState;
    if (this.#isFailing) log.info('lease can be renewed again', { lease });
    this.#isFailing = false;
    if (!isFirst) return;
    this.#holder = terms.identity;
    log.info('leading', { lease, identity: terms.identity });
    onChange(true);
    this.#won.resolve(true);
  }

  #observe(stored: StoredLease | undefined): void {
    this.#electionState = observed(this.#electionState, stored, this.#options.terms, this.#now());
    this.#tellHolder(stored);
    this.#news.abort();
  }

  #tellHolder(stored: StoredLease | undefined): void {
    const { lease, log, terms } = this.#options;
    const holder = stored?.lease.holder ?? '';
    if (holder === this.#holder || holder === terms.identity) return;
    const isNews = holder !== '' || this.#holder !== undefined;
    this.#holder = holder;
    if (isNews) log.info(holder === '' ? 'lease is not held' : 'another replica is leading', { lease, holder });
  }

  /** Once a streak is a warning. */
  #failed(error: unknown, begunAt: Instant): void {
    const { lease, log, terms } = this.#options;
    this.#electionState = failed(this.#electionState, begunAt, terms);
    const leading = this.isLeader();
    log[this.#isFailing ? 'debug' : 'warn']('the lease cannot be written', { lease, leading, error });
    this.#isFailing = true;
  }

  #stopLeading(why: string): LeadershipLost {
    const { lease, log, onChange } = this.#options;
    const lost = new LeadershipLost(`leadership of lease ${lease} lost, running work is aborted: ${why}`);
    this.#isOver = true;
    log.error('leadership lost', { lease, why });
    onChange(false);
    this.#lost.abort(lost);
    return lost;
  }

  async #release(): Promise<void> {
    const { lease: name, log, store, terms, onChange } = this.#options;
    if (!this.isLeader()) return;
    this.#isOver = true;
    onChange(false);
    const released = release(this.#electionState, terms, this.#now());
    if (released === undefined) return;
    try {
      await this.#ask((signal) => store.write(released.lease, released.version, signal), RELEASE_WITHIN_MS);
      log.info('lease released', { lease: name });
    } catch (error) {
      log.warn('failed to release the lease; the other replicas wait until it expires', {
        lease: name,
        error,
      });
    }
  }

  /** Rejects when the time is over, whether or not the store gives up. */
  async #ask<T>(
    send: (signal: AbortSignal) => Promise<T>,
    withinMs = requestTimeoutMs(this.#electionState, this.#options.terms, this.#now()),
  ): Promise<T> {
    const cut = new AbortController();
    const outOfTime = Promise.withResolvers<never>();
    const timer = this.#options.clock.setTimer(withinMs, () => {
      const error = new Error(`no answer within ${Math.round(withinMs)} ms`);
      outOfTime.reject(error);
      cut.abort(error);
    });
    try {
      return await Promise.race([send(cut.signal), outOfTime.promise]);
    } finally {
      timer.cancel();
    }
  }

  #now(): Instant {
    const { clock } = this.#options;
    return { monotonic: clock.monotonic(), wall: clock.now() };
  }
}
