/** A credential keeps its secret to itself. */
import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { isClientId, isTenant, Sealed } from '../../../../src/core/model/credential.ts';
import { redact } from '../../../../src/telemetry/log/redact.ts';

test('what is sealed shows in nothing that prints or serialises it', () => {
  const sealed = new Sealed('s3cret-value');
  const shown = [
    String(sealed),
    `${sealed}`,
    JSON.stringify({ sealed }),
    inspect({ deep: { sealed } }, { depth: 9, showHidden: true }),
    JSON.stringify(redact({ sealed, error: Object.assign(new Error('x'), { sealed }) }, { stacks: true })),
    JSON.stringify(Object.entries(sealed)),
    JSON.stringify({ ...sealed }),
  ];
  expect(shown.filter((text) => text.includes('s3cret'))).toEqual([]);
  expect(sealed.open()).toBe('s3cret-value');
});

test.each(['11111111-1111-1111-1111-111111111111', 'contoso.onmicrosoft.com', 'x'])('%s can be a tenant', (text) => {
  expect(isTenant(text)).toBe(true);
});

test.each(['', '.', '../..', 'a/b', 'a b', 'a?b', '-a', 'a.', 'ä', 'a'.repeat(254)])('%j cannot', (text) => {
  expect(isTenant(text)).toBe(false);
});

test.each(['', 'my-app', '11111111-1111-1111-1111-11111111111', '{11111111-1111-1111-1111-111111111111}'])(
  '%j is no client id',
  (text) => {
    expect(isClientId(text)).toBe(false);
  },
);
