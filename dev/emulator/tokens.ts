/** Access tokens: issued, looked up, expired. */
import { createSign, generateKeyPairSync, type JsonWebKey, type KeyObject, randomUUID } from 'node:crypto';

export interface TokenInfo {
  readonly tenantId: string;
  readonly clientId: string;
  readonly objectId: string;
}

export interface Issued extends TokenInfo {
  readonly audience: string;
  expiresAt: number;
}

const KEY_ID = 'emulator-signing-key';

/** Access tokens: real JWTs, because clients read claims out of them, yet looked up instead of verified. */
export class Tokens {
  readonly #now: () => number;
  readonly #lifetime: number;
  readonly #issued = new Map<string, Issued>();
  #keys: { privateKey: KeyObject; publicKey: KeyObject } | undefined;

  constructor(now: () => number, lifetimeSeconds: number) {
    this.#now = now;
    this.#lifetime = lifetimeSeconds;
  }

  issue(info: TokenInfo, audience: string): { token: string; lifetime: number } {
    const seconds = Math.floor(this.#now() / 1000);
    const claims = {
      aud: audience,
      iss: `https://sts.windows.net/${info.tenantId}/`,
      iat: seconds,
      nbf: seconds,
      exp: seconds + this.#lifetime,
      appid: info.clientId,
      appidacr: '1',
      idp: `https://sts.windows.net/${info.tenantId}/`,
      idtyp: 'app',
      oid: info.objectId,
      sub: info.objectId,
      tid: info.tenantId,
      uti: randomUUID(),
      ver: '1.0',
    };
    const unsigned = `${encode({ typ: 'JWT', alg: 'RS256', kid: KEY_ID })}.${encode(claims)}`;
    const signature = createSign('sha256').update(unsigned).sign(this.#keyPair().privateKey, 'base64url');
    const token = `${unsigned}.${signature}`;
    this.#issued.set(token, { ...info, audience, expiresAt: this.#now() + this.#lifetime * 1000 });
    return { token, lifetime: this.#lifetime };
  }

  issued(clientId: string | undefined): { token: string; tenantId: string; clientId: string; audience: string }[] {
    return [...this.#issued]
      .filter(([, issued]) => clientId === undefined || issued.clientId.toLowerCase() === clientId.toLowerCase())
      .map(([token, { tenantId, clientId, audience }]) => ({ token, tenantId, clientId, audience }));
  }

  find(token: string): Issued | undefined {
    return this.#issued.get(token);
  }

  revoke(clientId: string | undefined): void {
    for (const issued of this.#issued.values()) {
      if (clientId === undefined || issued.clientId.toLowerCase() === clientId.toLowerCase()) {
        issued.expiresAt = Math.min(issued.expiresAt, this.#now() - 1000);
      }
    }
  }

  publicKey(): JsonWebKey {
    return { ...this.#keyPair().publicKey.export({ format: 'jwk' }), kid: KEY_ID, use: 'sig', alg: 'RS256' };
  }

  /** Made when first needed: an RSA key takes a noticeable part of a second, and Entra's tokens are RS256. */
  #keyPair(): { privateKey: KeyObject; publicKey: KeyObject } {
    this.#keys ??= generateKeyPairSync('rsa', { modulusLength: 2048 });
    return this.#keys;
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
