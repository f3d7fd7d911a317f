/** Addresses to listen on, as flags spell them. */
import { describe, expect, test } from '@jest/globals';
import { parseBindAddress } from '../../../src/http/bind-address.ts';

describe('a bind address', () => {
  test.each([
    ['0', { kind: 'none' }],
    [':8080', { kind: 'tcp', host: undefined, port: 8080 }],
    [':0', { kind: 'tcp', host: undefined, port: 0 }],
    ['127.0.0.1:0', { kind: 'tcp', host: '127.0.0.1', port: 0 }],
    ['localhost:65535', { kind: 'tcp', host: 'localhost', port: 65535 }],
    [' 0.0.0.0:9090 ', { kind: 'tcp', host: '0.0.0.0', port: 9090 }],
    ['[::1]:8081', { kind: 'tcp', host: '::1', port: 8081 }],
  ])('is understood: %s', (text, expected) => {
    expect(parseBindAddress(text)).toEqual(expected);
  });

  test.each([
    ['8080', 'did you mean ":8080"?'],
    ['', 'must be host:port, :port, or 0 to disable'],
    ['localhost', 'must be host:port'],
    [':65536', 'the port must be a number from 0 to 65535'],
    [':-1', 'the port must be a number'],
    [':', 'the port must be a number'],
    [':80x', 'the port must be a number'],
    ['::1:8080', 'an IPv6 address must be in brackets'],
    ['[nonsense]:80', '"nonsense" is not an IPv6 address'],
    ['http://x:80', 'an IPv6 address must be in brackets'],
    ['a b:80', '"a b" is not a host name'],
  ])('is refused with what is wrong: "%s"', (text, why) => {
    expect(() => parseBindAddress(text)).toThrow(`invalid bind address "${text}": `);
    expect(() => parseBindAddress(text)).toThrow(why);
  });
});
