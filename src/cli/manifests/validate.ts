/** Manifests as objects that the operator could be given, or why the API server would refuse them. */
import { API_VERSION } from '../../api/names.ts';
import type { Desired } from '../../core/model/desired.ts';
import { isObject } from '../../core/model/json.ts';
import { isSameName } from '../../core/model/letter-case.ts';
import type { ManagedObject } from '../../core/model/object.ts';
import type { Raw } from '../../kube/client/raw.ts';
import { parseObject } from '../../kube/objects/codec.ts';
import type { Manifest, Source } from './load.ts';
import { schemaProblems } from './schema.ts';

export interface Named {
  readonly namespace: string;
  readonly name: string;
  readonly source: Source;
}

export type Checked = Named &
  (
    | { readonly valid: true; readonly object: ManagedObject; readonly desired: Desired; readonly raw: Raw }
    | { readonly valid: false; readonly problems: readonly string[] }
  );

const SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** When an object was created that does not exist yet, milliseconds since the epoch. */
export const NEVER_YET = Number.MAX_SAFE_INTEGER;

/** In the order given; an object declared twice is wrong both times. */
export function check(manifests: readonly Manifest[], namespace: string): Checked[] {
  const checked = manifests.map((manifest) => checkOne(manifest, namespace));
  const places = Map.groupBy(checked, ({ namespace, name }) => `${namespace}/${name}`);
  return checked.map((each): Checked => {
    const same = places.get(`${each.namespace}/${each.name}`) ?? [];
    if (same.length < 2) return each;
    const where = same.map(({ source: { file, line } }) => `${file}:${line}`).join(' and ');
    const { namespace, name, source } = each;
    return { namespace, name, source, valid: false, problems: [`the object is declared twice, in ${where}`] };
  });
}

function checkOne({ raw, source }: Manifest, standard: string): Checked {
  const metadata = isObject(raw.metadata) ? raw.metadata : {};
  const name = typeof metadata.name === 'string' ? metadata.name : '';
  const namespace = typeof metadata.namespace === 'string' && metadata.namespace !== '' ? metadata.namespace : standard;
  const named = { namespace, name, source };
  const problems = [...headProblems(raw, name, namespace), ...schemaProblems(raw.spec ?? {})];
  const object = parseObject(asStored(raw, namespace, name));
  if (object?.spec.valid === false && problems.length === 0) problems.push(object.spec.problem);
  if (object === undefined || !object.spec.valid || problems.length > 0) return { ...named, valid: false, problems };
  // Not yet in the cluster: any object that is there is older.
  return { ...named, valid: true, object: { ...object, createdAt: NEVER_YET }, desired: object.spec.desired, raw };
}

function* headProblems({ apiVersion }: Raw, name: string, namespace: string): Generator<string> {
  if (apiVersion !== API_VERSION) yield `apiVersion must be ${API_VERSION}`;
  if (!SUBDOMAIN.test(name))
    yield 'metadata.name must be lower-case letters, digits, hyphens and dots, at most 253, with a letter or digit at both ends';
  if (!LABEL.test(namespace)) yield 'metadata.namespace must be lower-case letters, digits and hyphens, at most 63';
}

/** As the API server would keep a new object; a status in a manifest counts for nothing. */
function asStored(raw: Raw, namespace: string, name: string): Raw {
  const { status: _, ...rest } = raw;
  const metadata = isObject(raw.metadata) ? raw.metadata : {};
  const { finalizers: __, deletionTimestamp: ___, ...kept } = metadata;
  const uid = `manifest:${namespace}/${name}`;
  return { ...rest, metadata: { ...kept, namespace, name: name || '?', uid, resourceVersion: '1', generation: 1 } };
}

/** What the API server refuses to change in an object that exists: the CRD's own words, without the server. */
export function immutableProblem(before: Desired, after: Desired, rawBefore: Raw, rawAfter: Raw): string | undefined {
  const [azureBefore, azureAfter] = [azureNameOf(rawBefore), azureNameOf(rawAfter)];
  if (!isSameName(before.id.name, after.id.name) || (azureBefore === undefined) !== (azureAfter === undefined)) {
    return azureBefore === undefined
      ? 'spec.azureName cannot be set later: remove it again, or declare a new object'
      : `spec.azureName is immutable: restore "${azureBefore}", or create a new object`;
  }
  const { kind, subscriptionId, resourceGroup, name } = before.id.parent;
  const isMoved =
    kind !== after.id.parent.kind ||
    !isSameName(subscriptionId, after.id.parent.subscriptionId) ||
    !isSameName(resourceGroup, after.id.parent.resourceGroup) ||
    !isSameName(name, after.id.parent.name);
  if (isMoved) {
    return `spec.${kind} is immutable: restore "${name}" (resource group "${resourceGroup}"), or create a new object; the previous subscription is "${subscriptionId}"`;
  }
  const [network, declared] = [before.managedVirtualNetwork?.name, after.managedVirtualNetwork?.name];
  if (isSameName(network, declared)) return undefined;
  return network === undefined
    ? 'spec.managedVirtualNetwork cannot be added: remove it again, or declare a new object with another azureName'
    : `spec.managedVirtualNetwork is immutable: restore "${network}", or create a new object with another azureName`;
}

function azureNameOf({ spec }: Raw): string | undefined {
  return isObject(spec) && typeof spec.azureName === 'string' ? spec.azureName : undefined;
}
