/** Names of Azure are one whatever the case of their ASCII letters, and of no others. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { refusalOf } from '../../../../src/core/model/grants.ts';
import { foldCase, isSameName } from '../../../../src/core/model/letter-case.ts';
import { armKey, parentKey, type RuntimeId } from '../../../../src/core/model/runtime.ts';

const id = (resourceGroup: string, name = 'Runtime'): RuntimeId => ({
  parent: { kind: 'factory', subscriptionId: 'ABCDEF00-0000-0000-0000-000000000001', resourceGroup, name: 'Factory' },
  name,
});

describe('two names', () => {
  test.each([
    ['Group', 'gROUP', true],
    ['rg_(1).x-Y', 'RG_(1).X-y', true],
    ['GRÜN', 'GRüN', false],
    ['GRÜN', 'grÜn', true],
    // The Kelvin sign, the long s, and letters whose other case is longer.
    ['rg\u212a', 'rgk', false],
    ['rgſ', 'rgs', false],
    ['İ', 'i', false],
    ['STRASSE', 'straße', false],
    ['ΟΔΟΣ', 'οδος', false],
  ])('%s and %s are one: %s', (a, b, same) => {
    expect(isSameName(a, b)).toBe(same);
    expect(armKey(id(a)) === armKey(id(b))).toBe(same);
    expect(parentKey(id(a).parent) === parentKey(id(b).parent)).toBe(same);
    const scope = `/subscriptions/${id(a).parent.subscriptionId}/resourceGroups/${a}`;
    const refusal = refusalOf([{ namespace: 'team', scope }], 'team', id(b));
    expect(refusal === undefined).toBe(same);
  });

  test('no name is a name of its own', () => {
    expect([isSameName(undefined, undefined), isSameName(undefined, ''), isSameName('', undefined)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('the fold is what toLowerCase does to ASCII, and leaves every other character as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const expected = [...text].map((c) => (c >= 'A' && c <= 'Z' ? c.toLowerCase() : c)).join('');
        expect(foldCase(text)).toBe(expected);
        expect(foldCase(foldCase(text))).toBe(expected);
      }),
    );
  });
});
