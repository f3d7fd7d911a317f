/** The transport below the SDK: connections that are checked before their first use, and answers of bounded length. */
import { Agent } from 'node:https';
import type { Duplex } from 'node:stream';
import {
  createDefaultHttpClient,
  type HttpClient,
  type PipelinePolicy,
  type PipelineRequest,
  RestError,
} from '@azure/core-rest-pipeline';
import { malformed } from './parse.ts';

type Created = Parameters<Agent['createConnection']>[1];

/**
 * Gives a request its connection only once that is established, and only if `mayUse` returns true at that moment. Node's own
 * agent hands the connection out before. Then a request that was allowed when it began is sent once the connection is
 * there: long after, if the process was suspended meanwhile.
 */
class CheckedAgent extends Agent {
  readonly #mayUse: () => boolean;

  constructor(mayUse: () => boolean) {
    // As the SDK's own.
    super({ keepAlive: true });
    this.#mayUse = mayUse;
  }

  override createConnection(options: Parameters<Agent['createConnection']>[0], created?: Created): undefined {
    const socket = super.createConnection(options) as Duplex;
    const settle = (error: Error | null): void => {
      socket.off('secureConnect', onConnect);
      socket.off('error', settle);
      socket.off('close', onClose);
      created?.(error, socket);
    };
    const onConnect = (): void => {
      const refusal = this.#mayUse() ? null : new Error('nothing may be sent any more');
      settle(refusal);
      if (refusal !== null) socket.destroy();
    };
    const onClose = (): void => settle(new Error('the connection was closed while it was made'));
    socket.once('secureConnect', onConnect);
    socket.once('error', settle);
    socket.once('close', onClose);
  }
}

/** The SDK's own transport over checked connections; connections to a proxy are not checked. */
export function checkedTransport(mayUse: () => boolean): HttpClient {
  const transport = createDefaultHttpClient();
  const agent = new CheckedAgent(mayUse);
  return {
    sendRequest: (request) => {
      request.agent ??= agent;
      return transport.sendRequest(request);
    },
  };
}

/**
 * Aborts a request while its answer is received, once that is longer than so many bytes, decompressed: it would fill the
 * memory. Such an answer counts as malformed, and is not retried at once. It must be the innermost policy that reads answers.
 * The `timeout` of a request ends with the headers of its answer: bound it by `abortSignal`.
 *
 * Two designs: (a) `onDownloadProgress`, for which the SDK pipes every answer through one more stream: 8 % of what a poll takes of
 * the CPU (measured); (b) this one: the SDK hands the stream over, and it is read here.
 */
export function boundedAnswers(maxBytes: number): PipelinePolicy {
  return {
    name: 'boundedAnswers',
    async sendRequest(request, next) {
      request.streamResponseStatusCodes = EVERY_STATUS;
      const response = await next(request);
      const { readableStreamBody: stream } = response;
      if (stream === undefined) return response;
      delete response.readableStreamBody;
      response.bodyAsText = await textOf(stream, maxBytes, request);
      return response;
    },
  };
}

/** Infinity has the transport hand over every answer as a stream. Other policies look for the status itself, so they still find a text (source of the SDK). */
const EVERY_STATUS = new Set([Number.POSITIVE_INFINITY]);

/** @throws AzureFailure for too long a text; RestError, as the SDK does, when the answer breaks off; AbortError */
async function textOf(stream: AsyncIterable<unknown>, maxBytes: number, request: PipelineRequest): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream) {
      const bytes = chunk as Buffer;
      length += bytes.length;
      // Leaving the loop ends the stream, and with it the connection.
      if (length > maxBytes) break;
      chunks.push(bytes);
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') throw error;
    const problem = error instanceof Error ? error.message : String(error);
    throw new RestError(`Error reading response as text: ${problem}`, { code: RestError.PARSE_ERROR, request });
  }
  if (length > maxBytes) throw malformed(`it is longer than ${maxBytes / 2 ** 20} MiB`);
  return Buffer.concat(chunks).toString('utf8');
}
