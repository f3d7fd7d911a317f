/**
 * A life of an object, pass by pass, in a world that a generator makes up. The actions of `decide` are done to the situation
 * alone, as the ports would do them.
 */
import fc from 'fast-check';
import { decide } from '../../../src/core/decide.ts';
import type { Desired } from '../../../src/core/model/desired.ts';
import type { Failure } from '../../../src/core/model/failure.ts';
import { differences, merge, newDocument } from '../../../src/core/model/fields.ts';
import type { Claim, ManagedObject, Requests, Status } from '../../../src/core/model/object.ts';
import { attempted, failed } from '../../../src/core/model/repairs.ts';
import type { Definition, ParentPresence, RuntimeDocument } from '../../../src/core/model/runtime.ts';
import { MINUTE, RUNTIME_MISSING_MS } from '../../../src/core/schedule.ts';
import {
  type Action,
  type Phase as Call,
  etagOf,
  HANDLED,
  type Situation,
  type Verdict,
} from '../../../src/core/situation.ts';
import { standsWithoutState } from '../../../src/core/state-read.ts';
import { corrected } from '../../../src/core/status/contest.ts';
import { statusAfter } from '../../../src/core/status/status.ts';
import { desired, runtimeId } from '../model/builders.ts';
import { declaration } from './arbitraries.ts';
import {
  DENIED,
  FAILURE,
  FAILURE_KINDS,
  found,
  GONE,
  GRANTED,
  IN_SYNC,
  INTERVAL,
  managedObject,
  NOW,
} from './builders.ts';

export interface World {
  readonly elapsedMs: number;
  readonly definition: Definition;
  readonly state: string;
  /** The call that fails, if any. */
  readonly fails: { readonly at: 'poll' | 'state' | 'write'; readonly failure: ReturnType<typeof FAILURE> } | undefined;
  /** Azure says yes to a write and keeps what it has. */
  readonly ignores: boolean;
  readonly access: Situation['access'];
  readonly failingForMs: number | undefined;
  /** Of passes before this one, besides the status. */
  readonly missingForMs: number | undefined;
  /** Since this process tried to write what is declared. */
  readonly triedForMs: number | undefined;
  /** What the parent's own GET says when it is denied. */
  readonly parent: ParentPresence;
  readonly edit: Omit<Desired, 'id'> | undefined;
  readonly requests: Partial<Requests>;
  readonly peers: readonly ManagedObject[];
}

const place = fc.constantFrom('West Europe', 'north europe', 'AutoResolve', undefined);
const definition: fc.Arbitrary<Definition> = fc.oneof(
  { weight: 6, arbitrary: place.map((location) => found(location)) },
  { weight: 2, arbitrary: place.map((location) => found(location, { description: 'ours' })) },
  { weight: 2, arbitrary: fc.constant(GONE) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('SelfHosted' as const, { unknown: 'Airflow' }).map((type) => found(undefined, {}, type)),
  },
);
const declared = fc.record({
  fields: declaration,
  managementPolicy: fc.constantFrom('Manage', 'Manage', 'Manage', 'Observe'),
  adoptionPolicy: fc.constantFrom('Always', 'Always', 'IfIdentical', 'Never'),
  deletionPolicy: fc.constantFrom('DeleteIfCreated', 'Delete', 'Retain'),
  repair: fc.record({ mode: fc.constantFrom('Auto', 'Auto', 'Disabled'), maxAttempts: fc.integer({ min: 1, max: 3 }) }),
  intervalMs: fc.constant(undefined),
  suspend: fc.nat(5).map((n) => n === 0),
}) satisfies fc.Arbitrary<Omit<Desired, 'id'>>;
const token = fc.constantFrom(undefined, undefined, undefined, 't1', 't2');
const peers: fc.Arbitrary<readonly ManagedObject[]> = fc.constantFrom(
  ...Array.from({ length: 10 }, () => []),
  [managedObject('younger', { createdAt: 1 })],
  [managedObject('older', { createdAt: -1 })],
  [managedObject('owner', { hasFinalizer: true, status: IN_SYNC, createdAt: -1 })],
  [managedObject('owner', { hasFinalizer: true, status: IN_SYNC, createdAt: -1, deleting: true })],
  [managedObject('observer', { createdAt: -1 }, { managementPolicy: 'Observe' })],
);
const rarely = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 2, nil: undefined });

const world: fc.Arbitrary<World> = fc.record({
  elapsedMs: fc.constantFrom(0, 1_000, MINUTE, 5 * MINUTE, INTERVAL, 40 * MINUTE, 90 * MINUTE),
  definition,
  state: fc.constantFrom(
    'Online',
    'Online',
    'Online',
    'Started',
    'Starting',
    'Limited',
    'Limited',
    'Offline',
    'Pondering',
    '',
  ),
  fails: rarely(
    fc.record({
      at: fc.constantFrom('poll', 'state', 'write'),
      failure: fc.constantFrom(...FAILURE_KINDS).map((kind) => FAILURE({ kind })),
    }),
  ),
  ignores: fc.nat(4).map((n) => n === 0),
  access: fc.constantFrom(
    GRANTED,
    GRANTED,
    GRANTED,
    GRANTED,
    GRANTED,
    GRANTED,
    GRANTED,
    { granted: true, identity: 'tenant/other' } as const,
    DENIED,
  ),
  failingForMs: fc.constantFrom(undefined, 0, INTERVAL, 90 * MINUTE),
  missingForMs: fc.constantFrom(undefined, 0, RUNTIME_MISSING_MS, 90 * MINUTE),
  triedForMs: fc.constantFrom(undefined, 0, INTERVAL, 90 * MINUTE),
  parent: fc.constantFrom('present', 'absent', 'absent', 'unreadable', 'unanswered'),
  edit: rarely(declared),
  requests: fc.record({
    reconcile: token,
    requestedAt: token,
    repair: token,
    acceptIdentity: fc.constantFrom(undefined, undefined, 'tenant/other'),
  }),
  peers,
});

export interface Settled {
  readonly s: Situation;
  readonly verdict: Verdict;
  readonly wrote: boolean;
}

/** A pass without a port: does to the situation what an action would do. Undefined when the object is let go. */
export function pass(
  object: ManagedObject,
  wanted: Desired,
  now: number,
  given: World,
  witness: (s: Situation, action: Action) => void = () => {},
): Settled | undefined {
  let s: Situation = {
    object: { ...object, requests: { ...object.requests, ...given.requests } },
    desired: wanted,
    status: object.status,
    peers: given.peers,
    contenders: given.peers,
    access: given.access,
    now,
    intervalMs: INTERVAL,
    failingSince: given.failingForMs === undefined ? undefined : now - given.failingForMs,
    ...(given.missingForMs === undefined ? {} : { missingSince: now - given.missingForMs }),
    ...(given.triedForMs === undefined ? {} : { triedAt: now - given.triedForMs }),
  };
  const at = (call: 'definition' | 'network' | 'state' | 'parent' | 'write') =>
    FAILS_AT[call] === given.fails?.at ? given.fails?.failure : undefined;
  let follows: Action | undefined;
  for (let step = 0; step < 16; step++) {
    const action = follows ?? decide(s);
    follows = action.kind === 'StoreStatus' ? action.before : undefined;
    witness(s, action);
    if (action.kind === 'Release') return undefined;
    if (action.kind === 'Settle') return { s, verdict: action.verdict, wrote: s.wrote !== undefined };
    const write = CALL[action.kind];
    const failure = action.kind === 'Read' ? at(action.at) : write && at('write');
    const isOnlyShown = action.kind === 'Read' && action.at === 'state' && action.stands === true;
    s =
      failure === undefined
        ? done(s, action, given)
        : isOnlyShown && standsWithoutState(s, failure)
          ? { ...s, isStateUnread: true }
          : { ...failing(s, action, failure), failure: { during: write ?? 'poll', failure } };
  }
  throw new Error('the policies did not settle');
}

/** What a call that fails leaves behind: a repair is stored before it is made. */
function failing(s: Situation, action: Action, { kind }: Failure): Situation {
  if (action.kind !== 'Repair' || action.attempt.by !== 'operator') return s;
  const { number, nextAttemptTime } = action.attempt;
  const repair = failed(
    attempted({ attempts: number - 1 }, etagOf(s) ?? '', s.now, nextAttemptTime),
    kind === 'unavailable',
  );
  return { ...s, status: { ...s.status, repair } };
}
const FAILS_AT = { definition: 'poll', network: 'poll', state: 'state', parent: undefined, write: 'write' } as const;

const CALL: Partial<Record<Action['kind'], Call>> = {
  Create: 'create',
  Adopt: 'update',
  Update: 'update',
  Repair: 'repair',
  Delete: 'delete',
};

function done(s: Situation, action: Action, given: World): Situation {
  const { status, desired: wanted, now } = s;
  const claim = (origin: Claim['origin']): Claim => ({ origin, identity: s.access.granted ? s.access.identity : '' });
  const names = [...wanted.fields.keys()].sort();
  switch (action.kind) {
    case 'Read':
      if (action.at === 'state') return { ...s, state: given.state };
      if (action.at === 'network') return { ...s, network: 'present' };
      if (action.at === 'parent') return { ...s, parent: given.parent };
      return { ...s, definition: { ...given.definition, fresh: action.fresh } };
    case 'RemoveFinalizer':
      return { ...s, object: { ...s.object, hasFinalizer: false } };
    case 'StoreStatus':
      return { ...s, status: action.status, object: { ...s.object, status: action.status } };
    case 'Claim':
      return { ...s, status: { ...status, claim: claim('Created'), ownedFields: names } };
    case 'Create':
      return written(s, { kind: 'create' }, newDocument(wanted.fields), given, {
        claim: claim('Created'),
        ownedFields: names,
      });
    case 'Adopt':
    case 'Update': {
      const { changes } = action;
      const ownedFields = [...new Set([...status.ownedFields, ...names])].sort();
      const fields = changes.map(({ field }) => field);
      const fresh = status.observedGeneration !== s.object.generation;
      const after = written(s, { kind: 'update', fields }, merge(documentOf(s), changes, wanted.fields), given, {
        ownedFields,
        ...(action.kind === 'Adopt' ? { claim: claim('Adopted') } : {}),
      });
      const still = differences(wanted.fields, status.ownedFields, documentOf(after)).map(({ field }) => field);
      const mended = fields.filter((field) => !still.includes(field));
      if (action.kind === 'Adopt' || fresh || mended.length === 0) return after;
      return { ...after, status: { ...after.status, corrections: corrected(status.corrections, mended, now) } };
    }
    case 'Repair': {
      const { attempt } = action;
      const counted: Partial<Status> =
        attempt.by === 'operator'
          ? { repair: { attempts: attempt.number, lastAttemptTime: now, nextAttemptTime: attempt.nextAttemptTime } }
          : {};
      return written(s, { kind: 'repair' }, documentOf(s), given, counted);
    }
    case 'HandOver':
      return s;
    case 'Delete':
      return { ...s, wrote: { kind: 'delete' }, definition: GONE };
    case 'CompleteRequest': {
      const { request } = action;
      return { ...s, status: { ...s.status, [HANDLED[request]]: s.object.requests[request] ?? '' } };
    }
    default:
      throw new Error(action.kind);
  }
}

function documentOf({ definition: of }: Situation): RuntimeDocument {
  if (of?.presence !== 'present') throw new Error('nothing was read');
  return of.runtime.document;
}

function written(
  s: Situation,
  wrote: NonNullable<Situation['wrote']>,
  document: RuntimeDocument,
  { ignores }: World,
  more: Partial<Status>,
): Situation {
  const answer = ignores && s.definition?.presence === 'present' ? documentOf(s) : document;
  const runtime = { name: runtimeId().name, type: 'Managed', document: answer, etag: 'new' } as const;
  const { repair } = s.object.requests;
  const { state: _, ...rest } = s;
  return {
    ...rest,
    object: { ...s.object, hasFinalizer: true },
    status: { ...s.status, ...more, ...(repair === undefined ? {} : { lastHandledRepairAt: repair }) },
    wrote,
    definition: { presence: 'present', fresh: true, runtime },
  };
}

/** Runs a life, and calls `judge` wherever a status is made, and `witness` wherever something is decided. */
export function live(
  worlds: readonly World[],
  deletedAt: number,
  judge: (settled: Settled, given: World, before: Status) => void,
  witness: (s: Situation, action: Action, given: World) => void = () => {},
): void {
  let wanted = desired();
  let object = managedObject('sample');
  let now = NOW;
  for (const [i, given] of worlds.entries()) {
    now += given.elapsedMs;
    if (given.edit !== undefined && !object.deleting) {
      wanted = { ...wanted, ...given.edit };
      object = { ...object, generation: object.generation + 1 };
    }
    if (i === deletedAt) object = { ...object, deleting: true, generation: object.generation + 1 };
    // The API server lets go at once of what nobody holds.
    if (object.deleting && !object.hasFinalizer) return;
    const settled = pass(object, wanted, now, given, (s, action) => witness(s, action, given));
    if (settled === undefined) return;
    judge(settled, given, object.status);
    const { s, verdict } = settled;
    const status = statusAfter(s, verdict);
    const owns = status.claim !== undefined && wanted.managementPolicy === 'Manage' && verdict.kind !== 'Suspended';
    object = { ...s.object, status, hasFinalizer: s.object.hasFinalizer || (owns && !object.deleting) };
  }
}

/** A world mostly stays as it is for a while: that is what waits, contests and repairs are about. */
const episode = fc
  .tuple(world, fc.constantFrom(1, 1, 2, 7))
  .map(([first, times]) => [first, ...Array.from({ length: times - 1 }, () => ({ ...first, edit: undefined }))]);
export const lives = fc.tuple(
  fc.array(episode, { minLength: 1, maxLength: 8, size: 'max' }).map((episodes) => episodes.flat()),
  fc.nat(16),
);
export const RUNS = { numRuns: Number(process.env.LIFE_RUNS ?? 300) };

/** The situation of the next pass, with what this one has written. */
export const next = ({ s }: Settled, status: Status, laterMs = 0): Situation => ({
  ...s,
  status,
  object: { ...s.object, status },
  now: s.now + laterMs,
});
