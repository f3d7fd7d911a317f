/**
 * What it means that ARM refused a request: from status and code to `Failure`. Pure. Messages are the same for the same
 * cause, without request ids and times: they end up in statuses, which must not change with every pass.
 */
import { compact } from '../../core/model/compact.ts';
import type { Failure } from '../../core/model/failure.ts';
import { isObject } from '../../core/model/json.ts';
import type { Parent } from '../../core/model/runtime.ts';
import { sentenceOf, tidy, withoutPolicyDump } from './azure-text.ts';

/** An answer that is no success. */
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

/** Both shapes are on the wire (recorded): `{error: {code, message}}`, and unwrapped. Anything else has neither field. */
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
 * Whether the resource provider says that the runtime does not exist (recorded): 404 with the code `NotFound`. Holds for
 * calls to one runtime only (GET, DELETE, getStatus). No other 404 proves anything about it.
 */
export function isRuntimeMissing(refusal: Refusal): boolean {
  return refusal.status === 404 && refusal.code === 'NotFound' && !refusal.fromGateway;
}

const MAX_RETRY_AFTER_MS = 3_600_000;
/** Of a 429: the status tells it, and probes go out meanwhile. */
const MAX_THROTTLED_MS = 24 * 3_600_000;
const DEFAULT_RETRY_AFTER_MS = 10_000;

/** `nowMs` is the wall clock, for a `Retry-After` that is a date; `parent` is what the call was below. */
export function failureOfRefusal(refusal: Refusal, nowMs: number, parent: Parent['kind']): Failure {
  const { status, code = '' } = refusal;
  const message = sentenceOf(refusal);
  if (status === 401) return unauthorized(code, message);
  if (status === 403 && code === 'RequestDisallowedByPolicy') {
    return {
      kind: 'policyDenied',
      message: sentenceOf({ ...refusal, message: withoutPolicyDump(refusal.message ?? '') }),
    };
  }
  if (status === 403) return { kind: 'forbidden', message };
  if (status === 404) return notFound(code, message, parent);
  if (status === 409) return conflict(code, message);
  if (status === 412) {
    return { kind: 'preconditionFailed', message: 'The runtime in Azure was changed after it was read.' };
  }
  if (status === 429) {
    const retryAfterMs = parseRetryAfter(refusal.retryAfter, nowMs, MAX_THROTTLED_MS) ?? DEFAULT_RETRY_AFTER_MS;
    return { kind: 'throttled', retryAfterMs, message: 'Azure is throttling this identity; retrying.' };
  }
  if (REFUSALS.has(status)) return refused(refusal, message);
  return unavailable(refusal, nowMs);
}

/** Statuses with which a provider refuses; any other 4xx comes from something in between, such as a proxy. */
const REFUSALS = new Set([400, 405, 413, 415, 422]);

/** `… failed reason of invalid reference 'default'.`, as users paste it. */
const INVALID_REFERENCE = /invalid reference '([^']{1,128})'/;

function refused({ status, message: text = '' }: Refusal, message: string): Failure {
  const reference = status === 400 ? INVALID_REFERENCE.exec(text)?.[1] : undefined;
  return { kind: 'refused', message, ...compact({ reference }) };
}

function unauthorized(code: string, message: string): Failure {
  return code === 'ExpiredAuthenticationToken'
    ? { kind: 'credentialUnavailable', message: 'The token of the Azure identity has expired; retrying.' }
    : {
        kind: 'credentialsInvalid',
        mayPass: true,
        message: `Azure Resource Manager rejected the token of this identity. Check its tenant, and that cloud and endpoint match. Azure: ${message}`,
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
      return { kind: 'unavailable', message: `Azure returned an unexpected 404. ${message}` };
  }
}

function conflict(code: string, message: string): Failure {
  return code === 'ScopeLocked' || code === 'ReadOnlyDisabledSubscription'
    ? { kind: 'locked', message }
    : { kind: 'unavailable', message };
}

/** 5xx, 408 and statuses that ARM does not send. Azure's own text is left out: it holds ids and times. */
function unavailable({ status, code, retryAfter }: Refusal, nowMs: number): Failure {
  const retryAfterMs = parseRetryAfter(retryAfter, nowMs);
  return {
    kind: 'unavailable',
    message: `Azure returned ${status}${code === undefined ? '' : ` ${tidy(code)}`}; retrying.`,
    ...compact({ retryAfterMs }),
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
