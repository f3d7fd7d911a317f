/** What is sent when it takes long until there is a connection. */
import { createPipelineRequest } from '@azure/core-rest-pipeline';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { checkedTransport } from '../../../src/azure/transport.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { useEmulator } from '../emulator/helpers.ts';

const suite = useEmulator();
let proxy: TcpProxy;
let mayUse = true;

beforeEach(async () => {
  proxy = await TcpProxy.start(suite.emulator.armUrl);
  mayUse = true;
});
afterEach(() => proxy.stop());

const transport = checkedTransport(() => mayUse);
const put = () =>
  transport.sendRequest(createPipelineRequest({ url: `${proxy.url}/subscriptions/x`, method: 'PUT', body: '{}' }));
const seen = async () => (await suite.emulator.control.trace()).filter(({ host }) => host === proxy.host).length;

test('a request goes out as soon as there is a connection, and the next one over the same', async () => {
  proxy.holdAnswers();
  const answer = put();
  proxy.mend();
  expect((await answer).status).toBe(401);
  mayUse = false;
  // Nobody is asked about a connection that is there.
  expect((await put()).status).toBe(401);
  expect(await seen()).toBe(2);
});

test('a request that was allowed when it began is not sent when it is not any more', async () => {
  proxy.holdAnswers();
  const answer = put();
  mayUse = false;
  proxy.mend();
  await expect(answer).rejects.toThrow('nothing may be sent any more');
  expect(await seen()).toBe(0);
});

test('a connection that is cut while it is made fails the request, and another is made for the next', async () => {
  proxy.holdAnswers();
  const answer = put();
  await Promise.all([expect(answer).rejects.toThrow(), proxy.cutConnections()]);
  proxy.mend();
  expect((await put()).status).toBe(401);
});
