/** The client of the API server: requests and watches, as they come over the wire. */
import type { KubeConfig } from '@kubernetes/client-node';
import { isObject } from '../../core/model/json.ts';
import { systemClock } from '../../runtime/clock.ts';
import { withDeadline } from '../../runtime/deadline.ts';
import { loadKubeConfig, type PooledKubeConfig } from './config.ts';
import { KubeError, problemOfAnswer, toKubeError } from './errors.ts';
import { exchange } from './http.ts';
import { parseJson } from './raw.ts';

export interface KubeClientOptions {
  /** Path of a kubeconfig; default: see `loadKubeConfig`. */
  readonly kubeconfig?: string;
  /** Chooses another context of it, or another user. */
  readonly select?: (config: KubeConfig) => void;
  /** How long a whole request, or the opening of a watch, may take; milliseconds, default 30 s. */
  readonly requestTimeoutMs?: number;
  /** The `User-Agent` header of all requests. */
  readonly userAgent?: string;
  /** Sent with every request, such as whom to impersonate; a list is a header that is repeated. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Called for every answer, for metrics; without an answer the code is `<error>`. */
  readonly onResponse?: (response: { method: string; code: string; host: string }) => void;
}

/** Undefined values are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** See `pathOf`. */
  readonly path: string;
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** The kind of patch; default `application/json`, which is no patch. */
  readonly contentType?: string;
}

export interface WatchRequest {
  readonly path: string;
  readonly query: Query;
  /** The stream counts as dead after this silence; milliseconds, above the server's own limit. */
  readonly silenceMs: number;
}

export interface StreamListener {
  /** The server has accepted the watch; lines follow, perhaps none for a long time. */
  opened(): void;
  line(type: unknown, object: unknown): void;
}

/**
 * The API server, over one pool of connections. A failed request rejects with `KubeError`, or with the reason of its signal
 * when that aborts; no request is retried.
 *
 * Of the client library this uses the kubeconfig, with its ways to log in. Its generated API classes turn each answer into
 * instances, which we would have to parse all the same, and bring 1.1 MB of code for all kinds; its watch keeps only the
 * status code of a refusal.
 */
export interface KubeClient {
  /** The namespace of the pod, or of the kubeconfig's context; undefined when that names none. */
  readonly namespace: string | undefined;
  /** Makes one request, limited in time; the answer is unparsed. */
  request(request: KubeRequest, signal: AbortSignal): Promise<unknown>;
  /** Resolves when the server ends the stream. The listener is not called any more once the promise is settled. */
  watch(request: WatchRequest, listener: StreamListener, signal: AbortSignal): Promise<void>;
  /** Closes every connection; requests under way fail. */
  close(): Promise<void>;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** How long after the server's own limit a silent watch counts as dead, in milliseconds. */
export const WATCH_GRACE_MS = 30_000;

/** @throws Error when no cluster is configured. Connects to nothing yet. */
export function createKubeClient(options: KubeClientOptions = {}): KubeClient {
  const timeoutMs = options.requestTimeoutMs ?? DEFAULT_TIMEOUT_MS;
  const userAgent = options.userAgent ?? 'azure-ir-operator';
  const config = loadKubeConfig(options.kubeconfig, { headersTimeoutMs: timeoutMs, userAgent }, options.select);
  return new PooledClient(config, timeoutMs, options.onResponse ?? (() => {}), options.headers ?? {});
}

class PooledClient implements KubeClient {
  readonly #config: PooledKubeConfig;
  readonly #timeoutMs: number;
  readonly #onResponse: NonNullable<KubeClientOptions['onResponse']>;
  readonly #host: string;
  readonly #headers: NonNullable<KubeClientOptions['headers']>;
  readonly namespace: string | undefined;

  constructor(
    config: PooledKubeConfig,
    timeoutMs: number,
    onResponse: NonNullable<KubeClientOptions['onResponse']>,
    headers: NonNullable<KubeClientOptions['headers']>,
  ) {
    this.#config = config;
    this.#headers = headers;
    this.#timeoutMs = timeoutMs;
    this.#onResponse = onResponse;
    this.#host = new URL(config.getCurrentCluster()?.server ?? '').host;
    this.namespace = config.getContextObject(config.getCurrentContext())?.namespace?.trim() || undefined;
  }

  async request(request: KubeRequest, signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted();
    const { method, path, query = {}, body, contentType = 'application/json' } = request;
    let answered = false;
    try {
      const { url, headers, dispatcher } = await this.#config.prepare(path, query);
      // Not `AbortSignal.timeout`, whose timer would stay for 30 s after each answer.
      return await withDeadline({ clock: systemClock, ms: this.#timeoutMs, late, signal }, async (cut) => {
        const { status, text } = await exchange({
          url,
          method,
          headers: {
            ...headers,
            ...this.#headers,
            accept: 'application/json',
            ...(body === undefined ? {} : { 'content-type': contentType }),
          },
          body: body === undefined ? null : JSON.stringify(body),
          dispatcher,
          signal: cut,
        });
        answered = true;
        this.#count(method, String(status));
        return readAnswer(status, await text());
      });
    } catch (error) {
      if (!answered) this.#count(method, '<error>');
      if (signal.aborted) throw signal.reason;
      throw toKubeError(error);
    }
  }

  async watch({ path, query, silenceMs }: WatchRequest, listener: StreamListener, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    let code = '200';
    try {
      const prepared = await this.#config.prepare(path, { watch: true, ...query });
      const { url, dispatcher } = prepared;
      const headers = { ...prepared.headers, ...this.#headers };
      const answer = await exchange({ url, method: 'GET', headers, body: null, dispatcher, signal, silenceMs });
      if (answer.status !== 200) throw new KubeError(problemOfAnswer(answer.status, await answer.text()));
      signal.throwIfAborted();
      listener.opened();
      for await (const lines of answer.lines()) for (const line of lines) pass(line, listener, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const problem = toKubeError(error);
      code = problem.status === 0 ? '<error>' : String(problem.status);
      throw problem;
    } finally {
      this.#count('WATCH', code);
    }
  }

  close(): Promise<void> {
    return this.#config.close();
  }

  #count(method: string, code: string): void {
    this.#onResponse({ method, code, host: this.#host });
  }
}

function late(): Error {
  return new DOMException('the API server did not answer in time', 'TimeoutError');
}

function readAnswer(status: number, text: string): unknown {
  if (status < 200 || status > 299) throw new KubeError(problemOfAnswer(status, text));
  const answer = parseJson(text);
  if (answer !== undefined) return answer;
  throw new KubeError({
    status: 0,
    reason: 'BadAnswer',
    message: 'the API server answered with something that is not JSON',
  });
}

/** Skips a line that is not JSON: the next list shows what it would have said. */
function pass(line: string, listener: StreamListener, signal: AbortSignal): void {
  signal.throwIfAborted();
  const event = parseJson(line);
  if (isObject(event)) listener.line(event.type, event.object);
}
