/** The store of objects: changes, our own writes, and what is newer. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { resourceGroupKey } from '../../../../src/core/model/azure-change.ts';
import { armKey, parentKey } from '../../../../src/core/model/runtime.ts';
import { compareVersions } from '../../../../src/kube/client/resource-version.ts';
import type { ObjectChange } from '../../../../src/kube/objects/change.ts';
import type { ParsedObject } from '../../../../src/kube/objects/codec.ts';
import { ObjectStore } from '../../../../src/kube/objects/store.ts';
import { FACTORY, parsed, type RawOptions } from './objects-of-tests.ts';

const KEY = 'team/runtime-a';
const claim = { origin: 'Created', identity: 't/c' } as const;
const claimed = { observedGeneration: 1, claim };

let store: ObjectStore;
let changes: ObjectChange[];

beforeEach(() => {
  store = new ObjectStore();
  changes = [];
  store.subscribe((change) => changes.push(change));
});

const kinds = () => changes.map(({ kind, via }) => `${kind} ${via}`);
const at = (version: number, more: RawOptions = {}): ParsedObject => parsed({ version, ...more });

describe('the watch', () => {
  test('adds, updates and removes', () => {
    store.apply(at(1));
    store.apply(at(2, { generation: 2 }));
    store.remove(at(3));
    expect(kinds()).toEqual(['added watch', 'updated watch', 'removed watch']);
    expect(store.get(KEY)).toBeUndefined();
    expect(store.size).toBe(0);
  });

  test('may show a version twice, or an older one, without effect', () => {
    store.apply(at(5));
    store.apply(at(5));
    store.apply(at(4, { generation: 9 }));
    expect(kinds()).toEqual(['added watch']);
    expect(store.get(KEY)?.generation).toBe(1);
  });

  test('compares versions as numbers', () => {
    store.apply(at(9));
    store.apply(at(10, { generation: 2 }));
    expect(store.get(KEY)?.generation).toBe(2);
    expect(compareVersions('9', '10')).toBeLessThan(0);
    expect(compareVersions('100000000000000000001', '99999999999999999999')).toBeGreaterThan(0);
    expect(compareVersions('7', '7')).toBe(0);
    expect(compareVersions('7', 'abc')).toBeUndefined();
  });

  test('shows a new object of the same name as one that went and one that came', () => {
    store.apply(at(1, { uid: 'first' }));
    store.apply(at(5, { uid: 'second' }));
    expect(kinds()).toEqual(['added watch', 'removed watch', 'added watch']);
    expect(store.get(KEY)?.uid).toBe('second');
  });

  test('cannot remove the successor of what it shows as deleted', () => {
    store.apply(at(5, { uid: 'second' }));
    store.remove(at(4, { uid: 'first' }));
    expect(store.get(KEY)?.uid).toBe('second');
  });
});

describe('a list', () => {
  test('removes what it does not have, adds what is new and leaves alone what it knows', () => {
    for (const name of ['stays-x', 'goes-x', 'anew-x']) store.apply(parsed({ name, version: 1 }));
    changes.length = 0;
    store.replace([
      parsed({ name: 'stays-x', version: 1 }),
      parsed({ name: 'anew-x', version: 5, uid: 'another' }),
      parsed({ name: 'comes-x', version: 6 }),
    ]);
    expect(changes.map((c) => `${c.kind} ${(c.kind === 'removed' ? c.before : c.after).uid} ${c.via}`)).toEqual([
      'removed uid-of-goes-x list',
      'removed uid-of-anew-x list',
      'added another list',
      'added uid-of-comes-x list',
    ]);
  });

  test('of one namespace says nothing of the others', () => {
    store.apply(parsed({ namespace: 'other' }));
    store.apply(parsed({ namespace: 'team' }));
    store.replace([], 'team');
    expect(store.objects().map(({ namespace }) => namespace)).toEqual(['other']);
  });
});

describe('the answer to a write of ours', () => {
  test('is seen at once, and its echo by the watch is no change', () => {
    store.apply(at(1));
    store.put(at(2, { status: claimed, finalizers: ['azure-ir.io/runtime'] }));
    expect(store.get(KEY)).toMatchObject({ resourceVersion: '2', hasFinalizer: true, status: { claim } });
    store.apply(at(2, { status: claimed, finalizers: ['azure-ir.io/runtime'] }));
    expect(kinds()).toEqual(['added watch', 'updated write']);
  });

  test('is not undone by older versions that the watch shows later', () => {
    store.apply(at(1));
    store.put(at(4, { status: claimed }));
    store.apply(at(2));
    store.apply(at(3));
    expect(store.get(KEY)).toMatchObject({ resourceVersion: '4', status: { claim } });
    expect(kinds()).toEqual(['added watch', 'updated write']);
  });

  test('gives way to a newer version', () => {
    store.apply(at(1));
    store.put(at(2, { status: claimed }));
    store.apply(at(3, { generation: 2 }));
    expect(store.get(KEY)).toMatchObject({ resourceVersion: '3', generation: 2, status: { observedGeneration: -1 } });
  });

  test('that is older than what is known changes nothing', () => {
    store.apply(at(5));
    store.put(at(4, { status: claimed }));
    store.put(at(5, { status: claimed }));
    expect(kinds()).toEqual(['added watch']);
  });

  test('that comes after that of a later write changes nothing', () => {
    store.apply(at(1));
    store.put(at(3, { status: claimed }));
    store.put(at(2));
    expect(store.get(KEY)?.status.claim).toEqual(claim);
  });

  test.each<[string, RawOptions]>([
    ['a new generation', { generation: 2 }],
    ['a deletion', { deleting: true, generation: 2 }],
    ['a deletion that is no new generation', { deleting: true }],
    ['a request', { annotations: { 'azure-ir.io/repair': 'now' } }],
  ])('does not show %s before the watch does, but what we wrote', (_what, act) => {
    store.apply(at(1));
    store.put(at(3, { ...act, status: claimed, finalizers: ['azure-ir.io/runtime'] }));
    const early = store.get(KEY);
    expect(early).toMatchObject({
      resourceVersion: '1',
      generation: 1,
      deleting: false,
      hasFinalizer: true,
      status: { claim },
    });
    expect(early?.requests.repair).toBeUndefined();

    store.apply(at(2, act));
    expect(store.get(KEY)).toMatchObject({ resourceVersion: '3', hasFinalizer: true, status: { claim } });
    expect(kinds()).toEqual(['added watch', 'updated write', 'updated watch']);

    store.apply(at(3, { ...act, status: claimed, finalizers: ['azure-ir.io/runtime'] }));
    expect(kinds()).toHaveLength(3);
  });

  test('raises nobody from the dead', () => {
    store.put(at(2));
    store.apply(at(3));
    store.remove(at(4));
    store.put(at(5));
    expect(store.get(KEY)).toBeUndefined();
  });

  test('is nothing to an object of the same name that came later', () => {
    store.apply(at(9, { uid: 'second' }));
    store.put(at(10, { uid: 'first', status: claimed }));
    expect(store.get(KEY)?.status.claim).toBeUndefined();
  });
});

describe('the index', () => {
  const runtimeKey = armKey({ parent: { kind: 'factory', ...FACTORY }, name: 'Shared' });

  test('finds all objects of a runtime, however they spell it', () => {
    store.apply(parsed({ name: 'one-x', spec: { azureName: 'shared' } }));
    store.apply(parsed({ name: 'two-x', namespace: 'other', spec: { azureName: 'SHARED' } }));
    store.apply(parsed({ name: 'three-x' }));
    store.apply(parsed({ name: 'four-x', spec: { azureName: 'shared', location: 7 } }));
    expect(store.sharing(runtimeKey).map(({ name }) => name)).toEqual(['one-x', 'two-x']);
    store.remove(parsed({ name: 'one-x' }));
    expect(store.sharing(runtimeKey).map(({ name }) => name)).toEqual(['two-x']);
  });

  test('follows an object whose spec becomes sound, or names another runtime', () => {
    store.apply(parsed({ version: 1, spec: { azureName: 'shared', location: 7 } }));
    store.apply(parsed({ version: 2, spec: { azureName: 'shared' } }));
    expect(store.sharing(runtimeKey)).toHaveLength(1);
    store.apply(parsed({ version: 3, spec: { azureName: 'elsewhere' } }));
    expect(store.sharing(runtimeKey)).toEqual([]);
  });

  test('finds all objects of a namespace', () => {
    store.apply(parsed({ name: 'one-x' }));
    store.apply(parsed({ name: 'two-x', namespace: 'other' }));
    expect(store.inNamespace('other').map(({ name }) => name)).toEqual(['two-x']);
    expect(store.inNamespace('none')).toEqual([]);
  });
});

test('a listener that has left is told of nothing more', () => {
  let told = 0;
  const handOver = store.subscribe(() => told++);
  store.apply(at(1));
  handOver();
  store.apply(at(2));
  expect(told).toBe(1);
});

describe('the objects below a parent, and those in a resource group,', () => {
  const parent = (name: string, resourceGroup = 'rg') =>
    parentKey({ kind: 'factory', ...FACTORY, name, resourceGroup });
  const group = (resourceGroup: string) => resourceGroupKey({ ...FACTORY, resourceGroup });
  const below = (key: string) => store.below(key).map(({ name }) => name);
  const inGroup = (key: string) => store.inResourceGroup(key).map(({ name }) => name);

  test('are found without a look at the others', () => {
    store.apply(parsed({ name: 'one' }));
    store.apply(parsed({ name: 'two', spec: { factory: { ...FACTORY, name: 'two' } } }));
    store.apply(parsed({ name: 'three', spec: { factory: { ...FACTORY, resourceGroup: 'other' } } }));
    store.apply(parsed({ name: 'four', spec: { factory: 5 } }));
    expect([below(parent('FACTORY-ONE')), below(parent('two')), below(parent('none'))]).toEqual([['one'], ['two'], []]);
    expect([inGroup(group('RG')).sort(), inGroup(group('other')), inGroup(group('none'))]).toEqual([
      ['one', 'two'],
      ['three'],
      [],
    ]);
  });

  test('are the others once an object is gone, or names another parent', () => {
    store.apply(at(1));
    store.apply(at(2, { spec: { factory: { ...FACTORY, name: 'two', resourceGroup: 'other' } } }));
    expect([below(parent('factory-one')), below(parent('two', 'other'))]).toEqual([[], ['runtime-a']]);
    expect([inGroup(group('rg')), inGroup(group('other'))]).toEqual([[], ['runtime-a']]);
    store.remove(at(3));
    expect([below(parent('two', 'other')), inGroup(group('other'))]).toEqual([[], []]);
  });
});
