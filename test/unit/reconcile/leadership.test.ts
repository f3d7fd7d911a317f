/** Leadership ends while a pass is on its way. */
import { expect, test } from '@jest/globals';
import { armKey } from '../../../src/core/model/runtime.ts';
import { desired, runtimeId } from '../model/builders.ts';
import { WRITES } from '../model/fake-azure.ts';
import { Operator } from '../model/operator.ts';

const KEY = armKey(runtimeId());
const NORTH = desired({ fields: { location: 'North Europe' } }).fields;

test.each<[string, boolean, (operator: Operator, key: string) => void]>([
  ['a runtime that was found absent is not created', false, () => {}],
  ['drift is not corrected', true, ({ azure }) => void azure.put(runtimeId(), { type: 'Managed' })],
  ['an edit is not made', true, ({ cluster }, key) => cluster.edit(key, { fields: NORTH })],
  ['a deletion is not made', true, ({ cluster }, key) => cluster.delete(key)],
])('%s, and whoever leads then does it', async (_what, isReady, change) => {
  let loses = false;
  const fault = () => {
    if (loses) operator.isLeader = false;
    return undefined;
  };
  const operator = new Operator({ azure: { fault } });
  const key = operator.apply('sample', desired());
  if (isReady) await operator.poll(key);
  change(operator, key);
  const writes = () => operator.azure.calls.filter((call) => WRITES.includes(call));
  operator.azure.calls.length = 0;
  const before = operator.azure.runtimes.get(KEY);

  loses = true;
  await operator.poll(key);
  expect(operator.azure.calls).not.toEqual([]);
  expect(writes()).toEqual([]);
  expect(operator.azure.runtimes.get(KEY)).toEqual(before);

  loses = false;
  operator.restart();
  operator.isLeader = true;
  await operator.poll(key);
  expect(writes()).toHaveLength(1);
});
