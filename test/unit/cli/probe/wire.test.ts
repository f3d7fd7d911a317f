/** What carries the requests of the probe. */
import { createDefaultHttpClient, type HttpClient } from '@azure/core-rest-pipeline';
import { expect, test } from '@jest/globals';
import { azureWire } from '../../../../src/cli/probe/wire.ts';

const REQUEST = {
  method: 'GET',
  url: 'https://arm.invalid/x',
  headers: {},
  body: undefined,
  authorization: 'Bearer x',
} as const;

test('no answer is waited for longer than its time, whether its headers or its body do not come', async () => {
  // Ends when it is aborted, as the SDK's own does, also while the body is read.
  const silent: HttpClient = {
    sendRequest: ({ abortSignal }) =>
      new Promise((_, reject) =>
        abortSignal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError'))),
      ),
  };
  const wire = azureWire('https://arm.invalid', { get: async () => 'x' }, silent, 20);
  await expect(wire.send(REQUEST, new AbortController().signal)).rejects.toMatchObject({ name: 'AbortError' });
});

test('no other host gets the token', async () => {
  const wire = azureWire('https://arm.invalid', { get: async () => 'x' }, createDefaultHttpClient());
  const elsewhere = { ...REQUEST, url: 'https://other.invalid/x' };
  await expect(wire.send(elsewhere, new AbortController().signal)).rejects.toThrow(
    'another host: https://other.invalid',
  );
});
