/** Interactive authoring: an act that a person asks for, not a state that is kept. */
import { AUTHORING_NOT_ENABLED, authoringEnabled, authoringRefused } from '../events.ts';
import type { OperatorEvent } from '../model/event.ts';
import { isWriteRefused } from '../model/failure.ts';
import { inShort, type Message } from '../model/message.ts';
import { ENABLING_MS, IMMEDIATELY, operationPoll } from '../schedule.ts';
import { type Action, isAuthoringRequested, type Policy, type Situation } from '../situation.ts';
import { available, settle } from './verdicts.ts';

/** Make sure a request that Azure refuses ends there, and does not shake what is in order: whoever asked may ask again. */
export const refusedRequestIsCompleted: Policy = (s) => {
  if (s.failure?.during !== 'authoring') return undefined;
  const { failure } = s.failure;
  return isWriteRefused(failure) ? complete(authoringRefused(failure)) : undefined;
};

/** Make sure interactive authoring is enabled once for each token, on a runtime that is Online, and followed to its end. */
export const requestedAuthoringIsEnabled: Policy = (s) => {
  const { desired, status, now, state, wrote } = s;
  if (!isAuthoringRequested(s) || desired.interactiveAuthoring === undefined || state !== 'Online') return undefined;
  const { autoTerminationMinutes: minutes } = desired.interactiveAuthoring;
  const requestedTime = status.interactiveAuthoring?.requestedTime;
  if (isEnabled(s, minutes)) {
    return complete(authoringEnabled(minutes, requestedTime !== undefined));
  }
  if (requestedTime !== undefined && now - requestedTime >= ENABLING_MS) {
    return complete(AUTHORING_NOT_ENABLED);
  }
  if (requestedTime !== undefined || isOnTheWay(s)) return settle(ONLINE, operationPoll(s.intervalMs));
  return wrote === undefined ? { kind: 'EnableInteractiveAuthoring', minutes } : settle(ONLINE, IMMEDIATELY);
};

/** Make sure a person who asked for interactive authoring learns what it waits for. */
export const withPendingAuthoring =
  (policy: Policy): Policy =>
  (s) => {
    const action = policy(s);
    if (action?.kind !== 'Settle' || action.verdict.kind !== 'Decided' || !isAuthoringRequested(s)) return action;
    return { ...action, verdict: { ...action.verdict, message: withPending(action.verdict.message) } };
  };

const complete = (event: OperatorEvent): Action => ({
  kind: 'CompleteRequest',
  request: 'enableInteractiveAuthoring',
  event,
});
/** What was told before may be told again. */
function withPending(message: Message): Message {
  const { what, remedy } = message;
  if (inShort(message).includes(PENDING)) return message;
  return remedy === undefined
    ? { ...message, what: `${what} ${PENDING}` }
    : { ...message, remedy: `${remedy} ${PENDING}` };
}

const PENDING = 'Interactive authoring is enabled once the runtime is Online.';

const ONLINE = available('Runtime is Online and matches the spec. Interactive authoring is being enabled.');

function isEnabled({ interactiveAuthoring }: Situation, minutes: number): boolean {
  if (interactiveAuthoring?.status !== 'Enabled') return false;
  return (interactiveAuthoring.autoTerminationMinutes ?? minutes) === minutes;
}

/** Another writer is changing it: Azure does one thing after the other. */
function isOnTheWay({ interactiveAuthoring }: Situation): boolean {
  return interactiveAuthoring?.status === 'Enabling' || interactiveAuthoring?.status === 'Disabling';
}
