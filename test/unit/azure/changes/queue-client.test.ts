/** Reading a queue of Azure Storage: what goes out, and what the answers mean. */
import { RestError } from '@azure/core-rest-pipeline';
import { describe, expect, test } from '@jest/globals';
import { parseMessages, QueueClient, QueueFailure } from '../../../../src/azure/changes/queue-client.ts';
import { AzureFailure } from '../../../../src/core/model/failure.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { FakeArm, hang } from '../support/fake-arm.ts';

const URL_OF_QUEUE = 'https://account.queue.test/changes';
const ID = '00000000-0000-4000-8000-000000000001';
const MESSAGE = { id: ID, popReceipt: 'AAA+/=&', text: 'x' };
const EMPTY = '<?xml version="1.0" encoding="utf-8"?><QueueMessagesList />';
const { signal } = new AbortController();

const message = (text: string, id = ID) =>
  `<QueueMessage><MessageId>${id}</MessageId><InsertionTime>Fri, 02 Jan 2026 03:04:05 GMT</InsertionTime>` +
  `<PopReceipt>AAA+/=&amp;</PopReceipt><DequeueCount>1</DequeueCount>${text}</QueueMessage>`;
const listOf = (...messages: readonly string[]) =>
  `\uFEFF<?xml version="1.0" encoding="utf-8"?><QueueMessagesList>${messages.join('')}</QueueMessagesList>`;

function setUp() {
  const clock = new FakeClock();
  const service = new FakeArm();
  const invalid: string[] = [];
  const tokens = {
    get: async () => `token-${invalid.length}`,
    invalidate: (token: string) => void invalid.push(token),
  };
  const queue = new QueueClient({ url: URL_OF_QUEUE, tokens, clock, httpClient: service });
  return { clock, service, tokens, invalid, queue };
}

async function failureOf(promise: Promise<unknown>): Promise<QueueFailure> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof QueueFailure)) throw error ?? new Error('it did not fail');
  return error;
}

describe('messages', () => {
  test('are asked for with a bearer token, 32 at a time, hidden for half a minute', async () => {
    const { service, queue } = setUp();
    service.answers({ status: 200, body: EMPTY });
    expect(await queue.receive(signal)).toEqual([]);
    expect(service.sent.map(({ method, url }) => `${method} ${url.href}`)).toEqual([
      `GET ${URL_OF_QUEUE}/messages?numofmessages=32&visibilitytimeout=30`,
    ]);
    expect(service.sent[0]?.headers).toMatchObject({
      authorization: 'Bearer token-0',
      'x-ms-version': '2021-12-02',
      'x-ms-date': 'Wed, 01 Jan 2025 00:00:00 GMT',
    });
  });

  test('are deleted by their id and receipt, and one that is gone is deleted, too', async () => {
    const { service, queue } = setUp();
    service.answers(
      { status: 204 },
      { status: 404, body: '<Error><Code>MessageNotFound</Code></Error>' },
      { status: 400, headers: { 'x-ms-error-code': 'PopReceiptMismatch' } },
    );
    for (let n = 0; n < 3; n++) await queue.delete(MESSAGE, signal);
    expect(`${service.sent[0]?.method} ${service.sent[0]?.url.href}`).toBe(
      `DELETE ${URL_OF_QUEUE}/messages/${ID}?popreceipt=AAA%2B%2F%3D%26`,
    );
  });

  test.each([
    ['ten minutes ahead', 'Tue, 31 Dec 2024 23:50:00 GMT', 600_000],
    ['ten minutes behind', 'Wed, 01 Jan 2025 00:10:00 GMT', -600_000],
    ['as good as equal', 'Tue, 31 Dec 2024 23:59:50 GMT', 0],
    ['not comparable', 'yesterday', 0],
  ])('come with how our clock compares to that of Azure: %s', async (_, date, aheadMs) => {
    const { service, queue } = setUp();
    service.answers({ status: 200, body: EMPTY, headers: { date } });
    await queue.receive(signal);
    expect(queue.aheadMs).toBe(aheadMs);
  });

  test('have texts that are unescaped once', () => {
    const text = '<MessageText>&lt;a b=&quot;&amp;lt;&quot;&gt; &#228;&#xE4;&apos; &unknown; &#99999999;</MessageText>';
    expect(parseMessages(listOf(message(text), message('<MessageText />')))).toEqual([
      { id: ID, popReceipt: 'AAA+/=&', text: `<a b="&lt;"> ää' &unknown; &#99999999;` },
      { id: ID, popReceipt: 'AAA+/=&', text: '' },
    ]);
  });

  test.each([
    ['a page of a proxy', '<html>Sign in</html>'],
    ['nothing', ''],
    ['a message without an id', listOf('<QueueMessage><PopReceipt>x</PopReceipt></QueueMessage>')],
    ['an id that is a way out of the path', listOf(message('', '..'))],
  ])('come in no other answer: %s', (_, body) => {
    expect(() => parseMessages(body)).toThrow(QueueFailure);
  });
});

describe('a queue that cannot be read', () => {
  test.each([
    [403, 'AuthorizationPermissionMismatch', 'denied'],
    [404, 'QueueNotFound', 'missing'],
    [429, 'OperationTimedOut', 'busy'],
    [503, 'ServerBusy', 'busy'],
    [408, 'RequestTimeout', 'busy'],
    [400, 'InvalidQueryParameterValue', 'strange'],
    [302, 'Found', 'strange'],
  ])(
    '%d %s is told as such, with the id of the request and without the text of the answer',
    async (status, code, problem) => {
      const { service, queue } = setUp();
      service.answers({
        status,
        body: `<Error><Code>${code}</Code><Message>A secret.</Message></Error>`,
        headers: { 'retry-after': '7', location: 'https://elsewhere.test/', 'x-ms-request-id': 'some-request' },
      });
      expect(await failureOf(queue.receive(signal))).toMatchObject({
        problem,
        message: `${status} ${code} [request id some-request]`,
        retryAfterMs: 7_000,
      });
      expect(service.sent).toHaveLength(1);
    },
  );

  test('a token that is refused is replaced once', async () => {
    const { service, invalid, queue } = setUp();
    service.answers({ status: 401 }, { status: 200, body: EMPTY }, { status: 401 });
    expect(await queue.receive(signal)).toEqual([]);
    expect(await failureOf(queue.receive(signal))).toMatchObject({ problem: 'denied', message: '401' });
    expect(invalid).toEqual(['token-0', 'token-1']);
    expect(service.sent).toHaveLength(4);
  });

  test('no answer is waited for longer than ten seconds', async () => {
    const { clock, service, queue } = setUp();
    service.answer = hang;
    const failed = failureOf(queue.receive(signal));
    await clock.advance(10_000);
    expect(await failed).toMatchObject({ problem: 'unreachable', message: 'no answer within 10 s' });
    expect(clock.pendingTimers).toBe(0);
  });

  test('a connection that fails is told by its cause', async () => {
    const { service, queue } = setUp();
    service.answers(new RestError('getaddrinfo', { code: 'ENOTFOUND' }));
    expect(await failureOf(queue.receive(signal))).toMatchObject({
      problem: 'unreachable',
      message: 'DNS cannot resolve its host name',
    });
  });

  test('without a token nothing is sent', async () => {
    const { service, tokens, queue } = setUp();
    tokens.get = () => Promise.reject(new AzureFailure({ kind: 'credentialsInvalid', message: 'No.' }));
    expect(await failureOf(queue.receive(signal))).toMatchObject({ problem: 'no token', message: 'No.' });
    expect(service.sent).toEqual([]);
  });

  test('an abort ends it with its reason', async () => {
    const { service, queue } = setUp();
    service.answer = hang;
    const controller = new AbortController();
    const received = queue.receive(controller.signal);
    controller.abort(new Error('the end'));
    await expect(received).rejects.toThrow('the end');
  });
});
