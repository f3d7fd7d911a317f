/** The pass of an object that cannot be understood: nothing is asked of Azure. */
import { released } from '../core/events.ts';
import { isReleased, type ManagedObject, wholeSecond } from '../core/model/object.ts';
import { stalled } from '../core/policies/verdicts.ts';
import { conflictBackoff, NEVER, type Requeue, slowRetry } from '../core/schedule.ts';
import { invalidStatus } from '../core/status/status.ts';
import { heard } from '../core/warnings.ts';
import { ConflictError, type Dependencies } from '../ports.ts';
import { tellReleased } from './released.ts';

export async function reportInvalid(
  world: Dependencies,
  object: ManagedObject,
  problem: string,
  signal: AbortSignal,
): Promise<Requeue> {
  const remedy = object.deleting
    ? `Correct the manifest to have the runtime deleted as declared; to release the object but keep the runtime: ` +
      `kubectl patch azir ${object.name} -n ${object.namespace} --type json -p '[{"op":"remove","path":"/metadata/finalizers"}]' ` +
      '(removes every finalizer).'
    : 'Correct the manifest and apply it again.';
  const message = { what: `Invalid spec: ${problem}.`, remedy };
  // Only with a mark of its own it may have made a runtime that it has not claimed yet.
  const owns = object.status.claim !== undefined || object.mark?.origin === 'Created';
  const now = wholeSecond(world.now());
  try {
    if (isReleased(object)) return NEVER;
    if (object.deleting && (!owns || !object.hasFinalizer)) {
      const left = await world.objects.removeFinalizer(object, signal);
      await tellReleased(world.objects, { object: left, now }, owns ? released.untold : released.unclaimed, signal);
      return NEVER;
    }
    const pass = {
      ...{ now, intervalMs: world.intervalMs, failingSince: undefined, told: [], mayTell: () => true },
      verdict: stalled('InvalidDefinition', message),
    };
    const { status, events } = heard(pass, object.status, invalidStatus(object, message, now));
    await world.objects.updateStatus(object, status, signal);
    for (const event of events) await world.events.publish(object, event);
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    return conflictBackoff(world.intervalMs);
  }
  return slowRetry(world.intervalMs);
}
