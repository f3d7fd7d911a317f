/** The errors of ARM's gateway and of the providers, in their recorded shapes. */
import { type Assumed, FAILED_OPERATION, type Refused } from './assumptions.ts';
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

/** The document that a provider's answer is about. */
export interface Subject {
  readonly parent: 'factory' | 'workspace';
  /** Of what it belongs to. */
  readonly parentId: string;
  /** What it is one of; the runtimes when absent. */
  readonly child?: 'runtimes' | 'networks';
  readonly name: string;
}

const CHILDREN = { runtimes: 'integrationruntimes', networks: 'managedvirtualnetworks' } as const;

/**
 * An answer of a provider: `target` and `details` are always there (recorded). Data Factory names the ARM id in lower case;
 * Synapse wraps nothing, adds an `error` that is null, and names a factory that does not exist (recorded).
 */
function providerError(status: number, code: string, message: string, subject: Subject): Reply {
  const id = `${subject.parentId}/${CHILDREN[subject.child ?? 'runtimes']}/${subject.name}`;
  if (subject.parent === 'factory') {
    return reply(status, { error: { code, message, target: id.toLowerCase(), details: null } });
  }
  const target = id.replace('/Microsoft.Synapse/workspaces/', '/Microsoft.DataFactory/factories/');
  return reply(status, { code, message, target, details: null, error: null });
}

export const documentMissing = (subject: Subject): Reply =>
  providerError(404, 'NotFound', 'The document could not be retrieved because it does not exist.', subject);

export const documentReferenced = (referrer: string, subject: Subject): Reply =>
  providerError(400, 'BadRequest', `The document cannot be deleted since it is referenced by ${referrer}.`, subject);

export const invalidReference = (reference: string, subject: Subject): Reply =>
  providerError(
    400,
    'BadRequest',
    `The document creation or update failed because of invalid reference '${reference}'.`,
    subject,
  );

export const badRequest = (message: string, subject: Subject): Reply =>
  providerError(400, 'BadRequest', message, subject);

export const invalidPayload = (subject: Subject): Reply =>
  providerError(
    400,
    'InvalidResourceRequest',
    `Invalid resource request. Resource type: '${subject.child === 'networks' ? 'ManagedVirtualNetwork' : 'IntegrationRuntime'}', Resource name: '${subject.name}' 'Error: Invalid payload'`,
    subject,
  );

export const preconditionFailed = ({ status, code }: Refused, message: string, subject: Subject): Reply =>
  providerError(status, code, message, subject);

export const operationMissing = (id: string): Reply =>
  gatewayError(404, 'OperationNotFound', `The operation '${id}' was not found.`);

export const operationFailed = (id: string): Reply =>
  reply(FAILED_OPERATION.status, { code: FAILED_OPERATION.code, message: `The operation '${id}' has failed.` });

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

export function unknownPath(
  assumed: Assumed,
  problem: RouteProblem | undefined,
  apiVersions: readonly string[],
): Reply {
  const { status, code } = assumed.unknownPath[problem?.kind ?? 'subscription'];
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
