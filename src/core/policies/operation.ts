/**
 * A write that Azure has accepted and goes on with. No pass waits for it: it is remembered in the status, and later passes
 * see by looking what has become of it. It is over when the runtime shows what was written, or another etag than the one that
 * was to be replaced: what differs then was changed since, and is drift. Publishing touches etags and nothing else (recorded
 * for a factory): an operation that it makes look over is written once more, which changes nothing, and is counted as a
 * correction, so that a field is contested before that goes on for long. A deletion is not over by that: the other etag may
 * be that of somebody's new runtime. A result that says why one failed is not asked for: nothing is known of its shape,
 * and where it is asked for would have to be remembered.
 *
 * Assumed, for nobody has recorded it: Azure carries out the writes to one runtime in the order in which it accepted them.
 * So a person's next declaration, and a deletion, are written without waiting for what was accepted before.
 */
import { declarationHash } from '../desired.ts';
import { type Operation, operationOf, sortOf } from '../object.ts';
import {
  begun,
  type Next,
  OPERATION_MS,
  OPERATION_REPEATED_MS,
  REPAIR_SHOWS_MS,
  settling,
  waiting,
} from '../schedule.ts';
import { type Action, driftOf, managing, type Policy, type Situation } from '../situation.ts';
import { progressing, settle, stalled } from '../verdicts.ts';
import { proven } from './definition.ts';

/** Make sure what Azure had only accepted is told once it is so. */
export const operationIsConcluded: Policy = (s) => {
  const { operation } = s.memory;
  if (operation === undefined || s.wrote !== undefined) return undefined;
  if (!managing(s.desired) || s.definition?.presence !== 'present') return undefined;
  const differing = driftOf(s).map(({ field }) => field);
  const sort = sortOf(operation.kind);
  const applied = sort === 'update' && !operation.fields.some((field) => differing.includes(field));
  const isOver = sort === 'update' && showsAnother(s, operation);
  return sort === 'creation' || applied || isOver ? proven(s, { kind: 'Conclude' }) : undefined;
};

/** Make sure a runtime that Azure is creating is not created once more. */
export const creationIsAwaited: Policy = (s) => {
  const operation = operationOf(s.memory, 'creation');
  if (operation === undefined || !managing(s.desired) || s.definition?.presence !== 'absent') return undefined;
  return isDeclared(s, operation) && isUnderWay(s, operation) ? proven(s, wait(s, operation)) : undefined;
};

/** Make sure a definition that Azure is about to take over is not written once more. */
export const updateIsAwaited: Policy = (s) => {
  const operation = operationOf(s.memory, 'update');
  if (operation === undefined || !managing(s.desired) || s.definition?.presence !== 'present') return undefined;
  if (!isDeclared(s, operation) || !isUnderWay(s, operation)) return undefined;
  return s.state === undefined ? { kind: 'Look', at: 'state' } : proven(s, wait(s, operation));
};

/** Make sure a runtime that Azure is still creating does not appear after its object is gone. */
export const creationIsAwaitedByDeletion: Policy = (s) => {
  const operation = operationOf(s.memory, 'creation');
  if (operation === undefined || s.definition?.presence !== 'absent') return undefined;
  if (s.now - operation.time >= OPERATION_MS) return undefined;
  const message = 'Azure is still creating the runtime, which is deleted as soon as it is there.';
  return proven(s, settle(progressing('Deleting', message), nextLook(s)));
};

/** Make sure a runtime that Azure is deleting is not deleted once more. */
export const deletionIsAwaited: Policy = (s) => {
  const operation = operationOf(s.memory, 'deletion');
  return operation !== undefined && isBeingDeleted(s) ? proven(s, wait(s, operation)) : undefined;
};

/** Whether Azure has accepted a deletion and may still be carrying it out. */
export function isBeingDeleted(s: Situation): boolean {
  const operation = operationOf(s.memory, 'deletion');
  return operation !== undefined && isUnderWay(s, operation);
}

/** Whether Azure has accepted to write the definition once more and may still be doing it. */
export function isBeingRepaired(s: Situation): boolean {
  const operation = operationOf(s.memory, 'repair');
  return operation !== undefined && s.now - operation.time < REPAIR_SHOWS_MS;
}

/** Whether somebody has written the runtime since: Azure for us, or somebody else after that. */
function showsAnother({ definition }: Situation, { replacedEtag }: Operation): boolean {
  if (replacedEtag === undefined || definition?.presence !== 'present') return false;
  return definition.runtime.etag !== replacedEtag;
}

function isDeclared({ desired }: Situation, operation: Operation): boolean {
  return operation.specHash === declarationHash(desired);
}

function isUnderWay({ now }: Situation, { time, repeated }: Operation): boolean {
  return now - time < (repeated ? OPERATION_REPEATED_MS : OPERATION_MS);
}

/** When to look what has become of an operation. */
export function nextLook({ wrote, intervalMs }: Situation): Next {
  return wrote === undefined ? settling(intervalMs) : begun(intervalMs);
}

function wait(s: Situation, { kind, repeated }: Operation): Action {
  const { reason, what } = SAID[kind];
  if (!repeated) {
    return settle(progressing(reason, `Azure has accepted ${what} and goes on with it.`), nextLook(s));
  }
  const message = `Azure has accepted ${what} more than once, and does not show it. Look for the failed operation in Azure's activity log.`;
  return settle(stalled('NotApplied', message), waiting(s.intervalMs));
}

const UPDATE = { reason: 'Updating', what: 'the definition' };
const CREATE = { reason: 'Creating', what: 'the creation of the runtime' };
const SAID: Readonly<Record<Operation['kind'], { readonly reason: string; readonly what: string }>> = {
  Create: CREATE,
  Recreate: CREATE,
  Adopt: UPDATE,
  Update: UPDATE,
  Correct: UPDATE,
  Repair: { reason: 'Repairing', what: 'the definition' },
  Delete: { reason: 'Deleting', what: 'the deletion of the runtime' },
};
