/** Who logs in to Azure, and with what: read from the operator's environment and from the Secrets of namespaces. */
import { createHash } from 'node:crypto';
import type { TokenCredential } from '@azure/core-auth';
import type { PipelinePolicy } from '@azure/core-rest-pipeline';
import {
  AzureCliCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
} from '@azure/identity';
import { isTenant, type NamespaceCredential, type OwnCredential, Sealed } from '../../core/model/credential.ts';
import { failureOfAzureCli, failureOfManagedIdentity } from '../arm/errors.ts';
import { boundedAnswers } from '../arm/transport.ts';
import type { Cloud } from './clouds.ts';

/** The SDKs' variables; an empty value counts as absent. */
export type Environment = Readonly<Record<string, string | undefined>>;

export type AuthMethod =
  | { readonly kind: 'clientSecret'; readonly secret: Sealed }
  | { readonly kind: 'clientCertificate'; readonly pem: Sealed }
  | { readonly kind: 'clientCertificateFile'; readonly file: string }
  | { readonly kind: 'workloadIdentity'; readonly tokenFile: string }
  /** That of the node; without a client id the system-assigned one. */
  | { readonly kind: 'managedIdentity'; readonly clientId: string | undefined }
  /** Whoever is logged in with it. */
  | { readonly kind: 'azureCli'; readonly tenantId: string | undefined };

export interface Credential {
  /** Lower case, as is `clientId`: both name the identity in claims. */
  readonly tenantId: string;
  readonly clientId: string;
  readonly proof: AuthMethod;
}

/** Why there is no login, for people, as what follows "because". */
export interface InvalidCredential {
  readonly problem: string;
}

/** How claims, metrics and people call it. Two proofs of one client are one identity. */
export function identityOf({ tenantId, clientId }: Credential): string {
  return `${tenantId}/${clientId}`;
}

/** Equal for two logins exactly when they are the same in every respect, secrets included; tells nothing of them. */
export function fingerprintOf({ tenantId, clientId, proof }: Credential): string {
  return createHash('sha256')
    .update(JSON.stringify([tenantId, clientId, proof.kind, materialOf(proof)]))
    .digest('hex');
}

function materialOf(proof: AuthMethod): string {
  switch (proof.kind) {
    case 'clientSecret':
      return proof.secret.open();
    case 'clientCertificate':
      return proof.pem.open();
    case 'clientCertificateFile':
      return proof.file;
    case 'workloadIdentity':
      return proof.tokenFile;
    case 'managedIdentity':
      return proof.clientId ?? '';
    case 'azureCli':
      return proof.tenantId ?? '';
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

/** The kind of credential and whose it is. No secret. */
export function describeCredential({ tenantId, clientId, proof }: Credential): string {
  return `${KINDS[proof.kind]} of client ${clientId} in tenant ${tenantId}`;
}

const VARIABLES = {
  'client-secret': 'AZURE_CLIENT_SECRET',
  'client-certificate': 'AZURE_CLIENT_CERTIFICATE_PATH',
  'workload-identity': 'AZURE_FEDERATED_TOKEN_FILE',
} as const;
type Chosen = keyof typeof VARIABLES;

/** For what the operator's environment does not tell. */
const UNNAMED_TENANT = 'unnamed-tenant';

const FORGOTTEN =
  'for workload identity the pod needs the label azure.workload.identity/use: "true"; a managed identity or the Azure CLI is ' +
  'used only when the flag --azure-credential says so';

/**
 * The operator's own login. Every kind of credential is named or shows in the variables; none is fallen back to.
 *
 * Three designs for the choice. `DefaultAzureCredential` tries one after the other, so a forgotten pod label makes the
 * operator act as the node, without a word. The SDKs' variable `AZURE_TOKEN_CREDENTIALS` would narrow that chain, but two of
 * its values are chains again (`dev`, `prod`), it cannot tell secret, certificate and federated token apart, and a variable
 * that other programs read too reaches a pod by accident. So it is a flag, which stands in the manifest where it is reviewed;
 * its default takes what the SDKs' variables of an explicit login say, and complains when they say two things.
 */
export function ownCredentialOf(choice: OwnCredential, env: Environment): Credential | InvalidCredential {
  const variable = (name: string) => env[name] ?? '';
  const [tenantId, clientId] = [variable('AZURE_TENANT_ID').toLowerCase(), variable('AZURE_CLIENT_ID').toLowerCase()];
  if (tenantId !== '' && !isTenant(tenantId)) {
    return { problem: 'AZURE_TENANT_ID is neither a tenant id nor a domain name' };
  }
  if (choice === 'managed-identity') return managedIdentity(tenantId, clientId, variable('AZURE_FEDERATED_TOKEN_FILE'));
  if (choice === 'azure-cli') {
    const proof = { kind: 'azureCli', tenantId: tenantId || undefined } as const;
    return { tenantId: tenantId || UNNAMED_TENANT, clientId: 'azure-cli', proof };
  }
  const chosen = choice === 'environment' ? (Object.keys(VARIABLES) as Chosen[]) : [choice];
  const given = chosen.filter((kind) => variable(VARIABLES[kind]) !== '');
  const [kind] = given;
  const missing = [
    ...(tenantId === '' ? ['AZURE_TENANT_ID'] : []),
    ...(clientId === '' ? ['AZURE_CLIENT_ID'] : []),
    ...(kind === undefined ? [oneOf(chosen.map((each) => VARIABLES[each]))] : []),
  ];
  if (missing.length > 0 || kind === undefined) {
    const hint = kind === undefined ? ` (${FORGOTTEN})` : '';
    return { problem: `its environment lacks ${missing.join(' and ')}${hint}` };
  }
  if (given.length > 1) {
    const both = given.map((each) => VARIABLES[each]).join(' and ');
    return {
      problem: `its environment has ${both}, of which only one may be set unless the flag --azure-credential chooses`,
    };
  }
  return { tenantId, clientId, proof: proofOf(kind, variable(VARIABLES[kind])) };
}

function oneOf(names: readonly string[]): string {
  return names.length === 1 ? names.join() : `one of ${names.join(', ')}`;
}

function managedIdentity(
  tenantId: string,
  clientId: string,
  federatedTokenFile: string,
): Credential | InvalidCredential {
  if (federatedTokenFile !== '') {
    // The SDK's credential for managed identities does that without being asked (tried).
    const problem =
      'its environment has AZURE_FEDERATED_TOKEN_FILE, with which a managed identity would be workload identity: take the ' +
      "pod's label azure.workload.identity/use away, or set --azure-credential=workload-identity";
    return { problem };
  }
  const proof = { kind: 'managedIdentity', clientId: clientId || undefined } as const;
  return { tenantId: tenantId || UNNAMED_TENANT, clientId: clientId || 'system-assigned', proof };
}

function proofOf(kind: Chosen, value: string): AuthMethod {
  switch (kind) {
    case 'client-secret':
      return { kind: 'clientSecret', secret: new Sealed(value) };
    case 'client-certificate':
      return { kind: 'clientCertificateFile', file: value };
    case 'workload-identity':
      return { kind: 'workloadIdentity', tokenFile: value };
  }
}

/** What a namespace's Secret says; workload identity needs the operator's own token file. */
export function namespaceCredentialOf(
  credential: NamespaceCredential,
  env: Environment,
): Credential | InvalidCredential {
  if (!credential.valid) return credential;
  const { tenantId, clientId, proof } = credential;
  const who = { tenantId: tenantId.toLowerCase(), clientId: clientId.toLowerCase() };
  if (proof.kind !== 'workloadIdentity') return { ...who, proof };
  const tokenFile = env.AZURE_FEDERATED_TOKEN_FILE ?? '';
  if (tokenFile !== '') return { ...who, proof: { kind: 'workloadIdentity', tokenFile } };
  return {
    problem:
      'it has neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE, which means workload identity, and the operator has no ' +
      'federated token: its pod needs the label azure.workload.identity/use: "true"',
  };
}

/** A few quick retries of its own, so that one dropped connection to the authority is nobody's failed pass. */
/** Of one answer of the authority: a token has some kilobytes. */
const MOST_BYTES = 2 ** 20;
const TOKEN_RETRIES = { maxRetries: 2, retryDelayInMs: 200, maxRetryDelayInMs: 1000 };
const CLI_TIMEOUT_MS = 20_000;

/** `onExchange` is told of every exchange with the authority: the error, or the answer's status. */
export function createTokenCredential(
  { tenantId, clientId, proof }: Credential,
  cloud: Cloud,
  onExchange: (what: unknown) => void,
): TokenCredential {
  const options = {
    authorityHost: cloud.authority,
    disableInstanceDiscovery: !cloud.authorityKnown,
    retryOptions: TOKEN_RETRIES,
    additionalPolicies: [telling(onExchange), boundedAnswers(MOST_BYTES)].map((policy) => ({
      policy,
      position: 'perRetry' as const,
    })),
  };
  switch (proof.kind) {
    case 'clientSecret':
      return new ClientSecretCredential(tenantId, clientId, proof.secret.open(), options);
    case 'clientCertificate':
      return new ClientCertificateCredential(tenantId, clientId, { certificate: proof.pem.open() }, options);
    case 'clientCertificateFile':
      return new ClientCertificateCredential(tenantId, clientId, proof.file, options);
    case 'workloadIdentity':
      return new WorkloadIdentityCredential({ tenantId, clientId, tokenFilePath: proof.tokenFile, ...options });
    case 'managedIdentity': {
      const chosen = proof.clientId === undefined ? {} : { clientId: proof.clientId };
      const credential = new ManagedIdentityCredential({ ...chosen, retryOptions: TOKEN_RETRIES });
      return failingAs(credential, failureOfManagedIdentity);
    }
    case 'azureCli': {
      const chosen = proof.tenantId === undefined ? {} : { tenantId: proof.tenantId };
      const credential = new AzureCliCredential({ ...chosen, processTimeoutInMs: CLI_TIMEOUT_MS });
      return failingAs(credential, failureOfAzureCli);
    }
  }
}

/** For credentials whose errors are not those of the authority. */
function failingAs(credential: TokenCredential, failureOf: (error: unknown) => Error): TokenCredential {
  return {
    getToken: async (scopes, options) => {
      try {
        return await credential.getToken(scopes, options);
      } catch (error) {
        throw failureOf(error);
      }
    },
  };
}

function telling(onExchange: (what: unknown) => void): PipelinePolicy {
  return {
    name: 'telling',
    async sendRequest(request, next) {
      try {
        const response = await next(request);
        onExchange({ status: response.status });
        return response;
      } catch (error) {
        onExchange(error);
        throw error;
      }
    },
  };
}
