/** The certificates of the emulator. */
import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { createServerIdentity } from '../../../../dev/emulator/tls.ts';

describe('the certificate of the emulator', () => {
  const identity = createServerIdentity(['localhost', '127.0.0.1', '::1', 'emulator.test']);
  const ca = new X509Certificate(identity.caPem);
  const server = new X509Certificate(identity.certPem);

  test('is issued and signed by its authority', () => {
    expect(ca.ca).toBe(true);
    expect(server.ca).toBe(false);
    expect(server.checkIssued(ca)).toBe(true);
    expect(server.verify(ca.publicKey)).toBe(true);
    expect(ca.verify(ca.publicKey)).toBe(true);
  });

  test('holds for every name and address, and for no other', () => {
    expect(server.checkHost('localhost')).toBe('localhost');
    expect(server.checkHost('emulator.test')).toBe('emulator.test');
    expect(server.checkHost('example.org')).toBeUndefined();
    expect(server.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(server.checkIP('::1')).toBe('::1');
    expect(server.checkIP('127.0.0.2')).toBeUndefined();
  });

  test('is valid now', () => {
    expect(Date.parse(server.validFrom)).toBeLessThan(Date.now());
    expect(Date.parse(server.validTo)).toBeGreaterThan(Date.now());
  });
});
