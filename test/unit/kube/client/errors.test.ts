/** What an error of the API server means. */
import { describe, expect, test } from '@jest/globals';
import { isExpired, KubeError, problemOfAnswer, toKubeError } from '../../../../src/kube/client/errors.ts';

const status = (code: number, reason: string, message: string) =>
  JSON.stringify({ kind: 'Status', code, reason, message });
const of = (error: unknown) => {
  const { status, reason, message } = toKubeError(error);
  return { status, reason, message };
};

describe('what the API server refuses', () => {
  test('is told in its own words', () => {
    expect(problemOfAnswer(409, status(409, 'Conflict', 'the object has been modified'))).toEqual({
      status: 409,
      reason: 'Conflict',
      message: 'the object has been modified',
    });
  });

  test('is told by its number when there are no words, as with a 401', () => {
    expect(problemOfAnswer(401, '')).toEqual({
      status: 401,
      reason: 'Unauthorized',
      message: 'the API server answered 401 Unauthorized',
    });
  });

  test('by a proxy is told in the first words of its page', () => {
    const { status, reason, message } = problemOfAnswer(502, `<html>${'x'.repeat(1000)}`);
    expect({ status, reason }).toEqual({ status: 502, reason: 'InternalError' });
    expect(message).toContain('<html>xxx');
    expect(message.length).toBeLessThan(300);
  });
});

describe('an API server that does not answer', () => {
  test('in time is a timeout', () => {
    expect(of(new DOMException('x', 'TimeoutError'))).toMatchObject({ status: 0, reason: 'Timeout' });
  });

  test('is told by what lies behind "fetch failed"', () => {
    const cause = new Error('connect ECONNREFUSED 127.0.0.1:6443');
    expect(of(new TypeError('fetch failed', { cause }))).toEqual({
      status: 0,
      reason: 'Unreachable',
      message: 'the API server cannot be reached: fetch failed: connect ECONNREFUSED 127.0.0.1:6443',
    });
  });
});

test('a KubeError stays what it is', () => {
  const error = new KubeError({ status: 404, reason: 'NotFound', message: 'x' });
  expect(toKubeError(error)).toBe(error);
});

test('history is gone by number or by word', () => {
  expect(isExpired({ status: 410, reason: 'x', message: '' })).toBe(true);
  expect(isExpired({ status: 0, reason: 'Gone', message: '' })).toBe(true);
  expect(isExpired({ status: 500, reason: 'InternalError', message: '' })).toBe(false);
});
