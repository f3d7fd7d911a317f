import { describe, expect, test } from '@jest/globals';
import { TokenSource } from '../../../src/azure/tokens.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { failureOf } from './support/rig.ts';

const HOUR = 3_600_000;

function rig(timeoutMs?: number) {
  const clock = new FakeClock();
  let made = 0;
  const asked: string[] = [];
  const authority = {
    answer: async (): Promise<string> => `token-${asked.length}`,
    lifeMs: HOUR,
  };
  const tokens = new TokenSource({
    create: () => {
      made++;
      return {
        getToken: async (scope) => {
          asked.push(String(scope));
          return { token: await authority.answer(), expiresOnTimestamp: clock.now() + authority.lifeMs };
        },
      };
    },
    scope: 'https://arm.test/.default',
    clock,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  return { clock, asked, authority, tokens, made: () => made };
}

const refuse = () =>
  Promise.reject(Object.assign(new Error('AADSTS7000215: x'), { errorCode: 'invalid_client', status: 401 }));
const down = () => Promise.reject(Object.assign(new Error('x'), { errorCode: 'network_error' }));

describe('a token', () => {
  test('is asked for once, however many want it, and kept', async () => {
    const { asked, clock, tokens } = rig();
    expect(await Promise.all([tokens.get(), tokens.get()])).toEqual(['token-1', 'token-1']);
    await clock.advance(HOUR / 2);
    expect(await tokens.get()).toBe('token-1');
    expect(asked).toEqual(['https://arm.test/.default']);
  });

  test('is renewed in the background before it runs out', async () => {
    const { clock, tokens } = rig();
    await tokens.get();
    await clock.advance(HOUR - 4 * 60_000);
    expect(await tokens.get()).toBe('token-1');
    await clock.settle();
    expect(await tokens.get()).toBe('token-2');
  });

  test('that cannot be renewed is used until it runs out', async () => {
    const { authority, clock, tokens } = rig();
    await tokens.get();
    authority.answer = down;
    await clock.advance(HOUR - 1_000);
    expect(await tokens.get()).toBe('token-1');
    await clock.settle();
    expect(await tokens.get()).toBe('token-1');
    await clock.advance(1_000);
    expect((await failureOf(tokens.get())).kind).toBe('credentialUnavailable');
  });

  test.each([
    ['goes by although the wall clock was set back', -2 * HOUR, HOUR],
    ['goes by while the machine sleeps and the monotonic clock stands still', HOUR, 0],
  ])('whose life %s is not used any more', async (_what, steppedMs, wentByMs) => {
    const { clock, tokens } = rig();
    expect(await tokens.get()).toBe('token-1');
    clock.step(steppedMs);
    await clock.advance(wentByMs);
    expect(await tokens.get()).toBe('token-2');
  });

  test('that ARM refused is not used again, and neither is the credential that gave it', async () => {
    const { made, tokens } = rig();
    tokens.invalidate(await tokens.get());
    expect(await tokens.get()).toBe('token-2');
    tokens.invalidate('token-1');
    expect(await tokens.get()).toBe('token-2');
    expect(made()).toBe(2);
  });
});

describe('a failure', () => {
  test('is asked about again in its time although the wall clock was set back', async () => {
    const { authority, asked, clock, tokens } = rig();
    authority.answer = down;
    await failureOf(tokens.get());
    clock.step(-HOUR);
    await clock.advance(2_000);
    await failureOf(tokens.get());
    expect(asked).toHaveLength(2);
  });

  test.each([
    ['credentialsInvalid', refuse, 10_000],
    ['credentialUnavailable', down, 2_000],
  ] as const)('%s is remembered for a while, then asked about again', async (kind, trouble, ms) => {
    const { asked, authority, clock, made, tokens } = rig();
    authority.answer = trouble;
    expect((await failureOf(tokens.get())).kind).toBe(kind);
    await clock.advance(ms - 1);
    expect((await failureOf(tokens.get())).kind).toBe(kind);
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    authority.answer = async () => 'good';
    expect(await tokens.get()).toBe('good');
    expect(made()).toBe(2);
  });

  test('is also an authority that does not answer in time', async () => {
    const { authority, clock, tokens } = rig(30_000);
    authority.answer = () => new Promise(() => {});
    const failure = failureOf(tokens.get());
    await clock.advance(30_000);
    expect((await failure).kind).toBe('credentialUnavailable');
    expect(clock.pendingTimers).toBe(0);
  });
});

test('who gives up waiting disturbs nobody else', async () => {
  const { authority, tokens } = rig();
  const { promise, resolve } = Promise.withResolvers<string>();
  authority.answer = () => promise;
  const stop = new AbortController();
  const given = expect(tokens.get(stop.signal)).rejects.toThrow('enough');
  const other = tokens.get();
  stop.abort(new Error('enough'));
  await given;
  resolve('token');
  expect(await other).toBe('token');
});
