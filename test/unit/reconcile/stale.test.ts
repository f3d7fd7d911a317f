/** What a pass makes of a view that is out of date. */
import { expect, test } from '@jest/globals';
import { desired, runtimeId } from '../model/builders.ts';
import { Operator } from '../model/operator.ts';

const THEIRS = { type: 'Managed', typeProperties: { computeProperties: { location: 'northeurope' } } };

async function ready(operator: Operator): Promise<string> {
  const key = operator.apply('sample', desired());
  await operator.poll(key);
  operator.azure.calls.length = 0;
  return key;
}

test('nothing is written for an object that the server has no longer, although the cache still shows it', async () => {
  const operator = new Operator();
  const key = await ready(operator);
  operator.azure.put(runtimeId(), THEIRS);
  operator.azure.refreshList();
  operator.cluster.removeFinalizerByHand(key);
  operator.cluster.delete(key);
  await operator.pass(key);
  expect(operator.azure.calls).toEqual(['hint', 'read']);
});

test('nothing is deleted for an object whose status the server has changed since', async () => {
  const operator = new Operator();
  const key = await ready(operator);
  operator.cluster.delete(key);
  operator.cluster.sync();
  operator.cluster.removeFinalizerByHand(key);
  await operator.pass(key);
  expect(operator.azure.calls).toEqual(['read']);
});

test('two passes of one runtime do not overlap', async () => {
  const operator = new Operator();
  const first = operator.apply('first', desired());
  const second = operator.apply('second', desired());
  operator.cluster.sync();
  const [, outcome] = await Promise.all([operator.pass(first), operator.pass(second)]);
  expect(outcome.kind).toBe('backoff');
  expect(operator.azure.calls.filter((call) => call === 'read')).toHaveLength(1);
});
