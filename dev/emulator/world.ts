/** What exists in the emulated Azure: subscriptions, groups, factories, runtimes. */
import { randomInt, randomUUID } from 'node:crypto';
import {
  ASSUMED,
  type Assumed,
  canonicalNetworkId,
  canonicalRuntimeId,
  compareInList,
  DEFAULT_OPERATION_MS,
  foldName,
  INTERACTIVE_QUERY_MS,
} from './assumptions.ts';
import type { FactoryRef, LifecycleRule, WriteMode } from './control.ts';
import { InteractiveQuery } from './interactive-query.ts';
import type { JsonObject } from './json.ts';
import { Lifecycle, stagesOf } from './lifecycle.ts';

export interface Runtime {
  readonly id: string;
  readonly name: string;
  /** Recorded: in lower case, like the segment of the id. */
  readonly type: string;
  readonly lifecycle: Lifecycle;
  properties: JsonObject;
  etag: string;
  /** The resource as it goes over the wire, serialised once per write: lists of thousands must stay cheap. */
  json: string;
  references: readonly string[];
  writeMode: WriteMode | undefined;
  readonly interactiveQuery: InteractiveQuery;
}

export interface Network {
  readonly id: string;
  readonly name: string;
  readonly properties: JsonObject;
  readonly etag: string;
  readonly json: string;
}

/** What a workspace has accepted to do. */
export interface AsyncOperation {
  readonly id: string;
  /** When it completes, by the emulator's clock. */
  readonly due: number;
  end: OperationEnd | undefined;
  readonly finish: () => OperationEnd;
}

export type OperationEnd = { readonly kind: 'done'; readonly body: string } | { readonly kind: 'failed' };

/** A Data Factory, or a Synapse workspace: the two keep the same documents. */
export interface Factory {
  readonly kind: 'factory' | 'workspace';
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly createdAt: Date;
  readonly etag: string;
  /** By name in lower case. */
  readonly runtimes: Map<string, Runtime>;
  /** By name in lower case. */
  readonly networks: Map<string, Network>;
  /** How switching interactive authoring goes. */
  interactiveQuery: { readonly takesMs: number; readonly fails: boolean };
  rules: readonly LifecycleRule[];
  writeMode: WriteMode;
  pageSize: number;
  /** Undefined: any text is a region. */
  regions: readonly string[] | undefined;
  /** The invalid references that the next PUTs are refused for, by a runtime's name in lower case. */
  readonly badReferences: Map<string, { name: string; times: number }>;
  /** Those of a workspace, oldest first; completed ones too, whose result a client may still ask for. */
  readonly operations: AsyncOperation[];
  /** `failing`: so many of the next ones fail. */
  operationSettings: { durationMs: number; failing: number };
  /** Runtimes in the order of a list; dropped whenever one comes or goes. */
  sorted: readonly Runtime[] | undefined;
}

export interface ResourceGroup {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly factories: Map<string, Factory>;
  readonly workspaces: Map<string, Factory>;
}

export interface Subscription {
  readonly id: string;
  state: 'Enabled' | 'Disabled';
  /** Undefined: it takes tokens of every tenant. */
  tenantId: string | undefined;
  readonly groups: Map<string, ResourceGroup>;
}

const DEFAULT_LOCATION = 'westeurope';

export const PARENT_TYPES: Readonly<Record<Factory['kind'], string>> = {
  factory: 'Microsoft.DataFactory/factories',
  workspace: 'Microsoft.Synapse/workspaces',
};

/** Recorded, `provisioningState` included. */
const DEFAULT_RUNTIME = {
  name: 'AutoResolveIntegrationRuntime',
  properties: {
    type: 'Managed',
    typeProperties: { computeProperties: { location: 'AutoResolve' } },
    provisioningState: null,
  },
};

/** What exists in the emulated Azure. Names are found whatever their case, and keep that of their creation. */
export class World {
  readonly subscriptions = new Map<string, Subscription>();
  readonly assumed: Assumed;
  readonly #now: () => number;
  #lastEtag = randomInt(0x1000_0000, 0x7fff_ffff);

  constructor(now: () => number, assumed: Assumed = ASSUMED) {
    this.#now = now;
    this.assumed = assumed;
  }

  subscription(id: string): Subscription | undefined {
    return this.subscriptions.get(foldName(id));
  }

  factory(ref: FactoryRef): Factory | undefined {
    const group = this.subscription(ref.subscriptionId)?.groups.get(foldName(ref.resourceGroup));
    return group && parentsIn(group, ref.kind ?? 'factory').get(foldName(ref.name));
  }

  ensureSubscription(id: string): Subscription {
    return ensure(this.subscriptions, id, () => ({ id, state: 'Enabled', tenantId: undefined, groups: new Map() }));
  }

  ensureGroup(subscriptionId: string, name: string, location = DEFAULT_LOCATION): ResourceGroup {
    const { id, groups } = this.ensureSubscription(subscriptionId);
    return ensure(groups, name, () => ({
      id: `/subscriptions/${id}/resourceGroups/${name}`,
      name,
      location,
      factories: new Map(),
      workspaces: new Map(),
    }));
  }

  ensureFactory(ref: FactoryRef, location = DEFAULT_LOCATION): Factory {
    const group = this.ensureGroup(ref.subscriptionId, ref.resourceGroup, location);
    const { kind = 'factory' } = ref;
    return ensure(parentsIn(group, kind), ref.name, () => this.#newFactory(group, kind, ref.name, location));
  }

  /** Whether there was one. */
  removeFactory({ kind = 'factory', subscriptionId, resourceGroup, name }: FactoryRef): boolean {
    const group = this.subscription(subscriptionId)?.groups.get(foldName(resourceGroup));
    return group !== undefined && parentsIn(group, kind).delete(foldName(name));
  }

  #newFactory(group: ResourceGroup, kind: Factory['kind'], name: string, location: string): Factory {
    const factory: Factory = {
      kind,
      id: `${group.id}/providers/${PARENT_TYPES[kind]}/${name}`,
      name,
      location,
      createdAt: new Date(this.#now()),
      etag: this.nextEtag(),
      runtimes: new Map(),
      networks: new Map(),
      interactiveQuery: { takesMs: INTERACTIVE_QUERY_MS, fails: false },
      rules: [],
      writeMode: 'apply',
      pageSize: this.assumed.pageSize,
      regions: undefined,
      badReferences: new Map(),
      operations: [],
      operationSettings: { durationMs: DEFAULT_OPERATION_MS, failing: 0 },
      sorted: undefined,
    };
    // Recorded: a workspace has it from the beginning, and shows it; a factory does not show it.
    if (kind === 'workspace') this.create(factory, DEFAULT_RUNTIME.name, DEFAULT_RUNTIME.properties);
    return factory;
  }

  create(factory: Factory, name: string, properties: JsonObject): Runtime {
    const now = this.#now();
    const runtime: Runtime = {
      id: canonicalRuntimeId(factory.id, name),
      name,
      type: `${PARENT_TYPES[factory.kind]}/integrationruntimes`,
      lifecycle: new Lifecycle(stagesOf('create', properties, factory.rules, this.assumed), now),
      properties,
      etag: '',
      json: '',
      references: [],
      writeMode: undefined,
      interactiveQuery: new InteractiveQuery(),
    };
    this.write(runtime, properties);
    factory.runtimes.set(foldName(name), runtime);
    factory.sorted = undefined;
    return runtime;
  }

  write(runtime: Runtime, properties: JsonObject): void {
    runtime.properties = properties;
    runtime.etag = this.nextEtag();
    runtime.json = JSON.stringify({
      id: runtime.id,
      name: runtime.name,
      type: runtime.type,
      properties,
      etag: runtime.etag,
    });
  }

  /** Makes a managed virtual network, or writes the one that is there again: it stays the same network. */
  putNetwork(factory: Factory, name: string, given: JsonObject = {}): Network {
    const before = factory.networks.get(foldName(name));
    const properties = before?.properties ?? {
      // Recorded: these three.
      vNetId: randomUUID(),
      preventDataExfiltration: given.preventDataExfiltration === true,
      alias: `${factory.name}${name}`.toLowerCase(),
    };
    const spelled = before?.name ?? name;
    const resource = {
      id: canonicalNetworkId(factory.id, spelled),
      name: spelled,
      type: 'Microsoft.DataFactory/factories/managedvirtualnetworks',
      properties,
      etag: this.nextEtag(),
    };
    const network = { ...resource, json: JSON.stringify(resource) };
    factory.networks.set(foldName(name), network);
    return network;
  }

  remove(factory: Factory, name: string): boolean {
    factory.sorted = undefined;
    return factory.runtimes.delete(foldName(name));
  }

  /** Recorded shape: the last group is the time in hexadecimal seconds and four zeros. */
  nextEtag(): string {
    this.#lastEtag = (this.#lastEtag + 1) >>> 0;
    const seconds = Math.floor(this.#now() / 1000);
    return `${hex8(this.#lastEtag)}-0000-0000-0000-${hex8(seconds >>> 0)}0000`;
  }
}

export function parentsIn(group: ResourceGroup, kind: Factory['kind']): Map<string, Factory> {
  return kind === 'workspace' ? group.workspaces : group.factories;
}

export function sortedRuntimes(factory: Factory): readonly Runtime[] {
  factory.sorted ??= [...factory.runtimes.values()].sort((a, b) => compareInList(a.name, b.name));
  return factory.sorted;
}

function ensure<T>(map: Map<string, T>, name: string, create: () => T): T {
  const key = foldName(name);
  let found = map.get(key);
  if (found === undefined) {
    found = create();
    map.set(key, found);
  }
  return found;
}

function hex8(n: number): string {
  return n.toString(16).padStart(8, '0');
}
