/**
 * The objects that a plan is about, as the operator would find them once the manifests are applied: with what the cluster
 * says of them, or what the manifests before the change let one assume.
 */
import { type Desired, declarationHash } from '../../core/model/desired.ts';
import { type Condition, EMPTY_STATUS, type ManagedObject, type Status } from '../../core/model/object.ts';
import { armKey } from '../../core/model/runtime.ts';
import type { Raw } from '../../kube/client/raw.ts';
import { parseObject } from '../../kube/objects/codec.ts';
import { type Checked, immutableProblem, NEVER_YET } from '../manifests/validate.ts';

export interface Planned {
  readonly object: ManagedObject;
  readonly desired: Desired;
  readonly previous: Desired | undefined;
  /** Of the manifest; that of an object which goes is where it was. */
  readonly source: Checked['source'];
  /** Whether the claim is only assumed. */
  readonly isAssumed: boolean;
  /** Why the API server would not take the manifest. */
  readonly refused: string | undefined;
}

export interface World {
  readonly applied: readonly Planned[];
  readonly deleted: readonly Planned[];
  /** Objects of the cluster that the manifests do not name. */
  readonly others: readonly ManagedObject[];
}

type Valid = Extract<Checked, { valid: true }>;

export interface Sources {
  readonly wanted: readonly Checked[];
  /** The manifests before the change. */
  readonly base: readonly Checked[];
  /** Undefined: the cluster was not asked. */
  readonly live: readonly Raw[] | undefined;
  readonly identity: string;
}

export function worldOf({ wanted, base, live, identity }: Sources): World {
  const inCluster = new Map((live ?? []).flatMap((raw) => (parseObject(raw) === undefined ? [] : [[keyOf(raw), raw]])));
  const before = new Map(base.filter(isValid).map((each) => [each.object.key, each]));
  const named = new Set(wanted.map(({ namespace, name }) => `${namespace}/${name}`));
  const applied = wanted
    .filter(isValid)
    .map((each) => appliedOf(each, before.get(each.object.key), inCluster, identity));
  const gone = [...before.values()].filter(({ object }) => !named.has(object.key));
  const deleted = gone.flatMap((each) => deletedOf(each, inCluster, live !== undefined, identity));
  const known = new Set([...named, ...gone.map(({ object }) => object.key)]);
  const others = [...inCluster].flatMap(([key, raw]) => (known.has(key) ? [] : (parseObject(raw) ?? [])));
  return { applied, deleted, others };
}

function isValid(checked: Checked): checked is Valid {
  return checked.valid;
}

function keyOf(raw: Raw): string {
  return parseObject(raw)?.key ?? '';
}

function appliedOf(
  { object, desired, source, raw }: Valid,
  before: Valid | undefined,
  inCluster: ReadonlyMap<string, Raw>,
  identity: string,
): Planned {
  const rawLive = inCluster.get(object.key);
  const live = rawLive === undefined ? undefined : parseObject(rawLive);
  const previous = live?.spec.valid ? live.spec.desired : before?.desired;
  const rawBefore = rawLive ?? before?.raw;
  const refused =
    previous === undefined || rawBefore === undefined ? undefined : immutableProblem(previous, desired, rawBefore, raw);
  const isChanged = previous !== undefined && !isSame(previous, desired);
  const common = { desired, previous, source, refused };
  if (live !== undefined) return { ...common, object: changed(live, object, isChanged), isAssumed: false };
  if (before === undefined) return { ...common, object, isAssumed: false };
  return {
    ...common,
    object: { ...claimed(before, identity, object), generation: isChanged ? 2 : 1 },
    isAssumed: true,
  };
}

function changed(live: ManagedObject, wanted: ManagedObject, isChanged: boolean): ManagedObject {
  const requests = Object.fromEntries(
    Object.entries(live.requests).map(([name, value]) => [
      name,
      wanted.requests[name as keyof typeof wanted.requests] ?? value,
    ]),
  ) as unknown as ManagedObject['requests'];
  return { ...live, spec: wanted.spec, requests, generation: live.generation + (isChanged ? 1 : 0) };
}

function deletedOf(
  each: Valid,
  inCluster: ReadonlyMap<string, Raw>,
  knowsCluster: boolean,
  identity: string,
): Planned[] {
  const { object, desired, source } = each;
  const raw = inCluster.get(object.key);
  const live = raw === undefined ? undefined : parseObject(raw);
  // What the cluster does not have is not deleted.
  if (knowsCluster && live === undefined) return [];
  const common = { source, refused: undefined };
  if (live?.spec.valid) {
    const { desired: declared } = live.spec;
    return [
      { ...common, desired: declared, previous: declared, object: { ...live, deleting: true }, isAssumed: false },
    ];
  }
  return [
    { ...common, desired, previous: desired, object: { ...claimed(each, identity), deleting: true }, isAssumed: true },
  ];
}

/** As if the operator had long made it so. */
function claimed({ desired, object: before }: Valid, identity: string, object: ManagedObject = before): ManagedObject {
  if (desired.managementPolicy !== 'Manage') return object;
  return { ...object, hasFinalizer: true, status: claimedStatus(desired, identity) };
}

function claimedStatus(desired: Desired, identity: string): Status {
  const fine = {
    status: 'True',
    reason: 'Available',
    message: '',
    observedGeneration: 1,
    lastTransitionTime: 0,
  } as const;
  return {
    ...EMPTY_STATUS,
    observedGeneration: 1,
    conditions: (['Ready', 'Synced', 'Healthy'] as const).map((type): Condition => ({ type, ...fine })),
    claim: { origin: 'Created', identity },
    ownedFields: [...desired.fields.keys()].sort(),
    syncedSpecHash: declarationHash(desired),
  };
}

/** The same object, had it adopted its runtime instead of having created it. */
export function asAdopter(object: ManagedObject): ManagedObject {
  const { claim } = object.status;
  return claim === undefined
    ? object
    : { ...object, status: { ...object.status, claim: { ...claim, origin: 'Adopted' } } };
}

function isSame(a: Desired, b: Desired): boolean {
  const told = (desired: Desired) => JSON.stringify({ ...desired, fields: [...desired.fields].sort() });
  return told(a) === told(b);
}

/** Those that declare one runtime and of which nothing tells whose it is. */
export function rivals({ applied, others }: World): ReadonlyMap<string, readonly Planned[]> {
  const taken = new Set(others.map(({ spec }) => (spec.valid ? armKey(spec.desired.id) : '')));
  const contenders = applied.filter(
    ({ desired, refused }) => desired.managementPolicy === 'Manage' && refused === undefined,
  );
  const groups = Map.groupBy(contenders, ({ desired }) => armKey(desired.id));
  return new Map(
    [...groups].filter(
      ([key, group]) =>
        group.length > 1 &&
        !taken.has(key) &&
        group.every(({ object }) => object.status.claim === undefined && object.createdAt === NEVER_YET),
    ),
  );
}
