/** Calls to ARM: within the budget, with a valid token, retried where that may help, and with their answers interpreted. */
import { type HttpClient, isRestError, type PipelineResponse } from '@azure/core-rest-pipeline';
import { AzureFailure, type Failure } from '../../core/model/failure.ts';
import { type RequestIds, requestIds } from '../../core/model/request-ids.ts';
import type { Parent } from '../../core/model/runtime.ts';
import { type CallContext, Denied, type RequestKind, SupersededError } from '../../ports.ts';
import { type Clock, wallTime } from '../../runtime/clock.ts';
import { unlessAborted, withDeadline } from '../../runtime/deadline.ts';
import type { RequestBudget } from '../budget/request-budget.ts';
import type { OwnWrites } from '../changes/own-writes.ts';
import type { TokenDenial } from '../identity/denial.ts';
import type { TokenSource } from '../identity/tokens.ts';
import { type ArmOperation, type AzureMetrics, NO_METRICS } from '../metrics.ts';
import type { SdkOptions } from './arm-client.ts';
import { failureOfSending, failureOfTimeout } from './connection-failures.ts';
import { failureOfRefusal, isRuntimeMissing, parseErrorBody, type Refusal } from './refusals.ts';
import { RETRY, type RetrySettings, TransientFailure, withRetries } from './retry.ts';

export interface ArmOptions {
  readonly subscriptionId: string;
  /** Base URL of Azure Resource Manager. */
  readonly endpoint: string;
  readonly tokens: TokenSource;
  readonly budget: RequestBudget;
  /** That the subscription refuses all requests of this identity. */
  readonly denial: TokenDenial;
  readonly clock: Clock;
  readonly metrics?: AzureMetrics;
  /** For one attempt; 60 s when absent. */
  readonly requestTimeoutMs?: number;
  readonly retry?: RetrySettings;
  /** Gives every write a correlation id, by which its event is recognised; when absent, ARM makes one up. */
  readonly ownWrites?: Pick<OwnWrites, 'sending' | 'tookEffect'>;
  /** The transport below the SDK's pipeline; the SDK's own when absent. */
  readonly httpClient?: HttpClient;
}

export interface Call<T> {
  readonly operation: ArmOperation;
  readonly budget: RequestKind;
  readonly writes: boolean;
  /** What the call is below: the parent that a 404 is about. */
  readonly parent: Parent['kind'];
  readonly headers?: Record<string, string>;
  /** The parent (see `parentKey`) for which an event is expected once this call has taken effect. */
  readonly raises?: string;
  send(options: SdkOptions): Promise<unknown>;
  /** Parses the body of a 2xx; throws `AzureFailure` when it makes no sense. */
  parse(body: string | undefined | null, status: number): T;
  /** What the runtime's own 404 means to this call; absent when it means nothing special. */
  missing?: () => T;
}

type Identified<T> = Call<T> & { readonly writeId?: string };

export class ArmCalls {
  readonly #options: ArmOptions;

  constructor(options: ArmOptions) {
    this.#options = options;
  }

  async make<T>(caller: CallContext, call: Call<T>): Promise<T> {
    const failures: TransientFailure[] = [];
    let identified: Identified<T> | undefined;
    const identify = () => {
      identified ??= this.#identified(call);
      return identified;
    };
    const attempt = () => this.#attempt(caller, call, identify);
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

  /** All attempts of one write have one id. */
  #identified<T>(call: Call<T>): Identified<T> {
    const writeId = call.writes ? this.#options.ownWrites?.sending(call.raises) : undefined;
    if (writeId === undefined) return call;
    return { ...call, writeId, headers: { ...call.headers, 'x-ms-correlation-request-id': writeId } };
  }

  /** `identify` is called once the attempt is sure to be sent: a write that waits uses up no id. */
  async #attempt<T>(caller: CallContext, call: Call<T>, identify: () => Identified<T>): Promise<T> {
    // Before the budget and `mayWrite`: the write goes out right after these checks, not after a slow authority.
    await this.#options.tokens.get(caller.signal);
    if (call.writes && !caller.mayWrite()) {
      throw new SupersededError(`${call.operation} was decided on an older state`);
    }
    this.#options.budget.take(call.budget, caller);
    const sentAt = this.#options.clock.monotonic();
    const identified = identify();
    return this.#interpret(await this.#exchange(caller.signal, identified), identified, { caller, sentAt });
  }

  /** A token that ARM refused has been dropped: one more attempt with a new one, since nothing has happened yet. */
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
    const { clock, requestTimeoutMs: ms = 60_000, budget } = this.#options;
    // Made only when it is needed: an error with its stack takes 0.05 ms of CPU.
    let timeout: TransientFailure | undefined;
    const late = () => {
      timeout = new TransientFailure(failureOfTimeout(ms));
      return timeout;
    };
    const ended = budget.sent();
    try {
      const deadline = { clock, ms, signal, late };
      const answer = await withDeadline(deadline, (cut) => answerOf(call, cut));
      this.#observe(call, answer);
      return answer;
    } catch (error) {
      const isLate = timeout !== undefined && error === timeout;
      const code = isLate ? 'timeout' : signal.aborted ? 'aborted' : 'network';
      this.#metrics.armRequest(call.operation, code);
      if (isLate) throw timeout;
      signal.throwIfAborted();
      if (!isRestError(error)) throw error;
      throw new TransientFailure(failureOfSending(error), { cause: error });
    } finally {
      ended();
    }
  }

  /** What an answer tells the budget. ARM sends one or both of these headers (recorded). */
  #observe<T>({ operation, budget: kind }: Call<T>, { status, headers }: PipelineResponse): void {
    this.#metrics.armRequest(operation, String(status));
    for (const scope of ['subscription', 'subscription-global']) {
      const remaining = headers.get(`x-ms-ratelimit-remaining-${scope}-${kind}`);
      if (remaining !== undefined && /^\d+$/.test(remaining)) this.#options.budget.observe(kind, Number(remaining));
    }
  }

  #interpret<T>(answer: PipelineResponse, call: Identified<T>, { caller, sentAt }: Sent): T {
    const { budget, denial, clock } = this.#options;
    const { status } = answer;
    const ids = idsOf(answer);
    const refusal = refusalOf(answer);
    const isSuccess = status >= 200 && status < 300;
    const failure = isSuccess ? undefined : failureOfRefusal(refusal, clock.now(), call);
    if (status !== 429 && status < 500) budget.answered(call.budget, sentAt);
    if (failure !== undefined && (status === 401 || failure.kind === 'subscriptionNotFound')) {
      throw this.#denied(failure, status, ids);
    }
    if (status !== 408 && status !== 429 && status < 500) denial.granted();
    if (status === 200 && call.writeId !== undefined) this.#options.ownWrites?.tookEffect(call.writeId);
    if (failure === undefined) return parsed(call, answer, ids);
    if (call.missing !== undefined && isRuntimeMissing(refusal)) return call.missing();
    if (failure.kind === 'throttled') {
      budget.throttled(call.budget, failure.retryAfterMs);
      throw new AzureFailure(budget.blocking(call.budget, caller.maxWaitMs) ?? failure, { ids });
    }
    if (status === 408 || status >= 500) throw new TransientFailure(failure, { ids });
    throw new AzureFailure(failure, { ids });
  }

  #denied(failure: Failure, status: number, ids: RequestIds | undefined): Denied {
    const { clock, denial, tokens } = this.#options;
    const repeated = { since: wallTime(clock, denial.refused()), ...tokens.began };
    const isDated = failure.kind === 'credentialsInvalid' || failure.kind === 'subscriptionNotFound';
    const Kind = status === 401 ? RefusedToken : Denied;
    return new Kind(isDated ? { ...failure, ...repeated } : failure, (caller) => void denial.wait(caller), ids);
  }

  get #metrics(): AzureMetrics {
    return this.#options.metrics ?? NO_METRICS;
  }
}

interface Sent {
  readonly caller: CallContext;
  readonly sentAt: number;
}

/** An attempt before this one may have taken effect. */
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

/** The raw answer, also when the SDK rejects because of it. */
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
