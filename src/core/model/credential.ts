/** The Azure credential of a namespace: `kube/` reads it from the Secret, `azure/` uses it. */

import { isGuid } from './guid.ts';

/**
 * A secret, closed to whatever prints, serialises or compares it: an accident with a log line, an error or a debugger shows
 * nothing. Only `open` gives it.
 */
export class Sealed {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  open(): string {
    return this.#value;
  }

  toString(): string {
    return '[sealed]';
  }

  toJSON(): string {
    return '[sealed]';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[sealed]';
  }
}

/** How the client proves that it is the one: what the Secret holds, and nothing else of it. */
export type Proof =
  | { readonly kind: 'clientSecret'; readonly secret: Sealed }
  /** A certificate and its private key, as PEM. */
  | { readonly kind: 'clientCertificate'; readonly pem: Sealed }
  /** The federated token of the operator's own service account. */
  | { readonly kind: 'workloadIdentity' };

export type NamespaceCredential =
  | { readonly valid: true; readonly tenantId: string; readonly clientId: string; readonly proof: Proof }
  /** Says which key is missing or wrong, for people, without any value. */
  | { readonly valid: false; readonly problem: string };

/** What a tenant may be called: a GUID or a domain name. It becomes a segment of the authority's URLs. */
const TENANT = /^(?=.{1,253}$)[a-z0-9]+(?:[.-]+[a-z0-9]+)*$/i;

export function isTenant(text: string): boolean {
  return TENANT.test(text);
}

export function isClientId(text: string): boolean {
  return isGuid(text);
}

/**
 * What templates have where a value belongs: a GUID of zeros, a text in <>, ${} or {{}}, an ellipsis, crosses, a request to change it. No tenant, client or secret of
 * Entra looks so; its secrets may begin and end with brackets (seen in older ones), but not with these.
 */
const PLACEHOLDERS = [
  /^[0-]{3,}$/,
  /^x[x-]{2,}$/i,
  /^<.*>$/s,
  /^(?:\$\{|\{\{).*\}$/s,
  /^(?:…|\.{3})$/m,
  /^(?:(?:change|replace)[-_ ]?me|placeholder|todo|your[-_ ].*)$/i,
];

export function isPlaceholder(text: string): boolean {
  return PLACEHOLDERS.some((pattern) => pattern.test(text));
}

/** How the operator itself proves who it is: what `--azure-credential` can say. */
export const OWN_CREDENTIALS = [
  /** By whichever of the SDKs' variables is set: secret, certificate or federated token. Never the node's identity. */
  'environment',
  'client-secret',
  'client-certificate',
  'workload-identity',
  'managed-identity',
  /** For development. */
  'azure-cli',
] as const;
export type OwnCredential = (typeof OWN_CREDENTIALS)[number];
