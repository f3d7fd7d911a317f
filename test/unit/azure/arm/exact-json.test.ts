/** Numbers survive: their value, and where a double would change it, their text. */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseExact } from '../../../../src/azure/arm/exact-json.ts';
import { isObject } from '../../../../src/core/model/json.ts';

/** Within a text that holds an etag and a string of digits, as documents do. */
const within = (number: string) =>
  `{"etag":"16002afd-0000-5e10-0000-5b2c71530000","text":"12345678901234567 5e3","list":[0, ${number}],"n": ${number}}`;

describe('a number', () => {
  test.each([
    '12345678901234567',
    '9007199254740993',
    '-12345678901234567',
    '0.12345678901234567890',
    '123456789.12345678901',
    '1e400',
    '-1E+400',
    '1e-400',
    '4.9406564584124654417e-324',
    '100000000000000000000000001',
    '1.00000000000000000000000001',
    '12345678901234567e-3',
    `0.${'0'.repeat(1_000)}1`,
  ])('that a double would change keeps its text: %s', (number) => {
    const text = within(number);
    const parsed = parseExact(text) as { n: unknown; list: unknown[] };
    expect([parsed.n, parsed.list[1]].map((each) => JSON.isRawJSON(each))).toEqual([true, true]);
    expect(JSON.stringify(parsed)).toBe(text.replace('0, ', '0,').replace('"n": ', '"n":'));
  });

  test.each([
    ['8.0', 8],
    ['8e0', 8],
    ['0.8E+1', 8],
    ['80000000000000000000e-19', 8],
    ['8.0000000000000000000000000', 8],
    ['9007199254740992', 2 ** 53],
    ['12345678901234568', 12345678901234568],
    ['0.1', 0.1],
    ['0.10000000000000000000', 0.1],
    ['1e21', 1e21],
    ['1000000000000000000000', 1e21],
    ['-0', -0],
    ['-0.0e5', -0],
    ['0e999999999999999999999', 0],
    ['5e-324', 5e-324],
  ])('that a double keeps is that number, however it is spelled: %s', (number, value) => {
    expect(parseExact(within(number))).toMatchObject({ list: [0, value], n: value });
  });

  test('alone is a text too', () => {
    expect(JSON.stringify(parseExact('12345678901234567'))).toBe('12345678901234567');
    expect(JSON.stringify(parseExact('"a, 5e3: 12345678901234567"'))).toBe('"a, 5e3: 12345678901234567"');
    expect(JSON.stringify(parseExact('[\n\t-12345678901234567\r\n,1]'))).toBe('[-12345678901234567,1]');
  });

  test('that keeps its text is a leaf, and equals another of the same text alone', () => {
    const [a, b, c] = parseExact('[12345678901234567,12345678901234567,12345678901234569]') as unknown[];
    expect([a, b, c].map(isObject)).toEqual([false, false, false]);
    expect([isDeepStrictEqual(a, b), isDeepStrictEqual(a, c)]).toEqual([true, false]);
  });

  const digits = (max: number) => fc.stringMatching(new RegExp(`^\\d{1,${max}}$`));
  const number = fc
    .tuple(
      fc.constantFrom('', '-'),
      fc.oneof(
        fc.constant('0'),
        digits(30).map((text) => `1${text}`),
      ),
      fc.option(digits(30), { nil: undefined }),
      fc.option(fc.integer({ min: -420, max: 420 }), { nil: undefined }),
    )
    .map(([sign, whole, fraction, exponent]) => {
      const point = fraction === undefined ? '' : `.${fraction}`;
      return `${sign}${whole}${point}${exponent === undefined ? '' : `e${exponent}`}`;
    });

  /** As a fraction of integers: no floating point. */
  function exactly(text: string): bigint {
    const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
    const [whole = '', fraction = ''] = mantissa.split('.');
    return BigInt(`${whole}${fraction}`) * 10n ** BigInt(1_000 + Number(exponent) - fraction.length);
  }

  test('of any shape has the same value when it is written again', () => {
    fc.assert(
      fc.property(number, (text) => {
        const written = JSON.stringify(parseExact(`{"a":[${text}]}`)).slice('{"a":['.length, -']}'.length);
        expect(exactly(written)).toBe(exactly(text));
      }),
      { numRuns: 1_000 },
    );
  });
});

test('any other document is parsed as JSON.parse does, own keys such as __proto__ too', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(JSON.stringify(parseExact(text))).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
  const hostile = '{"__proto__":{"n":12345678901234567},"n":1,"n":12345678901234567}';
  expect(JSON.stringify(parseExact(hostile))).toBe('{"__proto__":{"n":12345678901234567},"n":12345678901234567}');
});

test.each(['', 'x', '{"n":12345678901234567', '[01234567890123456]', '[12345678901234567.]'])(
  'what is no JSON is refused: %j',
  (text) => {
    expect(() => parseExact(text)).toThrow(SyntaxError);
  },
);
