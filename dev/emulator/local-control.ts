/** The control of an emulator in this process. */
import { randomUUID } from 'node:crypto';
import { DEFAULT_AUTO_TERMINATION_MINUTES, foldName, INTERACTIVE_QUERY_MS, NETWORK_NAME } from './assumptions.ts';
import type { Buckets } from './buckets.ts';
import type {
  EmulatorControl,
  EntraClient,
  FactoryRef,
  NetworkView,
  RuntimeRef,
  RuntimeView,
  Stage,
  TraceEntry,
} from './control.ts';
import type { Entra } from './entra.ts';
import type { Events } from './events.ts';
import type { Faults } from './faults.ts';
import { isObject, type Json, type JsonObject, parseJson, parseVerbatim } from './json.ts';
import { otherClient } from './other-client.ts';
import type { Refusals } from './refusals.ts';
import { goOn } from './synapse.ts';
import type { Trace } from './trace.ts';
import { type Factory, type Network, type Runtime, sortedRuntimes, type World } from './world.ts';

export interface ControlParts {
  readonly now: () => number;
  readonly world: World;
  readonly entra: Entra;
  readonly buckets: Buckets;
  readonly refusals: Refusals;
  readonly faults: Faults;
  readonly trace: Trace;
  readonly events: Events;
  readonly clients: readonly EntraClient[];
  readonly seed: readonly FactoryRef[];
}

/** The control of an emulator in this process. */
export function createLocalControl(parts: ControlParts): EmulatorControl {
  seed(parts, undefined);
  return {
    ...existence(parts),
    ...eventControl(parts),
    ...observation(parts),
    ...runtimeControl(parts),
    ...networkControl(parts),
    ...armControl(parts),
    ...entraControl(parts),
    reset: async ({ subscriptionId } = {}) => {
      forget(parts, subscriptionId);
      seed(parts, subscriptionId);
    },
  };
}

function forget(parts: ControlParts, subscriptionId: string | undefined): void {
  const { world, faults, refusals, trace, buckets, entra, events, clients } = parts;
  trace.clear(subscriptionId);
  events.forget(subscriptionId);
  if (subscriptionId !== undefined) {
    world.subscriptions.delete(foldName(subscriptionId));
    faults.clear({ subscriptionId });
    refusals.clear({ scope: `/subscriptions/${subscriptionId}` });
    buckets.forget(subscriptionId);
    return;
  }
  world.subscriptions.clear();
  faults.clear({});
  refusals.clear({});
  buckets.reset();
  entra.reset(clients);
}

function seed({ world, seed: factories }: ControlParts, subscriptionId: string | undefined): void {
  for (const factory of factories) {
    if (subscriptionId === undefined || foldName(factory.subscriptionId) === foldName(subscriptionId)) {
      world.ensureFactory(factory);
    }
  }
}

type Existence =
  | 'ensureFactory'
  | 'ensureWorkspace'
  | 'removeWorkspace'
  | 'ensureResourceGroup'
  | 'ensureSubscription'
  | 'removeFactory'
  | 'removeResourceGroup'
  | 'removeSubscription'
  | 'setSubscriptionState'
  | 'setPageSize'
  | 'setRegions'
  | 'setOperations';

function existence({ world, now, events }: ControlParts): Pick<EmulatorControl, Existence> {
  const told = otherClient(events, now);
  const removeParent = (ref: FactoryRef) => {
    if (world.removeFactory(ref)) told.parent(ref, 'delete');
  };
  return {
    ensureFactory: async ({ location, ...factory }) => void world.ensureFactory(factory, location),
    ensureWorkspace: async ({ location, ...ref }) => void world.ensureFactory({ ...ref, kind: 'workspace' }, location),
    removeWorkspace: async (ref) => removeParent({ ...ref, kind: 'workspace' }),
    ensureResourceGroup: async ({ subscriptionId, name, location }) =>
      void world.ensureGroup(subscriptionId, name, location),
    ensureSubscription: async ({ subscriptionId, tenantId }) => {
      const subscription = world.ensureSubscription(subscriptionId);
      if (tenantId !== undefined) subscription.tenantId = tenantId;
    },
    removeFactory: async (factory) => removeParent(factory),
    removeResourceGroup: async ({ subscriptionId, name }) => {
      if (world.subscription(subscriptionId)?.groups.delete(foldName(name))) told.groupDeleted(subscriptionId, name);
    },
    removeSubscription: async ({ subscriptionId }) => void world.subscriptions.delete(foldName(subscriptionId)),
    setSubscriptionState: async ({ subscriptionId, state }) => {
      world.ensureSubscription(subscriptionId).state = state;
    },
    setPageSize: async ({ factory, size }) => {
      theFactory(world, factory, now()).pageSize = size;
    },
    setRegions: async ({ factory, regions }) => {
      theFactory(world, factory, now()).regions = regions;
    },
    setOperations: async ({ factory, durationMs, failing }) => {
      const { operationSettings } = theFactory(world, factory, now());
      if (durationMs !== undefined) operationSettings.durationMs = durationMs;
      if (failing !== undefined) operationSettings.failing = failing;
    },
  };
}

type Observation = 'counts' | 'trace' | 'clearTrace' | 'addFault' | 'clearFaults' | 'usage';

function observation({ trace, faults }: ControlParts): Pick<EmulatorControl, Observation> {
  return {
    counts: async (filter = {}) => trace.counts(filter),
    trace: async (filter = {}) => trace.entries(filter).map(withParsedBody),
    clearTrace: async ({ subscriptionId } = {}) => trace.clear(subscriptionId),
    addFault: async (fault) => ({ id: faults.add(fault) }),
    clearFaults: async (args = {}) => faults.clear(args),
    usage: async () => {
      const { user, system } = process.cpuUsage();
      return { cpuMs: (user + system) / 1_000 };
    },
  };
}

type RuntimeControl =
  | 'runtimes'
  | 'getRuntime'
  | 'putRuntime'
  | 'deleteRuntime'
  | 'drift'
  | 'touch'
  | 'setState'
  | 'setLifecycle'
  | 'setReferences'
  | 'setBadReference'
  | 'setWriteMode';

function runtimeControl({ world, now, events }: ControlParts): Pick<EmulatorControl, RuntimeControl> {
  const factoryOf = (ref: FactoryRef): Factory => theFactory(world, ref, now());
  const runtimeOf = (ref: RuntimeRef): Runtime => theRuntime(factoryOf(ref.factory), ref.name);
  const view = (runtime: Runtime): RuntimeView => viewOf(runtime, now());
  const told = otherClient(events, now);
  return {
    runtimes: async (factory) => sortedRuntimes(factoryOf(factory)).map(view),
    getRuntime: async (ref) => {
      const runtime = factoryOf(ref.factory).runtimes.get(foldName(ref.name));
      return runtime === undefined ? null : view(runtime);
    },
    putRuntime: async ({ factory: ref, name, properties }) => {
      const factory = factoryOf(ref);
      world.remove(factory, name);
      const created = world.create(factory, name, copyOf(properties));
      told.runtime({ factory: ref, name }, 'write');
      return view(created);
    },
    deleteRuntime: async ({ factory, name }) => {
      if (world.remove(factoryOf(factory), name)) told.runtime({ factory, name }, 'delete');
    },
    drift: async ({ merge, replace, ...ref }) => {
      const runtime = runtimeOf(ref);
      world.write(runtime, mergePatch(replace ?? runtime.properties, merge ?? {}));
      told.runtime(ref, 'write');
      return view(runtime);
    },
    touch: async (factory) => {
      for (const runtime of factoryOf(factory).runtimes.values()) {
        world.write(runtime, runtime.properties);
        told.runtime({ factory, name: runtime.name }, 'write');
      }
    },
    setState: async ({ state, repairsNeeded, ...ref }) => {
      const stages: Stage[] = typeof state === 'string' ? [{ state, afterMs: 0 }] : state;
      runtimeOf(ref).lifecycle.set(stages, now(), repairsNeeded);
    },
    setLifecycle: async ({ factory, rules }) => {
      factoryOf(factory).rules = rules;
    },
    setReferences: async ({ referrers, ...ref }) => {
      runtimeOf(ref).references = [...referrers];
    },
    setBadReference: async ({ factory, name, reference, times }) => {
      factoryOf(factory).badReferences.set(foldName(name), { name: reference, times: times ?? 1 });
    },
    setWriteMode: async ({ factory, name, mode }) => {
      if (name === undefined) factoryOf(factory).writeMode = mode;
      else runtimeOf({ factory, name }).writeMode = mode;
    },
  };
}

type NetworkControl = 'setInteractiveQuery' | 'setInteractiveQueryMode' | 'networks' | 'ensureNetwork';

function networkControl({ world, now, events }: ControlParts): Pick<EmulatorControl, NetworkControl> {
  const told = otherClient(events, now);
  return {
    setInteractiveQuery: async ({ status, autoTerminationMinutes, ...ref }) => {
      const minutes =
        status === 'Enabled' ? { minutes: autoTerminationMinutes ?? DEFAULT_AUTO_TERMINATION_MINUTES } : {};
      theRuntime(theFactory(world, ref.factory, now()), ref.name).interactiveQuery.begin(randomUUID(), status, {
        now: now(),
        takesMs: 0,
        fails: false,
        ...minutes,
      });
      told.runtime(ref, status === 'Enabled' ? 'enableInteractiveQuery/action' : 'disableInteractiveQuery/action');
    },
    setInteractiveQueryMode: async ({ factory: ref, takesMs = INTERACTIVE_QUERY_MS, fails = false }) => {
      theFactory(world, ref, now()).interactiveQuery = { takesMs, fails };
    },
    networks: async (factory) => [...theFactory(world, factory, now()).networks.values()].map(networkView),
    ensureNetwork: async ({ factory: ref, name = NETWORK_NAME }) => {
      const factory = theFactory(world, ref, now());
      return networkView(factory.networks.get(foldName(name)) ?? world.putNetwork(factory, name));
    },
  };
}

function networkView({ json }: Network): NetworkView {
  return JSON.parse(json);
}

type EventControl = 'putEventSubscription' | 'removeEventSubscriptions' | 'events';

function eventControl({ events }: ControlParts): Pick<EmulatorControl, EventControl> {
  return {
    putEventSubscription: async (subscription) => ({ id: events.subscribe(subscription) }),
    removeEventSubscriptions: async (args = {}) => events.unsubscribe(args),
    events: async ({ subscriptionId } = {}) => events.raised(subscriptionId),
  };
}

type ArmControl = 'addRefusal' | 'clearRefusals' | 'setBuckets' | 'drainBucket';

function armControl({ refusals, buckets }: ControlParts): Pick<EmulatorControl, ArmControl> {
  return {
    addRefusal: async (refusal) => ({ id: refusals.add(refusal) }),
    clearRefusals: async (args = {}) => refusals.clear(args),
    setBuckets: async ({ subscriptionId, ...settings }) => buckets.configure(subscriptionId, settings),
    drainBucket: async ({ subscriptionId, kind, remaining }) => buckets.drain(subscriptionId, kind, remaining ?? 0),
  };
}

type EntraControl =
  | 'putClient'
  | 'removeClient'
  | 'revokeTokens'
  | 'setTokenEndpoint'
  | 'refuseTokens'
  | 'clearTokenRefusals'
  | 'issuedTokens'
  | 'presentedSecrets';

function entraControl({ entra }: ControlParts): Pick<EmulatorControl, EntraControl> {
  return {
    putClient: async (client) => entra.putClient(client),
    removeClient: async ({ clientId }) => entra.removeClient(clientId),
    revokeTokens: async ({ clientId } = {}) => entra.tokens.revoke(clientId),
    setTokenEndpoint: async ({ mode, clientId }) => entra.setMode(mode, clientId),
    refuseTokens: async (refusal) => entra.refuseTokens(refusal),
    clearTokenRefusals: async ({ clientId } = {}) => entra.clearTokenRefusals(clientId),
    issuedTokens: async ({ clientId } = {}) => entra.tokens.issued(clientId),
    presentedSecrets: async () => entra.presentedSecrets(),
  };
}

/** As it is now: with all that it has done by now of what it had accepted. */
function theFactory(world: World, ref: FactoryRef, now: number): Factory {
  const found = world.factory(ref);
  const { kind = 'factory', subscriptionId, resourceGroup, name } = ref;
  if (found === undefined) throw new Error(`no ${kind} ${subscriptionId}/${resourceGroup}/${name}`);
  goOn(found, now, world.assumed);
  return found;
}

function theRuntime(factory: Factory, name: string): Runtime {
  const found = factory.runtimes.get(foldName(name));
  if (found === undefined) throw new Error(`no runtime ${name} in ${factory.kind} ${factory.name}`);
  return found;
}

function viewOf(runtime: Runtime, now: number): RuntimeView {
  const resource = parseVerbatim(runtime.json) as unknown as Omit<RuntimeView, 'state' | 'references'>;
  const interactiveQuery = runtime.interactiveQuery.view(now);
  const more = interactiveQuery === undefined ? {} : { interactiveQuery };
  return { ...resource, state: runtime.lifecycle.state(now), references: [...runtime.references], ...more };
}

function withParsedBody(entry: TraceEntry): TraceEntry {
  return typeof entry.body === 'string' ? { ...entry, body: parseJson(entry.body) ?? entry.body } : { ...entry };
}

/** A copy of a number that is kept as its text would be an object. */
function copyOf(value: JsonObject): JsonObject {
  return parseVerbatim(JSON.stringify(value)) as JsonObject;
}

/** RFC 7396: null removes. */
function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const result: JsonObject = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}

function merged(before: Json | undefined, value: Json): Json {
  return isObject(value) ? mergePatch(isObject(before) ? before : {}, value) : value;
}
