/** The object is being deleted: what becomes of the runtime? */
import { describe, expect, test } from '@jest/globals';
import { decide } from '../../../../src/core/decide.ts';
import type { ManagedObject } from '../../../../src/core/model/object.ts';
import { armKey, type ParentPresence } from '../../../../src/core/model/runtime.ts';
import type { Situation } from '../../../../src/core/situation.ts';
import { HANDING_OVER } from '../../../../src/core/waits.ts';
import { runtimeId } from '../../model/builders.ts';
import {
  ADOPTED,
  ago,
  CREATED,
  DENIED,
  decided,
  dying,
  FAILURE_KINDS,
  failed,
  found,
  GONE,
  IN_SYNC,
  INTERVAL,
  listed,
  managedObject,
  messageOf,
  NOW,
  nextOf,
  rules,
  type Scene,
  situation,
  standing,
} from '../builders.ts';

type Row = readonly [Situation, string];
const check = ([s, expected]: Row): void => expect(decided(s)).toBe(expected);

/** `dying` without a claim. */
const unclaimed = (more: Scene = {}) =>
  situation({ ...more, object: { hasFinalizer: true, deleting: true, generation: 2, ...more.object } });

const HERE = found('West Europe');
const DELETING = { kind: 'Delete', time: NOW, fields: [], specHash: '', repeated: false } as const;

/** One whose runtime Azure denies, and denied before. */
const denied = (time: number, { status, ...more }: Scene = {}) =>
  dying({
    definition: GONE,
    status: { observedGeneration: 2, waitingSince: { reason: 'RuntimeAbsent', time }, ...status },
    ...more,
  });

/** One whose factory Azure denies, and denied before. */
const parentless = (parent: ParentPresence, time?: number, failure = failed('parentNotFound')) =>
  dying({
    failure,
    parent,
    status: time === undefined ? {} : { observedGeneration: 2, waitingSince: { reason: 'ParentAbsent', time } },
  });
const byArgoCd = { isTrackedByArgoCd: true } as const;
const waited = (time: number) => ({ observedGeneration: 2, waitingSince: { reason: 'Deleting', time } });

describe('what is deleted', () => {
  rules<Row>(
    {
      'a created runtime is looked at first': [dying(), 'Look definition fresh'],
      'a created runtime is deleted': [dying({ definition: HERE }), 'Delete'],
      'a created runtime is deleted though it has drifted': [dying({ definition: found('North Europe') }), 'Delete'],
      'a list is not proof enough to delete': [dying({ definition: listed(HERE) }), 'Look definition fresh'],
      'a list is not proof enough that it is gone': [dying({ definition: listed(GONE) }), 'Look definition fresh'],
      'what seems gone is looked at again': [dying({ definition: GONE }), 'Ready=False Deleting Reconciling'],
      'and that not before ten seconds have gone by': [denied(NOW - 10_000), 'Ready=False Deleting Reconciling'],
      'and is then asked to be deleted all the same': [denied(NOW - 11_000), 'Delete'],
      'and is looked at again when the clock was set back': [
        denied(NOW + 3_600_000),
        'Ready=False Deleting Reconciling',
      ],
      'and a list is not proof enough of that either': [
        denied(NOW - 11_000, { definition: listed(GONE) }),
        'Look definition fresh',
      ],
      'and what Azure has answered a deletion of releases the object': [
        denied(NOW - 11_000, { wrote: { kind: 'delete' } }),
        'Release Deleted',
      ],
      'and one that Azure goes on to delete, although it denied it, is waited for': [
        denied(NOW - 11_000, { wrote: { kind: 'delete' }, status: { operation: DELETING } }),
        'Ready=False Deleting Reconciling',
      ],
      'what Azure accepted to delete is looked at twice too': [
        dying({ definition: GONE, status: { operation: DELETING } }),
        'Ready=False Deleting Reconciling',
      ],
      'and needs no second deletion': [denied(NOW - 11_000, { status: { operation: DELETING } }), 'Release Deleted'],
      'what is seen again is deleted as ever': [denied(NOW - 11_000, { definition: HERE }), 'Delete'],
      'what is seen again as another kind stays': [
        denied(NOW - 11_000, { definition: found(undefined, {}, 'SelfHosted') }),
        'Release Retained',
      ],
      'what was deleted in this pass releases the object': [
        dying({ definition: GONE, wrote: { kind: 'delete' } }),
        'Release Deleted',
      ],
      'a runtime whose object Argo CD may have deleted waits for another object, without a call': [
        dying({ object: byArgoCd }),
        'Ready=False Deleting Reconciling',
      ],
      'and goes on waiting for half a minute': [
        dying({ object: byArgoCd, status: waited(ago(0.4)) }),
        'Ready=False Deleting Reconciling',
      ],
      'and waits anew when the one that it was handed to has gone again': [
        dying({
          object: byArgoCd,
          status: { ...waited(ago(0.4)), waitingSince: { reason: 'HandingOver', time: ago(0.4) } },
        }),
        'Ready=False Deleting Reconciling',
      ],
      'and does not wait once Azure deletes it': [
        dying({
          object: byArgoCd,
          status: {
            ...waited(NOW),
            operation: { kind: 'Delete', time: NOW, fields: [], specHash: '', repeated: false },
          },
        }),
        'Look definition fresh',
      ],
      'and is deleted then': [dying({ object: byArgoCd, status: waited(ago(0.5)), definition: HERE }), 'Delete'],
      'and does not wait again after a failure': [
        dying({ object: byArgoCd, status: { observedGeneration: 2 }, definition: HERE }),
        'Delete',
      ],
      'what is to stay stays at once, whoever deleted the object': [
        dying({ object: byArgoCd, desired: { deletionPolicy: 'Retain' } }),
        'Release Retained',
      ],
      'a suspended object is deleted as any other': [dying({ desired: { suspend: true }, definition: HERE }), 'Delete'],
      'an adopted runtime stays under DeleteIfCreated, without a call': [
        dying({ status: { claim: ADOPTED } }),
        'Release Retained',
      ],
      'an adopted runtime is deleted under Delete': [
        dying({ desired: { deletionPolicy: 'Delete' }, status: { claim: ADOPTED }, definition: HERE }),
        'Delete',
      ],
      'a created runtime stays under Retain, without a call': [
        dying({ desired: { deletionPolicy: 'Retain' } }),
        'Release Retained',
      ],
      'an adopted runtime stays under Retain, without a call': [
        dying({ desired: { deletionPolicy: 'Retain' }, status: { claim: ADOPTED } }),
        'Release Retained',
      ],
      'what is not claimed stays, without a call': [unclaimed(), 'Release Retained'],
      'what is not claimed stays even under Delete': [
        unclaimed({ desired: { deletionPolicy: 'Delete' }, definition: HERE }),
        'Release Retained',
      ],
      'what is only observed stays, though a claim is remembered': [
        dying({ desired: { managementPolicy: 'Observe' } }),
        'Release Retained',
      ],
      'another kind of runtime under the name stays': [
        dying({ definition: found(undefined, {}, 'SelfHosted') }),
        'Release Retained',
      ],
      'nothing is done for an object that is not held': [
        dying({ object: { hasFinalizer: false }, definition: HERE }),
        'Unchanged',
      ],
      'nothing is done for an object that is not held, though another could take over': [
        dying({ object: { hasFinalizer: false }, peers: [managedObject('heir')] }),
        'Unchanged',
      ],
      'nobody is asked for credentials to let go what stays (Retain)': [
        dying({ desired: { deletionPolicy: 'Retain' }, access: DENIED }),
        'Release Retained',
      ],
      'nobody is asked for credentials to let go what stays (adopted)': [
        dying({ status: { claim: ADOPTED }, access: DENIED }),
        'Release Retained',
      ],
      'nobody is asked for credentials to let go what is not claimed': [
        unclaimed({ access: DENIED }),
        'Release Retained',
      ],
      'no earlier failure keeps an object that is to be retained': [
        dying({ desired: { deletionPolicy: 'Retain' }, failure: failed('unavailable') }),
        'Release Retained',
      ],
    },
    check,
  );

  test('an object that is not held is not looked at again', () => {
    expect(nextOf(dying({ object: { hasFinalizer: false } }))).toEqual({ kind: 'never' });
  });

  test('the farewell says what became of the runtime', () => {
    expect(messageOf(denied(NOW - 11_000, { wrote: { kind: 'delete' } }))).toBe('The runtime was already gone.');
    expect(messageOf(dying({ definition: GONE, wrote: { kind: 'delete' } }))).toBe('The runtime was deleted.');
    expect(messageOf(dying({ desired: { deletionPolicy: 'Retain' } }))).toContain('deletionPolicy is Retain');
    expect(messageOf(dying({ status: { claim: ADOPTED } }))).toContain('adopted');
    expect(messageOf(dying({ desired: { managementPolicy: 'Observe' } }))).toContain('only observed');
    expect(messageOf(unclaimed({ desired: { deletionPolicy: 'Retain' } }))).toContain('had not claimed');
    expect(messageOf(dying({ definition: found(undefined, {}, 'SelfHosted') }))).toContain('another type');
  });
});

describe('a live object of the same runtime takes over', () => {
  const successor = managedObject('heir', { createdAt: 5 });
  const handsOver = (s: Situation) => {
    const action = decide(s);
    if (action.kind !== 'StoreStatus' || action.before.kind !== 'HandOver') throw new Error('not handed over');
    expect(action.status.waitingSince).toEqual({ reason: HANDING_OVER, time: s.now });
    return action.before;
  };
  const claimant = managedObject('heir', { hasFinalizer: true, status: { ...IN_SYNC, claim: ADOPTED } });
  const elsewhere = managedObject(
    'elsewhere',
    { hasFinalizer: true, status: { ...IN_SYNC, claim: CREATED } },
    { managedVirtualNetwork: { name: 'other', creation: 'Never' } },
  );
  const handedOver = (time: number, peers: readonly ManagedObject[]) =>
    dying({ status: { waitingSince: { reason: 'HandingOver', time } }, peers, definition: HERE });
  rules<Row>(
    {
      'before anything is looked at': [dying({ peers: [successor] }), 'HandOver'],
      'whatever its adoption policy': [
        dying({ peers: [managedObject('heir', {}, { adoptionPolicy: 'Never' })] }),
        'HandOver',
      ],
      'whatever the deletion policy': [
        dying({ desired: { deletionPolicy: 'Delete' }, peers: [successor] }),
        'HandOver',
      ],
      'also of an adopted runtime, so that the claim is not lost': [
        dying({ status: { claim: ADOPTED }, peers: [successor] }),
        'HandOver',
      ],
      'also of a runtime that is to be retained, so that the claim is not lost': [
        dying({ desired: { deletionPolicy: 'Retain' }, peers: [successor] }),
        'HandOver',
      ],
      'also from an object that has claimed nothing': [unclaimed({ peers: [successor] }), 'Release HandedOver'],
      'also without credentials': [dying({ access: DENIED, peers: [successor] }), 'HandOver'],
      'with its own claim when it has one': [dying({ peers: [claimant] }), 'Release HandedOver'],
      'and is watched for a while, for it may be deleted in that moment': [handedOver(NOW, [claimant]), 'Unchanged'],
      'and when it stays this one goes': [handedOver(NOW - 2_000, [claimant]), 'Release HandedOver'],
      'and when it does not this one has to delete the runtime itself': [handedOver(NOW - 1_000, []), 'Delete'],
      'and when another one comes it is given the claim too': [handedOver(NOW - 2_000, [successor]), 'HandOver'],
      'unless another one has a claim, which would take it from the heir again, for ever': [
        dying({ peers: [successor, elsewhere] }),
        'Release HandedOver',
      ],
      'unless it is being deleted too': [
        dying({ peers: [{ ...successor, deleting: true, hasFinalizer: true }], definition: HERE }),
        'Delete',
      ],
      'unless it only observes': [
        dying({ peers: [managedObject('heir', {}, { managementPolicy: 'Observe' })], definition: HERE }),
        'Delete',
      ],
      'unless the object that goes only observes': [
        dying({ desired: { managementPolicy: 'Observe' }, peers: [successor] }),
        'Release Retained',
      ],
    },
    check,
  );

  test('the first in precedence of those that live', () => {
    const first = managedObject('first', { createdAt: 1 });
    const dead = managedObject('dead', { createdAt: 0, deleting: true, hasFinalizer: true });
    expect(handsOver(dying({ peers: [successor, dead, first] })).to.name).toBe('first');
  });

  test('with the claim as it is', () => {
    expect(handsOver(dying({ status: { claim: ADOPTED }, peers: [successor] })).handover.claim).toEqual(ADOPTED);
    expect(handsOver(dying({ peers: [successor] })).handover.claim).toEqual(CREATED);
  });

  test('is named to people', () => {
    expect(messageOf(dying({ peers: [claimant] }))).toContain('team/heir');
  });
});

describe('a create of the object that nobody has claimed', () => {
  const mark = { origin: 'Created', runtime: armKey(runtimeId()) } as const;
  const cutShort = ({ object, ...more }: Scene = {}) => unclaimed({ ...more, object: { mark, ...object } });
  const successor = managedObject('heir');
  const workspace = { id: { name: 'sample', parent: { ...runtimeId().parent, kind: 'workspace' } } } as const;
  const inWorkspace = (more: Scene = {}) =>
    cutShort({ object: { mark: { origin: 'Created', runtime: armKey(workspace.id) } }, desired: workspace, ...more });
  const WAITS = 'Ready=False Deleting Reconciling';
  const IN_ANOTHER_NETWORK: Scene = {
    desired: { managedVirtualNetwork: { name: 'default', creation: 'Never' } },
    definition: HERE,
  };
  const OF_ANOTHER_KIND: Scene = { desired: { fields: {} }, definition: found('AutoResolve', {}, 'SelfHosted') };

  rules<Row>(
    {
      'is looked for': [cutShort(), 'Look definition fresh'],
      'is looked for before another takes over, which would only adopt it': [
        cutShort({ peers: [successor] }),
        'Look definition fresh',
      ],
      'is claimed where it is found': [cutShort({ definition: HERE }), 'Claim'],
      'is claimed before another takes over': [cutShort({ definition: HERE, peers: [successor] }), 'Claim'],
      'is not what a list shows': [cutShort({ definition: listed(HERE) }), 'Look definition fresh'],
      'is not what differs from what it declares': [
        cutShort({ definition: found('North Europe') }),
        'Release Retained',
      ],
      'is not what is in another network, and may yet come': [cutShort(IN_ANOTHER_NETWORK), WAITS],
      'is given up after half a minute where another network has the name': [
        cutShort({ ...IN_ANOTHER_NETWORK, status: waited(ago(0.5)) }),
        'Release Retained',
      ],
      'is not another kind of runtime, and may yet come': [cutShort(OF_ANOTHER_KIND), WAITS],
      'is given up after half a minute where another kind has the name': [
        cutShort({ ...OF_ANOTHER_KIND, status: waited(ago(0.5)) }),
        'Release Retained',
      ],
      'is not there where the mark is that of an adoption': [
        cutShort({ object: { mark: { ...mark, origin: 'Adopted' } }, definition: HERE }),
        'Release Retained',
      ],
      'is not there where the mark is for another runtime': [
        cutShort({ object: { mark: { ...mark, runtime: '/other' } }, definition: HERE }),
        'Release Retained',
      ],
      'stays under Retain, without a call': [cutShort({ desired: { deletionPolicy: 'Retain' } }), 'Release Retained'],
      'stays where the object only observes by now': [
        cutShort({ desired: { managementPolicy: 'Observe' } }),
        'Release Retained',
      ],
      'is not given up because Azure does not answer': [
        cutShort({ failure: failed('unavailable') }),
        'Ready=Unknown AzureUnavailable Reconciling',
      ],
      'is not given up for want of credentials': [
        cutShort({ access: DENIED }),
        'Ready=False CredentialsInvalid Stalled',
      ],
      'is waited for where it does not show': [cutShort({ definition: GONE }), WAITS],
      'is waited for in a factory for half a minute': [cutShort({ definition: GONE, status: waited(ago(0.4)) }), WAITS],
      'and not longer': [cutShort({ definition: GONE, status: waited(ago(0.5)) }), 'Release Retained'],
      'is waited for in a workspace for ten': [inWorkspace({ definition: GONE, status: waited(ago(9.9)) }), WAITS],
      'and not longer, there': [inWorkspace({ definition: GONE, status: waited(ago(10)) }), 'Release Retained'],
      'is not waited for where another takes over': [
        cutShort({ definition: GONE, peers: [successor] }),
        'Release HandedOver',
      ],
    },
    check,
  );

  test('is looked for again no later than when the wait is over, however often it was looked for', () => {
    const waitedFor = (minutes: number) => nextOf(cutShort({ definition: GONE, status: waited(ago(minutes)) }));
    expect(waitedFor(0)).toEqual({ kind: 'backoff', baseMs: 5_000, maxMs: 30_000 });
    expect(waitedFor(0.4)).toEqual({ kind: 'backoff', baseMs: 5_000, maxMs: 6_000 });
  });

  test('tells the way out while it is waited for', () => {
    expect(messageOf(cutShort({ definition: GONE }))).toMatch(/does not show it.*deletionPolicy: Retain\)\.$/);
  });
});

describe('a failure is never taken for an absence', () => {
  rules<Row>(
    {
      'a factory that is denied is asked about itself': [dying({ failure: failed('parentNotFound') }), 'Look parent'],
      'a resource group that is denied to the DELETE too': [
        dying({ failure: failed('parentNotFound', 'delete', { what: 'resourceGroup' }) }),
        'Look parent',
      ],
      'a factory that denies itself is not believed at once': [
        parentless('absent'),
        'Ready=False Deleting Reconciling',
      ],
      'nor after less than five minutes': [parentless('absent', ago(4.99)), 'Ready=False Deleting Reconciling'],
      'a factory that is denied for five minutes took the runtime with it': [
        parentless('absent', ago(5)),
        'Release Deleted',
      ],
      'so did a resource group': [
        parentless('absent', ago(5), failed('parentNotFound', 'delete', { what: 'resourceGroup' })),
        'Release Deleted',
      ],
      'a factory that may not be asked is believed by repetition alone': [
        parentless('unreadable', ago(5)),
        'Release Deleted',
      ],
      'and not before': [parentless('unreadable', ago(4.99)), 'Ready=False Deleting Reconciling'],
      'a factory that does not answer is waited for, however long': [
        parentless('unanswered', ago(60)),
        'Ready=False Deleting Reconciling',
      ],
      'a factory that shows itself contradicts it, however long it was denied': [
        parentless('present', ago(60)),
        'Ready=False Deleting Reconciling',
      ],
      'a clock that was set back proves nothing': [
        parentless('absent', NOW + 3_600_000),
        'Ready=False Deleting Reconciling',
      ],
      'that the runtime was denied does not count for its factory': [
        dying({
          failure: failed('parentNotFound'),
          parent: 'absent',
          status: { waitingSince: { reason: 'RuntimeAbsent', time: ago(60) } },
        }),
        'Ready=False Deleting Reconciling',
      ],
      'nor the other way round': [
        dying({ definition: GONE, status: { waitingSince: { reason: 'ParentAbsent', time: ago(60) } } }),
        'Ready=False Deleting Reconciling',
      ],
      'a missing subscription proves nothing': [
        dying({ failure: failed('subscriptionNotFound') }),
        'Ready=False SubscriptionNotFound Reconciling',
      ],
      'a missing subscription for ten minutes proves nothing': [
        dying({
          failure: failed('subscriptionNotFound'),
          status: { waitingSince: { reason: 'SubscriptionNotFound', time: ago(10) } },
        }),
        'Ready=False SubscriptionNotFound Stalled',
      ],
      'a 401 proves nothing': [
        dying({ failure: failed('credentialsInvalid', 'poll', { mayPass: true }) }),
        'Ready=False CredentialsInvalid Reconciling',
      ],
      'a credential that is wrong for good proves nothing': [
        dying({ failure: failed('credentialsInvalid') }),
        'Ready=False CredentialsInvalid Stalled',
      ],
      'a 403 proves nothing': [dying({ failure: failed('forbidden') }), 'Ready=False Forbidden Reconciling'],
      'a 403 for ten minutes proves nothing': [
        dying({ failure: failed('forbidden'), status: { waitingSince: { reason: 'Forbidden', time: ago(10) } } }),
        'Ready=False Forbidden Stalled',
      ],
      'a 403 of a policy proves nothing': [
        dying({ failure: failed('policyDenied', 'delete') }),
        'Ready=False PolicyDenied Stalled',
      ],
      'a lock proves nothing': [dying({ failure: failed('locked', 'delete') }), 'Ready=False Locked Stalled'],
      'a 5xx proves nothing': [
        dying({ failure: failed('unavailable', 'delete') }),
        'Ready=Unknown AzureUnavailable Reconciling',
      ],
      'a 429 proves nothing': [dying({ failure: failed('throttled') }), 'Ready=Unknown Throttled Reconciling'],
      'a token endpoint that is down proves nothing': [
        dying({ failure: failed('credentialUnavailable') }),
        'Ready=Unknown CredentialUnavailable Reconciling',
      ],
      'a 412 is looked at again': [dying({ failure: failed('preconditionFailed', 'delete') }), 'Unchanged'],
      'a 400 on DELETE means that others refer to the runtime': [
        dying({ failure: failed('refused', 'delete') }),
        'Ready=False ReferencedByOthers Reconciling',
      ],
      'a 400 on GET does not mean that': [
        dying({ failure: failed('refused', 'poll') }),
        'Ready=False InvalidDefinition Stalled',
      ],
      'credentials that are gone prove nothing': [dying({ access: DENIED }), 'Ready=False CredentialsInvalid Stalled'],
      'another identity than that of the claim may not delete': [
        dying({ access: { granted: true, identity: 'tenant/other' }, definition: HERE }),
        'Ready=False CredentialsInvalid Stalled',
      ],
      'another identity that a person accepts may delete': [
        dying({
          access: { granted: true, identity: 'tenant/other' },
          requests: { acceptIdentity: 'tenant/other' },
          definition: HERE,
        }),
        'Delete',
      ],
      'a missing factory is believed only under the identity of the claim': [
        dying({ access: { granted: true, identity: 'tenant/other' }, failure: failed('parentNotFound') }),
        'Ready=False CredentialsInvalid Stalled',
      ],
      'a failed look is not repeated in the same pass': [
        dying({ failure: failed('locked') }),
        'Ready=False Locked Stalled',
      ],
    },
    check,
  );

  test('what others refer to is tried again ever less often up to the interval, with what refers to it', () => {
    const azure = 'BadRequest: The document cannot be deleted since it is referenced by LS_X.';
    const s = dying({ failure: failed('refused', 'delete', { azure }) });
    expect(nextOf(s)).toEqual({ kind: 'backoff', baseMs: 5_000, maxMs: INTERVAL });
    expect(messageOf(s)).toMatch(
      /^Runtime is still referenced by LS_X\. Remove the reference.* Azure: BadRequest: .*LS_X\.$/,
    );
  });
});

describe('every message of an object that is stuck in deletion tells the way out', () => {
  const WAY_OUT = /kubectl patch azir sample -n team .*"deletionPolicy":"Retain".*\(deletionPolicy: Retain\)\./;
  for (const kind of FAILURE_KINDS.filter((each) => each !== 'preconditionFailed')) {
    for (const during of ['poll', 'delete'] as const) {
      test(`${kind} during ${during}`, () => {
        expect(messageOf(dying({ failure: failed(kind, during), parent: 'absent' }))).toMatch(WAY_OUT);
      });
    }
  }

  test('a runtime that Azure denies', () => expect(messageOf(dying({ definition: GONE }))).toMatch(WAY_OUT));

  test('a factory that Azure denies and shows', () => expect(messageOf(parentless('present'))).toMatch(WAY_OUT));

  test('no credentials', () => expect(messageOf(dying({ access: DENIED }))).toMatch(WAY_OUT));

  test('another identity than that of the claim', () => {
    expect(messageOf(dying({ access: { granted: true, identity: 'tenant/other' } }))).toMatch(WAY_OUT);
  });

  test('a failure that passes, of an object that was already stuck', () => {
    const s = dying({
      failure: failed('unavailable', 'delete'),
      failingSince: ago(60),
      status: { observedGeneration: 2, conditions: standing('ReferencedByOthers', 'Reconciling') },
    });
    expect(decided(s)).toBe('Unconfirmed AzureUnavailable');
    expect(messageOf(s)).toMatch(WAY_OUT);
  });
});
