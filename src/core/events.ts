/** Every event, worded in one place: what a pass has done, and the transitions of a status. */
import { ANNOTATION, type EventReason, WARNING_REASONS, type WarningReason } from '../api/names.ts';
import { visible } from '../api/visible.ts';
import type { Desired } from './model/desired.ts';
import type { OperatorEvent } from './model/event.ts';
import type { Drift } from './model/fields.ts';
import { type Condition, condition, type Operation, type Status } from './model/object.ts';
import type { Json, Parent } from './model/runtime.ts';
import { managing, type RepairAttempt, type Situation, wasInSync } from './situation.ts';

const normal = (reason: EventReason, message: string): OperatorEvent => ({ type: 'Normal', reason, message });

/** The object has just been created, or created again, in Azure. */
export function created(kind: Operation['kind']): OperatorEvent {
  return normal('Created', kind === 'Recreate' ? 'The runtime was created again.' : 'The runtime was created.');
}

export const RECOGNISED = normal(
  'Created',
  'The runtime exists in Azure as declared: an earlier create of this object.',
);

/** `changes` in words; empty when nothing had to be changed. */
export function adopted(changes: string): OperatorEvent {
  const changed = changes === '' ? 'nothing to change' : `updated ${changes}`;
  return normal('Adopted', `Adopted existing runtime; ${changed}.`);
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
    `The managed virtual network ${name} was created; it can never be deleted.`,
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

export function authoringRefused(message: string): OperatorEvent {
  return authoringFailed(`Azure refuses to enable interactive authoring: ${message}`);
}

export const AUTHORING_NOT_ENABLED = authoringFailed(
  'Azure accepted the request, and interactive authoring was not enabled within 10 minutes.',
);

function authoringFailed(message: string): OperatorEvent {
  return { type: 'Warning', reason: 'InteractiveAuthoringFailed', message: `${message} ${ASK_AGAIN}` };
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
    normal('Deleted', `Runtime was deleted together with its ${kind} or resource group.`),
  handedOver: (key: string) => normal('HandedOver', `${key} declares the same runtime and takes over.`),
  claimedByAnother: (key: string) => normal('HandedOver', `${key} has claimed the same runtime.`),
  observed: normal('Retained', 'The object only observed the runtime, which stays in Azure.'),
  unclaimed: normal('Retained', 'This object had not claimed a runtime: nothing is deleted in Azure.'),
  retained: normal('Retained', 'deletionPolicy is Retain: the runtime stays in Azure.'),
  retainedLate: normal(
    'Retained',
    'deletionPolicy is Retain, but Azure had already accepted the deletion: check whether the runtime is still there.',
  ),
  adopted: normal('Retained', 'The runtime was adopted, not created, by this object: it stays in Azure.'),
  otherType: normal('Retained', 'The name belongs to another kind of runtime now, which stays in Azure.'),
  otherNetwork: (whereabouts: string) =>
    normal('Retained', `The name belongs to another runtime now, which stays in Azure: ${whereabouts}`),
} as const;

/** The events of a status that changed: one for each transition, none for a status that stands. */
export function transitions({ desired }: Pick<Situation, 'desired'>, before: Status, after: Status): OperatorEvent[] {
  const isDrift = wasInSync({ status: before, desired }) && after.operation?.kind !== 'Adopt';
  return [
    ...(managing(desired) && startsToDrift(before, after) && isDrift ? [driftDetected(after.drift)] : []),
    ...observedDrift(before, after),
    ...(isRepaired(desired, before, after)
      ? [normal('Repaired', `The runtime is ${after.state} after a repair.`)]
      : []),
    ...contestBegins(before, after),
    ...stallOrRejection(before, after),
  ];
}

/** A stall that tells of a rejected annotation is an event by itself; within a stall, each rejected value is one. */
function stallOrRejection(before: Status, after: Status): OperatorEvent[] {
  const begins = stallBegins(before, after);
  if (begins.length > 0) return begins;
  const [was, is] = [before, after].map((status) => rejectionIn(condition(status, 'Stalled')?.message));
  return is === undefined || is === was ? [] : [{ type: 'Warning', reason: 'AnnotationRejected', message: is }];
}

/** What a message says of an annotation by which a person accepts an identity that is not in use. */
export function identityRejected(value: string, identity: string): string {
  return `${REJECTED}"${visible(value)}", which is not ${identity}.`;
}

const REJECTED = `${ANNOTATION.acceptIdentity} is `;

function rejectionIn(message: string | undefined): string | undefined {
  const at = message?.indexOf(REJECTED) ?? -1;
  return at < 0 ? undefined : message?.slice(at);
}

/** Only a person can end it, so it is a Warning: of each set of fields one, also of what differed from the start. */
function observedDrift(before: Status, after: Status): OperatorEvent[] {
  const [was, is] = [condition(before, 'Ready'), condition(after, 'Ready')];
  if (is?.reason !== 'Drifted' || (was?.reason === 'Drifted' && was.message === is.message)) return [];
  return [{ type: 'Warning', reason: 'DriftDetected', message: is.message }];
}

function contestBegins(before: Status, after: Status): OperatorEvent[] {
  const [was, is] = [condition(before, 'Ready'), condition(after, 'Ready')];
  return is?.reason === 'Contested' && was?.reason !== 'Contested' ? warning(is) : [];
}

/** A person is needed, or for another reason than before. Who suspends an object knows that it is. */
export function stallBegins(before: Status, after: Status): OperatorEvent[] {
  const [was, is] = [condition(before, 'Stalled'), condition(after, 'Stalled')];
  return is !== undefined && is.reason !== was?.reason ? warning(is) : [];
}

function warning({ reason, message }: Condition): OperatorEvent[] {
  return isWarningReason(reason) ? [{ type: 'Warning', reason, message }] : [];
}

function isWarningReason(reason: string): reason is WarningReason {
  return (WARNING_REASONS as readonly string[]).includes(reason);
}

/** Whether the runtime is healthy after a repair, by us or one that a person asked for, whose effect was yet to be seen. */
function isRepaired({ repair }: Desired, before: Status, after: Status): boolean {
  if (condition(after, 'Healthy')?.status !== 'True') return false;
  const asked = after.lastHandledRepairAt !== before.lastHandledRepairAt || before.operation?.kind === 'Repair';
  const { attempts = 0, nextAttemptTime } = before.repair ?? {};
  const wasLast = attempts >= repair.maxAttempts && condition(before, 'Healthy')?.status !== 'True';
  const made = (nextAttemptTime !== undefined || wasLast) && after.repair !== undefined;
  return made || (asked && condition(before, 'Healthy')?.reason === 'Limited');
}

/** Whether the status begins to show drift. */
export function startsToDrift(before: Status, after: Pick<Status, 'drift'>): boolean {
  return before.drift.length === 0 && after.drift.length > 0;
}

/** What differs, as found and as declared. */
export function describeDrift(drift: readonly Drift[]): string {
  return drift.map(({ field, desired, observed }) => `${field} is ${text(observed)}, want ${text(desired)}`).join('; ');
}

/** What was changed in leaves that were not as they should be. */
export function describeChanges(drift: readonly Drift[]): string {
  return drift.map(({ field, desired, observed }) => `${field} ${text(observed)} → ${text(desired)}`).join('; ');
}

function text(value: Json): string {
  return value === null ? 'nothing' : JSON.stringify(value).slice(0, 200);
}
