/** The mark of an object ⇄ the annotation that holds it: `{"uid":"…","origin":"Created","runtime":"/subscriptions/…","fields":{…}}`. */
import { compact } from '../../core/model/compact.ts';
import type { Desired } from '../../core/model/desired.ts';
import { isFieldPath } from '../../core/model/fields.ts';
import { isObject } from '../../core/model/json.ts';
import type { Claim, ManagedObject, Mark } from '../../core/model/object.ts';
import { parseJson, readRecord, readText } from '../client/raw.ts';
import { runtimeKeyOf } from './runtime-key.ts';

export function renderMark(object: ManagedObject, origin: Claim['origin']): string {
  const fields = origin === 'Created' && object.spec.valid ? Object.fromEntries(object.spec.desired.fields) : undefined;
  return JSON.stringify({ uid: object.uid, origin, runtime: runtimeKeyOf(object), fields });
}

/** Undefined for the mark of another object, and for what is not a mark. */
export function parseMark(annotation: unknown, uid: string): Mark | undefined {
  const { uid: whose, origin, runtime, fields } = readRecord(parseJson(readText(annotation) ?? ''));
  const named = readText(runtime);
  if (whose !== uid || named === undefined || (origin !== 'Created' && origin !== 'Adopted')) return undefined;
  return { origin, runtime: named, ...compact({ fields: parseFields(fields) }) };
}

function parseFields(value: unknown): Desired['fields'] | undefined {
  if (!isObject(value)) return undefined;
  return new Map(Object.entries(value).flatMap(([path, leaf]) => (isFieldPath(path) ? [[path, leaf] as const] : [])));
}
