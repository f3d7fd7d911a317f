/** What people read of an object that is not ready: what is wrong, what to do, and only then what a machine said. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { failureOfRefusal } from '../../../src/azure/arm/refusals.ts';
import { failureOfCredential } from '../../../src/azure/identity/credential-failures.ts';
import { ENTRA_CODES } from '../../../src/azure/identity/entra-codes.ts';
import { decide } from '../../../src/core/decide.ts';
import type { Failure } from '../../../src/core/model/failure.ts';
import { GUID } from '../../../src/core/model/guid.ts';
import { inFull, inShort, type Message } from '../../../src/core/model/message.ts';
import { condition } from '../../../src/core/model/object.ts';
import type { Parent } from '../../../src/core/model/runtime.ts';
import { MINUTE } from '../../../src/core/schedule.ts';
import type { Action, Phase, Situation } from '../../../src/core/situation.ts';
import { statusAfter } from '../../../src/core/status/status.ts';
import { ago, dying, FAILURE, FAILURE_KINDS, found, managedObject, NOW, owned, seen, situation } from './builders.ts';
import { live, lives, RUNS } from './life.ts';
import { SCENES } from './scenes.ts';

const TENANT = '11111111-1111-1111-1111-111111111111';
const CLIENT = '22222222-2222-2222-2222-222222222222';
const ACCESS = {
  granted: true,
  identity: `${TENANT}/${CLIENT}`,
  credential: 'client secret, from the Secret azure-ir-credential of the namespace',
} as const;
const SAID = `The client '${CLIENT}' may not. [request id 33333333-3333-3333-3333-333333333333]`;

/** Without what Azure said and the ids; the way out of a deletion comes on top. */
const LONGEST = 400;
const LONGEST_WAY_OUT = 200;
const WAY_OUT = / To release the object but keep the runtime: .*$/;

const HAS_GUID = new RegExp(GUID);

/** The rules that a message breaks. One expectation for each would take most of the time of these tests. */
function brokenBy(s: Situation, { ids = '', azure = '', ...message }: Message): string[] {
  const advice = inShort(message);
  const full = inFull({ ...message, ids, azure });
  const rules = {
    'says what is wrong in sentences': /^\S.*[.…]$/.test(message.what),
    'says what to do': /[.)]$/.test(message.remedy ?? '') || wasTold(s, message),
    'names no id before that': !HAS_GUID.test(advice),
    'is short': advice.replace(WAY_OUT, '').length <= LONGEST && advice.length <= LONGEST + LONGEST_WAY_OUT,
    'has the ids after that': full.startsWith(ids === '' ? advice : `${advice} ${ids}`),
    'has what Azure said at the end': full.endsWith(azure),
  };
  return Object.entries(rules).flatMap(([rule, isKept]) => (isKept ? [] : [`${rule}: ${full}`]));
}

/** What was told before is told again as a whole, its remedy with it. */
const wasTold = (s: Situation, { what }: Message): boolean =>
  s.status.conditions.some(({ message }) => message.startsWith(what));

/** Judges what an object is told that is not ready. Says whether it was told anything. */
function judge(s: Situation, action: Action): boolean {
  if (action.kind !== 'Settle') return false;
  const { verdict } = action;
  if (verdict.kind !== 'Unconfirmed' && (verdict.kind !== 'Decided' || verdict.ready === 'True')) return false;
  const status = statusAfter(s, verdict);
  const { azure: _, ...rest } = verdict.message;
  const progress = condition(status, 'Reconciling') ?? condition(status, 'Stalled');
  const ready = condition(status, 'Ready');
  const rules = {
    'Reconciling and Stalled leave out what Azure said': progress?.message === inShort(rest),
    'Ready has all': verdict.kind === 'Unconfirmed' || ready?.message === inFull(verdict.message),
  };
  const broken = Object.entries(rules).flatMap(([rule, isKept]) => (isKept ? [] : [rule]));
  const all = [...broken, ...brokenBy(s, verdict.message)];
  if (all.length > 0) expect(all).toEqual([]);
  return true;
}

/** Every failure of Azure Resource Manager and of Microsoft Entra, as the adapters tell it. */
const STATUSES = [400, 401, 403, 404, 405, 408, 409, 412, 413, 415, 422, 429, 500, 503];
const CODES = [
  undefined,
  'ExpiredAuthenticationToken',
  'MissingSubscriptionRegistration',
  'NoRegisteredProviderFound',
  'DisallowedProvider',
  'LocationNotAvailableForResourceType',
  'RequestDisallowedByPolicy',
  'AuthorizationFailed',
  'ParentResourceNotFound',
  'ResourceGroupNotFound',
  'SubscriptionNotFound',
  'ScopeLocked',
  'ReadOnlyDisabledSubscription',
  'Odd',
];
const TEXT =
  `The client '${CLIENT}' with object id '${CLIENT}' does not have authorization to perform action ` +
  `'Microsoft.DataFactory/factories/integrationruntimes/write' over scope '/subscriptions/${CLIENT}'. Policy identifiers: ` +
  `'[{"policyAssignment":{"name":"only-in-europe","id":"/subscriptions/${CLIENT}"}}]'.`;
const refused: readonly Failure[] = STATUSES.flatMap((status) =>
  CODES.flatMap((code) =>
    [true, false].flatMap((writes) =>
      (['factory', 'workspace'] as const).map((parent) =>
        failureOfRefusal({ status, code, message: TEXT, retryAfter: undefined, fromGateway: false }, NOW, {
          writes,
          parent,
        }),
      ),
    ),
  ),
);
const entra: readonly Failure[] = [...Object.keys(ENTRA_CODES), 'AADSTS1'].map((code) =>
  failureOfCredential(new Error(`${code}: ${SAID}`, { cause: { status: 400, errorCode: 'invalid_client' } })),
);
const plain: readonly Failure[] = FAILURE_KINDS.map((kind) => FAILURE({ kind, azure: SAID }));
/** What differs in no more than Azure's own code is worded alike. */
const FAILURES = [...new Map([...plain, ...refused, ...entra].map((each) => [wordingOf(each), each])).values()];

function wordingOf({ kind, message, remedy, azure }: Failure): string {
  return JSON.stringify([kind, message.replace(/ returned .*/, ''), remedy, azure === undefined]);
}

const PHASES: readonly Phase[] = ['poll', 'create', 'update', 'repair', 'delete', 'network', 'authoring'];
const IN_NETWORK = { desired: { managedVirtualNetwork: { name: 'default', creation: 'Never' } } } as const;
const WORKSPACE: Parent = {
  kind: 'workspace',
  subscriptionId: CLIENT,
  resourceGroup: 'Group',
  name: 'workspace',
};
const LATER = { failingSince: ago(60), status: { unconfirmedSince: ago(45) } } as const;
const WORLDS: readonly Situation[] = [
  situation(),
  situation(IN_NETWORK),
  situation(LATER),
  owned({ failingSince: ago(15) }),
  owned(LATER),
  seen({ state: 'Limited' }),
  seen({ state: 'Limited', status: { repair: { attempts: 1, unmade: true, nextAttemptTime: ago(-2) } } }),
  dying(),
  dying({ parent: 'absent' }),
  dying({ parent: 'present', definition: found('West Europe') }),
  situation({ desired: { id: { name: 'sample', parent: WORKSPACE } } }),
].map((s) => ({ ...s, access: ACCESS, status: { ...s.status, ...claimOf(s) } }));

function claimOf({ status }: Situation): Partial<Situation['status']> {
  return status.claim === undefined ? {} : { claim: { ...status.claim, identity: ACCESS.identity } };
}

describe('the message of an object that is not ready says what to do before any id and what Azure said', () => {
  test('of every failure, in every phase and world, at first and when it lasts', () => {
    let told = 0;
    for (const world of WORLDS) {
      for (const failure of FAILURES) {
        for (const during of PHASES) {
          const s = { ...world, failure: { during, failure } };
          for (const minutes of [0, 70]) {
            const reason = lastingReason(s);
            const waited = { ...s.status, ...(reason && { waitingSince: { reason, time: NOW - minutes * MINUTE } }) };
            told += Number(judgeOf({ ...s, status: waited }));
          }
        }
      }
    }
    expect(told).toBeGreaterThan(5_000);
  });

  test('whatever happens in the life of an object', () => {
    fc.assert(
      fc.property(lives, ([worlds, deletedAt]) => {
        live(worlds, deletedAt, () => {}, judge);
      }),
      RUNS,
    );
  });

  test.each(Object.entries(SCENES))('in the scene: %s', (_name, s) => {
    judgeOf({ ...s, access: ACCESS });
    judgeOf(s);
  });

  test.each([
    ['another identity', owned({ access: ACCESS })],
    [
      'no access',
      owned({ access: { granted: false, message: { what: 'No.', remedy: 'Get one.', ids: `Scope: ${CLIENT}.` } } }),
    ],
    [
      'another owner',
      situation({
        peers: [managedObject('x', { createdAt: -1 })],
        contenders: [managedObject('x', { createdAt: -1 })],
      }),
    ],
  ])('of %s', (_name, s) => {
    expect(judgeOf(s)).toBe(true);
    expect(judgeOf({ ...s, object: { ...s.object, deleting: true, hasFinalizer: true } })).toBe(
      _name !== 'another owner',
    );
  });
});

function judgeOf(s: Situation): boolean {
  return judge(s, decide(s));
}

/** What the object waits for by then. */
function lastingReason(s: Situation) {
  const action = decide(s);
  if (action.kind !== 'Settle' || action.verdict.kind !== 'Decided') return undefined;
  return action.verdict.clock ?? action.verdict.reason;
}
