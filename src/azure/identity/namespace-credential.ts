/** The credential of a namespace, from its Secret. */
import type { NamespaceCredential } from '../../core/model/credential.ts';
import type { Credential, InvalidCredential } from './credentials.ts';
import type { Environment } from './own-credential.ts';

/** Workload identity needs the operator's own token file. */
export function namespaceCredentialOf(
  credential: NamespaceCredential,
  env: Environment,
): Credential | InvalidCredential {
  if (!credential.valid) return credential;
  const { tenantId, clientId, proof } = credential;
  const who = { tenantId: tenantId.toLowerCase(), clientId: clientId.toLowerCase() };
  if (proof.kind !== 'workloadIdentity') return { ...who, method: proof };
  const tokenFile = env.AZURE_FEDERATED_TOKEN_FILE ?? '';
  if (tokenFile !== '') return { ...who, method: { kind: 'workloadIdentity', tokenFile } };
  return {
    problem: 'neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE is set',
    remedy:
      'Set one of them (for workload identity, the operator pod needs a federated token: the label ' +
      'azure.workload.identity/use: "true").',
  };
}
