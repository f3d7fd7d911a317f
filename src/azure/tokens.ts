import type { AccessToken, TokenCredential } from '@azure/core-auth';
import { AzureFailure } from '../core/failure.ts';
import type { Clock } from '../runtime/clock.ts';
import { failureOfCredential } from './errors.ts';

export interface TokenSourceOptions {
  /**
   * Makes the credential anew: whatever it remembers of a refusal or of a token that ARM refused goes with it. It tells
   * `met` of every exchange with the authority: the error, or the answer.
   */
  readonly create: (met: (what: unknown) => void) => TokenCredential;
  readonly scope: string;
  readonly clock: Clock;
  /** Called once, when there is a first token. */
  readonly proven?: () => void;
  /** For one token, all of its requests together; 30 s when absent. */
  readonly timeoutMs?: number;
}

/** Tokens are renewed this long before they run out, or after three quarters of a shorter life. */
const RENEW_BEFORE_MS = 5 * 60_000;
/** A failed request is not repeated before this, however many objects ask. */
const REMEMBER_UNAVAILABLE_MS = 2_000;
const REMEMBER_INVALID_MS = 10_000;

interface Held {
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

/**
 * The tokens of one identity for ARM: one request at a time, one cache for all its clients. It stands in for the SDK's
 * own cache because that one keeps a token that ARM has refused until it runs out, and because its renewal in the
 * background ends, when the authority stays away, in an unhandled rejection.
 */
export class TokenSource {
  readonly #options: TokenSourceOptions;
  #credential: TokenCredential | undefined;
  #held: Held | undefined;
  #request: Promise<Held> | undefined;
  #lastMet: unknown;
  #proven = false;
  #failed: { readonly failure: AzureFailure; readonly until: number } | undefined;

  constructor(options: TokenSourceOptions) {
    this.#options = options;
  }

  /**
   * A token that has not run out. Throws `AzureFailure` of kind `credentialsInvalid` or `credentialUnavailable`;
   * `signal.reason` when that aborts, which does not disturb others who wait for the same token.
   */
  async get(signal?: AbortSignal): Promise<string> {
    if (this.#held !== undefined && !this.#isOver(this.#held.expiresAt)) {
      if (this.#isOver(this.#held.renewAt)) this.#renew().catch(() => {});
      return this.#held.token;
    }
    return (await unlessAborted(this.#renew(), signal)).token;
  }

  /** Whether the authority has ever given a token. */
  get isProven(): boolean {
    return this.#proven;
  }

  /** ARM refused this token: the next `get` asks for another one. */
  invalidate(token: string): void {
    if (this.#held?.token !== token) return;
    this.#held = undefined;
    this.#credential = undefined;
  }

  #renew(): Promise<Held> {
    const { clock } = this.#options;
    if (this.#failed !== undefined && clock.monotonic() < this.#failed.until)
      return Promise.reject(this.#failed.failure);
    this.#request ??= this.#ask().finally(() => {
      this.#request = undefined;
    });
    return this.#request;
  }

  async #ask(): Promise<Held> {
    const { clock, create, scope } = this.#options;
    this.#lastMet = undefined;
    try {
      this.#credential ??= create((what) => {
        this.#lastMet = what;
      });
      const token = await this.#withinTime(this.#credential.getToken(scope));
      if (token === null) throw new Error('the credential gave no token');
      const life = Math.max(0, token.expiresOnTimestamp - clock.now());
      this.#failed = undefined;
      this.#held = {
        token: token.token,
        renewAt: this.#in(Math.max(life - RENEW_BEFORE_MS, life * 0.75)),
        expiresAt: this.#in(life),
      };
      this.#prove();
      return this.#held;
    } catch (error) {
      this.#credential = undefined;
      const failure =
        error instanceof AzureFailure ? error : new AzureFailure(failureOfCredential(error, this.#lastMet));
      const remember = failure.failure.kind === 'credentialsInvalid' ? REMEMBER_INVALID_MS : REMEMBER_UNAVAILABLE_MS;
      this.#failed = { failure, until: clock.monotonic() + remember };
      throw failure;
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

  #prove(): void {
    if (this.#proven) return;
    this.#proven = true;
    this.#options.proven?.();
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
