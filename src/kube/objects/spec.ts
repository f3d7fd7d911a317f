/** Parses the spec of a manifest, and says what is wrong with it. */
import { withLeaf } from '../../core/model/declaration.ts';
import type { Desired, ManagedVirtualNetwork } from '../../core/model/desired.ts';
import { parseDuration } from '../../core/model/duration.ts';
import type { FieldPath, PlainPath } from '../../core/model/fields.ts';
import { isObject } from '../../core/model/json.ts';
import { isSameName } from '../../core/model/letter-case.ts';
import type { ManagedObject } from '../../core/model/object.ts';
import type { Json, JsonObject, Parent } from '../../core/model/runtime.ts';
import type { Raw } from '../client/raw.ts';
import { fits, LEAVES, MOST_PROPERTIES, PROPERTY, RULES, RUNTIME_NAME, type Rule } from './spec-rules.ts';

/** Why a spec is invalid, in a sentence for the person who wrote it. */
class InvalidSpec extends Error {}

const MINUTE_MS = 60_000;
const SHORTEST_INTERVAL_MS = MINUTE_MS;
const LONGEST_INTERVAL_MS = 24 * 60 * MINUTE_MS;
const DEFAULT_ATTEMPTS = 5;
const MOST_ATTEMPTS = 20;
const AUTHORING_MINUTES = [10, 30, 60, 120];
/** The runtime that every factory has by itself. Azure ignores the case of names. */
const DEFAULT_RUNTIME = 'autoresolveintegrationruntime';

/** What a manifest declares, or the first problem in it. Never throws. */
export function parseSpec(raw: unknown, objectName: string): ManagedObject['spec'] {
  try {
    if (!isObject(raw)) throw new InvalidSpec('spec is missing: set at least spec.factory or spec.workspace');
    return { valid: true, desired: readDesired(raw, objectName) };
  } catch (error) {
    if (error instanceof InvalidSpec) return { valid: false, problem: error.message };
    throw error;
  }
}

function readDesired(spec: Raw, objectName: string): Desired {
  const repair = readObject(spec, 'repair', 'spec') ?? {};
  const managementPolicy = readChoice(spec, 'managementPolicy', 'spec', ['Manage', 'Observe']);
  const name = readName(spec, objectName);
  const parent = readParent(spec);
  const network = readNetwork(spec, parent);
  // A workspace lists it among its own runtimes.
  const isHidden = parent.kind === 'factory' && network === undefined;
  if (isHidden && managementPolicy === 'Manage' && isSameName(name, DEFAULT_RUNTIME)) {
    throw new InvalidSpec(
      `${name} is the factory's built-in default runtime, which cannot be managed: create a new object with another azureName, ` +
        'or, in a factory with a managed virtual network, with spec.managedVirtualNetwork',
    );
  }
  return {
    id: { parent, name },
    fields: readFields(spec),
    ...(network === undefined ? {} : { managedVirtualNetwork: network }),
    ...readAuthoring(spec, network),
    managementPolicy,
    adoptionPolicy: readChoice(spec, 'adoptionPolicy', 'spec', ['Always', 'IfIdentical', 'Never']),
    deletionPolicy: readChoice(spec, 'deletionPolicy', 'spec', ['DeleteIfCreated', 'Delete', 'Retain']),
    repair: {
      mode: readChoice(repair, 'mode', 'spec.repair', ['Auto', 'Disabled']),
      maxAttempts: readAttempts(repair),
    },
    intervalMs: readInterval(spec),
    suspend: readSwitch(spec, 'suspend'),
  };
}

function readName(spec: Raw, objectName: string): string {
  const declared = readString(spec, 'azureName', 'spec', RULES.azureName);
  if (declared !== undefined) return declared;
  if (fits(objectName, RULES.azureName)) return objectName;
  throw new InvalidSpec(
    `metadata.name "${objectName}" is not a valid runtime name in Azure (${RUNTIME_NAME}): set spec.azureName, or rename the object`,
  );
}

function readParent(spec: Raw): Parent {
  const factory = readObject(spec, 'factory', 'spec');
  const workspace = readObject(spec, 'workspace', 'spec');
  if (factory !== undefined && workspace !== undefined)
    throw new InvalidSpec('spec.factory and spec.workspace are mutually exclusive: remove one of them');
  if (workspace !== undefined) return readNamed(workspace, 'workspace', RULES.workspaceName);
  if (factory !== undefined) return readNamed(factory, 'factory', RULES.factoryName);
  throw new InvalidSpec('spec.factory and spec.workspace are both missing: set the one that contains the runtime');
}

function readNamed(raw: Raw, kind: Parent['kind'], nameRule: Rule): Parent {
  const where = `spec.${kind}`;
  return {
    kind,
    subscriptionId: required(raw, 'subscriptionId', where, RULES.subscriptionId),
    resourceGroup: required(raw, 'resourceGroup', where, RULES.resourceGroup),
    name: required(raw, 'name', where, nameRule),
  };
}

function required(raw: Raw, field: string, where: string, rule: Rule): string {
  const value = readString(raw, field, where, rule);
  if (value === undefined) throw new InvalidSpec(`${where}.${field} is missing`);
  return value;
}

function readFields(spec: Raw): Map<FieldPath, Json> {
  const fields = new Map<FieldPath, Json>();
  for (const path of Object.keys(LEAVES) as PlainPath[]) {
    const value = readLeaf(spec, path);
    if (value !== undefined) fields.set(path, value);
  }
  for (const [name, value] of readCustomProperties(spec)) fields.set(`dataFlow.customProperties[${name}]`, value);
  return fields;
}

function readLeaf(spec: Raw, path: PlainPath): Json | undefined {
  const [first = '', second] = path.split('.');
  const there = second === undefined ? spec : (readObject(spec, first, 'spec') ?? {});
  const value = present(there, second ?? first) as Json | undefined;
  if (value === undefined || LEAVES[path].accepts(value)) return value;
  throw new InvalidSpec(`spec.${path} must be ${LEAVES[path].mustBe}`);
}

function readCustomProperties(spec: Raw): Map<string, string> {
  const where = 'spec.dataFlow.customProperties';
  const entries = present(readObject(spec, 'dataFlow', 'spec') ?? {}, 'customProperties') ?? [];
  if (!Array.isArray(entries) || entries.length > MOST_PROPERTIES) {
    throw new InvalidSpec(`${where} must be a list of at most ${MOST_PROPERTIES} custom properties`);
  }
  const properties = new Map<string, string>();
  for (const [i, entry] of entries.entries()) {
    if (!isObject(entry)) throw new InvalidSpec(`${where}[${i}] must be an object`);
    const name = required(entry, 'name', `${where}[${i}]`, PROPERTY.name);
    if (properties.has(name)) throw new InvalidSpec(`${where} has two entries with the name "${name}"`);
    properties.set(name, required(entry, 'value', `${where}[${i}]`, PROPERTY.value));
  }
  return properties;
}

/** Of a spec whatever of its leaves, and of its network's name, the rules accept, and no more custom properties than they do. Never throws. */
export function acceptedPart(raw: unknown): JsonObject {
  const spec = isObject(raw) ? raw : {};
  const network = accepted(() => readObject(spec, 'managedVirtualNetwork', 'spec'));
  const name = accepted(() => readString(network ?? {}, 'name', 'spec.managedVirtualNetwork', RULES.networkName));
  const placed: JsonObject = name === undefined ? {} : { managedVirtualNetwork: { name } };
  const plain = (Object.keys(LEAVES) as PlainPath[]).flatMap((path): [FieldPath, Json][] => {
    const value = accepted(() => readLeaf(spec, path));
    return value === undefined ? [] : [[path, asStored(value)]];
  });
  return [...plain, ...acceptedProperties(spec)].reduce((part, [path, value]) => withLeaf(part, path, value), placed);
}

function acceptedProperties(spec: Raw): [FieldPath, Json][] {
  const listed = accepted(() => readObject(spec, 'dataFlow', 'spec'))?.customProperties;
  const properties = new Map<FieldPath, Json>();
  for (const entry of Array.isArray(listed) ? listed : []) {
    const read = accepted(() => [...readCustomProperties({ dataFlow: { customProperties: [entry] } })][0]);
    if (read !== undefined && properties.size < MOST_PROPERTIES) {
      properties.set(`dataFlow.customProperties[${asStored(read[0])}]`, asStored(read[1]));
    }
  }
  return [...properties];
}

function accepted<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof InvalidSpec) return undefined;
    throw error;
  }
}

/** Half a surrogate pair would be stored as something else. */
function asStored<T extends Json>(value: T): T {
  return typeof value === 'string' ? (value.toWellFormed() as T) : value;
}

function readNetwork(spec: Raw, { kind }: Parent): ManagedVirtualNetwork | undefined {
  const where = 'spec.managedVirtualNetwork';
  const network = readObject(spec, 'managedVirtualNetwork', 'spec');
  if (network === undefined) return undefined;
  const name = readString(network, 'name', where, RULES.networkName) ?? 'default';
  const creation = readChoice(network, 'creation', where, ['Never', 'IfMissing']);
  if (kind === 'workspace' && creation === 'IfMissing') {
    throw new InvalidSpec(
      `${where}.creation must be Never for a Synapse workspace: ` +
        'its managed virtual network can only be created together with the workspace',
    );
  }
  return { name, creation };
}

function readAuthoring(
  spec: Raw,
  network: ManagedVirtualNetwork | undefined,
): Pick<Desired, 'interactiveAuthoring'> | undefined {
  const authoring = readObject(spec, 'interactiveAuthoring', 'spec');
  if (authoring === undefined) return undefined;
  if (network === undefined) {
    throw new InvalidSpec(
      'spec.interactiveAuthoring applies only to runtimes in a managed virtual network: remove it, or create a new object with spec.managedVirtualNetwork',
    );
  }
  const minutes = AUTHORING_MINUTES.find((each) => each === present(authoring, 'autoTerminationMinutes'));
  if (minutes !== undefined) return { interactiveAuthoring: { autoTerminationMinutes: minutes } };
  throw new InvalidSpec(
    `spec.interactiveAuthoring.autoTerminationMinutes must be one of ${AUTHORING_MINUTES.join(', ')}`,
  );
}

function readAttempts(repair: Raw): number {
  const value = present(repair, 'maxAttempts');
  if (value === undefined) return DEFAULT_ATTEMPTS;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MOST_ATTEMPTS) return value;
  throw new InvalidSpec(`spec.repair.maxAttempts must be a whole number from 1 to ${MOST_ATTEMPTS}`);
}

function readInterval(spec: Raw): number | undefined {
  const value = present(spec, 'interval');
  if (value === undefined) return undefined;
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  if (ms === undefined) {
    throw new InvalidSpec(
      'spec.interval must be a duration in hours, minutes and seconds, for example 90s, 10m or 1h30m',
    );
  }
  if (ms >= SHORTEST_INTERVAL_MS && ms <= LONGEST_INTERVAL_MS) return ms;
  throw new InvalidSpec('spec.interval must be from 1m to 24h');
}

function readSwitch(spec: Raw, field: string): boolean {
  const value = present(spec, field) ?? false;
  if (typeof value === 'boolean') return value;
  throw new InvalidSpec(`spec.${field} must be true or false`);
}

/** The first choice is the default. */
function readChoice<T extends string>(raw: Raw, field: string, where: string, choices: readonly [T, ...T[]]): T {
  const value = present(raw, field) ?? choices[0];
  const choice = choices.find((candidate) => candidate === value);
  if (choice !== undefined) return choice;
  throw new InvalidSpec(`${where}.${field} must be one of ${choices.join(', ')}`);
}

function readString(raw: Raw, field: string, where: string, rule: Rule): string | undefined {
  const value = present(raw, field);
  if (value === undefined) return undefined;
  if (typeof value === 'string' && fits(value, rule)) return value;
  throw new InvalidSpec(`${where}.${field} must be ${rule.mustBe}`);
}

function readObject(raw: Raw, field: string, where: string): Raw | undefined {
  const value = present(raw, field);
  if (value === undefined || isObject(value)) return value;
  throw new InvalidSpec(`${where}.${field} must be an object`);
}

/** Null means absent, as in the API server. */
function present(raw: Raw, field: string): unknown {
  return Object.hasOwn(raw, field) ? (raw[field] ?? undefined) : undefined;
}
