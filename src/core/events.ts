/** Every event, worded in one place: what a pass has done, and the transitions of a status. */
import type { EventReason } from '../api/names.ts';
import { HIDDEN, mayHoldSecret } from './model/declaration.ts';
import type { Desired } from './model/desired.ts';
import type { OperatorEvent } from './model/event.ts';
import { type Failure, toldBy } from './model/failure.ts';
import type { Drift } from './model/fields.ts';
import { type Advice, inFull, type Message } from './model/message.ts';
import { condition, type Operation, type Status } from './model/object.ts';
import type { Json, Parent } from './model/runtime.ts';
import { managing, type RepairAttempt, type Situation, wasInSync } from './situation.ts';

const normal = (reason: EventReason, message: string): OperatorEvent => ({ type: 'Normal', reason, message });

/** The object has just been created, or created again, in Azure. */
export function created(kind: Operation['kind']): OperatorEvent {
  return normal('Created', kind === 'Recreate' ? 'The runtime was created again.' : 'The runtime was created.');
}

export const RECOGNISED = normal(
  'Created',
  'The runtime already exists in Azure: an earlier request for this object created it.',
);

/** `changes` in words; empty when nothing had to be changed. */
export function adopted(changes: string): OperatorEvent {
  const changed = changes === '' ? 'nothing to change' : `updated ${changes}`;
  return normal('Adopted', `Adopted existing runtime; ${changed}.`);
}

/** What a person has declared anew is so now; `changes` in words. */
export function updated(changes: string): OperatorEvent {
  return normal('Updated', `Updated ${changes}.`);
}

/** Told of the object that takes over. */
export function takenOver(from: string): OperatorEvent {
  return normal('TakenOver', `${from} is being deleted: this object takes over its runtime.`);
}

export const MISSING_RUNTIME = normal('DriftDetected', 'The runtime was missing in Azure.');

export function driftDetected(drift: readonly Drift[]): OperatorEvent {
  return normal('DriftDetected', describeDrift(drift));
}

/** `changes` in words. */
export function driftCorrected(changes: string): OperatorEvent {
  return normal('DriftCorrected', `Corrected drift: ${changes}.`);
}

export function networkCreated(name: string): OperatorEvent {
  return normal(
    'ManagedVirtualNetworkCreated',
    `Created the managed virtual network ${name}; it cannot be deleted later.`,
  );
}

export function repairStarted(attempt: RepairAttempt): OperatorEvent {
  const which = attempt.by === 'operator' ? `attempt ${attempt.number} of ${attempt.of}` : 'requested by annotation';
  return normal('RepairStarted', `Repair ${which}: re-applied the definition.`);
}

export function authoringEnabled(minutes: number, byUs: boolean): OperatorEvent {
  const what = byUs ? 'is enabled' : 'was enabled already';
  return normal(
    'InteractiveAuthoringEnabled',
    `Interactive authoring ${what}; Azure ends it ${minutes} minutes after the last use.`,
  );
}

const ASK_AGAIN = 'Set the annotation to a new value to ask again.';

/** Why a repair that a person asked for was not made, and is not tried again by itself. */
export function repairRefused({ what, remedy = '', ...rest }: Message): OperatorEvent {
  const why = {
    ...rest,
    what: `The requested repair was not made. ${what}`,
    remedy: `${remedy} ${ASK_AGAIN}`.trimStart(),
  };
  return { type: 'Warning', reason: 'RepairFailed', message: inFull(why) };
}

export function authoringRefused(failure: Failure): OperatorEvent {
  const { what, remedy = '', ...rest } = toldBy(failure);
  return authoringFailed({
    ...rest,
    what: `Interactive authoring was refused. ${what}`,
    remedy: `${remedy} ${ASK_AGAIN}`.trimStart(),
  });
}

export const AUTHORING_NOT_ENABLED = authoringFailed({
  what: 'Azure accepted the request, but did not enable interactive authoring within 10 minutes.',
  remedy: ASK_AGAIN,
});

function authoringFailed(message: Advice): OperatorEvent {
  return { type: 'Warning', reason: 'InteractiveAuthoringFailed', message: inFull(message) };
}

/** A person set an annotation that cannot have an effect. */
export function askedInVain(annotation: string, why: string): OperatorEvent {
  return { type: 'Warning', reason: 'AnnotationRejected', message: `${annotation} has no effect. ${why} ${ASK_AGAIN}` };
}

/** Why an object that was being deleted lost its finalizer. */
export const released = {
  deleted: normal('Deleted', 'The runtime was deleted.'),
  alreadyGone: normal('Deleted', 'The runtime was already gone.'),
  withParent: (kind: Parent['kind']) =>
    normal('Deleted', `The runtime was deleted together with its ${kind} or resource group.`),
  handedOver: (key: string) => normal('HandedOver', `${key} declares the same runtime and takes over.`),
  claimedByAnother: (key: string) => normal('HandedOver', `${key} has claimed the same runtime.`),
  observed: normal('Retained', 'The object only observed the runtime, which stays in Azure.'),
  unclaimed: normal('Retained', 'This object had not claimed a runtime: nothing is deleted in Azure.'),
  untold: normal(
    'Retained',
    'The finalizer was removed, so the operator does nothing more. Whether the runtime still exists is not known: check it in Azure.',
  ),
  retained: normal('Retained', 'deletionPolicy is Retain: the runtime stays in Azure.'),
  retainedLate: normal(
    'Retained',
    'deletionPolicy is Retain, but Azure had already accepted the deletion: check whether the runtime is still there.',
  ),
  adopted: normal('Retained', 'The runtime was adopted, not created, by this object: it stays in Azure.'),
  otherType: normal('Retained', 'The name now belongs to a runtime of another type, which stays in Azure.'),
  otherNetwork: (whereabouts: string) =>
    normal('Retained', `The name now belongs to another runtime, which stays in Azure: ${whereabouts}`),
} as const;

/** The events of a status that changed: one for each transition, none for a status that stands. Trouble is told by `heard`. */
export function transitions(
  { desired, object }: Pick<Situation, 'desired' | 'object'>,
  before: Status,
  after: Status,
): OperatorEvent[] {
  const isDrift = wasInSync({ status: before, desired }) && after.operation?.kind !== 'Adopt';
  return [
    ...(managing(desired) && startsToDrift(before, after) && isDrift ? [driftDetected(after.drift)] : []),
    ...suspension(object, before, after),
    ...identityAccepted(before, after),
    ...(isRepaired(desired, before, after)
      ? [normal('Repaired', `The runtime is ${after.state} after a repair.`)]
      : []),
  ];
}

function suspension({ deleting }: Situation['object'], before: Status, after: Status): OperatorEvent[] {
  const [was, is] = [condition(before, 'Ready'), condition(after, 'Ready')];
  const [wasSuspended, isSuspended] = [was, is].map((ready) => ready?.reason === 'Suspended');
  if (is === undefined || wasSuspended === isSuspended) return [];
  if (isSuspended) return [normal('Suspended', is.message)];
  return deleting ? [] : [normal('Resumed', 'The runtime is reconciled again.')];
}

function identityAccepted({ claim: was }: Status, { claim: is }: Status): OperatorEvent[] {
  if (was === undefined || is === undefined || was.identity === is.identity) return [];
  return [normal('IdentityAccepted', `The runtime is now managed as ${is.identity}, no longer as ${was.identity}.`)];
}

/** Whether the runtime is healthy after a repair, by us or one that a person asked for, whose effect was yet to be seen. */
function isRepaired({ repair }: Desired, before: Status, after: Status): boolean {
  if (condition(after, 'Healthy')?.status !== 'True') return false;
  const asked = after.lastHandledRepairAt !== before.lastHandledRepairAt || before.operation?.kind === 'Repair';
  const { attempts = 0, nextAttemptTime, lastAttemptTime = 0 } = before.repair ?? {};
  // Not well since before the last one: what has fallen ill since was not its to mend.
  const { status: healthy = 'True', lastTransitionTime = 0 } = condition(before, 'Healthy') ?? {};
  const wasLast = attempts >= repair.maxAttempts && healthy !== 'True' && lastTransitionTime <= lastAttemptTime;
  const made = (nextAttemptTime !== undefined || wasLast) && after.repair !== undefined;
  return made || (asked && condition(before, 'Healthy')?.reason === 'Limited');
}

/** Whether the status begins to show drift. */
export function startsToDrift(before: Status, after: Pick<Status, 'drift'>): boolean {
  return before.drift.length === 0 && after.drift.length > 0;
}

/** What differs, as found and as declared. */
export function describeDrift(drift: readonly Drift[]): string {
  return drift
    .map(({ field, desired, observed }) => `${field} is ${text(field, observed)}, want ${text(field, desired)}`)
    .join('; ');
}

/** What was changed in leaves that were not as they should be; a leaf that is not `declared` any more returns to Azure's default. */
export function describeChanges(drift: readonly Drift[], declared: ReadonlySet<string>): string {
  return drift
    .map(({ field, desired, observed }) => {
      const why = declared.has(field) ? '' : ' (no longer declared)';
      return `${field} ${text(field, observed)} → ${text(field, desired)}${why}`;
    })
    .join('; ');
}

function text(field: string, value: Json): string {
  if (value === null) return 'unset';
  return mayHoldSecret(field) ? HIDDEN : JSON.stringify(value).slice(0, 200);
}
