/** Is the runtime in the network that is declared, and is that network there? */
import { describe, expect, test } from '@jest/globals';
import { IMMEDIATELY } from '../../../../src/core/schedule.ts';
import type { Situation } from '../../../../src/core/situation.ts';
import {
  ADOPTED,
  ago,
  decided,
  dying,
  found,
  GONE,
  INTERVAL,
  listed,
  messageOf,
  nextOf,
  owned,
  rules,
  said,
  seen,
  situation,
  told,
} from '../builders.ts';

type Row = readonly [Situation, string];
const check = ([s, expected]: Row): void => expect(decided(s)).toBe(expected);

const NEVER = { managedVirtualNetwork: { name: 'default', creation: 'Never' } } as const;
const IF_MISSING = { managedVirtualNetwork: { name: 'default', creation: 'IfMissing' } } as const;
const OBSERVE = { managementPolicy: 'Observe' } as const;
const READ = told({ kind: 'Read', at: 'definition', fresh: true });
const READ_NETWORK = told({ kind: 'Read', at: 'network', name: 'default' });
/** The runtime as declared but for its network. */
const inside = (name: string) => found('West Europe', { managedVirtualNetwork: { referenceName: name } });
const PUBLIC = found('West Europe');
const MADE = { object: { hasFinalizer: true }, definition: GONE } as const;

describe('a runtime in another network than declared', () => {
  const accepted = {
    kind: 'Update',
    time: ago(1),
    fields: ['location'],
    specHash: 'another',
    repeated: false,
  } as const;
  const toldBefore = { conditions: [said('Ready', 'False', 'NotApplied')] };
  rules<Row>(
    {
      'is a NetworkConflict where it is public and declared in one': [
        owned({ desired: NEVER, definition: PUBLIC, state: 'Online' }),
        'Ready=False NetworkConflict Stalled',
      ],
      'is a NetworkConflict where it is in one and declared public': [
        owned({ definition: inside('default'), state: 'Online' }),
        'Ready=False NetworkConflict Stalled',
      ],
      'is a NetworkConflict where the two have different names': [
        owned({ desired: NEVER, definition: inside('other'), state: 'Online' }),
        'Ready=False NetworkConflict Stalled',
      ],
      'is read before that is told': [owned({ desired: NEVER, definition: listed(PUBLIC) }), READ],
      'takes the finalizer off an object that has not claimed it': [
        situation({ desired: NEVER, object: { hasFinalizer: true }, definition: PUBLIC }),
        'RemoveFinalizer',
      ],
      'keeps the finalizer, and with it the mark of a create, until a read of its own shows it': [
        situation({ desired: NEVER, object: { hasFinalizer: true }, definition: listed(PUBLIC) }),
        READ,
      ],
      'is not adopted': [
        situation({ desired: NEVER, definition: PUBLIC, state: 'Online' }),
        'Ready=False NetworkConflict Stalled',
      ],
      'is not adopted, whatever differs besides': [
        situation({ desired: NEVER, definition: found('North Europe'), state: 'Online' }),
        'Ready=False NetworkConflict Stalled',
      ],
      'is NotApplied where this pass has written it': [
        owned({ desired: NEVER, definition: PUBLIC, wrote: { kind: 'create' }, state: 'Online' }),
        'Ready=False NotApplied Stalled',
      ],
      'stays NotApplied for later passes, where it was created': [
        owned({ desired: NEVER, definition: PUBLIC, status: toldBefore, state: 'Online' }),
        'Ready=False NotApplied Stalled',
      ],
      'is a NetworkConflict where it was adopted, whatever was told before': [
        owned({ desired: NEVER, definition: PUBLIC, status: { ...toldBefore, claim: ADOPTED }, state: 'Online' }),
        'Ready=False NetworkConflict Stalled',
      ],
      'is a NetworkConflict where a write that may still show is only accepted': [
        owned({ desired: NEVER, definition: PUBLIC, status: { ...toldBefore, operation: accepted }, state: 'Online' }),
        'Ready=False NetworkConflict Stalled',
      ],
      'is no conflict of an observer': [
        owned({ desired: { ...NEVER, ...OBSERVE }, object: { hasFinalizer: false }, definition: PUBLIC }),
        'Look state',
      ],
      'is none where the names differ in case only': [
        seen({ desired: NEVER, definition: inside('DEFAULT') }),
        'Ready=True Available',
      ],
    },
    check,
  );

  test('is polled as at rest, and its state read to be shown', () => {
    expect(decided(owned({ desired: NEVER, definition: PUBLIC }))).toBe('Look state');
    expect(nextOf(seen({ desired: NEVER, definition: PUBLIC }))).toEqual({ kind: 'periodic', ms: INTERVAL });
  });

  test('is named with where it is and where it was declared', () => {
    const message = messageOf(owned({ desired: NEVER, definition: inside('other'), state: 'Online' }));
    expect(message).toContain('in the managed virtual network other');
    expect(message).toContain('in the managed virtual network default');
  });

  test('stays in Azure when its object is deleted', () => {
    expect(decided(dying({ desired: NEVER, definition: PUBLIC }))).toBe('Release Retained');
    expect(decided(dying({ desired: NEVER, definition: inside('default') }))).toBe('Delete');
  });
});

test('a network that Azure cannot have is not advised to be made', () => {
  const named = (name: string) => ({ managedVirtualNetwork: { name, creation: 'Never' } }) as const;
  const missing = (name: string) => messageOf(situation({ desired: named(name), definition: GONE, network: 'absent' }));
  expect(missing('hub-net')).toMatch(/supports only the name "default": delete this object and apply it again/);
  expect(missing('Default')).toMatch(/Create it, or set spec/);
});

describe('a runtime that is to be made in a network', () => {
  rules<Row>(
    {
      'is not made before the network is known': [situation({ desired: NEVER, definition: GONE }), READ_NETWORK],
      'is not made before the network is known, though the network may be created': [
        situation({ desired: IF_MISSING, definition: GONE }),
        READ_NETWORK,
      ],
      'is read before the network is': [situation({ desired: NEVER, definition: listed(GONE) }), READ],
      'is made where the network is there': [
        situation({ desired: NEVER, definition: GONE, network: 'present' }),
        'Create',
      ],
      'needs no network where it is declared public': [situation({ definition: GONE }), 'Create'],
      'is in sync without a look at the network, where it is there': [
        seen({ desired: NEVER, definition: inside('default') }),
        'Ready=True Available',
      ],
    },
    check,
  );
});

describe('a network that is missing', () => {
  rules<Row>(
    {
      'is waited for where the manifest forbids to create it': [
        situation({ ...MADE, desired: NEVER, network: 'absent' }),
        'Ready=False ManagedVirtualNetworkNotFound Reconciling',
      ],
      'is created where the manifest says so': [
        situation({ ...MADE, desired: IF_MISSING, network: 'absent' }),
        'CreateNetwork',
      ],
      'is not created on the word of a list': [
        situation({ ...MADE, desired: IF_MISSING, definition: listed(GONE), network: 'absent' }),
        READ,
      ],
      'is not created for an observer': [
        situation({ desired: { ...IF_MISSING, ...OBSERVE }, definition: GONE, network: 'absent' }),
        'Ready=False NotFound Reconciling',
      ],
      'leaves the status as it is, once it was created': [
        situation({ ...MADE, desired: IF_MISSING, wrote: { kind: 'network' } }),
        'Unchanged',
      ],
    },
    check,
  );

  test('is followed by the runtime at once, once it was created', () => {
    const made = situation({ ...MADE, desired: IF_MISSING, wrote: { kind: 'network' } });
    expect(nextOf(made)).toEqual(IMMEDIATELY);
  });

  test('says how it comes to be: in a factory by the manifest, in a workspace never', () => {
    const missing = situation({ ...MADE, desired: NEVER, network: 'absent' });
    expect(messageOf(missing)).toContain('managedVirtualNetwork.creation: IfMissing');
    const { desired } = missing;
    const parent = { kind: 'workspace', name: 'w', subscriptionId: 's', resourceGroup: 'g' } as const;
    const ofWorkspace = { ...missing, desired: { ...desired, id: { ...desired.id, parent } } };
    expect(messageOf(ofWorkspace)).toContain('workspace');
    expect(messageOf(ofWorkspace)).not.toContain('IfMissing');
  });
});
