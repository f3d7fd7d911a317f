/** No secret in a log line. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { redact, redactText } from '../../../../src/telemetry/log/redact.ts';

const JWT = 'eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJhcm0ifQ.c2lnbmF0dXJl';
const noStacks = { stacks: false };

describe('a text', () => {
  test.each([
    ['a bearer token', 'Authorization: Bearer abc.def-123~x', 'abc.def-123~x'],
    ['a bearer token in lower case', 'authorization=bearer abcdef123', 'abcdef123'],
    ['a JWT', `the token ${JWT} was refused`, JWT],
    ['a JWT without its signature', 'token eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJhcm0ifQ', 'eyJhdWQiOiJhcm0ifQ'],
    ['a client secret in a form', 'grant_type=x&client_secret=S3cr~et.Q&scope=y', 'S3cr~et.Q'],
    ['a client assertion in a form', 'client_assertion=abc123&x=1', 'abc123'],
    ['a client secret in JSON', '{"client_secret":"S3cret","x":1}', 'S3cret'],
    ['a client secret in JSON in JSON', '{\\"client_secret\\": \\"S3cret\\"}', 'S3cret'],
    ['a secret named as the SDK names it', 'clientSecret: S3cret', 'S3cret'],
    ['the signature of a shared access URL', 'https://x.blob/y?sv=1&sig=aB%2Fc', 'aB%2Fc'],
    ['a private key', '-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----', 'MIIabc'],
    ['a private key that was cut off', '-----BEGIN RSA PRIVATE KEY-----\nMIIabc', 'MIIabc'],
  ])('does not show %s', (_what, text, secret) => {
    const safe = redactText(text);
    expect(safe).not.toContain(secret);
    expect(safe).toContain('[redacted]');
  });

  test('shows what cannot be seen, in names and values alike', () => {
    expect(redactText('a\u202Eb\u001B[31m\uFEFF')).toBe('a\\u{202e}b\\u{1b}[31m\\u{feff}');
    const seen = redact({ 'x\u200B': ['y\u2066'], error: new Error('z\u0085') }, noStacks);
    expect(seen).toMatchObject({ 'x\\u{200b}': ['y\\u{2066}'], error: { message: 'z\\u{85}' } });
  });

  test('leaves the lines of a stack lines', () => {
    const error = new Error('x');
    error.stack = 'Error: x\n    at y\u202E';
    expect(redact(error, { stacks: true })).toMatchObject({ stack: 'Error: x\n    at y\\u{202e}' });
  });

  test('keeps what surrounds a secret', () => {
    expect(redactText('POST client_secret=abc&scope=arm failed')).toBe(
      'POST client_secret=[redacted]&scope=arm failed',
    );
    expect(redactText(`tokens ${JWT} and ${JWT}.`)).toBe('tokens [redacted] and [redacted].');
  });

  test.each([
    'AADSTS7000215: Invalid client secret provided for app 00000000-0000-0000-0000-000000000001',
    "(ResourceNotFound) The resource 'Microsoft.DataFactory/factories/f' was not found",
    'the Secret azure-ir-credential has no AZURE_TENANT_ID',
  ])('without a secret stays as it is: %s', (text) => {
    expect(redactText(text)).toBe(text);
  });

  test('of any length is searched in linear time and cut', () => {
    for (const text of ['eyJ'.repeat(1e6), 'client_secret='.repeat(1e5), '-----BEGIN PRIVATE KEY-----'.repeat(1e5)]) {
      expect(redactText(text).length).toBeLessThan(30_000);
    }
  });
});

describe('an error', () => {
  class RestError extends Error {
    override name = 'RestError';
    readonly code = 'InvalidClient';
    readonly statusCode = 401;
    readonly request = { headers: { authorization: 'Bearer topsecret' } };
    readonly response = { bodyAsText: 'everything' };
  }

  test('is reduced to name, message, code and statusCode', () => {
    expect(redact(new RestError('refused client_secret=abc'), noStacks)).toEqual({
      name: 'RestError',
      message: 'refused client_secret=[redacted]',
      code: 'InvalidClient',
      statusCode: 401,
    });
  });

  test('shows its cause by the same rules, and its stack only when asked', () => {
    const error = new Error('outer', { cause: new RestError('inner') });
    expect(redact(error, noStacks)).toEqual({
      name: 'Error',
      message: 'outer',
      cause: { name: 'RestError', message: 'inner', code: 'InvalidClient', statusCode: 401 },
    });
    expect(redact(error, { stacks: true })).toMatchObject({ stack: expect.stringContaining('redact.test') });
  });

  test('does not show a secret in its stack', () => {
    expect(JSON.stringify(redact(new Error('Bearer topsecret'), { stacks: true }))).not.toContain('topsecret');
  });

  test('whose code is no scalar does not show it', () => {
    expect(redact(Object.assign(new Error('x'), { code: { a: 1 } }), noStacks)).toEqual({
      name: 'Error',
      message: 'x',
    });
  });
});

describe('a value', () => {
  test('is searched at every level, in lists and in names', () => {
    const safe = JSON.stringify(redact({ a: [{ b: 'Bearer topsecret' }], 'Bearer topsecret': 1 }, noStacks));
    expect(safe).not.toContain('topsecret');
  });

  test.each(['authorization', 'Authorization', 'clientSecret', 'AZURE_CLIENT_SECRET', 'client_assertion', 'password'])(
    'under the name %s is not shown, whatever it is',
    (name) => {
      expect(redact({ [name]: { any: 'thing' } }, noStacks)).toEqual({ [name]: '[redacted]' });
    },
  );

  test('of an unknown class is named and not opened', () => {
    class Credential {
      readonly hidden = 'topsecret';
    }
    const value = { credential: new Credential(), map: new Map([['a', 'topsecret']]), bytes: Buffer.from('topsecret') };
    expect(redact(value, noStacks)).toEqual({ credential: '[Credential]', map: '[Map]', bytes: '[Buffer]' });
  });

  test('that JSON does not know is written as text', () => {
    const value = { big: 10n, date: new Date(0), nan: Number.NaN, fn: () => 0, bad: new Date(Number.NaN), no: null };
    expect(redact(value, noStacks)).toEqual({
      big: '10',
      date: '1970-01-01T00:00:00.000Z',
      nan: 'NaN',
      fn: '[function]',
      bad: '[invalid date]',
      no: null,
    });
  });

  test('that refers to itself or is huge is cut', () => {
    const cycle: unknown[] = [];
    for (let i = 0; i < 50; i += 1) cycle.push(cycle);
    expect(JSON.stringify(redact({ cycle }, noStacks)).length).toBeLessThan(1_000_000);
    const huge = Array.from({ length: 1e6 }, (_, i) => i);
    expect(JSON.stringify(redact({ huge }, noStacks)).length).toBeLessThan(100_000);
  });

  test('that throws when read costs only its own field', () => {
    const value = Object.defineProperty({ good: 1 }, 'bad', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    expect(redact({ value }, noStacks)).toEqual({ value: { good: 1, bad: '[unreadable]' } });
  });

  test('of any shape is written without throwing', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
        (value) => {
          expect(() => JSON.stringify(redact(value, { stacks: true }))).not.toThrow();
        },
      ),
    );
  });
});
