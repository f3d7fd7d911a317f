/** What the benchmarks say of bytes: the relay passes all of them on, and counts them as the client sees them. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { type Relay, startRelay } from '../../../../dev/bench/relay.ts';

let relay: Relay | undefined;

afterEach(() => relay?.stop());

test('a relay passes on what both sides send, counts it from the side of the client, and tells when it began', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end('an answer'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const before = Date.now();
  relay = await startRelay(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const client = connect(Number(new URL(relay.url).port), '127.0.0.1');
  client.write('asked');
  const chunks: Buffer[] = [];
  for await (const chunk of client) chunks.push(chunk as Buffer);
  server.close();
  expect(Buffer.concat(chunks).toString()).toBe('an answer');
  expect(relay.traffic()).toEqual({ sent: 5, received: 9 });
  const [openedAt, ...others] = relay.connections();
  expect(others).toEqual([]);
  expect(openedAt).toBeGreaterThanOrEqual(before);
});
