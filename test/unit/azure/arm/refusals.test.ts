/** What a refusal of ARM means, by status and code. */
import { describe, expect, test } from '@jest/globals';
import {
  failureOfRefusal,
  isRuntimeMissing,
  parseErrorBody,
  parseRetryAfter,
  type Refusal,
} from '../../../../src/azure/arm/refusals.ts';

const NOW = Date.UTC(2025, 0, 1);

function refusal(status: number, code?: string, message?: string, rest: Partial<Refusal> = {}): Refusal {
  return { status, code, message, retryAfter: undefined, fromGateway: false, ...rest };
}

const WRITE = { parent: 'factory', writes: true } as const;
const READ = { parent: 'factory', writes: false } as const;
const failure = (...args: Parameters<typeof refusal>) => failureOfRefusal(refusal(...args), NOW, WRITE);

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

  test.each([undefined, 'NotFound', 'Gone'])('any other 404 (%s) proves nothing', (code) => {
    expect(failure(404, code)).toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('returned 404'),
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

  test.each([
    [409, 'MissingSubscriptionRegistration', /az provider register --namespace Microsoft\.DataFactory /],
    [409, 'SubscriptionNotRegistered', /az provider register/],
    [404, 'InvalidResourceNamespace', /Check AZURE_CLOUD/],
    [400, 'NoRegisteredProviderFound', /Check AZURE_CLOUD/],
    [404, 'InvalidResourceType', /Check AZURE_CLOUD/],
    [400, 'InvalidResourceType', /Check AZURE_CLOUD/],
    [403, 'DisallowedProvider', /Use another subscription/],
  ])('%i %s is for a person, with what to do, on a read and on a write', (status, code, remedy) => {
    for (const asked of [READ, WRITE]) {
      const answer = failureOfRefusal(refusal(status, code, 'No.'), NOW, asked);
      expect(answer).toEqual({
        kind: 'notOffered',
        message: expect.stringMatching(/^(The|This) .*Microsoft\.DataFactory.*\.$/),
        remedy: expect.stringMatching(remedy),
        azure: `${code}: No.`,
      });
    }
  });

  test('the command for a workspace names its provider', () => {
    const asked = { parent: 'workspace', writes: false } as const;
    expect(failureOfRefusal(refusal(409, 'MissingSubscriptionRegistration'), NOW, asked)).toMatchObject({
      remedy: expect.stringMatching(/--namespace Microsoft\.Synapse /),
    });
  });

  test('a location that is not available is to be changed in the manifest, where one was sent', () => {
    const answer = refusal(400, 'LocationNotAvailableForResourceType', 'No.');
    expect(failureOfRefusal(answer, NOW, WRITE)).toMatchObject({
      kind: 'refused',
      remedy: expect.stringContaining('Set spec.location'),
    });
    expect(failureOfRefusal(answer, NOW, READ).kind).toBe('readRefused');
  });

  test.each([400, 405, 413, 415, 422])('%i on a read is a refused read, not a wrong definition', (status) => {
    expect(failureOfRefusal(refusal(status, 'BadRequest', 'No.'), NOW, READ)).toEqual({
      kind: 'readRefused',
      message: 'Azure refuses to read the runtime or its factory.',
      azure: 'BadRequest: No.',
    });
  });

  test.each([
    [409, true],
    [404, true],
    [407, true],
    [408, false],
    [500, false],
    [503, false],
    [302, false],
  ])('%i of no known code may come to need a person: %p', (status, isRefusal) => {
    expect(failure(status, 'Odd')).toMatchObject({ answer: { name: `${status}-Odd`, isRefusal } });
    expect(failure(status, 'Odd code with blanks')).toMatchObject({ answer: { name: `${status}` } });
  });

  test('a missing role is told with the action that it lacks', () => {
    const text = (action: string) =>
      `The client 'x' does not have authorization to perform ${action} over scope '/s'. If access was recently granted, please refresh your credentials.`;
    expect(failure(403, 'AuthorizationFailed', text("action 'Microsoft.Synapse/workspaces/read'"))).toEqual({
      kind: 'forbidden',
      message: 'The Azure identity may not perform Microsoft.Synapse/workspaces/read.',
      azure: expect.stringMatching(/^AuthorizationFailed: The client .* over scope '\/s'\.$/),
    });
    expect(failure(403, 'AuthorizationFailed', text('it'))).toMatchObject({
      message: 'The Azure identity lacks a permission.',
    });
  });

  test('what an Azure Policy denies is told with the assignment, and without its ids', () => {
    const dump = '[{"policyAssignment":{"name":"only-in-europe","id":"/subscriptions/1"}}]';
    const text = `Resource was disallowed by policy. Policy identifiers: '${dump}'.`;
    expect(failure(403, 'RequestDisallowedByPolicy', text)).toEqual({
      kind: 'policyDenied',
      message: 'Azure Policy denies the request (assignment "only-in-europe").',
      azure: 'RequestDisallowedByPolicy: Resource was disallowed by policy.',
    });
  });

  test('what an Azure Policy denies is searched in linear time, whatever its length', () => {
    const text = `Disallowed.${' '.repeat(100_000)}for ${'"policyAssignment":{"name":"'.repeat(10_000)} reasons`;
    expect(failure(403, 'RequestDisallowedByPolicy', text).azure).toMatch(
      /^RequestDisallowedByPolicy: Disallowed\. for /,
    );
  });

  test('412 says that another client wrote', () => {
    expect(failure(412, 'PreconditionFailed').kind).toBe('preconditionFailed');
  });

  test.each([400, 405, 413, 415, 422])('%i is a refusal of what was sent', (status) => {
    expect(failure(status, 'BadRequest', 'The document is wrong')).toEqual({
      kind: 'refused',
      message: 'Azure rejected the request.',
      azure: 'BadRequest: The document is wrong.',
    });
  });

  test('a refused document tells what it refers to and Azure does not have', () => {
    const said = "The document creation or update failed because of invalid reference 'default'.";
    expect(failure(400, 'BadRequest', said)).toEqual({
      kind: 'refused',
      message: 'Azure rejected the request.',
      azure: `BadRequest: ${said}`,
      reference: 'default',
    });
    expect(failure(422, 'BadRequest', said)).not.toHaveProperty('reference');
  });

  test.each([408, 500, 502, 503, 504, 302, 100])('%i is no answer', (status) => {
    expect(failure(status, 'Whatever', 'Request 5 at 12:00 failed')).toEqual({
      kind: 'unavailable',
      message: `Azure returned ${status} Whatever.`,
      answer: { name: `${status}-Whatever`, isRefusal: false },
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
