/** The runtime is as declared: what its state means, and who can mend it. */
import { type Advice, someOf } from '../model/message.ts';
import { operationOf } from '../model/object.ts';
import { downState, healthOf } from '../model/states.ts';
import { DOWN_MS, dependencyBackoff, operationPoll, PROVISIONING_MS, periodic } from '../schedule.ts';
import { driftOf, managing, type Policy, type Situation } from '../situation.ts';
import { waitingSince } from '../waits.ts';
import { isElsewhere } from './network.ts';
import { repairCommand } from './repair.ts';
import { available, progressing, settle, stall, stalled, unknown } from './verdicts.ts';

/** Make sure the state is known. */
export const stateIsKnown: Policy = ({ state }) => (state === undefined ? { kind: 'Read', at: 'state' } : undefined);

/**
 * Make sure a runtime that Azure is still making in a managed virtual network is waited for, not repaired: whatever state it
 * passes through then, `Limited` too, is a stage. Writing the definition again could only begin that anew, and after half an
 * hour it counts as the state that it is.
 */
export const freshRuntimeIsProvisioning: Policy = (s) => {
  const { state, status, desired, wrote, now, intervalMs } = s;
  if (state === undefined || desired.managedVirtualNetwork === undefined || !managing(desired)) return undefined;
  // The status still tells of a create that Azure had accepted, and that shows in this pass.
  const shows = operationOf(s.object.status, 'creation') !== undefined;
  const isFresh = wrote?.kind === 'create' || shows || status.waitingSince?.reason === 'Provisioning';
  if (!isFresh || status.claim?.origin !== 'Created' || !['starting', 'limited', 'down'].includes(healthOf(state))) {
    return undefined;
  }
  return now - waitingSince(s, 'Provisioning') < PROVISIONING_MS
    ? settle(progressing('Provisioning', preparing(state)), operationPoll(intervalMs))
    : undefined;
};

function preparing(state: string): Advice {
  return {
    what: `Azure is provisioning the runtime (state ${state}).`,
    remedy: 'No action needed; marked Stalled after 30 minutes.',
  };
}

/** A person who manages the runtime can have its definition written again. */
function checkIt(s: Situation): string {
  if (!managing(s.desired)) return 'Check it in Azure.';
  return `Check it in Azure; to re-apply its definition: ${repairCommand(s)} (each new value is one repair).`;
}

/**
 * Only a person can mend what an observer finds drifted. A runtime that is not healthy says that first: the worse news is
 * Ready's, and Synced tells of the drift. It is polled as at rest, so that the end of the drift shows within one interval.
 */
export const observedDriftIsReported: Policy = (s) => {
  if (managing(s.desired) || healthOf(s.state ?? '') !== 'healthy') return undefined;
  const isMisplaced = isElsewhere(s);
  const differing = [...(isMisplaced ? ['managedVirtualNetwork'] : []), ...driftOf(s).map(({ field }) => field)];
  if (differing.length === 0) return undefined;
  const remedy = isMisplaced
    ? 'Azure cannot move a runtime: declare the network that it has (Synced says which) in a new object.'
    : 'This object only observes: declare what Azure has (status.drift), or set spec.managementPolicy: Manage.';
  const what = `Runtime differs from the spec in ${someOf(differing)}.`;
  return settle(stalled('Drifted', { what, remedy }), periodic(s.intervalMs));
};

export const healthyIsAvailable: Policy = ({ state = '', intervalMs }) =>
  healthOf(state) === 'healthy'
    ? settle(available(`Runtime is ${state} and matches the spec.`), periodic(intervalMs))
    : undefined;

export const startingIsAwaited: Policy = (s) => {
  const { state = '', now, intervalMs } = s;
  if (healthOf(state) !== 'starting') return undefined;
  if (now - waitingSince(s, 'Provisioning') < PROVISIONING_MS) {
    return settle(progressing('Provisioning', preparing(state)), operationPoll(intervalMs));
  }
  return stall(s, 'Provisioning', {
    what: `Azure has been provisioning the runtime (state ${state}) for over 30 minutes.`,
    remedy: checkIt(s),
  });
};

export const downIsReported: Policy = (s) => {
  const { state = '', now, intervalMs } = s;
  const down = downState(state);
  if (down === undefined) return undefined;
  if (now - waitingSince(s, down) < DOWN_MS) {
    const message = {
      what: `Runtime is ${down}.`,
      remedy: `It may come back by itself: wait 10 minutes. ${checkIt(s)}`,
    };
    return settle(progressing(down, message), operationPoll(intervalMs));
  }
  return stall(s, down, {
    what: `Runtime has been ${down} for over 10 minutes.`,
    remedy: checkIt(s),
  });
};

export const unknownStateIsReported: Policy = ({ state = '', intervalMs }) =>
  settle(
    unknown('Unknown', {
      what: `Runtime reports unrecognized state "${state.slice(0, 80)}".`,
      remedy: 'Check it in Azure; upgrade the operator if the state is new.',
    }),
    dependencyBackoff(intervalMs),
  );
