/** What carries requests to Azure Resource Manager: one request, one answer, nothing repeated. */
import {
  createDefaultHttpClient,
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  decompressResponsePolicy,
  type HttpClient,
  proxyPolicy,
} from '@azure/core-rest-pipeline';
import { boundedAnswers } from '../../azure/arm/transport.ts';
import type { TokenSource } from '../../azure/identity/tokens.ts';
import type { Answer, Ask } from './assumptions/site.ts';

export interface WireRequest {
  readonly method: Ask['method'];
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** In place of the token. */
  readonly authorization: string | undefined;
}

export interface Wire {
  /** @throws whatever the connection throws, or the reason of the signal */
  send(request: WireRequest, signal: AbortSignal): Promise<Answer>;
}

const TIMEOUT_MS = 60_000;
const MAX_BYTES = 16 * 2 ** 20;

/** No retries and no redirects: what happened is what is recorded. */
export function azureWire(
  endpoint: string,
  tokens: Pick<TokenSource, 'get'>,
  client: HttpClient = createDefaultHttpClient(),
  timeoutMs = TIMEOUT_MS,
): Wire {
  const origin = new URL(endpoint).origin;
  const pipeline = createEmptyPipeline();
  for (const policy of [proxyPolicy(), decompressResponsePolicy(), boundedAnswers(MAX_BYTES)]) {
    pipeline.addPolicy(policy);
  }
  return {
    async send({ method, url, headers, body, authorization }, signal) {
      // Another host would get our token.
      if (new URL(url).origin !== origin) throw new Error(`the answer leads to another host: ${new URL(url).origin}`);
      const request = createPipelineRequest({
        url,
        method,
        abortSignal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        headers: createHttpHeaders({
          accept: 'application/json',
          'user-agent': 'azure-ir-operator-probe',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
          authorization: authorization ?? `Bearer ${await tokens.get(signal)}`,
        }),
        ...(body === undefined ? {} : { body }),
      });
      const response = await pipeline.sendRequest(client, request);
      return { status: response.status, headers: response.headers.toJSON(), text: response.bodyAsText ?? '' };
    },
  };
}
