/** What a pass leaves behind: the status, and the events of its transitions. */
import { LIMITS } from '../../api/limits.ts';
import { visible } from '../../api/visible.ts';
import { declarationHash } from '../model/desired.ts';
import { type Drift, type FieldPath, valueAt } from '../model/fields.ts';
import { isIn, networkInWords, networkOf } from '../model/network.ts';
import {
  type Condition,
  type ConditionType,
  type Corrections,
  condition,
  type ManagedObject,
  type Status,
} from '../model/object.ts';
import { inView } from '../model/repairs.ts';
import { withoutRequestIds } from '../model/request-ids.ts';
import { armId, type Json } from '../model/runtime.ts';
import { healthOf } from '../model/states.ts';
import { CONTEST_ENDS_MS, REPAIR_SHOWS_MS } from '../schedule.ts';
import {
  driftOf,
  etagOf,
  isAuthoringRequested,
  isHealthyAgain,
  managing,
  type Situation,
  type Verdict,
  waitingSince,
  wasInSync,
} from '../situation.ts';

/** The status after a verdict. Equal situations give equal statuses, so that an unchanged one need not be written. */
export function statusAfter(s: Situation, verdict: Verdict): Status {
  switch (verdict.kind) {
    case 'Unchanged':
      return s.status;
    case 'Suspended':
      return suspendedStatus(s);
    case 'Unconfirmed':
      return {
        ...s.status,
        conditions: conditionsAfter(s, {
          ...currentConditions(s.status),
          Reconciling: { status: 'True', reason: verdict.reason, message: traceable(s, verdict) },
          Stalled: undefined,
        }),
        unconfirmedSince: s.now,
      };
    case 'Decided':
      return decidedStatus(s, verdict);
  }
}

type Decided = Extract<Verdict, { kind: 'Decided' }>;
type Said = Pick<Condition, 'status' | 'reason' | 'message'>;

function decidedStatus(s: Situation, verdict: Decided): Status {
  const { ready, reason, progress } = verdict;
  const message = traceable(s, verdict);
  const drift = driftOf(s);
  const said: Said = { status: 'True', reason, message };
  const synced = syncedOf(s, drift);
  const claim = claimAfter(s, reason);
  return compact<Status>({
    ...handledRequests(s),
    ...observedNow(s, synced),
    observedGeneration: s.object.generation,
    conditions: conditionsAfter(s, {
      Ready: { status: ready, reason, message },
      Synced: synced,
      Healthy: healthyOf(s),
      Reconciling: progress === 'Reconciling' ? said : undefined,
      Stalled: progress === 'Stalled' ? said : undefined,
    }),
    claim,
    managedFields: managedFieldsAfter(s, claim, synced, verdict),
    drift,
    repair: repairAfter(s),
    interactiveAuthoring: authoringAfter(s),
    waitingSince: progress === undefined ? undefined : waitingAfter(s, verdict.clock ?? reason),
    corrections: reason === 'Contested' ? markContested(s.status.corrections, drift) : s.status.corrections,
    operation: operationAfter(s, claim),
    syncedSpecHash: synced.status === 'True' ? declarationHash(s.desired) : s.status.syncedSpecHash,
  });
}

/**
 * The message, which may name the request that failed. Each retry is another request: as long as the same is told as before,
 * the first one stays named, or the status would be written with every retry.
 */
function traceable({ status }: Situation, { reason, message }: Pick<Decided, 'reason' | 'message'>): string {
  const told = status.conditions.find((c) => c.reason === reason && isToldBy(c.message, message));
  return told?.message ?? message;
}

/** What is remembered is as it was shown. */
function isToldBy(before: string, message: string): boolean {
  return withoutRequestIds(visible(before)) === withoutRequestIds(visible(message));
}

/** The status of an object whose manifest cannot be understood; all else that is remembered stays. */
export function invalidStatus(object: ManagedObject, message: string, now: number): Status {
  const said: Said = { status: 'True', reason: 'InvalidDefinition', message };
  return {
    ...object.status,
    observedGeneration: object.generation,
    conditions: conditionsAfter(
      { object, status: object.status, now },
      { Ready: { ...said, status: 'False' }, Stalled: said },
    ),
  };
}

/** `Ready` stays true only if this very declaration was in sync when it was last looked at. */
function suspendedStatus(s: Situation): Status {
  const { status } = s;
  const ready = condition(status, 'Ready')?.status === 'True' && wasInSync(s);
  const message = ready
    ? 'Suspended; in sync when last looked at.'
    : 'Suspended before this declaration was in sync. Set spec.suspend: false to go on.';
  const said: Said = { status: 'True', reason: 'Suspended', message };
  return compact<Status>({
    ...status,
    observedGeneration: s.object.generation,
    conditions: conditionsAfter(s, {
      ...currentConditions(status),
      Ready: ready ? said : { ...said, status: 'Unknown' },
      Reconciling: undefined,
      Stalled: ready ? undefined : said,
    }),
    waitingSince: undefined,
    unconfirmedSince: undefined,
  });
}

function syncedOf(s: Situation, drift: readonly Drift[]): Said {
  if (s.definition?.presence === 'absent')
    return { status: 'False', reason: 'NotFound', message: 'There is no such runtime in Azure.' };
  if (s.definition === undefined) return { ...UNSAID, message: 'The definition was not looked at.' };
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
    ? { status: 'True', reason: 'InSync', message: 'The definition in Azure is as declared.' }
    : { status: 'False', reason: 'Drifted', message: `Differs in ${drift.map(({ field }) => field).join(', ')}.` };
}

function healthyOf({ state }: Situation): Said {
  if (state === undefined) return { status: 'Unknown', reason: 'Unknown', message: 'The state was not looked at.' };
  const message = `Azure says ${state.slice(0, 80)}.`;
  const health = healthOf(state);
  if (health === 'unknown') return { status: 'Unknown', reason: 'Unknown', message };
  return { status: health === 'healthy' ? 'True' : 'False', reason: state, message };
}

/** What is shown of the runtime: forgotten when it is gone, kept as last observed when it could not be looked at. */
function observedNow(s: Situation, synced: Said): Partial<Status> {
  const { status, desired, definition, state } = s;
  if (definition?.presence === 'present') {
    const { name, type, document } = definition.runtime;
    const location = type === 'Managed' ? valueAt(document, 'location') : undefined;
    return compact<Partial<Status>>({
      state: state?.slice(0, 80),
      resourceId: armId({ ...desired.id, name }),
      location: typeof location === 'string' ? location.slice(0, 100) : undefined,
      referenceName: name,
    });
  }
  if (synced.reason === 'NotFound') return {};
  const { resourceId, location, referenceName } = status;
  return compact<Partial<Status>>({ resourceId, location, referenceName });
}

function handledRequests({ object, status }: Situation): Partial<Status> {
  const { reconcile, requestedAt } = object.requests;
  const anew = reconcile !== undefined && reconcile !== status.lastHandledReconcileToken ? reconcile : undefined;
  return compact<Partial<Status>>({
    lastHandledReconcileAt: requestedAt ?? anew ?? status.lastHandledReconcileAt,
    lastHandledReconcileToken: reconcile ?? status.lastHandledReconcileToken,
    lastHandledRepairAt: status.lastHandledRepairAt,
    lastHandledInteractiveAuthoringAt: status.lastHandledInteractiveAuthoringAt,
  });
}

/** A claim goes on under the identity that a person accepted; of two claims to one runtime, the loser's ends. */
function claimAfter({ status, access, object }: Situation, reason: string): Status['claim'] {
  if (status.claim === undefined || reason === 'OwnedByAnother') return undefined;
  const accepted = access.granted && object.requests.acceptIdentity === access.identity;
  return accepted ? { ...status.claim, identity: access.identity } : status.claim;
}

/** A leaf is remembered as managed until it is back at Azure's default; without a claim nothing is managed. */
function managedFieldsAfter(s: Situation, claim: Status['claim'], synced: Said, verdict: Decided): readonly string[] {
  const { status, desired, object } = s;
  if (!managing(desired)) return status.managedFields;
  // While the object is held they tell that an adoption, not a create, was cut short.
  if (claim === undefined) return verdict.progress === 'Stalled' && !object.hasFinalizer ? [] : status.managedFields;
  if (synced.status === 'True') return [...desired.fields.keys()].sort();
  return status.managedFields;
}

/** What Azure goes on with, as far as it is still to be seen to its end. */
function operationAfter({ status, desired, state, now }: Situation, claim: Status['claim']): Status['operation'] {
  const { operation } = status;
  if (operation === undefined || !managing(desired) || claim === undefined) return undefined;
  if (operation.kind !== 'Repair') return operation;
  const open = state === undefined || healthOf(state) === 'limited';
  return open && now - operation.time < REPAIR_SHOWS_MS ? operation : undefined;
}

/** Attempts are forgotten once the runtime has been well for long enough: here, since a later status has lost the time. */
function repairAfter(s: Situation): Status['repair'] {
  const { status, state, now } = s;
  if (status.repair === undefined) return undefined;
  const repairs = inView(status.repair, etagOf(s));
  if (state !== undefined && healthOf(state) === 'healthy') {
    const { nextAttemptTime: _, etag: __, unmade: ___, ...rest } = repairs;
    return rest.attempts > 0 ? rest : undefined;
  }
  return isHealthyAgain(status, now) ? undefined : repairs;
}

/** What Azure says of it, and only as long as it is declared. Nothing in it changes because time goes by. */
function authoringAfter(s: Situation): Status['interactiveAuthoring'] {
  const { desired, status, state, interactiveAuthoring: said } = s;
  if (desired.interactiveAuthoring === undefined) return undefined;
  const { enabledUntil, requestedTime, ...before } = status.interactiveAuthoring ?? {};
  // Without a state nothing was said anew.
  const now = compact<NonNullable<Status['interactiveAuthoring']>>({
    ...(state === undefined ? before : said),
    enabledUntil: state === undefined || said?.status === 'Enabled' ? enabledUntil : undefined,
    requestedTime: isAuthoringRequested(s) ? requestedTime : undefined,
  });
  return Object.keys(now).length > 0 ? now : undefined;
}

/** Only waits that a deadline hangs on, or that end a decision, are clocked. */
function waitingAfter(s: Situation, reason: string): Status['waitingSince'] {
  return { reason, time: waitingSince(s, reason) };
}

function markContested(corrections: readonly Corrections[], drift: readonly Drift[]): readonly Corrections[] {
  const fields = new Set<string>(drift.map(({ field }) => field));
  return corrections.map((entry) => (fields.has(entry.field) ? { ...entry, contested: true } : entry));
}

/** The memory of corrections after these fields were corrected now. */
export function corrected(
  corrections: readonly Corrections[],
  fields: readonly FieldPath[],
  now: number,
): readonly Corrections[] {
  const mine = fields.map((field) => {
    const before = corrections.find((entry) => entry.field === field);
    const peaceful = now - (before?.times.at(-1) ?? 0) >= CONTEST_ENDS_MS;
    return {
      field,
      times: [...(before?.times ?? []), now].slice(-5),
      contested: !peaceful && (before?.contested ?? false),
    };
  });
  // The names of custom properties come and go: what was corrected longest ago is forgotten first.
  const others = corrections
    .filter(({ field }) => !fields.includes(field))
    .sort((a, b) => (b.times.at(-1) ?? 0) - (a.times.at(-1) ?? 0))
    .slice(0, Math.max(0, LIMITS.corrections - mine.length));
  return [...others, ...mine].sort((a, b) => (a.field < b.field ? -1 : 1));
}

const TYPES: readonly ConditionType[] = ['Ready', 'Synced', 'Healthy', 'Reconciling', 'Stalled'];

function currentConditions(status: Status): Partial<Record<ConditionType, Said | undefined>> {
  return Object.fromEntries(status.conditions.map((c) => [c.type, c]));
}

function conditionsAfter(
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

const UNSAID: Said = { status: 'Unknown', reason: 'Unknown', message: 'Not looked at.' };

/** Without the keys whose value is undefined. */
function compact<T extends object>(value: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;
}

export interface Transition {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** The events of a status that changed: one for each transition, none for a status that stands. */
export function transitions(s: Situation, before: Status, after: Status): Transition[] {
  const events: Transition[] = [];
  const [ready, wasReady] = [condition(after, 'Ready'), condition(before, 'Ready')];
  const [stalled, wasStalled] = [condition(after, 'Stalled'), condition(before, 'Stalled')];
  const isDrift = wasInSync({ status: before, desired: s.desired }) && after.operation?.kind !== 'Adopt';
  if (startsToDrift(before, after) && isDrift) {
    events.push({ type: 'Normal', reason: 'DriftDetected', message: describeDrift(after.drift) });
  }
  if (isRepaired(before, after)) {
    events.push({ type: 'Normal', reason: 'Repaired', message: `The runtime is ${after.state} after a repair.` });
  }
  const contested = ready?.reason === 'Contested' && wasReady?.reason !== 'Contested';
  if (contested && ready !== undefined) events.push({ type: 'Warning', reason: ready.reason, message: ready.message });
  if (stalled !== undefined && stalled.reason !== wasStalled?.reason && stalled.reason !== 'Suspended') {
    events.push({ type: 'Warning', reason: stalled.reason, message: stalled.message });
  }
  return events;
}

/** Whether the runtime is well after a repair, by us or one that a person asked for, that was waiting to show its effect. */
function isRepaired(before: Status, after: Status): boolean {
  if (condition(after, 'Healthy')?.status !== 'True') return false;
  const asked = after.lastHandledRepairAt !== before.lastHandledRepairAt || before.operation?.kind === 'Repair';
  const made = before.repair?.nextAttemptTime !== undefined && after.repair !== undefined;
  return made || (asked && condition(before, 'Healthy')?.reason === 'Limited');
}

/** Whether the status begins to tell of drift. */
export function startsToDrift(before: Status, after: Pick<Status, 'drift'>): boolean {
  return before.drift.length === 0 && after.drift.length > 0;
}

export function describeDrift(drift: readonly Drift[]): string {
  return drift
    .map(({ field, desired, observed }) => `${field}: ${text(observed)} instead of ${text(desired)}`)
    .join('; ');
}

/** What was made of leaves that were not as they should be. */
export function describeChanges(drift: readonly Drift[]): string {
  return drift.map(({ field, desired, observed }) => `${field} from ${text(observed)} to ${text(desired)}`).join('; ');
}

function text(value: Json): string {
  return value === null ? 'nothing' : JSON.stringify(value).slice(0, 200);
}
