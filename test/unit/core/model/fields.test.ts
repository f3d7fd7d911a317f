/** The leaves of a definition: compared by meaning, merged without loss. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  differences,
  type FieldPath,
  isFieldPath,
  looksCreatedBy,
  merge,
  newDocument,
  valueAt,
} from '../../../../src/core/model/fields.ts';
import type { Json, RuntimeDocument } from '../../../../src/core/model/runtime.ts';
import { fieldMap } from '../../model/builders.ts';
import { declaration, document, isTouched, leaves, object, PATHS, WIRE } from '../arbitraries.ts';
import { managed, rules } from '../builders.ts';

describe('values are compared by meaning', () => {
  type Row = readonly [Parameters<typeof fieldMap>[0], RuntimeDocument, readonly FieldPath[]];
  rules<Row>(
    {
      'West Europe is westeurope': [{ location: 'West Europe' }, managed('westeurope'), []],
      'West Europe is WEST EUROPE': [{ location: 'West Europe' }, managed('WEST EUROPE'), []],
      'west europe 2 is westeurope2': [{ location: ' west europe 2' }, managed('westeurope2'), []],
      'West Europe is not North Europe': [{ location: 'West Europe' }, managed('North Europe'), ['location']],
      'AutoResolve is autoresolve': [{ location: 'AutoResolve' }, managed('autoresolve'), []],
      'AutoResolve is an absent location': [{ location: 'AutoResolve' }, managed(undefined), []],
      'AutoResolve is a location of null': [{ location: 'AutoResolve' }, managed(null), []],
      'West Europe is not an absent location': [{ location: 'West Europe' }, managed(undefined), ['location']],
      'no description is an absent one': [{ description: '' }, {}, []],
      'no description is a description of null': [{ description: '' }, { description: null }, []],
      'a description is compared to the letter': [{ description: 'Ours' }, { description: 'ours' }, ['description']],
      'a description is not an absent one': [{ description: 'ours' }, {}, ['description']],
      'no description is not a description': [{ description: '' }, { description: 'theirs' }, ['description']],
      'a space in a description counts': [{ description: 'a b' }, { description: 'ab' }, ['description']],
      'a number is no location': [{ location: '1' }, managed(1), ['location']],
      'a list is no location': [{ location: 'West Europe' }, managed(['West Europe']), ['location']],
      'a description among the compute properties is none': [
        { description: 'x' },
        { typeProperties: { computeProperties: { description: 'x' } } },
        ['description'],
      ],
      'typeProperties of null have no location': [{ location: 'West Europe' }, { typeProperties: null }, ['location']],
      'typeProperties that are a list have no location': [{ location: 'AutoResolve' }, { typeProperties: [1] }, []],
      'typeProperties that are a text have no location': [{ location: 'AutoResolve' }, { typeProperties: 'x' }, []],
      'computeProperties of a number have no location': [
        { location: 'West Europe' },
        { typeProperties: { computeProperties: 3 } },
        ['location'],
      ],
      'a field that nobody declares is not compared': [{}, managed('North Europe', { description: 'theirs' }), []],
    },
    ([declared, document, differing]) => {
      expect(differences(fieldMap(declared), [], document).map(({ field }) => field)).toEqual(differing);
    },
  );

  test('a difference tells what is declared and what Azure has, in the order of the table', () => {
    const declared = fieldMap({ description: 'ours', location: 'West Europe' });
    expect(differences(declared, [], managed(undefined))).toEqual([
      { field: 'location', desired: 'West Europe', observed: 'AutoResolve' },
      { field: 'description', desired: 'ours', observed: '' },
    ]);
  });
});

describe('a leaf that was managed and is declared no longer', () => {
  test('differs until it is back at the default', () => {
    const document = managed('West Europe', { description: 'ours' });
    expect(differences(fieldMap({}), ['description', 'location'], document)).toEqual([
      { field: 'location', desired: 'AutoResolve', observed: 'West Europe' },
      { field: 'description', desired: '', observed: 'ours' },
    ]);
    expect(differences(fieldMap({}), ['description', 'location'], managed('autoresolve'))).toEqual([]);
    expect(differences(fieldMap({}), ['description', 'location'], {})).toEqual([]);
  });

  test('is written as the default, or left out where that is absence', () => {
    const document = managed('West Europe', { description: 'ours', other: 1 });
    const drift = differences(fieldMap({}), ['description', 'location'], document);
    expect(merge(document, drift, fieldMap({}))).toEqual(managed('AutoResolve', { other: 1 }));
  });

  test('is left alone when this version does not know it', () => {
    expect(differences(fieldMap({}), ['dataFlow.coreCount'], managed('West Europe'))).toEqual([]);
  });

  test('follows the declaration when it is declared again', () => {
    const declared = fieldMap({ location: 'West Europe' });
    expect(differences(declared, ['location'], managed('North Europe'))).toEqual([
      { field: 'location', desired: 'West Europe', observed: 'North Europe' },
    ]);
  });
});

test('a field that the table does not know is a defect, and says so', () => {
  expect(() => valueAt({}, 'unknown' as FieldPath)).toThrow('no field unknown');
  expect(isFieldPath('location')).toBe(true);
  for (const path of ['unknown', '__proto__', 'constructor', '']) expect(isFieldPath(path)).toBe(false);
});

describe('what a create sends', () => {
  rules<readonly [Parameters<typeof fieldMap>[0], RuntimeDocument]>(
    {
      'is AutoResolve where no location is declared': [{}, managed('AutoResolve')],
      'is the declared location as it is spelled': [{ location: 'West  europe' }, managed('West  europe')],
      'is every declared leaf': [
        { location: 'West Europe', description: 'ours' },
        managed('West Europe', { description: 'ours' }),
      ],
      'is an empty description where that is declared': [
        { description: '' },
        managed('AutoResolve', { description: '' }),
      ],
    },
    ([declared, document]) => expect(newDocument(fieldMap(declared))).toEqual(document),
  );
});

describe('whatever document Azure has', () => {
  const all = fc.tuple(document, declaration, fc.subarray(PATHS));

  test('a merge keeps every leaf that is not among the changes, and adds none', () => {
    fc.assert(
      fc.property(all, ([was, declared, managedBefore]) => {
        const drift = differences(declared, managedBefore, was);
        const changed = drift.map(({ field }) => field);
        const others = (of: RuntimeDocument) => leaves(of).filter(([path]) => !isTouched(path, changed));
        const is = merge(was, drift, declared);
        expect(others(is)).toEqual(others(was));
      }),
      { numRuns: 500 },
    );
  });

  test('a merge writes the declared value where Azure keeps it', () => {
    fc.assert(
      fc.property(all, ([was, declared, managedBefore]) => {
        const drift = differences(declared, managedBefore, was);
        const is = merge(was, drift, declared);
        for (const { field } of drift) {
          const written = declared.get(field);
          if (written !== undefined) expect(leaves(is)).toContainEqual([WIRE[field], written]);
        }
      }),
    );
  });

  test('a merge leaves nothing that differs', () => {
    fc.assert(
      fc.property(all, ([was, declared, managedBefore]) => {
        const is = merge(was, differences(declared, managedBefore, was), declared);
        expect(differences(declared, managedBefore, is)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('without a difference a merge changes nothing', () => {
    fc.assert(
      fc.property(document, declaration, (was, declared) => {
        expect(merge(was, [], declared)).toBe(was);
      }),
    );
  });

  test('a merge does not change the document that it is given', () => {
    fc.assert(
      fc.property(all, ([was, declared, managedBefore]) => {
        const text = JSON.stringify(was);
        merge(was, differences(declared, managedBefore, was), declared);
        expect(JSON.stringify(was)).toBe(text);
      }),
    );
  });

  test('merging touches no prototype', () => {
    fc.assert(
      fc.property(all, ([was, declared, managedBefore]) => {
        const is = merge(was, differences(declared, managedBefore, was), declared);
        expect(Object.getPrototypeOf(is)).toBe(Object.prototype);
        expect(({} as { location?: unknown }).location).toBeUndefined();
      }),
    );
  });

  test('only declared leaves and those managed before can differ', () => {
    fc.assert(
      fc.property(all, ([was, declared, managedBefore]) => {
        for (const { field } of differences(declared, managedBefore, was)) {
          expect(declared.has(field) || managedBefore.includes(field)).toBe(true);
        }
      }),
    );
  });

  test('what is declared no longer and put back is as if it had never been declared', () => {
    fc.assert(
      fc.property(declaration, (declared) => {
        const made = newDocument(declared);
        const managedBefore = [...declared.keys()];
        const none = fieldMap({});
        const is = merge(made, differences(none, managedBefore, made), none);
        for (const path of PATHS) expect(valueAt(is, path)).toBe(valueAt({}, path));
      }),
    );
  });

  test('what a create sends is recognised as such, whatever else Azure adds to it', () => {
    fc.assert(
      fc.property(declaration, object, (declared, more) => {
        const { description: _, typeProperties: __, ...added } = more;
        const made = newDocument(declared);
        expect(looksCreatedBy(declared, made)).toBe(true);
        expect(looksCreatedBy(declared, { ...added, ...made })).toBe(true);
      }),
    );
  });

  test('what differs from what a create sends in a managed leaf is not recognised', () => {
    fc.assert(
      fc.property(declaration, document, (declared, was) => {
        const complete = new Map([['location' as FieldPath, 'AutoResolve' as Json], ...declared]);
        expect(looksCreatedBy(declared, was)).toBe(differences(complete, [], was).length === 0);
      }),
    );
  });
});
