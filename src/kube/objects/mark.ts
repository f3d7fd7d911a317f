/** The mark of an object ⇄ the annotation that holds it: `{"uid":"…","origin":"Created","runtime":"/subscriptions/…","sent":[{…}]}`. */
import { compact } from '../../core/model/compact.ts';
import type { Desired } from '../../core/model/desired.ts';
import { isFieldPath } from '../../core/model/fields.ts';
import { isObject } from '../../core/model/json.ts';
import type { Claim, ManagedObject, Mark } from '../../core/model/object.ts';
import { markFor } from '../../core/model/ownership.ts';
import type { JsonObject } from '../../core/model/runtime.ts';
import { parseJson, readRecord, readText } from '../client/raw.ts';

export function renderMark(object: ManagedObject, origin: Claim['origin']): string {
  const mark = markFor(object, origin);
  return JSON.stringify({ uid: object.uid, ...mark, sent: mark?.sent?.map((fields) => Object.fromEntries(fields)) });
}

/** Undefined for the mark of another object, and for what is not a mark. */
export function parseMark(annotation: unknown, uid: string): Mark | undefined {
  const { uid: whose, origin, runtime, sent } = readRecord(parseJson(readText(annotation) ?? ''));
  const named = readText(runtime);
  if (whose !== uid || named === undefined || (origin !== 'Created' && origin !== 'Adopted')) return undefined;
  return { origin, runtime: named, ...compact({ sent: parseSent(sent) }) };
}

function parseSent(value: unknown): Desired['fields'][] | undefined {
  return Array.isArray(value) ? value.filter(isObject).map(parseFields) : undefined;
}

function parseFields(fields: JsonObject): Desired['fields'] {
  return new Map(Object.entries(fields).flatMap(([path, leaf]) => (isFieldPath(path) ? [[path, leaf] as const] : [])));
}
