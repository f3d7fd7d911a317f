/** The tokens of one credential for ARM: one cache and one request at a time, shared by all clients. */
import type { TokenCredential } from '@azure/core-auth';
import { compact } from '../../core/model/compact.ts';
import { AzureFailure, type Failure } from '../../core/model/failure.ts';
import { type CallContext, Denied, type Urgency } from '../../ports.ts';
import { type Clock, wallTime } from '../../runtime/clock.ts';
import { unlessAborted, withDeadline } from '../../runtime/deadline.ts';
import { AskAgain } from './ask-again.ts';
import { failureOfCredential, noToken } from './credential-failures.ts';
import { TokenDenial } from './denial.ts';

export interface TokenSourceOptions {
  /**
   * Makes the credential anew, so that nothing remains of what it cached: a refusal, or a token that ARM refused. It tells
   * `onExchange` of every exchange with the authority: the error, or the status of the answer.
   */
  readonly create: (onExchange: (what: unknown) => void) => TokenCredential;
  readonly scope: string;
  readonly clock: Clock;
  /** When this credential replaced another one, by the monotonic clock; absent where it is not known what was there before. */
  readonly beganAt?: number;
  /** Called once, when there is a first token. */
  readonly onFirstToken?: () => void;
  /** Called when the authority refused a token for good. */
  readonly refusedForGood?: () => void;
  /** Puts the key of an object back into the queue that waits for a token. */
  readonly wake?: (key: string, urgency: Urgency) => void;
  /** For one token, all of its requests together; 30 s when absent. */
  readonly timeoutMs?: number;
}

/** Tokens are renewed this long before they expire, or after three quarters of a shorter life. */
const RENEW_BEFORE_MS = 5 * 60_000;
/** A failed request is not repeated before this, however many objects ask. */
const KEEP_UNAVAILABLE_MS = 2_000;
const KEEP_INVALID_MS = 10_000;

/** What may stand in a header after `Bearer `. */
const VISIBLE_ASCII = /^[!-~](?:[ -~]*[!-~])?$/;

interface CachedToken {
  readonly token: string;
  readonly renewAt: Moment;
  readonly expiresAt: Moment;
}

/**
 * A moment by both clocks, of which the first to reach it counts: the wall clock may be set back, and the monotonic clock
 * may stand still while the machine sleeps.
 */
interface Moment {
  readonly wall: number;
  readonly monotonic: number;
}

/** By the monotonic clock: a wall clock that is set back changes nothing about how long it has lasted. */
interface Failed {
  readonly failure: Failure;
  /** Since when the authority has given this answer each time. */
  readonly since: number;
  readonly at: number;
  readonly until: number;
}

/**
 * Replaces the SDK's own cache, which keeps a token that ARM has refused until it expires, and whose renewal in the
 * background ends in an unhandled rejection when the authority stays away.
 *
 * A caller that was refused a token need not ask for it again: this asks for all of them, and wakes their keys.
 */
export class TokenSource {
  readonly #options: TokenSourceOptions;
  #credential: TokenCredential | undefined;
  #cached: CachedToken | undefined;
  #request: Promise<CachedToken> | undefined;
  #lastExchange: unknown;
  #hadToken = false;
  #failed: Failed | undefined;
  readonly #denial: TokenDenial;
  readonly #askAgain: AskAgain;
  #pursuedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: TokenSourceOptions) {
    const { clock, wake = () => {} } = options;
    this.#options = options;
    this.#denial = new TokenDenial(clock, wake);
    this.#askAgain = new AskAgain({
      clock,
      isWanted: () => this.#isWanted && !this.isRefusedForGood,
      ask: () => void this.#requested().catch(() => {}),
    });
  }

  /**
   * A token that has not expired. Throws `Denied` of kind `credentialsInvalid` or `credentialUnavailable`; `signal.reason`
   * when that aborts, which does not disturb others that wait for the same token.
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
    return this.#hadToken;
  }

  /** Whether there is a token that need not be renewed yet. */
  get isFresh(): boolean {
    return this.#cached !== undefined && !this.#isOver(this.#cached.renewAt);
  }

  /** Whether the authority refuses tokens until a person has acted. */
  get isRefusedForGood(): boolean {
    return this.#failed !== undefined && !isTransient(this.#failed.failure);
  }

  /** From when on refusals concern this credential, as failures tell it. */
  get began(): { readonly notBefore?: number } {
    const { beganAt, clock } = this.#options;
    return compact({ notBefore: beganAt === undefined ? undefined : wallTime(clock, beganAt) });
  }

  /** Asks for a first token although no caller waits for it, again and again until then. */
  pursue(until: number): void {
    this.#pursuedUntil = until;
    if (!this.#hadToken) this.#renew().catch(() => {});
  }

  /** The key is gone: it waits for nothing. */
  forget(key: string): void {
    this.#denial.forget(key);
    if (!this.#isWanted) this.#askAgain.cancel();
  }

  /** Asks for nothing by itself any more. */
  stop(): void {
    this.#askAgain.stop();
  }

  /** ARM refused this token: the next `get` asks for another one. */
  invalidate(token: string): void {
    if (this.#cached?.token !== token) return;
    this.#cached = undefined;
    this.#credential = undefined;
  }

  #renew(): Promise<CachedToken> {
    if (this.#failed !== undefined && this.#monotonic < this.#failed.until) {
      const at = wallTime(this.#options.clock, this.#failed.at);
      return Promise.reject(this.#denied(this.#failed, { at }));
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
    try {
      return this.#accept(await this.#exchange());
    } catch (error) {
      this.#credential = undefined;
      const failure = error instanceof AzureFailure ? error.failure : failureOfCredential(error, this.#lastExchange);
      throw this.#denied(this.#fail(failure));
    }
  }

  async #exchange(): Promise<CachedToken> {
    const { clock, create, scope, timeoutMs: ms = 30_000 } = this.#options;
    this.#lastExchange = undefined;
    this.#credential ??= create((what) => {
      this.#lastExchange = what;
    });
    const credential = this.#credential;
    const late = () => new AzureFailure(noToken(`the authority did not answer within ${ms / 1000} s`));
    // MSAL takes no abort signal for these requests: one that hangs is left behind.
    const token = await withDeadline({ clock, ms, late }, () => credential.getToken(scope));
    if (token === null) throw new Error('the credential gave no token');
    if (!VISIBLE_ASCII.test(token.token))
      throw new AzureFailure(noToken('the authority gave one that no header can hold'));
    const life = Math.max(0, token.expiresOnTimestamp - clock.now());
    const renewAt = this.#in(Math.max(life - RENEW_BEFORE_MS, life * 0.75));
    return { token: token.token, renewAt, expiresAt: this.#in(life) };
  }

  #accept(token: CachedToken): CachedToken {
    this.#failed = undefined;
    this.#cached = token;
    this.#askAgain.reset();
    this.#askAgain.cancel();
    if (!this.#hadToken) {
      this.#hadToken = true;
      this.#options.onFirstToken?.();
    }
    this.#denial.granted();
    return token;
  }

  #fail(failure: Failure): Failed {
    const isRefused = failure.kind === 'credentialsInvalid';
    const at = this.#monotonic;
    const until = at + (isRefused ? KEEP_INVALID_MS : KEEP_UNAVAILABLE_MS);
    const failed = { failure, since: isRefused ? this.#denial.refused() : at, at, until };
    this.#failed = failed;
    if (isTransient(failure)) {
      this.#askAgain.schedule();
    } else {
      this.#askAgain.cancel();
      this.#options.refusedForGood?.();
    }
    return failed;
  }

  #denied({ failure, since }: Failed, kept: { readonly at?: number } = {}): Denied {
    const dated = { since: wallTime(this.#options.clock, since), ...this.began, ...kept };
    const reported = failure.kind === 'credentialsInvalid' ? { ...failure, ...dated } : failure;
    return new Denied(reported, (caller) => this.#wait(caller));
  }

  #wait(caller: Pick<CallContext, 'key' | 'urgency'>): void {
    if (this.isFresh) {
      this.#options.wake?.(caller.key, caller.urgency);
      return;
    }
    // A new caller need not wait as long as those that have waited long.
    if (this.#denial.wait(caller)) this.#askAgain.reset();
    this.#askAgain.schedule();
  }

  get #isWanted(): boolean {
    return this.#denial.isAwaited || (!this.#hadToken && this.#monotonic < this.#pursuedUntil);
  }

  #in(ms: number): Moment {
    const { clock } = this.#options;
    return { wall: clock.now() + ms, monotonic: clock.monotonic() + ms };
  }

  #isOver({ wall, monotonic }: Moment): boolean {
    const { clock } = this.#options;
    return clock.now() >= wall || clock.monotonic() >= monotonic;
  }

  get #monotonic(): number {
    return this.#options.clock.monotonic();
  }
}

function isTransient(failure: Failure): boolean {
  return failure.kind !== 'credentialsInvalid' || failure.mayPass === true;
}
