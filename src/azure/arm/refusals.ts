/**
 * What it means that ARM refused a request: from status and code to `Failure`. Pure. Messages are the same for the same
 * cause, without request ids and times: they end up in statuses, which must not change with every pass.
 */
import { compact } from '../../core/model/compact.ts';
import type { Failure } from '../../core/model/failure.ts';
import { isObject } from '../../core/model/json.ts';
import { RETRIED } from '../../core/model/message.ts';
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

/** What was asked: a refused read is not about what the manifest declares. */
export interface Asked {
  readonly writes: boolean;
  /** What the call is below: the parent that a 404 is about. */
  readonly parent: Parent['kind'];
}

/** What a failure is made from. */
interface Case extends Asked {
  readonly refusal: Refusal;
  readonly nowMs: number;
  /** Azure's code and message. */
  readonly said: string;
  /** The namespace of the resource provider. */
  readonly provider: string;
}

/** One line of the table; what it leaves out matches anything. */
interface Row {
  readonly statuses: readonly number[];
  readonly codes?: readonly string[];
  readonly on?: 'read' | 'write';
  readonly source: string;
  readonly failure: (refused: Case) => Failure;
}

/**
 * Statuses under which ARM's front answers instead of the provider. Threads show one code under several of them, so that
 * what a code of the front means does not hang on the status.
 */
const FRONT = [400, 403, 404, 409];
/** Statuses with which a provider refuses; any other 4xx comes from something in between, such as a proxy. */
const PROVIDER = [400, 405, 413, 415, 422];
const PROVIDERS = { factory: 'Microsoft.DataFactory', workspace: 'Microsoft.Synapse' } as const;
const DOCUMENTED = 'documented (Microsoft Learn, common ARM errors)';

/**
 * What each refusal means, by status, code and operation: the first line that matches decides. What no line matches is
 * unavailable, and told to a person once it has lasted.
 */
const TABLE: readonly Row[] = [
  {
    statuses: [401],
    codes: ['ExpiredAuthenticationToken'],
    source: 'documented',
    failure: () => ({
      kind: 'credentialUnavailable',
      message: 'The token of the Azure identity has expired.',
      remedy: 'Retrying with a new one.',
    }),
  },
  {
    statuses: [401],
    source: 'documented',
    failure: ({ said }) => ({
      kind: 'credentialsInvalid',
      mayPass: true,
      message: 'Azure Resource Manager rejected the token of the Azure identity.',
      remedy: 'Check the tenant of the credential, and that AZURE_CLOUD is its cloud.',
      azure: said,
    }),
  },
  {
    statuses: FRONT,
    codes: ['MissingSubscriptionRegistration', 'SubscriptionNotRegistered', 'MissingRegistrationForLocation'],
    source: 'public: MicrosoftDocs/azure-docs#74909 (409)',
    failure: ({ said, provider }) => ({
      kind: 'notOffered',
      message: `The resource provider ${provider} is not registered in the subscription.`,
      remedy: `Run: az provider register --namespace ${provider} ${RETRIED}.`,
      azure: said,
    }),
  },
  {
    statuses: FRONT,
    codes: [
      'InvalidResourceNamespace',
      'InvalidResourceType',
      'NoRegisteredProviderFound',
      'InvalidApiVersionParameter',
    ],
    source: 'public: MicrosoftDocs/azure-docs#31134 (400, also on a GET); the others documented',
    failure: ({ said, provider }) => ({
      kind: 'notOffered',
      message: `This Azure cloud does not offer ${provider} as the operator asks for it.`,
      remedy: `Check AZURE_CLOUD; to see what is offered: az provider show --namespace ${provider} ${RETRIED}.`,
      azure: said,
    }),
  },
  {
    statuses: FRONT,
    codes: ['DisallowedProvider', 'DisallowedOperation'],
    source: DOCUMENTED,
    failure: ({ said, provider }) => ({
      kind: 'notOffered',
      message: `The subscription may not use the resource provider ${provider}.`,
      remedy: `Use another subscription, or ask its owner to allow the provider ${RETRIED}.`,
      azure: said,
    }),
  },
  {
    statuses: FRONT,
    codes: ['LocationNotAvailableForResourceType'],
    on: 'write',
    source: DOCUMENTED,
    failure: ({ said }) => ({
      kind: 'refused',
      message: 'Azure does not offer this region for integration runtimes.',
      remedy: `Set spec.location to a region that Azure offers ${RETRIED}.`,
      azure: said,
    }),
  },
  {
    statuses: FRONT,
    codes: ['LocationNotAvailableForResourceType'],
    on: 'read',
    source: DOCUMENTED,
    failure: readRefused,
  },
  { statuses: [403], codes: ['RequestDisallowedByPolicy'], source: 'recorded', failure: policyDenied },
  { statuses: [403], source: 'recorded', failure: forbidden },
  {
    statuses: [404],
    codes: ['ParentResourceNotFound', 'ResourceNotFound'],
    source: 'recorded',
    failure: ({ said, parent }) => ({
      kind: 'parentNotFound',
      what: parent,
      message: `The ${parent} was not found.`,
      azure: said,
    }),
  },
  {
    statuses: [404],
    codes: ['ResourceGroupNotFound'],
    source: 'recorded',
    failure: ({ said }) => ({
      kind: 'parentNotFound',
      what: 'resourceGroup',
      message: 'The resource group was not found.',
      azure: said,
    }),
  },
  {
    statuses: [404],
    codes: ['SubscriptionNotFound'],
    source: 'recorded',
    failure: ({ said }) => ({
      kind: 'subscriptionNotFound',
      message: 'The subscription was not found.',
      azure: said,
    }),
  },
  {
    statuses: [404],
    source: 'inferred: a proxy, or a code that this version does not know',
    failure: lasting,
  },
  {
    statuses: [409],
    codes: ['ScopeLocked'],
    source: 'documented',
    failure: ({ said }) => ({ kind: 'locked', message: 'A lock in Azure blocks the request.', azure: said }),
  },
  {
    statuses: [409],
    codes: ['ReadOnlyDisabledSubscription'],
    source: 'documented',
    failure: ({ said }) => ({
      kind: 'locked',
      message: 'The subscription is disabled, and therefore read-only.',
      remedy: `Enable the subscription again ${RETRIED}.`,
      azure: said,
    }),
  },
  {
    statuses: [409],
    source: 'public: hashicorp/terraform-provider-azurerm#17092 (another operation is in progress)',
    failure: lasting,
  },
  {
    statuses: [412],
    source: 'documented',
    failure: () => ({
      kind: 'preconditionFailed',
      message: 'The runtime in Azure was changed after it was read.',
    }),
  },
  {
    statuses: [429],
    source: 'documented',
    failure: ({ refusal, nowMs }) => ({
      kind: 'throttled',
      retryAfterMs: parseRetryAfter(refusal.retryAfter, nowMs, MAX_THROTTLED_MS) ?? DEFAULT_RETRY_AFTER_MS,
      message: 'Azure is throttling this identity.',
    }),
  },
  {
    statuses: PROVIDER,
    on: 'read',
    source: 'inferred: nothing that the manifest declares is sent with a read',
    failure: readRefused,
  },
  { statuses: PROVIDER, on: 'write', source: 'recorded', failure: refused },
];

/** `nowMs` is the wall clock, for a `Retry-After` that is a date. */
export function failureOfRefusal(refusal: Refusal, nowMs: number, asked: Asked): Failure {
  const { status, code = '' } = refusal;
  const row = TABLE.find(
    ({ statuses, codes, on = asked.writes ? 'write' : 'read' }) =>
      statuses.includes(status) && (codes?.includes(code) ?? true) && (on === 'write') === asked.writes,
  );
  const provider = PROVIDERS[asked.parent];
  return (row?.failure ?? unavailable)({ ...asked, refusal, nowMs, provider, said: sentenceOf(refusal) });
}

/** What Azure's text names, as tried: `… authorization to perform action 'x' over scope 'y' …`. */
const ACTION = /perform action '([\w./]{1,150})'/;

/** Azure's advice to whoever is logged in. The operator asks for tokens by itself. */
const REFRESH = / If access was recently granted, please refresh your credentials\./;

function forbidden({ refusal: { message: text = '' }, said }: Case): Failure {
  const action = ACTION.exec(text)?.[1];
  const message =
    action === undefined ? 'The Azure identity lacks a permission.' : `The Azure identity may not perform ${action}.`;
  return { kind: 'forbidden', message, azure: said.replace(REFRESH, '') };
}

function policyDenied({ refusal }: Case): Failure {
  const { sentence, assignments } = withoutPolicyDump(refusal.message ?? '');
  const named = assignments.length === 0 ? '' : ` (${assignments.map((name) => `assignment "${name}"`).join(', ')})`;
  return {
    kind: 'policyDenied',
    message: `Azure Policy denies the request${named}.`,
    azure: sentenceOf({ ...refusal, message: sentence }),
  };
}

function readRefused({ parent, said }: Case): Failure {
  return { kind: 'readRefused', message: `Azure refuses to read the runtime or its ${parent}.`, azure: said };
}

/** `… failed reason of invalid reference 'default'.`, as users paste it. */
const INVALID_REFERENCE = /invalid reference '([^']{1,128})'/;

function refused({ refusal: { status, message: text = '' }, said }: Case): Failure {
  const reference = status === 400 ? INVALID_REFERENCE.exec(text)?.[1] : undefined;
  return { kind: 'refused', message: 'Azure rejected the request.', azure: said, ...compact({ reference }) };
}

/** A 4xx that may pass. */
function lasting({ refusal, said }: Case): Failure {
  const answer = { name: answerName(refusal), isRefusal: true };
  return { kind: 'unavailable', message: returned(refusal), azure: said, answer };
}

function returned({ status, code }: Refusal): string {
  return `Azure returned ${status}${code === undefined ? '' : ` ${tidy(code).slice(0, 64)}`}.`;
}

/** What tells one answer from another, in a form that fits into a status. */
function answerName({ status, code = '' }: Refusal): string {
  return /^\w{1,64}$/.test(code) ? `${status}-${code}` : `${status}`;
}

/** 5xx, 408 and statuses that ARM does not send. Azure's own text is left out: it holds ids and times. */
function unavailable({ refusal, nowMs }: Case): Failure {
  const { status, retryAfter } = refusal;
  const retryAfterMs = parseRetryAfter(retryAfter, nowMs);
  const isRefusal = status >= 400 && status < 500 && status !== 408;
  return {
    kind: 'unavailable',
    message: returned(refusal),
    answer: { name: answerName(refusal), isRefusal },
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
