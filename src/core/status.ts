/** What a pass leaves behind: the status, and the events of its transitions. */
import { LIMITS } from '../api/limits.ts';
import { declarationHash } from './desired.ts';
import { type Drift, type FieldPath, valueAt } from './fields.ts';
import { isIn, networkInWords, networkOf } from './network.ts';
import {
  type Condition,
  type ConditionType,
  type Corrections,
  condition,
  type ManagedObject,
  type Memory,
} from './object.ts';
import { withoutRequestIds } from './request-ids.ts';
import { armId, type Json } from './runtime.ts';
import { PEACE_MS, REPAIR_SHOWS_MS } from './schedule.ts';
import {
  driftOf,
  isAskedToEnableAuthoring,
  isWellAgain,
  managing,
  type Situation,
  type Verdict,
  waitingSince,
  wasInSync,
} from './situation.ts';
import { healthOf } from './states.ts';

/** The status after a verdict. Equal situations give equal statuses, so that an unchanged one need not be written. */
export function statusAfter(s: Situation, verdict: Verdict): Memory {
  switch (verdict.kind) {
    case 'Unchanged':
      return s.memory;
    case 'Suspended':
      return suspendedStatus(s);
    case 'Unconfirmed':
      return {
        ...s.memory,
        conditions: conditionsAfter(s, {
          ...standing(s.memory),
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

function decidedStatus(s: Situation, verdict: Decided): Memory {
  const { ready, reason, progress } = verdict;
  const message = traceable(s, verdict);
  const drift = driftOf(s);
  const said: Said = { status: 'True', reason, message };
  const synced = syncedOf(s, drift);
  const claim = claimAfter(s, reason);
  return compact<Memory>({
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
    waitingSince: progress === undefined ? undefined : waitingAfter(s, reason),
    corrections: reason === 'Contested' ? markContested(s.memory.corrections, drift) : s.memory.corrections,
    operation: operationAfter(s, claim),
    syncedSpecHash: synced.status === 'True' ? declarationHash(s.desired) : s.memory.syncedSpecHash,
  });
}

/**
 * The message, which may name the request that failed. Each retry is another request: as long as the same is told as before,
 * the first one stays named, or the status would be written with every retry.
 */
function traceable({ memory }: Situation, { reason, message }: Pick<Decided, 'reason' | 'message'>): string {
  const same = withoutRequestIds(message);
  return (
    memory.conditions.find((c) => c.reason === reason && withoutRequestIds(c.message) === same)?.message ?? message
  );
}

/** The status of an object whose manifest cannot be understood; all else that is remembered stays. */
export function invalidStatus(object: ManagedObject, message: string, now: number): Memory {
  const said: Said = { status: 'True', reason: 'InvalidDefinition', message };
  return {
    ...object.memory,
    observedGeneration: object.generation,
    conditions: conditionsAfter(
      { object, memory: object.memory, now },
      { Ready: { ...said, status: 'False' }, Stalled: said },
    ),
  };
}

/** `Ready` stays true only if this very declaration was in sync when it was last looked at. */
function suspendedStatus(s: Situation): Memory {
  const { memory } = s;
  const ready = condition(memory, 'Ready')?.status === 'True' && wasInSync(s);
  const message = ready
    ? 'Suspended; in sync when last looked at.'
    : 'Suspended before this declaration was in sync. Set spec.suspend: false to go on.';
  const said: Said = { status: 'True', reason: 'Suspended', message };
  return compact<Memory>({
    ...memory,
    observedGeneration: s.object.generation,
    conditions: conditionsAfter(s, {
      ...standing(memory),
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
  if (managing(s.desired) && s.memory.claim === undefined && drift.length === 0) {
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
  return { status: health === 'well' ? 'True' : 'False', reason: state, message };
}

/** What is shown of the runtime: forgotten when it is gone, kept as last observed when it could not be looked at. */
function observedNow(s: Situation, synced: Said): Partial<Memory> {
  const { memory, desired, definition, state } = s;
  if (definition?.presence === 'present') {
    const { name, type, document } = definition.runtime;
    const location = type === 'Managed' ? valueAt(document, 'location') : undefined;
    return compact<Partial<Memory>>({
      state: state?.slice(0, 80),
      resourceId: armId({ ...desired.id, name }),
      location: typeof location === 'string' ? location.slice(0, 100) : undefined,
      referenceName: name,
    });
  }
  if (synced.reason === 'NotFound') return {};
  const { resourceId, location, referenceName } = memory;
  return compact<Partial<Memory>>({ resourceId, location, referenceName });
}

function handledRequests({ object, memory }: Situation): Partial<Memory> {
  const { reconcile, requestedAt } = object.requests;
  const anew = reconcile !== undefined && reconcile !== memory.lastHandledReconcileToken ? reconcile : undefined;
  return compact<Partial<Memory>>({
    lastHandledReconcileAt: requestedAt ?? anew ?? memory.lastHandledReconcileAt,
    lastHandledReconcileToken: reconcile ?? memory.lastHandledReconcileToken,
    lastHandledRepairAt: memory.lastHandledRepairAt,
    lastHandledInteractiveAuthoringAt: memory.lastHandledInteractiveAuthoringAt,
  });
}

/** A claim goes on under the identity that a person accepted; of two claims to one runtime, the loser's ends. */
function claimAfter({ memory, access, object }: Situation, reason: string): Memory['claim'] {
  if (memory.claim === undefined || reason === 'OwnedByAnother') return undefined;
  const accepted = access.granted && object.requests.acceptIdentity === access.identity;
  return accepted ? { ...memory.claim, identity: access.identity } : memory.claim;
}

/** A leaf is remembered as managed until it is back at Azure's default; without a claim nothing is managed. */
function managedFieldsAfter(s: Situation, claim: Memory['claim'], synced: Said, verdict: Decided): readonly string[] {
  const { memory, desired, object } = s;
  if (!managing(desired)) return memory.managedFields;
  // While the object is held they tell that an adoption, not a create, was cut short.
  if (claim === undefined) return verdict.progress === 'Stalled' && !object.held ? [] : memory.managedFields;
  if (synced.status === 'True') return [...desired.fields.keys()].sort();
  return memory.managedFields;
}

/** What Azure goes on with, as far as it is still to be seen to its end. */
function operationAfter({ memory, desired, state, now }: Situation, claim: Memory['claim']): Memory['operation'] {
  const { operation } = memory;
  if (operation === undefined || !managing(desired) || claim === undefined) return undefined;
  if (operation.kind !== 'Repair') return operation;
  const open = state === undefined || healthOf(state) === 'limited';
  return open && Math.abs(now - operation.time) < REPAIR_SHOWS_MS ? operation : undefined;
}

/** Attempts are forgotten once the runtime has been well for long enough: here, since a later status has lost the time. */
function repairAfter({ memory, state, object, now }: Situation): Memory['repair'] {
  if (memory.repair === undefined) return undefined;
  if (state !== undefined && healthOf(state) === 'well') {
    const { nextAttemptTime: _, ...rest } = memory.repair;
    return rest;
  }
  const madeNow = memory.repair !== object.memory.repair;
  return !madeNow && isWellAgain(memory, now) ? undefined : memory.repair;
}

/** What Azure says of it, and only as long as it is declared. Nothing in it changes because time goes by. */
function authoringAfter(s: Situation): Memory['interactiveAuthoring'] {
  const { desired, memory, state, interactiveAuthoring: said } = s;
  if (desired.interactiveAuthoring === undefined) return undefined;
  const { enabledUntil, requestedTime, ...before } = memory.interactiveAuthoring ?? {};
  // Without a state nothing was said anew.
  const now = compact<NonNullable<Memory['interactiveAuthoring']>>({
    ...(state === undefined ? before : said),
    enabledUntil: state === undefined || said?.status === 'Enabled' ? enabledUntil : undefined,
    requestedTime: isAskedToEnableAuthoring(s) ? requestedTime : undefined,
  });
  return Object.keys(now).length > 0 ? now : undefined;
}

/** Only waits that a deadline hangs on, or that end a decision, are clocked. */
function waitingAfter(s: Situation, reason: string): Memory['waitingSince'] {
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
    const peaceful = now - (before?.times.at(-1) ?? 0) >= PEACE_MS;
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

function standing(memory: Memory): Partial<Record<ConditionType, Said | undefined>> {
  return Object.fromEntries(memory.conditions.map((c) => [c.type, c]));
}

function conditionsAfter(
  s: Pick<Situation, 'object' | 'memory' | 'now'>,
  said: Partial<Record<ConditionType, Said | undefined>>,
): Condition[] {
  return TYPES.flatMap((type): Condition[] => {
    const now = said[type] ?? (type === 'Reconciling' || type === 'Stalled' ? undefined : UNSAID);
    if (now === undefined) return [];
    const before = condition(s.memory, type);
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
export function transitions(s: Situation, before: Memory, after: Memory): Transition[] {
  const events: Transition[] = [];
  const [ready, wasReady] = [condition(after, 'Ready'), condition(before, 'Ready')];
  const [stalled, wasStalled] = [condition(after, 'Stalled'), condition(before, 'Stalled')];
  const isDrift = wasInSync({ memory: before, desired: s.desired }) && after.operation?.kind !== 'Adopt';
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
function isRepaired(before: Memory, after: Memory): boolean {
  if (condition(after, 'Healthy')?.status !== 'True') return false;
  const asked = after.lastHandledRepairAt !== before.lastHandledRepairAt || before.operation?.kind === 'Repair';
  return before.repair?.nextAttemptTime !== undefined || (asked && condition(before, 'Healthy')?.reason === 'Limited');
}

/** Whether the status begins to tell of drift. */
export function startsToDrift(before: Memory, after: Pick<Memory, 'drift'>): boolean {
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
