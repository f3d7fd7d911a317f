/** Access tokens: cached, renewed, refused. */
import { describe, expect, test } from '@jest/globals';
import { TokenSource } from '../../../../src/azure/identity/tokens.ts';
import { Denied } from '../../../../src/ports.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { failureOf } from '../support/rig.ts';

const HOUR = 3_600_000;

function rig(timeoutMs?: number, beganAt?: number) {
  const clock = new FakeClock();
  let made = 0;
  const asked: string[] = [];
  const authority = {
    answer: async (): Promise<string> => `token-${asked.length}`,
    lifeMs: HOUR,
  };
  const budgetAvailable: string[] = [];
  const tokens = new TokenSource({
    wake: (key) => void budgetAvailable.push(key),
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
    ...(beganAt === undefined ? {} : { beganAt }),
  });
  return { clock, asked, authority, tokens, budgetAvailable, made: () => made };
}

const refuse = () =>
  Promise.reject(Object.assign(new Error('AADSTS7000215: x'), { errorCode: 'invalid_client', status: 401 }));
const expired = () =>
  Promise.reject(Object.assign(new Error('AADSTS7000222: x'), { errorCode: 'invalid_client', status: 401 }));
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

describe('who waits for a token', () => {
  /** As a pass does: it meets the refusal, and has itself woken when it is over. */
  async function wait(tokens: TokenSource, key: string): Promise<Denied> {
    const error = await tokens.get().catch((thrown: unknown) => thrown);
    if (!(error instanceof Denied)) throw error;
    error.wakeWhenOver({ key, urgency: 'poll' });
    return error;
  }

  test.each([
    ['refused', refuse],
    ['unavailable', down],
  ])('%s: all are woken as soon as there is one, although nobody asks again', async (_, trouble) => {
    const { asked, authority, clock, tokens, budgetAvailable } = rig();
    authority.answer = trouble;
    for (const key of ['a', 'b', 'c']) await wait(tokens, key);
    expect(asked).toHaveLength(1);
    await clock.advance(5_000);
    await clock.settle();
    expect([asked.length, budgetAvailable]).toEqual([2, []]);
    authority.answer = async () => 'good';
    await clock.advance(10_000);
    await clock.settle();
    expect([asked.length, budgetAvailable]).toEqual([3, ['a', 'b', 'c']]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('is asked for again after 5 s, 10 s and so on: less and less often', async () => {
    const { asked, authority, clock, tokens } = rig();
    authority.answer = refuse;
    await wait(tokens, 'a');
    for (let second = 0; second < 1_800; second++) {
      await clock.advance(1_000);
      await clock.settle();
    }
    // 5, 15, 35, 75, 155, 315 s, then every five minutes.
    expect(asked).toHaveLength(1 + 6 + 4);
  });

  test('comes anew: it makes a request of its own within seconds, however long others have waited', async () => {
    const { asked, authority, clock, tokens } = rig();
    authority.answer = refuse;
    await wait(tokens, 'old');
    for (let second = 0; second < 1_740; second++) {
      await clock.advance(1_000);
      await clock.settle();
    }
    const before = asked.length;
    await wait(tokens, 'new');
    await clock.advance(5_000);
    await clock.settle();
    expect(asked.length).toBeGreaterThan(before);
  });

  test('learns since when it is refused, and whether that was only remembered', async () => {
    const { authority, clock, tokens } = rig();
    authority.answer = refuse;
    const began = clock.now();
    expect((await wait(tokens, 'a')).failure).toMatchObject({ since: began, mayPass: true });
    await clock.advance(1_000);
    expect((await wait(tokens, 'b')).failure).toMatchObject({ since: began, at: began });
    await clock.advance(60_000);
    await clock.settle();
    const third = (await wait(tokens, 'c')).failure;
    expect(third).toMatchObject({ since: began });
  });

  test('learns the same when the wall clock is set back or forward meanwhile', async () => {
    const { authority, clock, tokens } = rig(undefined, 0);
    authority.answer = refuse;
    await wait(tokens, 'a');
    for (const step of [-3_600_000, 7_200_000]) {
      clock.step(step);
      await clock.advance(1_000);
      const refused = clock.now() - clock.monotonic();
      expect((await wait(tokens, 'b')).failure).toMatchObject({ since: refused, at: refused, notBefore: refused });
    }
  });

  test('whose object is gone is not waited for', async () => {
    const { authority, clock, tokens, budgetAvailable } = rig();
    authority.answer = refuse;
    await wait(tokens, 'a');
    tokens.forget('a');
    expect(clock.pendingTimers).toBe(0);
    authority.answer = async () => 'good';
    await clock.advance(10_000);
    await tokens.get();
    expect(budgetAvailable).toEqual([]);
  });

  test('that cannot come is not asked for again', async () => {
    const { authority, clock, tokens } = rig();
    authority.answer = expired;
    expect((await wait(tokens, 'a')).failure).not.toHaveProperty('mayPass');
    expect(tokens.isRefusedForGood).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a token that cannot stand in a header', () => {
  test.each([
    ['a line break', 'to\nken'],
    ['a letter beyond ASCII', 'tök€n'],
    ['nothing but a blank', ' '],
    ['nothing', ''],
  ])('(%s) is dropped where it is received: CredentialUnavailable, and another one is asked for', async (_, token) => {
    const { authority, clock, made, tokens } = rig();
    authority.answer = async () => token;
    expect(await failureOf(tokens.get())).toMatchObject({
      kind: 'credentialUnavailable',
      message: expect.stringContaining('no header can hold'),
    });
    await clock.advance(2_000);
    authority.answer = async () => 'good';
    expect(await tokens.get()).toBe('good');
    expect(made()).toBe(2);
  });
});
