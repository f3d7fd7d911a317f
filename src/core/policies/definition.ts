/** Is there a runtime, is it ours, and is it as declared? */

import { onFreshRead, onFreshReadOnce } from '../fresh-read.ts';
import { HIDDEN, mayHoldSecret } from '../model/declaration.ts';
import type { Desired } from '../model/desired.ts';
import type { Drift } from '../model/fields.ts';
import { looksCreatedBy } from '../model/fields.ts';
import { type Advice, shortened, someOf } from '../model/message.ts';
import { isIn } from '../model/network.ts';
import { condition, operationOf } from '../model/object.ts';
import { isMarked } from '../model/ownership.ts';
import { type Json, parentInWords, type RuntimeDocument, type RuntimeType } from '../model/runtime.ts';
import { isRefusalTold, isWithheld } from '../refusal.ts';
import { conflictBackoff, dependencyBackoff, periodic, type Requeue, RUNTIME_MISSING_MS } from '../schedule.ts';
import {
  type Action,
  driftOf,
  isNewGeneration,
  isReconcileRequested,
  managing,
  type Policy,
  type Situation,
} from '../situation.ts';
import { contestedUntil, isContestOpen } from '../status/contest.ts';
import { nextPass, progressing, STANDS, settle, stall, UNCHANGED } from './verdicts.ts';

/** Make sure the definition is known: from the shared list while the object is in sync, else read for this object alone. */
export const definitionIsKnown: Policy = (s) =>
  s.definition === undefined ? { kind: 'Read', at: 'definition', fresh: needsFreshRead(s) } : undefined;

function needsFreshRead(s: Situation): boolean {
  // What is read back after a write must not be what that write answered.
  if (s.wrote !== undefined || isNewGeneration(s) || isReconcileRequested(s)) return true;
  const inSync = condition(s.status, 'Synced')?.status === 'True';
  return managing(s.desired) && (s.status.claim === undefined || !inSync) && !isWatched(s);
}

/** What waits for a person or another writer is watched in the list, like what is in sync: a GET comes before a write. */
function isWatched({ status }: Situation): boolean {
  return condition(status, 'Stalled') !== undefined || condition(status, 'Ready')?.reason === 'Contested';
}

/** Make sure another kind of runtime is never touched. */
export const typeIsManaged: Policy = (s) => {
  if (s.definition?.presence !== 'present' || s.definition.runtime.type === 'Managed') return undefined;
  const unclaimed = s.object.hasFinalizer && s.status.claim === undefined;
  if (unclaimed) return onFreshRead(s, { kind: 'RemoveFinalizer' });
  return onFreshReadOnce(
    s,
    stall(s, 'TypeConflict', {
      what: `"${s.desired.id.name}" is ${TYPE_IN_WORDS(s.definition.runtime.type)}, which this operator does not manage.`,
      remedy: 'Use a different spec.azureName in a new object, or remove that runtime.',
    }),
  );
};

const TYPE_IN_WORDS = (type: RuntimeType): string => {
  if (typeof type === 'object') return `a runtime of the type ${type.unknown}`;
  return type === 'SelfHosted' ? 'a self-hosted runtime' : 'an Azure-SSIS runtime';
};

/** Make sure an observed runtime that does not exist is reported, and nothing more. */
export const observedExists: Policy = (s) =>
  !managing(s.desired) && s.definition?.presence === 'absent'
    ? onFreshRead(
        s,
        settle(
          progressing('NotFound', {
            what: `Runtime "${s.desired.id.name}" not found in ${parentInWords(s.desired.id.parent)}.`,
            remedy:
              'Check spec.azureName (to correct it, delete this object and apply it again: nothing in Azure is touched). ' +
              'This object only observes: create the runtime elsewhere, or set spec.managementPolicy: Manage to have it created.',
          }),
          dependencyBackoff(s.intervalMs),
        ),
      )
    : undefined;

/** Make sure a create that Azure refused is not made again with every poll. */
export const refusedCreateIsSpaced: Policy = (s) =>
  s.definition?.presence === 'absent' && s.wrote === undefined && isWithheld(s)
    ? settle(STANDS, nextPass(s))
    : undefined;

/** Make sure a claimed runtime is not made again for one wrong answer: two passes miss it, some seconds apart. */
export const absenceIsConfirmed: Policy = (s) => {
  const { definition, status, wrote, now, missingSince = now } = s;
  if (definition?.presence !== 'absent' || status.claim === undefined || wrote !== undefined) return undefined;
  // Also when the clock was set back.
  const left = RUNTIME_MISSING_MS - Math.max(now - missingSince, 0);
  return left > 0 ? onFreshRead(s, settle(UNCHANGED, { kind: 'after', ms: left })) : undefined;
};

/** Make sure a runtime is created only where Azure has just said that there is none. */
export const existsOrIsCreated: Policy = (s) => {
  if (s.definition?.presence !== 'absent') return undefined;
  // Read back after a write of this pass and not there: Azure shows later what it has.
  if (s.wrote !== undefined) return settle(UNCHANGED, conflictBackoff(s.intervalMs));
  const { status } = s;
  // One that Azure accepted to create, and never showed, is not missing: it was never there.
  const missing = status.claim !== undefined && operationOf(status, 'creation') === undefined;
  const create = { kind: 'Create', missing } as const;
  // What was to be adopted has gone. Its fields would hide from a later pass what this one makes.
  const isLeft = status.claim === undefined && status.ownedFields.length > 0;
  return isLeft ? { kind: 'StoreStatus', status: { ...status, ownedFields: [] }, before: create } : create;
};

/** Make sure a create that succeeded before a crash is recognised: the mark was stored, the claim was not. */
export const ownCreateIsRecognised: Policy = (s) => {
  const { desired, definition } = s;
  if (!mayHaveCreated(s) || definition?.presence !== 'present' || definition.runtime.type !== 'Managed')
    return undefined;
  const { document } = definition.runtime;
  const isOurs = isIn(desired.managedVirtualNetwork, document) && sentByCreate(s, document) !== undefined;
  return isOurs ? { kind: 'Claim' } : undefined;
};

/** What the create sent that this document is the answer to: the manifest may have changed since. */
export function sentByCreate({ object, desired }: Situation, document: RuntimeDocument): Desired['fields'] | undefined {
  const sent = object.mark?.sent ?? [desired.fields];
  return sent.findLast((fields) => looksCreatedBy(fields, document));
}

/** Whether a create of this very object may have taken effect unseen. */
export function mayHaveCreated({ object, status, desired }: Situation): boolean {
  // The fields are remembered before an adoption puts its own mark in the place of a create's.
  const cutShort = object.hasFinalizer && isMarked(object, 'Created') && status.ownedFields.length === 0;
  return managing(desired) && status.claim === undefined && cutShort;
}

/** Make sure an existing runtime is adopted only as the manifest permits. */
export const adoptionIsPermitted: Policy = (s) => {
  const { object, status, desired, definition } = s;
  if (!managing(desired) || status.claim !== undefined || definition?.presence !== 'present') return undefined;
  const changes = driftOf(s);
  const refusal = refuseAdoption(s, changes);
  if (refusal !== undefined) {
    // With it goes the mark of a create that a list need not show yet.
    if (object.hasFinalizer) return onFreshRead(s, { kind: 'RemoveFinalizer' });
    return onFreshReadOnce(s, stall(s, 'AdoptionRefused', refusal));
  }
  return isWithheld(s) ? settle(STANDS, nextPass(s)) : withManagedFields(s, { kind: 'Adopt', changes });
};

function refuseAdoption({ desired }: Situation, changes: readonly Drift[]): Advice | undefined {
  if (desired.adoptionPolicy === 'Never') {
    return {
      what: `Runtime "${desired.id.name}" exists, and adoptionPolicy: Never forbids its adoption.`,
      remedy: 'Set spec.adoptionPolicy: Always, or use a different spec.azureName in a new object.',
    };
  }
  if (desired.adoptionPolicy === 'IfIdentical' && changes.length > 0) {
    return {
      what:
        `Runtime "${desired.id.name}" exists and differs in ${someOf(changes.map(({ field }) => field))}; ` +
        'adoptionPolicy: IfIdentical forbids its adoption.',
      remedy: 'Declare what it has (status.drift), or set spec.adoptionPolicy: Always.',
    };
  }
  return undefined;
}

/** Make sure the runtime is as declared, without fighting over a field that another writer keeps changing back. */
export const driftIsCorrected: Policy = (s) => {
  if (!managing(s.desired) || s.wrote !== undefined || isWithheld(s)) return undefined;
  const changes = driftOf(s).filter(({ field }) => contestedUntil(s, field) === undefined);
  return changes.length > 0 ? withManagedFields(s, { kind: 'Update', changes }) : undefined;
};

/**
 * Stored before the write: a leaf that Azure has and no status names would never be reset, and a create that was recognised
 * in this pass would not be, once it is written over.
 */
function withManagedFields(s: Situation, before: Extract<Action, { kind: 'Adopt' | 'Update' }>): Action {
  const { object, status, desired } = s;
  const ownedFields = [...new Set([...status.ownedFields, ...desired.fields.keys()])].sort();
  const isClaimStored = status.claim === undefined || object.status.claim !== undefined;
  const isStored = isClaimStored && ownedFields.length === status.ownedFields.length;
  if (before.changes.length === 0 || isStored) return before;
  return { kind: 'StoreStatus', status: { ...status, ownedFields }, before };
}

/** Make sure a service that said yes and changed nothing is not believed. */
export const writeTookEffect: Policy = (s) => {
  if (!managing(s.desired) || s.wrote === undefined) return undefined;
  const written =
    s.wrote.kind === 'update' ? s.wrote.fields : s.wrote.kind === 'create' ? [...s.desired.fields.keys()] : [];
  const differing = driftOf(s).filter(({ field }) => written.includes(field));
  if (differing.length === 0) return undefined;
  return stall(s, 'NotApplied', {
    what: `Azure accepted the update but still reports ${describe(differing)}.`,
    remedy: `Check whether ${parentInWords(s.desired.id.parent)} allows this value, or declare what Azure reports.`,
  });
};

/**
 * Make sure what Azure refused, or ignored, is told until it is written or mended, whatever is done meanwhile. Where all that
 * is left is contested, it is mended.
 */
export const refusalStaysReported: Policy = (s) => {
  const drift = driftOf(s);
  const isMended = drift.length > 0 && drift.every(({ field }) => contestedUntil(s, field) !== undefined);
  return isRefusalTold(s) && !isMended ? settle(STANDS, nextTry(s)) : undefined;
};

/** A refused write is tried again by the first poll after it is due; where the object is not Stalled, with back-off. */
function nextTry(s: Situation): Requeue {
  return condition(s.status, 'Stalled') === undefined ? dependencyBackoff(s.intervalMs) : nextPass(s);
}

/** Make sure a contest over a field is told to people, until the field was left alone for long enough. */
export const contestIsReported: Policy = (s) => {
  if (!managing(s.desired)) return undefined;
  const contested = driftOf(s);
  if (contested.length === 0) return openContestIsReported(s);
  const ends = contested.flatMap(({ field }) => contestedUntil(s, field) ?? []);
  // Only after a write can drift be left that is not contested: another writer wrote in the same moment.
  if (ends.length < contested.length) return settle(UNCHANGED, conflictBackoff(s.intervalMs));
  const until = Math.min(...ends);
  return settle(
    progressing('Contested', contest(s, describe(contested))),
    until - s.now < s.intervalMs ? { kind: 'after', ms: until - s.now } : periodic(s.intervalMs),
  );
};

/** As declared at the moment; the other writer may be about to change it back. */
function openContestIsReported(s: Situation): Action | undefined {
  const open = s.status.corrections.filter((entry) => isContestOpen(s, entry)).map(({ field }) => field);
  if (open.length === 0) return undefined;
  const isTold = condition(s.status, 'Reconciling')?.reason === 'Contested' && !isNewGeneration(s);
  return settle(isTold ? STANDS : progressing('Contested', contest(s, someOf(open))), periodic(s.intervalMs));
}

function contest({ desired }: Situation, what: string): Advice {
  return {
    what: `Another writer keeps changing ${what}.`,
    remedy:
      `Look for another cluster, Terraform or the ${desired.id.parent.kind}'s own CI/CD that writes this runtime, ` +
      'and let only one of them declare the field.',
  };
}

/** As much as leaves room for the remedy; all of it is in status.drift. */
function describe(drift: readonly Drift[]): string {
  return someOf(
    drift.map(({ field, desired, observed }) => `${field} ${text(field, observed)} (want ${text(field, desired)})`),
    2,
  );
}

function text(field: string, value: Json): string {
  if (value === null) return 'nothing';
  return mayHoldSecret(field) ? HIDDEN : shortened(JSON.stringify(value));
}
