/** The credentials change while a pass is on its way. */
import { expect, test } from '@jest/globals';
import type { Access } from '../../../src/ports.ts';
import { desired, runtimeId } from '../model/builders.ts';
import { UNBOUNDED } from '../model/fake-azure.ts';
import { IDENTITY, Operator } from '../model/operator.ts';

const LOST: Access = { granted: false, message: { what: 'No credentials.', remedy: 'Get some.' } };

/** The pass that begins now is given access once; whoever asks after that is told `later`. */
function changing(operator: Operator, later: Access): void {
  let asked = 0;
  operator.access = () =>
    asked++ === 0 ? { granted: true, identity: IDENTITY, runtimes: operator.azure, budget: UNBOUNDED } : later;
}

test('nothing is written as a client that is not the one of the namespace any more', async () => {
  for (const later of ['lost', 'other'] as const) {
    const operator = new Operator();
    const key = operator.apply('sample', desired());
    operator.cluster.sync();
    changing(
      operator,
      later === 'lost'
        ? LOST
        : { granted: true, identity: 'tenant/other', runtimes: operator.azure, budget: UNBOUNDED },
    );
    await operator.pass(key);
    expect(operator.azure.runtimes.size).toBe(0);
    expect(operator.object(key).status.claim).toBeUndefined();
  }
});

test('a new secret of the same client is no reason to stop', async () => {
  const operator = new Operator();
  const key = operator.apply('sample', desired());
  operator.cluster.sync();
  changing(operator, {
    granted: true,
    identity: IDENTITY,
    credential: 'another one',
    runtimes: operator.azure,
    budget: UNBOUNDED,
  });
  await operator.pass(key);
  expect(operator.azure.runtimes.size).toBe(1);
  expect(operator.object(key).status.claim?.identity).toBe(IDENTITY);
});

test('a refusal names the credential that met it', async () => {
  const failure = { kind: 'forbidden', message: 'AuthorizationFailed: no.' } as const;
  const operator = new Operator({ azure: { fault: () => ({ when: 'before', failure }) } });
  operator.access = () => ({
    granted: true,
    identity: IDENTITY,
    credential: 'client secret of client x in tenant y, from z',
    runtimes: operator.azure,
    budget: UNBOUNDED,
  });
  const key = operator.apply('sample', desired());
  await operator.poll(key);
  const ready = operator.object(key).status.conditions.find(({ type }) => type === 'Ready');
  expect(ready?.message).toMatch(
    /Assign it a role .* Identity: tenant\/client \(client secret of client x in tenant y, from z\)\.$/,
  );
  expect(operator.azure.runtimes.has(runtimeId().name)).toBe(false);
});
