/** What it means that a request for a token failed, by the errors of @azure/identity and MSAL (tried). */
import { compact } from '../../core/model/compact.ts';
import { AzureFailure, type Failure } from '../../core/model/failure.ts';
import { connectionProblem } from '../arm/connection-failures.ts';
import { type ErrorLink, errorChain } from '../error-chain.ts';
import { ENTRA_CODES } from './entra-codes.ts';

/**
 * These libraries drop the cause of what goes wrong on the wire, so `lastExchange` adds it: the error of the last exchange
 * with the authority, or `{status}` of its answer.
 */
export function failureOfCredential(error: unknown, lastExchange?: unknown): Failure {
  const links = errorChain(error);
  const has = (field: keyof ErrorLink, value: unknown) => links.some((link) => link[field] === value);
  if (has('code', 'ENOENT') || has('code', 'EACCES') || has('code', 'EISDIR')) {
    return invalid(
      'the file with its certificate or federated token cannot be read',
      "Check that it is mounted into the operator's pod and readable.",
    );
  }
  if (has('errorCode', 'endpoints_resolution_error') || links.some(mentions('endpoints_resolution_error'))) {
    return unresolved(lastExchange);
  }
  const status = links.map((link) => link.status ?? link.statusCode).find((one) => typeof one === 'number');
  if (status === 429 || status === 408 || (typeof status === 'number' && (status >= 500 || status < 400))) {
    return noToken(`the authority answered ${status}`);
  }
  if (has('errorCode', 'network_error') || has('name', 'RestError') || has('name', 'AbortError')) {
    return unreachable(lastExchange);
  }
  if (links.some(mentions('Response had no'))) return noToken('the authority answered without a token');
  return refusedByAuthority(links, status !== undefined);
}

/**
 * What a node answers that lacks the wanted identity, or has none: MSAL's error, whose text has the status in it. A 400 is
 * not worth a retry; a 404, 410, 429 or 5xx is (documented: error handling of the token endpoint of virtual machines).
 */
export function failureOfManagedIdentity(error: unknown): AzureFailure {
  const links = errorChain(error);
  const [status] = links.map((link) => link.status ?? link.statusCode).filter((one) => typeof one === 'number');
  if (status === 400) {
    const remedy = 'Assign the identity to the node, or correct AZURE_CLIENT_ID.';
    return new AzureFailure(invalid('the node has no managed identity with this client id', remedy));
  }
  const answer = status === undefined ? 'did not answer (it exists in Azure only)' : `answered ${status}`;
  return new AzureFailure(
    noToken(
      `the managed identity endpoint ${answer}`,
      'Retrying; if this persists, check that the node has a managed identity, and that no network policy blocks it.',
    ),
  );
}

/** The command's own words are left out: they may be anything. */
export function failureOfAzureCli(error: unknown): AzureFailure {
  const links = errorChain(error);
  if (links.some(mentions('could not be found')))
    return new AzureFailure(invalid('the Azure CLI (az) is not installed', 'Install it, or use another credential.'));
  return new AzureFailure(
    links.some(mentions('az login'))
      ? invalid('the Azure CLI is not logged in', 'Run: az login')
      : invalid('the Azure CLI failed', 'Run: az account get-access-token'),
  );
}

/** No token now; one may come without help. */
export function noToken(why: string, remedy?: string): Failure {
  return {
    kind: 'credentialUnavailable',
    message: `No token for the Azure identity: ${why}.`,
    ...compact({ remedy }),
  };
}

/** No token until a person has acted. */
function invalid(why: string, remedy: string): Failure {
  return { kind: 'credentialsInvalid', message: `No token for the Azure identity: ${why}.`, remedy };
}

/** MSAL asks an authority that it does not know by heart for its endpoints: a tenant that does not exist is refused there. */
function unresolved(lastExchange: unknown): Failure {
  const status = statusOf(lastExchange);
  return status === 400 || status === 404
    ? invalid('the authority does not know the tenant', 'Check AZURE_TENANT_ID and AZURE_CLOUD.')
    : unreachable(lastExchange);
}

function unreachable(lastExchange: unknown): Failure {
  const status = statusOf(lastExchange);
  if (status !== undefined) return noToken(`the authority answered ${status}`);
  return noToken(
    lastExchange === undefined
      ? 'the authority did not answer'
      : `cannot reach the authority: ${connectionProblem(lastExchange)}`,
  );
}

/** `isAnswered`: the authority refused, as opposed to a credential that failed before it asked. */
function refusedByAuthority(links: readonly ErrorLink[], isAnswered: boolean): Failure {
  const text = links.map(({ message }) => (typeof message === 'string' ? message : '')).join(' ');
  const code = /AADSTS\d+/.exec(text)?.[0];
  const oauth = links.map(({ errorCode }) => errorCode).find((one) => typeof one === 'string');
  // It failed before it asked, as a file with no certificate in it does.
  if (!isAnswered && code === undefined) return invalid('the credential cannot be used', CHECK);
  const { why, remedy = CHECK, isTransient = true } = (code === undefined ? undefined : ENTRA_CODES[code]) ?? {};
  const named = [oauth, code].filter((one) => one !== undefined).join(', ');
  return {
    kind: 'credentialsInvalid',
    message: `Microsoft Entra refused to issue a token${why === undefined ? '' : `: ${why}`}.`,
    remedy,
    ...compact({ azure: named === '' ? undefined : named, mayPass: isTransient ? (true as const) : undefined }),
  };
}

const CHECK = 'Check tenant id, client id, and the secret, certificate or federated credential.';

function statusOf(exchange: unknown): number | undefined {
  const status = errorChain(exchange)[0]?.status;
  return typeof status === 'number' ? status : undefined;
}

function mentions(text: string): (link: ErrorLink) => boolean {
  return ({ message }) => typeof message === 'string' && message.includes(text);
}
