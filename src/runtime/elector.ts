/** Takes part in the leader election: carries out what `leader.ts` decides. */
import { type Clock, sleep } from './clock.ts';
import {
  type ElectionAction,
  type ElectionState,
  type ElectionTerms,
  failed,
  HOLDER_UNKNOWN,
  type Instant,
  isLeading,
  type Lease,
  leaseRequestTimeoutMs,
  nextElectionAction,
  observed,
  refused,
  release,
  type StoredLease,
  written,
} from './leader.ts';
import type { Log } from './log.ts';
import { WarnOnce } from './warn-once.ts';

/** Where the lease is kept. */
export interface LeaseStore {
  /**
   * Reports the lease as it is and every change from then on; undefined: there is none. Never reports a version older than
   * one reported before or returned by another method. Resolves, after the signal has aborted, when nothing is under way
   * any more; never rejects.
   */
  watch(report: (stored: StoredLease | undefined) => void, signal: AbortSignal): Promise<void>;
  read(signal: AbortSignal): Promise<StoredLease | undefined>;
  /** Replaces that version (undefined: creates). @throws LeaseConflict when the store has another version. */
  write(lease: Lease, version: string | undefined, signal: AbortSignal): Promise<StoredLease>;
}

/** Another replica, or a person, has written, created or deleted the lease meanwhile. */
export class LeaseConflict extends Error {
  override readonly name = 'LeaseConflict';
}

/** Leadership has ended: all work that only the leader may do has to stop. */
export class LeadershipLost extends Error {
  override readonly name = 'LeadershipLost';
}

/** What work has to know that only the leader may do. */
export interface Leadership {
  /** Resolves with true once this replica leads, with false when the signal aborts first. */
  won(signal: AbortSignal): Promise<boolean>;
  /** Whether it leads at this very moment, by the clock: a process that has slept does not, even before it notices. */
  isLeader(): boolean;
  /** Aborts, with a `LeadershipLost`, when leadership that was won has ended. */
  readonly lost: AbortSignal;
}

/** Leader election is off: there is no other replica. */
export const ALWAYS_LEADER: Leadership = {
  won: async () => true,
  isLeader: () => true,
  lost: new AbortController().signal,
};

export interface ElectorOptions {
  /** The name of the lease, for people. */
  readonly lease: string;
  readonly terms: ElectionTerms;
  readonly store: LeaseStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Called once at the start, and whenever this replica starts or stops leading. */
  readonly onChange: (isLeader: boolean) => void;
}

/** The longest release: less than the time that a process has left when its work took all its grace period. */
const RELEASE_WITHIN_MS = 2_000;

/** Tries to lead, with one request at a time, and leads for as long as it can. */
export class Elector implements Leadership {
  readonly #options: ElectorOptions;
  readonly #won = Promise.withResolvers<true>();
  readonly #lost = new AbortController();
  #electionState: ElectionState = HOLDER_UNKNOWN;
  /** Aborts when there is something new to decide. */
  #news = new AbortController();
  #isOver = false;
  #holder: string | undefined;
  readonly #warnOnce = new WarnOnce();

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
   * Runs until the signal aborts; then releases the lease if this replica leads, so that another follows at once. The
   * leader's work has to have stopped before. To be called once.
   * @throws LeadershipLost when this replica has led and cannot continue.
   */
  async run(signal: AbortSignal): Promise<void> {
    const stopWatching = new AbortController();
    const watching = this.#options.store.watch((stored) => this.#observe(stored), stopWatching.signal);
    const onStop = () => this.#news.abort();
    signal.addEventListener('abort', onStop, { once: true });
    try {
      await this.#takePart(signal);
    } finally {
      signal.removeEventListener('abort', onStop);
      stopWatching.abort(new Error('the election is over'));
      await watching;
    }
  }

  async #takePart(signal: AbortSignal): Promise<void> {
    const { clock, terms } = this.#options;
    while (!signal.aborted) {
      const action = nextElectionAction(this.#electionState, terms, this.#now());
      switch (action.kind) {
        case 'wait':
          // It rejects when there is news.
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
    const startedAt = this.#now();
    try {
      const stored = await this.#ask((signal) => store.write(lease, version, signal));
      this.#lead(written(stored, startedAt, terms));
    } catch (error) {
      if (error instanceof LeaseConflict) await this.#readAgain({ version, startedAt });
      else this.#failed(error, startedAt);
    }
  }

  /** Reads what the store has instead of the version that was to be replaced. */
  async #readAgain(attempt: { readonly version: string | undefined; readonly startedAt: Instant }): Promise<void> {
    const { store, terms } = this.#options;
    try {
      const stored = await this.#ask((signal) => store.read(signal));
      this.#electionState = refused(this.#electionState, attempt, stored, terms, this.#now());
      this.#reportHolder(stored);
    } catch (error) {
      this.#failed(error, attempt.startedAt);
    }
  }

  #lead(electionState: ElectionState): void {
    const { lease, log, terms, onChange } = this.#options;
    const isFirst = this.#electionState.renewal === undefined;
    this.#electionState = electionState;
    if (this.#warnOnce.clear(lease)) log.info('lease can be renewed again', { lease });
    if (!isFirst) return;
    this.#holder = terms.identity;
    log.info('leading', { lease, identity: terms.identity });
    onChange(true);
    this.#won.resolve(true);
  }

  #observe(stored: StoredLease | undefined): void {
    this.#electionState = observed(this.#electionState, stored, this.#options.terms, this.#now());
    this.#reportHolder(stored);
    this.#news.abort();
  }

  #reportHolder(stored: StoredLease | undefined): void {
    const { lease, log, terms } = this.#options;
    const holder = stored?.lease.holder ?? '';
    if (holder === this.#holder || holder === terms.identity) return;
    const isNews = holder !== '' || this.#holder !== undefined;
    this.#holder = holder;
    if (isNews) log.info(holder === '' ? 'lease is not held' : 'another replica is leading', { lease, holder });
  }

  #failed(error: unknown, startedAt: Instant): void {
    const { lease, log, terms } = this.#options;
    this.#electionState = failed(this.#electionState, startedAt, terms);
    const leading = this.isLeader();
    log[this.#warnOnce.level(lease, 'write')]('failed to write the lease', { lease, leading, error });
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

  /** Rejects when the time is over, even if the store does not give up. */
  async #ask<T>(
    send: (signal: AbortSignal) => Promise<T>,
    withinMs = leaseRequestTimeoutMs(this.#electionState, this.#options.terms, this.#now()),
  ): Promise<T> {
    const timeout = new AbortController();
    const outOfTime = Promise.withResolvers<never>();
    const timer = this.#options.clock.setTimer(withinMs, () => {
      const error = new Error(`no answer within ${Math.round(withinMs)} ms`);
      outOfTime.reject(error);
      timeout.abort(error);
    });
    try {
      return await Promise.race([send(timeout.signal), outOfTime.promise]);
    } finally {
      timer.cancel();
    }
  }

  #now(): Instant {
    const { clock } = this.#options;
    return { monotonic: clock.monotonic(), wall: clock.now() };
  }
}
