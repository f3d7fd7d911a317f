/** What a failed call to Azure means for the object: who must act, and when it is looked at again. */
import { describe, expect, test } from '@jest/globals';
import type { Failure } from '../../../../src/core/model/failure.ts';
import type { Situation } from '../../../../src/core/situation.ts';
import {
  ago,
  decided,
  FAILURE_KINDS,
  failed,
  found,
  IDENTITY,
  INTERVAL,
  messageOf,
  nextOf,
  owned,
  rules,
  said,
  seen,
  situation,
  standing,
} from '../builders.ts';

type Row = readonly [Situation, string];
const check = ([s, expected]: Row): void => expect(decided(s)).toBe(expected);

const SLOW = { kind: 'backoff', baseMs: INTERVAL, maxMs: 3_600_000 };
const SOON = { kind: 'backoff', baseMs: 5_000, maxMs: INTERVAL };

describe('a failure of the first look at a new object', () => {
  const first = (kind: Failure['kind'], more: Partial<Failure> = {}) =>
    situation({ failure: failed(kind, 'poll', more) });
  rules<readonly [Situation, string, object, RegExp]>(
    {
      'a missing factory is waited for': [
        first('parentNotFound'),
        'Ready=False FactoryNotFound Reconciling',
        SOON,
        /^Data Factory "[\w-]+" in resource group "[\w-]+" not found\. Create it, or delete .*spec\.factory \(nothing exists in Azure yet\)\.$/,
      ],
      'a missing resource group is waited for': [
        first('parentNotFound', { what: 'resourceGroup' }),
        'Ready=False FactoryNotFound Reconciling',
        SOON,
        /^Resource group "[\w-]+" not found\. Create it, or/,
      ],
      'a missing subscription is waited for': [
        first('subscriptionNotFound'),
        'Ready=False SubscriptionNotFound Reconciling',
        SOON,
        /tenant and AZURE_CLOUD/,
      ],
      'a missing role is waited for, and the message names the identity': [
        first('forbidden'),
        'Ready=False Forbidden Reconciling',
        SOON,
        new RegExp(`^Azure says forbidden\\. Assign it a role .* Identity: ${IDENTITY}\\.$`),
      ],
      'an Azure Policy needs a person': [first('policyDenied'), 'Ready=False PolicyDenied Stalled', SLOW, /exemption/],
      'a lock needs a person': [
        first('locked'),
        'Ready=False Locked Stalled',
        SLOW,
        /Remove the lock; to find it: az lock list/,
      ],
      'a refused credential is waited for': [
        first('credentialsInvalid', { mayPass: true }),
        'Ready=False CredentialsInvalid Reconciling',
        SOON,
        /^Azure says credentialsInvalid\. Check the credential/,
      ],
      'a credential that is wrong for good needs a person': [
        first('credentialsInvalid'),
        'Ready=False CredentialsInvalid Stalled',
        SLOW,
        /^Azure says credentialsInvalid\. Check the credential/,
      ],
      'a refused definition needs a person': [
        first('refused', { azure: 'BadRequest: No.' }),
        'Ready=False InvalidDefinition Stalled',
        SLOW,
        /^Azure rejected the definition\. Fix the spec.* Azure: BadRequest: No\.$/,
      ],
      'a definition that refers to what is not there is told with its name': [
        first('refused', { azure: 'BadRequest: No.', reference: 'vnet-x' }),
        'Ready=False InvalidDefinition Stalled',
        SLOW,
        /^Azure rejected the definition: it refers to "vnet-x", which does not exist\. Fix the spec/,
      ],
      'a refused read is told as a read, and needs a person': [
        first('readRefused'),
        'Ready=False RequestRefused Stalled',
        SLOW,
        /^Azure says readRefused\. Check spec\.factory, spec\.azureName and AZURE_CLOUD \(retried ever more slowly; to retry now, set the annotation azure-ir\.io\/reconcile to a new value\)\.$/,
      ],
      'a refused read of an object that observes is told likewise': [
        situation({ desired: { managementPolicy: 'Observe' }, failure: failed('readRefused') }),
        'Ready=False RequestRefused Stalled',
        SLOW,
        /^Azure says readRefused\. (?!.*manifest)/,
      ],
      'a provider that is not registered needs a person': [
        first('notOffered'),
        'Ready=False ProviderNotRegistered Stalled',
        SLOW,
        /^Azure says notOffered\. Run: az provider register \(retried ever more slowly\)\.$/,
      ],
      'a token endpoint that is down passes by itself': [
        first('credentialUnavailable'),
        'Ready=Unknown CredentialUnavailable Reconciling',
        { kind: 'backoff', baseMs: 1_000, maxMs: INTERVAL, minMs: 0 },
        /^Azure says credentialUnavailable\. Retrying; if this persists, check/,
      ],
      'throttling passes by itself, not before Azure says so': [
        first('throttled'),
        'Ready=Unknown Throttled Reconciling',
        { kind: 'backoff', baseMs: 1_000, maxMs: INTERVAL, minMs: 7_000 },
        /^Azure says throttled\. Retrying; if this persists, set/,
      ],
      'an outage passes by itself, not before Azure says so': [
        first('unavailable'),
        'Ready=Unknown AzureUnavailable Reconciling',
        { kind: 'backoff', baseMs: 1_000, maxMs: INTERVAL, minMs: 7_000 },
        /^Azure says unavailable\. Retrying; if this persists, check/,
      ],
      'a document that changed meanwhile is looked at again, and nothing is said': [
        first('preconditionFailed'),
        'Unchanged',
        { kind: 'backoff', baseMs: 500, maxMs: INTERVAL },
        /^$/,
      ],
    },
    ([s, expected, next, message]) => {
      expect(decided(s)).toBe(expected);
      expect(nextOf(s)).toEqual(next);
      expect(messageOf(s)).toMatch(message);
    },
  );
});

describe('a create that did not happen holds nothing', () => {
  const hasFinalizer = { hasFinalizer: true } as const;
  const OPEN: readonly Failure['kind'][] = ['unavailable', 'throttled', 'credentialUnavailable'];
  for (const kind of FAILURE_KINDS) {
    const drops = !OPEN.includes(kind);
    test(`${kind} on a create ${drops ? 'drops' : 'keeps'} the finalizer`, () => {
      const action = decided(situation({ object: hasFinalizer, failure: failed(kind, 'create') }));
      if (drops) expect(action).toBe('RemoveFinalizer');
      else expect(action).not.toBe('RemoveFinalizer');
    });

    test(`${kind} on a create of which an earlier attempt may have taken effect keeps the finalizer`, () => {
      const failure = { ...failed(kind, 'create'), unclear: true };
      expect(decided(situation({ object: hasFinalizer, failure }))).not.toBe('RemoveFinalizer');
    });
  }
  rules<Row>(
    {
      'the finalizer of an adoption that is refused for good is dropped too': [
        situation({ object: hasFinalizer, definition: found('North Europe'), failure: failed('refused', 'update') }),
        'RemoveFinalizer',
      ],
      'a refused look drops nothing: a create may have been made before': [
        situation({ object: hasFinalizer, failure: failed('refused', 'poll') }),
        'Ready=False InvalidDefinition Stalled',
      ],
      'a claimed runtime is held on to': [
        owned({ failure: failed('refused', 'update') }),
        'Ready=False InvalidDefinition Stalled',
      ],
      'once dropped, the refusal is told': [
        situation({ failure: failed('policyDenied', 'create') }),
        'Ready=False PolicyDenied Stalled',
      ],
    },
    check,
  );
});

describe('Forbidden is waited for ten minutes from the first 403', () => {
  const since = (minutes: number, more: Parameters<typeof owned>[0] = {}) =>
    owned({
      failure: failed('forbidden'),
      ...more,
      status: { waitingSince: { reason: 'Forbidden', time: ago(minutes) }, ...more.status },
    });
  rules<Row>(
    {
      'the first 403 is waited for': [owned({ failure: failed('forbidden') }), 'Ready=False Forbidden Reconciling'],
      'a 403 after 9:59 is waited for': [since(9.99), 'Ready=False Forbidden Reconciling'],
      'a 403 after ten minutes needs a person': [since(10), 'Ready=False Forbidden Stalled'],
      'the wait for something else does not count': [
        since(11, { status: { waitingSince: { reason: 'FactoryNotFound', time: ago(11) } } }),
        'Ready=False Forbidden Reconciling',
      ],
      'how long passes fail does not count: the clock is in the status': [
        since(1, { failingSince: ago(60) }),
        'Ready=False Forbidden Reconciling',
      ],
    },
    check,
  );

  test('then it is retried slowly, with the same advice', () => {
    expect(nextOf(since(9))).toEqual(SOON);
    expect(nextOf(since(10))).toEqual(SLOW);
    expect(messageOf(since(10))).toBe(messageOf(since(0)));
  });
});

describe.each([
  [
    'SubscriptionNotFound',
    failed('subscriptionNotFound'),
    (more: object) => failed('subscriptionNotFound', 'poll', more),
  ],
  [
    'CredentialsInvalid',
    failed('credentialsInvalid', 'poll', { mayPass: true }),
    (more: object) => failed('credentialsInvalid', 'poll', { mayPass: true, ...more }),
  ],
] as const)('%s may pass for ten minutes', (reason, failure, heard) => {
  const CLOCK = { waitingSince: { reason, time: ago(9) } };
  const waiting = (minutes: number, more: object = {}) =>
    situation({ failure: heard(more), status: { waitingSince: { reason, time: ago(minutes) } } });
  const ready = (more: Parameters<typeof owned>[0] = {}) => owned({ failure, ...more });
  const marked = (minutes: number, more: object = {}) =>
    ready({
      failure: heard(more),
      failingSince: ago(minutes + 2),
      intervalMs: INTERVAL / 5,
      status: { unconfirmedSince: ago(minutes), conditions: standing(reason, 'Reconciling', 'True') },
    });
  rules<Row>(
    {
      'the first refusal of a new object is waited for': [situation({ failure }), `Ready=False ${reason} Reconciling`],
      'one after 9:59 is waited for': [waiting(9.99), `Ready=False ${reason} Reconciling`],
      'one after ten minutes needs a person': [waiting(10), `Ready=False ${reason} Stalled`],
      'one that others have met for ten minutes needs a person': [
        situation({ failure: heard({ since: ago(10) }) }),
        `Ready=False ${reason} Stalled`,
      ],
      'one that was only remembered is no repetition': [
        waiting(10, { at: ago(0.1) }),
        `Ready=False ${reason} Reconciling`,
      ],
      'one that others have met ten minutes on is a repetition': [
        waiting(11, { at: ago(1) }),
        `Ready=False ${reason} Stalled`,
      ],
      'the wait for something else does not count': [
        situation({ failure, status: { waitingSince: { reason: 'FactoryNotFound', time: ago(11) } } }),
        `Ready=False ${reason} Reconciling`,
      ],
      'what was refused to another login is no repetition': [
        waiting(30, { notBefore: ago(9) }),
        `Ready=False ${reason} Reconciling`,
      ],
      'one that a new login has met for ten minutes needs a person': [
        waiting(30, { notBefore: ago(10) }),
        `Ready=False ${reason} Stalled`,
      ],
      'the first one does not touch a Ready object': [ready(), 'Unchanged'],
      'nor does it for just under an interval': [
        ready({ failingSince: ago(1.99), intervalMs: INTERVAL / 5 }),
        'Unchanged',
      ],
      'it marks it when it has lasted an interval': [
        ready({ failingSince: ago(2), intervalMs: INTERVAL / 5 }),
        `Unconfirmed ${reason}`,
      ],
      'it leaves nothing known after three more intervals': [marked(6), `Ready=False ${reason} Reconciling`],
      'the mark is a clock too, also after a restart': [marked(10), `Ready=False ${reason} Stalled`],
      'how long passes fail for other reasons does not count': [
        ready({ failingSince: ago(60), status: { unconfirmedSince: ago(60) } }),
        `Ready=False ${reason} Reconciling`,
      ],
    },
    check,
  );

  test('is asked about soon and then less often, and slowly once a person must act', () => {
    expect(nextOf(situation({ failure }))).toEqual(SOON);
    expect(nextOf(waiting(10))).toEqual(SLOW);
  });

  test('is not asked about more slowly for what was only remembered', () => {
    const next = { kind: 'after', ms: INTERVAL };
    expect(nextOf(situation({ failure: heard({ at: ago(0.1) }), status: CLOCK }))).toEqual(next);
    expect(nextOf(waiting(12, { at: ago(0.1) }))).toEqual(next);
  });
});

describe.each(['throttled', 'unavailable', 'credentialUnavailable'] as const)('a failure that passes: %s', (kind) => {
  const REASON = {
    throttled: 'Throttled',
    unavailable: 'AzureUnavailable',
    credentialUnavailable: 'CredentialUnavailable',
  }[kind];
  const UNKNOWN = `Ready=Unknown ${REASON} Reconciling`;
  const failing = (more: Parameters<typeof owned>[0] = {}) => owned({ failure: failed(kind), ...more });
  const marked = (minutes: number, reason = REASON) =>
    failing({
      failingSince: ago(minutes + 10),
      status: {
        unconfirmedSince: ago(minutes),
        conditions: [...standing(reason, 'Reconciling', 'True')],
      },
    });
  rules<Row>(
    {
      'does not touch a Ready object at first': [failing(), 'Unchanged'],
      'does not touch it for just under an interval': [failing({ failingSince: ago(9.99) }), 'Unchanged'],
      'marks it when it has lasted an interval': [failing({ failingSince: ago(10) }), `Unconfirmed ${REASON}`],
      'does not touch it again once marked': [marked(0), 'Unchanged'],
      'does not touch it for just under three intervals': [marked(29.99), 'Unchanged'],
      'leaves nothing known after three intervals': [marked(30), UNKNOWN],
      'goes by the mark of another failure that passes': [marked(30, 'Throttled'), UNKNOWN],
      'goes by the mark in the status after a restart too': [
        failing({
          status: {
            unconfirmedSince: ago(30),
            conditions: standing('Available', 'Reconciling', 'True'),
          },
        }),
        UNKNOWN,
      ],
      'keeps a new generation from looking Ready at once': [failing({ object: { generation: 2 } }), UNKNOWN],
      'keeps a new object from looking Ready': [situation({ failure: failed(kind) }), UNKNOWN],
      'stays unknown once it is': [
        failing({ status: { conditions: standing(REASON, 'Reconciling', 'Unknown') } }),
        UNKNOWN,
      ],
      'is measured in the object’s own intervals': [
        failing({ failingSince: ago(5), intervalMs: INTERVAL / 2 }),
        `Unconfirmed ${REASON}`,
      ],
      'is told the same way when a write failed': [seen({ failure: failed(kind, 'update') }), 'Unchanged'],
    },
    check,
  );

  test('is tried again within the interval, and not before Azure permits', () => {
    const next = {
      kind: 'backoff',
      baseMs: 1_000,
      maxMs: INTERVAL,
      minMs: kind === 'credentialUnavailable' ? 0 : 7_000,
    };
    for (const s of [failing(), failing({ failingSince: ago(10) }), marked(30)]) expect(nextOf(s)).toEqual(next);
  });
});

describe('an answer that stays the same', () => {
  const answering = (name: string, isRefusal: boolean, minutes: number) =>
    situation({
      failure: failed('unavailable', 'poll', { answer: { name, isRefusal } }),
      status: { waitingSince: { reason: 'AzureUnavailable-409-Conflict', time: ago(minutes) } },
    });
  rules<Row>(
    {
      'is waited for for an hour': [
        answering('409-Conflict', true, 59.9),
        'Ready=Unknown AzureUnavailable Reconciling',
      ],
      'needs a person after an hour': [answering('409-Conflict', true, 60), 'Ready=False RequestRefused Stalled'],
      'needs none as long as another one comes between': [
        answering('404-Odd', true, 90),
        'Ready=Unknown AzureUnavailable Reconciling',
      ],
      'needs none where it is no refusal, however long it lasts': [
        answering('409-Conflict', false, 9_000),
        'Ready=Unknown AzureUnavailable Reconciling',
      ],
      'needs none without an answer': [
        situation({
          failure: failed('unavailable'),
          status: { waitingSince: { reason: 'AzureUnavailable', time: ago(9_000) } },
        }),
        'Ready=Unknown AzureUnavailable Reconciling',
      ],
    },
    check,
  );

  test('says so after an hour', () => {
    expect(messageOf(answering('409-Conflict', false, 59))).toMatch(/^Azure says unavailable\./);
    expect(messageOf(answering('409-Conflict', false, 60))).toMatch(/^For over an hour: /);
    // Where a read shows the runtime, the next one comes at the interval: not ever more slowly.
    expect(messageOf(answering('409-Conflict', true, 60))).toMatch(
      /^For over an hour: .* Check spec\.factory.* \(retried later; to retry now, set the annotation /,
    );
  });
});

describe('what a failure that passes must not undo', () => {
  const stalledFor = (minutes: number) =>
    owned({
      failure: failed('unavailable'),
      status: {
        waitingSince: { reason: 'Forbidden', time: ago(minutes) },
        conditions: [
          said('Synced', 'Unknown', 'Unknown'),
          said('Healthy', 'Unknown', 'Unknown'),
          ...standing('Forbidden', 'Stalled').filter(({ type }) => type === 'Ready' || type === 'Stalled'),
        ],
      },
    });

  test('one 503 does not take Stalled off an object that has been Forbidden for 20 minutes', () => {
    expect(decided(stalledFor(20))).toBe('Unchanged');
  });
});
