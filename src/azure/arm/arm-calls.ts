import { type HttpClient, isRestError, type PipelineResponse } from '@azure/core-rest-pipeline';
import { AzureFailure, type Failure } from '../../core/model/failure.ts';
import { type RequestIds, requestIds } from '../../core/model/request-ids.ts';
import type { Parent } from '../../core/model/runtime.ts';
import { type CallContext, Denied, type RequestKind, SupersededError } from '../../ports.ts';
import { type Clock, wallTime } from '../../runtime/clock.ts';
import type { RequestBudget } from '../budget/request-budget.ts';
import type { Denial } from '../identity/denial.ts';
import { type TokenSource, unlessAborted } from '../identity/tokens.ts';
import { type ArmOperation, type AzureMetrics, NO_METRICS } from '../metrics.ts';
import type { SdkOptions } from './arm-client.ts';
import {
  failureOfRefusal,
  failureOfSending,
  failureOfTimeout,
  isRuntimeMissing,
  parseErrorBody,
  type Refusal,
} from './errors.ts';
import { RETRY, type RetrySettings, TransientFailure, withRetries } from './retry.ts';

export interface ArmOptions {
  readonly subscriptionId: string;
  /** Base URL of Azure Resource Manager. */
  readonly endpoint: string;
  readonly tokens: TokenSource;
  readonly budget: RequestBudget;
  /** That the subscription takes no request of this identity. */
  readonly denial: Denial;
  readonly clock: Clock;
  readonly metrics?: AzureMetrics;
  /** For one attempt; 60 s when absent. */
  readonly requestTimeoutMs?: number;
  readonly retry?: RetrySettings;
  /** The transport below the SDK's pipeline; the SDK's own when absent. */
  readonly httpClient?: HttpClient;
}

export interface Call<T> {
  readonly operation: ArmOperation;
  readonly budget: RequestKind;
  readonly writes: boolean;
  /** Below what the call is: which parent a 404 means. */
  readonly parent: Parent['kind'];
  readonly headers?: Record<string, string>;
  send(options: SdkOptions): Promise<unknown>;
  /** Makes sense of a 2xx; throws `AzureFailure` when it has none. */
  parse(body: string | undefined | null, status: number): T;
  /** What the runtime's own 404 means to this call; absent when it means nothing. */
  missing?: () => T;
}

/** Calls to ARM: within the budget, with a good token, tried again where that may help, and their answers told apart. */
export class ArmCalls {
  readonly #options: ArmOptions;

  constructor(options: ArmOptions) {
    this.#options = options;
  }

  async make<T>(caller: CallContext, call: Call<T>): Promise<T> {
    const failures: TransientFailure[] = [];
    const attempt = async (): Promise<T> => {
      // Before the budget and `mayWrite`: the write goes out right after those were asked, not after a slow authority.
      await this.#options.tokens.get(caller.signal);
      if (call.writes && !caller.mayWrite())
        throw new SupersededError(`${call.operation} was decided on an older state`);
      this.#options.budget.take(call.budget, caller);
      const sentAt = this.#options.clock.monotonic();
      return this.#interpret(await this.#exchange(caller.signal, call), call, { caller, sentAt });
    };
    const noted = async (): Promise<T> => {
      try {
        return await this.#withFreshToken(attempt);
      } catch (error) {
        if (error instanceof TransientFailure) failures.push(error);
        throw error;
      }
    };
    try {
      return await withRetries(noted, caller.signal, this.#options.retry ?? RETRY);
    } catch (error) {
      throw error instanceof AzureFailure && failures.length > 0 ? unclear(error) : error;
    }
  }

  /** A token that ARM refused was dropped meanwhile: one more attempt with a new one, for nothing has happened yet. */
  async #withFreshToken<T>(attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof RefusedToken) return attempt();
      throw error;
    }
  }

  /** One request and its answer, whatever its status. Throws `TransientFailure` when there is none, or `signal.reason`. */
  async #exchange<T>(signal: AbortSignal, call: Call<T>): Promise<PipelineResponse> {
    const { clock, requestTimeoutMs = 60_000 } = this.#options;
    const cut = new AbortController();
    let timedOut = false;
    const timer = clock.setTimer(requestTimeoutMs, () => {
      timedOut = true;
      cut.abort();
    });
    const ended = this.#options.budget.sent();
    const onAbort = () => cut.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const answer = await answerOf(call, cut.signal);
      this.#observe(call, answer);
      return answer;
    } catch (error) {
      const code = timedOut ? 'timeout' : signal.aborted ? 'aborted' : 'network';
      this.#metrics.armRequest(call.operation, code);
      if (timedOut) throw new TransientFailure(failureOfTimeout(requestTimeoutMs));
      signal.throwIfAborted();
      if (!isRestError(error)) throw error;
      throw new TransientFailure(failureOfSending(error), { cause: error });
    } finally {
      ended();
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** What an answer tells of the budget. ARM sends one or both of these headers (recorded). */
  #observe<T>({ operation, budget: kind }: Call<T>, { status, headers }: PipelineResponse): void {
    this.#metrics.armRequest(operation, String(status));
    for (const scope of ['subscription', 'subscription-global']) {
      const remaining = headers.get(`x-ms-ratelimit-remaining-${scope}-${kind}`);
      if (remaining !== undefined && /^\d+$/.test(remaining)) this.#options.budget.observe(kind, Number(remaining));
    }
  }

  #interpret<T>(answer: PipelineResponse, call: Call<T>, { caller, sentAt }: Sent): T {
    const { budget, denial, clock } = this.#options;
    const { status } = answer;
    const ids = idsOf(answer);
    const refusal = refusalOf(answer);
    const isSuccess = status >= 200 && status < 300;
    const failure = isSuccess ? undefined : failureOfRefusal(refusal, clock.now(), call.parent);
    if (status !== 429 && status < 500) budget.answered(call.budget, sentAt);
    if (failure !== undefined && (status === 401 || failure.kind === 'subscriptionNotFound')) {
      throw this.#denied(failure, status, ids);
    }
    if (status !== 408 && status !== 429 && status < 500) denial.granted();
    if (failure === undefined) return parsed(call, answer, ids);
    if (call.missing !== undefined && isRuntimeMissing(refusal)) return call.missing();
    if (failure.kind === 'throttled') {
      budget.throttled(call.budget, failure.retryAfterMs);
      throw new AzureFailure(budget.blocking(call.budget, caller.patienceMs) ?? failure, { ids });
    }
    if (status === 408 || status >= 500) throw new TransientFailure(failure, { ids });
    throw new AzureFailure(failure, { ids });
  }

  #denied(onExchange: Failure, status: number, ids: RequestIds | undefined): Denied {
    const { clock, denial, tokens } = this.#options;
    const repeated = { since: wallTime(clock, denial.refused()), ...tokens.began };
    const isClocked = onExchange.kind === 'credentialsInvalid' || onExchange.kind === 'subscriptionNotFound';
    const Kind = status === 401 ? RefusedToken : Denied;
    return new Kind(isClocked ? { ...onExchange, ...repeated } : onExchange, (caller) => void denial.wait(caller), ids);
  }

  get #metrics(): AzureMetrics {
    return this.#options.metrics ?? NO_METRICS;
  }
}

interface Sent {
  readonly caller: CallContext;
  readonly sentAt: number;
}

/** The attempt before it may have taken effect. */
function unclear(error: AzureFailure): AzureFailure {
  const { failure, ids } = error;
  if (error.unclear) return error;
  return error instanceof Denied
    ? new Denied(failure, error.wakeWhenOver, ids, true)
    : new AzureFailure(failure, { cause: error, ids, unclear: true });
}

class RefusedToken extends Denied {}

function idsOf({ headers }: PipelineResponse): RequestIds | undefined {
  return requestIds(headers.get('x-ms-request-id'), headers.get('x-ms-correlation-request-id'));
}

function parsed<T>(call: Call<T>, { bodyAsText, status }: PipelineResponse, ids: RequestIds | undefined): T {
  try {
    return call.parse(bodyAsText, status);
  } catch (error) {
    throw error instanceof AzureFailure ? new AzureFailure(error.failure, { cause: error, ids }) : error;
  }
}

function refusalOf({ status, headers, bodyAsText }: PipelineResponse): Refusal {
  return {
    status,
    ...parseErrorBody(bodyAsText),
    retryAfter: headers.get('retry-after'),
    fromGateway: headers.get('x-ms-failure-cause') === 'gateway',
  };
}

/** The raw answer, also where the SDK finds fault with it. */
async function answerOf<T>(call: Call<T>, abortSignal: AbortSignal): Promise<PipelineResponse> {
  let answer: PipelineResponse | undefined;
  const requestOptions = { shouldDeserialize: false, customHeaders: call.headers ?? {} };
  const onResponse = (raw: PipelineResponse) => {
    answer = raw;
  };
  try {
    // A transport may be slow to notice that it was cancelled.
    await unlessAborted(call.send({ abortSignal, requestOptions, onResponse }), abortSignal);
  } catch (error) {
    if (answer === undefined) throw error;
  }
  if (answer === undefined) throw new Error('the SDK sent no request');
  return answer;
}
