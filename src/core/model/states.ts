/**
 * What the states of an integration runtime mean for its user. The names are the specification's (2018-06-01,
 * IntegrationRuntimeState); Azure may send others.
 */
import { DOWN_STATES, type DownState } from '../../api/names.ts';

export type Health = 'healthy' | 'starting' | 'limited' | 'down' | 'unknown';

const HEALTH: Readonly<Record<string, Health>> = {
  Online: 'healthy',
  Started: 'healthy',
  Initial: 'starting',
  Starting: 'starting',
  Limited: 'limited',
  Offline: 'down',
  AccessDenied: 'down',
  Stopped: 'down',
  Stopping: 'down',
  NeedRegistration: 'down',
};

export function healthOf(state: string): Health {
  return Object.hasOwn(HEALTH, state) ? (HEALTH[state] ?? 'unknown') : 'unknown';
}

/** The state as one that is down, which is then the reason that people see. */
export function downState(state: string): DownState | undefined {
  return DOWN_STATES.find((each) => each === state);
}
