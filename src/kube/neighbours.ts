import { BLANK, NO_REQUESTS } from '../core/object.ts';
import { type ParsedObject, parseObject } from './codec.ts';

/**
 * An object of which another shard takes care. Kept of it is what says to whom a runtime belongs: who it is, which runtime
 * it names, its policies and its claim. (A watch for metadata alone would be lighter on the wire, but shows none of these.)
 */
export function parseNeighbour(raw: unknown): ParsedObject | undefined {
  const object = parseObject(raw);
  if (object === undefined) return undefined;
  const { spec, memory } = object;
  return {
    ...object,
    spec: spec.valid ? { valid: true, desired: { ...spec.desired, fields: NO_FIELDS } } : spec,
    requests: NO_REQUESTS,
    memory: memory.claim === undefined ? BLANK : { ...BLANK, claim: memory.claim },
  };
}

const NO_FIELDS: ReadonlyMap<never, never> = new Map<never, never>();
