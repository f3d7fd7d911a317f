/** Parses an object of another shard, and keeps only what decides whom a runtime belongs to. */
import { EMPTY_STATUS, NO_REQUESTS } from '../../core/model/object.ts';
import { type ParsedObject, parseObject } from './codec.ts';

/**
 * Keeps who it is, which runtime it names, its policies and its claim. (A watch for metadata alone would be lighter on the
 * wire, but shows none of these.)
 */
export function parseForeignObject(raw: unknown): ParsedObject | undefined {
  const object = parseObject(raw);
  if (object === undefined) return undefined;
  const { spec, status } = object;
  return {
    ...object,
    spec: spec.valid ? { valid: true, desired: { ...spec.desired, fields: NO_FIELDS } } : spec,
    requests: NO_REQUESTS,
    status: status.claim === undefined ? EMPTY_STATUS : { ...EMPTY_STATUS, claim: status.claim },
  };
}

const NO_FIELDS: ReadonlyMap<never, never> = new Map<never, never>();
