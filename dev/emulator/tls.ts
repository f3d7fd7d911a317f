/** A certificate authority and the certificates that it signs. */
import { createHash, createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { bitString, boolean, context, integer, octetString, oid, sequence, set, time, tlv, utf8String } from './der.ts';

export interface ServerIdentity {
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const DAY = 24 * 60 * 60 * 1000;

/** A fresh certificate authority and a server certificate for `hosts` (names and addresses) that it signed. */
export function createServerIdentity(hosts: readonly string[]): ServerIdentity {
  const ca = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const caName = distinguishedName(`azure-ir-operator emulator CA ${randomBytes(4).toString('hex')}`);
  const caKeyId = keyIdentifier(ca.publicKey);
  const caDer = certificate(caName, caName, ca.publicKey, ca.privateKey, [
    extension('2.5.29.19', true, sequence(boolean(true))),
    // keyCertSign and cRLSign, then digitalSignature and so on from the most significant bit.
    extension('2.5.29.15', true, bitString(Buffer.from([0x06]), 1)),
    extension('2.5.29.14', false, octetString(caKeyId)),
  ]);
  const serverDer = certificate(caName, distinguishedName('localhost'), server.publicKey, ca.privateKey, [
    extension('2.5.29.19', true, sequence()),
    extension('2.5.29.15', true, bitString(Buffer.from([0x80]), 7)),
    extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'))),
    extension('2.5.29.17', false, sequence(...hosts.map(generalName))),
    extension('2.5.29.14', false, octetString(keyIdentifier(server.publicKey))),
    // Python refuses a certificate without it under VERIFY_X509_STRICT, its default since 3.13.
    extension('2.5.29.35', false, sequence(context(0, false, caKeyId))),
  ]);
  return {
    caPem: pem(caDer),
    certPem: pem(serverDer),
    keyPem: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** A certificate with which a client can log in, and its key: RSA as Entra wants it, unless another key is given. */
export function createClientCertificate(
  keys = generateKeyPairSync('rsa', { modulusLength: 2048 }),
): Pick<ServerIdentity, 'certPem' | 'keyPem'> {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = distinguishedName('azure-ir-operator test client');
  return {
    certPem: pem(certificate(name, name, keys.publicKey, authority.privateKey, [])),
    keyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function certificate(
  issuer: Buffer,
  subject: Buffer,
  publicKey: KeyObject,
  signer: KeyObject,
  extensions: readonly Buffer[],
): Buffer {
  const toBeSigned = sequence(
    context(0, true, integer(Buffer.from([2]))),
    integer(randomBytes(15)),
    ECDSA_WITH_SHA256,
    issuer,
    // Two days back for clocks that disagree; 397 days because some clients refuse certificates of a longer life.
    sequence(time(new Date(Date.now() - 2 * DAY)), time(new Date(Date.now() + 395 * DAY))),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length === 0 ? [] : [context(3, true, sequence(...extensions))]),
  );
  const signature = createSign('sha256').update(toBeSigned).sign(signer);
  return sequence(toBeSigned, ECDSA_WITH_SHA256, bitString(signature));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(set(sequence(oid('2.5.4.3'), utf8String(commonName))));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value));
}

function generalName(host: string): Buffer {
  return isIP(host) === 0 ? tlv(0x82, Buffer.from(host)) : tlv(0x87, addressBytes(host));
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const groups = (text: string | undefined): number[] =>
    text === undefined || text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const left = groups(head);
  const right = groups(tail);
  const all = [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
