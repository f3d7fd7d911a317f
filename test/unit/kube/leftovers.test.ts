import { expect, test } from '@jest/globals';
import { leftovers } from '../../../src/kube/leftovers.ts';

const paths = (actual: unknown, wanted: object) => leftovers(actual, wanted).map(({ op, path }) => `${op} ${path}`);

test('nothing is left over in what holds no more than is wanted, whatever the values', () => {
  expect(paths({ a: 1, b: { c: 2 }, list: [1, 2] }, { a: 3, b: { c: 4, d: 5 }, list: [], more: 1 })).toEqual([]);
  expect(paths(undefined, { a: 1 })).toEqual([]);
});

test('every key that is not wanted is left over, at any depth', () => {
  expect(paths({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3 } })).toEqual(['remove /status/a', 'remove /status/b/c']);
});

test('conditions are told apart by type and removed from the end, so that the first removal does not move the second', () => {
  const actual = { conditions: [{ type: 'Stalled' }, { type: 'Ready' }, { type: 'Synced' }] };
  expect(paths(actual, { conditions: [{ type: 'Ready' }] })).toEqual([
    'remove /status/conditions/2',
    'remove /status/conditions/0',
  ]);
});

test('a key is written as a JSON pointer', () => {
  expect(paths({ 'a/b~c': 1 }, {})).toEqual(['remove /status/a~1b~0c']);
});
