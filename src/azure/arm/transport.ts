import { Agent } from 'node:https';
import type { Duplex } from 'node:stream';
import { createDefaultHttpClient, type HttpClient, type PipelinePolicy } from '@azure/core-rest-pipeline';
import { malformed } from './parse.ts';

type Created = Parameters<Agent['createConnection']>[1];

/**
 * Gives a request its connection only once that is made, and only if `mayUse` says so at that moment. Node's own agent hands
 * it out before, so that what was allowed when it began is sent when the connection is there: long after, if the process was
 * suspended meanwhile.
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

/** The SDK's own transport, over connections that are used only if `mayUse` says so when they are made; a proxy's are not asked about. */
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
 * Ends a request whose answer does not end, while it comes: what is longer than so many bytes, decompressed, is not kept in
 * memory. It is as if the answer made no sense, and is not asked for again at once.
 */
export function boundedAnswers(mostBytes: number): PipelinePolicy {
  return {
    name: 'boundedAnswers',
    async sendRequest(request, next) {
      let isTooLong = false;
      request.onDownloadProgress = ({ loadedBytes }) => {
        if (loadedBytes <= mostBytes) return;
        isTooLong = true;
        // Ends the stream, and with it the connection.
        throw new Error('the answer is too long');
      };
      try {
        return await next(request);
      } catch (error) {
        throw isTooLong ? malformed(`it is longer than ${mostBytes / 2 ** 20} MiB`) : error;
      }
    },
  };
}
