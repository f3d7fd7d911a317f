/** The kubeconfig, with one pool of connections for all requests. */
import type { AgentOptions } from 'node:https';
import { type Cluster, HttpMethod, KubeConfig, RequestContext } from '@kubernetes/client-node';
import { Agent, type Dispatcher } from 'undici';

export interface PoolOptions {
  /** How long the server may take until the headers of its answer, in milliseconds. */
  readonly headersTimeoutMs: number;
  readonly userAgent: string;
}

/**
 * A kubeconfig whose requests share one pool of connections. The library makes a new pool, hence a new TLS connection, for
 * every request.
 *
 * A change of the CA or the client certificate replaces the pool, so that rotated files take effect; requests under way
 * finish on the old pool.
 */
export class PooledKubeConfig extends KubeConfig {
  readonly #options: PoolOptions;
  #pool: { readonly material: string; readonly dispatcher: Dispatcher } | undefined;
  #retired = new Set<Dispatcher>();

  constructor(options: PoolOptions) {
    super();
    this.#options = options;
    // Private only in the library's types, so a subclass cannot declare it.
    Object.defineProperty(this, 'createDispatcher', {
      value: (cluster: Cluster | null, tls: AgentOptions) => this.#shared(cluster, tls),
    });
    this.#withoutHttp2();
  }

  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    await super.applySecurityAuthentication(context);
    context.setHeaderParam('User-Agent', this.#options.userAgent);
  }

  /**
   * HTTP/1.1 only: undici's HTTP/2 throws an error that no code can catch when a connection idles after one of its streams
   * was aborted (8.12.4, tried).
   */
  #withoutHttp2(): void {
    // biome-ignore lint/complexity/useLiteralKeys: as in #create
    const original = KubeConfig.prototype['createDispatcherOptions'];
    Object.defineProperty(this, 'createDispatcherOptions', {
      value: (...args: Parameters<typeof original>) => {
        const options = original.apply(this, args);
        return 'connect' in options ? { ...options, connect: { ...options.connect, allowH2: false } } : options;
      },
    });
  }

  /** The URL, the headers that authenticate, and the connections of a request to this path. */
  async prepare(path: string, query: Readonly<Record<string, unknown>>) {
    const url = new URL(`${this.getCurrentCluster()?.server}${path}`);
    for (const [key, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(key, String(value));
    }
    // Nothing here depends on the method.
    const context = new RequestContext(url.href, HttpMethod.GET);
    await this.applySecurityAuthentication(context);
    const dispatcher = context.getDispatcher();
    if (dispatcher === undefined) throw new Error('the kubeconfig gives a request no connections to use');
    return { url, headers: context.getHeaders(), dispatcher };
  }

  /** Closes every connection, whatever is under way. */
  async close(): Promise<void> {
    const dispatchers = [...this.#retired, ...(this.#pool === undefined ? [] : [this.#pool.dispatcher])];
    this.#pool = undefined;
    this.#retired.clear();
    await Promise.all(dispatchers.map((dispatcher) => dispatcher.destroy()));
  }

  #shared(cluster: Cluster | null, tls: AgentOptions): Dispatcher {
    const material = materialOf(cluster, tls);
    if (this.#pool?.material === material) return this.#pool.dispatcher;
    if (this.#pool !== undefined) this.#retire(this.#pool.dispatcher);
    this.#pool = { material, dispatcher: this.#create(cluster, tls) };
    return this.#pool.dispatcher;
  }

  #retire(dispatcher: Dispatcher): void {
    this.#retired.add(dispatcher);
    const forget = () => void this.#retired.delete(dispatcher);
    dispatcher.close().then(forget, forget);
  }

  #create(cluster: Cluster | null, tls: AgentOptions): Dispatcher {
    // biome-ignore lint/complexity/useLiteralKeys: the only spelling by which TypeScript lets a private method be called
    const dispatcher = KubeConfig.prototype['createDispatcher'].call(this, cluster, tls) ?? new Agent();
    const { headersTimeoutMs } = this.#options;
    // The body has no limit unless the request sets one: a watch does, and every other is limited as a whole.
    const limit: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (request, handler) =>
      dispatch({ bodyTimeout: 0, ...request, headersTimeout: headersTimeoutMs }, handler);
    return dispatcher.compose(limit);
  }
}

/** Equal for requests that can share connections. */
function materialOf(cluster: Cluster | null, tls: AgentOptions): string {
  const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = tls;
  const parts = [cluster?.server, cluster?.proxyUrl, ca, cert, key, pfx, passphrase, rejectUnauthorized, servername];
  return parts.map((part) => String(part ?? '')).join('\0');
}

/**
 * Loads the first of these that exists: the file given, the files in `KUBECONFIG`, the service account of the pod, the
 * user's own kubeconfig.
 *
 * @throws Error that says what to set when none exists, or it names no cluster.
 */
export function loadKubeConfig(
  file: string | undefined,
  options: PoolOptions,
  select: (config: KubeConfig) => void = () => {},
): PooledKubeConfig {
  const config = new PooledKubeConfig(options);
  if (file !== undefined) config.loadFromFile(file);
  else if (!process.env.KUBECONFIG && process.env.KUBERNETES_SERVICE_HOST) config.loadFromCluster();
  else config.loadFromDefault();
  select(config);
  // The fallback of loadFromDefault when it has found nothing.
  if (
    config.getCurrentCluster()?.server === 'http://localhost:8080' &&
    config.getCurrentContext() === 'loaded-context'
  ) {
    throw new Error('no Kubernetes cluster is configured: set KUBECONFIG, or run in a pod with a service account');
  }
  if (config.getCurrentCluster() === null) {
    throw new Error(`the kubeconfig has no cluster for its current-context "${config.getCurrentContext() ?? ''}"`);
  }
  return config;
}
