/** Which namespaces may use the operator's own Azure identity, and within which scope. */
import { CREDENTIAL_SECRET } from '../../api/names.ts';
import { GUID } from './guid.ts';
import { foldCase } from './letter-case.ts';
import type { Advice } from './message.ts';
import { armKey, type RuntimeId } from './runtime.ts';

export interface Grant {
  /** `*`: every namespace that no other grant names. */
  readonly namespace: string;
  /** The ARM id, without a slash at its end, at or below which the runtimes must be; undefined: anywhere. */
  readonly scope: string | undefined;
}

const NAMESPACE = /^(?=.{1,63}$)[a-z0-9]+(?:-+[a-z0-9]+)*$/;
const SCOPE = new RegExp(
  `^/subscriptions/${GUID}(?:/resourceGroups/[^/]+(?:/providers/[^/]+(?:/[^/]+/[^/]+)+)?)?$`,
  'i',
);

/**
 * `team-a=/subscriptions/<id>/resourceGroups/<name>,team-b,*`: names, each with a scope or without; `*` for those that are
 * not named. A name that comes twice has both scopes.
 *
 * A named namespace is not also under `*`: whoever writes `team-a=<scope>,*` wants team-a bound and the others free.
 *
 * @throws RangeError that says what would do.
 */
export function parseGrants(text: string): readonly Grant[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map(parseGrant);
}

function parseGrant(text: string): Grant {
  const equals = text.indexOf('=');
  const namespace = (equals < 0 ? text : text.slice(0, equals)).trim();
  if (namespace !== '*' && !NAMESPACE.test(namespace)) {
    throw new RangeError(`invalid namespace "${namespace}": must be a name such as team-a, or * for all`);
  }
  if (equals < 0) return { namespace, scope: undefined };
  const scope = text
    .slice(equals + 1)
    .trim()
    .replace(/\/$/, '');
  if (!SCOPE.test(scope)) {
    throw new RangeError(
      `invalid scope "${scope}" for ${namespace}: must be /subscriptions/<id>, optionally followed by /resourceGroups/<name> and a resource`,
    );
  }
  return { namespace, scope };
}

export function describeGrants(grants: readonly Grant[]): string {
  return grants.map(({ namespace, scope }) => (scope === undefined ? namespace : `${namespace}=${scope}`)).join(',');
}

const FLAG = '--operator-identity-namespaces';
const KEYS = 'AZURE_TENANT_ID, AZURE_CLIENT_ID and one of AZURE_CLIENT_SECRET and AZURE_CLIENT_CERTIFICATE';

/** Why a namespace may not use the identity for this runtime, for people; undefined when it may. */
export function refusalOf(
  grants: readonly Grant[],
  namespace: string,
  runtime: RuntimeId | undefined,
): Advice | undefined {
  const named = grants.filter((grant) => grant.namespace === namespace);
  const own = named.length > 0 ? named : grants.filter((grant) => grant.namespace === '*');
  if (own.length === 0) {
    return {
      what: `Namespace ${namespace} may not use the operator's own Azure identity.`,
      remedy: `Create a Secret ${CREDENTIAL_SECRET} in this namespace with ${KEYS}, or add the namespace to the operator flag ${FLAG}.`,
    };
  }
  if (own.some(({ scope }) => scope === undefined || (runtime !== undefined && isWithin(scope, runtime)))) {
    return undefined;
  }
  return {
    what: `Namespace ${namespace} may use the operator's own Azure identity only in a scope that does not contain this runtime.`,
    remedy: `Create a Secret ${CREDENTIAL_SECRET} in this namespace, or widen the scope in the operator flag ${FLAG}.`,
    ids: `Scope: ${own.map(({ scope }) => scope).join(' and ')}.`,
  };
}

/** By whole segments, whatever their case: ARM ids are case-insensitive. */
function isWithin(scope: string, runtime: RuntimeId): boolean {
  return `${armKey(runtime)}/`.startsWith(`${foldCase(scope)}/`);
}
