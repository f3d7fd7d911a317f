/**
 * The promise: a write that Azure refused, or said yes to and ignored, is made again slowly, while all that a read shows is
 * seen every interval. So a pass that withholds the write goes on as if the definition were as declared: the state is read,
 * and a Limited runtime is repaired by writing back what Azure has. What was told of the refusal stays told.
 *
 * When the next try is due: two designs. In the status, where a restart finds it: one Kubernetes write more for each try that
 * tells nothing new. Or this one: since when the object has been Stalled is in the status already, and when it was last
 * tried is remembered by the process (`Situation.triedAt`). A process that does not know counts its first pass as a try, so
 * that no restart makes a storm of writes; the next try comes an hour later at the most.
 */
import type { ReadyReason } from '../api/names.ts';
import type { Drift } from './model/fields.ts';
import { condition, operationOf } from './model/object.ts';
import { isDue } from './model/repairs.ts';
import { isAwaited } from './policies/operation.ts';
import { refusedPause } from './schedule.ts';
import {
  driftOf,
  isNewGeneration,
  isReconcileRequested,
  isRepairRequested,
  managing,
  type Situation,
} from './situation.ts';

/** Of the document alone: another one may be accepted. */
const OF_THE_DOCUMENT: readonly string[] = [
  'InvalidDefinition',
  'PolicyDenied',
  'NotApplied',
  'ManagedVirtualNetworkNotFound',
] satisfies readonly ReadyReason[];

const OF_EVERY_WRITE: readonly string[] = [
  'Locked',
  'Forbidden',
  'ProviderNotRegistered',
  'RequestRefused',
] satisfies readonly ReadyReason[];

/** Whether the status tells that what would be written now was refused. */
export function isRefusalTold(s: Situation): boolean {
  const { status, definition, desired, wrote } = s;
  const { reason = '' } = condition(status, 'Ready') ?? {};
  if (!managing(desired) || isNewGeneration(s) || ![...OF_THE_DOCUMENT, ...OF_EVERY_WRITE].includes(reason))
    return false;
  // An outage has hidden whether it is Stalled: the next try tells.
  if (status.unconfirmedSince !== undefined) return false;
  const operation = operationOf(status, 'creation') ?? operationOf(status, 'update');
  // What Azure has accepted has a clock of its own, as long as it may yet show.
  if (operation !== undefined && (reason === 'NotApplied' || isAwaited(s, operation))) return false;
  const synced = condition(status, 'Synced')?.reason;
  if (definition?.presence === 'absent') return synced === 'NotFound';
  // What a write of this pass left alone is contested, not refused.
  const isLeftAlone = ({ field }: Drift): boolean => wrote?.kind === 'update' && !wrote.fields.includes(field);
  return synced === 'Drifted' && !driftOf(s).every(isLeftAlone);
}

/** Whether it is not to be written in this pass. A repair that waits for it goes first. */
export function isWithheld(s: Situation): boolean {
  if (isReconcileRequested(s) || !isRefusalTold(s)) return false;
  if (s.definition?.presence === 'present' && isRepairFirst(s)) return true;
  const stalled = condition(s.status, 'Stalled');
  // Each pass reads whether the network is there by now.
  if (stalled === undefined || stalled.reason === 'ManagedVirtualNetworkNotFound') return false;
  const triedAt = Math.min(s.triedAt ?? s.now, s.now);
  const pause = refusedPause(triedAt - stalled.lastTransitionTime);
  // Polls come once an interval: one that is half an interval early is better than the next one.
  return s.now - triedAt < pause - Math.min(s.intervalMs, pause) / 2;
}

/** Whether a Limited runtime may be repaired on our own account: not where Azure refuses every write. */
export function permitsRepair(s: Situation): boolean {
  return !isRefusalTold(s) || OF_THE_DOCUMENT.includes(condition(s.status, 'Ready')?.reason ?? '');
}

function isRepairFirst(s: Situation): boolean {
  const { status, desired, now } = s;
  if (status.claim === undefined) return false;
  if (isRepairRequested(s)) return true;
  const isLimited = condition(status, 'Healthy')?.reason === 'Limited' && desired.repair.mode === 'Auto';
  return isLimited && permitsRepair(s) && isDue(status.repair, desired.repair.maxAttempts, now);
}
