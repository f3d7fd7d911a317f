import { type OperationOptions, type OperationSpec, ServiceClient } from '@azure/core-client';
import {
  bearerTokenAuthenticationPolicyName,
  defaultRetryPolicy,
  type HttpClient,
  type PipelinePolicy,
  redirectPolicyName,
} from '@azure/core-rest-pipeline';
import { ARM_TYPES, type JsonObject, type Parent } from '../core/runtime.ts';
import type { TokenSource } from './tokens.ts';

export interface ClientOptions {
  readonly subscriptionId: string;
  readonly endpoint: string;
  readonly tokens: TokenSource;
  /** The transport; the SDK's own when absent. */
  readonly httpClient?: HttpClient | undefined;
}

/** What the SDK's operations are called with. */
export type SdkOptions = OperationOptions;

/**
 * The client that the SDKs of all services are made of, changed in two points: it does not retry (`retry.ts` does, and
 * counts), and it does not follow redirects (ARM sends none here, and the token is for nobody else). Its tokens come from
 * `tokens`.
 */
function createClient({ endpoint, tokens, httpClient }: ClientOptions): ServiceClient {
  const client = new ServiceClient({
    endpoint,
    requestContentType: 'application/json; charset=utf-8',
    userAgentOptions: { userAgentPrefix: 'azure-ir-operator' },
    ...(httpClient === undefined ? {} : { httpClient }),
  });
  for (const name of [defaultRetryPolicy().name, redirectPolicyName]) client.pipeline.removePolicy({ name });
  client.pipeline.addPolicy(bearerPolicy(tokens));
  return client;
}

function bearerPolicy(tokens: TokenSource): PipelinePolicy {
  return {
    name: bearerTokenAuthenticationPolicyName,
    async sendRequest(request, next) {
      if (new URL(request.url).protocol !== 'https:') throw new Error('a bearer token goes over https only');
      const token = await tokens.get();
      request.headers.set('Authorization', `Bearer ${token}`);
      const response = await next(request);
      if (response.status === 401) tokens.invalidate(token);
      return response;
    },
  };
}

/** Lets everything through as it is. */
const VERBATIM: OperationSpec['serializer'] = {
  modelMappers: {},
  isXML: false,
  serialize: (_mapper, value) => value,
  deserialize: (_mapper, value) => value,
  validateConstraints: () => {},
};

const text = { type: { name: 'String' } } as const;
const inPath = (name: string) => ({ parameterPath: name, mapper: { ...text, serializedName: name } });

/** An operation as the SDKs describe theirs, without a (de)serialiser. */
function plain(httpMethod: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, hasBody = false): OperationSpec {
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  return {
    path,
    httpMethod,
    responses: { default: {} },
    ...(hasBody ? { requestBody: BODY, mediaType: 'json' } : {}),
    queryParameters: [{ parameterPath: 'version', mapper: { ...text, serializedName: 'api-version' } }],
    urlParameters: parameters.map(inPath),
    headerParameters: [ACCEPT],
    serializer: VERBATIM,
  };
}

const BODY: NonNullable<OperationSpec['requestBody']> = {
  parameterPath: 'resource',
  mapper: { serializedName: 'resource', required: true, type: { name: 'any' } },
};
const ACCEPT: NonNullable<OperationSpec['headerParameters']>[number] = {
  parameterPath: 'accept',
  mapper: { ...text, defaultValue: 'application/json', isConstant: true, serializedName: 'Accept' },
};

/** Resource group, parent, runtime. */
export type RuntimePath = readonly [string, string, string];

/**
 * Requests about the factories or workspaces of one subscription and what is in them, sent exactly as they are given, and
 * answered with what `onResponse` is told.
 *
 * Of the SDKs `@azure/arm-datafactory` and `@azure/arm-synapse` this takes the client that both are built on, and not
 * what is generated for each of them. That drops what it does not know, below `managedVirtualNetwork` for one, and moves
 * `computeProperties` (tried), so that somebody else's fields would be erased; it polls for what goes on after a 202; and
 * it describes a hundred other types: 0.9 MB of code, about 20 MB of memory.
 */
export class ArmClient {
  readonly #client: ServiceClient;
  readonly #subscriptionId: string;
  readonly #version: string;
  readonly #specs: ReturnType<typeof specsOf>;

  /** `version` is that of the API. */
  constructor(parent: Parent['kind'], version: string, options: ClientOptions) {
    this.#client = createClient(options);
    this.#subscriptionId = options.subscriptionId;
    this.#version = version;
    this.#specs = specsOf(parent);
  }

  /** The factory or workspace itself. */
  parent(resourceGroup: string, parent: string, options: SdkOptions): Promise<unknown> {
    return this.#send(this.#specs.parent, { resourceGroup, parent }, options);
  }

  /** The first page of its runtimes. */
  list(resourceGroup: string, parent: string, options: SdkOptions): Promise<unknown> {
    return this.#send(this.#specs.list, { resourceGroup, parent }, options);
  }

  /** A link of ARM's own making. */
  next(nextLink: string, options: SdkOptions): Promise<unknown> {
    return this.#send(this.#specs.next, { nextLink }, options);
  }

  get(path: RuntimePath, options: SdkOptions): Promise<unknown> {
    return this.#send(this.#specs.get, named(path), options);
  }

  status(path: RuntimePath, options: SdkOptions): Promise<unknown> {
    return this.#send(this.#specs.status, named(path), options);
  }

  /** `{properties: document}`. */
  put(path: RuntimePath, document: JsonObject, options: SdkOptions): Promise<unknown> {
    return this.#send(this.#specs.put, { ...named(path), resource: { properties: document } }, options);
  }

  delete(path: RuntimePath, options: SdkOptions): Promise<unknown> {
    return this.#send(this.#specs.delete, named(path), options);
  }

  /**
   * Azure answers 202 and goes on by itself: getStatus tells how. The SDK of Data Factory has no method for it, and that of
   * Synapse gives it no body: that Synapse takes the same one is inferred.
   */
  enableInteractiveQuery(path: RuntimePath, autoTerminationMinutes: number, options: SdkOptions): Promise<unknown> {
    return this.#send(this.#specs.enable, { ...named(path), resource: { autoTerminationMinutes } }, options);
  }

  /** The first page of its managed virtual networks. */
  networks(resourceGroup: string, parent: string, options: SdkOptions): Promise<unknown> {
    return this.#send(this.#specs.networks, { resourceGroup, parent }, options);
  }

  putNetwork(resourceGroup: string, parent: string, network: string, options: SdkOptions): Promise<unknown> {
    const args = { resourceGroup, parent, network, resource: { properties: {} } };
    return this.#send(this.#specs.putNetwork, args, options);
  }

  #send(spec: OperationSpec, args: Record<string, unknown>, options: SdkOptions): Promise<unknown> {
    const common = { subscriptionId: this.#subscriptionId, version: this.#version };
    return this.#client.sendOperationRequest({ ...common, ...args, options }, spec);
  }
}

function specsOf(kind: Parent['kind']) {
  const parent = `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/${ARM_TYPES[kind]}/{parent}`;
  const runtime = `${parent}/integrationRuntimes/{runtime}`;
  const { queryParameters: _, ...next } = plain('GET', '{nextLink}');
  return {
    parent: plain('GET', parent),
    list: plain('GET', `${parent}/integrationRuntimes`),
    next: { ...next, urlParameters: [{ ...inPath('nextLink'), skipEncoding: true }] },
    get: plain('GET', runtime),
    status: plain('POST', `${runtime}/getStatus`),
    put: plain('PUT', runtime, true),
    delete: plain('DELETE', runtime),
    enable: plain('POST', `${runtime}/enableInteractiveQuery`, true),
    networks: plain('GET', `${parent}/managedVirtualNetworks`),
    putNetwork: plain('PUT', `${parent}/managedVirtualNetworks/{network}`, true),
  };
}

function named([resourceGroup, parent, runtime]: RuntimePath): Record<string, string> {
  return { resourceGroup, parent, runtime };
}
