/** The mark of an object ⇄ the annotation that holds it: `{"uid":"…","origin":"Created","runtime":"/subscriptions/…"}`. */
import type { Claim, ManagedObject, Mark } from '../../core/model/object.ts';
import { parseJson, readRecord, readText } from '../client/raw.ts';
import { runtimeKeyOf } from './runtime-key.ts';

export function renderMark(object: ManagedObject, origin: Claim['origin']): string {
  return JSON.stringify({ uid: object.uid, origin, runtime: runtimeKeyOf(object) });
}

/** Undefined for the mark of another object, and for what is not a mark. */
export function parseMark(annotation: unknown, uid: string): Mark | undefined {
  const { uid: whose, origin, runtime } = readRecord(parseJson(readText(annotation) ?? ''));
  const named = readText(runtime);
  if (whose !== uid || named === undefined || (origin !== 'Created' && origin !== 'Adopted')) return undefined;
  return { origin, runtime: named };
}
