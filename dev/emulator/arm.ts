/** ARM's gateway: what it decides before the provider gets a request. */
import { randomUUID } from 'node:crypto';
import { authenticate, wrongTenant } from './arm-auth.ts';
import {
  documentMissing,
  gatewayError,
  parentNotFound,
  resourceGroupNotFound,
  resourceNotFound,
  subscriptionNotFound,
  throttled,
  unknownPath,
} from './arm-errors.ts';
import {
  ASSUMED,
  type Assumed,
  DISABLED_SUBSCRIPTION_ALLOWS_DELETE,
  eventKindOf,
  foldName,
  GATEWAY_ORDER,
  LOCATION_REQUIRED,
} from './assumptions.ts';
import type { Buckets } from './buckets.ts';
import { DataFactory, factoryBody } from './datafactory.ts';
import type { Events } from './events.ts';
import { type Incoming, type Reply, rawReply, reply } from './exchange.ts';
import { isObject, parseJson } from './json.ts';
import type { Operation } from './operations.ts';
import type { Attempt, Refusals } from './refusals.ts';
import { parentOf, type Route, type RouteProblem, scopeOf } from './routes.ts';
import { goOn, Synapse } from './synapse.ts';
import type { TokenInfo, Tokens } from './tokens.ts';
import { type Factory, PARENT_TYPES, parentsIn, type ResourceGroup, type Subscription, type World } from './world.ts';

const API_VERSIONS: Readonly<Record<'factory' | 'workspace', readonly string[]>> = {
  factory: ['2018-06-01'],
  workspace: ['2021-03-01', '2021-06-01', '2021-06-01-preview'],
};

function versionsOf({ parent = 'factory' }: Route): readonly string[] {
  return API_VERSIONS[parent];
}

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
  readonly #events: Events;
  readonly #dataFactory: DataFactory;
  readonly #workspaces: DataFactory;
  readonly #synapse: Synapse;

  constructor(parts: {
    now: () => number;
    world: World;
    tokens: Tokens;
    buckets: Buckets;
    refusals: Refusals;
    events: Events;
  }) {
    this.#now = parts.now;
    this.#world = parts.world;
    this.#tokens = parts.tokens;
    this.#buckets = parts.buckets;
    this.#refusals = parts.refusals;
    this.#events = parts.events;
    this.#dataFactory = new DataFactory(parts.world, parts.now);
    this.#synapse = new Synapse(parts.now, parts.world.assumed);
    this.#workspaces = new DataFactory(parts.world, parts.now, this.#synapse);
  }

  handle(request: Incoming, route: Route): Reply {
    const caller = authenticate(request, this.#tokens, this.#now(), this.#world.assumed);
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
    this.#tell(passage, answer);
    return { ...answer, headers: { ...answer.headers, ...passage.rateHeaders } };
  }

  readonly #steps: Record<(typeof GATEWAY_ORDER)[number], (passage: Passage) => Reply | undefined> = {
    subscription: (passage) => {
      const { subscriptionId, problem } = passage.route;
      if (subscriptionId === undefined) return this.#unknownPath(passage.route, problem);
      const found = this.#world.subscription(subscriptionId);
      if (found === undefined) return subscriptionNotFound(subscriptionId);
      passage.subscription = found;
      return wrongTenant(passage.caller, found.tenantId, passage.request);
    },
    apiVersion: ({ request, route }) =>
      refuseApiVersion(request, route, this.#world.assumed) ??
      (route.problem && this.#unknownPath(route, route.problem)),
    permission: ({ attempt }) => this.#refusals.permission(attempt),
    parents: (passage) => {
      const missing = findParents(passage, this.#world.assumed);
      if (passage.factory !== undefined) goOn(passage.factory, this.#now(), this.#world.assumed);
      return missing;
    },
    refusals: ({ attempt, subscription }) => disabled(attempt, subscription) ?? this.#refusals.lockOrPolicy(attempt),
    throttling: (passage) => {
      const { attempt, route } = passage;
      const taken = this.#buckets.take(route.subscriptionId ?? '', attempt.clientId, attempt.kind);
      if (!taken.ok) return throttled(attempt.kind, route.subscriptionId ?? '', attempt.objectId, taken.retryAfter);
      passage.rateHeaders = taken.headers;
      return undefined;
    },
  };

  #provide({ request, route, attempt, caller, subscription, group, factory }: Passage): Reply {
    if (route.operation === 'Permissions_ListForResource') return reply(200, this.#refusals.permissions(attempt));
    if (route.operation === 'Subscriptions_Get' && subscription !== undefined) {
      return reply(200, subscriptionBody(subscription, caller));
    }
    if (subscription !== undefined && (route.operation === 'Factories_List' || route.operation === 'Workspaces_List')) {
      const all = [...subscription.groups.values()].flatMap((each) => [
        ...parentsIn(each, route.parent ?? 'factory').values(),
      ]);
      return reply(200, { value: all.map(factoryBody) });
    }
    if (group !== undefined && route.operation === 'ResourceGroups_Get') return reply(200, groupBody(group));
    const lists =
      route.operation === 'Factories_ListByResourceGroup' || route.operation === 'Workspaces_ListByResourceGroup';
    if (group !== undefined && lists) {
      return reply(200, { value: [...parentsIn(group, route.parent ?? 'factory').values()].map(factoryBody) });
    }
    if (factory !== undefined && route.operationId !== undefined) {
      return this.#synapse.result(request, factory, route.operationId);
    }
    if (request.method === 'PUT' && parseJson(request.body) === undefined) {
      return gatewayError(
        400,
        'InvalidRequestContent',
        'The request content was invalid and could not be deserialized.',
      );
    }
    if (isParentWrite(route)) return this.#writeParent(request, route);
    const provider = factory?.kind === 'workspace' ? this.#workspaces : this.#dataFactory;
    const answer = factory && provider.handle(route, request, factory);
    return answer ?? this.#unknownPath(route, route.problem);
  }

  /** Of the requests that the provider got, whatever it made of them. */
  #tell({ request, route, attempt, caller }: Passage, { status }: Reply): void {
    const kind = eventKindOf(request.method);
    const { eventMethods, eventsKeepCorrelation, stateRaisesEvent } = this.#world.assumed;
    if (kind === undefined || route.action === undefined || route.subscriptionId === undefined) return;
    const isState = route.operation === 'IntegrationRuntimes_GetStatus' && route.parent === 'workspace';
    if (!eventMethods.includes(request.method) || (isState && !stateRaisesEvent)) return;
    this.#events.raise({
      kind,
      operationName: route.action,
      resourceUri: attempt.scope,
      subscriptionId: route.subscriptionId,
      resourceGroup: route.resourceGroup,
      method: request.method,
      succeeded: status < 400,
      correlationId: eventsKeepCorrelation ? request.correlationId : randomUUID(),
      at: this.#now(),
      caller,
    });
  }

  #unknownPath(route: Route, problem: RouteProblem | undefined): Reply {
    return unknownPath(this.#world.assumed, problem, versionsOf(route));
  }

  #writeParent({ method, body }: Incoming, route: Route): Reply {
    const { subscriptionId = '', resourceGroup = '', factory: name = '', parent: kind = 'factory' } = route;
    const ref = { kind, subscriptionId, resourceGroup, name };
    // Documented: 204 where there is none.
    if (method === 'DELETE') return rawReply(this.#world.removeFactory(ref) ? 200 : 204, '');
    const given = parseJson(body);
    if (!isObject(given) || typeof given.location !== 'string') {
      return gatewayError(400, LOCATION_REQUIRED.code, LOCATION_REQUIRED.message);
    }
    return reply(200, factoryBody(this.#world.ensureFactory(ref, given.location)));
  }

  #subscriptions(caller: TokenInfo): Reply {
    const own = ({ tenantId }: Subscription): boolean =>
      tenantId === undefined || foldName(tenantId) === foldName(caller.tenantId);
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

function isParentWrite({ operation }: Route): boolean {
  return PARENT_WRITES.includes(operation);
}

const PARENT_WRITES: readonly Operation[] = [
  'Factories_CreateOrUpdate',
  'Factories_Delete',
  'Workspaces_CreateOrUpdate',
  'Workspaces_Delete',
];

function findParents(passage: Passage, assumed: Assumed): Reply | undefined {
  const { route, subscription } = passage;
  if (route.resourceGroup === undefined) return undefined;
  const group = subscription?.groups.get(foldName(route.resourceGroup));
  if (group === undefined) return resourceGroupNotFound(route.resourceGroup);
  passage.group = group;
  if (route.factory === undefined) return undefined;
  const { parent = 'factory' } = route;
  const factory = parentsIn(group, parent).get(foldName(route.factory));
  // A write of the parent itself needs none.
  if (factory === undefined && isParentWrite(route)) return undefined;
  if (factory === undefined) return denial('parent', route, assumed);
  passage.factory = factory;
  return undefined;
}

/** How it is told that something is not there. */
export function denial(
  what: 'runtime' | 'parent' | 'resourceGroup',
  route: Route,
  { missingParentCode }: Assumed = ASSUMED,
): Reply {
  const { parent = 'factory', resourceGroup = '', factory = '', runtime = '', operation } = route;
  if (what === 'resourceGroup') return resourceGroupNotFound(resourceGroup);
  if (what === 'runtime') {
    return documentMissing({ parent, parentId: parentOf(route), name: runtime });
  }
  const code = missingParentCode[operation.endsWith('_CreateOrUpdate') ? 'put' : 'other'];
  return code === 'ParentResourceNotFound'
    ? parentNotFound(factory)
    : resourceNotFound(`${PARENT_TYPES[parent]}/${factory}`, resourceGroup);
}

function refuseApiVersion(
  request: Incoming,
  route: Route,
  { badApiVersion: { status, code } }: Assumed,
): Reply | undefined {
  const version = request.query.get('api-version');
  if (version === null || version === '') {
    return gatewayError(
      400,
      'MissingApiVersionParameter',
      'The api-version query parameter (?api-version=) is required for all requests.',
    );
  }
  const versions = versionsOf(route);
  // Of another provider, whose versions no caller here gets wrong.
  if (route.operation === 'Permissions_ListForResource') return undefined;
  if (route.factory === undefined || versions.includes(version)) return undefined;
  const [namespace = '', type = ''] = PARENT_TYPES[route.parent ?? 'factory'].split('/');
  return gatewayError(
    status,
    code,
    `The resource type '${type}/integrationRuntimes' could not be found in the namespace '${namespace}' for api version '${version}'. The supported api-versions are '${versions.join(',')}'.`,
  );
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
