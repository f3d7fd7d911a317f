/** The pass of an object that cannot be understood: nothing is asked of Azure. */
import { released, stallBegins } from '../core/events.ts';
import { isReleased, type ManagedObject, wholeSecond } from '../core/model/object.ts';
import { conflictBackoff, NEVER, type Requeue, slowRetry } from '../core/schedule.ts';
import { invalidStatus } from '../core/status/status.ts';
import { ConflictError, type Dependencies } from '../ports.ts';
import { tellReleased } from './released.ts';

export async function reportInvalid(
  world: Dependencies,
  object: ManagedObject,
  problem: string,
  signal: AbortSignal,
): Promise<Requeue> {
  const wayOut = object.deleting
    ? ` To let the object go and leave the runtime in Azure, correct the manifest or take the finalizer off by hand.`
    : '';
  const message = problem + wayOut;
  // Only with a mark of its own it may have made a runtime that it has not claimed yet.
  const owns = object.status.claim !== undefined || object.mark?.origin === 'Created';
  const now = wholeSecond(world.now());
  try {
    if (object.deleting && object.hasFinalizer && !owns) {
      const left = await world.objects.removeFinalizer(object, signal);
      await tellReleased(world.objects, { object: left, now }, released.unclaimed, signal);
      return NEVER;
    }
    if (isReleased(object)) return NEVER;
    const status = invalidStatus(object, message, now);
    await world.objects.updateStatus(object, status, signal);
    for (const event of stallBegins(object.status, status)) await world.events.publish(object, event);
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    return conflictBackoff(world.intervalMs);
  }
  return slowRetry(world.intervalMs);
}
