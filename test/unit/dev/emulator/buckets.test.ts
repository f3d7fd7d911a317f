/** The emulated token buckets. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { DEFAULT_CLIENT, type FactoryRef } from '../../../../dev/emulator/index.ts';
import { failure, group, managed, useEmulator } from './helpers.ts';

const suite = useEmulator();
let factory: FactoryRef;
const runtimes = () => suite.client(factory.subscriptionId).integrationRuntimes;
const control = () => suite.emulator.control;

beforeEach(async () => {
  factory = await suite.freshFactory();
});

/** The remaining-count that the answer to a PUT carries. */
async function remainingAfterPut(): Promise<number> {
  let remaining = Number.NaN;
  await runtimes().createOrUpdate(group, 'Factory1', 'abc', managed(), {
    onResponse: ({ headers }) => {
      remaining = Number(headers.get('x-ms-ratelimit-remaining-subscription-writes'));
    },
  });
  return remaining;
}

describe('token buckets', () => {
  test('writes: 200, then 429 with Retry-After, then 10 a second', async () => {
    expect(await remainingAfterPut()).toBe(199);
    expect(await remainingAfterPut()).toBe(198);
    for (let left = 197; left >= 0; left--) expect(await remainingAfterPut()).toBe(left);
    const refused = await failure(remainingAfterPut());
    expect(refused).toMatchObject({
      status: 429,
      code: 'SubscriptionRequestsThrottled',
      headers: { 'retry-after': '1' },
    });
    expect(refused.body).toEqual({
      error: {
        code: 'SubscriptionRequestsThrottled',
        message: `Number of 'write' requests for subscription '${factory.subscriptionId}' actor '${DEFAULT_CLIENT.objectId}' exceeded. Please try again after '1' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.`,
      },
    });
    suite.clock.advance(1000);
    expect(await remainingAfterPut()).toBe(9);
    suite.clock.advance(60_000);
    expect(await remainingAfterPut()).toBe(199);
  });

  test('reads are another bucket: 250, and a state spends them', async () => {
    await remainingAfterPut();
    await control().drainBucket({ subscriptionId: factory.subscriptionId, kind: 'reads', remaining: 1 });
    await runtimes().getStatus(group, 'Factory1', 'abc');
    expect((await failure(runtimes().get(group, 'Factory1', 'abc'))).status).toBe(429);
    expect(await remainingAfterPut()).toBe(198);
    await runtimes().delete(group, 'Factory1', 'abc');
  });

  test('a subscription has its own', async () => {
    await control().drainBucket({ subscriptionId: factory.subscriptionId, kind: 'writes' });
    expect((await failure(remainingAfterPut())).status).toBe(429);
    factory = await suite.freshFactory();
    expect(await remainingAfterPut()).toBe(199);
  });

  test('a slow bucket makes callers wait longer', async () => {
    const { subscriptionId } = factory;
    await control().setBuckets({ subscriptionId, limits: { writes: { burst: 1, perSecond: 0.25 } } });
    await remainingAfterPut();
    expect((await failure(remainingAfterPut())).headers['retry-after']).toBe('4');
    await control().setBuckets({ subscriptionId, enabled: false });
    await remainingAfterPut();
    await remainingAfterPut();
  });
});
