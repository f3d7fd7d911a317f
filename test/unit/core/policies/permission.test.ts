/** May this object act at all, as whom, and does the runtime belong to it? */
import { describe, expect, test } from '@jest/globals';
import type { Situation } from '../../../../src/core/situation.ts';
import {
  CREATED,
  DENIED,
  decided,
  failed,
  found,
  GONE,
  IN_SYNC,
  managedObject,
  messageOf,
  nextOf,
  owned,
  rules,
  seen,
  situation,
  UNCLAIMED,
} from '../builders.ts';

type Row = readonly [Situation, string];
const check = ([s, expected]: Row): void => expect(decided(s)).toBe(expected);

describe('suspend', () => {
  rules<Row>(
    {
      'settles before anything is looked at': [owned({ desired: { suspend: true } }), 'Suspended'],
      'settles a new object': [situation({ desired: { suspend: true } }), 'Suspended'],
      'settles an object that has no credentials': [owned({ desired: { suspend: true }, access: DENIED }), 'Suspended'],
      'does not even take the finalizer off an object that only observes': [
        owned({ desired: { suspend: true, managementPolicy: 'Observe' } }),
        'Suspended',
      ],
      'does not do a repair that is asked for': [
        owned({ desired: { suspend: true }, requests: { repair: 'r1' } }),
        'Suspended',
      ],
    },
    check,
  );

  test('does not look again until the object changes', () => {
    expect(nextOf(owned({ desired: { suspend: true } }))).toEqual({ kind: 'never' });
  });
});

describe('Observe', () => {
  const observe = { managementPolicy: 'Observe' } as const;
  rules<Row>(
    {
      'drops the finalizer first': [owned({ desired: observe }), 'RemoveFinalizer'],
      'looks without a claim': [situation({ desired: observe }), 'Look definition fresh'],
      'is content with the list once in sync': [
        owned({ desired: observe, object: { hasFinalizer: false } }),
        'Look definition listed',
      ],
      'reports an absence and never creates': [
        situation({ desired: observe, definition: GONE }),
        'Ready=False NotFound Reconciling',
      ],
      'does not adopt': [
        situation({ desired: observe, status: UNCLAIMED, definition: found('North Europe'), state: 'Online' }),
        'Ready=False Drifted Stalled',
      ],
      'does not correct a drift, and is not Ready though the runtime is healthy': [
        seen({ desired: { ...observe, fields: { location: 'North Europe' } }, object: { hasFinalizer: false } }),
        'Ready=False Drifted Stalled',
      ],
      'is not Ready where the runtime is in another network than declared': [
        seen({
          desired: observe,
          object: { hasFinalizer: false },
          definition: found('West Europe', { managedVirtualNetwork: { referenceName: 'default' } }),
        }),
        'Ready=False Drifted Stalled',
      ],
      'is Ready where a field differs that is not declared': [
        seen({
          desired: observe,
          object: { hasFinalizer: false },
          definition: found('West Europe', { description: 'x' }),
        }),
        'Ready=True Available',
      ],
      'does not repair': [
        seen({ desired: observe, object: { hasFinalizer: false }, state: 'Limited' }),
        'Ready=False Limited Stalled',
      ],
      'does not do a repair that is asked for': [
        seen({ desired: observe, object: { hasFinalizer: false }, requests: { repair: 'r1' } }),
        'CompleteRequest',
      ],
      'does not care whose the runtime is': [
        seen({
          desired: observe,
          object: { hasFinalizer: false },
          peers: [managedObject('owner', { status: { ...IN_SYNC }, hasFinalizer: true })],
        }),
        'Ready=True Available',
      ],
      'does not care under which identity the runtime was claimed': [
        seen({
          desired: observe,
          object: { hasFinalizer: false },
          access: { granted: true, identity: 'tenant/other' },
        }),
        'Ready=True Available',
      ],
      'takes up its claim again when it goes back to Manage': [
        seen({ object: { hasFinalizer: false } }),
        'Ready=True Available',
      ],
    },
    check,
  );

  test('names the fields that differ, and what to do', () => {
    const fields = { location: 'North Europe', description: 'mine' };
    const s = seen({ desired: { ...observe, fields }, object: { hasFinalizer: false } });
    expect(messageOf(s)).toMatch(/in location, description\. .*declare what Azure has.*managementPolicy: Manage/);
    expect(nextOf(s)).toEqual({ kind: 'periodic', ms: s.intervalMs });
  });

  test('looks for the missing runtime ever less often, up to the interval', () => {
    const s = situation({ desired: observe, definition: GONE });
    expect(nextOf(s)).toEqual({ kind: 'backoff', baseMs: 5_000, maxMs: s.intervalMs });
  });
});

describe('two objects, one runtime', () => {
  const older = managedObject('older', { createdAt: -1_000 });
  const younger = managedObject('younger', { createdAt: 1_000 });
  const claimant = managedObject('younger', { createdAt: 1_000, hasFinalizer: true, status: { ...IN_SYNC } });
  rules<Row>(
    {
      'leaves the runtime to the object that has the claim': [
        situation({ peers: [claimant] }),
        'Ready=False OwnedByAnother Stalled',
      ],
      'leaves the runtime to the older object when neither has a claim': [
        situation({ peers: [older] }),
        'Ready=False OwnedByAnother Stalled',
      ],
      'leaves the runtime to the lower uid when both are of the same second': [
        situation({ peers: [managedObject('a', { uid: 'uid-a' })] }),
        'Ready=False OwnedByAnother Stalled',
      ],
      'goes on when the other is younger': [situation({ peers: [younger] }), 'Look definition fresh'],
      'goes on when the other only observes': [
        situation({ peers: [managedObject('older', { createdAt: -1_000 }, { managementPolicy: 'Observe' })] }),
        'Look definition fresh',
      ],
      'goes on when the other is being deleted and holds nothing any longer': [
        situation({ peers: [{ ...older, deleting: true }] }),
        'Look definition fresh',
      ],
      'goes on with a claim against an older object without one': [owned({ peers: [older] }), 'Look definition listed'],
      'drops its finalizer before it says that it lost': [
        situation({ object: { hasFinalizer: true }, peers: [older] }),
        'RemoveFinalizer',
      ],
      'drops the finalizer of an object that lost although it has a claim': [
        owned({ object: { createdAt: 1 }, peers: [{ ...claimant, createdAt: 0 }] }),
        'RemoveFinalizer',
      ],
      'waits while the owner is being deleted': [
        situation({ peers: [{ ...claimant, deleting: true }] }),
        'Ready=False OwnedByAnother Reconciling',
      ],
    },
    check,
  );

  test('names the other object and says what to do', () => {
    const message = messageOf(situation({ peers: [claimant] }));
    expect(message).toContain('team/younger');
    expect(message).toMatch(/Delete one of the two|managementPolicy: Observe/);
  });

  test('says why nothing comes of an owner that is suspended and has claimed nothing', () => {
    const sleeper = managedObject('sleeper', { createdAt: -1 }, { suspend: true });
    const message = messageOf(situation({ peers: [sleeper] }));
    expect(message).toMatch(/^team\/sleeper declares the same runtime, was there first, and is suspended\. Delete one/);
  });

  test('waits for an owner that goes at the pace of waiting, and retries a lost one slowly', () => {
    const waits = nextOf(situation({ peers: [{ ...claimant, deleting: true }] }));
    expect(waits).toEqual({ kind: 'backoff', baseMs: 5_000, maxMs: 600_000 });
    const lost = nextOf(situation({ peers: [claimant] }));
    expect(lost).toEqual({ kind: 'backoff', baseMs: 600_000, maxMs: 3_600_000 });
  });
});

describe('identity', () => {
  const other = { granted: true, identity: 'tenant/other' } as const;
  rules<Row>(
    {
      'asks nothing of Azure without credentials': [
        owned({ access: DENIED }),
        'Ready=False CredentialsInvalid Stalled',
      ],
      'does not go on under another identity than that of the claim': [
        owned({ access: other }),
        'Ready=False CredentialsInvalid Stalled',
      ],
      'goes on under another identity when a person accepts exactly that one': [
        owned({ access: other, requests: { acceptIdentity: 'tenant/other' } }),
        'Look definition listed',
      ],
      'does not go on under another identity when a person accepted yet another': [
        owned({ access: other, requests: { acceptIdentity: 'tenant/third' } }),
        'Ready=False CredentialsInvalid Stalled',
      ],
      'does not go on under another identity, whatever Azure has answered to it': [
        owned({ access: other, failure: failed('parentNotFound') }),
        'Ready=False CredentialsInvalid Stalled',
      ],
      'is told first that there are no credentials, though the runtime is another’s': [
        situation({ access: DENIED, peers: [managedObject('older', { createdAt: -1 })] }),
        'Ready=False CredentialsInvalid Stalled',
      ],
      'is told first that there are no credentials, though the owner is being deleted': [
        situation({
          access: DENIED,
          peers: [managedObject('owner', { hasFinalizer: true, deleting: true, status: { ...IN_SYNC } })],
        }),
        'Ready=False CredentialsInvalid Stalled',
      ],
      'drops the finalizer of a lost runtime without credentials': [
        situation({
          object: { hasFinalizer: true },
          access: DENIED,
          peers: [managedObject('older', { createdAt: -1 })],
        }),
        'RemoveFinalizer',
      ],
      'does not mind which identity it is before there is a claim': [
        situation({ access: other }),
        'Look definition fresh',
      ],
      'does not mind an acceptance of an identity that is the claim’s own': [
        owned({ requests: { acceptIdentity: 'tenant/other' } }),
        'Look definition listed',
      ],
    },
    check,
  );

  test('says why there are no credentials', () => {
    expect(messageOf(owned({ access: DENIED }))).toBe('No credentials. Get some.');
  });

  test('names both identities and the annotation that agrees to the change', () => {
    const message = messageOf(owned({ access: other }));
    expect(message).toContain(CREATED.identity);
    expect(message).toContain('azure-ir.io/accept-identity=tenant/other');
  });
});
