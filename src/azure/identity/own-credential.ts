/** The operator's own credential, from its flag and its environment. */
import { isPlaceholder, isTenant, type OwnCredential, Sealed } from '../../core/model/credential.ts';
import type { AuthMethod, Credential, InvalidCredential } from './credentials.ts';

/** The SDKs' variables; an empty value counts as absent. */
export type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLES = {
  'client-secret': 'AZURE_CLIENT_SECRET',
  'client-certificate': 'AZURE_CLIENT_CERTIFICATE_PATH',
  'workload-identity': 'AZURE_FEDERATED_TOKEN_FILE',
} as const;
type Chosen = keyof typeof VARIABLES;

/** Stands for a tenant that the environment does not name. */
const UNNAMED_TENANT = 'unnamed-tenant';

const HINT =
  'Set them (workload identity: give the pod the label azure.workload.identity/use: "true"), or select a managed identity or ' +
  'the Azure CLI with the flag --azure-credential.';

/**
 * The credential is named by the flag, or shown by the variables; there is no fallback.
 *
 * Three designs for the choice. `DefaultAzureCredential` tries one after the other, so a forgotten pod label silently makes
 * the operator act as the node. The SDKs' variable `AZURE_TOKEN_CREDENTIALS` would narrow that chain, but two of its values
 * are chains again (`dev`, `prod`), it cannot tell secret, certificate and federated token apart, and a variable that other
 * programs read too reaches a pod by accident. So it is a flag, which is reviewed with the manifest; its default takes what
 * the SDKs' variables of an explicit credential say, and complains when they contradict each other.
 */
export function ownCredentialOf(choice: OwnCredential, env: Environment): Credential | InvalidCredential {
  const variable = (name: string) => env[name] ?? '';
  const [tenantId, clientId] = [variable('AZURE_TENANT_ID').toLowerCase(), variable('AZURE_CLIENT_ID').toLowerCase()];
  const placeholder = ['AZURE_TENANT_ID', 'AZURE_CLIENT_ID'].find((name) => isPlaceholder(variable(name)));
  if (placeholder !== undefined)
    return { problem: `the value of ${placeholder} is a placeholder`, remedy: 'Set the real one.' };
  if (tenantId !== '' && !isTenant(tenantId)) {
    return { problem: 'AZURE_TENANT_ID must be a tenant ID (GUID) or a domain name', remedy: 'Correct it.' };
  }
  if (choice === 'managed-identity') return managedIdentity(tenantId, clientId, variable('AZURE_FEDERATED_TOKEN_FILE'));
  if (choice === 'azure-cli') {
    const method = { kind: 'azureCli', tenantId: tenantId || undefined } as const;
    return { tenantId: tenantId || UNNAMED_TENANT, clientId: 'azure-cli', method };
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
    const remedy = kind === undefined ? HINT : `Set ${missing.length > 1 ? 'them' : 'it'}.`;
    return { problem: `its environment lacks ${missing.join(' and ')}`, remedy };
  }
  if (given.length > 1) {
    const both = given.map((each) => VARIABLES[each]).join(' and ');
    return {
      problem: `its environment has both ${both}`,
      remedy: 'Remove one of them, or select one with the flag --azure-credential.',
    };
  }
  const value = variable(VARIABLES[kind]);
  if (isPlaceholder(value))
    return { problem: `the value of ${VARIABLES[kind]} is a placeholder`, remedy: 'Set the real one.' };
  return { tenantId, clientId, method: methodOf(kind, value) };
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
    // The SDK's credential for managed identities uses it without being asked (tried).
    return {
      problem: 'its environment has AZURE_FEDERATED_TOKEN_FILE, so a managed identity would act as workload identity',
      remedy: 'Remove the pod label azure.workload.identity/use, or set the flag --azure-credential=workload-identity.',
    };
  }
  const method = { kind: 'managedIdentity', clientId: clientId || undefined } as const;
  return { tenantId: tenantId || UNNAMED_TENANT, clientId: clientId || 'system-assigned', method };
}

function methodOf(kind: Chosen, value: string): AuthMethod {
  switch (kind) {
    case 'client-secret':
      return { kind: 'clientSecret', secret: new Sealed(value) };
    case 'client-certificate':
      return { kind: 'clientCertificateFile', file: value };
    case 'workload-identity':
      return { kind: 'workloadIdentity', tokenFile: value };
  }
}
