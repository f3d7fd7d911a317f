import type { AccessToken, TokenCredential } from '@azure/core-auth';
import { AzureFailure, type Failure } from '../../core/model/failure.ts';
import { type CallContext, Denied, type Urgency } from '../../ports.ts';
import { type Clock, type Timer, wallTime } from '../../runtime/clock.ts';
import { failureOfCredential } from '../arm/errors.ts';
import { Denial } from './denial.ts';

export interface TokenSourceOptions {
  /**
   * Makes the credential anew: whatever it remembers of a refusal or of a token that ARM refused goes with it. It tells
   * `onExchange` of every exchange with the authority: the error, or the answer.
   */
  readonly create: (onExchange: (what: unknown) => void) => TokenCredential;
  readonly scope: string;
  readonly clock: Clock;
  /** When this login took the place of another, by the monotonic clock; absent where it is not known what was there before. */
  readonly beganAt?: number;
  /** Called once, when there is a first token. */
  readonly onFirstToken?: () => void;
  /** Called when the authority has refused a token in a way that does not pass. */
  readonly refusedForGood?: () => void;
  /** Puts the key of an object back into the queue that waits for a token. */
  readonly wake?: (key: string, urgency: Urgency) => void;
  /** For one token, all of its requests together; 30 s when absent. */
  readonly timeoutMs?: number;
}

/** Tokens are renewed this long before they run out, or after three quarters of a shorter life. */
const RENEW_BEFORE_MS = 5 * 60_000;
/** A failed request is not repeated before this, however many objects ask. */
const REMEMBER_UNAVAILABLE_MS = 2_000;
const REMEMBER_INVALID_MS = 10_000;
/** As long as somebody waits for a token that may yet come, it is asked for again after 5, 10, 20 … seconds. */
const ASK_AGAIN_MS = 5_000;
const ASK_AGAIN_AT_MOST_MS = 5 * 60_000;

/** What may stand in a header after `Bearer `. */
const VISIBLE_ASCII = /^[!-~](?:[ -~]*[!-~])?$/;

interface CachedToken {
  readonly token: string;
  readonly renewAt: Deadline;
  readonly expiresAt: Deadline;
}

/**
 * A moment by both clocks, of which the first to reach it counts: the wall clock may be set back, and the monotonic one may
 * stand still while the machine sleeps.
 */
interface Deadline {
  readonly wall: number;
  readonly monotonic: number;
}

/** By the monotonic clock: a wall clock that is set back changes nothing about how long it has lasted. */
interface Failed {
  readonly failure: Failure;
  /** Since when it has been answered each time. */
  readonly since: number;
  readonly at: number;
  readonly until: number;
}

/**
 * The tokens of one identity for ARM: one request at a time, one cache for all its clients. It stands in for the SDK's
 * own cache because that one keeps a token that ARM has refused until it runs out, and because its renewal in the
 * background ends, when the authority stays away, in an unhandled rejection.
 *
 * One who waits for a token need not ask for it: this asks for all of them, and wakes them when it comes.
 */
export class TokenSource {
  readonly #options: TokenSourceOptions;
  #credential: TokenCredential | undefined;
  #cached: CachedToken | undefined;
  #request: Promise<CachedToken> | undefined;
  #lastExchange: unknown;
  #onFirstToken = false;
  #failed: Failed | undefined;
  readonly #denial: Denial;
  #askAgain: { readonly at: number; readonly timer: Timer } | undefined;
  #asked = 0;
  #pursuedUntil = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(options: TokenSourceOptions) {
    const { clock, wake = () => {} } = options;
    this.#options = options;
    this.#denial = new Denial(clock, wake);
  }

  /**
   * A token that has not run out. Throws `Denied` of kind `credentialsInvalid` or `credentialUnavailable`;
   * `signal.reason` when that aborts, which does not disturb others who wait for the same token.
   */
  async get(signal?: AbortSignal): Promise<string> {
    if (this.#cached !== undefined && !this.#isOver(this.#cached.expiresAt)) {
      if (!this.isFresh) this.#renew().catch(() => {});
      return this.#cached.token;
    }
    return (await unlessAborted(this.#renew(), signal)).token;
  }

  /** Whether the authority has ever given a token. */
  get isProven(): boolean {
    return this.#onFirstToken;
  }

  /** Whether there is a token that need not be renewed yet. */
  get isFresh(): boolean {
    return this.#cached !== undefined && !this.#isOver(this.#cached.renewAt);
  }

  /** Whether no token is to be hoped for until a person has acted. */
  get isRefusedForGood(): boolean {
    return this.#failed !== undefined && !mayCome(this.#failed.failure);
  }

  /** From when on refusals are this login's, as failures tell it. */
  get began(): { readonly notBefore?: number } {
    const { beganAt, clock } = this.#options;
    return beganAt === undefined ? {} : { notBefore: wallTime(clock, beganAt) };
  }

  /** Asks for a first token, although nobody waits for it, and goes on until then. */
  pursue(until: number): void {
    this.#pursuedUntil = until;
    if (!this.#onFirstToken) this.#renew().catch(() => {});
  }

  /** The key is gone: it waits for nothing. */
  forget(key: string): void {
    this.#denial.forget(key);
    if (!this.#isWanted) this.#cancel();
  }

  /** Cancels the timer: nothing more is asked for that nobody asks for here. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** ARM refused this token: the next `get` asks for another one. */
  invalidate(token: string): void {
    if (this.#cached?.token !== token) return;
    this.#cached = undefined;
    this.#credential = undefined;
  }

  #renew(): Promise<CachedToken> {
    if (this.#failed !== undefined && this.#monotonic < this.#failed.until) {
      const { at } = this.#failed;
      return Promise.reject(this.#denied(this.#failed, { at: wallTime(this.#options.clock, at) }));
    }
    return this.#requested();
  }

  #requested(): Promise<CachedToken> {
    this.#request ??= this.#ask().finally(() => {
      this.#request = undefined;
    });
    return this.#request;
  }

  async #ask(): Promise<CachedToken> {
    const { clock, create, scope } = this.#options;
    this.#lastExchange = undefined;
    try {
      this.#credential ??= create((what) => {
        this.#lastExchange = what;
      });
      const token = await this.#withinTime(this.#credential.getToken(scope));
      if (token === null) throw new Error('the credential gave no token');
      if (!VISIBLE_ASCII.test(token.token)) throw new AzureFailure(UNUSABLE);
      const life = Math.max(0, token.expiresOnTimestamp - clock.now());
      this.#failed = undefined;
      this.#cached = {
        token: token.token,
        renewAt: this.#in(Math.max(life - RENEW_BEFORE_MS, life * 0.75)),
        expiresAt: this.#in(life),
      };
      this.#asked = 0;
      this.#cancel();
      this.#prove();
      this.#denial.granted();
      return this.#cached;
    } catch (error) {
      this.#credential = undefined;
      const failure = error instanceof AzureFailure ? error.failure : failureOfCredential(error, this.#lastExchange);
      throw this.#denied(this.#fail(failure));
    }
  }

  #in(ms: number): Deadline {
    const { clock } = this.#options;
    return { wall: clock.now() + ms, monotonic: clock.monotonic() + ms };
  }

  #isOver({ wall, monotonic }: Deadline): boolean {
    const { clock } = this.#options;
    return clock.now() >= wall || clock.monotonic() >= monotonic;
  }

  #fail(failure: Failure): Failed {
    const isRefused = failure.kind === 'credentialsInvalid';
    const at = this.#monotonic;
    const until = at + (isRefused ? REMEMBER_INVALID_MS : REMEMBER_UNAVAILABLE_MS);
    const failed = { failure, since: isRefused ? this.#denial.refused() : at, at, until };
    this.#failed = failed;
    if (mayCome(failure)) this.#schedule();
    else this.#giveUp();
    return failed;
  }

  #giveUp(): void {
    this.#cancel();
    this.#options.refusedForGood?.();
  }

  #denied({ failure, since }: Failed, remembered: { at?: number } = {}): Denied {
    const repeated = { since: wallTime(this.#options.clock, since), ...this.began, ...remembered };
    const told = failure.kind === 'credentialsInvalid' ? { ...failure, ...repeated } : failure;
    return new Denied(told, (caller) => this.#wait(caller));
  }

  #wait(caller: Pick<CallContext, 'key' | 'urgency'>): void {
    if (this.isFresh) {
      this.#options.wake?.(caller.key, caller.urgency);
      return;
    }
    // Who comes anew need not wait as long as those who have waited long.
    if (this.#denial.wait(caller)) this.#asked = 0;
    this.#schedule();
  }

  get #isWanted(): boolean {
    return this.#denial.isAwaited || (!this.#onFirstToken && this.#monotonic < this.#pursuedUntil);
  }

  /** Asks again by itself when it is time, if not earlier already. */
  #schedule(): void {
    if (this.#stopped || !this.#isWanted || this.isRefusedForGood) return;
    const ms = Math.min(ASK_AGAIN_MS * 2 ** this.#asked, ASK_AGAIN_AT_MOST_MS);
    const at = this.#monotonic + ms;
    if (this.#askAgain !== undefined && this.#askAgain.at <= at) return;
    this.#cancel();
    const timer = this.#options.clock.setTimer(ms, () => {
      this.#askAgain = undefined;
      this.#asked++;
      if (this.#isWanted) this.#requested().catch(() => {});
    });
    this.#askAgain = { at, timer };
  }

  #cancel(): void {
    this.#askAgain?.timer.cancel();
    this.#askAgain = undefined;
  }

  get #monotonic(): number {
    return this.#options.clock.monotonic();
  }

  #prove(): void {
    if (this.#onFirstToken) return;
    this.#onFirstToken = true;
    this.#options.onFirstToken?.();
  }

  /** MSAL takes no abort signal for these requests; one that hangs is left behind. */
  #withinTime(request: Promise<AccessToken | null>): Promise<AccessToken | null> {
    const { clock, timeoutMs = 30_000 } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = clock.setTimer(timeoutMs, () => {
        const message = `No token for this identity at the moment: the authority did not answer within ${timeoutMs / 1000} s.`;
        reject(new AzureFailure({ kind: 'credentialUnavailable', message }));
      });
      request.then(resolve, reject).finally(() => timer.cancel());
    });
  }
}

const UNUSABLE: Failure = {
  kind: 'credentialUnavailable',
  message: 'No token for this identity at the moment: the authority gave one that cannot stand in a header.',
};

function mayCome(failure: Failure): boolean {
  return failure.kind !== 'credentialsInvalid' || failure.mayPass === true;
}

/** What `promise` gives, or `signal.reason` as soon as that aborts. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
