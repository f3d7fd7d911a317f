import type { BucketKind, Operation } from './operations.ts';

/** Where a request goes. The names are decoded, and spelled as the caller did. */
export interface Route {
  readonly operation: Operation;
  readonly tenant?: string;
  readonly subscriptionId?: string;
  readonly resourceGroup?: string;
  readonly factory?: string;
  readonly runtime?: string;
  readonly network?: string;
  /** The id of a long-running operation. */
  readonly result?: string;
  /** Of an ARM operation: the bucket that it spends, and the action of role definitions. */
  readonly kind?: BucketKind;
  readonly action?: string;
  /** Why there is nothing here. */
  readonly problem?: RouteProblem;
}

export type RouteProblem =
  | { readonly kind: 'encoding' }
  | { readonly kind: 'subscription' }
  | { readonly kind: 'namespace'; readonly namespace: string }
  | { readonly kind: 'type'; readonly namespace: string; readonly type: string }
  | { readonly kind: 'method' };

type Verb = { readonly operation: Operation; readonly kind: BucketKind; readonly action: string };
type Verbs = Readonly<Record<string, Verb>>;

const RUNTIMES = 'Microsoft.DataFactory/factories/integrationruntimes';

const LIST_VERBS: Verbs = {
  GET: { operation: 'IntegrationRuntimes_ListByFactory', kind: 'reads', action: `${RUNTIMES}/read` },
};
const RUNTIME_VERBS: Verbs = {
  GET: { operation: 'IntegrationRuntimes_Get', kind: 'reads', action: `${RUNTIMES}/read` },
  PUT: { operation: 'IntegrationRuntimes_CreateOrUpdate', kind: 'writes', action: `${RUNTIMES}/write` },
  DELETE: { operation: 'IntegrationRuntimes_Delete', kind: 'deletes', action: `${RUNTIMES}/delete` },
};
/** Recorded: asking the state spends reads. Documented: its action ends in `read` although it is a POST. */
const STATUS_VERBS: Verbs = {
  POST: { operation: 'IntegrationRuntimes_GetStatus', kind: 'reads', action: `${RUNTIMES}/getstatus/read` },
};
/** Documented, the actions; that starting one spends writes and polling it reads is what ARM does with POST and GET. */
const ENABLE_VERBS: Verbs = {
  POST: {
    operation: 'IntegrationRuntime_EnableInteractiveQuery',
    kind: 'writes',
    action: `${RUNTIMES}/enableInteractiveQuery/action`,
  },
};
const DISABLE_VERBS: Verbs = {
  POST: {
    operation: 'IntegrationRuntime_DisableInteractiveQuery',
    kind: 'writes',
    action: `${RUNTIMES}/disableInteractiveQuery/action`,
  },
};
const RESULT_VERBS: Verbs = {
  GET: { operation: 'IntegrationRuntime_OperationResult', kind: 'reads', action: `${RUNTIMES}/read` },
};
const NETWORKS = 'Microsoft.DataFactory/factories/managedVirtualNetworks';
const NETWORKS_VERBS: Verbs = {
  GET: { operation: 'ManagedVirtualNetworks_ListByFactory', kind: 'reads', action: `${NETWORKS}/read` },
};
/** No DELETE: the API has none. */
const NETWORK_VERBS: Verbs = {
  GET: { operation: 'ManagedVirtualNetworks_Get', kind: 'reads', action: `${NETWORKS}/read` },
  PUT: { operation: 'ManagedVirtualNetworks_CreateOrUpdate', kind: 'writes', action: `${NETWORKS}/write` },
};
const FACTORY_VERBS: Verbs = {
  GET: { operation: 'Factories_Get', kind: 'reads', action: 'Microsoft.DataFactory/factories/read' },
};
const FACTORIES_VERBS: Verbs = {
  GET: { operation: 'Factories_ListByResourceGroup', kind: 'reads', action: 'Microsoft.DataFactory/factories/read' },
};
const GROUP_VERBS: Verbs = {
  GET: {
    operation: 'ResourceGroups_Get',
    kind: 'reads',
    action: 'Microsoft.Resources/subscriptions/resourceGroups/read',
  },
};
const SUBSCRIPTION_VERBS: Verbs = {
  GET: { operation: 'Subscriptions_Get', kind: 'reads', action: 'Microsoft.Resources/subscriptions/read' },
};

/**
 * `path` is percent-encoded and split before it is decoded, so that an encoded slash stays inside its name. Literal
 * segments are compared without regard to case, as ARM does.
 */
export function route(method: string, path: string): Route {
  const segments = decoded(path);
  if (segments === undefined) return { operation: 'Unknown', problem: { kind: 'encoding' } };
  return entraRoute(method, segments) ?? armRoute(method, segments);
}

function decoded(path: string): string[] | undefined {
  // Some clients write two slashes after an endpoint that ends in one.
  const raw = path.split('/').filter((segment) => segment !== '');
  if (!path.includes('%')) return raw;
  try {
    return raw.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function entraRoute(method: string, segments: readonly string[]): Route | undefined {
  const [tenant = '', ...rest] = segments;
  const tail = rest.join('/').toLowerCase();
  if (method === 'POST' && (tail === 'oauth2/v2.0/token' || tail === 'oauth2/token')) {
    return { operation: 'Entra_Token', tenant };
  }
  if (method !== 'GET') return undefined;
  switch (tail) {
    case 'v2.0/.well-known/openid-configuration':
    case '.well-known/openid-configuration':
      return { operation: 'Entra_OpenIdConfiguration', tenant };
    case 'discovery/instance':
      return { operation: 'Entra_InstanceDiscovery', tenant };
    case 'discovery/v2.0/keys':
    case 'discovery/keys':
      return { operation: 'Entra_Keys', tenant };
    case 'endpoints':
      return tenant.toLowerCase() === 'metadata' ? { operation: 'Metadata_Endpoints' } : undefined;
    default:
      return undefined;
  }
}

function armRoute(method: string, segments: readonly string[]): Route {
  const [root, subscriptionId, groups, resourceGroup, providers, namespace, ...rest] = segments;
  if (!is(root, 'subscriptions')) return { operation: 'Unknown', problem: { kind: 'subscription' } };
  if (subscriptionId === undefined) {
    return { operation: method === 'GET' ? 'Subscriptions_List' : 'Unknown', kind: 'reads' };
  }
  if (groups === undefined) return withVerb(method, SUBSCRIPTION_VERBS, { subscriptionId });
  if (!is(groups, 'resourceGroups') || resourceGroup === undefined) {
    const type = segments.slice(2).filter((_, i) => i % 2 === 0);
    return nothing({ subscriptionId }, { kind: 'type', namespace: 'Microsoft.Resources', type: type.join('/') });
  }
  const names = { subscriptionId, resourceGroup };
  if (providers === undefined) return withVerb(method, GROUP_VERBS, names);
  // Microsoft.Synapse and its workspaces get a branch of their own here when they are emulated.
  if (!is(providers, 'providers') || !is(namespace, 'Microsoft.DataFactory')) {
    return nothing(names, { kind: 'namespace', namespace: namespace ?? providers });
  }
  return factoryRoute(method, rest, names);
}

type Names = Pick<Route, 'subscriptionId' | 'resourceGroup' | 'factory' | 'runtime' | 'network' | 'result'>;

function factoryRoute(method: string, segments: readonly string[], group: Names): Route {
  const [factories, factory, runtimes, runtime, action, ...more] = segments;
  if (is(factories, 'factories')) {
    if (factory === undefined) return withVerb(method, FACTORIES_VERBS, group);
    const names = { ...group, factory };
    if (runtimes === undefined) return withVerb(method, FACTORY_VERBS, names);
    if (is(runtimes, 'integrationRuntimes')) {
      if (runtime === undefined) return withVerb(method, LIST_VERBS, names);
      const verbs = runtimeVerbs(action, more);
      const result = more[1] === undefined ? {} : { result: more[1] };
      if (verbs !== undefined) return withVerb(method, verbs, { ...names, runtime, ...result });
    }
    if (is(runtimes, 'managedVirtualNetworks') && action === undefined) {
      if (runtime === undefined) return withVerb(method, NETWORKS_VERBS, names);
      return withVerb(method, NETWORK_VERBS, { ...names, network: runtime });
    }
  }
  const type = segments.filter((_, i) => i % 2 === 0).join('/');
  return nothing(group, { kind: 'type', namespace: 'Microsoft.DataFactory', type });
}

/** What can be done below the name of a runtime. */
function runtimeVerbs(action: string | undefined, [results, id, ...more]: readonly string[]): Verbs | undefined {
  if (action === undefined) return RUNTIME_VERBS;
  const switches = is(action, 'enableInteractiveQuery') || is(action, 'disableInteractiveQuery');
  if (results !== undefined) {
    return switches && is(results, 'operationresults') && id !== undefined && more.length === 0
      ? RESULT_VERBS
      : undefined;
  }
  if (is(action, 'getStatus')) return STATUS_VERBS;
  if (!switches) return undefined;
  return is(action, 'enableInteractiveQuery') ? ENABLE_VERBS : DISABLE_VERBS;
}

function withVerb(method: string, verbs: Verbs, names: Names): Route {
  const verb = verbs[method];
  return verb === undefined ? nothing(names, { kind: 'method' }) : { ...names, ...verb };
}

function nothing(names: Names, problem: RouteProblem): Route {
  return { ...names, operation: 'Unknown', problem };
}

function is(segment: string | undefined, literal: string): boolean {
  return segment === literal || segment?.toLowerCase() === literal.toLowerCase();
}
