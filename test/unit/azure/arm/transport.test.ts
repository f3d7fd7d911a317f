/** Answers without an end, over the SDK's own transport. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import {
  createDefaultHttpClient,
  createEmptyPipeline,
  createPipelineRequest,
  decompressResponsePolicy,
  isRestError,
  type PipelineRequestOptions,
} from '@azure/core-rest-pipeline';
import { afterEach, describe, expect, test } from '@jest/globals';
import { boundedAnswers } from '../../../../src/azure/arm/transport.ts';
import { failureOf } from '../support/rig.ts';

const MOST = 2 ** 20;

let server: Server;

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function ask(
  answer: (response: ServerResponse) => void,
  options: Pick<PipelineRequestOptions, 'abortSignal'> = {},
) {
  server = createServer((_, response) => answer(response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const pipeline = createEmptyPipeline();
  pipeline.addPolicy(decompressResponsePolicy());
  pipeline.addPolicy(boundedAnswers(MOST));
  return pipeline.sendRequest(
    createDefaultHttpClient(),
    createPipelineRequest({ url, allowInsecureConnection: true, ...options }),
  );
}

describe('an answer', () => {
  test('as long as is allowed is read to its end', async () => {
    const { bodyAsText } = await ask((response) => response.end('x'.repeat(MOST)));
    expect(bodyAsText).toHaveLength(MOST);
  });

  test.each([200, 500])(
    'without an end is given up while it comes, and its connection with it (%d)',
    async (status) => {
      let sent = 0;
      const { promise: closed, resolve: close } = Promise.withResolvers<void>();
      const failure = await failureOf(
        ask((response) => {
          response.writeHead(status);
          response.on('close', close);
          const more = () => {
            while (!response.destroyed) {
              sent += 65_536;
              if (!response.write('x'.repeat(65_536))) break;
            }
          };
          response.on('drain', more);
          more();
        }),
      );
      expect(failure.kind).toBe('unavailable');
      expect(failure.message).toContain('longer than 1 MiB');
      await closed;
      // What lies in the buffers of both sides comes to it.
      expect(sent).toBeLessThan(32 * MOST);
    },
  );

  test('that is long only once it is decompressed is given up', async () => {
    const failure = await failureOf(
      ask((response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' });
        response.end(gzipSync('x'.repeat(20 * MOST)));
      }),
    );
    expect(failure.message).toContain('longer than 1 MiB');
  });

  describe.each([
    ['', {}],
    [', compressed,', { 'content-encoding': 'gzip' }],
  ])('that stops coming%s', (_, headers) => {
    const stalls = (response: ServerResponse): void => {
      response.writeHead(200, headers);
      response.write(gzipSync('x'.repeat(10)).subarray(0, 12));
    };

    test('is given up when the caller aborts, and its connection with it', async () => {
      const stop = new AbortController();
      const { promise: closed, resolve: close } = Promise.withResolvers<void>();
      const answer = ask(
        (response) => {
          stalls(response);
          response.on('close', close);
          setImmediate(() => stop.abort());
        },
        { abortSignal: stop.signal },
      );
      await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
      await closed;
    });

    test('because the connection is lost is a failed request, and never taken for the whole answer', async () => {
      const error = await ask((response) => {
        stalls(response);
        setImmediate(() => response.destroy());
      }).catch((problem: unknown) => problem);
      expect(isRestError(error)).toBe(true);
    });
  });

  test('keeps its characters, wherever they are cut', async () => {
    const { bodyAsText } = await ask((response) => {
      const bytes = Buffer.from('Grün, 東京');
      const next = (at: number): void => {
        if (at === bytes.length) response.end();
        else response.write(bytes.subarray(at, at + 1), () => next(at + 1));
      };
      next(0);
    });
    expect(bodyAsText).toBe('Grün, 東京');
  });
});
