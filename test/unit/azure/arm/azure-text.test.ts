/** What becomes of Azure's words before a person reads them. */
import { describe, expect, test } from '@jest/globals';
import { sentenceOf } from '../../../../src/azure/arm/azure-text.ts';

describe("Azure's words", () => {
  const id = '6f4f2e43-0b43-4b3f-a9c3-0123456789ab';
  const told = (message: string) => sentenceOf({ status: 400, code: 'BadRequest', message });

  test.each([
    [`Denied. Correlation ID: ${id} Timestamp: 2025-01-01 12:00:00Z`, 'BadRequest: Denied.'],
    [`Denied (request id '${id}') at 2025-01-01T12:00:00.123Z.`, undefined],
    ["Denied. TrackingId:'6f4f2e43-0b43-4b3f-a9c3-0123456789ab'", 'BadRequest: Denied.'],
    ['Denied. Current time 7/31/2024 4:05:06 PM', undefined],
  ])('are the same for the same cause: %s', (message, expected) => {
    const other = message.replaceAll(id, id.replace('6', '7')).replaceAll(/12:00|4:05/g, '11:59');
    expect(told(message)).toBe(told(other));
    if (expected !== undefined) expect(told(message)).toBe(expected);
  });

  test('keep who lacks what where', () => {
    const message = `The client 'x' with object id '${id}' does not have authorization to perform action 'a/b' over scope '/s/${id}'.`;
    expect(sentenceOf({ status: 403, code: 'AuthorizationFailed', message })).toBe(`AuthorizationFailed: ${message}`);
  });

  test('show no token', () => {
    const token = 'eyJhbGciOiJub25l.eyJzdWIiOiJ4In0.c2ln';
    expect(told(`Got Bearer ${token} instead`)).not.toContain('eyJ');
  });

  test('are one line of at most about 500 characters', () => {
    const sentence = told(`a\n\tb\u0000${'x'.repeat(5_000)}`);
    expect(sentence).toMatch(/^BadRequest: a b x+…$/);
    expect(sentence.length).toBeLessThan(520);
  });
});
