/** What is frozen, and that what a pass compares is: what is remembered of a comparison then stays true. */
import { expect, test } from '@jest/globals';
import type { Json } from '../../../src/core/model/runtime.ts';
import { deepFrozen } from '../../support/deep-frozen.ts';
import { desired, runtimeId } from '../model/builders.ts';
import { Operator } from '../model/operator.ts';
import { document, MANAGED, ready } from '../reconcile/support.ts';

test('nothing in a frozen value can be changed, and it can be read', () => {
  const value = deepFrozen({ list: [{ a: 1 }], map: new Map([['key', { b: 1 }]]) });
  const { list, map } = value;
  for (const change of [
    () => Object.assign(value, { list: [] }),
    () => list.pop(),
    () => Object.assign(list[0] ?? {}, { a: 2 }),
    () => map.set('key', { b: 2 }),
    () => map.delete('key'),
    () => map.clear(),
    () => Object.assign(map.get('key') ?? {}, { b: 2 }),
  ])
    expect(change).toThrow(TypeError);
  expect(value).toEqual({ list: [{ a: 1 }], map: new Map([['key', { b: 1 }]]) });
});

test('no pass can change in place a document of Azure, or the fields that an object declares or owns', async () => {
  const operator = new Operator();
  operator.azure.put(runtimeId(), MANAGED('northeurope'));
  const key = await ready(operator);
  const { spec, status } = operator.object(key);
  const { fields } = spec.valid ? spec.desired : desired();
  for (const change of [
    () => Object.assign(document(operator).typeProperties ?? {}, { other: 1 }),
    () => (fields as Map<string, Json>).set('description', 'changed'),
    () => (status.ownedFields as string[]).push('description'),
  ])
    expect(change).toThrow(TypeError);
});
