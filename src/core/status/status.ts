/** The next status: what a pass leaves behind for people and for later passes. */
import { compact } from '../model/compact.ts';
import { declarationOf, shownValue } from '../model/declaration.ts';
import { declarationHash } from '../model/desired.ts';
import { isWriteRefused } from '../model/failure.ts';
import { type Drift, valueAt } from '../model/fields.ts';
import { type Advice, inFull, inShort } from '../model/message.ts';
import { condition, EMPTY_STATUS, type ManagedObject, type Status } from '../model/object.ts';
import { inView, planned, type Repairs } from '../model/repairs.ts';
import { armId } from '../model/runtime.ts';
import { healthOf } from '../model/states.ts';
import { REPAIR_SHOWS_MS, refusedPause } from '../schedule.ts';
import {
  driftOf,
  etagOf,
  isAuthoringRequested,
  isHealthyAgain,
  isNewGeneration,
  managing,
  otherOwner,
  type Situation,
  type Verdict,
  wasInSync,
} from '../situation.ts';
import { type Wait, waitingSince } from '../waits.ts';
import { conditionsAfter, currentConditions, healthyOf, type Said, syncedOf, traceable } from './conditions.ts';
import { withContests, withoutOverContests } from './contest.ts';

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
          Reconciling: { status: 'True', reason: verdict.reason, message: inShort(verdict.message) },
          Stalled: undefined,
        }),
        corrections: withContests(s),
        unconfirmedSince: s.now,
      };
    case 'Stands':
      return standingStatus(s);
    case 'Decided':
      return decidedStatus(withoutUnclaimedFields(s, verdict), verdict);
  }
}

type Decided = Extract<Verdict, { kind: 'Decided' }>;

/** What an adoption that was refused had stored counts no more: nothing is managed, hence nothing has drifted. */
function withoutUnclaimedFields(s: Situation, { reason, progress }: Decided): Situation {
  const isRefused = managing(s.desired) && claimAfter(s, reason) === undefined && progress === 'Stalled';
  // While the finalizer is on, they tell that an adoption, not a create, was cut short.
  return isRefused && !s.object.hasFinalizer ? { ...s, status: { ...s.status, ownedFields: [] } } : s;
}

function decidedStatus(s: Situation, verdict: Decided): Status {
  const { ready, reason, progress } = verdict;
  const message = traceable(s, { reason, message: inFull(verdict.message) });
  const said: Said = { status: 'True', reason, message: inShort(verdict.message) };
  return toldStatus(s, reason, {
    Ready: { status: ready, reason, message },
    Reconciling: progress === 'Reconciling' ? said : undefined,
    Stalled: progress === 'Stalled' ? said : undefined,
    waitingSince: progress === undefined ? undefined : waitingAfter(s, verdict.clock ?? reason),
  });
}

/** What Ready says, and what goes with it, is as it was. */
function standingStatus(s: Situation): Status {
  const { Ready, Reconciling, Stalled } = currentConditions(s.status);
  const { waitingSince: wait } = s.status;
  return toldStatus(s, Ready?.reason ?? '', { Ready, Reconciling, Stalled, waitingSince: wait });
}

type Told = Record<'Ready' | 'Reconciling' | 'Stalled', Said | undefined> & {
  readonly waitingSince: Status['waitingSince'] | undefined;
};

function toldStatus(s: Situation, reason: string, { waitingSince: wait, ...said }: Told): Status {
  const drift = driftOf(s);
  const synced = syncedOf(s, drift);
  const claim = claimAfter(s, reason);
  return compact({
    ...handledRequests(s),
    ...observedNow(s, synced),
    observedGeneration: s.object.generation,
    conditions: conditionsAfter(s, { ...said, Synced: synced, Healthy: healthyOf(s) }),
    claim,
    ownedFields: ownedFieldsAfter(s, claim, synced),
    drift: drift.map(shownDrift),
    repair: repairAfter(s, said.Reconciling === undefined),
    interactiveAuthoring: authoringAfter(s),
    waitingSince: wait,
    corrections: correctionsAfter(s, said.Ready, synced),
    operation: operationAfter(s, claim),
    syncedSpecHash: synced.status === 'True' ? declarationHash(s.desired) : s.status.syncedSpecHash,
    warnings: s.status.warnings,
  });
}

function shownDrift({ field, desired, observed }: Drift): Drift {
  return { field, desired: shownValue(field, desired), observed: shownValue(field, observed) };
}

/** The status of an object whose manifest cannot be understood; all else that is remembered stays. */
export function invalidStatus(object: ManagedObject, message: Advice, now: number): Status {
  const said: Said = { status: 'True', reason: 'InvalidDefinition', message: inShort(message) };
  return {
    ...object.status,
    observedGeneration: object.generation,
    conditions: conditionsAfter(
      { object, status: object.status, now },
      { Ready: { ...said, status: 'False' }, Stalled: said },
    ),
  };
}

/**
 * `Ready` stays true only if this very declaration was in sync when it was last read. What another declaration was compared
 * with is unknown of this one. `Healthy` stays: the state is the runtime's, whatever is declared.
 */
function suspendedStatus(s: Situation): Status {
  const { status } = s;
  const ready = condition(status, 'Ready')?.status === 'True' && wasInSync(s);
  const message = ready
    ? 'Suspended; in sync when last checked.'
    : 'Suspended; the current spec has not been applied. Set spec.suspend: false to resume.';
  const said: Said = { status: 'True', reason: 'Suspended', message };
  const conditions = currentConditions(status);
  const isCompared = !isNewGeneration(s) || (conditions.Synced?.status === 'True' && wasInSync(s));
  return compact({
    ...status,
    observedGeneration: s.object.generation,
    observed: managing(s.desired) ? undefined : status.observed,
    drift: isCompared ? status.drift : [],
    conditions: conditionsAfter(s, {
      ...conditions,
      Synced: isCompared ? asLastSeen(conditions.Synced) : NOT_COMPARED,
      Healthy: asLastSeen(conditions.Healthy),
      Ready: ready ? said : { ...said, status: 'Unknown' },
      Reconciling: undefined,
      Stalled: ready ? undefined : said,
    }),
    waitingSince: undefined,
    unconfirmedSince: undefined,
  });
}

const LAST_SEEN = 'When last checked: ';

/** What is no longer read is reported as of its last read. */
function asLastSeen(said: Said | undefined): Said | undefined {
  if (said === undefined || said.status === 'Unknown' || said.message.startsWith(LAST_SEEN)) return said;
  return { ...said, message: `${LAST_SEEN}${said.message}` };
}

const NOT_COMPARED: Said = {
  status: 'Unknown',
  reason: 'Unknown',
  message: 'Suspended before the current spec was compared with Azure. Set spec.suspend: false to compare it.',
};

/** What became of the runtime of an object that was let go: it holds nothing any more, and only tells. */
export function releasedStatus(
  s: Pick<Situation, 'object' | 'status' | 'now'>,
  { reason, message }: Pick<Said, 'reason' | 'message'>,
): Status {
  const { resourceId, lastHandledReconcileAt, lastHandledReconcileToken } = s.status;
  return {
    ...EMPTY_STATUS,
    observedGeneration: s.object.generation,
    conditions: conditionsAfter(s, { Ready: { status: 'False', reason, message } }),
    ...compact({ resourceId, lastHandledReconcileAt, lastHandledReconcileToken }),
  };
}

/** What is shown of the runtime: all of it dropped when it is gone; when it could not be read, what never changes is kept. */
function observedNow(s: Situation, synced: Said): Partial<Status> {
  const { status, desired, definition, state } = s;
  if (definition?.presence === 'present') {
    const { name, type, document } = definition.runtime;
    const location = type === 'Managed' ? valueAt(document, 'location') : undefined;
    return compact({
      state: state?.slice(0, 80),
      resourceId: armId({ ...desired.id, name }),
      location: typeof location === 'string' ? location.slice(0, 100) : undefined,
      observed: managing(desired) || type !== 'Managed' ? undefined : declarationOf(document),
      referenceName: name,
    });
  }
  if (synced.reason === 'NotFound') return {};
  const { resourceId, referenceName } = status;
  return compact({ resourceId, referenceName });
}

function handledRequests({ object, status }: Situation): Partial<Status> {
  const { reconcile, requestedAt } = object.requests;
  const anew = reconcile !== undefined && reconcile !== status.lastHandledReconcileToken ? reconcile : undefined;
  return compact({
    lastHandledReconcileAt: requestedAt ?? anew ?? status.lastHandledReconcileAt,
    lastHandledReconcileToken: reconcile ?? status.lastHandledReconcileToken,
    lastHandledRepairAt: status.lastHandledRepairAt,
    lastHandledInteractiveAuthoringAt: status.lastHandledInteractiveAuthoringAt,
  });
}

/** A claim goes on under the identity that a person accepted; of two claims to one runtime, the loser's ends. */
function claimAfter(s: Situation, reason: string): Status['claim'] {
  const { status, access, object } = s;
  // Also where it is told first that there is no identity: else the next pass would tell something else.
  const isLost = reason === 'OwnedByAnother' || (!access.granted && !object.deleting && otherOwner(s) !== undefined);
  if (status.claim === undefined || isLost) return undefined;
  const accepted = access.granted && object.requests.acceptIdentity === access.identity;
  return accepted ? { ...status.claim, identity: access.identity } : status.claim;
}

/** A leaf is remembered as managed until it is back at Azure's default; without a claim nothing is managed. */
function ownedFieldsAfter(s: Situation, claim: Status['claim'], synced: Said): readonly string[] {
  const { status, desired } = s;
  if (!managing(desired) || claim === undefined) return status.ownedFields;
  if (synced.status === 'True') return [...desired.fields.keys()].sort();
  return status.ownedFields;
}

/** What Azure goes on with, as far as it is still to be seen to its end. */
function operationAfter({ status, desired, state, now }: Situation, claim: Status['claim']): Status['operation'] {
  const { operation } = status;
  if (operation === undefined || !managing(desired) || claim === undefined) return undefined;
  if (operation.kind !== 'Repair') return operation;
  const open = state === undefined || healthOf(state) === 'limited';
  return open && now - operation.time < REPAIR_SHOWS_MS ? operation : undefined;
}

/**
 * A contest is dropped by the first status that no longer reports one, so that time alone causes no write. A contest that a person
 * has settled by declaring another value is dropped as soon as that value is in sync, whatever else the status reports: a later
 * status could not tell any more.
 */
function correctionsAfter(s: Situation, ready: Said | undefined, synced: Said): Status['corrections'] {
  const isSettled = synced.status === 'True' && !wasInSync(s);
  return ready?.status === 'True' || isSettled ? withoutOverContests(s) : withContests(s);
}

/** Attempts are forgotten once the runtime has been well for long enough: here, since a later status has lost the time. */
function repairAfter(s: Situation, needsPerson: boolean): Status['repair'] {
  const { status, desired, state, now } = s;
  if (status.repair === undefined) return undefined;
  const repairs = pausedAfter(s, inView(status.repair, etagOf(s)), needsPerson);
  if (state !== undefined && healthOf(state) === 'healthy') {
    const { nextAttemptTime: _, etag: __, unmade: ___, ...rest } = repairs;
    return rest.attempts > 0 ? rest : undefined;
  }
  if (isHealthyAgain(status, now)) return undefined;
  return planned(repairs, managing(desired) && desired.repair.mode === 'Auto' ? desired.repair.maxAttempts : 0);
}

/** An attempt that Azure refused is made again as slowly as any other write that it refused. */
function pausedAfter({ failure, status }: Situation, repairs: Repairs, needsPerson: boolean): Repairs {
  const isRefused = failure?.during === 'repair' && isWriteRefused(failure.failure) && repairs.unmade === true;
  if (!isRefused || !needsPerson) return repairs;
  const { lastAttemptTime: at = 0 } = repairs;
  const since = condition(status, 'Stalled')?.lastTransitionTime ?? at;
  return { ...repairs, nextAttemptTime: at + refusedPause(at - since) };
}

/** What Azure says of it, and only as long as it is declared. Nothing in it changes because time goes by. */
function authoringAfter(s: Situation): Status['interactiveAuthoring'] {
  const { desired, status, state, interactiveAuthoring: said } = s;
  if (desired.interactiveAuthoring === undefined) return undefined;
  const { enabledUntil, requestedTime, ...before } = status.interactiveAuthoring ?? {};
  // Without a state nothing was said anew.
  const now = compact({
    ...(state === undefined ? before : said),
    enabledUntil: state === undefined || said?.status === 'Enabled' ? enabledUntil : undefined,
    requestedTime: isAuthoringRequested(s) ? requestedTime : undefined,
  });
  return Object.keys(now).length > 0 ? now : undefined;
}

/** Only waits that a deadline hangs on, or that end a decision, are clocked. */
function waitingAfter(s: Situation, reason: Wait): Status['waitingSince'] {
  return { reason, time: waitingSince(s, reason) };
}
