/** Watches the Secret `azure-ir-credential` of each namespace, and parses the Azure credential in it. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { CREDENTIAL_SECRET } from '../api/names.ts';
import {
  isClientId,
  isPlaceholder,
  isTenant,
  type NamespaceCredential,
  type Proof,
  Sealed,
} from '../core/model/credential.ts';
import { isObject } from '../core/model/json.ts';
import { type Raw, readRecord, readText } from './client/raw.ts';
import { createSource } from './watch/source.ts';
import { type RunningWatch, runScopes, type ScopeOptions } from './watch/watch.ts';

/** What is kept equal to the Secrets of that name. */
export interface CredentialSink {
  /** The namespace has this credential; called also when it has not changed. */
  put(namespace: string, credential: NamespaceCredential): void;
  remove(namespace: string): void;
}

export interface CredentialWatchOptions extends Omit<ScopeOptions, 'labelSelector'> {
  readonly sink: CredentialSink;
}

/**
 * Reports the Secret of each namespace, and its changes. Only what a login needs leaves this file, and nothing of a Secret
 * is logged.
 *
 * Two designs. (a) A GET of the namespace's Secret at each pass: needs no watch, but a change takes effect an interval later,
 * an absent Secret costs a request per pass, and an object that is deleted after its Secret has no credential left. (b) This
 * one: a watch. It selects by `metadata.name`, so that the API server can authorise it by a rule for that one resource name
 * (tried: without the selector it is refused).
 */
export function runCredentialWatch(options: CredentialWatchOptions): RunningWatch {
  const known = new KnownSecrets(options.sink);
  return runScopes<CredentialSecret>({
    ...options,
    source: createSource(options.client, SECRETS, `metadata.name=${CREDENTIAL_SECRET}`),
    decode: parseCredentialSecret,
    sink: (namespace) => ({
      replace: (secrets) => known.replace(secrets, namespace),
      apply: (secret) => known.apply(secret),
      remove: (secret) => known.remove(secret),
    }),
    logKeys: { secret: CREDENTIAL_SECRET },
  });
}

const SECRETS = { groupVersion: 'v1', plural: 'secrets' };

/** Turns lists into changes. */
class KnownSecrets {
  readonly #namespaces = new Set<string>();
  readonly #sink: CredentialSink;

  constructor(sink: CredentialSink) {
    this.#sink = sink;
  }

  replace(secrets: readonly CredentialSecret[], scope: string | undefined): void {
    const listed = new Set(secrets.map(({ namespace }) => namespace));
    for (const namespace of [...this.#namespaces]) {
      if (!listed.has(namespace) && (scope === undefined || scope === namespace)) this.remove({ namespace });
    }
    for (const secret of secrets) this.apply(secret);
  }

  apply({ namespace, credential }: CredentialSecret): void {
    this.#namespaces.add(namespace);
    this.#sink.put(namespace, credential);
  }

  remove({ namespace }: Pick<CredentialSecret, 'namespace'>): void {
    if (this.#namespaces.delete(namespace)) this.#sink.remove(namespace);
  }
}

interface CredentialSecret {
  readonly namespace: string;
  readonly credential: NamespaceCredential;
}

/** Never throws: undefined for what is not a Secret of that name, and a problem for one that cannot be used. */
export function parseCredentialSecret(raw: unknown): CredentialSecret | undefined {
  if (!isObject(raw)) return undefined;
  const metadata = readRecord(raw.metadata);
  const namespace = readText(metadata.namespace);
  if (namespace === undefined || metadata.name !== CREDENTIAL_SECRET) return undefined;
  return { namespace, credential: parseCredential(readRecord(raw.data)) };
}

const TENANT = 'AZURE_TENANT_ID';
const CLIENT = 'AZURE_CLIENT_ID';
const SECRET = 'AZURE_CLIENT_SECRET';
const CERTIFICATE = 'AZURE_CLIENT_CERTIFICATE';

/** In bytes. Entra's secrets have 40 characters; a certificate may come with its chain. */
const LONGEST: Readonly<Record<string, number>> = {
  [TENANT]: 253,
  [CLIENT]: 64,
  [SECRET]: 4_096,
  [CERTIFICATE]: 65_536,
};

/** `data` of a Secret: values in base64. */
export function parseCredential(data: Raw): NamespaceCredential {
  try {
    return readCredential(data);
  } catch (error) {
    if (error instanceof WrongKey) return { valid: false, problem: error.message };
    throw error;
  }
}

class WrongKey extends Error {}

function readCredential(data: Raw): NamespaceCredential {
  const [tenantId, clientId] = [readValue(data, TENANT), readValue(data, CLIENT)];
  const [secret, pem] = [readValue(data, SECRET), readValue(data, CERTIFICATE)];
  // A misspelt key must not turn a client secret into workload identity.
  const unknown = Object.keys(data).find((key) => /^azure_/i.test(key) && !(key in LONGEST));
  if (unknown !== undefined) {
    throw new WrongKey(`key ${shown(unknown)} is unknown; the allowed keys are ${Object.keys(LONGEST).join(', ')}`);
  }
  const missing = [...(tenantId === undefined ? [TENANT] : []), ...(clientId === undefined ? [CLIENT] : [])];
  if (tenantId === undefined || clientId === undefined)
    throw new WrongKey(
      `${missing.length > 1 ? 'keys' : 'key'} ${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing`,
    );
  refusePlaceholders({ [TENANT]: tenantId, [CLIENT]: clientId, [SECRET]: secret, [CERTIFICATE]: pem });
  if (!isTenant(tenantId)) throw new WrongKey(`${TENANT} must be a tenant ID (GUID) or a domain name`);
  if (!isClientId(clientId)) throw new WrongKey(`${CLIENT} must be a client ID (GUID)`);
  return { valid: true, tenantId, clientId, proof: readProof(secret, pem) };
}

/** What a template was applied with is no wrong identity: it is none yet, and no login is tried with it. */
function refusePlaceholders(values: Readonly<Record<string, string | undefined>>): void {
  const keys = Object.keys(values).filter((key) => isPlaceholder(values[key] ?? ''));
  if (keys.length === 0) return;
  throw new WrongKey(
    keys.length === 1 ? `the value of ${keys} is a placeholder` : `the values of ${listed(keys)} are placeholders`,
  );
}

const listed = (keys: readonly string[]): string => `${keys.slice(0, -1).join(', ')} and ${keys.at(-1)}`;

function readProof(secret: string | undefined, pem: string | undefined): Proof {
  if (secret !== undefined && pem !== undefined) {
    throw new WrongKey(`${SECRET} and ${CERTIFICATE} are both set; remove one`);
  }
  if (secret !== undefined) return { kind: 'clientSecret', secret: new Sealed(secret) };
  return pem === undefined ? { kind: 'workloadIdentity' } : { kind: 'clientCertificate', pem: readCertificate(pem) };
}

/** As Entra and the SDK accept it: a certificate with or without its chain, and an unencrypted RSA key, in any order. */
function readCertificate(pem: string): Sealed {
  const certificate = attempt(() => new X509Certificate(pem));
  if (certificate === undefined) throw new WrongKey(`${CERTIFICATE} contains no PEM certificate`);
  const key = attempt(() => createPrivateKey(pem));
  if (key === undefined) throw new WrongKey(`${CERTIFICATE} contains no unencrypted PEM private key`);
  if (key.asymmetricKeyType !== 'rsa') throw new WrongKey(`the private key in ${CERTIFICATE} is not an RSA key`);
  if (!attempt(() => certificate.checkPrivateKey(key))) {
    throw new WrongKey(`the private key in ${CERTIFICATE} does not match its first certificate`);
  }
  return new Sealed(pem);
}

/** Drops the error: OpenSSL may quote the key in it. */
function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

/** Trimmed: no value has white space at its ends, but files from which Secrets are made end in a line feed. */
function readValue(data: Raw, key: string): string | undefined {
  if (!Object.hasOwn(data, key)) return undefined;
  const encoded = data[key];
  const longest = LONGEST[key] ?? 0;
  if (typeof encoded !== 'string') throw new WrongKey(`${key} is not valid UTF-8 text`);
  if (encoded.length > Math.ceil(longest / 3) * 4) throw new WrongKey(`${key} is longer than ${longest} bytes`);
  const value = decode(encoded)?.trim();
  if (value === undefined || /[^\P{Cc}\r\n\t]/u.test(value)) throw new WrongKey(`${key} is not valid UTF-8 text`);
  if (value === '') throw new WrongKey(`${key} is empty`);
  return value;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function decode(base64: string): string | undefined {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('base64').replace(/=+$/, '') !== base64.replace(/=+$/, '')) return undefined;
  return attempt(() => UTF8.decode(bytes));
}

/** The name of a key is no secret, but a person may have swapped names and values. */
function shown(key: string): string {
  return key.length <= 40 ? key : `${key.slice(0, 20)}…`;
}
