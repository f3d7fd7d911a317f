/** Writes that Azure has accepted and still carries out: awaited, completed, and made once more when they never show. */
import { describe, expect, test } from '@jest/globals';
import { declarationHash } from '../../../../src/core/model/desired.ts';
import type { Operation } from '../../../../src/core/model/object.ts';
import { MINUTE } from '../../../../src/core/schedule.ts';
import type { Situation } from '../../../../src/core/situation.ts';
import { desired } from '../../model/builders.ts';
import {
  ago,
  decided,
  dying,
  found,
  GONE,
  listed,
  messageOf,
  nextOf,
  owned,
  rules,
  type Scene,
  seen,
  told,
} from '../builders.ts';

type Row = readonly [Situation, string];
const check = ([s, expected]: Row): void => expect(decided(s)).toBe(expected);

const READ = told({ kind: 'Read', at: 'definition', fresh: true });
const OTHER = found('North Europe');
const OBSERVE = { desired: { managementPolicy: 'Observe' }, object: { hasFinalizer: false } } as const;

/** Accepted one minute ago, of what is declared now. */
const operation = (kind: Operation['kind'], more: Partial<Operation> = {}): { status: { operation: Operation } } => ({
  status: {
    operation: {
      kind,
      time: ago(1),
      fields: ['location'],
      specHash: declarationHash(desired()),
      repeated: false,
      ...more,
    },
  },
});
const updating = (more: Partial<Operation> = {}, scene: Scene = {}) =>
  seen({ definition: OTHER, ...operation('Update', more), ...scene });
const creating = (more: Partial<Operation> = {}, scene: Scene = {}) =>
  owned({ definition: GONE, ...operation('Create', more), missingSince: ago(30), ...scene });

describe('an update that Azure has accepted', () => {
  rules<Row>(
    {
      'is awaited while Azure shows what was': [updating(), 'Ready=False Updating Reconciling'],
      'is awaited after a read only': [updating({}, { definition: listed(OTHER) }), READ],
      'is awaited with the state known': [owned({ definition: OTHER, ...operation('Update') }), 'Look state'],
      'is completed once Azure shows what was written': [seen(operation('Update')), 'CompleteOperation'],
      'is completed on a read only': [seen({ ...operation('Update'), definition: listed(found('West Europe')) }), READ],
      'is completed once none of its fields differs, though others do': [
        updating({ fields: ['description'] }),
        'CompleteOperation',
      ],
      'is completed once Azure shows another etag than the one that was to be replaced': [
        updating({ replacedEtag: 'before' }),
        'CompleteOperation',
      ],
      'is awaited while Azure shows the etag that is to be replaced': [
        updating({ replacedEtag: 'etag' }),
        'Ready=False Updating Reconciling',
      ],
      'is not awaited by a newer declaration': [updating({ specHash: 'another' }), 'Update location'],
      'is written once more after ten minutes': [updating({ time: ago(10) }), 'Update location'],
      'is awaited for an hour when it was written before': [
        updating({ time: ago(59), repeated: true }),
        'Ready=False NotApplied Stalled',
      ],
      'is written once more after that hour': [updating({ time: ago(60), repeated: true }), 'Update location'],
      'is left alone by an observer': [
        updating({ specHash: declarationHash(desired(OBSERVE.desired)) }, OBSERVE),
        'Ready=False Drifted Stalled',
      ],
      'is awaited, not completed, by the pass that made it': [
        updating({}, { definition: found('West Europe'), wrote: { kind: 'update', fields: ['location'] } }),
        'Ready=False Updating Reconciling',
      ],
    },
    check,
  );

  test.each(['Adopt', 'Correct'] as const)('is awaited too where it is to %s', (kind) => {
    expect(decided(seen({ definition: OTHER, ...operation(kind) }))).toBe('Ready=False Updating Reconciling');
  });

  test('says where the reason stands, when it never shows', () => {
    expect(messageOf(updating({ repeated: true }))).toContain("Azure's activity log");
  });

  test('is polled, and rarely when it never shows', () => {
    expect(nextOf(updating())).toEqual({ kind: 'backoff', baseMs: 5_000, maxMs: MINUTE });
    expect(nextOf(updating({ repeated: true }))).toEqual({ kind: 'backoff', baseMs: 5_000, maxMs: 10 * MINUTE });
  });
});

describe('a create that Azure has accepted', () => {
  rules<Row>(
    {
      'is awaited while Azure shows no runtime': [creating(), 'Ready=False Creating Reconciling'],
      'is awaited after a read only': [creating({}, { definition: listed(GONE) }), READ],
      'is completed once the runtime is there': [
        owned({ definition: found('West Europe'), ...operation('Create') }),
        'CompleteOperation',
      ],
      'is completed once the runtime is there, though it differs': [
        owned({ definition: OTHER, ...operation('Create') }),
        'CompleteOperation',
      ],
      'is made once more after ten minutes': [creating({ time: ago(10) }), 'Create'],
      'is made once more at once for a newer declaration': [creating({ specHash: 'another' }), 'Create'],
      'is awaited for an hour when it was made before': [
        creating({ time: ago(59), repeated: true }),
        'Ready=False NotApplied Stalled',
      ],
      'is nothing to an observer': [creating({}, OBSERVE), 'Ready=False NotFound Reconciling'],
    },
    check,
  );

  test('is no missing runtime when it never showed: it was never there', () => {
    expect(decided(owned({ definition: GONE, missingSince: ago(30) }))).toBe('Create missing');
    expect(decided(creating({ time: ago(10) }))).toBe('Create');
  });

  test('is awaited too where it is to Recreate', () => {
    expect(decided(owned({ definition: GONE, ...operation('Recreate') }))).toBe('Ready=False Creating Reconciling');
  });
});

const IN_A_NETWORK = { managedVirtualNetwork: { name: 'default', creation: 'Never' } } as const;

describe('a deletion while Azure carries out a write', () => {
  const dies = (kind: Operation['kind'], more: Partial<Operation> = {}, scene: Scene = {}) =>
    dying({ ...operation(kind, more), definition: GONE, ...scene });
  rules<Row>(
    {
      'waits for a create, whose runtime would appear after the object is gone': [
        dies('Create'),
        'Ready=False Deleting Reconciling',
      ],
      'waits for a create after a read only': [dies('Create', {}, { definition: listed(GONE) }), READ],
      'waits for a create of an older declaration too': [
        dies('Create', { specHash: 'another' }),
        'Ready=False Deleting Reconciling',
      ],
      'waits for a create while a runtime of another network has its name': [
        dies('Create', {}, { definition: found('West Europe'), desired: IN_A_NETWORK }),
        'Ready=False Deleting Reconciling',
      ],
      'waits for a create while another kind of runtime has its name': [
        dies('Create', {}, { definition: found('AutoResolve', {}, 'SelfHosted') }),
        'Ready=False Deleting Reconciling',
      ],
      'leaves the runtime of another network after ten minutes': [
        dies('Create', { time: ago(10) }, { definition: found('West Europe'), desired: IN_A_NETWORK }),
        'Release Retained',
      ],
      'takes what was created, once it is there': [dies('Create', {}, { definition: found('West Europe') }), 'Delete'],
      'does not wait for an update': [dies('Update', {}, { definition: OTHER }), 'Delete'],
      'does not delete once more what Azure is deleting': [
        dies('Delete', {}, { definition: OTHER }),
        'Ready=False Deleting Reconciling',
      ],
      'deletes once more what is still there after ten minutes': [
        dies('Delete', { time: ago(10) }, { definition: OTHER }),
        'Delete',
      ],
      'says NotApplied of a deletion that never shows': [
        dies('Delete', { repeated: true }, { definition: OTHER }),
        'Ready=False NotApplied Stalled',
      ],
    },
    check,
  );

  test('waits no longer for a create than ten minutes', () => {
    expect(messageOf(dies('Create', { time: ago(9) }))).toContain('still creating');
    expect(messageOf(dies('Create', { time: ago(10) }))).not.toContain('still creating');
  });
});
