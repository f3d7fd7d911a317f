/**
 * The promise: nothing hides the state of a runtime that exists. Whatever stops the definition (a write that Azure refuses or
 * ignores, an adoption that the manifest forbids, another network), the state is read before that is told, and shown.
 */
import { type Failure, mayBeOver } from './model/failure.ts';
import type { Action, Situation } from './situation.ts';

type Settle = Extract<Action, { kind: 'Settle' }>;

/** The verdict if the state is known, or cannot be; else the read that comes first. */
export function withState(s: Situation, action: Settle): Action {
  const { definition, state, isStateUnread, failure } = s;
  const isKnown = definition?.presence !== 'present' || state !== undefined || isStateUnread === true;
  if (isKnown || failure?.during === 'poll' || (failure !== undefined && isFleeting(s, action))) return action;
  return { kind: 'Read', at: 'state', stands: true };
}

/** A write has failed for less than an interval, and nothing is told of that: the next pass may find it made. */
function isFleeting({ now, intervalMs, failingSince = now }: Situation, { verdict }: Settle): boolean {
  return verdict.kind === 'Unchanged' && now - failingSince < intervalMs;
}

/**
 * Whether the verdict that a state was read for is told without it, now that reading it has met this failure: of a write that
 * failed or was ignored, and where the state is refused, too. What passes is a failure like any other, and blanks no state
 * that is shown.
 */
export function standsWithoutState(s: Situation, failure: Failure): boolean {
  return s.failure !== undefined || s.wrote !== undefined || !mayBeOver(failure);
}
