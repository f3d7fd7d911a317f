/** Verb and path of each method of the control. */
import type { EmulatorControl } from './control.ts';

/** GET and DELETE carry their argument in the query (nested fields dotted: `factory.name=f`), the others as a JSON body. */
export const CONTROL_ROUTES: Readonly<Record<keyof EmulatorControl, readonly [verb: string, path: string]>> = {
  reset: ['POST', '/reset'],
  ensureSubscription: ['PUT', '/subscriptions'],
  ensureResourceGroup: ['PUT', '/resource-groups'],
  ensureFactory: ['PUT', '/factories'],
  ensureWorkspace: ['PUT', '/workspaces'],
  removeSubscription: ['DELETE', '/subscriptions'],
  removeResourceGroup: ['DELETE', '/resource-groups'],
  removeFactory: ['DELETE', '/factories'],
  removeWorkspace: ['DELETE', '/workspaces'],
  setSubscriptionState: ['PUT', '/subscription-state'],
  counts: ['GET', '/counts'],
  trace: ['GET', '/trace'],
  clearTrace: ['DELETE', '/trace'],
  addFault: ['POST', '/faults'],
  clearFaults: ['DELETE', '/faults'],
  runtimes: ['GET', '/runtimes'],
  getRuntime: ['GET', '/runtime'],
  putRuntime: ['PUT', '/runtime'],
  deleteRuntime: ['DELETE', '/runtime'],
  drift: ['PUT', '/drift'],
  touch: ['POST', '/touch'],
  setState: ['PUT', '/state'],
  setLifecycle: ['PUT', '/lifecycle'],
  setReferences: ['PUT', '/references'],
  setBadReference: ['PUT', '/bad-reference'],
  setWriteMode: ['PUT', '/write-mode'],
  setOperations: ['PUT', '/operations'],
  setRegions: ['PUT', '/regions'],
  setPageSize: ['PUT', '/page-size'],
  putEventSubscription: ['PUT', '/event-subscriptions'],
  removeEventSubscriptions: ['DELETE', '/event-subscriptions'],
  events: ['GET', '/events'],
  setInteractiveQuery: ['PUT', '/interactive-query'],
  setInteractiveQueryMode: ['PUT', '/interactive-query-mode'],
  networks: ['GET', '/networks'],
  ensureNetwork: ['PUT', '/networks'],
  addRefusal: ['POST', '/refusals'],
  clearRefusals: ['DELETE', '/refusals'],
  setBuckets: ['PUT', '/buckets'],
  drainBucket: ['POST', '/buckets/drain'],
  putClient: ['PUT', '/clients'],
  removeClient: ['DELETE', '/clients'],
  revokeTokens: ['POST', '/tokens/revoke'],
  setTokenEndpoint: ['PUT', '/token-endpoint'],
  refuseTokens: ['POST', '/token-refusals'],
  clearTokenRefusals: ['DELETE', '/token-refusals'],
  issuedTokens: ['GET', '/tokens'],
  usage: ['GET', '/usage'],
  presentedSecrets: ['GET', '/presented-secrets'],
};

export function toQuery(args: object | undefined): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(args ?? {})) {
    if (typeof value === 'object' && value !== null) {
      for (const [inner, leaf] of Object.entries(value)) query.set(`${key}.${inner}`, String(leaf));
    } else if (value !== undefined) {
      query.set(key, String(value));
    }
  }
  return query.toString();
}

const NUMBERS = new Set(['status', 'limit']);

export function fromQuery(query: URLSearchParams): Record<string, unknown> {
  const args: Record<string, unknown> = {};
  for (const [key, value] of query) {
    const [outer = '', inner] = key.split('.', 2);
    if (inner === undefined) args[outer] = NUMBERS.has(outer) ? Number(value) : value;
    else args[outer] = { ...(args[outer] as object | undefined), [inner]: value };
  }
  return args;
}
