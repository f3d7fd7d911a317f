/** The whole definition, leaf by leaf: absent is left alone, declared is kept, removed returns to Azure's default. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LIMITS } from '../../../../src/api/limits.ts';
import {
  differences,
  type FieldPath,
  fieldOf,
  isFieldPath,
  looksCreatedBy,
  merge,
  newDocument,
  valueAt,
} from '../../../../src/core/model/fields.ts';
import type { Json, RuntimeDocument } from '../../../../src/core/model/runtime.ts';
import { corrected as remembered } from '../../../../src/core/status/contest.ts';
import {
  ALL_PATHS,
  at,
  declaration,
  declared,
  document,
  lines,
  NAMES,
  others,
  PLAIN,
  PLAIN_PATHS,
  propertyPath,
} from './definition.ts';

type Declared = ReadonlyMap<FieldPath, Json>;
const NONE: Declared = new Map();

/** The document after one write that makes it as declared. */
function corrected(was: RuntimeDocument, fields: Declared, managedBefore: readonly string[] = []): RuntimeDocument {
  return merge(was, differences(fields, managedBefore, was), fields, managedBefore);
}

const differing = (fields: Declared, was: RuntimeDocument, managedBefore: readonly string[] = []) =>
  differences(fields, managedBefore, was).map(({ field }) => field);

const dataFlow = (properties: Json): RuntimeDocument =>
  at('typeProperties.computeProperties.dataFlowProperties', properties);
const withProperties = (...customProperties: Json[]) => dataFlow({ customProperties });
const property = (name: string, value: Json) => ({ name, value });

describe.each(PLAIN_PATHS)('%s', (path) => {
  const {
    wire,
    values: [first, second],
  } = PLAIN[path];
  const set = declared({ [path]: first });

  test('is left alone while it is not declared', () => {
    expect(differences(NONE, [], at(wire, first))).toEqual([]);
  });

  test('is sent by a create exactly where Azure keeps it', () => {
    const location = path === 'location' ? [] : [[['typeProperties', 'computeProperties', 'location'], 'AutoResolve']];
    expect(lines(newDocument(set))).toEqual(
      expect.arrayContaining([[['type'], 'Managed'], [wire.split('.'), first], ...location]),
    );
    expect(lines(newDocument(set))).toHaveLength(2 + location.length);
  });

  test('is written into a document that lacks it, and into nothing else', () => {
    expect(corrected({ type: 'Managed' }, set)).toEqual({ type: 'Managed', ...at(wire, first) });
  });

  test('is corrected when somebody changed or removed it', () => {
    for (const theirs of [at(wire, second), {}, at(wire, null), at(wire, { deep: true }), at(wire, [first])]) {
      const isOurs = JSON.stringify(theirs) === JSON.stringify(at(wire, first));
      expect(differing(set, theirs)).toEqual(isOurs ? [] : [path]);
      expect(corrected(theirs, set)).toEqual(at(wire, first));
    }
  });

  test('is not the same when it comes as another type of JSON', () => {
    const other = typeof first === 'string' ? [first] : String(first);
    expect(differing(set, at(wire, other))).toEqual([path]);
  });

  test('is told of as the manifest spells it', () => {
    expect(differences(set, [], at(wire, 'theirs'))).toEqual([{ field: path, desired: first, observed: 'theirs' }]);
  });

  test('returns to the default of Azure once it is declared no longer, with what held nothing else', () => {
    const was = { type: 'Managed', ...at(wire, first) };
    const is = corrected(was, NONE, [path]);
    expect(is).toEqual(path === 'location' ? { type: 'Managed', ...at(wire, 'AutoResolve') } : { type: 'Managed' });
    expect(valueAt(is, path)).toBe(valueAt({}, path));
    expect(differences(NONE, [path], is)).toEqual([]);
  });

  test('leaves what stands beside it when it goes', () => {
    const parent = wire.split('.').slice(0, -1);
    const beside = at([...parent, 'alien'].join('.'), [{ deep: null }]);
    const is = corrected(corrected(beside, set), NONE, [path]);
    expect(others(is, [path])).toEqual(lines(beside));
  });
});

describe('the default of Azure', () => {
  test.each<[string, FieldPath, Json]>([
    ['of the location is AutoResolve', 'location', 'AutoResolve'],
    ['of the description is an empty one', 'description', ''],
    ['of cleanup is true', 'dataFlow.cleanup', true],
    ['of the core count is not ours to know', 'dataFlow.coreCount', null],
    ['of a custom property is that there is none', propertyPath('a'), null],
  ])('%s', (_, path, value) => {
    expect(valueAt({}, path)).toBe(value);
  });

  test('is what an absent cleanup means, so that declaring true writes nothing', () => {
    expect(differing(declared({ 'dataFlow.cleanup': true }), {})).toEqual([]);
    expect(differing(declared({ 'dataFlow.cleanup': true }), dataFlow({ cleanup: null }))).toEqual([]);
    expect(differing(declared({ 'dataFlow.cleanup': true }), dataFlow({ cleanup: false }))).toEqual([
      'dataFlow.cleanup',
    ]);
    expect(differing(declared({ 'dataFlow.cleanup': false }), {})).toEqual(['dataFlow.cleanup']);
  });

  test('is not what an absent time to live means: 0 is written', () => {
    expect(differing(declared({ 'dataFlow.timeToLiveMinutes': 0 }), {})).toEqual(['dataFlow.timeToLiveMinutes']);
  });
});

describe('a default that is spelled out and managed no longer', () => {
  const spelledOut = { description: '', ...dataFlow({ cleanup: true, coreCount: 8 }) };
  const cleanup: FieldPath = 'dataFlow.cleanup';

  test('is as good as absent: nothing is written for its sake', () => {
    expect(differing(NONE, spelledOut, [cleanup, 'description'])).toEqual([]);
    expect(merge(spelledOut, [], NONE)).toBe(spelledOut);
  });

  test('goes with the next write, so that nothing is left of what was declared', () => {
    expect(corrected(spelledOut, NONE, [cleanup, 'description', 'dataFlow.coreCount'])).toEqual({});
    const set = declared({ 'dataFlow.coreCount': 16 });
    expect(corrected(spelledOut, set, [cleanup, 'description'])).toEqual(dataFlow({ coreCount: 16 }));
  });

  test('stays when it is declared, or somebody else’s', () => {
    const set = declared({ 'dataFlow.coreCount': 16, [cleanup]: true });
    expect(corrected(spelledOut, set, [cleanup])).toEqual({
      description: '',
      ...dataFlow({ cleanup: true, coreCount: 16 }),
    });
  });
});

describe('custom properties', () => {
  const two = declared({ [propertyPath('a')]: '1', [propertyPath('b')]: '2' });

  test('are sent by a create in the order of the manifest', () => {
    expect(newDocument(two)).toMatchObject(withProperties(property('a', '1'), property('b', '2')));
  });

  test('are a set: another order is no drift, and nor is one that is there twice', () => {
    expect(differing(two, withProperties(property('b', '2'), property('a', '1')))).toEqual([]);
    expect(differing(two, withProperties(property('b', '2'), property('a', '1'), property('b', '2')))).toEqual([]);
  });

  test('are leaves of their own: what is missing or changed is corrected in its place, the rest is not named', () => {
    const theirs = withProperties(property('b', '3'), property('foreign', 'x'), property('a', '1'));
    expect(differences(two, [], theirs)).toEqual([{ field: propertyPath('b'), desired: '2', observed: '3' }]);
    expect(corrected(theirs, two)).toEqual(
      withProperties(property('b', '2'), property('foreign', 'x'), property('a', '1')),
    );
    expect(corrected(withProperties(property('foreign', 'x')), two)).toEqual(
      withProperties(property('foreign', 'x'), property('a', '1'), property('b', '2')),
    );
  });

  test('keep what else an entry has', () => {
    const theirs = withProperties({ alien: [1], value: 'x', name: 'a' });
    const is = corrected(theirs, declared({ [propertyPath('a')]: '1' }));
    expect(JSON.stringify(is)).toBe(JSON.stringify(withProperties({ alien: [1], value: '1', name: 'a' })));
  });

  test('that contradict each other are told as they are, and become one', () => {
    const theirs = withProperties(property('a', '1'), property('foreign', 'x'), property('a', '2'));
    const one = declared({ [propertyPath('a')]: '1' });
    expect(differences(one, [], theirs)).toEqual([{ field: propertyPath('a'), desired: '1', observed: ['1', '2'] }]);
    expect(corrected(theirs, one)).toEqual(withProperties(property('a', '1'), property('foreign', 'x')));
  });

  test('go by name, and the list with the last of them', () => {
    const was = withProperties(property('a', '1'), property('foreign', 'x'), property('b', '2'));
    const withoutB = declared({ [propertyPath('a')]: '1' });
    const paths = [propertyPath('a'), propertyPath('b')];
    expect(corrected(was, withoutB, paths)).toEqual(withProperties(property('a', '1'), property('foreign', 'x')));
    expect(corrected(was, NONE, paths)).toEqual(withProperties(property('foreign', 'x')));
    expect(corrected(withProperties(property('a', '1'), property('a', '2')), NONE, paths)).toEqual({});
    expect(corrected(dataFlow({ customProperties: [property('a', '1')], coreCount: 8 }), NONE, paths)).toEqual(
      dataFlow({ coreCount: 8 }),
    );
  });

  test('without a value are there, with an empty one', () => {
    const valueless = withProperties({ name: 'a' });
    expect(differing(declared({ [propertyPath('a')]: '' }), valueless)).toEqual([]);
    expect(differing(declared({ [propertyPath('a')]: '' }), withProperties({ name: 'a', value: null }))).toEqual([]);
    expect(differing(declared({ [propertyPath('a')]: '' }), {})).toEqual([propertyPath('a')]);
    expect(corrected(valueless, NONE, [propertyPath('a')])).toEqual({});
  });

  test('are told apart by the case of their names, and a number is no string', () => {
    const one = declared({ [propertyPath('a')]: '1' });
    expect(differing(one, withProperties(property('A', '1')))).toEqual([propertyPath('a')]);
    expect(differing(one, withProperties(property('a', 1)))).toEqual([propertyPath('a')]);
  });

  test.each<[string, Json]>([
    ['a text', 'a'],
    ['an object', { a: '1' }],
    ['null', null],
  ])('are written where %s stands in place of their list', (_, there) => {
    expect(corrected(dataFlow({ customProperties: there }), two)).toEqual(
      withProperties(property('a', '1'), property('b', '2')),
    );
  });

  test('stand beside entries that are none', () => {
    const theirs = withProperties(null, 7, 'a', ['a'], { value: 'a' }, { name: ['a'] });
    expect(corrected(theirs, two)).toEqual(
      withProperties(null, 7, 'a', ['a'], { value: 'a' }, { name: ['a'] }, property('a', '1'), property('b', '2')),
    );
    expect(corrected(corrected(theirs, two), NONE, [...two.keys()])).toEqual(theirs);
  });
});

describe('the path of a leaf', () => {
  test.each(NAMES)('can hold the name %j', (name) => {
    expect(isFieldPath(propertyPath(name))).toBe(true);
    expect(fieldOf(propertyPath(name))).toBe('dataFlow.customProperties');
    expect(valueAt(withProperties(property(name, 'x')), propertyPath(name))).toBe('x');
  });

  test.each([
    'dataFlow',
    'dataFlow.customProperties',
    'dataFlow.customProperties[]',
    'dataFlow.customProperties[a',
    'dataFlow.customProperties]',
    'dataFlow.coreCount[a]',
    'dataFlow.coreCount[]',
    '[a]',
    'copyCompute.coreCount',
  ])('is not %s', (path) => {
    expect(isFieldPath(path)).toBe(false);
    expect(differences(NONE, [path], withProperties(property('a', '1')))).toEqual([]);
  });

  test('without a map is the field itself', () => {
    expect(fieldOf('dataFlow.coreCount')).toBe('dataFlow.coreCount');
  });
});

test('differences are in the order of the table, whatever the order of the manifest', () => {
  const all = PLAIN_PATHS.map((path) => [path, PLAIN[path].values[0]] as const);
  expect(differing(new Map(all.toReversed()), {})).toEqual(PLAIN_PATHS);
});

describe('whatever document Azure has', () => {
  const managed = fc.subarray([...ALL_PATHS, 'unknown', '__proto__', 'dataFlow.customProperties[]']);
  const all = fc.tuple(document, declaration, managed);
  const often = { numRuns: 400 };

  test('a write leaves nothing that differs', () => {
    fc.assert(
      fc.property(all, ([was, fields, before]) => {
        expect(differing(fields, corrected(was, fields, before), before)).toEqual([]);
      }),
      often,
    );
  });

  test('a write keeps all that is not among the changes, and adds nothing', () => {
    fc.assert(
      fc.property(all, ([was, fields, before]) => {
        const changed = differing(fields, was, before);
        const gone = ALL_PATHS.filter((path) => before.includes(path) && !fields.has(path));
        const mine = [...changed, ...gone];
        expect(others(corrected(was, fields, before), mine)).toEqual(others(was, mine));
        expect(others(corrected(was, fields), changed)).toEqual(others(was, changed));
      }),
      often,
    );
  });

  test('only what is declared, or was, can differ', () => {
    fc.assert(
      fc.property(all, ([was, fields, before]) => {
        for (const field of differing(fields, was, before))
          expect(fields.has(field) || before.includes(field)).toBe(true);
      }),
    );
  });

  test('the document that was read is not changed, and nor is any prototype', () => {
    fc.assert(
      fc.property(all, ([was, fields, before]) => {
        const text = JSON.stringify(was);
        const is = corrected(was, fields, before);
        expect(JSON.stringify(was)).toBe(text);
        expect(Object.getPrototypeOf(is)).toBe(Object.prototype);
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
    );
  });

  test('a declaration, another one, and none again leave what was never managed to the letter', () => {
    fc.assert(
      fc.property(document, declaration, document, declaration, (was, first, meanwhile, second) => {
        const touched = [...new Set([...first.keys(), ...second.keys()])];
        // Somebody else changes what is managed, and only that.
        const foreign = new Map(touched.map((path) => [path, valueAt(meanwhile, path)]));
        const one = corrected(was, first);
        const disturbed = merge(
          one,
          [...foreign].map(([field]) => ({ field, desired: null, observed: null })),
          foreign,
        );
        const conflictBackoff = corrected(disturbed, first, touched);
        expect(differing(first, conflictBackoff, touched)).toEqual([]);
        const two = corrected(conflictBackoff, second, touched);
        expect(differing(second, two, touched)).toEqual([]);
        const none = corrected(two, NONE, touched);
        for (const path of touched) expect(valueAt(none, path)).toEqual(valueAt({}, path));
        for (const is of [one, conflictBackoff, two, none]) expect(others(is, touched)).toEqual(others(was, touched));
      }),
      often,
    );
  });

  test('what a create sends is recognised, and taking it back leaves a runtime that only has a location', () => {
    fc.assert(
      fc.property(declaration, (fields) => {
        const made = newDocument(fields);
        expect(looksCreatedBy(fields, made)).toBe(true);
        expect(lines(corrected(made, NONE, ['location', ...fields.keys()]))).toEqual(
          expect.arrayContaining([
            [['type'], 'Managed'],
            [['typeProperties', 'computeProperties', 'location'], 'AutoResolve'],
          ]),
        );
      }),
    );
  });
});

test('of more corrections than status holds, those of longest ago are forgotten', () => {
  const hour = 3_600_000;
  const names = Array.from({ length: 70 }, (_, i) => propertyPath(`${i}`));
  const all = names.reduce<ReturnType<typeof remembered>>(
    (before, name, i) => remembered(before, [name], i * hour),
    [],
  );
  expect(all).toHaveLength(LIMITS.corrections);
  expect(all.map(({ field }) => field).sort()).toEqual(names.slice(-LIMITS.corrections).sort());
  expect(remembered(all, names.slice(0, 3), 71 * hour)).toHaveLength(LIMITS.corrections);
});
