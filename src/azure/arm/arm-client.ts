/** The SDK's clients, made to send exactly what they are given, and never to retry. */
import type { DataFactoryManagementClient } from '@azure/arm-datafactory';
import type { TokenCredential } from '@azure/core-auth';
import {
  bearerTokenAuthenticationPolicyName,
  defaultRetryPolicy,
  type HttpClient,
  type PipelinePolicy,
  redirectPolicyName,
} from '@azure/core-rest-pipeline';
import { compact } from '../../core/model/compact.ts';
import { ARM_TYPES, type JsonObject, type Parent } from '../../core/model/runtime.ts';
import type { TokenSource } from '../identity/tokens.ts';
import { boundedAnswers } from './transport.ts';

/** The most bytes of one answer. A page of a list has some hundred kilobytes (inferred: ARM splits lists into pages). */
const MAX_BYTES = 16 * 2 ** 20;

export interface ClientOptions {
  readonly endpoint: string;
  readonly tokens: TokenSource;
  /** The transport; the SDK's own when absent. */
  readonly httpClient?: HttpClient | undefined;
}

/** What the clients of all services have in common. */
export type SdkClient = Pick<DataFactoryManagementClient, 'pipeline' | 'sendOperationRequest'>;
/** The options of the SDK's operations. */
export type SdkOptions = NonNullable<Parameters<DataFactoryManagementClient['integrationRuntimes']['get']>[3]>;

type Constructor<T> = new (
  credential: TokenCredential,
  subscriptionId: string,
  options: { endpoint: string; userAgentOptions: { userAgentPrefix: string }; httpClient?: HttpClient },
) => T;

/**
 * The SDK's client of one subscription, changed in four points: it does not retry (`retry.ts` does, and counts); it does
 * not follow redirects (ARM sends none here, and no other host may get the token); its tokens come from `tokens`; and its
 * answers are bounded.
 */
export function createClient<T extends SdkClient>(
  Client: Constructor<T>,
  subscriptionId: string,
  { endpoint, tokens, httpClient }: ClientOptions,
): T {
  const credential = { getToken: () => Promise.reject(new Error('tokens come from the policy')) };
  const client = new Client(credential, subscriptionId, {
    endpoint,
    userAgentOptions: { userAgentPrefix: 'azure-ir-operator' },
    ...compact({ httpClient }),
  });
  for (const name of [defaultRetryPolicy().name, redirectPolicyName, bearerTokenAuthenticationPolicyName]) {
    client.pipeline.removePolicy({ name });
  }
  client.pipeline.addPolicy(bearerPolicy(tokens));
  // In the last phase: all other policies see a text.
  client.pipeline.addPolicy(boundedAnswers(MAX_BYTES), { phase: 'Sign' });
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

type OperationSpec = Parameters<SdkClient['sendOperationRequest']>[1];

/** Changes nothing. */
const VERBATIM: OperationSpec['serializer'] = {
  modelMappers: {},
  isXML: false,
  serialize: (_mapper, value) => value,
  deserialize: (_mapper, value) => value,
  validateConstraints: () => {},
};

const text = { type: { name: 'String' } } as const;
const inPath = (name: string) => ({ parameterPath: name, mapper: { ...text, serializedName: name } });

/** An operation of the SDK without its (de)serialiser and its poller for long-running operations. */
function plain(httpMethod: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string): OperationSpec {
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  return {
    path,
    httpMethod,
    responses: { default: {} },
    ...(httpMethod === 'PUT' || httpMethod === 'POST' ? { requestBody: BODY, mediaType: 'json' } : {}),
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

/** Requests about the runtimes of one type of parent. */
export class PlainRequests {
  readonly #client: SdkClient;
  readonly #version: string;
  readonly #put: OperationSpec;
  readonly #delete: OperationSpec;
  readonly #enable: OperationSpec;
  readonly #next: OperationSpec;

  constructor(client: SdkClient, parent: Parent['kind'], version: string) {
    this.#client = client;
    this.#version = version;
    const runtime = `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/${ARM_TYPES[parent]}/{parentName}/integrationRuntimes/{integrationRuntimeName}`;
    this.#put = plain('PUT', runtime);
    this.#delete = plain('DELETE', runtime);
    this.#enable = plain('POST', `${runtime}/enableInteractiveQuery`);
    const { queryParameters: _, ...next } = plain('GET', '{nextLink}');
    this.#next = { ...next, urlParameters: [{ ...inPath('nextLink'), skipEncoding: true }] };
  }

  /**
   * `{properties: document}`. The SDK's own serialiser drops what it does not know, for example below
   * `managedVirtualNetwork`, and moves `computeProperties` (tried): it would erase the fields of other writers.
   */
  put(path: RuntimePath, document: JsonObject, options: SdkOptions): Promise<unknown> {
    return this.#send(this.#put, { ...named(path), resource: { properties: document } }, options);
  }

  delete(path: RuntimePath, options: SdkOptions): Promise<unknown> {
    return this.#send(this.#delete, named(path), options);
  }

  /**
   * Azure answers 202 and completes it later; getStatus shows the progress. The SDK of Data Factory has no method for it,
   * and that of Synapse sends no body: that Synapse takes the same body is inferred.
   */
  enableInteractiveQuery(path: RuntimePath, autoTerminationMinutes: number, options: SdkOptions): Promise<unknown> {
    return this.#send(this.#enable, { ...named(path), resource: { autoTerminationMinutes } }, options);
  }

  /** A link to the next page, as ARM gave it. */
  next(nextLink: string, options: SdkOptions): Promise<unknown> {
    return this.#send(this.#next, { nextLink }, options);
  }

  #send(spec: OperationSpec, args: Record<string, unknown>, options: SdkOptions): Promise<unknown> {
    return this.#client.sendOperationRequest({ ...args, version: this.#version, options }, spec);
  }
}

function named([resourceGroupName, parentName, integrationRuntimeName]: RuntimePath): Record<string, string> {
  return { resourceGroupName, parentName, integrationRuntimeName };
}
