/** The plan of a set of manifests: what the operator would do to each runtime, from one set of reads. */

import type { Listed } from '../../azure/arm/arm-runtimes.ts';
import { AzureFailure } from '../../core/model/failure.ts';
import { foldCase } from '../../core/model/letter-case.ts';
import type { ManagedObject } from '../../core/model/object.ts';
import { acceptHandover } from '../../core/model/ownership.ts';
import { armId, armKey, type ObservedRuntime, type Parent, parentArmId, parentKey } from '../../core/model/runtime.ts';
import type { Raw } from '../../kube/client/raw.ts';
import type { AzureReader } from '../azure/reader.ts';
import type { Checked } from '../manifests/validate.ts';
import { inPool } from '../pool.ts';
import { ACTIONS, type Change, type Plan, type PlanAction, type PlannedObject } from './change.ts';
import { type Eyes, type Simulated, type Subject, simulate } from './simulate.ts';
import { asAdopter, type Planned, rivals, worldOf } from './world.ts';

export type Reads = Pick<
  AzureReader,
  'identity' | 'credential' | 'reads' | 'list' | 'state' | 'hasParent' | 'hasNetwork'
>;

export interface PlanInput {
  readonly wanted: readonly Checked[];
  /** Undefined: nothing is known of what was before. */
  readonly base: readonly Checked[] | undefined;
  readonly live: readonly Raw[] | undefined;
  /** What of the cluster could not be seen, and is assumed. */
  readonly unseen?: string;
  /** Undefined: offline. */
  readonly azure: Reads | undefined;
  readonly readsState: boolean;
  readonly policies: readonly string[];
  readonly ignored: number;
  /** Of the manifests: what could not be read at all. */
  readonly errors: readonly string[];
  readonly now: number;
  /** Is told what is under way. */
  readonly progress?: (text: string) => void;
}

/** How many reads are under way at once. */
const AT_ONCE = 4;

export async function makePlan(input: PlanInput): Promise<Plan> {
  const { wanted, base = [], azure } = input;
  const world = worldOf({ wanted, base, live: input.live, identity: azure?.identity ?? 'nobody' });
  const contested = new Set([...rivals(world).values()].flat());
  const view = new AzureView(azure, input.readsState);
  const parents = new Map(
    [...world.applied, ...world.deleted].map(({ desired: { id } }) => [parentKey(id.parent), id.parent]),
  );
  const { progress = () => {} } = input;
  await inPool([...parents.values()], AT_ONCE, async (parent) => {
    progress(`reading ${parent.kind} ${parent.name}: ${azure?.reads ?? 0} reads so far`);
    await view.look(parent);
  });
  progress(`planning ${world.applied.length + world.deleted.length} objects`);
  const planner = new Planner(view, azure?.identity ?? 'nobody', input.now, [
    ...world.others,
    ...world.applied.map(({ object }) => object),
    ...world.deleted.map(({ object }) => object),
  ]);
  const gone = await inPool(world.deleted, 1, (planned) => planner.deleted(planned));
  const appliedAs = async (planned: Planned): Promise<Change[]> => {
    if (planned.refused !== undefined) return [blocked(planned, 'Immutable', planned.refused)];
    return contested.has(planned) ? [rivalry(planned, contested)] : planner.applied(planned);
  };
  // A network that one of them makes is there for the others.
  const makers = world.applied.filter(({ desired }) => desired.managedVirtualNetwork?.creation === 'IfMissing');
  const kept = [
    ...(await inPool(makers, 1, appliedAs)),
    ...(await inPool(
      world.applied.filter((planned) => !makers.includes(planned)),
      AT_ONCE,
      appliedAs,
    )),
  ];
  const changes = sorted([...wanted.flatMap(invalid), ...gone.flat(), ...kept.flat()]);
  const errors = [...input.errors, ...view.errors];
  return {
    complete:
      errors.length === 0 && !changes.some(({ action, reason }) => action === 'unknown' && reason !== 'Offline'),
    changes,
    errors,
    violations: violationsOf(changes, input.policies),
    ignored: input.ignored,
    reads: azure?.reads ?? 0,
    as: azure?.credential,
    assumptions: assumptionsOf(input, world.applied.some(isAssumed) || world.deleted.some(isAssumed)),
  };
}

const isAssumed = (planned: Planned): boolean => planned.isAssumed;

class Planner {
  readonly #view: AzureView;
  readonly #identity: string;
  readonly #now: number;
  readonly #objects: ReadonlyMap<string, readonly ManagedObject[]>;
  /** What objects that go hand over, by the uid of the successor. */
  readonly #handovers = new Map<
    string,
    { readonly from: ManagedObject; readonly handover: NonNullable<Simulated['successor']>['handover'] }
  >();

  constructor(view: AzureView, identity: string, now: number, objects: readonly ManagedObject[]) {
    this.#view = view;
    this.#identity = identity;
    this.#now = now;
    this.#objects = Map.groupBy(objects, ({ spec }) => (spec.valid ? armKey(spec.desired.id) : ''));
  }

  /** Of one whose claim is assumed, how it came by its runtime is not known: what holds both ways is certain. */
  async deleted(planned: Planned): Promise<Change[]> {
    const { object, isAssumed } = planned;
    const created = await this.#simulate(planned, object);
    const { successor } = created;
    if (successor !== undefined) this.#handovers.set(successor.uid, { from: object, handover: successor.handover });
    const adopted = isAssumed ? await this.#simulate(planned, asAdopter(object)) : created;
    const isCertain = created.outcomes[0]?.action === adopted.outcomes[0]?.action;
    return this.#changes(
      planned,
      created,
      isCertain
        ? {}
        : {
            certain: false,
            message: 'deleted if this object created it (deletionPolicy: DeleteIfCreated); --live knows',
          },
    );
  }

  async applied(planned: Planned): Promise<Change[]> {
    const received = this.#handovers.get(planned.object.uid);
    if (received === undefined) return this.#changes(planned, await this.#simulate(planned, planned.object));
    const { status } = planned.object;
    const successor = { ...planned.object, hasFinalizer: true, status: acceptHandover(status, received.handover) };
    const from = received.from.spec.valid ? received.from.spec.desired : undefined;
    const simulated = await this.#simulate({ ...planned, previous: planned.previous ?? from }, successor, [
      received.from.uid,
    ]);
    return this.#changes(planned, simulated, { message: `takes over from ${received.from.key}` });
  }

  #simulate(
    { desired, previous }: Planned,
    object: ManagedObject,
    without: readonly string[] = [],
  ): Promise<Simulated> {
    const all = this.#objects.get(armKey(desired.id)) ?? [];
    const peers = all.filter(({ uid }) => uid !== object.uid && !without.includes(uid));
    const subject: Subject = { object, desired, previous, peers, identity: this.#identity, now: this.#now };
    return simulate(subject, this.#view);
  }

  #changes(planned: Planned, { outcomes }: Simulated, more: Partial<Change> = {}): Change[] {
    return outcomes.map((outcome) => ({
      object: named(planned),
      runtime: armId(planned.desired.id),
      ...outcome,
      ...more,
    }));
  }
}

/** What Azure shows, each factory and workspace asked once. */
class AzureView implements Eyes {
  readonly errors: string[] = [];
  readonly #azure: Reads | undefined;
  readonly #readsState: boolean;
  readonly #indexes = new Map<string, Promise<Index>>();
  /** Whether each network is there, or will be by what was planned before. */
  readonly #networks = new Map<string, Promise<boolean>>();

  constructor(azure: Reads | undefined, readsState: boolean) {
    this.#azure = azure;
    this.#readsState = readsState;
  }

  /** Beforehand, so that a factory that cannot be read is told once. */
  async look(parent: Parent): Promise<void> {
    try {
      await this.#index(parent);
    } catch (error) {
      if (!(error instanceof AzureFailure)) throw error;
      if (error.failure.kind !== 'parentNotFound')
        this.errors.push(`${parentArmId(parent)} cannot be read: ${error.message}`);
    }
  }

  async definition(_: ManagedObject, { id }: Planned['desired']): ReturnType<Eyes['definition']> {
    if (this.#azure === undefined) return undefined;
    const { runtimes, unparsed, nameless } = await this.#index(id.parent);
    const why = unparsed.get(foldCase(id.name)) ?? (runtimes.has(foldCase(id.name)) ? undefined : nameless);
    if (why !== undefined) throw new AzureFailure({ kind: 'unavailable', message: why });
    const runtime = runtimes.get(foldCase(id.name));
    return runtime === undefined ? { presence: 'absent', fresh: true } : { presence: 'present', fresh: true, runtime };
  }

  async state({ id }: Planned['desired']): ReturnType<Eyes['state']> {
    if (this.#azure === undefined || !this.#readsState) return undefined;
    try {
      return await this.#azure.state(id);
    } catch (error) {
      // Reader, the role, lacks the right for Synapse (inferred): the definition can be planned all the same.
      if (error instanceof AzureFailure && error.failure.kind === 'forbidden') return undefined;
      throw error;
    }
  }

  async hasParent({ id: { parent } }: Planned['desired']): ReturnType<Eyes['hasParent']> {
    return (await this.#azure?.hasParent(parent)) ? 'present' : 'absent';
  }

  async hasNetwork({ id: { parent } }: Planned['desired'], name: string): Promise<boolean> {
    const key = `${parentKey(parent)}/${foldCase(name)}`;
    const known = this.#networks.get(key) ?? this.#azure?.hasNetwork(parent, name) ?? Promise.resolve(false);
    this.#networks.set(key, known);
    return known;
  }

  madeNetwork({ id: { parent } }: Planned['desired'], name: string): void {
    this.#networks.set(`${parentKey(parent)}/${foldCase(name)}`, Promise.resolve(true));
  }

  async #index(parent: Parent): Promise<Index> {
    if (this.#azure === undefined) return NO_INDEX;
    const key = parentKey(parent);
    const known = this.#indexes.get(key) ?? this.#azure.list(parent).then(indexOf);
    this.#indexes.set(key, known);
    return known;
  }
}

interface Index {
  readonly runtimes: ReadonlyMap<string, ObservedRuntime>;
  /** Why an entry cannot be understood, by its name. */
  readonly unparsed: ReadonlyMap<string, string>;
  /** An entry without a name may be any runtime that the list does not show. */
  readonly nameless: string | undefined;
}

const NO_INDEX: Index = { runtimes: new Map(), unparsed: new Map(), nameless: undefined };

function indexOf({ runtimes, unparsed }: Listed): Index {
  return {
    runtimes: new Map(runtimes.map((runtime) => [foldCase(runtime.name), runtime])),
    unparsed: new Map(unparsed.flatMap(({ name, why }) => (name === undefined ? [] : [[foldCase(name), why]]))),
    nameless: unparsed.find(({ name }) => name === undefined)?.why,
  };
}

function named({ object: { namespace, name }, source: { file, line } }: Planned): PlannedObject {
  return { namespace, name, file, line };
}

function blocked(planned: Planned, reason: string, message: string): Change {
  const runtime = armId((planned.previous ?? planned.desired).id);
  return { object: named(planned), runtime, action: 'blocked', certain: true, reason, message, fields: [] };
}

function rivalry(planned: Planned, contested: ReadonlySet<Planned>): Change {
  const key = armKey(planned.desired.id);
  const others = [...contested].filter((each) => each !== planned && armKey(each.desired.id) === key);
  const names = others.map(({ object }) => object.key).join(', ');
  return blocked(
    planned,
    'OwnedByAnother',
    `${names} declares the same runtime: keep one of them, or set managementPolicy: Observe on the others`,
  );
}

function invalid(checked: Checked): Change[] {
  if (checked.valid) return [];
  const { namespace, name, source, problems } = checked;
  const object = { namespace, name, ...source };
  return [
    { object, action: 'blocked', certain: true, reason: 'InvalidDefinition', message: problems.join('; '), fields: [] },
  ];
}

/** By action, the gravest first, then by name. */
function sorted(changes: readonly Change[]): Change[] {
  const rank = ({ action, object: { namespace, name } }: Change) => [
    String(ACTIONS.indexOf(action)).padStart(2, '0'),
    namespace,
    name,
  ];
  return changes
    .map((change) => ({ change, rank: rank(change).join('\0') }))
    .sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
    .map(({ change }) => change);
}

/** What `--policy` can forbid. */
export const POLICIES: Readonly<Record<string, readonly PlanAction[]>> = {
  'no-delete': ['delete'],
  'no-create': ['create', 'createNetwork'],
  'no-network': ['createNetwork'],
  'no-update': ['update'],
  'no-adopt': ['adopt'],
  'no-repair': ['repair'],
};

function violationsOf(changes: readonly Change[], policies: readonly string[]): string[] {
  return policies.flatMap((policy) =>
    changes
      .filter(({ action }) => POLICIES[policy]?.includes(action))
      .map(({ action, object }) => `--policy ${policy} forbids it to ${action} ${object.namespace}/${object.name}`),
  );
}

function assumptionsOf({ base, live, azure, unseen }: PlanInput, isAssumed: boolean): string[] {
  return [
    ...(unseen === undefined ? [] : [unseen]),
    ...(isAssumed ? ['each object of --base is taken to have claimed its runtime; --live knows'] : []),
    ...(base === undefined && live === undefined && azure !== undefined
      ? ['each object is taken for a new one; --base or --live knows what was before']
      : []),
  ];
}
