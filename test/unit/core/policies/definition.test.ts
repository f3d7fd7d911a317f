/** Is there a runtime, is it ours, and is it as declared? */
import { describe, expect, test } from '@jest/globals';
import { decide } from '../../../../src/core/decide.ts';
import { armKey, type Definition } from '../../../../src/core/model/runtime.ts';
import type { Situation } from '../../../../src/core/situation.ts';
import { fieldMap, runtimeId } from '../../model/builders.ts';
import {
  ago,
  CREATED,
  corrections,
  decided,
  found,
  GONE,
  INTERVAL,
  listed,
  messageOf,
  NOW,
  nextOf,
  owned,
  rules,
  said,
  seen,
  situation,
  standing,
  WELL,
} from '../builders.ts';

type Row = readonly [Situation, string];
const check = ([s, expected]: Row): void => expect(decided(s)).toBe(expected);

const RUNTIME = armKey(runtimeId());
const hasFinalizer = { hasFinalizer: true } as const;
/** About to create, or to adopt, its runtime. */
const sent = (fields: Record<string, string>) =>
  ({
    ...hasFinalizer,
    mark: { origin: 'Created', runtime: RUNTIME, sent: [fieldMap({ description: 'first' }), fieldMap(fields)] },
  }) as const;
const creating = { ...hasFinalizer, mark: { origin: 'Created', runtime: RUNTIME } } as const;
const adopting = { ...hasFinalizer, mark: { origin: 'Adopted', runtime: RUNTIME } } as const;
const SAME = found('westeurope');
const OTHER = found('North Europe');

describe('how the definition is looked at', () => {
  rules<Row>(
    {
      'a new object is read afresh': [situation(), 'Look definition fresh'],
      'an object in sync is looked at in the shared list': [owned(), 'Look definition listed'],
      'a new generation is read afresh': [owned({ object: { generation: 2 } }), 'Look definition fresh'],
      'a token of azure-ir.io/reconcile is read afresh': [
        owned({ requests: { reconcile: 't1' } }),
        'Look definition fresh',
      ],
      'a token of reconcile.fluxcd.io/requestedAt is read afresh': [
        owned({ requests: { requestedAt: 't1' } }),
        'Look definition fresh',
      ],
      'handled tokens ask for nothing': [
        owned({
          requests: { reconcile: 't1', requestedAt: 't2' },
          status: { lastHandledReconcileToken: 't1', lastHandledReconcileAt: 't2' },
        }),
        'Look definition listed',
      ],
      'a new token of either annotation asks, though the other is handled': [
        owned({
          requests: { reconcile: 't3', requestedAt: 't2' },
          status: { lastHandledReconcileToken: 't1', lastHandledReconcileAt: 't2' },
        }),
        'Look definition fresh',
      ],
      'a token whose annotation was taken off asks for nothing': [
        owned({ status: { lastHandledReconcileToken: 't1', lastHandledReconcileAt: 't1' } }),
        'Look definition listed',
      ],
      'an object without a claim is read afresh': [
        situation({ object: hasFinalizer, status: { observedGeneration: 1, conditions: WELL } }),
        'Look definition fresh',
      ],
      'an object that was not in sync is read afresh': [
        owned({ status: { conditions: [said('Ready', 'False', 'Updating'), said('Synced', 'False', 'Drifted')] } }),
        'Look definition fresh',
      ],
      'a contested object is watched in the list': [
        owned({ status: { conditions: [said('Ready', 'False', 'Contested'), said('Synced', 'False', 'Drifted')] } }),
        'Look definition listed',
      ],
      'a Stalled object is watched in the list': [
        owned({
          status: { conditions: [...standing('InvalidDefinition', 'Stalled'), said('Synced', 'False', 'Drifted')] },
        }),
        'Look definition listed',
      ],
      'so is a Stalled object without a claim': [
        situation({ status: { observedGeneration: 1, conditions: standing('AdoptionRefused', 'Stalled') } }),
        'Look definition listed',
      ],
      'a Stalled object that was edited is read afresh': [
        owned({ object: { generation: 2 }, status: { conditions: standing('InvalidDefinition', 'Stalled') } }),
        'Look definition fresh',
      ],
      'an observed runtime that differs is looked at in the list': [
        owned({
          object: { hasFinalizer: false },
          desired: { managementPolicy: 'Observe' },
          status: { conditions: [said('Synced', 'False', 'Drifted')] },
        }),
        'Look definition listed',
      ],
    },
    check,
  );
});

describe('a list is a hint, never a proof', () => {
  const NOT_MINE = { observedGeneration: 1 };
  const cases: Record<string, (definition: Definition) => Situation> = {
    'of absence before a create': () => situation({ definition: listed(GONE) }),
    'of absence before a lost runtime is created again': () =>
      owned({ definition: listed(GONE), missingSince: ago(1) }),
    'of presence before a create is recognised': () => situation({ object: creating, definition: listed(SAME) }),
    'of presence before an identical runtime is claimed': () =>
      situation({ status: NOT_MINE, definition: listed(SAME) }),
    'of presence before a differing runtime is adopted': () => situation({ definition: listed(OTHER) }),
    'of drift before it is corrected': () => owned({ definition: listed(OTHER) }),
    'of the document that a repair writes again': () => seen({ definition: listed(SAME), state: 'Limited' }),
    'of the document that a repair writes again when a person asks': () =>
      seen({ definition: listed(SAME), requests: { repair: 'r1' } }),
  };
  for (const [rule, build] of Object.entries(cases)) {
    test(rule, () => expect(decided(build(SAME))).toBe('Look definition fresh'));
  }

  test('but is enough to see that nothing differs', () => {
    expect(decided(seen({ definition: listed(SAME) }))).toBe('Ready=True Available');
  });

  test('of absence before an observer reports NotFound', () => {
    const observer = owned({
      object: { hasFinalizer: false },
      desired: { managementPolicy: 'Observe' },
      definition: listed(GONE),
    });
    expect(decided(observer)).toBe('Look definition fresh');
  });

  test('of another type before a claimed object is Stalled with TypeConflict', () => {
    expect(decided(owned({ definition: listed(found(undefined, {}, 'SelfHosted')) }))).toBe('Look definition fresh');
  });
});

describe('whose runtime it is', () => {
  rules<Row>(
    {
      'absent, nothing held: it is created': [situation({ definition: GONE }), 'Create'],
      'absent, held: it is created': [situation({ object: hasFinalizer, definition: GONE }), 'Create'],
      'absent, claimed: it is looked at again, and nothing is told': [owned({ definition: GONE }), 'Unchanged'],
      'absent, claimed, and missed five seconds ago: that is not long enough': [
        owned({ definition: GONE, missingSince: NOW - 5_000 }),
        'Unchanged',
      ],
      'absent, claimed, and missed by an earlier pass: it is created again': [
        owned({ definition: GONE, missingSince: NOW - 6_000 }),
        'Create missing',
      ],
      'absent, claimed, and missed an hour from now, for the clock was set back': [
        owned({ definition: GONE, missingSince: NOW + 3_600_000 }),
        'Unchanged',
      ],
      'absent, claimed, in a network that is not known: the network is not made for one wrong answer': [
        owned({ definition: GONE, desired: { managedVirtualNetwork: { name: 'default', creation: 'IfMissing' } } }),
        'Unchanged',
      ],
      'present, marked as being created, without claim, as the create would have sent it: the create was ours': [
        situation({ object: creating, definition: SAME }),
        'Claim',
      ],
      'present, marked as being created, without claim, as sent but for what is not managed: the create was ours': [
        situation({ object: creating, definition: found('westeurope', { description: 'theirs' }) }),
        'Claim',
      ],
      'present, marked as being created, without claim, declared without location, AutoResolve: the create was ours': [
        situation({ object: creating, desired: { fields: {} }, definition: found('AutoResolve') }),
        'Claim',
      ],
      'present, marked as being created, without claim, declared without location, elsewhere: adoption decides': [
        situation({ object: creating, desired: { fields: {} }, definition: OTHER }),
        'Adopt',
      ],
      'present, marked as being created, without claim, differing: adoption decides': [
        situation({ object: creating, definition: OTHER }),
        'Adopt location',
      ],
      'present as declared, without claim, marked as an adoption: that was cut short, not a create': [
        situation({ object: adopting, definition: SAME }),
        'Adopt',
      ],
      'present as declared, without claim, fields remembered: it was no create that was cut short': [
        situation({ object: creating, status: { ownedFields: ['location'] }, definition: SAME }),
        'Adopt',
      ],
      'what a list shows, differing, may be older than the create: read before the finalizer goes': [
        situation({ object: creating, desired: { adoptionPolicy: 'IfIdentical' }, definition: listed(OTHER) }),
        'Look definition fresh',
      ],
      'another type that a list shows may be older than the create: read before the finalizer goes': [
        situation({ object: creating, definition: listed(found('AutoResolve', {}, 'SelfHosted')) }),
        'Look definition fresh',
      ],
      'present as its create sent it, though another location is declared since: claimed': [
        situation({ object: sent({ location: 'North Europe' }), definition: OTHER }),
        'Claim',
      ],
      'present as its create sent it, though a field is declared since that was not sent: claimed': [
        situation({
          object: sent({ location: 'North Europe' }),
          desired: { fields: { location: 'West Europe', description: 'new' } },
          definition: OTHER,
        }),
        'Claim',
      ],
      'present as declared now, and not as its create sent it: adoption decides': [
        situation({ object: sent({ location: 'UK South' }), definition: SAME }),
        'Adopt',
      ],
      'present as declared, a finalizer that came with the object, and nothing of its own: adoption decides': [
        situation({ object: hasFinalizer, definition: SAME }),
        'Adopt',
      ],
      'present and differing, a finalizer that came with the object: adoption decides': [
        situation({ object: hasFinalizer, definition: OTHER }),
        'Adopt location',
      ],
      'present as declared, a mark that was put on for another runtime: adoption decides': [
        situation({
          object: { ...hasFinalizer, mark: { origin: 'Created', runtime: armKey(runtimeId('Other')) } },
          definition: SAME,
        }),
        'Adopt',
      ],
      'present as declared, a mark of its own and no finalizer: somebody took that off, and adoption decides': [
        situation({ object: { ...creating, hasFinalizer: false }, definition: SAME }),
        'Adopt',
      ],
      'present as declared, neither finalizer nor claim: adopted without a write': [
        situation({ definition: SAME }),
        'Adopt',
      ],
      'present and differing, neither finalizer nor claim: adopted with the changes': [
        situation({ definition: OTHER }),
        'Adopt location',
      ],
      'claimed: ours, whatever the adoption policy': [
        seen({ desired: { adoptionPolicy: 'Never' }, definition: OTHER }),
        'Update location',
      ],
    },
    check,
  );
});

describe('adoption', () => {
  const never = { adoptionPolicy: 'Never' } as const;
  const ifIdentical = { adoptionPolicy: 'IfIdentical' } as const;
  const REFUSED = 'Ready=False AdoptionRefused Stalled';
  rules<Row>(
    {
      'Never refuses an identical runtime': [situation({ desired: never, definition: SAME, state: 'Online' }), REFUSED],
      'Never refuses a differing runtime': [situation({ desired: never, definition: OTHER, state: 'Online' }), REFUSED],
      'Never still recognises our own create': [
        situation({ object: creating, desired: never, definition: SAME }),
        'Claim',
      ],
      'Never still creates': [situation({ desired: never, definition: GONE }), 'Create'],
      'IfIdentical takes over an identical runtime': [situation({ desired: ifIdentical, definition: SAME }), 'Adopt'],
      'IfIdentical takes over a runtime that differs only in what is not managed': [
        situation({ desired: ifIdentical, definition: found('West Europe', { description: 'theirs' }) }),
        'Adopt',
      ],
      'IfIdentical refuses a differing runtime': [
        situation({ desired: ifIdentical, definition: OTHER, state: 'Online' }),
        REFUSED,
      ],
      'a refusal drops the finalizer first (Never)': [
        situation({ object: hasFinalizer, desired: never, definition: OTHER }),
        'RemoveFinalizer',
      ],
      'a refusal drops the finalizer first (IfIdentical)': [
        situation({ object: hasFinalizer, desired: ifIdentical, definition: OTHER }),
        'RemoveFinalizer',
      ],
    },
    check,
  );

  test('the refusal of Never says what to change', () => {
    expect(messageOf(situation({ desired: never, definition: SAME, state: 'Online' }))).toMatch(
      /Permit adoption|azureName/,
    );
  });

  test('the refusal of IfIdentical names the differing field and what to change', () => {
    const message = messageOf(situation({ desired: ifIdentical, definition: OTHER, state: 'Online' }));
    expect(message).toContain('differs in location');
    expect(message).toContain('adoptionPolicy: Always');
  });

  test('the changes of an adoption are those of the declared fields alone', () => {
    expect(decide(situation({ definition: found('North Europe', { description: 'theirs' }) }))).toMatchObject({
      kind: 'StoreStatus',
      status: { ownedFields: ['location'] },
      before: { kind: 'Adopt', changes: [{ field: 'location', desired: 'West Europe', observed: 'North Europe' }] },
    });
  });
});

describe('another kind of runtime under the name', () => {
  const TYPES = { SelfHosted: 'SelfHosted', AzureSsis: 'AzureSsis', unknown: { unknown: 'Airflow' } } as const;
  for (const [name, type] of Object.entries(TYPES)) {
    const definition = found(undefined, {}, type);
    rules<Row>(
      {
        [`${name} is a TypeConflict for a new object`]: [
          situation({ definition, state: 'Online' }),
          'Ready=False TypeConflict Stalled',
        ],
        [`${name} is a TypeConflict for its former owner`]: [seen({ definition }), 'Ready=False TypeConflict Stalled'],
        [`${name} is a TypeConflict for an observer`]: [
          situation({ definition, state: 'Online', desired: { managementPolicy: 'Observe' } }),
          'Ready=False TypeConflict Stalled',
        ],
        [`${name} leaves nothing held by an object that claimed nothing`]: [
          situation({ object: hasFinalizer, definition }),
          'RemoveFinalizer',
        ],
      },
      check,
    );
  }

  test('is named to people', () => {
    expect(messageOf(owned({ definition: found(undefined, {}, 'SelfHosted'), state: 'Online' }))).toContain(
      'self-hosted',
    );
    expect(messageOf(owned({ definition: found(undefined, {}, 'AzureSsis'), state: 'Online' }))).toContain('SSIS');
    expect(messageOf(owned({ definition: found(undefined, {}, { unknown: 'Airflow' }), state: 'Online' }))).toContain(
      'Airflow',
    );
  });
});

describe('drift', () => {
  rules<Row>(
    {
      'of a declared leaf is corrected': [owned({ definition: OTHER }), 'Update location'],
      'in spelling alone is none': [seen({ definition: found('WEST EUROPE') }), 'Ready=True Available'],
      'of a leaf that nobody declares is left as it is': [
        seen({ definition: found('West Europe', { description: 'theirs', other: 1 }) }),
        'Ready=True Available',
      ],
      'of an absent location against AutoResolve is none': [
        seen({ desired: { fields: { location: 'AutoResolve' } }, definition: found(undefined) }),
        'Ready=True Available',
      ],
      'of a removed leaf that was managed returns it to the default': [
        owned({
          status: { ownedFields: ['description', 'location'] },
          definition: found('West Europe', { description: 'x' }),
        }),
        'Update description',
      ],
      'of a removed leaf that is back at the default is none': [
        seen({ status: { ownedFields: ['description', 'location'] } }),
        'Ready=True Available',
      ],
      'of several leaves is corrected by one write': [
        owned({ desired: { fields: { location: 'West Europe', description: 'ours' } }, definition: OTHER }),
        'Update location description',
      ],
      'is corrected before the state is looked at': [owned({ definition: OTHER }), 'Update location'],
      'is corrected before a repair that is asked for, which the write is too': [
        seen({ definition: OTHER, requests: { repair: 'r1' } }),
        'Update location',
      ],
      'is not corrected twice in a pass': [
        seen({ definition: OTHER, wrote: { kind: 'update', fields: ['location'] } }),
        'Ready=False NotApplied Stalled',
      ],
    },
    check,
  );
});

describe('a write that was accepted and not applied', () => {
  const both = { fields: { location: 'West Europe', description: 'ours' } } as const;
  rules<Row>(
    {
      'is NotApplied after an update': [
        seen({ definition: OTHER, wrote: { kind: 'update', fields: ['location'] } }),
        'Ready=False NotApplied Stalled',
      ],
      'is NotApplied after a create': [
        seen({ definition: OTHER, wrote: { kind: 'create' } }),
        'Ready=False NotApplied Stalled',
      ],
      'is told before a repair that is asked for': [
        seen({ definition: OTHER, wrote: { kind: 'update', fields: ['location'] }, requests: { repair: 'r1' } }),
        'Ready=False NotApplied Stalled',
      ],
      'is no matter of a repair, which changes no leaf': [
        seen({ definition: OTHER, wrote: { kind: 'repair' } }),
        'Unchanged',
      ],
      'is none when the read-back is as declared': [
        seen({ definition: SAME, wrote: { kind: 'update', fields: ['location'] } }),
        'Ready=True Available',
      ],
    },
    check,
  );

  test('names the field and both values', () => {
    const s = seen({ definition: OTHER, wrote: { kind: 'update', fields: ['location'] } });
    expect(messageOf(s)).toContain('location "North Europe" (want "West Europe")');
  });

  test('names only the leaves that were written', () => {
    const s = seen({ desired: both, definition: OTHER, wrote: { kind: 'update', fields: ['description'] } });
    expect(messageOf(s)).toContain('description "" (want "ours")');
    expect(messageOf(s)).not.toContain('location');
  });

  test('drift of another leaf after a write means that somebody wrote at the same time: look again', () => {
    const s = seen({
      desired: both,
      definition: found('North Europe', { description: 'ours' }),
      wrote: { kind: 'update', fields: ['description'] },
    });
    expect(decided(s)).toBe('Unchanged');
    expect(nextOf(s)).toEqual({ kind: 'backoff', baseMs: 500, maxMs: INTERVAL });
  });
});

describe('a contested field', () => {
  const FIVE = corrections('location', [50, 40, 30, 20, 10]);
  const contested = (entry: ReturnType<typeof corrections>, more: Parameters<typeof owned>[0] = {}) =>
    owned({ definition: OTHER, state: 'Online', ...more, status: { corrections: [entry], ...more.status } });
  const CONTESTED = 'Ready=False Contested Reconciling';
  const CORRECTED = 'Update location';
  rules<Row>(
    {
      'is one that was corrected 5 times within 6 intervals': [contested(FIVE), CONTESTED],
      'is none after 4 corrections': [contested(corrections('location', [40, 30, 20, 10])), CORRECTED],
      'is none when the fifth last correction was 6 intervals ago': [
        contested(corrections('location', [60, 45, 30, 20, 9])),
        CORRECTED,
      ],
      'is still one when the fifth last correction was just under 6 intervals ago': [
        contested(corrections('location', [59.9, 45, 30, 20, 9])),
        CONTESTED,
      ],
      'is counted in intervals of its own object': [
        contested(corrections('location', [5, 4, 3, 2, 1]), { intervalMs: INTERVAL / 10 }),
        CONTESTED,
      ],
      'is not when its corrections are many short intervals apart': [
        contested(FIVE, { intervalMs: INTERVAL / 10 }),
        CORRECTED,
      ],
      'is corrected again after twice the wait before': [
        contested(corrections('location', [55, 50, 40, 30, 20])),
        CORRECTED,
      ],
      'is left alone until then': [contested(corrections('location', [55, 50, 40, 29.9, 19.9])), CONTESTED],
      'stays contested once it was, though less than five corrections are recent': [
        contested(corrections('location', [240, 180, 110, 50], true)),
        CONTESTED,
      ],
      'would have been corrected had it not been contested before': [
        contested(corrections('location', [240, 180, 110, 50])),
        CORRECTED,
      ],
      'is corrected again after an hour at the latest': [
        contested(corrections('location', [300, 240, 180, 120, 60], true)),
        CORRECTED,
      ],
      'is left alone for just under that hour': [
        contested(corrections('location', [299, 239, 179, 119, 59], true)),
        CONTESTED,
      ],
      'is corrected at once when something else is declared': [
        contested(FIVE, { status: { syncedSpecHash: 'of another declaration', corrections: [FIVE] } }),
        CORRECTED,
      ],
      'does not keep another field from being corrected': [
        contested(FIVE, { desired: { fields: { location: 'West Europe', description: 'ours' } } }),
        'Update description',
      ],
      'is reported after the other field was corrected': [
        contested(FIVE, {
          desired: { fields: { location: 'West Europe', description: 'ours' } },
          definition: found('North Europe', { description: 'ours' }),
          wrote: { kind: 'update', fields: ['description'] },
        }),
        CONTESTED,
      ],
      'is reported though it has just been corrected': [
        seen({ status: { corrections: [corrections('location', [120, 80, 40, 0], true)] } }),
        CONTESTED,
      ],
      'is reported until it was left alone for six intervals': [
        seen({ status: { corrections: [corrections('location', [59.9], true)] } }),
        CONTESTED,
      ],
      'is reported no longer then': [
        seen({ status: { corrections: [corrections('location', [60], true)] } }),
        'Ready=True Available',
      ],
      'stays told as it was while it is as declared': [
        seen({
          status: {
            corrections: [corrections('location', [1], true)],
            conditions: [
              said('Ready', 'False', 'Contested'),
              said('Synced', 'True', 'InSync'),
              said('Reconciling', 'True', 'Contested'),
            ],
          },
        }),
        'Stands',
      ],
      'does not hide that the runtime is Limited': [
        seen({ state: 'Limited', status: { corrections: [corrections('location', [1], true)] } }),
        'Repair 1 of 5',
      ],
      'is none of an object whose runtime is as declared now': [
        contested(FIVE, { definition: SAME, state: 'Online' }),
        'Ready=True Available',
      ],
      'is drift to an observer, whatever was corrected before': [
        contested(FIVE, {
          object: { hasFinalizer: false },
          desired: { managementPolicy: 'Observe' },
          state: 'Online',
        }),
        'Ready=False Drifted Stalled',
      ],
      'does not keep a person from asking for a repair': [
        contested(FIVE, { requests: { repair: 'r1' } }),
        'Repair for r1',
      ],
      'is reported without a look at the state': [contested(FIVE), CONTESTED],
    },
    check,
  );

  test('is told with the field and both values', () => {
    expect(messageOf(contested(FIVE))).toContain('location "North Europe" (want "West Europe")');
  });

  test('is polled as at rest until its wait is over, and then looked at', () => {
    expect(nextOf(contested(FIVE))).toEqual({ kind: 'periodic', ms: INTERVAL });
    const later = corrections('location', [50, 45, 40, 25, 15]);
    expect(nextOf(contested(later))).toEqual({ kind: 'after', ms: 5 * 60_000 });
  });

  test('is looked at when the first of two waits is over', () => {
    const s = owned({
      desired: { fields: { location: 'West Europe', description: 'ours' } },
      definition: OTHER,
      state: 'Online',
      status: {
        corrections: [corrections('location', [50, 45, 40, 25, 15]), corrections('description', [50, 40, 30, 20, 5])],
      },
    });
    expect(decided(s)).toBe(CONTESTED);
    expect(nextOf(s)).toEqual({ kind: 'after', ms: 5 * 60_000 });
  });
});

test('an object that was Stalled is looked at as ever once it is in sync', () => {
  const s = seen({ status: { conditions: standing('NotApplied', 'Stalled'), claim: CREATED } });
  expect(decided(s)).toBe('Ready=True Available');
});
