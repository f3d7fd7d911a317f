/** The runtime is as declared: is it well, and if not, who can mend it? */
import { operationOf } from '../object.ts';
import { DOWN_MS, PROVISIONING_MS, periodic, repairSpacing, settling, slowRetry, waiting } from '../schedule.ts';
import {
  type Action,
  driftOf,
  isAskedToRepair,
  isWellAgain,
  managing,
  type Policy,
  type Situation,
  waitingSince,
} from '../situation.ts';
import { healthOf } from '../states.ts';
import { available, progressing, settle, stall, stalled, unknown } from '../verdicts.ts';
import { proven } from './definition.ts';
import { isBeingRepaired, nextLook } from './operation.ts';

/** Make sure a person who asks for a repair gets one, whatever the state and the repairs before it. */
export const askedRepairIsDone: Policy = (s) => {
  const token = s.object.requests.repair;
  if (!isAskedToRepair(s) || token === undefined || s.wrote !== undefined) return undefined;
  const verdict = progressing('Repairing', 'A repair was asked for.');
  return proven(s, { kind: 'Repair', attempt: { by: 'person', token }, verdict });
};

/** Make sure the state is known. */
export const stateIsKnown: Policy = ({ state }) => (state === undefined ? { kind: 'Look', at: 'state' } : undefined);

/**
 * Make sure a runtime that Azure is still making in a managed virtual network is waited for, not repaired: whatever state it
 * passes through then, `Limited` too, is a stage. Writing the definition again could only begin that anew, and after half an
 * hour it counts as the state that it is.
 */
export const freshRuntimeIsProvisioning: Policy = (s) => {
  const { state, memory, desired, wrote, now, intervalMs } = s;
  if (state === undefined || desired.managedVirtualNetwork === undefined || !managing(desired)) return undefined;
  // The status still tells of a create that Azure had accepted, and that shows in this pass.
  const shows = operationOf(s.object.memory, 'creation') !== undefined;
  const isFresh = wrote?.kind === 'create' || shows || memory.waitingSince?.reason === 'Provisioning';
  if (!isFresh || memory.claim?.origin !== 'Created' || !['starting', 'limited', 'down'].includes(healthOf(state))) {
    return undefined;
  }
  return now - waitingSince(s, 'Provisioning') < PROVISIONING_MS
    ? settle(progressing('Provisioning', preparing(state)), settling(intervalMs))
    : undefined;
};

function preparing(state: string): string {
  return `Azure is preparing the runtime (${state}), for 30 minutes at most.`;
}

/** Make sure a `Limited` runtime is repaired, within bounds. */
export const limitedIsRepaired: Policy = (s) => {
  if (s.state === undefined || healthOf(s.state) !== 'limited') return undefined;
  const { desired, memory, now, intervalMs } = s;
  const attempts = attemptsSoFar(s);
  const of = desired.repair.maxAttempts;
  const off = !managing(desired) || desired.repair.mode === 'Disabled';
  const message = off ? 'A repair was asked for.' : repairing(attempts, of);
  const next = attempts === 0 ? now : (memory.repair?.nextAttemptTime ?? now);
  if (isBeingRepaired(s) && (off || next > now || attempts >= of)) {
    return settle(progressing('Repairing', message), nextLook(s));
  }
  if (off) {
    return stall(
      s,
      s.state,
      `The runtime is Limited and repair is off. Repair it in Azure, or let this object: managementPolicy: Manage, repair.mode: Auto.`,
    );
  }
  if (next > now || s.wrote !== undefined) {
    return settle(progressing('Repairing', message), {
      kind: 'after',
      ms: Math.min(Math.max(next - now, 1_000), intervalMs),
    });
  }
  if (attempts >= of) {
    return stall(
      s,
      'RepairExhausted',
      `Still Limited after ${times(attempts)}. Look at the runtime in Azure; the annotation azure-ir.io/repair: <token> asks for one more.`,
    );
  }
  return proven(s, repair(attempts + 1, of, now));
};

/** The same for the whole wait after a repair, so that the status need not be written again. */
function repairing(attempts: number, of: number): string {
  const then = attempts < of ? 'If it stays Limited, the next follows.' : 'It was the last one by itself.';
  return `Limited; ${attempts} of at most ${times(of)} made. ${then}`;
}

const times = (count: number): string => (count === 1 ? '1 repair' : `${count} repairs`);

function repair(number: number, of: number, now: number): Action {
  return {
    kind: 'Repair',
    attempt: { by: 'operator', number, of, nextAttemptTime: now + repairSpacing(number) },
    verdict: progressing('Repairing', repairing(number, of)),
  };
}

/** Repairs count until the runtime has been well for an hour. */
function attemptsSoFar({ memory, now }: Situation): number {
  return isWellAgain(memory, now) ? 0 : (memory.repair?.attempts ?? 0);
}

/** An object that only observes is Ready by the state alone. */
function asDeclared(s: Situation): boolean {
  return driftOf(s).length === 0;
}

/** Make sure what is observed is what is said. */
export const stateIsReported: Policy = (s) => {
  const { state = '', now, intervalMs } = s;
  switch (healthOf(state)) {
    case 'well':
      return settle(
        available(`${asDeclared(s) ? 'In sync' : 'Not as declared (see Synced)'}, and ${state}.`),
        periodic(intervalMs),
      );
    case 'starting':
      return now - waitingSince(s, 'Provisioning') < PROVISIONING_MS
        ? settle(progressing('Provisioning', preparing(state)), settling(intervalMs))
        : settle(
            stalled(
              'Provisioning',
              `Azure has been preparing the runtime (${state}) for over 30 minutes. Look at it in Azure.`,
            ),
            slowRetry(intervalMs),
          );
    case 'down':
      return now - waitingSince(s, state) < DOWN_MS
        ? settle(
            progressing(state, `Azure says ${state}. If that lasts for 10 minutes, a person has to look at it.`),
            settling(intervalMs),
          )
        : settle(
            stalled(state, `Azure has said ${state} for over 10 minutes. Look at the runtime in Azure.`),
            slowRetry(intervalMs),
          );
    default:
      return settle(
        unknown('Unknown', `Azure says ${state.slice(0, 80)}, a state that this version does not know.`),
        waiting(intervalMs),
      );
  }
};
