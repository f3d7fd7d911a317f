/** Manifests of what there is, proved by the plan of them over the same reads. */
import { AzureFailure } from '../../core/model/failure.ts';
import { armId, type Parent, parentArmId } from '../../core/model/runtime.ts';
import { check } from '../manifests/validate.ts';
import type { Change } from '../plan/change.ts';
import { makePlan, type Reads } from '../plan/plan.ts';
import { inPool } from '../pool.ts';
import { namesFor } from './names.ts';
import { type Found, type Imported, type ImportOptions, importParent, manifestOf, type Skipped } from './runtimes.ts';

export interface ImportResult {
  readonly objects: readonly Imported[];
  readonly skipped: readonly Skipped[];
  /** Factories and workspaces that could not be read. */
  readonly errors: readonly string[];
  /** What applying the manifests would change all the same. */
  readonly surprises: readonly Change[];
  readonly reads: number;
}

const AT_ONCE = 4;

export async function importFrom(
  parents: readonly Parent[],
  azure: Reads,
  options: ImportOptions & { readonly pattern: string | undefined },
): Promise<ImportResult> {
  const errors: string[] = [];
  const found = await inPool(parents, AT_ONCE, async (parent): Promise<Found[]> => {
    try {
      return importParent(parent, await azure.list(parent), options);
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
    options.pattern,
  );
  const objects = imported.map(
    ({ id, spec, undeclared }, i): Imported => ({
      id,
      undeclared,
      manifest: manifestOf(names[i] ?? '', options.namespace, spec),
    }),
  );
  const skipped = found.flat().flatMap((each) => ('skipped' in each ? [each.skipped] : []));
  return { objects, skipped, errors: errors.sort(), surprises: await surprises(objects, azure), reads: azure.reads };
}

/** An adoption that writes nothing is what is wanted; an observer changes nothing anyhow. */
async function surprises(objects: readonly Imported[], azure: Reads): Promise<Change[]> {
  const manifests = objects.map(({ manifest }, i) => ({
    raw: manifest as never,
    source: { file: 'import', line: i + 1 },
  }));
  const { changes } = await makePlan({
    wanted: check(manifests, 'default'),
    base: undefined,
    live: undefined,
    azure,
    readsState: false,
    policies: [],
    ignored: 0,
    errors: [],
    now: Date.now(),
  });
  return changes.filter(({ action, fields }) => !(action === 'none' || (action === 'adopt' && fields.length === 0)));
}
