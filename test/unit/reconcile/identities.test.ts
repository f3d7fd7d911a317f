/** Identities: who owns a runtime when credentials are missing or change. */
import { describe, expect, test } from '@jest/globals';
import { desired } from '../model/builders.ts';
import { UNBOUNDED } from '../model/fake-azure.ts';
import { IDENTITY, Operator } from '../model/operator.ts';
import { ready } from './support.ts';

describe('an object without credentials', () => {
  test('does not keep a younger one from Azure', async () => {
    const operator = new Operator();
    operator.access = (object) =>
      object.name === 'old'
        ? { granted: false, message: { what: 'No credentials.', remedy: 'Get some.' } }
        : { granted: true, identity: IDENTITY, runtimes: operator.azure, budget: UNBOUNDED };
    operator.apply('old', desired());
    const key = operator.apply('young', desired());
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
  });

  test('is still the owner when it lost them', async () => {
    const operator = new Operator();
    await ready(operator);
    operator.access = (object) =>
      object.name === 'sample'
        ? { granted: false, message: { what: 'No credentials.', remedy: 'Get some.' } }
        : { granted: true, identity: IDENTITY, runtimes: operator.azure, budget: UNBOUNDED };
    const other = operator.apply('other', desired());
    await operator.poll(other);
    expect(operator.summary(other)).toBe('Ready=False OwnedByAnother Stalled');
    expect(operator.azure.calls).toEqual([]);
  });
});

describe('an accepted identity', () => {
  test('becomes that of the claim, and the annotation is not needed afterwards', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.access = () => ({ granted: true, identity: 'tenant/other', runtimes: operator.azure, budget: UNBOUNDED });
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False CredentialsInvalid Stalled');
    expect(operator.azure.calls).toEqual([]);
    operator.cluster.annotate(key, { acceptIdentity: 'tenant/other' });
    await operator.poll(key);
    operator.cluster.annotate(key, { acceptIdentity: undefined });
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(operator.object(key).status.claim).toEqual({ origin: 'Created', identity: 'tenant/other' });
  });
});
