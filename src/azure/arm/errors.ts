import { AzureFailure, type Failure } from '../../core/model/failure.ts';
import { isObject } from '../../core/model/json.ts';
import type { Parent } from '../../core/model/runtime.ts';

/**
 * What an answer, a missing answer or a missing token means: the one table from the wire to `Failure`. Pure. Messages are
 * for people and the same for the same cause (no request ids, no times): they end up in statuses that must not change
 * with every pass. None holds a token or a secret.
 */

/** An answer that is not the wanted one. */
export interface Refusal {
  readonly status: number;
  /** ARM's own machine-readable code, where the body had one. */
  readonly code: string | undefined;
  readonly message: string | undefined;
  /** The header `Retry-After`. */
  readonly retryAfter: string | undefined;
  /** The header `x-ms-failure-cause: gateway` (recorded): ARM answered, the resource provider never saw the request. */
  readonly fromGateway: boolean;
}

/** Both shapes are on the wire (recorded): `{error: {code, message}}`, and unwrapped. Anything else: neither is known. */
export function parseErrorBody(text: string | undefined | null): {
  code: string | undefined;
  message: string | undefined;
} {
  let body: unknown;
  try {
    body = JSON.parse(text ?? '');
  } catch {
    body = undefined;
  }
  const error = isObject(body) && isObject(body.error) ? body.error : body;
  const string = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return isObject(error)
    ? { code: string(error.code), message: string(error.message) }
    : { code: undefined, message: undefined };
}

/**
 * Whether it is the runtime that is missing, as its own provider says it (recorded): 404 with the code `NotFound`. Only to
 * be asked about calls on one existing runtime (GET, DELETE, getStatus). Every other 404 proves nothing about it.
 */
export function isRuntimeMissing(refusal: Refusal): boolean {
  return refusal.status === 404 && refusal.code === 'NotFound' && !refusal.fromGateway;
}

const MAX_RETRY_AFTER_MS = 3_600_000;
/** Of a 429: whoever waits so long is told, and it is tried meanwhile. */
const MAX_THROTTLED_MS = 24 * 3_600_000;
const DEFAULT_RETRY_AFTER_MS = 10_000;

/** `nowMs` is the wall clock, against which a `Retry-After` that is a date is read; `parent` is what the call was below. */
export function failureOfRefusal(refusal: Refusal, nowMs: number, parent: Parent['kind']): Failure {
  const { status, code = '' } = refusal;
  const message = saying(refusal);
  if (status === 401) return unauthorized(code, message);
  if (status === 403 && code === 'RequestDisallowedByPolicy') {
    return { kind: 'policyDenied', message: saying({ ...refusal, message: withoutPolicyDump(refusal.message ?? '') }) };
  }
  if (status === 403) return { kind: 'forbidden', message };
  if (status === 404) return notFound(code, message, parent);
  if (status === 409) return conflict(code, message);
  if (status === 412) {
    return { kind: 'preconditionFailed', message: 'The runtime in Azure changed since it was read.' };
  }
  if (status === 429) {
    const retryAfterMs = parseRetryAfter(refusal.retryAfter, nowMs, MAX_THROTTLED_MS) ?? DEFAULT_RETRY_AFTER_MS;
    return { kind: 'throttled', retryAfterMs, message: 'Azure throttles the requests of this identity.' };
  }
  if (REFUSALS.has(status)) return refused(refusal, message);
  return noUsefulAnswer(refusal, nowMs);
}

/** What a provider says no with; other statuses of 4xx come from what stands between, such as a proxy. */
const REFUSALS = new Set([400, 405, 413, 415, 422]);

/** `… failed reason of invalid reference 'default'.`, as users paste it. */
const INVALID_REFERENCE = /invalid reference '([^']{1,128})'/;

function refused({ status, message: said = '' }: Refusal, message: string): Failure {
  const reference = status === 400 ? INVALID_REFERENCE.exec(said)?.[1] : undefined;
  return { kind: 'refused', message, ...(reference === undefined ? {} : { reference }) };
}

function unauthorized(code: string, message: string): Failure {
  return code === 'ExpiredAuthenticationToken'
    ? { kind: 'credentialUnavailable', message: 'The token of the Azure identity ran out.' }
    : {
        kind: 'credentialsInvalid',
        mayPass: true,
        message: `Azure does not accept the token of this identity: check its tenant, and that cloud and endpoint belong together. ${message}`,
      };
}

function notFound(code: string, message: string, parent: Parent['kind']): Failure {
  switch (code) {
    case 'ParentResourceNotFound':
    case 'ResourceNotFound':
      return { kind: 'parentNotFound', what: parent, message };
    case 'ResourceGroupNotFound':
      return { kind: 'parentNotFound', what: 'resourceGroup', message };
    case 'SubscriptionNotFound':
      return { kind: 'subscriptionNotFound', message };
    default:
      return { kind: 'unavailable', message: `An unexpected 404. ${message}` };
  }
}

function conflict(code: string, message: string): Failure {
  return code === 'ScopeLocked' || code === 'ReadOnlyDisabledSubscription'
    ? { kind: 'locked', message }
    : { kind: 'unavailable', message };
}

/** 5xx, 408 and answers that have no business here. Azure's own text is left out: it tells of ids and times. */
function noUsefulAnswer({ status, code, retryAfter }: Refusal, nowMs: number): Failure {
  const retryAfterMs = parseRetryAfter(retryAfter, nowMs);
  return {
    kind: 'unavailable',
    message: `Azure answered ${status}${code === undefined ? '' : ` ${tidy(code)}`}.`,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** Seconds or a date (RFC 9110), in milliseconds from now: at least 1 s, at most `maxMs`; undefined when it is neither. */
export function parseRetryAfter(
  header: string | undefined,
  nowMs: number,
  maxMs = MAX_RETRY_AFTER_MS,
): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\s*\d+(\.\d+)?\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(Math.ceil(ms), 1000), maxMs);
}

/** Azure's code and words, as a sentence. */
/** ARM appends the policies as JSON: of that only the names of the assignments help. */
function withoutPolicyDump(message: string): string {
  const [sentence = '', dump] = message.split(/\s*Policy identifiers:/);
  const names = [...(dump ?? '').matchAll(/"policyAssignment":\{"name":"([^"]+)"/g)].map(([, name]) => name);
  return names.length === 0 ? sentence : `${sentence} The policy assignment: ${names.join(', ')}.`;
}

function saying({ status, code, message }: Refusal): string {
  const words = [code, message].flatMap((text) => (text === undefined || text === '' ? [] : [tidy(text)]));
  const sentence = words.length === 0 ? `Azure answered ${status}` : words.join(': ');
  return /[.!?…]$/.test(sentence) ? sentence : `${sentence}.`;
}

const MAX_MESSAGE = 500;
const GUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
/** What differs from one request to the next, and what nobody may see. */
const NOISE = [
  new RegExp(
    `(?:client )?(?:request|correlation|tracking|activity|trace|operation)[ _-]?id\\W{0,5}(?:is )?${GUID}['"]?[,.;]?`,
    'gi',
  ),
  /(?:timestamp\W{0,3}|at (?:time )?)?\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?/gi,
  /\d{1,2}\/\d{1,2}\/\d{4} \d{1,2}:\d\d:\d\d(?: [AP]M)?/gi,
  /(?:Bearer )?\beyJ[\w-]+(?:\.[\w-]*)*/g,
];

/** One line without request ids, times and tokens, at most 500 characters. */
function tidy(text: string): string {
  const quiet = NOISE.reduce((rest, noise) => rest.replace(noise, ''), text);
  const line = quiet.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return line.length <= MAX_MESSAGE ? line : `${line.slice(0, MAX_MESSAGE - 1)}…`;
}

/** What a request met that was never answered, or not in full. */
export function failureOfSending(error: unknown): Failure {
  const trouble = connectionTrouble(error);
  return { kind: 'unavailable', message: `Azure Resource Manager cannot be reached: ${trouble}.` };
}

export function failureOfTimeout(requestTimeoutMs: number): Failure {
  return { kind: 'unavailable', message: `Azure Resource Manager did not answer within ${requestTimeoutMs / 1000} s.` };
}

/** In words that stay the same as long as the cause does, whichever of its system calls happens to fail. */
export function connectionTrouble(error: unknown): string {
  const code = codes(error).find((one) => /^[A-Z][A-Z0-9_]+$/.test(one)) ?? '';
  if (/^(ENOTFOUND|EAI_)/.test(code)) return 'its name is not known to DNS here';
  if (/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EHOSTDOWN|ENETDOWN)$/.test(code))
    return 'no connection is made';
  if (/CERT|VERIFY|ISSUER|^ERR_TLS|^ERR_SSL/.test(code)) {
    return `its certificate is not trusted (${code}); a private authority is added with NODE_EXTRA_CA_CERTS`;
  }
  return 'the connection was dropped';
}

/** The codes of an error, of its causes and of what an aggregate holds, the outermost first. */
function codes(error: unknown): string[] {
  return chain(error).flatMap(({ code }) => (typeof code === 'string' ? [code] : []));
}

interface Link {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly errorCode?: unknown;
  readonly errorNo?: unknown;
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly message?: unknown;
}

function chain(error: unknown, depth = 0): Link[] {
  if (typeof error !== 'object' || error === null || depth > 8) return [];
  const { cause, errors } = error as { cause?: unknown; errors?: unknown };
  const held = Array.isArray(errors) ? errors : [];
  return [error, ...[cause, ...held].flatMap((inner) => chain(inner, depth + 1))];
}

/**
 * What the request for a token met, told by @azure/identity's and MSAL's errors (tried). They drop the cause of what goes
 * wrong on the wire, so `lastExchange` adds it: the error of the last exchange with the authority, or `{status}` of its answer.
 */
export function failureOfCredential(error: unknown, lastExchange?: unknown): Failure {
  const links = chain(error);
  const has = (field: keyof Link, value: unknown) => links.some((link) => link[field] === value);
  if (has('code', 'ENOENT') || has('code', 'EACCES') || has('code', 'EISDIR')) {
    return invalid('the file with its certificate or federated token cannot be read');
  }
  if (has('errorCode', 'endpoints_resolution_error') || links.some(speaksOf('endpoints_resolution_error'))) {
    return unresolved(lastExchange);
  }
  const status = links.map((link) => link.status ?? link.statusCode).find((one) => typeof one === 'number');
  if (status === 429 || status === 408 || (typeof status === 'number' && (status >= 500 || status < 400))) {
    return unavailable(`the authority answered ${status}`);
  }
  if (has('errorCode', 'network_error') || has('name', 'RestError') || has('name', 'AbortError')) {
    return unreachable(lastExchange);
  }
  if (links.some(speaksOf('Response had no'))) return unavailable('the authority answered without a token');
  return refusedByAuthority(links, status !== undefined);
}

/** MSAL looks for the endpoints of an authority that it does not know by heart; a tenant that is none is refused there. */
function unresolved(lastExchange: unknown): Failure {
  const status = statusOf(lastExchange);
  return status === 400 || status === 404
    ? invalid('the authority does not know its tenant')
    : unreachable(lastExchange);
}

function unreachable(lastExchange: unknown): Failure {
  const status = statusOf(lastExchange);
  if (status !== undefined) return unavailable(`the authority answered ${status}`);
  return unavailable(
    lastExchange === undefined
      ? 'the authority does not answer'
      : `the authority cannot be reached: ${connectionTrouble(lastExchange)}`,
  );
}

function statusOf(onExchange: unknown): number | undefined {
  const status = chain(onExchange)[0]?.status;
  return typeof status === 'number' ? status : undefined;
}

function speaksOf(text: string): (link: Link) => boolean {
  return ({ message }) => typeof message === 'string' && message.includes(text);
}

interface EntraCode {
  /** Whether the same request may be granted minutes later, without anybody's help. */
  readonly isTransient: boolean;
  readonly advice: string;
}

const NO_FEDERATION = 'no federated credential of the application matches: check its issuer, subject and audience';

/**
 * Entra's codes whose remedy is known, or that cannot pass. Where no thread is named, the source is the documented list
 * (learn.microsoft.com/entra/identity-platform/reference-error-codes), and that it cannot pass is inferred from its text. A
 * code that is not here may pass: whoever is told too early to act loses more than whoever is told minutes later.
 */
export const ENTRA_CODES: Readonly<Record<string, EntraCode>> = {
  // A new secret is refused for 4 to 18 s (microsoftgraph/microsoft-graph-docs#17966).
  AADSTS7000215: {
    isTransient: true,
    advice: 'the client secret is wrong: it must be the value of the secret, not its id',
  },
  // A new application is not found, then found, then not found, for seconds (AzureAD/microsoft-authentication-library-for-dotnet#3706,
  // hashicorp/vault-plugin-secrets-azure#26).
  AADSTS700016: { isTransient: true, advice: 'no application has this client id in this tenant' },
  // As a new application: its service principal follows it (Azure/azure-cli#1332); that this code tells of it is inferred.
  AADSTS7000229: { isTransient: true, advice: 'the application has no service principal in this tenant' },
  // A new certificate spreads as a new secret does (inferred).
  AADSTS700027: { isTransient: true, advice: 'the certificate is not registered with the application, or has expired' },
  // A new federated credential takes up to a minute to spread (Azure/azure-workload-identity#273, #576).
  AADSTS70021: { isTransient: true, advice: NO_FEDERATION },
  // Of one workload identity's requests about 2 %, the next one is granted (kedacore/keda#8152).
  AADSTS700213: { isTransient: true, advice: NO_FEDERATION },
  // The neighbours of the two, for issuer and audience: that they pass like them is inferred.
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

/** `answered`: it was an answer, not the login itself, that it met. */
function refusedByAuthority(links: readonly Link[], answered: boolean): Failure {
  const text = links.map(({ message }) => (typeof message === 'string' ? message : '')).join(' ');
  const code = /AADSTS\d+/.exec(text)?.[0];
  const oauth = links.map(({ errorCode }) => errorCode).find((one) => typeof one === 'string');
  const named = [oauth, code].filter((one) => one !== undefined).join(', ');
  const known = code === undefined ? undefined : ENTRA_CODES[code];
  const advice = known?.advice ?? 'check tenant id, client id and its secret, certificate or federated credential';
  const why = `${advice}${named === '' ? '' : ` (${named})`}`;
  return (known?.isTransient ?? (answered || code !== undefined)) ? notYet(why) : invalid(why);
}

/** What a node without the wanted identity, or without any, answers: told by MSAL's error, whose text has the status in it. */
export function failureOfManagedIdentity(error: unknown): AzureFailure {
  const links = chain(error);
  const [status] = links.map((link) => link.status ?? link.statusCode).filter((one) => typeof one === 'number');
  if (status === 400) return new AzureFailure(notYet('the node has no managed identity of this client'));
  return new AzureFailure(
    unavailable(
      status === undefined
        ? 'the managed identity endpoint does not answer; outside Azure there is none'
        : `the managed identity endpoint answered ${status}`,
    ),
  );
}

/** The command's own words are left out: they are whatever it wrote. */
export function failureOfAzureCli(error: unknown): AzureFailure {
  const links = chain(error);
  if (links.some(speaksOf('could not be found')))
    return new AzureFailure(invalid('the Azure CLI (az) is not installed'));
  const why = links.some(speaksOf('az login'))
    ? 'nobody is logged in to the Azure CLI: run az login'
    : 'the Azure CLI (az account get-access-token) fails';
  return new AzureFailure(invalid(why));
}

/** No token is to be hoped for until a person has acted. */
function invalid(why: string): Failure {
  return { kind: 'credentialsInvalid', message: `Azure gives this identity no token: ${why}.` };
}

function notYet(why: string): Failure {
  return { ...invalid(why), kind: 'credentialsInvalid', mayPass: true };
}

function unavailable(why: string): Failure {
  return { kind: 'credentialUnavailable', message: `No token for this identity at the moment: ${why}.` };
}
