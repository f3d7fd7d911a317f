/** The credentials with which an identity authenticates to Azure. */
import { createHash } from 'node:crypto';
import type { Sealed } from '../../core/model/credential.ts';

export type AuthMethod =
  | { readonly kind: 'clientSecret'; readonly secret: Sealed }
  | { readonly kind: 'clientCertificate'; readonly pem: Sealed }
  | { readonly kind: 'clientCertificateFile'; readonly file: string }
  | { readonly kind: 'workloadIdentity'; readonly tokenFile: string }
  /** The node's; without a client id the system-assigned one. */
  | { readonly kind: 'managedIdentity'; readonly clientId: string | undefined }
  /** The user that is logged in with it. */
  | { readonly kind: 'azureCli'; readonly tenantId: string | undefined };

export interface Credential {
  /** In lower case, like `clientId`: both name the identity in claims. */
  readonly tenantId: string;
  readonly clientId: string;
  readonly method: AuthMethod;
}

/** Why there is no credential. */
export interface InvalidCredential {
  /** As a clause that may follow a colon. */
  readonly problem: string;
  /** What to do, in a sentence; absent where the problem says it. */
  readonly remedy?: string;
}

/** The name of the identity in claims, metrics and messages. One client is one identity, however it authenticates. */
export function identityOf({ tenantId, clientId }: Credential): string {
  return `${tenantId}/${clientId}`;
}

/** Equal for two credentials exactly when they are the same in every respect, secrets included; reveals nothing of them. */
export function fingerprintOf({ tenantId, clientId, method }: Credential): string {
  return createHash('sha256')
    .update(JSON.stringify([tenantId, clientId, method.kind, materialOf(method)]))
    .digest('hex');
}

function materialOf(method: AuthMethod): string {
  switch (method.kind) {
    case 'clientSecret':
      return method.secret.open();
    case 'clientCertificate':
      return method.pem.open();
    case 'clientCertificateFile':
      return method.file;
    case 'workloadIdentity':
      return method.tokenFile;
    case 'managedIdentity':
      return method.clientId ?? '';
    case 'azureCli':
      return method.tenantId ?? '';
  }
}

const KINDS: Readonly<Record<AuthMethod['kind'], string>> = {
  clientSecret: 'client secret',
  clientCertificate: 'client certificate',
  clientCertificateFile: 'client certificate',
  workloadIdentity: 'workload identity',
  managedIdentity: 'managed identity',
  azureCli: 'Azure CLI',
};

/** The kind of credential and its client. No secret. */
export function describeCredential(credential: Credential): string {
  return `${kindOf(credential)} of client ${credential.clientId} in tenant ${credential.tenantId}`;
}

export function kindOf({ method }: Credential): string {
  return KINDS[method.kind];
}
