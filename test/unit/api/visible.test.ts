/** Text from outside is made visible: control characters and the like. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { visible } from '../../../src/api/visible.ts';

const text = fc.string({ unit: 'binary' });
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** By number, so that no rule of the test is the one under test. */
const UNSEEN = [
  ...range(0, 0x1f),
  ...range(0x7f, 0x9f),
  0x61c,
  ...range(0x200b, 0x200f),
  ...range(0x2028, 0x202e),
  ...range(0x2060, 0x2069),
  0xfeff,
  ...range(0xe0000, 0xe007f),
  ...range(0xd800, 0xdfff),
];

describe('a text made visible', () => {
  test('spells out each character that cannot be seen', () => {
    for (const code of UNSEEN) expect(visible(`a${String.fromCodePoint(code)}b`)).toBe(`a\\u{${code.toString(16)}}b`);
  });

  test('keeps what can be seen', () => {
    for (const seen of ['West Europe', 'é', '資源', 'مجموعة', '👍🏽', '😀', '\\u{202e}', 'a\u0301'])
      expect(visible(seen)).toBe(seen);
  });

  test('holds nothing that cannot be seen, is well formed, and stays as it is', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            text,
            fc.constantFrom(...UNSEEN).map((code) => String.fromCodePoint(code)),
          ),
        ),
        (parts) => {
          const shown = visible(parts.join(''));
          expect([...shown].filter((character) => UNSEEN.includes(character.codePointAt(0) ?? 0))).toEqual([]);
          expect(shown.isWellFormed()).toBe(true);
          expect(visible(shown)).toBe(shown);
        },
      ),
    );
  });
});
