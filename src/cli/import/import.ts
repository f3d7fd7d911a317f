/** Manifests of what there is, proved by the plan of them over the same reads. */
import type { Listed } from '../../azure/arm/arm-runtimes.ts';
import { AzureFailure } from '../../core/model/failure.ts';
import { armId, armKey, type Parent, parentArmId, parentKey } from '../../core/model/runtime.ts';
import type { Raw } from '../../kube/client/raw.ts';
import { parseObject } from '../../kube/objects/codec.ts';
import { check } from '../manifests/validate.ts';
import type { Change } from '../plan/change.ts';
import { makePlan, type Reads } from '../plan/plan.ts';
import { inPool } from '../pool.ts';
import { namesFor } from './names.ts';
import {
  type Found,
  type Imported,
  type ImportOptions,
  importParent,
  isDefaultRuntime,
  KEPT_BY_AZURE,
  manifestOf,
  type Skipped,
} from './runtimes.ts';
import { byRuntime, type Source, type Wanted } from './sources/source.ts';

export interface ImportResult {
  readonly objects: readonly Imported[];
  readonly skipped: readonly Skipped[];
  /** Factories, workspaces and files that could not be read. */
  readonly errors: readonly string[];
  /** What applying the manifests would change all the same. */
  readonly surprises: readonly Change[];
  readonly reads: number;
}

export interface ImportInput {
  /** Factories and workspaces, of which everything is imported, or what the source names. */
  readonly parents: readonly Parent[];
  /** Undefined: everything. */
  readonly source: Source | undefined;
  readonly azure: Reads;
  /** The objects of the cluster; undefined: it was not asked. */
  readonly live: readonly Raw[] | undefined;
  /** Where the objects will be. */
  readonly namespace: string;
  /** How they are named. */
  readonly pattern: string | undefined;
  readonly options: Omit<ImportOptions, 'inCluster'>;
}

const AT_ONCE = 4;

export async function importFrom(input: ImportInput): Promise<ImportResult> {
  const { parents, source, azure, live } = input;
  const known = (live ?? []).flatMap((raw) => parseObject(raw) ?? []);
  const options = { ...input.options, inCluster: declaredBy(known) };
  const only = source === undefined ? undefined : byRuntime(source.wanted);
  const errors = [...(source?.errors ?? [])];
  const found = await inPool(parents, AT_ONCE, async (parent): Promise<Found[]> => {
    try {
      const listed = await azure.list(parent);
      return [...importParent(parent, named(parent, listed, only), options), ...absent(parent, listed, only)];
    } catch (error) {
      if (!(error instanceof AzureFailure)) throw error;
      errors.push(`${parentArmId(parent)} cannot be read: ${error.message}`);
      return [];
    }
  });
  const imported = found.flat().flatMap((each) => ('imported' in each ? [each.imported] : []));
  imported.sort((a, b) => (armId(a.id) < armId(b.id) ? -1 : 1));
  const names = namesFor(
    imported.map(({ id }) => id),
    input.pattern,
    new Set(known.filter(({ namespace }) => namespace === input.namespace).map(({ name }) => name)),
  );
  const objects = imported.map(
    ({ id, spec, undeclared }, i): Imported => ({
      id,
      undeclared,
      manifest: manifestOf(names[i] ?? '', options.namespace, spec),
      declaredIn: (only?.get(armKey(id)) ?? []).map(({ declaredIn }) => declaredIn),
    }),
  );
  return {
    objects,
    skipped: [...found.flat().flatMap((each) => ('skipped' in each ? [each.skipped] : [])), ...(source?.skipped ?? [])],
    errors: errors.sort(),
    surprises: await surprises(objects, input),
    reads: azure.reads,
  };
}

function declaredBy(objects: readonly NonNullable<ReturnType<typeof parseObject>>[]): ImportOptions['inCluster'] {
  const entries = objects.flatMap(({ key, spec }) =>
    spec.valid
      ? [[armKey(spec.desired.id), { object: key, manages: spec.desired.managementPolicy === 'Manage' }] as const]
      : [],
  );
  // Of several, one that manages it counts.
  return new Map(entries.sort(([, a], [, b]) => Number(a.manages) - Number(b.manages)));
}

type Only = ReadonlyMap<string, readonly Wanted[]> | undefined;

function named(parent: Parent, { runtimes, unparsed }: Listed, only: Only): Listed {
  if (only === undefined) return { runtimes, unparsed };
  return {
    runtimes: runtimes.filter(({ name }) => only.has(armKey({ parent, name }))),
    unparsed: unparsed.filter(({ name }) => name === undefined || only.has(armKey({ parent, name }))),
  };
}

function absent(parent: Parent, { runtimes, unparsed }: Listed, only: Only): Found[] {
  const there = new Set([...runtimes, ...unparsed].map(({ name }) => armKey({ parent, name: name ?? '' })));
  const wanted = [...(only?.values() ?? [])].flatMap(([first]) => first ?? []);
  const missing = wanted.filter(({ id }) => parentKey(id.parent) === parentKey(parent) && !there.has(armKey(id)));
  return missing.map(({ id, declaredIn }) => {
    const runtime = armId(id);
    if (isDefaultRuntime(id)) return { skipped: { runtime, reason: 'Default', message: KEPT_BY_AZURE } };
    return unparsed.some(({ name }) => name === undefined)
      ? { skipped: { runtime, reason: 'Unreadable', message: 'an entry without a name in the list may be it' } }
      : { skipped: { runtime, reason: 'Absent', message: `${declaredIn} declares it, and Azure has none` } };
  });
}

/** An adoption that writes nothing is what is wanted; an observer changes nothing anyhow. */
async function surprises(objects: readonly Imported[], { azure, live, namespace }: ImportInput): Promise<Change[]> {
  const manifests = objects.map(({ manifest }, i) => ({
    raw: manifest as never,
    source: { file: 'import', line: i + 1 },
  }));
  const { changes } = await makePlan({
    wanted: check(manifests, namespace),
    base: undefined,
    live,
    azure,
    readsState: false,
    policies: [],
    ignored: 0,
    errors: [],
    now: Date.now(),
  });
  return changes.filter(({ action, fields }) => !(action === 'none' || (action === 'adopt' && fields.length === 0)));
}
