/** Interactive authoring: an act that a person asks for, not a state that is kept. */
import { ENABLING_MS, NEXT_PASS, settling } from '../schedule.ts';
import { type Action, isAskedToEnableAuthoring, type Policy, type Situation } from '../situation.ts';
import { available, settle } from '../verdicts.ts';
import { proven } from './definition.ts';

/** Make sure a request that Azure refuses ends there, and does not shake what is in order: whoever asked may ask again. */
export const refusedRequestEnds: Policy = (s) => {
  if (s.failure?.during !== 'authoring') return undefined;
  const { kind, message } = s.failure.failure;
  const isFinal = kind === 'refused' || kind === 'policyDenied' || kind === 'locked' || kind === 'forbidden';
  return isFinal ? failed(`Azure refuses to enable interactive authoring: ${message}`) : undefined;
};

/** Make sure interactive authoring is enabled once for each token, on a runtime that is Online, and followed to its end. */
export const askedAuthoringIsEnabled: Policy = (s) => {
  const { desired, memory, now, state, wrote } = s;
  if (!isAskedToEnableAuthoring(s) || desired.interactiveAuthoring === undefined || state !== 'Online')
    return undefined;
  const { autoTerminationMinutes: minutes } = desired.interactiveAuthoring;
  const requestedTime = memory.interactiveAuthoring?.requestedTime;
  if (isEnabled(s, minutes))
    return { kind: 'EndRequest', outcome: 'enabled', message: enabled(minutes, requestedTime) };
  if (requestedTime !== undefined && now - requestedTime >= ENABLING_MS) {
    return failed('Azure accepted the request, and interactive authoring was not enabled within 10 minutes.');
  }
  if (requestedTime !== undefined || isOnTheWay(s)) return settle(ONLINE, settling(s.intervalMs));
  return wrote === undefined ? proven(s, { kind: 'EnableInteractiveAuthoring', minutes }) : settle(ONLINE, NEXT_PASS);
};

/** Make sure a person who asked for interactive authoring learns what it waits for. */
export const sayingWhatWaits =
  (policy: Policy): Policy =>
  (s) => {
    const action = policy(s);
    if (action?.kind !== 'Settle' || action.verdict.kind !== 'Decided' || !isAskedToEnableAuthoring(s)) return action;
    const message = `${action.verdict.message} Interactive authoring is enabled once the runtime is Online.`;
    return { ...action, verdict: { ...action.verdict, message } };
  };

const ONLINE = available('In sync, and Online. Interactive authoring is being enabled.');

function isEnabled({ interactiveAuthoring }: Situation, minutes: number): boolean {
  if (interactiveAuthoring?.status !== 'Enabled') return false;
  return (interactiveAuthoring.autoTerminationMinutes ?? minutes) === minutes;
}

/** Somebody else is at it: Azure does one thing after the other. */
function isOnTheWay({ interactiveAuthoring }: Situation): boolean {
  return interactiveAuthoring?.status === 'Enabling' || interactiveAuthoring?.status === 'Disabling';
}

function enabled(minutes: number, requestedTime: number | undefined): string {
  return requestedTime === undefined
    ? `Interactive authoring was enabled already; Azure ends it ${minutes} minutes after the last use.`
    : `Interactive authoring is enabled; Azure ends it ${minutes} minutes after the last use.`;
}

function failed(message: string): Action {
  return { kind: 'EndRequest', outcome: 'failed', message };
}
