/** Fields that are left out instead of undefined. */
import { expect, test } from '@jest/globals';
import { compact } from '../../../../src/core/model/compact.ts';

test('what is undefined is left out, and nothing else', () => {
  const result = compact({ a: undefined, b: null, c: 0, d: '', e: false });
  expect(Object.keys(result)).toEqual(['b', 'c', 'd', 'e']);
});

test('a field that cannot be undefined stays required', () => {
  const maybe: string | undefined = [][0];
  const result: { readonly kind: 'x'; readonly reference?: string } = compact({ kind: 'x' as const, reference: maybe });
  expect(result).toEqual({ kind: 'x' });
});
