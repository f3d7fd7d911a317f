/**
 * A write that Azure has accepted and goes on with. No pass waits for it: it is remembered in the status, and later passes
 * see by looking what has become of it. It is over when the runtime shows what was written, or another etag than the one that
 * was to be replaced: what differs then was changed since, and is drift. Publishing touches etags and nothing else (recorded
 * for a factory): an operation that it makes look over is written once more, which changes nothing, and is counted as a
 * correction, so that a field is contested before that goes on for long. A deletion is not over by that: the other etag may
 * be that of a new runtime of another writer. A result that says why one failed is not asked for: nothing is known of its shape,
 * and where it is asked for would have to be remembered.
 *
 * Assumed, not recorded: Azure carries out the writes to one runtime in the order in which it accepted them.
 * So a person's next declaration, and a deletion, are written without waiting for what was accepted before.
 */
import type { ProgressReason } from '../../api/names.ts';
import { onFreshRead } from '../fresh-read.ts';
import { declarationHash } from '../model/desired.ts';
import { type Operation, operationCategory, operationOf } from '../model/object.ts';
import {
  dependencyBackoff,
  firstOperationPoll,
  OPERATION_MS,
  OPERATION_REPEATED_MS,
  operationPoll,
  REPAIR_SHOWS_MS,
  type Requeue,
} from '../schedule.ts';
import { type Action, driftOf, managing, type Policy, type Situation } from '../situation.ts';
import { isElsewhere } from './network.ts';
import { progressing, settle, stalled } from './verdicts.ts';

/** Make sure what Azure had only accepted is told once it is so. */
export const operationIsCompleted: Policy = (s) => {
  const { operation } = s.status;
  if (operation === undefined || s.wrote !== undefined) return undefined;
  if (!managing(s.desired) || s.definition?.presence !== 'present') return undefined;
  const differing = driftOf(s).map(({ field }) => field);
  const sort = operationCategory(operation.kind);
  const applied = sort === 'update' && !operation.fields.some((field) => differing.includes(field));
  const isOver = sort === 'update' && showsAnother(s, operation);
  return sort === 'creation' || applied || isOver ? onFreshRead(s, { kind: 'CompleteOperation' }) : undefined;
};

/** Make sure a runtime that Azure is creating is not created once more. */
export const pendingCreateIsAwaited: Policy = (s) => {
  const operation = operationOf(s.status, 'creation');
  if (operation === undefined || !managing(s.desired) || s.definition?.presence !== 'absent') return undefined;
  return isAwaited(s, operation) ? onFreshRead(s, wait(s, operation)) : undefined;
};

/** Make sure a definition that Azure is about to take over is not written once more. */
export const pendingUpdateIsAwaited: Policy = (s) => {
  const operation = operationOf(s.status, 'update');
  if (operation === undefined || !managing(s.desired) || s.definition?.presence !== 'present') return undefined;
  if (!isAwaited(s, operation)) return undefined;
  return s.state === undefined ? { kind: 'Read', at: 'state' } : onFreshRead(s, wait(s, operation));
};

/** Make sure a runtime that Azure is still creating does not appear after its object is gone. */
export const pendingCreateBlocksDeletion: Policy = (s) => {
  const operation = operationOf(s.status, 'creation');
  if (operation === undefined || !isYetToCome(s)) return undefined;
  if (s.now - operation.time >= OPERATION_MS) return undefined;
  const message = {
    what: 'Azure is still creating the runtime.',
    remedy: 'It is deleted as soon as it appears.',
  };
  return onFreshRead(s, settle(progressing('Deleting', message), nextOperationPoll(s)));
};

/** Whether Azure shows no runtime, or one that it cannot have made for this object: what it was asked to create may yet come. */
export function isYetToCome(s: Situation): boolean {
  const { definition } = s;
  if (definition?.presence !== 'present') return definition?.presence === 'absent';
  return definition.runtime.type !== 'Managed' || isElsewhere(s);
}

/** Make sure a runtime that Azure is deleting is not deleted once more. */
export const pendingDeleteIsAwaited: Policy = (s) => {
  const operation = operationOf(s.status, 'deletion');
  return operation !== undefined && isBeingDeleted(s) ? onFreshRead(s, wait(s, operation)) : undefined;
};

/** Whether Azure has accepted a deletion and may still be carrying it out. */
export function isBeingDeleted(s: Situation): boolean {
  const operation = operationOf(s.status, 'deletion');
  return operation !== undefined && isUnderWay(s, operation);
}

/** Whether Azure has accepted to write the definition once more and may still be doing it. */
export function isBeingRepaired(s: Situation): boolean {
  const operation = operationOf(s.status, 'repair');
  return operation !== undefined && s.now - operation.time < REPAIR_SHOWS_MS;
}

/** Whether the runtime was written since: by Azure for us, or by another writer after that. */
function showsAnother({ definition }: Situation, { replacedEtag }: Operation): boolean {
  if (replacedEtag === undefined || definition?.presence !== 'present') return false;
  return definition.runtime.etag !== replacedEtag;
}

/** Whether Azure may yet do what is declared, so that it is not written once more. */
export function isAwaited(s: Situation, operation: Operation): boolean {
  return operation.specHash === declarationHash(s.desired) && isUnderWay(s, operation);
}

function isUnderWay({ now }: Situation, { time, repeated }: Operation): boolean {
  return now - time < (repeated ? OPERATION_REPEATED_MS : OPERATION_MS);
}

/** When to read what has become of an operation. */
export function nextOperationPoll({ wrote, intervalMs }: Situation): Requeue {
  return wrote === undefined ? operationPoll(intervalMs) : firstOperationPoll(intervalMs);
}

function wait(s: Situation, { kind, repeated }: Operation): Action {
  const { reason, what } = SAID[kind];
  if (!repeated) {
    const message = { what: `Azure accepted ${what}.`, remedy: 'Waiting for it to take effect.' };
    return settle(progressing(reason, message), nextOperationPoll(s));
  }
  const message = {
    what: `Azure accepted ${what} more than once, but does not show it.`,
    remedy: `Look for the failed operation in Azure's activity log: az monitor activity-log list --resource-group "${s.desired.id.parent.resourceGroup}" (read again with back-off).`,
  };
  return settle(stalled('NotApplied', message), dependencyBackoff(s.intervalMs));
}

const UPDATE = { reason: 'Updating', what: 'the definition' } as const;
const CREATE = { reason: 'Creating', what: 'the request to create the runtime' } as const;
const SAID: Readonly<Record<Operation['kind'], { readonly reason: ProgressReason; readonly what: string }>> = {
  Create: CREATE,
  Recreate: CREATE,
  Adopt: UPDATE,
  Update: UPDATE,
  Correct: UPDATE,
  Repair: { reason: 'Repairing', what: 'the definition' },
  Delete: { reason: 'Deleting', what: 'the request to delete the runtime' },
};
