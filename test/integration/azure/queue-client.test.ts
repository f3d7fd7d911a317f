/** The operator's side of a queue, against a real one: what it gets, deletes, and makes of refusals. */
import tls from 'node:tls';
import { createDefaultHttpClient } from '@azure/core-rest-pipeline';
import { ClientSecretCredential } from '@azure/identity';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DEFAULT_CLIENT } from '../../../dev/emulator/index.ts';
import { BATCH, QueueClient, QueueFailure, STORAGE_SCOPE } from '../../../src/azure/changes/queue-client.ts';
import { TokenSource } from '../../../src/azure/identity/tokens.ts';
import { withoutRequestIds } from '../../../src/core/model/request-ids.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { eventually } from '../../support/eventually.ts';
import { QueueFront } from '../../support/queue-front.ts';
import { queueSite } from '../support/queue-site.ts';

const ARM_SCOPE = 'https://management.azure.com/.default';

const { get, newQueue, describe: describeWithQueue } = await queueSite();

describeWithQueue('a queue', () => {
  let front: QueueFront;

  beforeAll(async () => {
    const { emulator, azurite } = get();
    tls.setDefaultCACertificates([...tls.getCACertificates('default'), emulator.caPem]);
    front = await QueueFront.start(azurite.url, emulator);
  });

  afterAll(() => front.stop());

  const signal = new AbortController().signal;

  /** As the operator reads it, by the front. */
  function reader({ url }: { readonly url: string }, scope = STORAGE_SCOPE): QueueClient {
    const { tenantId, clientId, clientSecret } = DEFAULT_CLIENT;
    const create = () =>
      new ClientSecretCredential(tenantId, clientId, clientSecret, {
        authorityHost: get().emulator.authorityUrl,
        disableInstanceDiscovery: true,
      });
    return new QueueClient({
      url: url.replace(get().azurite.url, front.url),
      tokens: new TokenSource({ create, scope, clock: systemClock }),
      clock: systemClock,
      httpClient: createDefaultHttpClient(),
    });
  }

  async function refused(call: Promise<unknown>): Promise<QueueFailure> {
    const error = await call.then(
      () => new Error('it was not refused'),
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof QueueFailure)) throw error;
    return error;
  }

  test('without a message gives none', async () => {
    expect(await reader(await newQueue()).receive(signal)).toEqual([]);
  });

  test('gives what another client has sent, to the letter, once', async () => {
    const queue = await newQueue();
    const texts = ['plain', 'eyJhIjoxfQ==', '{"a":"<&>\'\\"]]>"}', ' ü €\t𝕏 '];
    await queue.send(...texts);
    const received = await reader(queue).receive(signal);
    expect(new Set(received.map(({ text }) => text))).toEqual(new Set(texts));
    expect(await reader(queue).receive(signal)).toEqual([]);
  });

  test(`gives ${BATCH} at a time, and has none left once each is deleted`, async () => {
    const queue = await newQueue();
    await queue.send(...Array.from({ length: BATCH + 1 }, (_, n) => `message ${n}`));
    const all = [await reader(queue).receive(signal), await reader(queue).receive(signal)];
    expect(all.map((batch) => batch.length)).toEqual([BATCH, 1]);
    await Promise.all(all.flat().map((message) => reader(queue).delete(message, signal)));
    expect(await queue.count()).toBe(0);
  });

  test('lets a message be deleted that is gone, or that another reader has got meanwhile', async () => {
    const queue = await newQueue();
    await queue.send('one');
    const [mine] = await reader(queue).receive(signal);
    if (mine === undefined) throw new Error('there is no message');
    await reader(queue).delete(mine, signal);
    await reader(queue).delete(mine, signal);
    await queue.send('two');
    const [early] = await queue.receive({ visibleAfter: 1 });
    await eventually(async () => expect(await queue.receive()).toHaveLength(1));
    await reader(queue).delete({ id: early?.id ?? '', popReceipt: early?.receipt ?? '', text: '' }, signal);
    expect(await queue.count()).toBe(1);
  });

  test('that is missing is missing', async () => {
    const failure = await refused(reader({ url: `${get().azurite.url}/missing` }).receive(signal));
    expect([failure.problem, withoutRequestIds(failure.message)]).toEqual(['missing', '404 QueueNotFound']);
  });

  test('refuses a token for another audience', async () => {
    const failure = await refused(reader(await newQueue(), ARM_SCOPE).receive(signal));
    expect([failure.problem, withoutRequestIds(failure.message)]).toEqual(['denied', '403 AuthenticationFailed']);
  });

  test('refuses a token once, and is asked with a new one', async () => {
    const queue = await newQueue();
    front.meet({ kind: 'refuse', status: 401, code: 'InvalidAuthenticationInfo' });
    const { control } = get().emulator;
    const before = (await control.issuedTokens()).length;
    expect((await refused(reader(queue).receive(signal))).problem).toBe('denied');
    front.mend();
    expect((await control.issuedTokens()).length - before).toBe(2);
  });

  test.each([
    { status: 403, code: 'AuthorizationPermissionMismatch', problem: 'denied' },
    { status: 503, code: 'ServerBusy', retryAfter: 7, problem: 'busy' },
    { status: 429, code: 'TooManyRequests', problem: 'busy' },
    { status: 307, code: 'Elsewhere', problem: 'strange' },
  ])('that answers $status is $problem, and says when to come again', async ({ problem, ...answer }) => {
    const queue = await newQueue();
    front.meet({ kind: 'refuse', ...answer });
    const failure = await refused(reader(queue).receive(signal));
    front.mend();
    expect([failure.problem, withoutRequestIds(failure.message), failure.retryAfterMs]).toEqual([
      problem,
      `${answer.status} ${answer.code}`,
      answer.retryAfter === undefined ? undefined : answer.retryAfter * 1_000,
    ]);
  });

  test('that nobody serves cannot be reached', async () => {
    const failure = await refused(reader({ url: 'https://127.0.0.1:1/devstoreaccount1/queue' }).receive(signal));
    expect(failure.problem).toBe('unreachable');
  });

  test('that never answers holds nobody who does not wait any more', async () => {
    const queue = await newQueue();
    front.meet({ kind: 'hang' });
    const waiting = new AbortController();
    const seen = front.passed.length;
    const call = reader(queue).receive(waiting.signal);
    await eventually(async () => expect(front.passed.length).toBe(seen + 1));
    waiting.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    front.mend();
  });
});
