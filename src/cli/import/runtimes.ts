/** Manifests of what a factory or workspace has, and why the rest is left out. */
import { API_VERSION, KIND } from '../../api/names.ts';
import type { Listed } from '../../azure/arm/arm-runtimes.ts';
import { mayHoldSecret, withLeaf } from '../../core/model/declaration.ts';
import { isAutoResolve, leavesIn } from '../../core/model/fields.ts';
import { foldCase } from '../../core/model/letter-case.ts';
import { networkOf } from '../../core/model/network.ts';
import {
  armId,
  armKey,
  type Json,
  type ObservedRuntime,
  type Parent,
  parentArmId,
  type RuntimeId,
  type RuntimeType,
} from '../../core/model/runtime.ts';
import { parseSpec } from '../../kube/objects/spec.ts';

export interface ImportedManifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: { readonly [key: string]: Json };
}

export interface Imported {
  readonly id: RuntimeId;
  readonly manifest: ImportedManifest;
  /** Fields that a manifest cannot declare, or is not to: they stay in Azure as they are. */
  readonly undeclared: readonly { readonly field: string; readonly why: string }[];
  /** Where else it is declared, and has to go. */
  readonly declaredIn: readonly string[];
}

export interface Skipped {
  /** Its ARM id; of what a file declares without one, where it stands. */
  readonly runtime: string;
  readonly reason:
    | 'SelfHosted'
    | 'AzureSsis'
    | 'UnknownType'
    | 'Default'
    | 'Excluded'
    | 'Invalid'
    | 'Unreadable'
    /** A file declares it, and Azure does not have it. */
    | 'Absent'
    /** A file declares it, and its id cannot be told. */
    | 'Unresolved'
    /** An object of the cluster declares it. */
    | 'InCluster';
  readonly message: string;
}

export interface ImportOptions {
  readonly namespace: string | undefined;
  readonly include: RegExp | undefined;
  readonly exclude: RegExp | undefined;
  /** Nothing but where the runtime is; every other field is left as it is. */
  readonly minimal: boolean;
  readonly observe: boolean;
  /** Also the default runtime, where it can be managed. */
  readonly includeDefault: boolean;
  /** The objects of the cluster that declare a runtime, by its key, and whether they manage it. */
  readonly inCluster: ReadonlyMap<string, { readonly object: string; readonly manages: boolean }>;
}

const DEFAULT_RUNTIME = 'autoresolveintegrationruntime';
export const KEPT_BY_AZURE = 'Azure keeps this runtime by itself';

export function isDefaultRuntime({ name }: RuntimeId): boolean {
  return foldCase(name) === DEFAULT_RUNTIME;
}

export type Found =
  | { readonly imported: Pick<Imported, 'id' | 'undeclared'> & { readonly spec: ImportedManifest['spec'] } }
  | { readonly skipped: Skipped };

/** One after the other, in the order of their names. */
export function importParent(parent: Parent, { runtimes, unparsed }: Listed, options: ImportOptions): Found[] {
  const ordered = [...runtimes].sort((a, b) => (foldCase(a.name) < foldCase(b.name) ? -1 : 1));
  return [
    ...ordered.map((runtime) => importRuntime({ parent, name: runtime.name }, runtime, options)),
    ...unparsed.map(({ name, why }) => ({
      skipped: {
        runtime: `${parentArmId(parent)}/integrationRuntimes/${name ?? '?'}`,
        reason: 'Unreadable' as const,
        message: why,
      },
    })),
  ];
}

function importRuntime(id: RuntimeId, runtime: ObservedRuntime, options: ImportOptions): Found {
  const reason = reasonToSkip(id, runtime, options) ?? declaredAlready(id, options);
  if (reason !== undefined) return { skipped: { runtime: armId(id), ...reason } };
  const { spec, undeclared } = specOf(id, runtime, options);
  const parsed = parseSpec(spec, 'imported');
  if (parsed.valid) return { imported: { id, spec, undeclared } };
  return { skipped: { runtime: armId(id), reason: 'Invalid', message: parsed.problem } };
}

function reasonToSkip(
  id: RuntimeId,
  { type, document }: ObservedRuntime,
  { include, exclude, includeDefault, observe }: ImportOptions,
): Pick<Skipped, 'reason' | 'message'> | undefined {
  const kind = kindToSkip(type);
  if (kind !== undefined) return kind;
  if ((include !== undefined && !include.test(id.name)) || exclude?.test(id.name)) {
    return { reason: 'Excluded', message: 'by --include or --exclude' };
  }
  if (!isDefaultRuntime(id) || includeDefault) return undefined;
  const canManage = id.parent.kind === 'workspace' || networkOf(document) !== undefined;
  if (!canManage && observe) return undefined;
  return {
    reason: 'Default',
    message: `${KEPT_BY_AZURE}${canManage ? '; --include-default takes it' : ''}`,
  };
}

function declaredAlready(id: RuntimeId, { inCluster }: ImportOptions): Pick<Skipped, 'reason' | 'message'> | undefined {
  const known = inCluster.get(armKey(id));
  if (known === undefined) return undefined;
  const message = known.manages
    ? `the object ${known.object} manages it`
    : `the object ${known.object} observes it: set its managementPolicy to Manage and its adoptionPolicy to IfIdentical`;
  return { reason: 'InCluster', message };
}

function kindToSkip(type: RuntimeType): Pick<Skipped, 'reason' | 'message'> | undefined {
  if (type === 'Managed') return undefined;
  if (type === 'SelfHosted')
    return { reason: 'SelfHosted', message: 'a self-hosted or linked runtime, which the operator leaves alone' };
  if (type === 'AzureSsis')
    return { reason: 'AzureSsis', message: 'an Azure-SSIS runtime, which the operator leaves alone' };
  return { reason: 'UnknownType', message: `a runtime of the type ${type.unknown}, which the operator leaves alone` };
}

/** What else of a document a manifest could not say. */
const KNOWN_KEYS = /^(type|typeProperties|description|managedVirtualNetwork|state)$/i;

function specOf(id: RuntimeId, { document }: ObservedRuntime, { minimal, observe }: ImportOptions) {
  const undeclared: { field: string; why: string }[] = [];
  const { kind, ...reference } = id.parent;
  const network = networkOf(document);
  let spec: { [key: string]: Json } = {
    azureName: id.name,
    [kind]: { subscriptionId: reference.subscriptionId, resourceGroup: reference.resourceGroup, name: reference.name },
    ...(network === undefined
      ? {}
      : { managedVirtualNetwork: network.toLowerCase() === 'default' ? {} : { name: network } }),
    adoptionPolicy: 'IfIdentical',
    ...(observe ? { managementPolicy: 'Observe' } : {}),
  };
  for (const [path, value] of minimal ? [] : leavesIn(document)) {
    const why = reasonNotToDeclare(path, value);
    if (why !== undefined) {
      undeclared.push({ field: path, why });
      continue;
    }
    const more = withLeaf(spec, path, value);
    // What the rules of the CRD refuse stays in Azure as it is.
    const parsed = parseSpec(more, 'imported');
    if (parsed.valid) spec = more;
    else undeclared.push({ field: path, why: parsed.problem });
  }
  for (const key of Object.keys(document)) {
    if (!KNOWN_KEYS.test(key))
      undeclared.push({ field: key, why: 'no field of a manifest; it stays in Azure as it is' });
  }
  return { spec, undeclared };
}

function reasonNotToDeclare(path: string, value: Json): string | undefined {
  if (mayHoldSecret(path)) return 'its name looks like that of a secret, which belongs in no manifest';
  // A region's name is declared; that there is none is what a new runtime has anyhow.
  if (path === 'location' && typeof value === 'string' && isAutoResolve(value)) return undefined;
  return value === null ? 'it has no value' : undefined;
}

export function manifestOf(
  name: string,
  namespace: string | undefined,
  spec: ImportedManifest['spec'],
): ImportedManifest {
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    spec,
  };
}
