/** What Microsoft Entra's error codes mean: whether the refusal may pass by itself, and what helps. */

export interface EntraCode {
  /** Whether the same request may be granted minutes later, although no person acts. */
  readonly isTransient: boolean;
  /** Why no token is issued, as a clause. */
  readonly why: string;
  readonly remedy: string;
}

const NO_FEDERATION = {
  isTransient: true,
  why: 'no federated credential of the application matches',
  remedy: "Check the federated credential's issuer, subject and audience.",
} as const;

/**
 * Codes whose remedy is known, or that do not pass by themselves. Where no thread is named, the source is the documented
 * list (learn.microsoft.com/entra/identity-platform/reference-error-codes), and that a code does not pass is inferred from
 * its text. A code that is not here may pass: a person who is told too early to act loses more than one who is told minutes
 * later.
 */
export const ENTRA_CODES: Readonly<Record<string, EntraCode>> = {
  // A new secret is refused for 4 to 18 s (microsoftgraph/microsoft-graph-docs#17966).
  AADSTS7000215: {
    isTransient: true,
    why: 'the client secret is wrong',
    remedy: "Use the secret's value, not its id.",
  },
  // A new application is found and not found by turns for seconds (AzureAD/microsoft-authentication-library-for-dotnet#3706,
  // hashicorp/vault-plugin-secrets-azure#26).
  AADSTS700016: {
    isTransient: true,
    why: 'no application has this client id in this tenant',
    remedy: 'Check AZURE_CLIENT_ID and AZURE_TENANT_ID.',
  },
  // The service principal of a new application follows it (Azure/azure-cli#1332); that this code tells of it is inferred.
  AADSTS7000229: {
    isTransient: true,
    why: 'the application has no service principal in this tenant',
    remedy: 'Create it (az ad sp create), or check AZURE_TENANT_ID.',
  },
  // A new certificate propagates as a new secret does (inferred).
  AADSTS700027: {
    isTransient: true,
    why: 'the certificate is not registered with the application, or has expired',
    remedy: 'Register a valid certificate with the application.',
  },
  // A new federated credential takes up to a minute to propagate (Azure/azure-workload-identity#273, #576).
  AADSTS70021: NO_FEDERATION,
  // Refused are about 2 % of the requests of one workload identity, and the next one is granted (kedacore/keda#8152).
  AADSTS700213: NO_FEDERATION,
  // The same for issuer and audience: that they pass too is inferred.
  AADSTS700211: NO_FEDERATION,
  AADSTS700212: NO_FEDERATION,
  // The projected token is renewed, or a clock is set (Azure/azure-workload-identity#693).
  AADSTS700024: {
    isTransient: true,
    why: 'the federated token has expired or is not valid yet',
    remedy: "Retrying; if this persists, check the clock of the operator's node.",
  },
  AADSTS7000222: { isTransient: false, why: 'the client secret has expired', remedy: 'Create a new client secret.' },
  // AzureAD/microsoft-identity-web#2834
  AADSTS1000502: {
    isTransient: false,
    why: 'the certificate has expired or is not valid yet',
    remedy: 'Register a valid certificate with the application.',
  },
  // AzureAD/microsoft-identity-web#2444
  AADSTS7000214: {
    isTransient: false,
    why: 'the certificate has been revoked',
    remedy: 'Register another certificate with the application.',
  },
  AADSTS7000112: {
    isTransient: false,
    why: 'the application is disabled',
    remedy: 'Enable it, or use another application.',
  },
  AADSTS90002: {
    isTransient: false,
    why: 'there is no such tenant in this cloud',
    remedy: 'Check AZURE_TENANT_ID and AZURE_CLOUD.',
  },
  AADSTS900023: {
    isTransient: false,
    why: 'the tenant id is not valid',
    remedy: 'Check AZURE_TENANT_ID.',
  },
  AADSTS53003: {
    isTransient: false,
    why: 'a Conditional Access policy of the tenant blocks it',
    remedy: "Ask the tenant's administrator to exclude the application from that policy.",
  },
  AADSTS500014: {
    isTransient: false,
    why: 'Azure Resource Manager is disabled as an enterprise application of the tenant',
    remedy: "Ask the tenant's administrator to enable it.",
  },
};
