/** The runtime that an object names, as a key. */
import type { ManagedObject } from '../../core/model/object.ts';
import { armKey } from '../../core/model/runtime.ts';

/** The key of `sharing`; undefined when the object names no runtime, or its spec is invalid. */
export function runtimeKeyOf(object: ManagedObject | undefined): string | undefined {
  return object?.spec.valid ? armKey(object.spec.desired.id) : undefined;
}
