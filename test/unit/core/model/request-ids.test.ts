/** Azure's request ids in messages. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { requestIds, withoutRequestIds, withRequestIds } from '../../../../src/core/model/request-ids.ts';

const words = fc.string().filter((text) => !text.endsWith(' Azure:'));
const id = fc.option(fc.stringMatching(/^[\w.:-]{1,100}$/), { nil: undefined });

describe('the ids of a request', () => {
  test('stand behind the words of Azure, and come off again without a trace, whatever follows', () => {
    fc.assert(
      fc.property(words, id, id, (message, request, correlation) => {
        const ids = requestIds(request, correlation);
        const full = withRequestIds(message, ids);
        for (const each of [request, correlation]) if (each !== undefined) expect(full).toContain(each);
        expect(withoutRequestIds(`${full} Do this.`)).toBe(withoutRequestIds(`${message} Do this.`));
      }),
    );
  });

  test.each([
    [{ request: 'a', correlation: 'b' }, 'No. [request id a, correlation id b]'],
    [{ request: 'a' }, 'No. [request id a]'],
    [{ correlation: 'b' }, 'No. [correlation id b]'],
    [undefined, 'No.'],
  ])('are named: %j', (ids, expected) => {
    expect(withRequestIds('No.', ids)).toBe(expected);
  });

  test('are not taken from headers that hold something else', () => {
    expect(requestIds('Bearer eyJ0eXAi', `${'x'.repeat(101)}`)).toBeUndefined();
    expect(requestIds('', undefined)).toBeUndefined();
  });
});
