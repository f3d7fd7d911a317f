/** From method and path to an operation. */
import type { BucketKind, Operation } from './operations.ts';
import { PARENT_TYPES } from './world.ts';

/** Where a request goes. The names are decoded, and spelled as the caller did. */
export interface Route {
  readonly operation: Operation;
  readonly tenant?: string;
  readonly subscriptionId?: string;
  readonly resourceGroup?: string;
  /** What `factory` is. */
  readonly parent?: 'factory' | 'workspace';
  readonly factory?: string;
  readonly runtime?: string;
  readonly network?: string;
  /** The id of an operation on a runtime of a factory or workspace: switching its interactive authoring. */
  readonly result?: string;
  /** The id of what a workspace has accepted. */
  readonly operationId?: string;
  /** Of an ARM operation: the bucket that it spends, and the action of role definitions. */
  readonly kind?: BucketKind;
  readonly action?: string;
  /** Why there is nothing here. */
  readonly problem?: RouteProblem;
}

/** The ARM id of what a request is about, with what is named in it. */
export function scopeOf(route: Omit<Route, 'operation'>): string {
  const { runtime, network } = route;
  let scope = parentOf(route);
  if (runtime !== undefined) scope += `/integrationRuntimes/${runtime}`;
  if (network !== undefined) scope += `/managedVirtualNetworks/${network}`;
  return scope;
}

export function parentOf({
  subscriptionId,
  resourceGroup,
  parent = 'factory',
  factory,
}: Omit<Route, 'operation'>): string {
  let scope = `/subscriptions/${subscriptionId}`;
  if (resourceGroup !== undefined) scope += `/resourceGroups/${resourceGroup}`;
  if (factory !== undefined) scope += `/providers/${PARENT_TYPES[parent]}/${factory}`;
  return scope;
}

export type RouteProblem =
  | { readonly kind: 'encoding' }
  | { readonly kind: 'subscription' }
  | { readonly kind: 'namespace'; readonly namespace: string }
  | { readonly kind: 'type'; readonly namespace: string; readonly type: string }
  | { readonly kind: 'method' };

type Verb = { readonly operation: Operation; readonly kind: BucketKind; readonly action: string };
type Verbs = Readonly<Record<string, Verb>>;

/** What a provider has of runtimes and of what they belong to. */
interface Provider {
  /** How the actions on each begin. */
  readonly actions: { readonly parents: string; readonly runtimes: string };
  readonly namespace: string;
  readonly parent: 'factory' | 'workspace';
  readonly parents: string;
  /** Of a subscription. */
  readonly allParentsVerbs: Verbs;
  readonly parentsVerbs: Verbs;
  readonly parentVerbs: Verbs;
  readonly listVerbs: Verbs;
  readonly runtimeVerbs: Verbs;
  readonly statusVerbs: Verbs;
  readonly enableVerbs: Verbs;
  readonly disableVerbs: Verbs;
  /** Polling either. */
  readonly switchedVerbs: Verbs;
}

function provider(
  { namespace, parent, parents }: Pick<Provider, 'namespace' | 'parent' | 'parents'>,
  operations: Readonly<Record<'get' | 'put' | 'delete' | 'list' | 'listAll', Operation>>,
  /** The part of the documented actions that differs. */
  actions: { readonly runtimes: string; readonly status: string },
): Provider {
  const type = `${namespace}/${parents}`;
  const runtimes = `${type}/${actions.runtimes}`;
  return {
    actions: { parents: type, runtimes },
    namespace,
    parent,
    parents,
    allParentsVerbs: { GET: { operation: operations.listAll, kind: 'reads', action: `${type}/read` } },
    parentsVerbs: { GET: { operation: operations.list, kind: 'reads', action: `${type}/read` } },
    parentVerbs: {
      GET: { operation: operations.get, kind: 'reads', action: `${type}/read` },
      PUT: { operation: operations.put, kind: 'writes', action: `${type}/write` },
      DELETE: { operation: operations.delete, kind: 'deletes', action: `${type}/delete` },
    },
    listVerbs: { GET: { operation: 'IntegrationRuntimes_ListByFactory', kind: 'reads', action: `${runtimes}/read` } },
    runtimeVerbs: {
      GET: { operation: 'IntegrationRuntimes_Get', kind: 'reads', action: `${runtimes}/read` },
      PUT: { operation: 'IntegrationRuntimes_CreateOrUpdate', kind: 'writes', action: `${runtimes}/write` },
      DELETE: { operation: 'IntegrationRuntimes_Delete', kind: 'deletes', action: `${runtimes}/delete` },
    },
    // Recorded: asking the state spends reads.
    statusVerbs: {
      POST: { operation: 'IntegrationRuntimes_GetStatus', kind: 'reads', action: `${runtimes}/${actions.status}` },
    },
    // Documented, the actions; that starting one spends writes and polling it reads is what ARM does with POST and GET.
    enableVerbs: {
      POST: {
        operation: 'IntegrationRuntime_EnableInteractiveQuery',
        kind: 'writes',
        action: `${runtimes}/enableInteractiveQuery/action`,
      },
    },
    disableVerbs: {
      POST: {
        operation: 'IntegrationRuntime_DisableInteractiveQuery',
        kind: 'writes',
        action: `${runtimes}/disableInteractiveQuery/action`,
      },
    },
    switchedVerbs: {
      GET: { operation: 'IntegrationRuntime_OperationResult', kind: 'reads', action: `${runtimes}/read` },
    },
  };
}

const PROVIDERS: readonly Provider[] = [
  provider(
    { namespace: 'Microsoft.DataFactory', parent: 'factory', parents: 'factories' },
    {
      get: 'Factories_Get',
      put: 'Factories_CreateOrUpdate',
      delete: 'Factories_Delete',
      list: 'Factories_ListByResourceGroup',
      listAll: 'Factories_List',
    },
    // Documented: this action ends in `read` although it is a POST.
    { runtimes: 'integrationruntimes', status: 'getstatus/read' },
  ),
  provider(
    { namespace: 'Microsoft.Synapse', parent: 'workspace', parents: 'workspaces' },
    {
      get: 'Workspaces_Get',
      put: 'Workspaces_CreateOrUpdate',
      delete: 'Workspaces_Delete',
      list: 'Workspaces_ListByResourceGroup',
      listAll: 'Workspaces_List',
    },
    { runtimes: 'integrationRuntimes', status: 'getStatus/action' },
  ),
];

/** How the actions on a factory or workspace, and on its runtimes, begin in role definitions. */
export function actionsOf(kind: Provider['parent']): Provider['actions'] {
  const found = PROVIDERS.find(({ parent }) => parent === kind);
  if (found === undefined) throw new Error(`no provider has a ${kind}`);
  return found.actions;
}

/** Of a factory alone. */
const NETWORKS = 'Microsoft.DataFactory/factories/managedVirtualNetworks';
const NETWORKS_VERBS: Verbs = {
  GET: { operation: 'ManagedVirtualNetworks_ListByFactory', kind: 'reads', action: `${NETWORKS}/read` },
};
/** No DELETE: the API has none. */
const NETWORK_VERBS: Verbs = {
  GET: { operation: 'ManagedVirtualNetworks_Get', kind: 'reads', action: `${NETWORKS}/read` },
  PUT: { operation: 'ManagedVirtualNetworks_CreateOrUpdate', kind: 'writes', action: `${NETWORKS}/write` },
};
/** Documented, the action: https://learn.microsoft.com/rest/api/authorization/permissions/list-for-resource. */
const PERMISSIONS_VERBS: Verbs = {
  GET: { operation: 'Permissions_ListForResource', kind: 'reads', action: 'Microsoft.Authorization/permissions/read' },
};
/** Of a workspace alone. That asking spends reads and needs the right to read the workspace is assumed. */
const RESULT_VERBS: Verbs = {
  GET: { operation: 'OperationResults_Get', kind: 'reads', action: 'Microsoft.Synapse/workspaces/read' },
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
  const all = PROVIDERS.find(
    (one) => is(groups, 'providers') && is(resourceGroup, one.namespace) && is(providers, one.parents),
  );
  if (all !== undefined && namespace === undefined) {
    return withVerb(method, all.allParentsVerbs, { subscriptionId, parent: all.parent });
  }
  if (!is(groups, 'resourceGroups') || resourceGroup === undefined) {
    const type = segments.slice(2).filter((_, i) => i % 2 === 0);
    return nothing({ subscriptionId }, { kind: 'type', namespace: 'Microsoft.Resources', type: type.join('/') });
  }
  const names = { subscriptionId, resourceGroup };
  if (providers === undefined) return withVerb(method, GROUP_VERBS, names);
  const found = PROVIDERS.find((one) => is(providers, 'providers') && is(namespace, one.namespace));
  if (found === undefined) return nothing(names, { kind: 'namespace', namespace: namespace ?? providers });
  return parentRoute(method, found, rest, names);
}

type Names = Pick<
  Route,
  'subscriptionId' | 'resourceGroup' | 'parent' | 'factory' | 'runtime' | 'network' | 'result' | 'operationId'
>;

function parentRoute(method: string, provider: Provider, segments: readonly string[], group: Names): Route {
  const [parents, factory, children, child, action, ...more] = segments;
  if (is(parents, provider.parents)) {
    if (factory === undefined) return withVerb(method, provider.parentsVerbs, { ...group, parent: provider.parent });
    const names = { ...group, parent: provider.parent, factory };
    if (children === undefined) return withVerb(method, provider.parentVerbs, names);
    if (is(children, 'integrationRuntimes')) {
      if (child === undefined) return withVerb(method, provider.listVerbs, names);
      const verbs = runtimeVerbs(provider, action, more);
      const result = more[1] === undefined ? {} : { result: more[1] };
      if (verbs !== undefined) return withVerb(method, verbs, { ...names, runtime: child, ...result });
    }
    const isNetworks = provider.parent === 'factory' && is(children, 'managedVirtualNetworks') && action === undefined;
    if (isNetworks) {
      if (child === undefined) return withVerb(method, NETWORKS_VERBS, names);
      return withVerb(method, NETWORK_VERBS, { ...names, network: child });
    }
    const isPermissions =
      is(children, 'providers') &&
      is(child, 'Microsoft.Authorization') &&
      is(action, 'permissions') &&
      more.length === 0;
    if (isPermissions) return withVerb(method, PERMISSIONS_VERBS, names);
    const isResult = provider.parent === 'workspace' && is(children, 'operationResults') && action === undefined;
    if (isResult && child !== undefined) return withVerb(method, RESULT_VERBS, { ...names, operationId: child });
  }
  const type = segments.filter((_, i) => i % 2 === 0).join('/');
  return nothing({ ...group, parent: provider.parent }, { kind: 'type', namespace: provider.namespace, type });
}

/** What can be done below the name of a runtime. */
function runtimeVerbs(
  provider: Provider,
  action: string | undefined,
  [results, id, ...more]: readonly string[],
): Verbs | undefined {
  if (action === undefined) return provider.runtimeVerbs;
  const switches = is(action, 'enableInteractiveQuery') || is(action, 'disableInteractiveQuery');
  if (results !== undefined) {
    return switches && is(results, 'operationresults') && id !== undefined && more.length === 0
      ? provider.switchedVerbs
      : undefined;
  }
  if (is(action, 'getStatus')) return provider.statusVerbs;
  if (!switches) return undefined;
  return is(action, 'enableInteractiveQuery') ? provider.enableVerbs : provider.disableVerbs;
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
