/** Whatever may pass within ten minutes, as Azure and Entra say it on the wire: kstatus' verdict on it is never Failed. */
import { describe, expect, test } from '@jest/globals';
import { failureOfSending, failureOfTimeout } from '../../../src/azure/arm/connection-failures.ts';
import { failureOfRefusal } from '../../../src/azure/arm/refusals.ts';
import { failureOfCredential } from '../../../src/azure/identity/credential-failures.ts';
import { ENTRA_CODES } from '../../../src/azure/identity/entra-codes.ts';
import type { Failure } from '../../../src/core/model/failure.ts';
import { MINUTE } from '../../../src/core/schedule.ts';
import { kstatus, type Verdict } from '../../support/kstatus.ts';
import { desired, fieldMap } from '../model/builders.ts';
import { Operator } from '../model/operator.ts';

const KEY = 'team/sample';
const EVERY_MS = 15_000;

function answered(status: number, code?: string, retryAfter?: string): Failure {
  return failureOfRefusal({ status, code, message: 'x', retryAfter, fromGateway: true }, 0, {
    parent: 'factory',
    writes: true,
  });
}

function refusedToken(code: string): Failure {
  return failureOfCredential(Object.assign(new Error(`${code}: x`), { errorCode: 'invalid_client', status: 401 }));
}

const entra = (isTransient: boolean) =>
  Object.entries(ENTRA_CODES)
    .filter(([, each]) => each.isTransient === isTransient)
    .map(([code]): [string, Failure] => [code, refusedToken(code)]);

/** What needs a person once it has lasted, and what never does. */
const LASTING: [string, Failure][] = [
  ...entra(true),
  ['a code of Entra that nobody knows', refusedToken('AADSTS9999999')],
  ['401', answered(401, 'AuthenticationFailed')],
  ['401 without a code', answered(401)],
  ['404 SubscriptionNotFound', answered(404, 'SubscriptionNotFound')],
  ['403', answered(403, 'AuthorizationFailed')],
];
const HEALING: [string, Failure][] = [
  ['401 ExpiredAuthenticationToken', answered(401, 'ExpiredAuthenticationToken')],
  ['404 ResourceNotFound of the parent', answered(404, 'ResourceNotFound')],
  ['404 ParentResourceNotFound', answered(404, 'ParentResourceNotFound')],
  ['404 ResourceGroupNotFound', answered(404, 'ResourceGroupNotFound')],
  ['404 of no known code', answered(404, 'Something')],
  ['408', answered(408)],
  ['409 of no known code', answered(409, 'Conflict')],
  ['412', answered(412, 'PreconditionFailed')],
  ['429', answered(429, 'TooManyRequests', '5')],
  ['429 for a day', answered(429, 'TooManyRequests', '86400')],
  ['500', answered(500, 'InternalServerError')],
  ['503 with Retry-After', answered(503, 'ServiceUnavailable', '30')],
  ['a cut connection', failureOfSending(new Error('socket hang up'))],
  ['no answer in time', failureOfTimeout(60_000)],
  ['an authority that does not answer', failureOfCredential(Object.assign(new Error('x'), { status: 503 }))],
];

/** What the object is when it begins. */
const OBJECTS: Record<string, (operator: Operator) => Promise<void>> = {
  'a new object': async (operator) => void operator.apply('sample', desired()),
  'an object that was Ready': async (operator) => {
    operator.apply('sample', desired());
    await operator.poll(KEY);
  },
  'an object whose manifest has changed': async (operator) => {
    operator.apply('sample', desired());
    await operator.poll(KEY);
    operator.cluster.edit(KEY, { fields: fieldMap({ location: 'North Europe' }) });
  },
  'an object whose runtime is Limited': async (operator) => {
    operator.apply('sample', desired());
    await operator.poll(KEY);
    operator.azure.setState(desired().id, 'Limited');
  },
};
const CALLS: Record<string, (call: string) => boolean> = {
  'every call': () => true,
  'every write': (call) => ['create', 'update'].includes(call),
};

function verdictOf(operator: Operator): Verdict {
  const { name, generation, status } = operator.object(KEY);
  return kstatus({ metadata: { name, generation }, status });
}

/** Every verdict from when `failure` is met until `minutes` later; by then it is over. */
async function verdicts(object: string, calls: string, failure: Failure, minutes: number): Promise<Set<Verdict>> {
  let isOn = false;
  const fault = (call: string) =>
    isOn && CALLS[calls]?.(call) === true ? ({ when: 'before', failure } as const) : undefined;
  const operator = new Operator({ azure: { fault } });
  await OBJECTS[object]?.(operator);
  isOn = true;
  const seen = new Set<Verdict>();
  for (let ms = 0; ms < minutes * MINUTE; ms += EVERY_MS) {
    await operator.poll(KEY);
    seen.add(verdictOf(operator));
    operator.now += EVERY_MS;
  }
  isOn = false;
  // The next attempt to repair waits no longer than that.
  operator.now += 10 * MINUTE;
  for (let look = 0; look < 3; look++) await operator.lookAgain(KEY);
  expect(verdictOf(operator)).toBe('Current');
  return seen;
}

describe.each(Object.keys(OBJECTS))('%s', (object) => {
  describe.each(Object.keys(CALLS))('that meets it at %s', (calls) => {
    test.each([...LASTING, ...HEALING])('has not failed for %s within ten minutes', async (_, failure) => {
      expect(await verdicts(object, calls, failure, 9.75)).not.toContain('Failed');
    });

    test.each(HEALING)('has not failed for %s however long it lasts', async (_, failure) => {
      expect(await verdicts(object, calls, failure, 30)).not.toContain('Failed');
    });
  });

  test.each(LASTING)('has failed for %s that lasts longer', async (_, failure) => {
    // An object that was Ready is silent for the first interval, which is ten minutes here.
    expect(await verdicts(object, 'every call', failure, 21)).toContain('Failed');
  });

  test.each(entra(false))('has failed at once for %s, which cannot pass', async (_, failure) => {
    expect(await verdicts(object, 'every call', failure, 0.25)).toContain('Failed');
  });
});
