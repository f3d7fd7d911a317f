import {
  type ApiConstructor,
  type ApiType,
  type ConfigurationOptions,
  Observable,
  type ObservableMiddleware,
  setHeaderOptions,
  Watch,
} from '@kubernetes/client-node';
import { loadKubeConfig, type PooledKubeConfig } from './config.ts';
import { type KubeError, toKubeError } from './errors.ts';
import { HTTP } from './http.ts';

export interface KubeClientOptions {
  /** Path of a kubeconfig; default: see `loadKubeConfig`. */
  readonly kubeconfig?: string;
  /** How long a request may take in all, and the opening of a watch; milliseconds, default 30 s. */
  readonly requestTimeoutMs?: number;
  /** How the requests introduce themselves. */
  readonly userAgent?: string;
  /** Told of every answer, for metrics; `<error>` is the code when there was none. */
  readonly onResponse?: (response: { method: string; code: string; host: string }) => void;
}

/** Options of one call, to be handed to the API class. */
export type CallOptions = ConfigurationOptions<ObservableMiddleware>;

export interface WatchRequest {
  readonly path: string;
  readonly query: Record<string, string | number | boolean | undefined>;
  /** The stream counts as dead when nothing at all has come for so long; milliseconds, above the server's own limit. */
  readonly silenceMs: number;
}

export interface StreamListener {
  /** The server has agreed; what follows are lines, perhaps none for long. */
  opened(): void;
  line(type: unknown, object: unknown): void;
}

/**
 * The API server, over one pool of connections. Requests end with a `KubeError`, or with the reason of their signal
 * when that aborts; none is tried twice.
 */
export interface KubeClient {
  /** Of the pod, or of the kubeconfig's context; undefined when that names none. */
  readonly namespace: string | undefined;
  /** One of the library's API classes; its calls go through `call`. */
  api<T extends ApiType>(type: ApiConstructor<T>): T;
  /** Makes one call, limited in time. `contentType` tells the server what kind of patch the body is. */
  call<T>(signal: AbortSignal, send: (options: CallOptions) => Promise<T>, contentType?: string): Promise<T>;
  /** Resolves when the server ends the stream. The listener is told nothing more once the promise is settled. */
  watch(request: WatchRequest, listener: StreamListener, signal: AbortSignal): Promise<void>;
  /** Cuts every connection; what is under way fails. */
  close(): Promise<void>;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** How much longer than the server's own limit a silent watch is believed in, in milliseconds. */
export const WATCH_GRACE_MS = 30_000;

/** @throws Error when no cluster is configured. Connects to nothing yet. */
export function createKubeClient(options: KubeClientOptions = {}): KubeClient {
  const timeoutMs = options.requestTimeoutMs ?? DEFAULT_TIMEOUT_MS;
  const userAgent = options.userAgent ?? 'azure-ir-operator';
  const config = loadKubeConfig(options.kubeconfig, { headersTimeoutMs: timeoutMs, userAgent });
  return new PooledClient(config, timeoutMs, userAgent, options.onResponse ?? (() => {}));
}

class PooledClient implements KubeClient {
  readonly #config: PooledKubeConfig;
  readonly #timeoutMs: number;
  readonly #userAgent: string;
  readonly #onResponse: NonNullable<KubeClientOptions['onResponse']>;
  readonly #host: string;
  readonly namespace: string | undefined;

  constructor(
    config: PooledKubeConfig,
    timeoutMs: number,
    userAgent: string,
    onResponse: NonNullable<KubeClientOptions['onResponse']>,
  ) {
    this.#config = config;
    this.#timeoutMs = timeoutMs;
    this.#userAgent = userAgent;
    this.#onResponse = onResponse;
    this.#host = new URL(config.getCurrentCluster()?.server ?? '').host;
    this.namespace = config.getContextObject(config.getCurrentContext())?.namespace?.trim() || undefined;
  }

  api<T extends ApiType>(type: ApiConstructor<T>): T {
    return this.#config.makeApiClient(type);
  }

  async call<T>(signal: AbortSignal, send: (options: CallOptions) => Promise<T>, contentType?: string): Promise<T> {
    signal.throwIfAborted();
    const call = this.#middleware(AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]));
    const options: CallOptions = { httpApi: HTTP, middleware: [call.middleware], middlewareMergeStrategy: 'append' };
    try {
      return await send(contentType === undefined ? options : setHeaderOptions('Content-Type', contentType, options));
    } catch (error) {
      if (!call.answered()) this.#count(call.method(), '<error>');
      if (signal.aborted) throw signal.reason;
      throw toKubeError(error);
    }
  }

  watch({ path, query, silenceMs }: WatchRequest, listener: StreamListener, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const watch = new Watch(this.#config);
    // Private in the library's types, though it has no other way to set it; its default ends a quiet watch after 30 s.
    Object.assign(watch, { requestTimeoutMs: silenceMs });
    return new Promise((resolve, reject) => {
      let settled = false;
      let connection: AbortController | undefined;
      const settle = (outcome: () => void, code: string): void => {
        if (settled) return;
        settled = true;
        signal.removeEventListener('abort', onAbort);
        connection?.abort();
        this.#count('WATCH', code);
        outcome();
      };
      const fail = (problem: KubeError) =>
        settle(() => reject(problem), problem.status === 0 ? '<error>' : String(problem.status));
      const onAbort = () => settle(() => reject(signal.reason), '200');
      const onEnd = (error: unknown) => (error ? fail(toKubeError(error)) : settle(resolve, '200'));
      signal.addEventListener('abort', onAbort, { once: true });
      const onLine = (type: unknown, object: unknown) => {
        if (!settled) listener.line(type, object);
      };
      watch.watch(path, query, onLine, onEnd).then((controller) => {
        connection = controller;
        // The library hands out the connection only after the answer's headers: the end may have come before.
        if (settled) controller.abort();
        else listener.opened();
      }, onEnd);
    });
  }

  close(): Promise<void> {
    return this.#config.close();
  }

  #count(method: string, code: string): void {
    this.#onResponse({ method, code, host: this.#host });
  }

  #middleware(signal: AbortSignal) {
    let answered = false;
    let method = '';
    const middleware: ObservableMiddleware = {
      pre: (request) => {
        method = request.getHttpMethod();
        request.setSignal(signal);
        request.setHeaderParam('User-Agent', this.#userAgent);
        return new Observable(Promise.resolve(request));
      },
      post: (response) => {
        answered = true;
        this.#count(method, String(response.httpStatusCode));
        return new Observable(Promise.resolve(response));
      },
    };
    return { middleware, answered: () => answered, method: () => method };
  }
}
