/** The runtime is as declared: is it well, and if not, who can mend it? */
import { condition } from '../object.ts';
import {
  DOWN_MS,
  PROVISIONING_MS,
  periodic,
  repairSpacing,
  settling,
  slowRetry,
  WELL_AGAIN_MS,
  waiting,
} from '../schedule.ts';
import { type Action, isAskedToRepair, managing, type Policy, type Situation, waitingSince } from '../situation.ts';
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

/** Make sure a `Limited` runtime is repaired, within bounds. */
export const limitedIsRepaired: Policy = (s) => {
  if (s.state === undefined || healthOf(s.state) !== 'limited') return undefined;
  const { desired, memory, now, intervalMs } = s;
  const attempts = attemptsSoFar(s);
  const of = desired.repair.maxAttempts;
  const off = !managing(desired) || desired.repair.mode === 'Disabled';
  const message = off ? 'A repair was asked for.' : `Limited; repaired ${attempts} of at most ${of} times.`;
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
      `Still Limited after ${attempts} repairs. Look at the runtime in Azure; the annotation azure-ir.io/repair: <token> asks for one more.`,
    );
  }
  return proven(s, repair(attempts + 1, of, now));
};

function repair(number: number, of: number, now: number): Action {
  return {
    kind: 'Repair',
    attempt: { by: 'operator', number, of, nextAttemptTime: now + repairSpacing(number) },
    verdict: progressing('Repairing', `Limited; repaired ${number} of at most ${of} times.`),
  };
}

/** Repairs count until the runtime has been well for an hour. */
function attemptsSoFar({ memory, now }: Situation): number {
  const healthy = condition(memory, 'Healthy');
  const wellAgain = healthy?.status === 'True' && now - healthy.lastTransitionTime >= WELL_AGAIN_MS;
  return wellAgain ? 0 : (memory.repair?.attempts ?? 0);
}

/** Make sure what is observed is what is said. */
export const stateIsReported: Policy = (s) => {
  const { state = '', now, intervalMs } = s;
  switch (healthOf(state)) {
    case 'well':
      return settle(available(`In sync, and ${state}.`), periodic(intervalMs));
    case 'starting':
      return now - waitingSince(s, 'Provisioning') < PROVISIONING_MS
        ? settle(progressing('Provisioning', `Azure is preparing the runtime (${state}).`), settling(intervalMs))
        : settle(
            stalled(
              'Provisioning',
              `Azure has been preparing the runtime (${state}) for over 30 minutes. Look at it in Azure.`,
            ),
            slowRetry(intervalMs),
          );
    case 'down':
      return now - waitingSince(s, state) < DOWN_MS
        ? settle(progressing(state, `Azure says ${state}.`), settling(intervalMs))
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
