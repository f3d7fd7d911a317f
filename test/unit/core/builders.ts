/** Situations to decide about, spelled as briefly as a sentence about them. */
import { test } from '@jest/globals';
import { decide } from '../../../src/core/decide.ts';
import { declarationHash } from '../../../src/core/model/desired.ts';
import type { Failure } from '../../../src/core/model/failure.ts';
import type { FieldPath } from '../../../src/core/model/fields.ts';
import { inFull } from '../../../src/core/model/message.ts';
import {
  type Claim,
  type Condition,
  type ConditionType,
  EMPTY_STATUS,
  type ManagedObject,
  NO_REQUESTS,
  type Requests,
  type Status,
} from '../../../src/core/model/object.ts';
import type { Definition, Json, RuntimeDocument, RuntimeType } from '../../../src/core/model/runtime.ts';
import { MINUTE, type Requeue } from '../../../src/core/schedule.ts';
import type { Action, Phase, Situation, Verdict } from '../../../src/core/situation.ts';
import type { Seen } from '../../support/kstatus.ts';
import { desired } from '../model/builders.ts';

export const NOW = Date.UTC(2026, 0, 1);
export const INTERVAL = 10 * MINUTE;
export const IDENTITY = 'tenant/client';
export const GRANTED = { granted: true, identity: IDENTITY } as const;
export const DENIED = { granted: false, message: { what: 'No credentials.', remedy: 'Get some.' } } as const;
export const CREATED: Claim = { origin: 'Created', identity: IDENTITY };
export const ADOPTED: Claim = { origin: 'Adopted', identity: IDENTITY };

export const ago = (minutes: number): number => NOW - minutes * MINUTE;

/** One test a row, named by the rule that its key states. */
export function rules<T>(table: Readonly<Record<string, T>>, check: (row: T) => void): void {
  for (const [rule, row] of Object.entries(table)) test(rule, () => check(row));
}

type Wanted = Parameters<typeof desired>[0];

/** What is written about a situation; all else is that of a new object that nothing is known of. */
export interface Scene extends Partial<Omit<Situation, 'object' | 'desired' | 'status'>> {
  readonly object?: Partial<Omit<ManagedObject, 'requests' | 'status' | 'spec'>>;
  readonly requests?: Partial<Requests>;
  readonly desired?: Wanted;
  readonly status?: Partial<Status>;
}

export function managedObject(name: string, more: Partial<ManagedObject> = {}, wanted: Wanted = {}): ManagedObject {
  return {
    key: `team/${name}`,
    namespace: 'team',
    name,
    uid: `uid-${name}`,
    generation: 1,
    resourceVersion: '1',
    createdAt: 0,
    deleting: false,
    isTrackedByArgoCd: false,
    hasOtherFinalizers: false,
    hasFinalizer: false,
    mark: undefined,
    spec: { valid: true, desired: desired(wanted) },
    requests: NO_REQUESTS,
    status: EMPTY_STATUS,
    ...more,
  };
}

export function situation({ object, requests, desired: wanted, status: more, ...rest }: Scene = {}): Situation {
  const status = { ...EMPTY_STATUS, ...more };
  const base = managedObject('sample', { ...object, status, requests: { ...NO_REQUESTS, ...requests } }, wanted);
  return {
    object: base,
    desired: desired(wanted),
    status,
    peers: [],
    contenders: rest.peers ?? [],
    access: GRANTED,
    now: NOW,
    intervalMs: INTERVAL,
    failingSince: undefined,
    ...rest,
  };
}

/** An object that holds and has claimed its runtime, was found in sync and well a day ago, and is looked at again. */
export function owned(more: Scene = {}): Situation {
  return situation({
    ...more,
    object: { hasFinalizer: true, ...more.object },
    status: { ...IN_SYNC, syncedSpecHash: declarationHash(desired(more.desired)), ...more.status },
  });
}

/** The same, when what Azure has is known to be as declared (West Europe) and Online. */
export function seen(more: Scene = {}): Situation {
  return owned({ definition: found('West Europe'), state: 'Online', ...more });
}

/** An object that holds and has claimed its runtime and is being deleted. */
export function dying(more: Scene = {}): Situation {
  return owned({ ...more, object: { deleting: true, generation: 2, ...more.object } });
}

export function said(
  type: ConditionType,
  status: Condition['status'],
  reason: string,
  more: Partial<Condition> = {},
): Condition {
  return { type, status, reason, message: '', observedGeneration: 1, lastTransitionTime: ago(1_440), ...more };
}

export const WELL: readonly Condition[] = [
  said('Ready', 'True', 'Available'),
  said('Synced', 'True', 'InSync'),
  said('Healthy', 'True', 'Online'),
];

/** What a status of this reason has for conditions, whatever decided about it. */
export function standing(
  reason: string,
  progress: 'Reconciling' | 'Stalled',
  ready: Condition['status'] = 'False',
): readonly Condition[] {
  return [
    said('Ready', ready, reason),
    said('Synced', 'True', 'InSync'),
    said('Healthy', 'True', 'Online'),
    said(progress, 'True', reason),
  ];
}

export const IN_SYNC: Status = {
  observedGeneration: 1,
  conditions: WELL,
  state: 'Online',
  resourceId: '/subscriptions/x',
  location: 'West Europe',
  referenceName: 'MySampleAzureIR',
  claim: CREATED,
  ownedFields: ['location'],
  drift: [],
  corrections: [],
  syncedSpecHash: declarationHash(desired()),
};

const { claim: _, ...rest } = IN_SYNC;
/** The memory of an object that was found in sync and claims nothing, as an observer's. */
export const UNCLAIMED: Status = rest;

export function managed(location: Json | undefined, more: RuntimeDocument = {}): RuntimeDocument {
  if (location === undefined) return { type: 'Managed', ...more };
  return { type: 'Managed', typeProperties: { computeProperties: { location } }, ...more };
}

/** What a GET of this pass has answered. */
export function found(
  location: Json | undefined,
  more: RuntimeDocument = {},
  type: RuntimeType = 'Managed',
): Definition {
  const runtime = { name: 'MySampleAzureIR', type, document: managed(location, more), etag: 'etag' };
  return { presence: 'present', fresh: true, runtime };
}

export const GONE: Definition = { presence: 'absent', fresh: true };

/** The same from the shared list. */
export function listed(definition: Definition): Definition {
  return { ...definition, fresh: false };
}

export function failed(kind: Failure['kind'], during: Phase = 'poll', more: Partial<Failure> = {}) {
  return { during, failure: FAILURE({ kind, ...more }) };
}

/** A failure of this kind, complete. */
export function FAILURE({ kind, ...more }: Partial<Failure> & { kind: Failure['kind'] }): Failure {
  const message = `Azure says ${kind}.`;
  const of = {
    parentNotFound: { what: 'factory' },
    throttled: { retryAfterMs: 7_000 },
    unavailable: { retryAfterMs: 7_000 },
    notOffered: { remedy: 'Run: az provider register (retried ever more slowly).' },
  } as const;
  return { kind, message, ...(kind in of ? of[kind as keyof typeof of] : {}), ...more } as Failure;
}

export const FAILURE_KINDS: readonly Failure['kind'][] = [
  'parentNotFound',
  'subscriptionNotFound',
  'forbidden',
  'policyDenied',
  'locked',
  'credentialsInvalid',
  'credentialUnavailable',
  'notOffered',
  'readRefused',
  'refused',
  'preconditionFailed',
  'throttled',
  'unavailable',
];

/** `Update location`, `Ready=False Forbidden Stalled`: an action as a reader would sum it up. */
export function told(action: Action): string {
  switch (action.kind) {
    case 'Read':
      return action.at === 'definition' ? `Look definition ${action.fresh ? 'fresh' : 'listed'}` : `Look ${action.at}`;
    case 'Create':
      return action.missing ? 'Create missing' : 'Create';
    case 'StoreStatus':
      return told(action.before);
    case 'Adopt':
    case 'Update':
      return [action.kind, ...action.changes.map(({ field }) => field)].join(' ');
    case 'Repair': {
      const { attempt } = action;
      return attempt.by === 'operator' ? `Repair ${attempt.number} of ${attempt.of}` : `Repair for ${attempt.token}`;
    }
    case 'Release':
      return `Release ${action.event.reason}`;
    case 'Settle':
      return toldVerdict(action.verdict);
    default:
      return action.kind;
  }
}

function toldVerdict(verdict: Verdict): string {
  if (verdict.kind === 'Unconfirmed') return `Unconfirmed ${verdict.reason}`;
  if (verdict.kind !== 'Decided') return verdict.kind;
  return [`Ready=${verdict.ready}`, verdict.reason, verdict.progress].filter((part) => part !== undefined).join(' ');
}

export const decided = (s: Situation): string => told(decide(s));

type Settled = Extract<Action, { kind: 'Settle' }>;

/** @throws when the decision is not to settle. */
export function settlementOf(s: Situation): Settled {
  const action = decide(s);
  if (action.kind !== 'Settle') throw new Error(`decided to ${told(action)}`);
  return action;
}

export const verdictOf = (s: Situation): Verdict => settlementOf(s).verdict;
export const nextOf = (s: Situation): Requeue => settlementOf(s).next;

/** The message that people read; empty where the decision says nothing. */
export function messageOf(s: Situation): string {
  const action = decide(s);
  if (action.kind === 'Release') return action.event.message;
  if (action.kind !== 'Settle' || !('message' in action.verdict)) return '';
  return inFull(action.verdict.message);
}

export function corrections(field: FieldPath, minutesAgo: readonly number[], contested = false) {
  return { field, times: minutesAgo.map(ago), contested };
}

/** The object with this status, as the API server shows it. */
export function asApi(s: Situation, status: Status): Seen {
  const { generation, deleting, name } = s.object;
  return {
    metadata: { name, generation, ...(deleting ? { deletionTimestamp: 'now' } : {}) },
    status: { observedGeneration: status.observedGeneration, conditions: status.conditions },
  };
}
