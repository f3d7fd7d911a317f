/** Which keys a change wakes, and how urgently. */
import { describe, expect, test } from '@jest/globals';
import type { ParsedObject } from '../../../src/kube/objects/codec.ts';
import { ObjectStore } from '../../../src/kube/objects/store.ts';
import { PRIORITY } from '../../../src/triggers/priorities.ts';
import { triggersOf } from '../../../src/triggers/triggers.ts';
import { parsed, type RawOptions } from '../kube/objects/objects-of-tests.ts';

const KEY = 'team/runtime-a';
const OTHER = 'team/runtime-b';
const FINALIZER = 'azure-ir.io/runtime';
const SAME = { spec: { azureName: 'shared' } };

/** What a change of one object triggers while another object of the same runtime is there. */
const MARK = JSON.stringify({ uid: 'uid-of-runtime-a', origin: 'Created', runtime: '/x' });

function triggersBetween(
  before: RawOptions | undefined,
  after: RawOptions | undefined,
  via: 'list' | 'watch' | 'write' = 'watch',
) {
  const store = new ObjectStore();
  store.apply(parsed({ name: 'runtime-b', ...SAME }));
  store.apply(parsed({ name: 'runtime-c' }));
  const state = (options: RawOptions | undefined): ParsedObject | undefined =>
    options && parsed({ ...SAME, ...options });
  const [from, to] = [state(before), state(after)];
  store.apply((to ?? from) as ParsedObject);
  const change =
    from === undefined
      ? { kind: 'added' as const, via, after: to as ParsedObject }
      : to === undefined
        ? { kind: 'removed' as const, via, before: from }
        : { kind: 'updated' as const, via, before: from, after: to };
  return Object.fromEntries(
    triggersOf(change, (runtime) => store.sharing(runtime)).map(({ key, priority }) => [key, priority]),
  );
}

const { change, related, listed } = PRIORITY;
const annotations = (value: string) => ({ annotations: { 'azure-ir.io/reconcile': value } });
const created = { observedGeneration: 1, claim: { origin: 'Created', identity: 'x' } };
const claim = { observedGeneration: 1, claim: { origin: 'Adopted', identity: 'x' } };

describe('a change of', () => {
  test.each<[string, RawOptions | undefined, RawOptions | undefined, Record<string, number>]>([
    [
      'an object that comes concerns it and the others of its runtime',
      undefined,
      {},
      { [KEY]: change, [OTHER]: related },
    ],
    ['an object that goes concerns the others of its runtime', {}, undefined, { [OTHER]: related }],
    ['the spec', { generation: 1 }, { generation: 2 }, { [KEY]: change, [OTHER]: related }],
    ['a deletion', {}, { deleting: true }, { [KEY]: change, [OTHER]: related }],
    [
      'the finalizer that somebody takes off a claimed object',
      { finalizers: [FINALIZER], status: claim },
      { status: claim },
      { [KEY]: change, [OTHER]: related },
    ],
    ['the finalizer that we take off concerns only the others', { finalizers: [FINALIZER] }, {}, { [OTHER]: related }],
    ['the finalizer that we put on concerns only the others', {}, { finalizers: [FINALIZER] }, { [OTHER]: related }],
    ['the claim concerns only the others', {}, { status: claim }, { [OTHER]: related }],
    ['the origin of the claim alone, too', { status: created }, { status: claim }, { [OTHER]: related }],
    ['its mark concerns only the others', {}, { annotations: { 'azure-ir.io/mark': MARK } }, { [OTHER]: related }],
    ['a request that is new', {}, annotations('1'), { [KEY]: change }],
    ['a request that is repeated with a new value', annotations('1'), annotations('2'), { [KEY]: change }],
    ['a request that is withdrawn', annotations('1'), {}, {}],
    ['the status alone', {}, { status: { observedGeneration: 1, state: 'Online' } }, {}],
    ['foreign finalizers and annotations', {}, { finalizers: ['x/y'], annotations: { a: 'b' } }, {}],
  ])('%s', (_what, before, after, expected) => {
    expect(triggersBetween(before, after)).toEqual(expected);
  });

  test('the runtime that is named concerns the others of both', () => {
    expect(triggersBetween({ spec: { azureName: 'elsewhere' } }, { generation: 2 })).toEqual({
      [KEY]: change,
      [OTHER]: related,
    });
    expect(triggersBetween({}, { generation: 2, spec: { azureName: 'elsewhere' } })).toEqual({
      [KEY]: change,
      [OTHER]: related,
    });
  });

  test.each(['requestedAt', 'repair', 'accept-identity', 'enable-interactive-authoring'])(
    'the request %s counts like any other',
    (name) => {
      const annotation = name === 'requestedAt' ? 'reconcile.fluxcd.io/requestedAt' : `azure-ir.io/${name}`;
      expect(triggersBetween({}, { annotations: { [annotation]: 'x' } })).toEqual({ [KEY]: change });
    },
  );
});

describe('a list', () => {
  test('shows what has been looked at without urgency', () => {
    expect(triggersBetween(undefined, { status: { observedGeneration: 1 } }, 'list')).toMatchObject({ [KEY]: listed });
  });

  test.each<[string, RawOptions]>([
    ['nobody has looked at', {}],
    ['was edited since it was looked at', { generation: 2, status: { observedGeneration: 1 } }],
    ['is being deleted', { deleting: true, status: { observedGeneration: 1 } }],
  ])('shows with urgency what %s', (_what, object) => {
    expect(triggersBetween(undefined, object, 'list')).toMatchObject({ [KEY]: change });
  });
});

describe('what we write ourselves', () => {
  test('is no reason to look at the object again', () => {
    expect(triggersBetween({ finalizers: [FINALIZER] }, {}, 'write')).toEqual({ [OTHER]: related });
  });

  test('concerns the others when it is the claim', () => {
    expect(triggersBetween({}, { status: claim }, 'write')).toEqual({ [OTHER]: related });
  });
});
