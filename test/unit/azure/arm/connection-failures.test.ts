/** What it means that a request got no answer. */
import { describe, expect, test } from '@jest/globals';
import { failureOfSending } from '../../../../src/azure/arm/connection-failures.ts';

describe('what a missing answer means', () => {
  test.each([
    ['ECONNRESET', 'dropped'],
    ['EPIPE', 'dropped'],
    ['REQUEST_SEND_ERROR', 'dropped'],
    ['ECONNREFUSED', 'no connection'],
    ['ENOTFOUND', 'DNS'],
    ['EAI_AGAIN', 'DNS'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'NODE_EXTRA_CA_CERTS'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'NODE_EXTRA_CA_CERTS'],
    ['CERT_HAS_EXPIRED', 'certificate'],
  ])('%s is named', (code, words) => {
    const error = Object.assign(new Error('x 10.0.0.1:443'), { code });
    expect(failureOfSending(error)).toEqual({ kind: 'unavailable', message: expect.stringContaining(words) });
  });

  test('of several addresses that were tried, the first counts', () => {
    const tried = Object.assign(new Error('a'), { code: 'ECONNREFUSED' });
    expect(failureOfSending(new AggregateError([tried])).message).toContain('no connection');
  });
});
