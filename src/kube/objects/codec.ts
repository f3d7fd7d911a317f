/** Parses an object of the API server. */
import { LIMITS } from '../../api/limits.ts';
import { ANNOTATION, ARGO_CD_TRACKING, FINALIZER, HELM_RELEASE, MARK_ANNOTATION } from '../../api/names.ts';
import { isObject } from '../../core/model/json.ts';
import { EMPTY_STATUS, type ManagedObject, type Requests, type Status } from '../../core/model/object.ts';
import { cut, type Raw, readInteger, readList, readRecord, readText, readTime } from '../client/raw.ts';
import { parseMark } from './mark.ts';
import { parseSpec } from './spec.ts';
import { parseStatus } from './status.ts';

/** A `ManagedObject`, and what only this folder needs. */
export interface ParsedObject extends ManagedObject {
  /** All of them: our own change has to keep those of others. */
  readonly finalizers: readonly string[];
  /** Whether it has a mark, also one of another object: the mark goes with the finalizer. */
  readonly bearsMark: boolean;
}

/**
 * Never throws. Undefined without a name, a namespace, a uid and a version. What it cannot parse of the spec makes `spec`
 * invalid; what it cannot parse of the status is dropped.
 */
export function parseObject(raw: unknown): ParsedObject | undefined {
  if (!isObject(raw)) return undefined;
  const metadata = readRecord(raw.metadata);
  const namespace = readText(metadata.namespace);
  const name = readText(metadata.name);
  const uid = readText(metadata.uid);
  const resourceVersion = readText(metadata.resourceVersion);
  if (namespace === undefined || name === undefined || uid === undefined || resourceVersion === undefined) {
    return undefined;
  }
  const annotations = readRecord(metadata.annotations);
  const finalizers = readList(metadata.finalizers).filter((finalizer) => typeof finalizer === 'string');
  return {
    key: `${namespace}/${name}`,
    namespace,
    name,
    uid,
    generation: readInteger(metadata.generation, 0) ?? 0,
    resourceVersion,
    createdAt: readTime(metadata.creationTimestamp) ?? 0,
    deleting: readText(metadata.deletionTimestamp) !== undefined,
    isTrackedByArgoCd: isTrackedByArgoCd(annotations, readRecord(metadata.labels)),
    hasFinalizer: finalizers.includes(FINALIZER),
    hasOtherFinalizers: finalizers.some((finalizer) => finalizer !== FINALIZER),
    finalizers,
    mark: parseMark(annotations[MARK_ANNOTATION], uid),
    bearsMark: Object.hasOwn(annotations, MARK_ANNOTATION),
    spec: parseSpec(raw.spec, name),
    requests: parseRequests(annotations),
    status: parseOwnStatus(raw.status, uid),
  };
}

/** A status that came with a backup or a copy is about another object: this one starts with an empty status. */
function parseOwnStatus(status: unknown, uid: string): Status {
  return readRecord(status).uid === uid ? parseStatus(status) : EMPTY_STATUS;
}

/** Charts set the label that Argo CD shares with them: what Helm installed is Argo CD's only by another mark. */
function isTrackedByArgoCd(annotations: Raw, labels: Raw): boolean {
  const has = (record: Raw, keys: readonly string[]) => keys.some((key) => Object.hasOwn(record, key));
  const isHelms = Object.hasOwn(annotations, HELM_RELEASE);
  return (
    has(annotations, ARGO_CD_TRACKING.annotations) ||
    has(labels, ARGO_CD_TRACKING.labels) ||
    (!isHelms && has(labels, ARGO_CD_TRACKING.sharedLabels))
  );
}

/** Cut to the length at which the status keeps handled values, so that the two can be compared. */
function parseRequests(annotations: Raw): Requests {
  const read = (annotation: string, length: number): string | undefined => {
    const value = readText(annotations[annotation]);
    return value === undefined ? undefined : cut(value, length);
  };
  return {
    reconcile: read(ANNOTATION.reconcile, LIMITS.token),
    requestedAt: read(ANNOTATION.fluxReconcile, LIMITS.token),
    repair: read(ANNOTATION.repair, LIMITS.token),
    acceptIdentity: read(ANNOTATION.acceptIdentity, LIMITS.identity),
    enableInteractiveAuthoring: read(ANNOTATION.enableInteractiveAuthoring, LIMITS.token),
  };
}
