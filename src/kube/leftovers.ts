import { isRecord, readRecord } from './raw.ts';
import type { JsonPatchOperation } from './runtime-api.ts';

/**
 * What has to be removed from `actual` for it to hold no more than `wanted`: every key that `wanted` has not, and every
 * item of `conditions`, which the API server merges by type, whose type `wanted` has not. Values are not compared.
 */
export function leftovers(actual: unknown, wanted: object): JsonPatchOperation[] {
  return keysOf(actual, wanted, '/status');
}

function keysOf(actual: unknown, wanted: object, path: string): JsonPatchOperation[] {
  return Object.entries(readRecord(actual)).flatMap(([key, value]) => {
    const here = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const counterpart = Object.hasOwn(wanted, key) ? (wanted as Record<string, unknown>)[key] : undefined;
    if (counterpart === undefined) return { op: 'remove', path: here } as const;
    if (Array.isArray(value) && Array.isArray(counterpart))
      return key === 'conditions' ? itemsOf(value, counterpart, here) : [];
    return isRecord(counterpart) ? keysOf(value, counterpart, here) : [];
  });
}

/** From the end, so that removing one does not move the next. */
function itemsOf(actual: readonly unknown[], wanted: readonly unknown[], path: string): JsonPatchOperation[] {
  const types = new Set(wanted.map((item) => readRecord(item).type));
  return actual
    .flatMap((item, index) =>
      types.has(readRecord(item).type) ? [] : ({ op: 'remove', path: `${path}/${index}` } as const),
    )
    .reverse();
}
