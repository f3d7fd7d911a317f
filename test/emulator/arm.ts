import { authenticate, wrongTenant } from './arm-auth.ts';
import {
  gatewayError,
  parentNotFound,
  resourceGroupNotFound,
  resourceNotFound,
  subscriptionNotFound,
  throttled,
  unknownPath,
} from './arm-errors.ts';
import {
  BAD_API_VERSION,
  DISABLED_SUBSCRIPTION_ALLOWS_DELETE,
  GATEWAY_ORDER,
  missingFactoryCode,
} from './assumptions.ts';
import type { Buckets } from './buckets.ts';
import { type DataFactory, factoryBody } from './datafactory.ts';
import { type Incoming, parseJson, type Reply, reply } from './exchange.ts';
import type { Attempt, Refusals } from './refusals.ts';
import type { Route } from './routes.ts';
import type { TokenInfo, Tokens } from './tokens.ts';
import type { Factory, ResourceGroup, Subscription, World } from './world.ts';

const API_VERSIONS: readonly string[] = ['2018-06-01'];

/** What the gateway found out about a request on its way to the provider. */
interface Passage {
  readonly request: Incoming;
  readonly route: Route;
  readonly attempt: Attempt;
  readonly caller: TokenInfo;
  subscription?: Subscription;
  group?: ResourceGroup;
  factory?: Factory;
  rateHeaders?: Record<string, string>;
}

/** ARM's gateway: everything that is decided before the provider sees a request. */
export class Arm {
  readonly #now: () => number;
  readonly #world: World;
  readonly #tokens: Tokens;
  readonly #buckets: Buckets;
  readonly #refusals: Refusals;
  readonly #dataFactory: DataFactory;

  constructor(parts: {
    now: () => number;
    world: World;
    tokens: Tokens;
    buckets: Buckets;
    refusals: Refusals;
    dataFactory: DataFactory;
  }) {
    this.#now = parts.now;
    this.#world = parts.world;
    this.#tokens = parts.tokens;
    this.#buckets = parts.buckets;
    this.#refusals = parts.refusals;
    this.#dataFactory = parts.dataFactory;
  }

  handle(request: Incoming, route: Route): Reply {
    const caller = authenticate(request, this.#tokens, this.#now());
    if ('status' in caller) return caller;
    if (route.operation === 'Subscriptions_List') return this.#subscriptions(caller);
    const attempt: Attempt = {
      action: route.action ?? '',
      scope: scopeOf(route),
      kind: route.kind ?? 'reads',
      isPost: request.method === 'POST',
      clientId: caller.clientId,
      objectId: caller.objectId,
    };
    const passage: Passage = { request, route, attempt, caller };
    for (const step of GATEWAY_ORDER) {
      const refused = this.#steps[step](passage);
      if (refused !== undefined) return refused;
    }
    const answer = this.#provide(passage);
    return { ...answer, headers: { ...answer.headers, ...passage.rateHeaders } };
  }

  readonly #steps: Record<(typeof GATEWAY_ORDER)[number], (passage: Passage) => Reply | undefined> = {
    subscription: (passage) => {
      const { subscriptionId, problem } = passage.route;
      if (subscriptionId === undefined) return unknownPath(problem, API_VERSIONS);
      const found = this.#world.subscription(subscriptionId);
      if (found === undefined) return subscriptionNotFound(subscriptionId);
      passage.subscription = found;
      return wrongTenant(passage.caller, found.tenantId, passage.request);
    },
    apiVersion: ({ request, route }) =>
      refuseApiVersion(request, route) ?? (route.problem && unknownPath(route.problem, API_VERSIONS)),
    permission: ({ attempt }) => this.#refusals.permission(attempt),
    parents: (passage) => findParents(passage),
    refusals: ({ attempt, subscription }) => disabled(attempt, subscription) ?? this.#refusals.lockOrPolicy(attempt),
    throttling: (passage) => {
      const { attempt, route } = passage;
      const taken = this.#buckets.take(route.subscriptionId ?? '', attempt.clientId, attempt.kind);
      if (!taken.ok) return throttled(attempt.kind, route.subscriptionId ?? '', attempt.objectId, taken.retryAfter);
      passage.rateHeaders = taken.headers;
      return undefined;
    },
  };

  #provide({ request, route, caller, subscription, group, factory }: Passage): Reply {
    if (route.operation === 'Subscriptions_Get' && subscription !== undefined) {
      return reply(200, subscriptionBody(subscription, caller));
    }
    if (group !== undefined && route.operation === 'ResourceGroups_Get') return reply(200, groupBody(group));
    if (group !== undefined && route.operation === 'Factories_ListByResourceGroup') {
      return reply(200, { value: [...group.factories.values()].map(factoryBody) });
    }
    if (request.method === 'PUT' && parseJson(request.body) === undefined) {
      return gatewayError(
        400,
        'InvalidRequestContent',
        'The request content was invalid and could not be deserialized.',
      );
    }
    const answer = factory && this.#dataFactory.handle(route, request, factory);
    return answer ?? unknownPath(route.problem, API_VERSIONS);
  }

  #subscriptions(caller: TokenInfo): Reply {
    const own = ({ tenantId }: Subscription): boolean =>
      tenantId === undefined || tenantId.toLowerCase() === caller.tenantId.toLowerCase();
    const value = [...this.#world.subscriptions.values()].filter(own).map((one) => subscriptionBody(one, caller));
    return reply(200, { value, count: { type: 'Total', value: value.length } });
  }
}

/** Word for word as users paste it. */
function disabled(attempt: Attempt, subscription: Subscription | undefined): Reply | undefined {
  if (subscription?.state !== 'Disabled' || attempt.kind === 'reads') return undefined;
  if (attempt.kind === 'deletes' && DISABLED_SUBSCRIPTION_ALLOWS_DELETE) return undefined;
  return gatewayError(
    409,
    'ReadOnlyDisabledSubscription',
    `The subscription '${subscription.id}' is disabled and therefore marked as read only. You cannot perform any write actions on this subscription until it is re-enabled.`,
  );
}

function findParents(passage: Passage): Reply | undefined {
  const { route, subscription } = passage;
  if (route.resourceGroup === undefined) return undefined;
  const group = subscription?.groups.get(route.resourceGroup.toLowerCase());
  if (group === undefined) return resourceGroupNotFound(route.resourceGroup);
  passage.group = group;
  if (route.factory === undefined) return undefined;
  const factory = group.factories.get(route.factory.toLowerCase());
  if (factory === undefined) {
    return missingFactoryCode(route.operation) === 'ParentResourceNotFound'
      ? parentNotFound(route.factory)
      : resourceNotFound(`Microsoft.DataFactory/factories/${route.factory}`, route.resourceGroup);
  }
  passage.factory = factory;
  return undefined;
}

function refuseApiVersion(request: Incoming, route: Route): Reply | undefined {
  const version = request.query.get('api-version');
  if (version === null || version === '') {
    return gatewayError(
      400,
      'MissingApiVersionParameter',
      'The api-version query parameter (?api-version=) is required for all requests.',
    );
  }
  if (route.factory === undefined || API_VERSIONS.includes(version)) return undefined;
  return gatewayError(
    BAD_API_VERSION.status,
    BAD_API_VERSION.code,
    `The resource type 'factories/integrationRuntimes' could not be found in the namespace 'Microsoft.DataFactory' for api version '${version}'. The supported api-versions are '${API_VERSIONS.join(',')}'.`,
  );
}

function scopeOf(route: Route): string {
  const { subscriptionId, resourceGroup, factory, runtime, network } = route;
  let scope = `/subscriptions/${subscriptionId}`;
  if (resourceGroup !== undefined) scope += `/resourceGroups/${resourceGroup}`;
  if (factory !== undefined) scope += `/providers/Microsoft.DataFactory/factories/${factory}`;
  if (runtime !== undefined) scope += `/integrationRuntimes/${runtime}`;
  if (network !== undefined) scope += `/managedVirtualNetworks/${network}`;
  return scope;
}

function subscriptionBody(subscription: Subscription, caller: TokenInfo): object {
  return {
    id: `/subscriptions/${subscription.id}`,
    authorizationSource: 'RoleBased',
    managedByTenants: [],
    subscriptionId: subscription.id,
    tenantId: caller.tenantId,
    displayName: 'Emulated subscription',
    state: subscription.state,
    subscriptionPolicies: {
      locationPlacementId: 'Public_2014-09-01',
      quotaId: 'PayAsYouGo_2014-09-01',
      spendingLimit: 'Off',
    },
  };
}

function groupBody(group: ResourceGroup): object {
  return {
    id: group.id,
    name: group.name,
    type: 'Microsoft.Resources/resourceGroups',
    location: group.location,
    properties: { provisioningState: 'Succeeded' },
  };
}
