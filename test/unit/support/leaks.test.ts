/** Secrets are found wherever they leak. */
import { expect, test } from '@jest/globals';
import { leaksOf, partsOfToken } from '../../support/leaks.ts';

const SECRET = 'p4ss "word" & more';

test.each([
  ['as it is', SECRET],
  ['in base64', Buffer.from(SECRET).toString('base64')],
  ['in a URL', encodeURIComponent(SECRET)],
  ['in JSON', JSON.stringify({ SECRET })],
])('a secret is found %s, and not repeated', (_, shown) => {
  const leaks = leaksOf([SECRET], { log: `{"msg":"fine"}`, metrics: `before ${shown} after` });
  expect(leaks).toEqual([expect.stringMatching(/^metrics has a secret .*before [^ ]*$/)]);
  expect(leaks.join()).not.toContain(SECRET);
});

test('a private key is found by any of its lines', () => {
  const key = `-----BEGIN PRIVATE KEY-----\n${'a'.repeat(64)}\n${'b'.repeat(64)}\n-----END PRIVATE KEY-----\n`;
  expect(leaksOf([key], { log: `x${'b'.repeat(64)}x` })).toHaveLength(1);
  expect(leaksOf([key], { log: '-----BEGIN PRIVATE KEY-----' })).toEqual([]);
});

test('a token is found by its signature', () => {
  expect(leaksOf(partsOfToken('header.claims.signature'), { log: 'x.signature' })).toHaveLength(1);
});

test('nothing is found where nothing is, nor for what anything could contain', () => {
  expect(leaksOf([SECRET, 'short', ''], { log: 'short and sweet' })).toEqual([]);
});
