/** What makes two credentials the same. */
import { expect, test } from '@jest/globals';
import { type Credential, fingerprintOf } from '../../../../src/azure/identity/credentials.ts';
import { Sealed } from '../../../../src/core/model/credential.ts';

const TENANT = 'aaaaaaaa-1111-1111-1111-111111111111';
const CLIENT = 'bbbbbbbb-2222-2222-2222-222222222222';

test('two credentials are the same only when their secrets are', () => {
  const credential = (secret: string): Credential => ({
    tenantId: TENANT,
    clientId: CLIENT,
    method: { kind: 'clientSecret', secret: new Sealed(secret) },
  });
  expect(fingerprintOf(credential('a'))).toBe(fingerprintOf(credential('a')));
  expect(fingerprintOf(credential('a'))).not.toBe(fingerprintOf(credential('b')));
  expect(fingerprintOf(credential('a'))).not.toBe(
    fingerprintOf({ ...credential('a'), method: { kind: 'clientCertificate', pem: new Sealed('a') } }),
  );
});
