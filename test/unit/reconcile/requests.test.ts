/** Annotations that ask for what cannot be: one event each, and no more of it. */
import { describe, expect, test } from '@jest/globals';
import { condition } from '../../../src/core/model/object.ts';
import { runtimeId } from '../model/builders.ts';
import { UNBOUNDED } from '../model/fake-azure.ts';
import { IDENTITY, Operator } from '../model/operator.ts';
import { MANAGED, ready, reasons } from './support.ts';

async function observing() {
  const operator = new Operator();
  operator.azure.put(runtimeId(), MANAGED('West Europe'));
  return { operator, key: await ready(operator, { managementPolicy: 'Observe' }) };
}

describe('an annotation that asks for what cannot be', () => {
  test.each([
    ['repair', 'lastHandledRepairAt'],
    ['enableInteractiveAuthoring', 'lastHandledInteractiveAuthoringAt'],
  ] as const)('%s is answered by one event, and marked handled', async (request, handled) => {
    const { operator, key } = await observing();
    operator.cluster.annotate(key, { [request]: 't1' });
    await operator.poll(key);
    expect(operator.cluster.events).toMatchObject([{ type: 'Warning', reason: 'AnnotationRejected' }]);
    expect(operator.object(key).status[handled]).toBe('t1');
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(operator.object(key).status).not.toHaveProperty('interactiveAuthoring');
    await operator.poll(key);
    expect(operator.cluster.writes).toEqual(['status']);
    operator.cluster.annotate(key, { [request]: 't2' });
    await operator.poll(key);
    expect(reasons(operator)).toEqual(['AnnotationRejected', 'AnnotationRejected']);
    expect(operator.azure.calls.filter((call) => ['update', 'enable'].includes(call))).toEqual([]);
  });

  test('two of them are both answered by one pass', async () => {
    const { operator, key } = await observing();
    operator.cluster.annotate(key, { repair: 't1', enableInteractiveAuthoring: 't1' });
    await operator.poll(key);
    expect(reasons(operator)).toEqual(['AnnotationRejected', 'AnnotationRejected']);
    expect(operator.cluster.writes).toEqual(['status']);
  });
});

describe('accept-identity that is not the identity in use', () => {
  test('is answered by one event for each value, and the message says so', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.access = () => ({ granted: true, identity: 'tenant/other', runtimes: operator.azure, budget: UNBOUNDED });
    await operator.poll(key);
    expect(reasons(operator)).toEqual(['CredentialsInvalid']);
    for (const value of ['yes', 'yes', IDENTITY]) {
      operator.cluster.annotate(key, { acceptIdentity: value });
      await operator.poll(key);
      const { message } = condition(operator.object(key).status, 'Ready') ?? {};
      expect(message).toContain(`The annotation is now "${value}", which is not the new identity.`);
    }
    expect(reasons(operator)).toEqual(['CredentialsInvalid', 'CredentialsInvalid', 'CredentialsInvalid']);
    operator.cluster.annotate(key, { acceptIdentity: 'tenant/other' });
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
  });

  test('that was there before the other credential is part of the one event that tells of it', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.annotate(key, { acceptIdentity: 'yes' });
    operator.access = () => ({ granted: true, identity: 'tenant/other', runtimes: operator.azure, budget: UNBOUNDED });
    await operator.poll(key);
    expect(operator.cluster.events).toMatchObject([
      { reason: 'CredentialsInvalid', message: expect.stringContaining('The annotation is now "yes"') },
    ]);
  });
});
