/** What Azure has, as a manifest would declare it: for `status.observed`, and for `kubectl azir import`. */
import { type FieldPath, leavesIn, propertyNameOf } from './fields.ts';
import { networkOf } from './network.ts';
import type { Json, JsonObject, RuntimeDocument } from './runtime.ts';

const SECRET = /key|token|secret|passw|passphrase|pwd|credential|\bsas|sas\b|sastoken|connection.?string|signature/i;

/** Whether a custom property of this name may hold a secret: its value is shown nowhere but in the manifest. */
export function isSecretName(name: string): boolean {
  return SECRET.test(name);
}

/** The same of any leaf. */
export function mayHoldSecret(path: string): boolean {
  const name = propertyNameOf(path);
  return name !== undefined && isSecretName(name);
}

/** What is shown in the place of such a value. */
export const HIDDEN = '(hidden)';

/** A value of a leaf as people may see it; whether there is one is no secret. */
export function shownValue<T>(path: string, value: T): T | typeof HIDDEN {
  return value !== null && mayHoldSecret(path) ? HIDDEN : value;
}

/** The part of a spec that declares all leaves of the document that have a value and hold no secret. */
export function declarationOf(document: RuntimeDocument): JsonObject {
  const network = networkOf(document);
  const placed: JsonObject = network === undefined ? {} : { managedVirtualNetwork: { name: network } };
  return [...leavesIn(document)]
    .filter(([path, value]) => value !== null && !mayHoldSecret(path))
    .sort(byPropertyName)
    .reduce((spec, [path, value]) => withLeaf(spec, path, value), placed);
}

/** Azure keeps custom properties in any order: another one is no change. */
function byPropertyName([a]: readonly [FieldPath, Json], [b]: readonly [FieldPath, Json]): number {
  const [one, other] = [propertyNameOf(a), propertyNameOf(b)];
  return one === undefined || other === undefined || one === other ? 0 : one < other ? -1 : 1;
}

/** The spec with one leaf more, at the place that its path names. */
export function withLeaf(spec: JsonObject, path: FieldPath, value: Json): JsonObject {
  const name = propertyNameOf(path);
  const [first = '', second] = (name === undefined ? path : path.slice(0, path.indexOf('['))).split('.');
  if (second === undefined) return { ...spec, [first]: value };
  const group = (spec[first] ?? {}) as JsonObject;
  if (name === undefined) return { ...spec, [first]: { ...group, [second]: value } };
  const entries = (group[second] ?? []) as readonly Json[];
  return { ...spec, [first]: { ...group, [second]: [...entries, { name, value }] } };
}
