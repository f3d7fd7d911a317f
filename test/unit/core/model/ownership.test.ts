/** Of all objects that name one runtime, the one it belongs to. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EMPTY_STATUS, type ManagedObject } from '../../../../src/core/model/object.ts';
import { isManaging, ownerOf, successorOf } from '../../../../src/core/model/ownership.ts';
import { armKey } from '../../../../src/core/model/runtime.ts';
import { runtimeId } from '../../model/builders.ts';
import { CREATED, managedObject, rules } from '../builders.ts';

const claims = { status: { ...EMPTY_STATUS, claim: CREATED } };
const creating = (runtime = runtimeId().name): Partial<ManagedObject> => ({
  hasFinalizer: true,
  mark: { origin: 'Created', runtime: armKey(runtimeId(runtime)) },
});
const plain = (name: string, createdAt: number, more: Partial<ManagedObject> = {}) =>
  managedObject(name, { createdAt, ...more });
const observing = (name: string, createdAt: number, more: Partial<ManagedObject> = {}) =>
  managedObject(name, { createdAt, ...more }, { managementPolicy: 'Observe' });
const invalid = (name: string, more: Partial<ManagedObject> = {}) =>
  managedObject(name, { ...more, spec: { valid: false, problem: 'no factory' } });

type Row = readonly [readonly ManagedObject[], string | undefined];
const owner = ([objects, name]: Row): void => {
  expect(ownerOf(objects)?.name).toBe(name);
  expect(ownerOf([...objects].reverse())?.name).toBe(name);
};

describe('the owner', () => {
  rules<Row>(
    {
      'is nobody where there is none': [[], undefined],
      'is the only one': [[plain('a', 0)], 'a'],
      'is the one with the claim, though it is younger': [[plain('a', 0), plain('b', 9, claims)], 'b'],
      'is the one with the claim, though it is being deleted': [
        [plain('a', 0), plain('b', 9, { ...claims, deleting: true, hasFinalizer: true })],
        'b',
      ],
      'is the one that lives, of two with claims': [
        [plain('a', 0, { ...claims, deleting: true, hasFinalizer: true }), plain('b', 9, claims)],
        'b',
      ],
      'is the older of two with claims': [[plain('b', 1, claims), plain('a', 2, claims)], 'b'],
      'is the older, though it is being deleted, of two without claims': [
        [plain('b', 1, { deleting: true, hasFinalizer: true }), plain('a', 2)],
        'b',
      ],
      'is the older': [[plain('b', 1), plain('a', 2)], 'b'],
      'is the one that was creating it, though it is younger, of two without claims': [
        [plain('a', 0), plain('b', 9, creating())],
        'b',
      ],
      'is the one that was creating it, though it is being deleted': [
        [plain('a', 0), plain('b', 9, { ...creating(), deleting: true })],
        'b',
      ],
      'is the one with the claim, though another was creating it': [
        [plain('a', 0, creating()), plain('b', 9, claims)],
        'b',
      ],
      'is the older of two with claims, whoever bears a mark': [
        [plain('a', 0, claims), plain('b', 9, { ...claims, ...creating() })],
        'a',
      ],
      'is the older, though the other was about to adopt it': [
        [
          plain('a', 0),
          plain('b', 9, { hasFinalizer: true, mark: { origin: 'Adopted', runtime: armKey(runtimeId()) } }),
        ],
        'a',
      ],
      'is the older, though the other was creating another runtime': [
        [plain('a', 0), plain('b', 9, creating('Other'))],
        'a',
      ],
      'is the one with the lower uid, of the same second': [
        [plain('a', 1, { uid: '2' }), plain('b', 1, { uid: '1' })],
        'b',
      ],
      'is never one that only observes': [[observing('a', 0, claims), plain('b', 9)], 'b'],
      'is never one whose manifest cannot be understood': [[invalid('a', claims), plain('b', 9)], 'b'],
      'is never one that is being deleted and holds nothing any longer': [
        [plain('a', 0, { ...claims, deleting: true }), plain('b', 9)],
        'b',
      ],
      'is nobody where everybody observes': [[observing('a', 0), observing('b', 1)], undefined],
    },
    owner,
  );
});

describe('the heir', () => {
  test('is the first in precedence of those that live', () => {
    const dead = plain('dead', 0, { ...claims, deleting: true, hasFinalizer: true });
    expect(successorOf([dead, plain('b', 2), plain('a', 1)])?.name).toBe('a');
    expect(successorOf([dead, plain('b', 2, claims), plain('a', 1)])?.name).toBe('b');
  });

  test('is nobody where nobody lives, or those who live only observe', () => {
    expect(successorOf([plain('dead', 0, { deleting: true, hasFinalizer: true })])).toBeUndefined();
    expect(successorOf([observing('a', 0)])).toBeUndefined();
    expect(successorOf([])).toBeUndefined();
  });
});

test('only an object that is understood and managed writes to Azure', () => {
  expect(isManaging(plain('a', 0))).toBe(true);
  expect(isManaging(observing('a', 0))).toBe(false);
  expect(isManaging(invalid('a'))).toBe(false);
});

describe('every object comes to the same answer', () => {
  const one = fc.record({
    createdAt: fc.nat(2),
    claimed: fc.boolean(),
    deleting: fc.boolean(),
    hasFinalizer: fc.boolean(),
    marked: fc.boolean(),
    kind: fc.constantFrom('manages', 'manages', 'observes', 'invalid'),
  });
  const all = fc.array(one, { maxLength: 6 }).map((list) =>
    list.map(({ createdAt, claimed, deleting, hasFinalizer, marked, kind }, i) => {
      const marks = marked ? creating() : {};
      const more = { createdAt, deleting, ...marks, hasFinalizer, uid: `uid-${i}`, ...(claimed ? claims : {}) };
      if (kind === 'invalid') return invalid(`o${i}`, more);
      return managedObject(`o${i}`, more, { managementPolicy: kind === 'manages' ? 'Manage' : 'Observe' });
    }),
  );
  const shuffled = all.chain((list) =>
    fc.shuffledSubarray(list, { minLength: list.length }).map((other) => [list, other] as const),
  );

  test('in whatever order it sees them', () => {
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        expect(ownerOf(other)?.uid).toBe(ownerOf(list)?.uid);
        expect(successorOf(other)?.uid).toBe(successorOf(list)?.uid);
      }),
    );
  });

  test('which stands when others go: the order is total', () => {
    fc.assert(
      fc.property(shuffled, fc.nat(), ([list, other], n) => {
        const winner = ownerOf(list);
        const loser = other.filter(({ uid }) => uid !== winner?.uid)[n % Math.max(1, list.length - 1)];
        const left = list.filter(({ uid }) => uid !== loser?.uid);
        expect(ownerOf(left)?.uid).toBe(winner?.uid);
      }),
    );
  });
});
