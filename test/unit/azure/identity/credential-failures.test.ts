/** What it means that a request for a token failed. */
import { describe, expect, test } from '@jest/globals';
import { failureOfCredential, failureOfManagedIdentity } from '../../../../src/azure/identity/credential-failures.ts';
import { ENTRA_CODES } from '../../../../src/azure/identity/entra-codes.ts';
import { toldBy } from '../../../../src/core/model/failure.ts';
import { inFull } from '../../../../src/core/model/message.ts';

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
      /Check/,
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
    const failure = failureOfCredential(error);
    expect(failure).toMatchObject({ kind: 'credentialsInvalid', remedy: expect.stringMatching(/\.$/) });
    expect(failure).not.toHaveProperty('mayPass');
    expect(inFull(toldBy(failure))).toMatch(words);
  });

  test.each([
    ['a wrong secret', refused('invalid_client', '7000215'), /secret is wrong.*AADSTS7000215/],
    ['an unknown client', refused('unauthorized_client', '700016', 400), /client id/],
    ['a federated credential that does not match', refused('invalid_request', '70021', 400), /subject/],
    ['one that matches the next time', refused('invalid_request', '700213', 400), /subject/],
    ['a token of the cluster that ran out', refused('invalid_client', '700024'), /federated token has expired/],
    ['a refusal without a known code', refused('invalid_client', '1'), /Check tenant id.*invalid_client, AADSTS1\b/],
    [
      'a refusal without a code',
      wrapped({ name: 'ServerError', errorCode: 'x', status: 401 }, 'no'),
      /Check.* Azure: x$/,
    ],
    ['an AuthenticationError', Object.assign(new Error('AADSTS7000215: x'), { statusCode: 401 }), /secret is wrong/],
  ])('%s may pass', (_what, error, words) => {
    const failure = failureOfCredential(error);
    expect(failure).toMatchObject({ kind: 'credentialsInvalid', mayPass: true, remedy: expect.stringMatching(/\.$/) });
    expect(inFull(toldBy(failure))).toMatch(words);
  });

  test('each code of the table is told with its remedy, and passes as the table says', () => {
    for (const [code, { isTransient, why, remedy }] of Object.entries(ENTRA_CODES)) {
      expect(failureOfCredential(refused('invalid_client', code.slice('AADSTS'.length)))).toEqual({
        kind: 'credentialsInvalid',
        message: `Microsoft Entra refused to issue a token: ${why}.`,
        remedy,
        azure: `invalid_client, ${code}`,
        ...(isTransient ? { mayPass: true } : {}),
      });
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

  test.each([
    [400, { kind: 'credentialsInvalid', message: expect.stringContaining('no managed identity with this client id') }],
    [404, { kind: 'credentialUnavailable', message: expect.stringContaining('answered 404') }],
    [410, { kind: 'credentialUnavailable', message: expect.stringContaining('answered 410') }],
    [429, { kind: 'credentialUnavailable', message: expect.stringContaining('answered 429') }],
    [500, { kind: 'credentialUnavailable', message: expect.stringContaining('answered 500') }],
    [undefined, { kind: 'credentialUnavailable', message: expect.stringContaining('did not answer') }],
  ])('a managed identity endpoint that answers %s: a person must act only on 400', (status, failure) => {
    const error = wrapped({ name: 'ServerError', ...(status === undefined ? {} : { status }) }, 'x');
    expect(failureOfManagedIdentity(error).failure).toMatchObject(failure);
  });

  test('nothing of what the authority says beside its code is repeated', () => {
    const { message } = failureOfCredential(refused('invalid_client', "7000215: secret 's3cret'"));
    expect(message).not.toMatch(/s3cret|Trace|Timestamp/);
  });
});
