/** What an object says that was let go, and that the finalizer of another keeps. */
import type { OperatorEvent } from '../core/model/event.ts';
import type { ManagedObject } from '../core/model/object.ts';
import { releasedStatus } from '../core/status/status.ts';
import type { Dependencies } from '../ports.ts';

/**
 * `object` is what is left of it.
 *
 * @throws ConflictError when it changes meanwhile, or goes
 */
export async function tellReleased(
  objects: Dependencies['objects'],
  { object, now }: { readonly object: ManagedObject | undefined; readonly now: number },
  event: OperatorEvent,
  signal: AbortSignal,
): Promise<void> {
  if (object?.hasOtherFinalizers !== true) return;
  await objects.updateStatus(object, releasedStatus({ object, status: object.status, now }, event), signal);
}
