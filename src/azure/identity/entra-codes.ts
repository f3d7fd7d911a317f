/** What Microsoft Entra's error codes mean: whether the refusal may pass by itself, and what helps. */

export interface EntraCode {
  /** Whether the same request may be granted minutes later, although no person acts. */
  readonly isTransient: boolean;
  readonly advice: string;
}

const NO_FEDERATION = 'no federated credential of the application matches: check its issuer, subject and audience';

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
    advice: 'the client secret is wrong: it must be the value of the secret, not its id',
  },
  // A new application is found and not found by turns for seconds (AzureAD/microsoft-authentication-library-for-dotnet#3706,
  // hashicorp/vault-plugin-secrets-azure#26).
  AADSTS700016: { isTransient: true, advice: 'no application has this client id in this tenant' },
  // The service principal of a new application follows it (Azure/azure-cli#1332); that this code tells of it is inferred.
  AADSTS7000229: { isTransient: true, advice: 'the application has no service principal in this tenant' },
  // A new certificate propagates as a new secret does (inferred).
  AADSTS700027: { isTransient: true, advice: 'the certificate is not registered with the application, or has expired' },
  // A new federated credential takes up to a minute to propagate (Azure/azure-workload-identity#273, #576).
  AADSTS70021: { isTransient: true, advice: NO_FEDERATION },
  // Refused are about 2 % of the requests of one workload identity, and the next one is granted (kedacore/keda#8152).
  AADSTS700213: { isTransient: true, advice: NO_FEDERATION },
  // The same for issuer and audience: that they pass too is inferred.
  AADSTS700211: { isTransient: true, advice: NO_FEDERATION },
  AADSTS700212: { isTransient: true, advice: NO_FEDERATION },
  // The projected token is renewed, or a clock is set (Azure/azure-workload-identity#693).
  AADSTS700024: { isTransient: true, advice: 'the federated token has expired or is not valid yet' },
  AADSTS7000222: { isTransient: false, advice: 'the client secret has expired: make a new one' },
  // AzureAD/microsoft-identity-web#2834
  AADSTS1000502: {
    isTransient: false,
    advice: 'the certificate has expired or is not valid yet: register a valid one',
  },
  // AzureAD/microsoft-identity-web#2444
  AADSTS7000214: { isTransient: false, advice: 'the certificate has been revoked: register another one' },
  AADSTS7000112: { isTransient: false, advice: 'the application is disabled' },
  AADSTS90002: { isTransient: false, advice: 'there is no such tenant in this cloud' },
  AADSTS900023: { isTransient: false, advice: 'the tenant id is not one' },
  AADSTS53003: { isTransient: false, advice: 'a Conditional Access policy of the tenant blocks it' },
  AADSTS500014: {
    isTransient: false,
    advice: 'Azure Resource Manager is disabled as an enterprise application of the tenant',
  },
};
