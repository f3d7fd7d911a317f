/** Interactive authoring: an act that a person asks for, not a state that is kept. */
import { ENABLING_MS, IMMEDIATELY, operationPoll } from '../schedule.ts';
import { type Action, isAuthoringRequested, type Policy, type Situation } from '../situation.ts';
import { onFreshRead } from './definition.ts';
import { available, settle } from './verdicts.ts';

/** Make sure a request that Azure refuses ends there, and does not shake what is in order: whoever asked may ask again. */
export const refusedRequestIsCompleted: Policy = (s) => {
  if (s.failure?.during !== 'authoring') return undefined;
  const { kind, message } = s.failure.failure;
  const isFinal = kind === 'refused' || kind === 'policyDenied' || kind === 'locked' || kind === 'forbidden';
  return isFinal ? failed(`Azure refuses to enable interactive authoring: ${message}`) : undefined;
};

/** Make sure interactive authoring is enabled once for each token, on a runtime that is Online, and followed to its end. */
export const requestedAuthoringIsEnabled: Policy = (s) => {
  const { desired, status, now, state, wrote } = s;
  if (!isAuthoringRequested(s) || desired.interactiveAuthoring === undefined || state !== 'Online') return undefined;
  const { autoTerminationMinutes: minutes } = desired.interactiveAuthoring;
  const requestedTime = status.interactiveAuthoring?.requestedTime;
  if (isEnabled(s, minutes))
    return { kind: 'CompleteRequest', outcome: 'enabled', message: enabled(minutes, requestedTime) };
  if (requestedTime !== undefined && now - requestedTime >= ENABLING_MS) {
    return failed('Azure accepted the request, and interactive authoring was not enabled within 10 minutes.');
  }
  if (requestedTime !== undefined || isOnTheWay(s)) return settle(ONLINE, operationPoll(s.intervalMs));
  return wrote === undefined
    ? onFreshRead(s, { kind: 'EnableInteractiveAuthoring', minutes })
    : settle(ONLINE, IMMEDIATELY);
};

/** Make sure a person who asked for interactive authoring learns what it waits for. */
export const withPendingAuthoring =
  (policy: Policy): Policy =>
  (s) => {
    const action = policy(s);
    if (action?.kind !== 'Settle' || action.verdict.kind !== 'Decided' || !isAuthoringRequested(s)) return action;
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
  return { kind: 'CompleteRequest', outcome: 'failed', message };
}
