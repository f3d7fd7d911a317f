/** The conditions of a status: what each says, and what it keeps of the one before. */
import { LIMITS } from '../../api/limits.ts';
import { visible } from '../../api/visible.ts';
import { describeDrift } from '../events.ts';
import type { Drift } from '../model/fields.ts';
import { isIn, networkInWords, networkOf } from '../model/network.ts';
import { type Condition, type ConditionType, condition, type Status } from '../model/object.ts';
import { withoutRequestIds } from '../model/request-ids.ts';
import { healthOf } from '../model/states.ts';
import { managing, type Situation } from '../situation.ts';

/** What a condition says, besides of what and since when. */
export type Said = Pick<Condition, 'status' | 'reason' | 'message'>;

const TYPES: readonly ConditionType[] = ['Ready', 'Synced', 'Healthy', 'Reconciling', 'Stalled'];

export function currentConditions(status: Status): Partial<Record<ConditionType, Said | undefined>> {
  return Object.fromEntries(status.conditions.map((c) => [c.type, c]));
}

export function conditionsAfter(
  s: Pick<Situation, 'object' | 'status' | 'now'>,
  said: Partial<Record<ConditionType, Said | undefined>>,
): Condition[] {
  return TYPES.flatMap((type): Condition[] => {
    const now = said[type] ?? (type === 'Reconciling' || type === 'Stalled' ? undefined : UNSAID);
    if (now === undefined) return [];
    const before = condition(s.status, type);
    return [
      {
        type,
        status: now.status,
        reason: now.reason,
        message: now.message.slice(0, LIMITS.message),
        observedGeneration: s.object.generation,
        lastTransitionTime: before?.status === now.status ? before.lastTransitionTime : s.now,
      },
    ];
  });
}

const UNSAID: Said = { status: 'Unknown', reason: 'Unknown', message: 'Not checked.' };

export function syncedOf(s: Situation, drift: readonly Drift[]): Said {
  if (s.definition?.presence === 'absent')
    return { status: 'False', reason: 'NotFound', message: 'Runtime not found in Azure.' };
  if (s.definition === undefined) return { ...UNSAID, message: 'Definition not checked; Ready says why.' };
  const { document, type } = s.definition.runtime;
  if (type === 'Managed' && !isIn(s.desired.managedVirtualNetwork, document)) {
    return { status: 'False', reason: 'Drifted', message: `The runtime is ${networkInWords(networkOf(document))}.` };
  }
  if (managing(s.desired) && s.status.claim === undefined && drift.length === 0) {
    return { ...UNSAID, message: 'The runtime in Azure is not managed by this object.' };
  }
  if (type !== 'Managed') {
    return { status: 'False', reason: 'Drifted', message: 'The runtime is of another type.' };
  }
  return drift.length === 0
    ? { status: 'True', reason: 'InSync', message: 'Azure matches the spec.' }
    : { status: 'False', reason: 'Drifted', message: `Drift: ${describeDrift(drift)}.` };
}

export function healthyOf({ state }: Situation): Said {
  if (state === undefined) return { status: 'Unknown', reason: 'Unknown', message: 'State not checked.' };
  const message = `Runtime state is ${state.slice(0, 80)}.`;
  const health = healthOf(state);
  if (health === 'unknown') return { status: 'Unknown', reason: 'Unknown', message };
  return { status: health === 'healthy' ? 'True' : 'False', reason: state, message };
}

/** Whether the state that was read means something else than the status tells. */
export function isHealthNews(s: Situation): boolean {
  return s.state !== undefined && condition(s.status, 'Healthy')?.status !== healthyOf(s).status;
}

/**
 * The message, which may name the request that failed. Each retry is another request: as long as the same is told as before,
 * the first one stays named, or the status would be written with every retry.
 */
export function traceable({ status }: Situation, { reason, message }: Pick<Said, 'reason' | 'message'>): string {
  const told = status.conditions.find((c) => c.reason === reason && isToldBy(c.message, message));
  return told?.message ?? message;
}

/** What is remembered is as it was shown. */
function isToldBy(before: string, message: string): boolean {
  return withoutRequestIds(visible(before)) === withoutRequestIds(visible(message));
}
