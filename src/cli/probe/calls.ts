/** Requests of the probe: far below ARM's limits, patient with a 429, and never a write that may take effect twice. */
import { parseRetryAfter } from '../../azure/arm/refusals.ts';
import { AzureFailure } from '../../core/model/failure.ts';
import { type Clock, sleep } from '../../runtime/clock.ts';
import { codeOf, shownAnswer } from './assumptions/answers.ts';
import { type Answer, type Ask, Undecided } from './assumptions/site.ts';
import type { OwnRequests } from './own-requests.ts';
import type { Wire } from './wire.ts';

/** Of all kinds together. ARM grants 250 reads, 200 writes and 200 deletes at once (documented); others live on it too. */
const PACE = { burst: 100, everyMs: 200 };
const MOST_THROTTLED = 3;
const LONGEST_RETRY_AFTER_MS = 60_000;
const SHORTEST_RETRY_AFTER_MS = 5_000;
const AGAIN_MS = [1_000, 3_000];

const LOCKED = ['ScopeLocked', 'ReadOnlyDisabledSubscription', 'ResourceGroupBeingDeleted'];

export interface CallOptions {
  readonly wire: Wire;
  readonly clock: Clock;
  /** Without a slash at the end. */
  readonly endpoint: string;
  /** Keeps those whose events are listened for; absent: nobody listens. */
  readonly ownRequests?: OwnRequests | undefined;
}

export class Calls {
  readonly #options: CallOptions;
  #free: number;
  /** How many requests were sent. */
  sent = 0;

  constructor(options: CallOptions) {
    this.#options = options;
    this.#free = options.clock.monotonic() - PACE.burst * PACE.everyMs;
  }

  /** @throws Undecided for an answer that is about the caller or the moment; the reason of the signal */
  async send(ask: Ask & { readonly version: string }, signal: AbortSignal): Promise<Answer> {
    const answer = await this.#patiently(ask, signal);
    const isAsked = ask.authorization !== undefined && answer.status === 401;
    const isTrouble = [401, 403, 408, 429].includes(answer.status) || answer.status >= 500;
    if ((isTrouble && !isAsked) || LOCKED.includes(codeOf(answer) ?? '')) {
      throw new Undecided(`${ask.method} was answered ${shownAnswer(answer)}`, { status: answer.status });
    }
    return answer;
  }

  async #patiently(ask: Ask & { readonly version: string }, signal: AbortSignal): Promise<Answer> {
    const { clock } = this.#options;
    for (let throttled = 0; ; throttled++) {
      const answer = await this.#repeatedly(ask, signal);
      if (answer.status !== 429 || throttled === MOST_THROTTLED) return answer;
      const ms = parseRetryAfter(answer.headers['retry-after'], clock.now()) ?? SHORTEST_RETRY_AFTER_MS;
      if (ms > LONGEST_RETRY_AFTER_MS) return answer;
      await sleep(clock, ms, signal);
    }
  }

  /** A PUT or POST whose connection is cut may have taken effect: only what changes nothing the second time is repeated. */
  async #repeatedly(ask: Ask & { readonly version: string }, signal: AbortSignal): Promise<Answer> {
    const pauses = ask.method === 'GET' || ask.method === 'DELETE' ? AGAIN_MS : [];
    for (let attempt = 0; ; attempt++) {
      const pause = pauses[attempt];
      try {
        const answer = await this.#once(ask, signal);
        if (answer.status < 500 || pause === undefined) return answer;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (pause === undefined) throw unanswered(ask, error);
      }
      await sleep(this.#options.clock, pause, signal);
    }
  }

  async #once(
    { method, path, version, headers = {}, body, authorization }: Ask & { version: string },
    signal: AbortSignal,
  ) {
    await this.#turn(signal);
    this.sent++;
    const text = typeof body === 'object' ? JSON.stringify(body) : body;
    const own = this.#options.ownRequests?.sending(method, path);
    const answer = await this.#options.wire.send(
      { method, url: this.#urlOf(path, version), headers: { ...headers, ...own?.headers }, body: text, authorization },
      signal,
    );
    own?.answered(answer.status);
    return answer;
  }

  #urlOf(path: string, version: string): string {
    if (!path.startsWith('/')) return path;
    const encoded = path.split('/').map(encodeURIComponent).join('/');
    return `${this.#options.endpoint}${encoded}?api-version=${version}`;
  }

  /** Resolves when the next request may go out, one after the other. */
  async #turn(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const now = clock.monotonic();
    this.#free = Math.max(this.#free, now - PACE.burst * PACE.everyMs) + PACE.everyMs;
    if (this.#free > now) await sleep(clock, this.#free - now, signal);
    signal.throwIfAborted();
  }
}

function unanswered({ method }: Ask, error: unknown): Undecided {
  const detail = error instanceof Error ? error.message : String(error);
  return new Undecided(`${method} had no answer: ${causeOf(error)}`, { detail });
}

/** Without a word of the machine's, or of the directory's. */
function causeOf(error: unknown): string {
  if (error instanceof AzureFailure)
    return error.failure.kind === 'credentialsInvalid' ? 'the login was refused' : 'there was no login';
  if (!(error instanceof Error)) return 'the connection failed';
  if (error.name === 'AbortError') return 'timeout';
  return 'code' in error && /^[A-Z][A-Z0-9_]+$/.test(String(error.code)) ? String(error.code) : 'the connection failed';
}
