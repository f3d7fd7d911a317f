import type { DataFactoryManagementClient } from '@azure/arm-datafactory';
import { type HttpClient, isRestError, type PipelineResponse } from '@azure/core-rest-pipeline';
import { AzureFailure } from '../core/failure.ts';
import type { FactoryRef, ObservedRuntime, RuntimeDocument, RuntimeId, RuntimeState } from '../core/runtime.ts';
import { type Caller, Superseded } from '../ports.ts';
import type { Clock } from '../runtime/clock.ts';
import { createClient, postEnableInteractiveQuery, putDocument } from './data-factory-client.ts';
import {
  failureOfRefusal,
  failureOfSending,
  failureOfTimeout,
  isRuntimeMissing,
  parseErrorBody,
  type Refusal,
} from './errors.ts';
import { checkNetwork, checkParent, checkRuntimeId } from './ids.ts';
import { type ArmOperation, type AzureMetrics, NO_METRICS } from './metrics.ts';
import { isListed, malformed, type Page, parseJson, parsePage, parseRuntimeOf, parseState } from './parse.ts';
import type { Remote } from './remote.ts';
import type { BudgetKind, RequestBudget } from './request-budget.ts';
import { RETRY, type RetrySettings, TransientFailure, withRetries } from './retry.ts';
import { type TokenSource, unlessAborted } from './tokens.ts';

export interface DataFactoryOptions {
  readonly subscriptionId: string;
  /** Base URL of Azure Resource Manager. */
  readonly endpoint: string;
  readonly tokens: TokenSource;
  readonly budget: RequestBudget;
  readonly clock: Clock;
  readonly metrics?: AzureMetrics;
  /** For one attempt; 60 s when absent. */
  readonly requestTimeoutMs?: number;
  readonly retry?: RetrySettings;
  /** The transport below the SDK's pipeline; the SDK's own when absent. */
  readonly httpClient?: HttpClient;
}

/** What the SDK's operations are called with. */
type Options = NonNullable<Parameters<DataFactoryManagementClient['integrationRuntimes']['get']>[3]>;

interface Call<T> {
  readonly operation: ArmOperation;
  readonly budget: BudgetKind;
  readonly writes: boolean;
  readonly headers?: Record<string, string>;
  send(options: Options): Promise<unknown>;
  /** Makes sense of a 2xx; throws `AzureFailure` when it has none. */
  parse(body: string | undefined | null, status: number): T;
  /** What the runtime's own 404 means to this call; absent when it means nothing. */
  missing?: () => T;
}

/**
 * The integration runtimes of the factories of one subscription, under one identity, over the SDK's client.
 *
 * Documents are what ARM sent, byte for byte as far as JSON tells bytes apart (numbers beyond a double's 53 bits lose
 * digits), and go back the same: the SDK's own (de)serialiser, which drops what it does not know, is not asked.
 */
export class DataFactory implements Remote {
  readonly #client: DataFactoryManagementClient;
  readonly #options: DataFactoryOptions;
  readonly #origin: string;

  constructor(options: DataFactoryOptions) {
    this.#options = options;
    this.#client = createClient(options.subscriptionId, options);
    this.#origin = new URL(options.endpoint).origin;
  }

  async list(parent: FactoryRef, caller: Caller): Promise<readonly ObservedRuntime[]> {
    checkParent(parent);
    const runtimes: ObservedRuntime[] = [];
    const seen = new Set<string>();
    for (let next: string | undefined, more = true; more; more = next !== undefined) {
      const page = await this.#page(parent, next, caller);
      runtimes.push(...page.runtimes);
      next = page.nextLink;
      if (next === undefined) break;
      // A link elsewhere would be given our token.
      if (!URL.canParse(next) || new URL(next).origin !== this.#origin) {
        throw malformed('the link to the next page leads elsewhere');
      }
      if (seen.has(next)) throw malformed('the pages of the list go round in a circle');
      seen.add(next);
    }
    return runtimes;
  }

  #page(parent: FactoryRef, continuationToken: string | undefined, caller: Caller): Promise<Page> {
    return this.#call(caller, {
      operation: 'list',
      budget: 'reads',
      writes: false,
      send: (options) =>
        this.#client.integrationRuntimes
          .listByFactory(parent.resourceGroup, parent.name, options)
          .byPage(continuationToken === undefined ? {} : { continuationToken })
          .next(),
      parse: (body) => parsePage(parseJson(body)),
    });
  }

  async read(id: RuntimeId, caller: Caller): Promise<ObservedRuntime | undefined> {
    checkRuntimeId(id);
    return this.#call<ObservedRuntime | undefined>(caller, {
      operation: 'get',
      budget: 'reads',
      writes: false,
      send: (options) => this.#client.integrationRuntimes.get(...path(id), options),
      parse: (body) => parseRuntimeOf(id, parseJson(body)),
      missing: () => undefined,
    });
  }

  async state(id: RuntimeId, caller: Caller): Promise<RuntimeState | undefined> {
    checkRuntimeId(id);
    return this.#call<RuntimeState | undefined>(caller, {
      operation: 'getStatus',
      // Recorded: this POST spends the reads.
      budget: 'reads',
      writes: false,
      send: (options) => this.#client.integrationRuntimes.getStatus(...path(id), options),
      parse: (body) => parseState(parseJson(body)),
      missing: () => undefined,
    });
  }

  /**
   * `If-None-Match: *` closes the race between our GET and this PUT, if ARM honours it for this type, which is inferred;
   * where it does not, the race stays open as it is for every other client.
   */
  create(id: RuntimeId, document: RuntimeDocument, caller: Caller): Promise<ObservedRuntime> {
    return this.#put('create', id, document, { 'If-None-Match': '*' }, caller);
  }

  /** The etag goes out unquoted, as it came in the body (recorded). */
  update(id: RuntimeId, document: RuntimeDocument, etag: string, caller: Caller): Promise<ObservedRuntime> {
    return this.#put('update', id, document, { 'If-Match': etag }, caller);
  }

  async #put(
    operation: 'create' | 'update',
    id: RuntimeId,
    document: RuntimeDocument,
    headers: Record<string, string>,
    caller: Caller,
  ): Promise<ObservedRuntime> {
    checkRuntimeId(id);
    return this.#call(caller, {
      operation,
      budget: 'writes',
      writes: true,
      headers,
      send: (options) => putDocument(this.#client, path(id), document, options),
      parse: (body) => parseRuntimeOf(id, parseJson(body)),
    });
  }

  async delete(id: RuntimeId, caller: Caller): Promise<void> {
    checkRuntimeId(id);
    return this.#call<void>(caller, {
      operation: 'delete',
      budget: 'deletes',
      writes: true,
      send: (options) => this.#client.integrationRuntimes.delete(...path(id), options),
      parse: (body, status) => {
        if (status !== 200 && status !== 204) throw malformed(`a deletion answered ${status}`);
        // Recorded: the body is empty. A page of some proxy says nothing about the runtime.
        if (body) throw malformed('a deletion answered with a body');
      },
      missing: () => undefined,
    });
  }

  async enableInteractiveAuthoring(id: RuntimeId, minutes: number, caller: Caller): Promise<void> {
    checkRuntimeId(id);
    return this.#call<void>(caller, {
      operation: 'enableInteractiveQuery',
      budget: 'writes',
      writes: true,
      send: (options) => postEnableInteractiveQuery(this.#client, path(id), minutes, options),
      parse: () => {},
    });
  }

  /** By a list, for what it answers where there is none is certain: how a GET of one that is missing is refused is not. */
  async hasNetwork(parent: FactoryRef, name: string, caller: Caller): Promise<boolean> {
    checkNetwork(parent, name);
    return this.#call<boolean>(caller, {
      operation: 'listNetworks',
      budget: 'reads',
      writes: false,
      send: (options) =>
        this.#client.managedVirtualNetworks.listByFactory(parent.resourceGroup, parent.name, options).byPage({}).next(),
      parse: (body) => isListed(parseJson(body), name),
    });
  }

  /** `If-None-Match: *`, so that a network which somebody else is making is left as it is; inferred, as for a runtime. */
  async createNetwork(parent: FactoryRef, name: string, caller: Caller): Promise<void> {
    checkNetwork(parent, name);
    const networks = this.#client.managedVirtualNetworks;
    return this.#call<void>(caller, {
      operation: 'createNetwork',
      budget: 'writes',
      writes: true,
      headers: { 'If-None-Match': '*' },
      send: (options) => networks.createOrUpdate(parent.resourceGroup, parent.name, name, { properties: {} }, options),
      parse: () => {},
    });
  }

  #call<T>(caller: Caller, call: Call<T>): Promise<T> {
    const attempt = async (): Promise<T> => {
      // Before the budget and `mayWrite`: the write goes out right after those were asked, not after a slow authority.
      await this.#options.tokens.get(caller.signal);
      if (call.writes && !caller.mayWrite()) throw new Superseded(`${call.operation} was decided on an older state`);
      this.#options.budget.take(call.budget, caller);
      return this.#interpret(await this.#exchange(caller.signal, call), call);
    };
    return withRetries(() => this.#withFreshToken(attempt), caller.signal, this.#options.retry ?? RETRY);
  }

  /** A token that ARM calls expired was dropped meanwhile: one more attempt with a new one, for nothing has happened yet. */
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

  #interpret<T>(answer: PipelineResponse, call: Call<T>): T {
    const { status } = answer;
    if (status >= 200 && status < 300) return call.parse(answer.bodyAsText, status);
    const refusal = refusalOf(answer);
    if (call.missing !== undefined && isRuntimeMissing(refusal)) return call.missing();
    const failure = failureOfRefusal(refusal, this.#options.clock.now());
    if (failure.kind === 'throttled') this.#options.budget.throttled(call.budget, failure.retryAfterMs);
    if (status === 401 && failure.kind === 'credentialUnavailable') throw new RefusedToken(failure);
    if (status === 408 || status >= 500) throw new TransientFailure(failure);
    throw new AzureFailure(failure);
  }

  get #metrics(): AzureMetrics {
    return this.#options.metrics ?? NO_METRICS;
  }
}

class RefusedToken extends AzureFailure {}

function path({ parent, name }: RuntimeId): [string, string, string] {
  return [parent.resourceGroup, parent.name, name];
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
