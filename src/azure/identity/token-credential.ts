/** The SDK's credential for one of ours: what asks the authority for tokens. */
import type { TokenCredential } from '@azure/core-auth';
import type { PipelinePolicy } from '@azure/core-rest-pipeline';
import {
  AzureCliCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
} from '@azure/identity';
import { compact } from '../../core/model/compact.ts';
import { boundedAnswers } from '../arm/transport.ts';
import type { Cloud } from './clouds.ts';
import { failureOfAzureCli, failureOfManagedIdentity } from './credential-failures.ts';
import type { Credential } from './credentials.ts';

/** The most bytes of one answer of the authority: a token has some kilobytes. */
const MAX_BYTES = 2 ** 20;
/** A few quick retries, so that one dropped connection to the authority fails no pass. */
const TOKEN_RETRIES = { maxRetries: 2, retryDelayInMs: 200, maxRetryDelayInMs: 1000 };
const CLI_TIMEOUT_MS = 20_000;

/** `onExchange` is told of every exchange with the authority: the error, or the status of the answer. */
export function createTokenCredential(
  { tenantId, clientId, method }: Credential,
  cloud: Cloud,
  onExchange: (what: unknown) => void,
): TokenCredential {
  const options = {
    authorityHost: cloud.authority,
    disableInstanceDiscovery: !cloud.authorityKnown,
    retryOptions: TOKEN_RETRIES,
    additionalPolicies: [reportExchanges(onExchange), boundedAnswers(MAX_BYTES)].map((policy) => ({
      policy,
      position: 'perRetry' as const,
    })),
  };
  switch (method.kind) {
    case 'clientSecret':
      return new ClientSecretCredential(tenantId, clientId, method.secret.open(), options);
    case 'clientCertificate':
      return new ClientCertificateCredential(tenantId, clientId, { certificate: method.pem.open() }, options);
    case 'clientCertificateFile':
      return new ClientCertificateCredential(tenantId, clientId, method.file, options);
    case 'workloadIdentity':
      return new WorkloadIdentityCredential({ tenantId, clientId, tokenFilePath: method.tokenFile, ...options });
    case 'managedIdentity': {
      const chosen = compact({ clientId: method.clientId });
      const credential = new ManagedIdentityCredential({ ...chosen, retryOptions: TOKEN_RETRIES });
      return failingAs(credential, failureOfManagedIdentity);
    }
    case 'azureCli': {
      const chosen = compact({ tenantId: method.tenantId });
      const credential = new AzureCliCredential({ ...chosen, processTimeoutInMs: CLI_TIMEOUT_MS });
      return failingAs(credential, failureOfAzureCli);
    }
  }
}

/** For credentials whose errors do not come from the authority. */
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

function reportExchanges(onExchange: (what: unknown) => void): PipelinePolicy {
  return {
    name: 'reportExchanges',
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
