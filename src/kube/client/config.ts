import type { AgentOptions } from 'node:https';
import { type Cluster, HttpMethod, KubeConfig, RequestContext } from '@kubernetes/client-node';
import { Agent, type Dispatcher } from 'undici';

export interface PoolOptions {
  /** How long the headers of an answer may take, in milliseconds. */
  readonly headersTimeoutMs: number;
  readonly userAgent: string;
}

/**
 * A kubeconfig whose requests share one pool of connections. The library's own makes a new pool, hence a new TLS
 * connection, for every request.
 *
 * The pool is replaced when the CA or the client certificate changes, so that rotated files take effect; requests
 * under way on the old one are let finish.
 */
export class PooledKubeConfig extends KubeConfig {
  readonly #options: PoolOptions;
  #pool: { readonly material: string; readonly dispatcher: Dispatcher } | undefined;
  #retired = new Set<Dispatcher>();

  constructor(options: PoolOptions) {
    super();
    this.#options = options;
    // Private in the library's types only, so a subclass cannot declare it.
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
   * Undici's HTTP/2 throws where nobody can catch it when a connection idles on which a stream was cut (8.12.4, tried):
   * HTTP/1.1 it is.
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

  /** Where a request to this path goes, with what it proves who asks, and over which connections. */
  async prepare(path: string, query: Readonly<Record<string, unknown>>) {
    const url = new URL(`${this.getCurrentCluster()?.server}${path}`);
    for (const [key, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(key, String(value));
    }
    // Of the method nothing depends here.
    const context = new RequestContext(url.href, HttpMethod.GET);
    await this.applySecurityAuthentication(context);
    const dispatcher = context.getDispatcher();
    if (dispatcher === undefined) throw new Error('the kubeconfig gives a request no connections to use');
    return { url, headers: context.getHeaders(), dispatcher };
  }

  /** Cuts every connection. */
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

/** Equal for two requests that can share connections. */
function materialOf(cluster: Cluster | null, tls: AgentOptions): string {
  const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = tls;
  const parts = [cluster?.server, cluster?.proxyUrl, ca, cert, key, pfx, passphrase, rejectUnauthorized, servername];
  return parts.map((part) => String(part ?? '')).join('\0');
}

/**
 * Loads, the first that there is: the file given, the files that `KUBECONFIG` names, the service account of the pod,
 * the user's own kubeconfig.
 *
 * @throws Error that says what to set when there is none, or none that names a cluster.
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
  // What loadFromDefault falls back to when it has found nothing.
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
