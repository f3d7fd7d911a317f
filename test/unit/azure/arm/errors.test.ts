/** What an error of Azure means. */
import { describe, expect, test } from '@jest/globals';
import {
  ENTRA_CODES,
  failureOfCredential,
  failureOfRefusal,
  failureOfSending,
  isRuntimeMissing,
  parseErrorBody,
  parseRetryAfter,
  type Refusal,
} from '../../../../src/azure/arm/errors.ts';

const NOW = Date.UTC(2025, 0, 1);

function refusal(status: number, code?: string, message?: string, rest: Partial<Refusal> = {}): Refusal {
  return { status, code, message, retryAfter: undefined, fromGateway: false, ...rest };
}

const failure = (...args: Parameters<typeof refusal>) => failureOfRefusal(refusal(...args), NOW, 'factory');

describe('what an answer means', () => {
  test('404 NotFound of the provider is the absence of the runtime', () => {
    expect(isRuntimeMissing(refusal(404, 'NotFound'))).toBe(true);
  });

  test('404 NotFound of the gateway is not', () => {
    expect(isRuntimeMissing(refusal(404, 'NotFound', 'x', { fromGateway: true }))).toBe(false);
  });

  test.each([
    refusal(404, 'ResourceNotFound'),
    refusal(404, 'ParentResourceNotFound'),
    refusal(404, 'notfound'),
    refusal(404),
    refusal(403, 'NotFound'),
    refusal(500, 'NotFound'),
  ])('nothing else is: $status $code', (answer) => {
    expect(isRuntimeMissing(answer)).toBe(false);
  });

  test('404 ParentResourceNotFound is a missing factory', () => {
    expect(failure(404, 'ParentResourceNotFound')).toMatchObject({ kind: 'parentNotFound', what: 'factory' });
  });

  test('404 ResourceNotFound is a missing factory', () => {
    expect(failure(404, 'ResourceNotFound')).toMatchObject({ kind: 'parentNotFound', what: 'factory' });
  });

  test('404 ResourceGroupNotFound is a missing resource group', () => {
    expect(failure(404, 'ResourceGroupNotFound')).toMatchObject({ kind: 'parentNotFound', what: 'resourceGroup' });
  });

  test('404 SubscriptionNotFound is a missing subscription', () => {
    expect(failure(404, 'SubscriptionNotFound').kind).toBe('subscriptionNotFound');
  });

  test.each([undefined, 'NotFound', 'InvalidResourceType', 'Gone'])('any other 404 (%s) proves nothing', (code) => {
    expect(failure(404, code)).toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('unexpected 404'),
    });
  });

  test('403 RequestDisallowedByPolicy is a policy, which no role helps against', () => {
    expect(failure(403, 'RequestDisallowedByPolicy').kind).toBe('policyDenied');
  });

  test.each(['AuthorizationFailed', 'LinkedAuthorizationFailed', undefined])(
    'any other 403 (%s) wants a role',
    (code) => {
      expect(failure(403, code).kind).toBe('forbidden');
    },
  );

  test.each(['ScopeLocked', 'ReadOnlyDisabledSubscription'])('409 %s is a lock', (code) => {
    expect(failure(409, code).kind).toBe('locked');
  });

  test('any other 409 may pass', () => {
    expect(failure(409, 'Conflict').kind).toBe('unavailable');
  });

  test('401 ExpiredAuthenticationToken heals by itself', () => {
    expect(failure(401, 'ExpiredAuthenticationToken').kind).toBe('credentialUnavailable');
  });

  test.each(['AuthenticationFailed', 'InvalidAuthenticationToken', 'InvalidAuthenticationTokenTenant', undefined])(
    'any other 401 (%s) may pass',
    (code) => {
      expect(failure(401, code)).toMatchObject({ kind: 'credentialsInvalid', mayPass: true });
    },
  );

  test('412 says that somebody else wrote', () => {
    expect(failure(412, 'PreconditionFailed').kind).toBe('preconditionFailed');
  });

  test.each([400, 405, 413, 415, 422])('%i is a refusal of what was sent', (status) => {
    expect(failure(status, 'BadRequest', 'The document is wrong')).toEqual({
      kind: 'refused',
      message: 'BadRequest: The document is wrong.',
    });
  });

  test('a refused document tells what it refers to and Azure does not have', () => {
    const said = "The document creation or update failed because of invalid reference 'default'.";
    expect(failure(400, 'BadRequest', said)).toEqual({
      kind: 'refused',
      message: `BadRequest: ${said}`,
      reference: 'default',
    });
    expect(failure(422, 'BadRequest', said)).not.toHaveProperty('reference');
  });

  test.each([408, 500, 502, 503, 504, 302, 100])('%i is no answer', (status) => {
    expect(failure(status, 'Whatever', 'Request 5 at 12:00 failed')).toEqual({
      kind: 'unavailable',
      message: `Azure answered ${status} Whatever.`,
    });
  });

  test('503 keeps how long the service wants to be left alone', () => {
    expect(failure(503, 'Busy', '', { retryAfter: '30' })).toMatchObject({ kind: 'unavailable', retryAfterMs: 30_000 });
  });

  test('429 is throttling, with the time that Azure names', () => {
    expect(failure(429, 'TooManyRequests', 'after 17 seconds', { retryAfter: '17' })).toEqual({
      kind: 'throttled',
      retryAfterMs: 17_000,
      message: expect.not.stringContaining('17'),
    });
  });

  test('429 without a time is 10 seconds', () => {
    expect(failure(429)).toMatchObject({ kind: 'throttled', retryAfterMs: 10_000 });
    expect(failure(429, 'x', '', { retryAfter: '86400' })).toMatchObject({ retryAfterMs: 86_400_000 });
    expect(failure(429, 'x', '', { retryAfter: '99999999' })).toMatchObject({ retryAfterMs: 86_400_000 });
  });
});

describe('Retry-After', () => {
  test.each([
    ['7', 7_000],
    [' 1.5 ', 1_500],
    ['0', 1_000],
    ['86400', 3_600_000],
    [new Date(NOW + 90_000).toUTCString(), 90_000],
    [new Date(NOW - 90_000).toUTCString(), 1_000],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is %p ms', (header, ms) => {
    expect(parseRetryAfter(header, NOW)).toBe(ms);
  });
});

describe('error bodies', () => {
  test('are understood with and without the wrapper', () => {
    const error = { code: 'NotFound', message: 'Gone.' };
    expect(parseErrorBody(JSON.stringify({ error }))).toEqual(error);
    expect(parseErrorBody(JSON.stringify({ ...error, error: null, target: 'x' }))).toEqual(error);
  });

  test.each(['', '<html>', '[]', 'null', '{"error":"x"}', '{"code":3,"message":{}}', undefined, null])(
    'of another shape (%j) say nothing',
    (text) => {
      expect(parseErrorBody(text)).toEqual({ code: undefined, message: undefined });
    },
  );
});

describe('messages', () => {
  const id = '6f4f2e43-0b43-4b3f-a9c3-0123456789ab';

  test.each([
    [`Denied. Correlation ID: ${id} Timestamp: 2025-01-01 12:00:00Z`, 'BadRequest: Denied.'],
    [`Denied (request id '${id}') at 2025-01-01T12:00:00.123Z.`, undefined],
    ["Denied. TrackingId:'6f4f2e43-0b43-4b3f-a9c3-0123456789ab'", 'BadRequest: Denied.'],
    ['Denied. Current time 7/31/2024 4:05:06 PM', undefined],
  ])('are the same for the same cause: %s', (message, expected) => {
    const other = message.replaceAll(id, id.replace('6', '7')).replaceAll(/12:00|4:05/g, '11:59');
    expect(failure(400, 'BadRequest', message)).toEqual(failure(400, 'BadRequest', other));
    if (expected !== undefined) expect(failure(400, 'BadRequest', message).message).toBe(expected);
  });

  test('keep who lacks what where', () => {
    const message = `The client 'x' with object id '${id}' does not have authorization to perform action 'a/b' over scope '/s/${id}'.`;
    expect(failure(403, 'AuthorizationFailed', message).message).toBe(`AuthorizationFailed: ${message}`);
  });

  test('show no token', () => {
    const token = 'eyJhbGciOiJub25l.eyJzdWIiOiJ4In0.c2ln';
    expect(failure(400, 'BadRequest', `Got Bearer ${token} instead`).message).not.toContain('eyJ');
  });

  test('are one line of at most about 500 characters', () => {
    const { message } = failure(400, 'BadRequest', `a\n\tb\u0000${'x'.repeat(5_000)}`);
    expect(message).toMatch(/^BadRequest: a b x+…$/);
    expect(message.length).toBeLessThan(520);
  });
});

describe('what a missing answer means', () => {
  test.each([
    ['ECONNRESET', 'dropped'],
    ['EPIPE', 'dropped'],
    ['REQUEST_SEND_ERROR', 'dropped'],
    ['ECONNREFUSED', 'no connection'],
    ['ENOTFOUND', 'DNS'],
    ['EAI_AGAIN', 'DNS'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'NODE_EXTRA_CA_CERTS'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'NODE_EXTRA_CA_CERTS'],
    ['CERT_HAS_EXPIRED', 'certificate'],
  ])('%s is named', (code, words) => {
    const error = Object.assign(new Error('x 10.0.0.1:443'), { code });
    expect(failureOfSending(error)).toEqual({ kind: 'unavailable', message: expect.stringContaining(words) });
  });

  test('of several addresses that were tried, the first counts', () => {
    const tried = Object.assign(new Error('a'), { code: 'ECONNREFUSED' });
    expect(failureOfSending(new AggregateError([tried])).message).toContain('no connection');
  });
});

describe('what a missing token means', () => {
  /** As @azure/identity wraps what MSAL throws (tried). */
  const wrapped = (fields: object, message: string) =>
    Object.assign(new Error(message, { cause: Object.assign(new Error(message), fields) }), {
      name: 'AuthenticationRequiredError',
    });
  const refused = (errorCode: string, aadsts: string, status = 401) =>
    wrapped({ name: 'ServerError', errorCode, status }, `${errorCode}: AADSTS${aadsts}: No. Trace ID: x Timestamp: y`);

  const NO_ANSWER: readonly (readonly [string, unknown, RegExp])[] = [
    ['a missing file', wrapped({ code: 'ENOENT' }, "ENOENT: no such file, open '/x'"), /file/],
    [
      'a credential that is not available',
      Object.assign(new Error('x'), { name: 'CredentialUnavailableError' }),
      /check/,
    ],
    ['a certificate that is none', new Error('The file does not contain a PEM-encoded certificate.'), /certificate/],
  ];
  test.each([
    ['an expired secret', refused('invalid_client', '7000222'), /expired/],
    ['an expired certificate', refused('invalid_client', '1000502'), /certificate has expired/],
    ['a disabled application', refused('unauthorized_client', '7000112', 400), /disabled/],
    ['an unknown tenant', refused('invalid_request', '90002', 400), /tenant/],
    ['a tenant that is none', refused('invalid_request', '900023', 400), /tenant/],
    ...NO_ANSWER,
  ])('%s needs a person', (_what, error, words) => {
    expect(failureOfCredential(error)).toEqual({ kind: 'credentialsInvalid', message: expect.stringMatching(words) });
  });

  test.each([
    ['a wrong secret', refused('invalid_client', '7000215'), /secret is wrong.*AADSTS7000215/],
    ['an unknown client', refused('unauthorized_client', '700016', 400), /client id/],
    ['a federated credential that does not match', refused('invalid_request', '70021', 400), /subject/],
    ['one that matches the next time', refused('invalid_request', '700213', 400), /subject/],
    ['a token of the cluster that ran out', refused('invalid_client', '700024'), /federated token has expired/],
    ['a refusal without a known code', refused('invalid_client', '1'), /check tenant id.*invalid_client, AADSTS1\b/],
    ['a refusal without a code', wrapped({ name: 'ServerError', errorCode: 'x', status: 401 }, 'no'), /check.*\(x\)/],
    ['an AuthenticationError', Object.assign(new Error('AADSTS7000215: x'), { statusCode: 401 }), /secret is wrong/],
  ])('%s may pass', (_what, error, words) => {
    expect(failureOfCredential(error)).toEqual({
      kind: 'credentialsInvalid',
      mayPass: true,
      message: expect.stringMatching(words),
    });
  });

  test('each code of the table is told with its advice, and passes as the table says', () => {
    for (const [code, { isTransient, advice }] of Object.entries(ENTRA_CODES)) {
      const { message, ...rest } = failureOfCredential(refused('invalid_client', code.slice('AADSTS'.length)));
      expect([code, rest]).toEqual([code, { kind: 'credentialsInvalid', ...(isTransient ? { mayPass: true } : {}) }]);
      expect(message).toContain(`${advice} (invalid_client, ${code})`);
    }
  });

  test.each([
    ['no connection', wrapped({ errorCode: 'network_error' }, 'network_error: See x')],
    ['a 503', wrapped({ name: 'ServerError', errorCode: 'temporarily_unavailable', status: 503 }, 'AADSTS90033: x')],
    ['a 429', wrapped({ name: 'ServerError', errorCode: 'x', status: 429 }, 'AADSTS90055')],
    [
      'an authority that is not found',
      Object.assign(new Error('endpoints_resolution_error: See x'), { name: 'CredentialUnavailableError' }),
    ],
    ['a page of a proxy', wrapped({ name: 'ServerError', errorCode: 'unknown_error', status: 200 }, '<html>')],
    ['an answer without a token', wrapped({}, 'Response had no "expiresOn" property.')],
  ])('%s heals by itself', (_what, error) => {
    expect(failureOfCredential(error).kind).toBe('credentialUnavailable');
  });

  test('an authority whose certificate is not trusted is told with the remedy', () => {
    const onExchange = Object.assign(new Error('x'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' });
    for (const errorCode of ['network_error', 'endpoints_resolution_error']) {
      const failure = failureOfCredential(wrapped({ errorCode }, errorCode), onExchange);
      expect(failure).toEqual({
        kind: 'credentialUnavailable',
        message: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
      });
    }
  });

  test.each([
    [400, 'credentialsInvalid'],
    [404, 'credentialsInvalid'],
    [403, 'credentialUnavailable'],
    [503, 'credentialUnavailable'],
  ])('an authority that answers the search for its endpoints with %i: %s', (status, kind) => {
    const error = wrapped({ errorCode: 'endpoints_resolution_error' }, 'endpoints_resolution_error: See x');
    expect(failureOfCredential(error, { status }).kind).toBe(kind);
  });

  test('nothing of what the authority says beside its code is repeated', () => {
    const { message } = failureOfCredential(refused('invalid_client', "7000215: secret 's3cret'"));
    expect(message).not.toMatch(/s3cret|Trace|Timestamp/);
  });
});
