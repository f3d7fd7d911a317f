/**
 * Trouble as people hear of it: one Warning for each reason and cause, and one `Recovered` when the object is well again.
 *
 * Two designs for what was told. (a) The process remembers it: nothing to store, but every restart tells the trouble of all objects
 * anew, and forgets who is owed a `Recovered`. (b) This one, `status.warnings`: a Warning of a wait costs a write of the status
 * (other Warnings come with one anyway), and a restart tells nothing twice. What was told is forgotten once the object is well,
 * or a person suspends it.
 *
 * Trouble of an identity, a subscription or all of Azure can be that of thousands of objects at once. Their events wait for room
 * (`mayTell`): what finds none is not noted as told, so that a later pass tries again. The other way, a queue of events in the
 * process, would lose the `Recovered` of objects with every restart.
 */
import { createHash } from 'node:crypto';
import { LIMITS } from '../api/limits.ts';
import {
  DOWN_STATES,
  type EventReason,
  PROGRESS_REASONS,
  TRANSIENT_REASONS,
  WARNING_REASONS,
  type WarningReason,
} from '../api/names.ts';
import { visible } from '../api/visible.ts';
import type { OperatorEvent } from './model/event.ts';
import { type Condition, condition, type Status, type Told } from './model/object.ts';
import { withoutRequestIds } from './model/request-ids.ts';
import { MINUTE } from './schedule.ts';
import type { Situation, Verdict } from './situation.ts';
import { REPAIR_UNMADE } from './waits.ts';

/** What is known of the pass that ends with a status. */
export interface Hearing extends Pick<Situation, 'now' | 'intervalMs' | 'failure' | 'failingSince'> {
  /** Undefined: nothing was decided about the object. */
  readonly verdict: Verdict | undefined;
  /** The other events of the pass. */
  readonly told: readonly OperatorEvent[];
  /** Whether there is room for one more event that many objects may have in common; takes it. */
  readonly mayTell: () => boolean;
}

export interface Heard {
  /** The status, with what is now told of it. */
  readonly status: Status;
  readonly events: readonly OperatorEvent[];
}

interface Trouble {
  readonly event: OperatorEvent;
  readonly told: Told;
  /** Milliseconds until it has lasted for long enough to be told. */
  readonly dueMs: number;
}

/** What people hear at the end of a pass. */
export function heard(pass: Hearing, before: Status, after: Status): Heard {
  const open = openWarnings(before).filter(({ reason }) => !pass.told.some((event) => ENDS[event.reason]?.has(reason)));
  // What is known by the conditions need not be noted, too: an upgrade writes no status for it.
  const stands = noted(
    after,
    open.filter((each) => has(after.warnings ?? [], each) || !has(openWarnings(after), each)),
  );
  if (!isCurrent(pass, after)) return stands;
  if (isSuspended(after)) return noted(after, []);
  const trouble = troubleOf(pass, after);
  if (trouble !== undefined) {
    const isNew = !has(open, trouble.told) && trouble.dueMs <= 0;
    const isTold = isNew && (!isShared(trouble.told) || pass.mayTell());
    return isTold ? noted(after, [...open, trouble.told], trouble.event) : stands;
  }
  if (open.length === 0 || !isWell(after)) return stands;
  const isRepaired = pass.told.some(({ reason }) => reason === 'Repaired');
  const over = open.filter(({ reason }) => !(isRepaired && OF_REPAIRS.includes(reason)));
  if (over.length === 0) return noted(after, []);
  return !over.every(isShared) || pass.mayTell() ? noted(after, [], recovered(over, after)) : stands;
}

/** Milliseconds until the trouble that this status shows is told; undefined when there is none that is yet to be. */
export function warningDueMs(pass: Hearing, status: Status): number | undefined {
  const trouble = troubleOf(pass, status);
  if (trouble === undefined || trouble.dueMs <= 0 || has(openWarnings(status), trouble.told)) return undefined;
  return trouble.dueMs;
}

/** Whether a person has come to be needed, or for another reason than before. Who suspends an object knows that it is. */
export function stallBegins(before: Status, after: Status): boolean {
  const [was, is] = [condition(before, 'Stalled'), condition(after, 'Stalled')];
  return is !== undefined && is.reason !== was?.reason && isWarningReason(is.reason);
}

/** Some events say themselves that a trouble is over. */
const ENDS: Partial<Record<EventReason, ReadonlySet<string>>> = {
  Adopted: new Set(['AdoptionRefused']),
  IdentityAccepted: new Set(['CredentialsInvalid']),
  RepairStarted: new Set(['Limited', 'RepairExhausted', 'RepairFailed']),
};

/** `Repaired` says that these are over, too: what was to be repaired, and what kept a repair from being made. */
const OF_REPAIRS: readonly string[] = [
  ...['Limited', 'RepairExhausted', 'RepairFailed'],
  ...['Forbidden', 'PolicyDenied', 'Locked', 'InvalidDefinition', 'ProviderNotRegistered'],
];

/** Of the whole of Azure: one Warning is enough, however it shows. */
const TRANSIENT: readonly string[] = TRANSIENT_REASONS;
const SHARED: readonly string[] = [...TRANSIENT, 'CredentialsInvalid', 'SubscriptionNotFound'];
/** What somebody else may be creating. */
const MAY_COME: readonly string[] = [
  'FactoryNotFound',
  'WorkspaceNotFound',
  'ManagedVirtualNetworkNotFound',
  'NotFound',
];
/** Says what it waits for by its own event. */
const EVENT_OF: Readonly<Record<string, EventReason>> = {
  Drifted: 'DriftDetected',
  Deleting: 'DeletionWaits',
  Repairing: 'RepairFailed',
};

/** A status that stands tells nothing, unless this pass has met once more what it cannot confirm. */
function isCurrent({ verdict, failure }: Hearing, after: Status): boolean {
  if (verdict === undefined) return false;
  return verdict.kind !== 'Unchanged' || (failure !== undefined && after.unconfirmedSince !== undefined);
}

function isSuspended(status: Status): boolean {
  return condition(status, 'Ready')?.reason === 'Suspended';
}

function isWell(status: Status): boolean {
  return condition(status, 'Ready')?.status === 'True' && condition(status, 'Reconciling') === undefined;
}

function troubleOf(pass: Hearing, status: Status): Trouble | undefined {
  const shown = condition(status, 'Stalled') ?? condition(status, 'Reconciling');
  if (shown === undefined) return undefined;
  const isPlanned = pass.verdict?.kind === 'Decided' && pass.verdict.isPlanned === true;
  const reason = EVENT_OF[shown.reason] ?? shown.reason;
  if (!(isWarningReason(reason) || isEventOf(reason)) || isProgress(shown, status)) return undefined;
  return {
    event: { type: isPlanned ? 'Normal' : 'Warning', reason, message: inFull(shown, status) },
    told: toldOf(shown, status),
    dueMs: isPlanned ? 0 : maxWaitMs(shown, pass.intervalMs) - lastedMs(pass, status),
  };
}

function isWarningReason(reason: string): reason is WarningReason {
  return (WARNING_REASONS as readonly string[]).includes(reason);
}

function isEventOf(reason: string): reason is EventReason {
  return Object.values<string>(EVENT_OF).includes(reason);
}

/** Azure is at work, which has deadlines of its own. */
function isProgress({ type, reason }: Condition, { waitingSince }: Status): boolean {
  if (reason === 'Repairing' && waitingSince?.reason === REPAIR_UNMADE) return false;
  return type === 'Reconciling' && reason !== 'Deleting' && (PROGRESS_REASONS as readonly string[]).includes(reason);
}

/** How long a wait is nothing to speak of. */
function maxWaitMs({ type, reason }: Condition, intervalMs: number): number {
  if (type === 'Stalled' || reason === 'Contested') return 0;
  if (reason === 'Deleting') return MINUTE;
  return Math.min(intervalMs, MINUTE) * (MAY_COME.includes(reason) ? 2 : 1);
}

/** For how long the trouble has been met, also before the status showed it. */
function lastedMs({ now, failure, failingSince }: Hearing, { waitingSince, unconfirmedSince }: Status): number {
  const failing = failure === undefined ? undefined : failingSince;
  return now - Math.min(waitingSince?.time ?? now, unconfirmedSince ?? now, failing ?? now);
}

/**
 * What a status says was told, and is not over: what an older version had told is known by its conditions alone. An object
 * with a claim belongs to no other: `TakenOver` has told how it came by it.
 */
function openWarnings(status: Status): readonly Told[] {
  const { warnings = [], claim } = status;
  const all = [...warnings, ...shownAsTold(status).filter((told) => !has(warnings, told))];
  return claim === undefined ? all : all.filter(({ reason }) => reason !== 'OwnedByAnother');
}

function shownAsTold(status: Status): readonly Told[] {
  const shown = condition(status, 'Stalled') ?? condition(status, 'Reconciling');
  const isAtOnce = shown?.type === 'Stalled' || shown?.reason === 'Contested';
  if (shown === undefined || !isAtOnce || isSuspended(status)) return [];
  const told = toldOf(shown, status);
  return isShared(told) ? [] : [told];
}

function toldOf(shown: Condition, status: Status): Told {
  const cause = causeOf(shown, status);
  return { reason: EVENT_OF[shown.reason] ?? shown.reason, cause: cause === '' ? '' : hash(cause) };
}

/** Ready has Azure's text too, unless it stands and only cannot be confirmed. */
function inFull({ reason, message }: Condition, status: Status): string {
  const ready = condition(status, 'Ready');
  return ready?.reason === reason ? ready.message : message;
}

/** Equal for the same trouble, whichever request met it and whenever; empty where the reason says it all. */
function causeOf(shown: Condition, status: Status): string {
  const { reason } = shown;
  const fields = status.drift.map(({ field }) => field).join();
  // Also between two corrections, when nothing differs.
  if (reason === 'Contested') return contestedFields(status);
  if (isWholeCause(reason)) return '';
  // Of a denial that cannot be confirmed there is no other text; one that can has the same.
  const message = SHARED.includes(reason) ? shown.message : inFull(shown, status);
  return `${reason === 'Drifted' ? fields : ''} ${withoutTimes(withoutRequestIds(visible(message)))}`;
}

function contestedFields({ corrections }: Status): string {
  return corrections.flatMap(({ field, contested }) => (contested ? [field] : [])).join();
}

const DATE = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
const DURATION = /\b\d+(?:\.\d+)? ?(?:ms|s|seconds?|minutes?|hours?)\b/g;

function withoutTimes(text: string): string {
  return text.replaceAll(DATE, '').replaceAll(DURATION, '');
}

/** The state of a runtime that is not well. */
const STATES: readonly string[] = ['Provisioning', 'Limited', ...DOWN_STATES];

function isWholeCause(reason: string): boolean {
  return reason === 'Repairing' || TRANSIENT.includes(reason) || STATES.includes(reason);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function isShared({ reason }: Told): boolean {
  return SHARED.includes(reason);
}

function has(all: readonly Told[], told: Told): boolean {
  return all.some((each) => {
    const isSameReason = each.reason === told.reason;
    return (
      each.cause === told.cause && (isSameReason || [each, told].every(({ reason }) => TRANSIENT.includes(reason)))
    );
  });
}

function noted(status: Status, warnings: readonly Told[], ...events: readonly OperatorEvent[]): Heard {
  const { warnings: _, ...rest } = status;
  return { status: warnings.length === 0 ? rest : { ...rest, warnings: warnings.slice(-LIMITS.warnings) }, events };
}

function recovered(open: readonly Told[], status: Status): OperatorEvent {
  const reasons = [...new Set(open.map(({ reason }) => reason))].join(', ');
  const message = condition(status, 'Ready')?.message ?? '';
  return { type: 'Normal', reason: 'Recovered', message: `Recovered from ${reasons}. ${message}` };
}
