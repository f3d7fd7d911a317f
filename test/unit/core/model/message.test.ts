/** A message in its parts, and as it is shown. */
import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../../../../src/api/limits.ts';
import { inFull, inShort, shortened, shownAs, someOf } from '../../../../src/core/model/message.ts';

const MESSAGE = {
  what: 'It is locked.',
  remedy: 'Unlock it.',
  ids: 'Identity: t/c.',
  azure: 'ScopeLocked: No. [request id 1]',
};

describe('a message', () => {
  test('says what is wrong, what to do, the ids, and what Azure said, in that order', () => {
    expect(inFull(MESSAGE)).toBe('It is locked. Unlock it. Identity: t/c. Azure: ScopeLocked: No. [request id 1]');
  });

  test('leaves out Azure’s text in short', () => {
    expect(inShort(MESSAGE)).toBe('It is locked. Unlock it. Identity: t/c.');
  });

  test('needs none of the parts but the first', () => {
    expect([inFull({ what: 'Well.' }), inFull({ what: 'Well.', ids: '', azure: '' })]).toEqual(['Well.', 'Well.']);
  });

  test('that does not fit loses the end of Azure’s text only', () => {
    const full = inFull({ ...MESSAGE, azure: 'x'.repeat(LIMITS.message) });
    expect(full).toHaveLength(LIMITS.message);
    expect(full).toMatch(/^It is locked\. Unlock it\. Identity: t\/c\. Azure: x+…$/);
  });

  test.each([MESSAGE, { what: 'Azure: odd.', remedy: 'Do.' }])(
    'that was shown is shown the same again: %j',
    (message) => {
      const again = shownAs(inFull(message), inShort(message));
      expect([inFull(again), inShort(again)]).toEqual([inFull(message), inShort(message)]);
    },
  );
});

test('as many names are listed as leave room for the remedy', () => {
  expect(someOf(['a', 'b'])).toBe('a, b');
  expect(someOf(['a', 'b', 'c'], 2)).toBe('a, b and 1 more');
});

test('a long value is cut', () => {
  expect([shortened('abc', 3), shortened('abcd', 3)]).toEqual(['abc', 'ab…']);
});
