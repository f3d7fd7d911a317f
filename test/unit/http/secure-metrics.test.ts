/** The metrics endpoint where it is not for everybody. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createServerIdentity } from '../../../dev/emulator/tls.ts';
import { type Endpoint, parseBindAddress, serveMetrics } from '../../../src/http/endpoints.ts';
import { type AccessDecision, MetricsAuthorizer } from '../../../src/http/metrics-authorizer.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { getOverTls } from '../../support/https.ts';
import { RecordedLog } from '../runtime/recorded-log.ts';

const ANY_PORT = parseBindAddress('127.0.0.1:0');
const [first, second] = [createServerIdentity(['127.0.0.1']), createServerIdentity(['127.0.0.1'])];

let dir: string;
let clock: FakeClock;
let log: RecordedLog;
let endpoint: Endpoint | undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'certificate-'));
  clock = new FakeClock();
  log = new RecordedLog();
  await put(first);
});
afterEach(async () => {
  await endpoint?.stop();
  endpoint = undefined;
  await rm(dir, { recursive: true, force: true });
});

async function put({ certPem, keyPem }: { certPem: string; keyPem: string }): Promise<void> {
  await writeFile(join(dir, 'tls.crt'), certPem);
  await writeFile(join(dir, 'tls.key'), keyPem);
}

async function serve(review: (token: string) => Promise<AccessDecision> = async () => 'allowed'): Promise<string> {
  endpoint = await serveMetrics({
    bind: ANY_PORT,
    exposition: { contentType: 'text/plain', text: async () => 'all of them' },
    log,
    secure: {
      certificate: { dir, clock, log },
      authorizer: new MetricsAuthorizer({ review, now: () => clock.monotonic(), log }),
    },
  });
  return `https://${endpoint.address}/metrics`;
}

const TOKEN = { authorization: 'Bearer good' };

describe('the secure metrics endpoint', () => {
  test('answers over TLS, with the certificate of its folder, who bears a good token', async () => {
    expect(await getOverTls(await serve(), first.caPem, TOKEN)).toMatchObject({ status: 200, body: 'all of them' });
  });

  test('does not answer in the clear', async () => {
    const url = (await serve()).replace('https:', 'http:');
    await expect(fetch(url)).rejects.toThrow();
  });

  test.each([
    ['without a token', {}, 401],
    ['with another scheme', { authorization: 'Basic good' }, 401],
    ['with a token of nobody', { authorization: 'Bearer nobody' }, 401],
    ['with a token of somebody who may not', { authorization: 'Bearer somebody' }, 403],
  ])('refuses %s', async (_, headers, status) => {
    const verdicts: Record<string, AccessDecision> = { nobody: 'unknown', somebody: 'forbidden', good: 'allowed' };
    const url = await serve(async (token) => verdicts[token] ?? 'unknown');
    const answer = await getOverTls(url, first.caPem, headers as Record<string, string>);
    expect(answer).toMatchObject({ status, body: expect.not.stringContaining('all of them') });
    if (status === 401) expect(answer.headers['www-authenticate']).toBe('Bearer');
  });

  test('has whoever sends one new token after the other wait, and tells how long', async () => {
    const url = await serve(async () => 'unknown');
    const send = (token: number) => getOverTls(url, first.caPem, { authorization: `Bearer ${token}` });
    for (let i = 0; i < 20; i++) expect(await send(i)).toMatchObject({ status: 401 });
    expect(await send(20)).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    clock.suspend(1_000);
    expect(await send(20)).toMatchObject({ status: 401 });
  });

  test('answers nobody while nobody can tell who it is', async () => {
    const url = await serve(() => Promise.reject(new Error('no API server')));
    expect(await getOverTls(url, first.caPem, TOKEN)).toMatchObject({ status: 500, body: 'internal error\n' });
  });

  test('uses a renewed certificate without a restart', async () => {
    const url = await serve();
    await put(second);
    await clock.advance(10_000);
    await eventually(async () => expect(log.messages('info')).toContain('certificate reloaded'));
    expect(await getOverTls(url, second.caPem, TOKEN)).toMatchObject({ status: 200 });
    await expect(getOverTls(url, first.caPem, TOKEN)).rejects.toThrow();
  });

  test('goes on with the old certificate while the new one does not fit its key, says so once, and takes it when it does', async () => {
    const url = await serve();
    await writeFile(join(dir, 'tls.crt'), second.certPem);
    for (let i = 0; i < 3; i++) {
      await clock.advance(10_000);
      await eventually(async () => expect(clock.pendingTimers).toBe(1));
    }
    expect(log.messages('warn')).toEqual(['failed to reload the certificate; keeping the previous one']);
    expect(await getOverTls(url, first.caPem, TOKEN)).toMatchObject({ status: 200 });
    await put(second);
    await clock.advance(10_000);
    await eventually(async () => expect(log.messages('info')).toContain('certificate reloaded'));
    expect(await getOverTls(url, second.caPem, TOKEN)).toMatchObject({ status: 200 });
  });

  test('looks no further when it has stopped', async () => {
    await serve();
    await endpoint?.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  test.each([
    ['there is no certificate', 'tls.crt', undefined, 'tls.crt'],
    ['the certificate is none', 'tls.crt', 'nonsense', 'tls.crt is not valid PEM'],
    ['the key is none', 'tls.key', 'nonsense', 'tls.key is not valid PEM'],
    ['the key is that of another', 'tls.key', second.keyPem, 'tls.key does not match'],
  ])('does not start when %s', async (_, file, content, complaint) => {
    if (content === undefined) await rm(join(dir, file));
    else await writeFile(join(dir, file), content);
    await expect(serve()).rejects.toThrow(complaint);
  });
});

describe('the authorizer of the metrics', () => {
  function authorizerFor(verdict: AccessDecision) {
    const asked: string[] = [];
    const review = async (token: string) => {
      asked.push(token);
      return verdict;
    };
    return { asked, authorizer: new MetricsAuthorizer({ review, now: () => clock.monotonic(), log }) };
  }

  test.each([
    ['allowed', 60],
    ['forbidden', 10],
    ['unknown', 10],
  ] as const)('remembers that somebody is %s for %i s', async (verdict, seconds) => {
    const { asked, authorizer: it } = authorizerFor(verdict);
    for (const wait of [0, seconds - 1, 1]) {
      clock.suspend(wait * 1_000);
      expect(await it.check('Bearer a')).toBe(verdict);
    }
    expect(asked).toEqual(['a', 'a']);
  });

  test('takes nobody for another', async () => {
    const { asked, authorizer: it } = authorizerFor('allowed');
    for (const token of ['a', 'b']) await it.check(`Bearer ${token}`);
    expect(asked).toEqual(['a', 'b']);
  });

  describe('asked about ever new tokens', () => {
    /** What it is asked about is good or bad by its name. */
    function setUp() {
      const asked: string[] = [];
      const review = async (token: string): Promise<AccessDecision> => {
        asked.push(token);
        return token.startsWith('good') ? 'allowed' : 'unknown';
      };
      return { asked, it: new MetricsAuthorizer({ review, now: () => clock.monotonic(), log }) };
    }

    async function flood(it: MetricsAuthorizer, count: number): Promise<void> {
      for (let i = 0; i < count; i++) await it.check(`Bearer bad-${clock.monotonic()}-${i}`);
    }

    test('has no more than twenty reviewed, and one more with every second', async () => {
      const { asked, it } = setUp();
      await flood(it, 1_000);
      expect(asked).toHaveLength(20);
      for (let second = 0; second < 5; second++) {
        clock.suspend(1_000);
        await flood(it, 100);
      }
      expect(asked).toHaveLength(25);
      expect(await it.check('Bearer bad')).toEqual({ retryAfterMs: 1_000 });
    });

    test('forgets nobody whom it has let in, and reviews them again all the same', async () => {
      const { asked, it } = setUp();
      await it.check('Bearer good');
      for (let second = 0; second < 120; second++) {
        await flood(it, 200);
        expect(await it.check('Bearer good')).toBe('allowed');
        clock.suspend(1_000);
      }
      expect(asked.filter((token) => token === 'good')).toHaveLength(2);
    });

    test('lets nobody in without a review who was never let in', async () => {
      const { it } = setUp();
      await flood(it, 20);
      expect(await it.check('Bearer good')).toEqual({ retryAfterMs: 1_000 });
    });

    test('says so once a minute', async () => {
      const { it } = setUp();
      for (let second = 0; second < 61; second++) {
        await flood(it, 30);
        clock.suspend(1_000);
      }
      expect(log.messages('warn')).toHaveLength(2);
    });

    test('remembers a hundred of those whom it has let in, and forgets the longest known first', async () => {
      const { it } = setUp();
      for (let i = 0; i <= 100; i++) {
        await it.check(`Bearer good-${i}`);
        clock.suspend(1_000);
      }
      await flood(it, 100);
      expect(await it.check('Bearer good-1')).toBe('allowed');
      expect(await it.check('Bearer good-0')).toEqual({ retryAfterMs: 1_000 });
    });

    test('takes nobody for one of them whose right was withdrawn', async () => {
      let verdict: AccessDecision = 'allowed';
      const it = new MetricsAuthorizer({ review: async () => verdict, now: () => clock.monotonic(), log });
      await it.check('Bearer a');
      verdict = 'forbidden';
      clock.suspend(60_000);
      expect(await it.check('Bearer a')).toBe('forbidden');
      clock.suspend(10_000);
      await flood(it, 100);
      expect(await it.check('Bearer a')).toEqual({ retryAfterMs: 1_000 });
    });
  });

  test('asks no more than that about those whom it has let in, while nobody answers', async () => {
    let calls = 0;
    let isDown = false;
    const review = async (): Promise<AccessDecision> => {
      calls++;
      if (isDown) throw new Error('down');
      return 'allowed';
    };
    const it = new MetricsAuthorizer({ review, now: () => clock.monotonic(), log });
    await it.check('Bearer a');
    isDown = true;
    clock.suspend(60_000);
    calls = 0;
    for (let i = 0; i < 20; i++) await expect(it.check('Bearer a')).rejects.toThrow('down');
    expect(await it.check('Bearer a')).toEqual({ retryAfterMs: 1_000 });
    expect(calls).toBe(20);
  });

  test('asks once about a token that comes again while it is reviewed', async () => {
    const answer = Promise.withResolvers<AccessDecision>();
    let calls = 0;
    const review = () => {
      calls++;
      return answer.promise;
    };
    const it = new MetricsAuthorizer({ review, now: () => clock.monotonic(), log });
    const checks = [it.check('Bearer a'), it.check('Bearer a')];
    answer.resolve('allowed');
    expect(await Promise.all(checks)).toEqual(['allowed', 'allowed']);
    expect(calls).toBe(1);
  });

  test('remembers nothing of a question that was not answered', async () => {
    let calls = 0;
    const it = new MetricsAuthorizer({
      review: async () => {
        if (++calls === 1) throw new Error('down');
        return 'allowed';
      },
      now: () => clock.monotonic(),
      log,
    });
    await expect(it.check('Bearer a')).rejects.toThrow('down');
    expect(await it.check('Bearer a')).toBe('allowed');
  });
});
