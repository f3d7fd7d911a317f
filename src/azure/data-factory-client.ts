import { DataFactoryManagementClient } from '@azure/arm-datafactory';
import {
  bearerTokenAuthenticationPolicyName,
  defaultRetryPolicy,
  type HttpClient,
  type PipelinePolicy,
  redirectPolicyName,
} from '@azure/core-rest-pipeline';
import type { JsonObject } from '../core/runtime.ts';
import type { TokenSource } from './tokens.ts';

export interface ClientOptions {
  readonly endpoint: string;
  readonly tokens: TokenSource;
  /** The transport; the SDK's own when absent. */
  readonly httpClient?: HttpClient | undefined;
}

/**
 * The SDK's client of one subscription, changed in three points: it does not retry (`retry.ts` does, and counts), it does
 * not follow redirects (ARM sends none here, and the token is for nobody else), and its tokens come from `tokens`.
 */
export function createClient(subscriptionId: string, { endpoint, tokens, httpClient }: ClientOptions) {
  const credential = { getToken: () => Promise.reject(new Error('tokens come from the policy')) };
  const client = new DataFactoryManagementClient(credential, subscriptionId, {
    endpoint,
    userAgentOptions: { userAgentPrefix: 'azure-ir-operator' },
    ...(httpClient === undefined ? {} : { httpClient }),
  });
  for (const name of [defaultRetryPolicy().name, redirectPolicyName, bearerTokenAuthenticationPolicyName]) {
    client.pipeline.removePolicy({ name });
  }
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

type OperationSpec = Parameters<DataFactoryManagementClient['sendOperationRequest']>[1];
type Options = NonNullable<Parameters<DataFactoryManagementClient['integrationRuntimes']['get']>[3]>;

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

const RUNTIME =
  '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.DataFactory/factories/{factoryName}/integrationRuntimes/{integrationRuntimeName}';
type RuntimePath = readonly [resourceGroup: string, factory: string, runtime: string];

/** A request about one runtime, with the body that `resource` is. */
const ON_RUNTIME = {
  responses: { default: {} },
  requestBody: {
    parameterPath: 'resource',
    mapper: { serializedName: 'resource', required: true, type: { name: 'any' } },
  },
  queryParameters: [{ parameterPath: 'apiVersion', mapper: { ...text, serializedName: 'api-version' } }],
  urlParameters: ['subscriptionId', 'resourceGroupName', 'factoryName', 'integrationRuntimeName'].map(inPath),
  headerParameters: [
    {
      parameterPath: 'accept',
      mapper: { ...text, defaultValue: 'application/json', isConstant: true, serializedName: 'Accept' },
    },
  ],
  mediaType: 'json',
  serializer: VERBATIM,
} satisfies Partial<OperationSpec>;

/**
 * `createOrUpdate` of the SDK without its serialiser, which drops what it does not know below `managedVirtualNetwork` and
 * moves `computeProperties` (tried): somebody else's fields would be erased.
 */
const PUT: OperationSpec = { ...ON_RUNTIME, path: RUNTIME, httpMethod: 'PUT' };

/** Documented; this version of the SDK has no method for it. */
const ENABLE_INTERACTIVE_QUERY: OperationSpec = {
  ...ON_RUNTIME,
  path: `${RUNTIME}/enableInteractiveQuery`,
  httpMethod: 'POST',
};

/** Sends exactly `{properties: document}`. */
export function putDocument(
  client: DataFactoryManagementClient,
  path: RuntimePath,
  document: JsonObject,
  options: Options,
): Promise<unknown> {
  return send(client, PUT, path, { properties: document }, options);
}

/** Azure answers 202 and goes on by itself: getStatus tells how. */
export function postEnableInteractiveQuery(
  client: DataFactoryManagementClient,
  path: RuntimePath,
  autoTerminationMinutes: number,
  options: Options,
): Promise<unknown> {
  return send(client, ENABLE_INTERACTIVE_QUERY, path, { autoTerminationMinutes }, options);
}

function send(
  client: DataFactoryManagementClient,
  operation: OperationSpec,
  [resourceGroupName, factoryName, integrationRuntimeName]: RuntimePath,
  resource: JsonObject,
  options: Options,
): Promise<unknown> {
  const args = { resourceGroupName, factoryName, integrationRuntimeName, resource, options };
  return client.sendOperationRequest(args, operation);
}
