/** The control: what a test may ask of the emulated Azure. */
import type { Json, JsonObject } from './json.ts';
import type { BucketKind, Operation } from './operations.ts';

/** A Data Factory; or, where `kind` says so, a Synapse workspace. Whatever is called `factory` here may be either. */
export interface FactoryRef {
  kind?: 'factory' | 'workspace';
  subscriptionId: string;
  resourceGroup: string;
  name: string;
}

export interface RuntimeRef {
  factory: FactoryRef;
  name: string;
}

/** What to count, trace or hit. Absent means any; names are compared without regard to case. */
export interface Filter {
  operation?: Operation;
  subscriptionId?: string;
  resourceGroup?: string;
  /** The name of the factory or workspace. */
  factory?: string;
  runtime?: string;
  clientId?: string;
}

export interface TraceEntry {
  /** Milliseconds since 1970 by the emulator's clock. */
  at: number;
  method: string;
  path: string;
  operation: Operation;
  /** 0 while unanswered, and for ever when the connection was cut. */
  status: number;
  subscriptionId?: string;
  resourceGroup?: string;
  factory?: string;
  runtime?: string;
  clientId?: string;
  /** As the caller spelled it, port included: tells callers apart that came by different ways. */
  host?: string;
  ifMatch?: string;
  ifNoneMatch?: string;
  /** The caller's, or ARM's own. */
  correlationId?: string;
  /** The body of a write. */
  body?: Json;
}

/** An event subscription of Event Grid: where the events of writes go, refused ones included, and in which form. */
export interface EventSubscription {
  subscriptionId: string;
  /** Only events of this resource group. */
  resourceGroup?: string;
  /** Only these operations (`Microsoft.DataFactory/factories/integrationruntimes/write`); all when absent: the receiver has to choose. */
  operations?: string[];
  /** A Storage queue. What it does not take is lost. */
  queueUrl: string;
  /** EventGrid when absent. */
  schema?: 'EventGrid' | 'CloudEvents';
  /** base64 when absent. */
  encoding?: 'base64' | 'plain';
  /** One event by itself, when absent. */
  shape?: 'object' | 'array';
  delayMs?: number;
  /** How often each message is sent; 1 when absent. */
  copies?: number;
  /** This many at a time are sent in reverse order. */
  reversed?: number;
  /** This many of the next events are lost on the way. */
  drop?: number | 'always';
}

export interface RaisedEvent {
  readonly id: string;
  /** Milliseconds since 1970, by the emulator's clock. */
  readonly at: number;
  readonly subscriptionId: string;
  /** Microsoft.Resources.ResourceWriteSuccess. */
  readonly type: string;
  readonly operationName: string;
  readonly resourceUri: string;
  readonly correlationId: string;
  /** Once it is over: `delivered`, `dropped`, or `failed: ` and why. */
  delivery: string;
}

export type FaultEffect =
  /** Answer this instead. A string goes out as it is, which makes malformed JSON; no body: an ARM error of that status. */
  | { kind: 'reply'; status: number; body?: Json; headers?: Record<string, string> }
  /**
   * What exists is denied, as ARM's front or the runtime's own provider words it: for a while by `times`, and until
   * `clearFaults`.
   */
  | { kind: 'absent'; what: 'runtime' | 'parent' | 'resourceGroup' }
  /** Cut the connection. */
  | { kind: 'drop' }
  /** Never answer. */
  | { kind: 'hang' }
  /** An empty page of a list, and a link to another one, again and again. */
  | { kind: 'endless' }
  /** Nothing but the delay. */
  | { kind: 'delay' };

export interface Fault {
  match?: Filter & { method?: string; path?: string };
  /** How many matching requests it hits; 1 when absent. */
  times?: number | 'always';
  /** How many matching requests pass first. */
  skip?: number;
  delayMs?: number;
  /** `after`: the request takes effect, then its answer is lost or replaced. `before` when absent. */
  when?: 'before' | 'after';
  effect: FaultEffect;
}

export interface Stage {
  state: string;
  /** Since the event that began the sequence. */
  afterMs: number;
}

/** The first rule that matches decides which states a runtime passes through. */
export interface LifecycleRule {
  on: 'create' | 'repair';
  /** `properties.type`. */
  type?: string;
  /** Matches Azure-SSIS runtimes (`true`) or the others (`false`). */
  ssis?: boolean;
  managedVirtualNetwork?: boolean;
  stages: Stage[];
}

/** Reasons of ARM to refuse what the provider would do. */
export type Refusal =
  /** 403 AuthorizationFailed. `action` may hold `*`; `scope` covers everything below it. */
  | { kind: 'permission'; action?: string; scope?: string; clientId?: string }
  /** 403 RequestDisallowedByPolicy on writes. */
  | { kind: 'policy'; scope: string; policyName?: string }
  /** 409 ScopeLocked on deletes, and on writes too when ReadOnly. */
  | { kind: 'lock'; scope: string; level: 'CanNotDelete' | 'ReadOnly' };

/**
 * `ignore`: PUTs answer 200 with the document as it was before, or with an unmanaged default on create. `pretend`: the same,
 * but the answer is what was sent.
 */
export type WriteMode = 'apply' | 'ignore' | 'pretend';

export interface NetworkView {
  id: string;
  name: string;
  type: string;
  etag: string;
  properties: JsonObject;
}

export interface RuntimeView {
  id: string;
  name: string;
  type: string;
  etag: string;
  properties: JsonObject;
  state: string;
  references: string[];
  /** Absent: interactive authoring was never enabled. */
  interactiveQuery?: { status: string; autoTerminationMinutes: number };
}

export interface BucketSettings {
  enabled?: boolean;
  limits?: Partial<Record<BucketKind, { burst: number; perSecond: number }>>;
}

export interface EntraClient {
  tenantId: string;
  clientId: string;
  clientSecret?: string;
  /** For so long the secret is refused, and the one that the client had before still accepted. */
  learntAfterMs?: number;
  /** The object id of its service principal; error messages name it. */
  objectId?: string;
  /** Accept any well-formed client_assertion (certificate or workload identity). Default true. */
  assertions?: boolean;
}

export interface IssuedToken {
  token: string;
  tenantId: string;
  clientId: string;
  audience: string;
}

export interface TokenRefusal {
  /** Of one client, or of all. */
  clientId?: string;
  /** Entra's own: 700213 for AADSTS700213. */
  code: number;
  /** How many token requests it hits; 1 when absent. */
  times?: number | 'always';
}

export type TokenEndpointMode = 'up' | 'unavailable' | 'drop' | 'hang' | 'refuse';

/**
 * What tests may ask of the emulated Azure. Each method takes one object, so that the same call works in-process and over
 * HTTP; `control-routes.ts` says which verb and path each one has.
 */
export interface EmulatorControl {
  /** Forgets everything, or all that belongs to one subscription, and seeds again. */
  reset(args?: { subscriptionId?: string }): Promise<void>;

  ensureFactory(factory: FactoryRef & { location?: string }): Promise<void>;
  /** The same as `ensureFactory` and `removeFactory` with `kind: 'workspace'`. */
  ensureWorkspace(workspace: FactoryRef & { location?: string }): Promise<void>;
  removeWorkspace(workspace: FactoryRef): Promise<void>;
  ensureResourceGroup(args: { subscriptionId: string; name: string; location?: string }): Promise<void>;
  /** `tenantId`: tokens of every other tenant answer 401 InvalidAuthenticationTokenTenant; without one, all tenants will do. */
  ensureSubscription(args: { subscriptionId: string; tenantId?: string }): Promise<void>;
  removeFactory(factory: FactoryRef): Promise<void>;
  removeResourceGroup(args: { subscriptionId: string; name: string }): Promise<void>;
  removeSubscription(args: { subscriptionId: string }): Promise<void>;
  /** A disabled subscription refuses writes with 409 ReadOnlyDisabledSubscription. */
  setSubscriptionState(args: { subscriptionId: string; state: 'Enabled' | 'Disabled' }): Promise<void>;

  counts(filter?: Filter & { status?: number }): Promise<Partial<Record<Operation, number>>>;
  /** Oldest first; `limit` keeps the newest. */
  trace(filter?: Filter & { limit?: number }): Promise<TraceEntry[]>;
  /** Forgets counts and trace, of one subscription or of all. */
  clearTrace(args?: { subscriptionId?: string }): Promise<void>;

  addFault(fault: Fault): Promise<{ id: string }>;
  /** All, or one by id, or those of one subscription or factory. */
  clearFaults(args?: { id?: string; subscriptionId?: string; factory?: string }): Promise<void>;

  runtimes(factory: FactoryRef): Promise<RuntimeView[]>;
  getRuntime(runtime: RuntimeRef): Promise<RuntimeView | null>;
  /** Puts a runtime there without a request: no etag, lock or permission is checked. Any type: Managed, SelfHosted, Azure-SSIS. */
  putRuntime(args: RuntimeRef & { properties: JsonObject }): Promise<RuntimeView>;
  deleteRuntime(runtime: RuntimeRef): Promise<void>;
  /** An edit by another writer: `merge` is a JSON merge patch of `properties`, `replace` the whole of it. */
  drift(args: RuntimeRef & { merge?: JsonObject; replace?: JsonObject }): Promise<RuntimeView>;
  /** What publishing a factory does: every document gets a new etag and keeps its content. */
  touch(factory: FactoryRef): Promise<void>;
  /**
   * `repairsNeeded`: how many PUTs until it is Online again; default 1 for Limited, otherwise `never`. A list of stages
   * instead of a state makes the runtime pass through them from now on.
   */
  setState(args: RuntimeRef & { state: string | Stage[]; repairsNeeded?: number | 'never' }): Promise<void>;
  /** These rules come before the built-in ones for this factory; an empty list restores them. */
  setLifecycle(args: { factory: FactoryRef; rules: LifecycleRule[] }): Promise<void>;
  /** Names of what refers to the runtime: its DELETE answers 400 while there is one. */
  setReferences(args: RuntimeRef & { referrers: string[] }): Promise<void>;
  /** The next `times` PUTs (default 1) answer 400 invalid reference. */
  setBadReference(args: RuntimeRef & { reference: string; times?: number }): Promise<void>;
  setWriteMode(args: { factory: FactoryRef; name?: string; mode: WriteMode }): Promise<void>;
  /** How long the accepted writes of a workspace take, and how many of the next ones fail. */
  setOperations(args: { factory: FactoryRef; durationMs?: number; failing?: number }): Promise<void>;
  /** Another client switches it, or its time ends, at once. */
  setInteractiveQuery(
    args: RuntimeRef & { status: 'Enabled' | 'Disabled'; autoTerminationMinutes?: number },
  ): Promise<void>;
  /** How long switching it takes in this factory from now on (default 1 s), and whether it then fails. */
  setInteractiveQueryMode(args: { factory: FactoryRef; takesMs?: number; fails?: boolean }): Promise<void>;
  networks(factory: FactoryRef): Promise<NetworkView[]>;
  /** A managed virtual network that another client made; `default` when it has no name. */
  ensureNetwork(args: { factory: FactoryRef; name?: string }): Promise<NetworkView>;
  /** The only regions that runtimes of this factory may name, beside `AutoResolve`; without any, whatever could be the name of one is a region, as from the start. */
  setRegions(args: { factory: FactoryRef; regions?: string[] }): Promise<void>;
  setPageSize(args: { factory: FactoryRef; size: number }): Promise<void>;

  /** Takes effect at once, in place of one with the same id. */
  putEventSubscription(subscription: EventSubscription & { id?: string }): Promise<{ id: string }>;
  /** One by its id, or those of one subscription, or all. */
  removeEventSubscriptions(args?: { id?: string; subscriptionId?: string }): Promise<void>;
  /** The events that an event subscription wanted, oldest first: of requests to ARM, and of what this control changes as another client would. */
  events(args?: { subscriptionId?: string }): Promise<RaisedEvent[]>;

  addRefusal(refusal: Refusal): Promise<{ id: string }>;
  /** All, or one by id, or those at or below a scope. */
  clearRefusals(args?: { id?: string; scope?: string }): Promise<void>;

  /** Of one subscription, or of all. Setting them fills them. */
  setBuckets(args: BucketSettings & { subscriptionId?: string }): Promise<void>;
  /** Leaves so many tokens in every bucket of that kind of the subscription, from now on refilling as usual. */
  drainBucket(args: { subscriptionId: string; kind: BucketKind; remaining?: number }): Promise<void>;

  putClient(client: EntraClient): Promise<void>;
  removeClient(args: { clientId: string }): Promise<void>;
  /** Tokens issued so far, of one client or of all, answer 401 ExpiredAuthenticationToken. */
  revokeTokens(args?: { clientId?: string }): Promise<void>;
  /** Of one client, or of all that have no mode of their own. */
  setTokenEndpoint(args: { mode: TokenEndpointMode; clientId?: string }): Promise<void>;
  /** The next token requests are refused with this code, although nothing is wrong. */
  refuseTokens(refusal: TokenRefusal): Promise<void>;
  /** Of one client, or of all. */
  clearTokenRefusals(args?: { clientId?: string }): Promise<void>;
  /** Every token that was issued, oldest first, whatever became of it, of one client or of all; a reset forgets none. */
  issuedTokens(args?: { clientId?: string }): Promise<IssuedToken[]>;
  /** What the process of the emulator has used so far: a benchmark shows by it that it does not measure the emulator. */
  usage(): Promise<{ cpuMs: number }>;
  /** Every client secret and client assertion that was presented, right or wrong, each once; a reset forgets none. */
  presentedSecrets(): Promise<string[]>;
}
