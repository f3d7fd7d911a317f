/**
 * Renders a pass's status as the CRD has it, and parses it back, except `uid`: the writer adds it, the reader checks it.
 * `parseStatus(renderStatus(status))` is `status` if that is within the CRD's limits, its lists are in order, its drift is
 * text, and its shown texts have no invisible characters. Rendering brings any other status into this form.
 */
import type {
  Claim as ApiClaim,
  Condition as ApiCondition,
  Drift as ApiDrift,
  Operation as ApiOperation,
  AzureIntegrationRuntimeStatus,
  Correction,
  InteractiveAuthoringStatus,
  RepairStatus,
  WaitingSince,
  Warning,
} from '../../api/generated.ts';
import { LIMITS } from '../../api/limits.ts';
import { CONDITION_TYPES } from '../../api/names.ts';
import { visible } from '../../api/visible.ts';
import { compact } from '../../core/model/compact.ts';
import { type Drift, type FieldPath, isFieldPath } from '../../core/model/fields.ts';
import { isObject } from '../../core/model/json.ts';
import type {
  AuthoringStatus,
  Claim,
  Condition,
  Corrections,
  Operation,
  Status,
  Told,
} from '../../core/model/object.ts';
import type { Repairs } from '../../core/model/repairs.ts';
import type { Json, JsonObject } from '../../core/model/runtime.ts';
import { cut, readInteger, readList, readRecord, readText, readTime } from '../client/raw.ts';
import { acceptedPart } from './spec.ts';

type RenderedStatus = Omit<AzureIntegrationRuntimeStatus, 'uid' | typeof FORMER_OWNED_FIELDS>;

/**
 * The status to write: within the CRD's limits, so that the server never refuses it, and in one order, so that two renderings
 * are equal exactly when they say the same.
 */
export function renderStatus(status: Status): RenderedStatus {
  const { resourceId, referenceName, claim, repair, interactiveAuthoring } = status;
  const { waitingSince, unconfirmedSince, operation, syncedSpecHash, observed } = status;
  return withoutEmpty<RenderedStatus>({
    observedGeneration: status.observedGeneration,
    conditions: renderConditions(status.conditions),
    state: renderShown(status.state, LIMITS.state),
    resourceId,
    location: renderShown(status.location, LIMITS.location),
    connectVia: referenceName === undefined ? undefined : { referenceName, type: 'IntegrationRuntimeReference' },
    observed: observed && renderObserved(observed),
    claim: claim && renderClaim(claim),
    ownedFields: renderPaths(status.ownedFields),
    drift: status.drift.slice(0, LIMITS.driftEntries).map(renderDrift),
    repair: repair && renderRepair(repair),
    interactiveAuthoring: interactiveAuthoring && renderAuthoring(interactiveAuthoring),
    lastHandledReconcileAt: renderText(status.lastHandledReconcileAt, LIMITS.token),
    lastHandledReconcileToken: renderText(status.lastHandledReconcileToken, LIMITS.token),
    lastHandledRepairAt: renderText(status.lastHandledRepairAt, LIMITS.token),
    lastHandledInteractiveAuthoringAt: renderText(status.lastHandledInteractiveAuthoringAt, LIMITS.token),
    waitingSince: waitingSince && renderWaiting(waitingSince),
    unconfirmedSince: renderTime(unconfirmedSince),
    corrections: status.corrections.slice(0, LIMITS.corrections).map(renderCorrections),
    operation: operation && renderOperation(operation),
    syncedSpecHash,
    warnings: (status.warnings ?? []).slice(-LIMITS.warnings).map(renderTold),
  });
}

/** Never throws: a part that it cannot parse counts as absent. */
export function parseStatus(raw: unknown): Status {
  const status = readRecord(raw);
  const optional = {
    state: readText(status.state),
    resourceId: readText(status.resourceId),
    location: readText(status.location),
    referenceName: readText(readRecord(status.connectVia).referenceName),
    observed: renderObserved(status.observed),
    claim: parseClaim(status.claim),
    repair: parseRepair(status.repair),
    interactiveAuthoring: parseAuthoring(status.interactiveAuthoring),
    lastHandledReconcileAt: readText(status.lastHandledReconcileAt),
    lastHandledReconcileToken: readText(status.lastHandledReconcileToken),
    lastHandledRepairAt: readText(status.lastHandledRepairAt),
    lastHandledInteractiveAuthoringAt: readText(status.lastHandledInteractiveAuthoringAt),
    waitingSince: parseWaiting(status.waitingSince),
    unconfirmedSince: readTime(status.unconfirmedSince),
    operation: parseOperation(status.operation),
    syncedSpecHash: readText(status.syncedSpecHash),
    warnings: parseWarnings(status.warnings),
  };
  return {
    observedGeneration: readInteger(status.observedGeneration, -1) ?? -1,
    conditions: parseConditions(status.conditions),
    ownedFields: parsePaths(status.ownedFields ?? status[FORMER_OWNED_FIELDS]),
    drift: readList(status.drift).flatMap(parseDrift),
    corrections: readList(status.corrections).flatMap(parseCorrections),
    ...compact(optional),
  };
}

function renderConditions(conditions: readonly Condition[]): ApiCondition[] {
  return inOrder(conditions).map((condition) => ({
    type: condition.type,
    status: condition.status,
    observedGeneration: condition.observedGeneration,
    lastTransitionTime: renderTime(condition.lastTransitionTime),
    reason: renderReason(condition.reason),
    message: cut(visible(condition.message), LIMITS.message),
  }));
}

/** One of each type, in the order in which the names are declared. */
function inOrder(conditions: readonly Condition[]): Condition[] {
  return CONDITION_TYPES.flatMap((type) => conditions.find((condition) => condition.type === type) ?? []);
}

/** A reason can be a new state of Azure's; the CRD accepts one word only. */
function renderReason(reason: string): string {
  const word = reason.replace(/[^A-Za-z0-9_]/g, '').replace(/^[^A-Za-z]+/, '');
  return word === '' ? 'Unknown' : cut(word, LIMITS.reason);
}

function renderPaths(paths: readonly string[]): string[] {
  const bounded = new Set(paths.map((path) => cut(path, LIMITS.fieldPath)));
  return [...bounded].sort().slice(0, LIMITS.ownedFields);
}

/** What a manifest could declare of it; undefined when that is nothing. */
function renderObserved(raw: unknown): JsonObject | undefined {
  if (!isObject(raw)) return undefined;
  const accepted = acceptedPart(raw);
  return Object.keys(accepted).length > 0 ? accepted : undefined;
}

/** What the status of an older version calls `ownedFields`. */
const FORMER_OWNED_FIELDS = 'managedFields';

function parsePaths(raw: unknown): string[] {
  return [...new Set(readList(raw).filter((path) => typeof path === 'string'))].sort();
}

function renderClaim({ origin, identity }: Claim): ApiClaim {
  return withoutEmpty<ApiClaim>({ origin, identity: renderText(identity, LIMITS.identity) });
}

function renderRepair({ attempts, lastAttemptTime, nextAttemptTime, etag, unmade }: Repairs): RepairStatus {
  return withoutEmpty<RepairStatus>({
    attempts,
    lastAttemptTime: renderTime(lastAttemptTime),
    nextAttemptTime: renderTime(nextAttemptTime),
    // A cut etag never equals the runtime's: the attempt then counts as made.
    etag: renderText(etag, LIMITS.etag),
    unmade: unmade || undefined,
  });
}

function renderAuthoring(authoring: AuthoringStatus): InteractiveAuthoringStatus {
  return withoutEmpty<InteractiveAuthoringStatus>({
    status: renderShown(authoring.status, LIMITS.state),
    autoTerminationMinutes: authoring.autoTerminationMinutes,
    enabledUntil: renderTime(authoring.enabledUntil),
    requestedTime: renderTime(authoring.requestedTime),
  });
}

function renderWaiting({ reason, time }: NonNullable<Status['waitingSince']>): WaitingSince {
  return { reason: cut(reason, LIMITS.reason), time: renderTime(time) };
}

function renderDrift({ field, desired, observed }: Drift): ApiDrift {
  const shown = cut(visible(field), LIMITS.fieldPath);
  return withoutEmpty<ApiDrift>({ field: shown, desired: renderValue(desired), observed: renderValue(observed) });
}

function renderValue(value: Json): string | undefined {
  if (value === null) return undefined;
  return cut(visible(typeof value === 'string' ? value : JSON.stringify(value)), LIMITS.driftValue);
}

function renderCorrections({ field, times, contested }: Corrections): Correction {
  const latest = times.slice(-LIMITS.correctionTimes).map((time) => renderTime(time));
  return { field, times: latest, ...(contested ? { contested } : {}) };
}

function renderOperation({ kind, time, fields, specHash, replacedEtag, repeated }: Operation): ApiOperation {
  return {
    kind,
    time: renderTime(time),
    ...(fields.length > 0
      ? { fields: fields.slice(0, LIMITS.ownedFields).map((path) => cut(path, LIMITS.fieldPath)) }
      : {}),
    specHash,
    // A cut etag would differ from any that the runtime shows.
    ...(replacedEtag !== undefined && replacedEtag.length <= LIMITS.etag ? { replacedEtag } : {}),
    ...(repeated ? { repeated } : {}),
  };
}

function renderTold({ reason, cause }: Told): Warning {
  return withoutEmpty<Warning>({ reason: cut(reason, LIMITS.reason), cause: cause || undefined });
}

function renderText(text: string | undefined, length: number): string | undefined {
  return text ? cut(text, length) : undefined;
}

/** Text that people read and no code compares. */
function renderShown(text: string | undefined, length: number): string | undefined {
  return renderText(text && visible(text), length);
}

const LATEST_TIME = Date.UTC(9999, 11, 31, 23, 59, 59);

function renderTime(ms: number): string;
function renderTime(ms: number | undefined): string | undefined;
function renderTime(ms: number | undefined): string | undefined {
  if (ms === undefined) return undefined;
  const within = Number.isFinite(ms) ? Math.min(Math.max(ms, 0), LATEST_TIME) : 0;
  return `${new Date(within).toISOString().slice(0, 19)}Z`;
}

function parseConditions(raw: unknown): Condition[] {
  return inOrder(
    readList(raw).flatMap((item) => {
      const { type, status, reason, message, observedGeneration, lastTransitionTime } = readRecord(item);
      const knownType = CONDITION_TYPES.find((candidate) => candidate === type);
      const knownStatus = (['True', 'False', 'Unknown'] as const).find((candidate) => candidate === status);
      const time = readTime(lastTransitionTime);
      const why = readText(reason);
      if (knownType === undefined || knownStatus === undefined || time === undefined || why === undefined) return [];
      return {
        type: knownType,
        status: knownStatus,
        reason: why,
        message: readText(message) ?? '',
        observedGeneration: readInteger(observedGeneration, 0) ?? 0,
        lastTransitionTime: time,
      };
    }),
  );
}

function parseClaim(raw: unknown): Claim | undefined {
  const { origin, identity } = readRecord(raw);
  return origin === 'Created' || origin === 'Adopted' ? { origin, identity: readText(identity) ?? '' } : undefined;
}

function parseRepair(raw: unknown): Status['repair'] {
  if (!isObject(raw)) return undefined;
  const optional = {
    lastAttemptTime: readTime(raw.lastAttemptTime),
    nextAttemptTime: readTime(raw.nextAttemptTime),
    etag: readText(raw.etag),
    unmade: raw.unmade === true || undefined,
  };
  return { attempts: readInteger(raw.attempts, 0) ?? 0, ...compact(optional) };
}

function parseAuthoring(raw: unknown): AuthoringStatus | undefined {
  const { status, autoTerminationMinutes, enabledUntil, requestedTime } = readRecord(raw);
  const authoring = compact({
    status: readText(status),
    autoTerminationMinutes: readInteger(autoTerminationMinutes, 0),
    enabledUntil: readTime(enabledUntil),
    requestedTime: readTime(requestedTime),
  });
  return Object.keys(authoring).length > 0 ? authoring : undefined;
}

function parseWaiting(raw: unknown): Status['waitingSince'] {
  const { reason, time } = readRecord(raw);
  const why = readText(reason);
  const since = readTime(time);
  return why === undefined || since === undefined ? undefined : { reason: why, time: since };
}

function parseDrift(raw: unknown): Drift[] {
  const { field, desired, observed } = readRecord(raw);
  if (typeof field !== 'string' || !isFieldPath(field)) return [];
  const value = (text: unknown): Json => (typeof text === 'string' ? text : null);
  return [{ field, desired: value(desired), observed: value(observed) }];
}

function parseCorrections(raw: unknown): Corrections[] {
  const { field, times, contested } = readRecord(raw);
  if (typeof field !== 'string' || !isFieldPath(field)) return [];
  const known = readList(times).flatMap((time) => readTime(time) ?? []);
  return [{ field, times: known, contested: contested === true }];
}

function parseWarnings(raw: unknown): readonly Told[] | undefined {
  const told = readList(raw).flatMap((item) => {
    const { reason, cause } = readRecord(item);
    const why = readText(reason);
    return why === undefined ? [] : [{ reason: why, cause: readText(cause) ?? '' }];
  });
  return told.length > 0 ? told : undefined;
}

const OPERATION_KINDS: readonly Operation['kind'][] = [
  'Create',
  'Recreate',
  'Adopt',
  'Update',
  'Correct',
  'Repair',
  'Delete',
];

function parseOperation(raw: unknown): Operation | undefined {
  const { kind, time, fields, specHash, replacedEtag, repeated } = readRecord(raw);
  const known = OPERATION_KINDS.find((candidate) => candidate === kind);
  const since = readTime(time);
  if (known === undefined || since === undefined) return undefined;
  return {
    kind: known,
    time: since,
    fields: readList(fields).filter((path) => typeof path === 'string' && isFieldPath(path)) as FieldPath[],
    specHash: readText(specHash) ?? '',
    ...compact({ replacedEtag: readText(replacedEtag) }),
    repeated: repeated === true,
  };
}

/** `T` with undefined for the optional fields that are left out later. */
type Draft<T> = { [K in keyof T]-?: Pick<T, K> extends Required<Pick<T, K>> ? T[K] : T[K] | undefined };

/** Without undefined values and empty lists. */
function withoutEmpty<T extends object>(draft: Draft<T>): T {
  const kept = Object.entries(draft).filter(([, value]) => !(Array.isArray(value) && value.length === 0));
  return compact(Object.fromEntries(kept)) as T;
}
