/** The pass of an object that cannot be understood: nothing is asked of Azure. */
import { condition, type ManagedObject, wholeSecond } from '../core/object.ts';
import { again, NEVER, type Next, slowRetry } from '../core/schedule.ts';
import { invalidStatus } from '../core/status.ts';
import { Stale, type World } from '../ports.ts';

export async function reportInvalid(
  world: World,
  object: ManagedObject,
  problem: string,
  signal: AbortSignal,
): Promise<Next> {
  const wayOut = object.deleting
    ? ` To let the object go and leave the runtime in Azure, correct the manifest or take the finalizer off by hand.`
    : '';
  const message = problem + wayOut;
  const told = condition(object.memory, 'Stalled')?.reason === 'InvalidDefinition';
  // Only with a mark of its own it may have made a runtime that it has not claimed yet.
  const owns = object.memory.claim !== undefined || object.mark?.origin === 'Created';
  try {
    if (object.deleting && object.held && !owns) {
      await world.objects.release(object, signal);
      return NEVER;
    }
    await world.objects.remember(object, invalidStatus(object, message, wholeSecond(world.now())), signal);
  } catch (error) {
    if (!(error instanceof Stale)) throw error;
    return again(world.intervalMs);
  }
  if (!told) await world.events.publish(object, { type: 'Warning', reason: 'InvalidDefinition', message });
  return slowRetry(world.intervalMs);
}
