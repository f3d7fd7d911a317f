import { PRECONDITION_CODE, PRECONDITION_STATUS, UNKNOWN_PATH } from './assumptions.ts';
import { type Reply, reply } from './exchange.ts';
import type { RouteProblem } from './routes.ts';

/** An answer of ARM's gateway: code and message only, marked by a header, without a rate header (recorded). */
export function gatewayError(
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
  more: object = {},
): Reply {
  return reply(status, { error: { code, message, ...more } }, { 'x-ms-failure-cause': 'gateway', ...headers });
}

/** An answer of the Data Factory provider: `target` and `details` are always there (recorded). */
export function providerError(status: number, code: string, message: string, target: string | null = null): Reply {
  return reply(status, { error: { code, message, target, details: null } });
}

export const documentMissing = (id: string): Reply =>
  providerError(
    404,
    'NotFound',
    'The document could not be retrieved because it does not exist.',
    // Recorded: the target is the ARM id in lower case.
    id.toLowerCase(),
  );

export const documentReferenced = (referrer: string, id: string): Reply =>
  providerError(
    400,
    'BadRequest',
    `The document cannot be deleted since it is referenced by ${referrer}.`,
    id.toLowerCase(),
  );

export const invalidReference = (reference: string, id: string): Reply =>
  providerError(
    400,
    'BadRequest',
    `The document creation or update failed because of invalid reference '${reference}'.`,
    id.toLowerCase(),
  );

export const badRequest = (message: string, id: string): Reply =>
  providerError(400, 'BadRequest', message, id.toLowerCase());

export const invalidPayload = (name: string, id: string, type = 'IntegrationRuntime'): Reply =>
  providerError(
    400,
    'InvalidResourceRequest',
    `Invalid resource request. Resource type: '${type}', Resource name: '${name}' 'Error: Invalid payload'`,
    id.toLowerCase(),
  );

export const preconditionFailed = (message: string, id: string): Reply =>
  providerError(PRECONDITION_STATUS, PRECONDITION_CODE, message, id.toLowerCase());

export const subscriptionNotFound = (id: string): Reply =>
  gatewayError(404, 'SubscriptionNotFound', `The subscription '${id}' could not be found.`);

export const resourceGroupNotFound = (name: string): Reply =>
  gatewayError(404, 'ResourceGroupNotFound', `Resource group '${name}' could not be found.`);

export const resourceNotFound = (resource: string, group: string): Reply =>
  gatewayError(
    404,
    'ResourceNotFound',
    `The Resource '${resource}' under resource group '${group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );

export const parentNotFound = (parent: string): Reply =>
  gatewayError(
    404,
    'ParentResourceNotFound',
    `Can not perform requested operation on nested resource. Parent resource '${parent}' not found.`,
  );

export const throttled = (kind: string, subscriptionId: string, actor: string, seconds: number): Reply =>
  gatewayError(
    429,
    'SubscriptionRequestsThrottled',
    // The bucket is spelled in the singular here: 'read', not 'reads' (pasted by users).
    `Number of '${kind.replace(/s$/, '')}' requests for subscription '${subscriptionId}' actor '${actor}' exceeded. Please try again after '${seconds}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.`,
    { 'retry-after': String(seconds) },
  );

export function unknownPath(problem: RouteProblem | undefined, apiVersions: readonly string[]): Reply {
  const { status, code } = UNKNOWN_PATH[problem?.kind ?? 'subscription'];
  return gatewayError(status, code, unknownPathMessage(problem, apiVersions));
}

function unknownPathMessage(problem: RouteProblem | undefined, apiVersions: readonly string[]): string {
  switch (problem?.kind) {
    case 'encoding':
      return 'The request URI is invalid: it is not properly percent-encoded.';
    case 'namespace':
      return `The resource namespace '${problem.namespace}' is invalid.`;
    case 'type':
      return `The resource type '${problem.type}' could not be found in the namespace '${problem.namespace}' for api version '${apiVersions[0]}'. The supported api-versions are '${apiVersions.join(',')}'.`;
    case 'method':
      return 'The requested resource does not support this http method.';
    default:
      return 'The request did not have a subscription or a valid tenant level resource provider.';
  }
}
