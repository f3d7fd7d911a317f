/** What a pass leaves behind: the status, and the events of its transitions. */
import { describe, expect, test } from '@jest/globals';
import { driftDetected, transitions } from '../../../../src/core/events.ts';
import { declarationHash } from '../../../../src/core/model/desired.ts';
import { type Condition, condition, EMPTY_STATUS, type Status } from '../../../../src/core/model/object.ts';
import { requestIds, withRequestIds } from '../../../../src/core/model/request-ids.ts';
import { armId } from '../../../../src/core/model/runtime.ts';
import { available, progressing, stalled, UNCHANGED, unknown } from '../../../../src/core/policies/verdicts.ts';
import { MINUTE } from '../../../../src/core/schedule.ts';
import type { Situation, Verdict } from '../../../../src/core/situation.ts';
import { corrected } from '../../../../src/core/status/contest.ts';
import { invalidStatus, statusAfter } from '../../../../src/core/status/status.ts';
import { heard } from '../../../../src/core/warnings.ts';
import { parseStatus, renderStatus } from '../../../../src/kube/objects/status.ts';
import { desired, runtimeId } from '../../model/builders.ts';
import {
  ADOPTED,
  ago,
  asApi,
  CREATED,
  corrections,
  dying,
  failed,
  found,
  GONE,
  IDENTITY,
  IN_SYNC,
  listed,
  managedObject,
  NOW,
  owned,
  rules,
  type Scene,
  said,
  seen,
  settlementOf,
  situation,
  standing,
  UNCLAIMED,
  verdictOf,
  WELL,
} from '../builders.ts';

/** The status that `decide` leads to. */
const statusOf = (s: Situation): Status => statusAfter(s, verdictOf(s));
const WHY = { what: 'It is so.', remedy: 'Do this.' };
const STALLED = stalled('NotApplied', { what: 'It is broken.', remedy: 'Mend it.' });
const OBSERVE = { managementPolicy: 'Observe' } as const;

describe('the whole status of an object in sync', () => {
  test('says what was observed, and nothing else', () => {
    expect(statusOf(seen())).toEqual({
      observedGeneration: 1,
      conditions: [
        said('Ready', 'True', 'Available', { message: 'Runtime is Online and matches the spec.' }),
        said('Synced', 'True', 'InSync', { message: 'Azure matches the spec.' }),
        said('Healthy', 'True', 'Online', { message: 'Runtime state is Online.' }),
      ],
      state: 'Online',
      resourceId: armId(runtimeId()),
      location: 'West Europe',
      referenceName: 'MySampleAzureIR',
      claim: CREATED,
      ownedFields: ['location'],
      drift: [],
      corrections: [],
      syncedSpecHash: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
  });

  test('has no key without a value, since each of them would be a difference', () => {
    for (const s of [
      seen(),
      owned({ failure: failed('forbidden') }),
      situation({ definition: GONE, desired: OBSERVE }),
    ]) {
      for (const value of Object.values(statusOf(s))) expect(value).toBeDefined();
    }
  });
});

describe('what is shown of the runtime', () => {
  const shown = (s: Situation) => {
    const { state, resourceId, location, referenceName } = statusOf(s);
    return { state, resourceId, location, referenceName };
  };
  const BEFORE = {
    state: undefined,
    resourceId: '/subscriptions/x',
    location: 'West Europe',
    referenceName: 'MySampleAzureIR',
  };
  const NOTHING = { state: undefined, resourceId: undefined, location: undefined, referenceName: undefined };

  test('is the name as Azure spells it', () => {
    const definition = found('West Europe');
    if (definition.presence !== 'present') throw new Error();
    const runtime = { ...definition.runtime, name: 'MYSAMPLEAZUREIR' };
    const { resourceId, referenceName } = shown(seen({ definition: { ...definition, runtime } }));
    expect(resourceId).toMatch(/\/integrationRuntimes\/MYSAMPLEAZUREIR$/);
    expect(referenceName).toBe('MYSAMPLEAZUREIR');
  });

  test('is the location as Azure spells it', () => {
    expect(shown(seen({ definition: found('westeurope') })).location).toBe('westeurope');
    expect(
      shown(seen({ desired: { fields: {} }, status: { ownedFields: [] }, definition: found(undefined) })).location,
    ).toBe('AutoResolve');
  });

  test('is no location where Azure has something else than text there', () => {
    const s = seen({ desired: { fields: {} }, status: { ownedFields: [] }, definition: found({ a: 1 }) });
    expect(shown(s).location).toBeUndefined();
  });

  test('is only what never changes when nothing could be looked at', () => {
    expect(shown(owned({ failure: failed('forbidden') }))).toEqual({ ...BEFORE, location: undefined });
  });

  test('is nothing when the runtime is gone', () => {
    const s = situation({ desired: OBSERVE, definition: GONE, status: UNCLAIMED });
    expect(shown(s)).toEqual(NOTHING);
  });

  test('is cut to a length that status can hold', () => {
    const s = seen({
      desired: { fields: {} },
      status: { ownedFields: [] },
      definition: found('x'.repeat(500)),
      state: 'y'.repeat(500),
    });
    expect(shown(s).location).toHaveLength(100);
    expect(shown(s).state).toHaveLength(80);
  });
});

describe('what is observed', () => {
  const observer = (more: Scene = {}) =>
    seen({
      object: { hasFinalizer: false },
      desired: { managementPolicy: 'Observe' },
      definition: found('West Europe', { description: 'theirs' }),
      ...more,
    });
  test('is all that a manifest could declare, of a runtime that is only observed', () => {
    expect(statusOf(observer()).observed).toEqual({ location: 'West Europe', description: 'theirs' });
  });
  test('is nothing of an object that manages, nor once it does', () => {
    expect(statusOf(seen())).not.toHaveProperty('observed');
    const observed = { location: 'West Europe' };
    expect(statusOf(seen({ status: { observed } }))).not.toHaveProperty('observed');
    const suspended = statusAfter(seen({ desired: { suspend: true }, status: { observed } }), { kind: 'Suspended' });
    expect(suspended).not.toHaveProperty('observed');
  });
  test('is nothing of a runtime that is gone, was not looked at, or is of another type', () => {
    const status = { observed: { location: 'West Europe' } };
    expect(statusOf(observer({ status, definition: GONE }))).not.toHaveProperty('observed');
    const { definition: _, ...unseen } = observer({ status, failure: failed('forbidden') });
    expect(statusOf(unseen)).not.toHaveProperty('observed');
    expect(statusOf(observer({ definition: found('x', {}, 'SelfHosted') }))).not.toHaveProperty('observed');
  });
  test('stays while nothing is looked at on purpose', () => {
    const observed = { location: 'West Europe' };
    const suspended = observer({ desired: { managementPolicy: 'Observe', suspend: true }, status: { observed } });
    expect(statusAfter(suspended, { kind: 'Suspended' }).observed).toEqual(observed);
  });
});

describe('Synced', () => {
  rules<readonly [Situation, string]>(
    {
      'is InSync when nothing declared differs': [seen(), 'True InSync'],
      'is Drifted when something differs': [owned({ definition: found('North Europe') }), 'False Drifted'],
      'is NotFound when there is no runtime': [owned({ definition: GONE }), 'False NotFound'],
      'is Unknown when nothing was looked at': [owned(), 'Unknown Unknown'],
      'is Unknown for a runtime that is not ours, though it is as declared': [
        situation({ definition: found('West Europe') }),
        'Unknown Unknown',
      ],
      'is Drifted for a runtime that is not ours and differs': [
        situation({ definition: found('North Europe') }),
        'False Drifted',
      ],
      'is Drifted for another kind of runtime under the name': [
        owned({
          desired: { fields: {} },
          status: { ownedFields: [] },
          definition: found(undefined, {}, 'SelfHosted'),
        }),
        'False Drifted',
      ],
      'is InSync for an observer without a claim': [
        situation({ desired: OBSERVE, definition: found('West Europe') }),
        'True InSync',
      ],
      'does not count, for an observer, what it managed before': [
        situation({
          desired: { ...OBSERVE, fields: {} },
          status: { ownedFields: ['location'] },
          definition: found('West Europe'),
        }),
        'True InSync',
      ],
    },
    ([s, expected]) => {
      const synced = condition(statusAfter(s, STALLED), 'Synced');
      expect(`${synced?.status} ${synced?.reason}`).toBe(expected);
    },
  );

  test('names the fields that differ', () => {
    const s = owned({
      desired: { fields: { location: 'West Europe', description: 'ours' } },
      definition: found('North Europe'),
    });
    expect(condition(statusAfter(s, STALLED), 'Synced')?.message).toBe(
      'Drift: location is "North Europe", want "West Europe"; description is "", want "ours".',
    );
  });
});

describe('ownedFields', () => {
  const both = { fields: { description: 'ours', location: 'West Europe' } } as const;
  const remembered = (status: Partial<Status>, more: Scene = {}) => seen({ ...more, status });
  rules<readonly [Situation, Verdict, readonly string[]]>(
    {
      'are the declared ones once in sync, sorted': [
        remembered(
          { ownedFields: ['location'] },
          { desired: both, definition: found('West Europe', { description: 'ours' }) },
        ),
        available(''),
        ['description', 'location'],
      ],
      'forget a removed leaf once it is back at the default': [
        remembered({ ownedFields: ['description', 'location'] }),
        available(''),
        ['location'],
      ],
      'remember a removed leaf until then': [
        remembered(
          { ownedFields: ['description', 'location'] },
          { definition: found('West Europe', { description: 'ours' }) },
        ),
        STALLED,
        ['description', 'location'],
      ],
      'stay when nothing could be looked at': [
        owned({ status: { ownedFields: ['description', 'location'] } }),
        progressing('Forbidden', WHY),
        ['description', 'location'],
      ],
      'stay for an observer': [
        situation({
          desired: { ...OBSERVE, fields: {} },
          status: { ownedFields: ['location'] },
          definition: found('West Europe'),
        }),
        available(''),
        ['location'],
      ],
      'stay for an observer with a claim, who may manage again': [
        seen({ desired: OBSERVE, status: { ownedFields: ['description', 'location'] } }),
        available(''),
        ['description', 'location'],
      ],
      'stay for an observer who waits for a person': [
        situation({ desired: OBSERVE, status: { ownedFields: ['location'] } }),
        STALLED,
        ['location'],
      ],
      'end with a claim that is refused for good': [
        situation({ status: { ownedFields: ['location'] }, definition: found('North Europe') }),
        stalled('AdoptionRefused', WHY),
        [],
      ],
      'stay while an adoption that was cut short may go on': [
        situation({ status: { ownedFields: ['location'] } }),
        unknown('AzureUnavailable', WHY),
        ['location'],
      ],
    },
    ([s, verdict, expected]) => expect(statusAfter(s, verdict).ownedFields).toEqual(expected),
  );
});

describe('the claim', () => {
  const other = { granted: true, identity: 'tenant/other' } as const;
  rules<readonly [Situation, Verdict, Status['claim']]>(
    {
      stays: [seen(), available(''), CREATED],
      'stays when nothing could be looked at': [owned(), progressing('Forbidden', WHY), CREATED],
      'stays with an observer': [seen({ desired: OBSERVE }), available(''), CREATED],
      'stays with an object whose runtime is gone': [owned({ definition: GONE }), STALLED, CREATED],
      'ends when the runtime is another’s': [owned(), stalled('OwnedByAnother', WHY), undefined],
      'ends while another hands the runtime over': [owned(), progressing('OwnedByAnother', WHY), undefined],
      'ends when the runtime is another’s, though it is told first that there is no identity': [
        owned({
          access: { granted: false, message: WHY },
          object: { hasFinalizer: false, createdAt: 1 },
          peers: [managedObject('owner', { hasFinalizer: true, createdAt: 0, status: { ...IN_SYNC } })],
        }),
        stalled('CredentialsInvalid', WHY),
        undefined,
      ],
      'goes on under the identity that a person accepted': [
        seen({ access: other, requests: { acceptIdentity: 'tenant/other' } }),
        available(''),
        { origin: 'Created', identity: 'tenant/other' },
      ],
      'keeps its origin under an accepted identity': [
        seen({ access: other, requests: { acceptIdentity: 'tenant/other' }, status: { claim: ADOPTED } }),
        available(''),
        { origin: 'Adopted', identity: 'tenant/other' },
      ],
      'keeps its identity when a person accepted another one than there is': [
        seen({ access: other, requests: { acceptIdentity: 'tenant/third' } }),
        STALLED,
        CREATED,
      ],
      'keeps its identity when there are no credentials': [
        owned({ access: { granted: false, message: WHY }, requests: { acceptIdentity: IDENTITY } }),
        STALLED,
        CREATED,
      ],
      'is not made by a status': [situation({ definition: found('West Europe') }), available(''), undefined],
    },
    ([s, verdict, expected]) => expect(statusAfter(s, verdict).claim).toEqual(expected),
  );
});

describe('tokens', () => {
  type Handled = readonly [at: string | undefined, token: string | undefined];
  const of = ({ lastHandledReconcileAt, lastHandledReconcileToken }: Status): Handled => [
    lastHandledReconcileAt,
    lastHandledReconcileToken,
  ];
  rules<readonly [Scene, Handled]>(
    {
      'of requestedAt is echoed where Flux looks for it': [{ requests: { requestedAt: 'f1' } }, ['f1', undefined]],
      'of our own annotation is echoed in both places': [{ requests: { reconcile: 'r1' } }, ['r1', 'r1']],
      'of both annotations are echoed each in its place': [
        { requests: { reconcile: 'r1', requestedAt: 'f1' } },
        ['f1', 'r1'],
      ],
      'are kept when the annotations are taken off': [
        { status: { lastHandledReconcileAt: 'f1', lastHandledReconcileToken: 'r1' } },
        ['f1', 'r1'],
      ],
      'that are new replace those before': [
        {
          requests: { reconcile: 'r2', requestedAt: 'f2' },
          status: { lastHandledReconcileAt: 'f1', lastHandledReconcileToken: 'r1' },
        },
        ['f2', 'r2'],
      ],
    },
    ([scene, expected]) => expect(of(statusOf(seen(scene)))).toEqual(expected),
  );

  test('are echoed with a failure too, since the pass was had', () => {
    expect(statusOf(owned({ requests: { requestedAt: 'f1' }, failure: failed('locked') })).lastHandledReconcileAt).toBe(
      'f1',
    );
  });

  test('are not echoed by a pass that could not tell anything', () => {
    const s = owned({ requests: { requestedAt: 'f1' }, failure: failed('unavailable') });
    expect(statusOf(s)).toBe(s.status);
  });

  test('of a repair are kept, and not echoed by the status alone', () => {
    expect(statusOf(seen({ status: { lastHandledRepairAt: 'r1' } })).lastHandledRepairAt).toBe('r1');
    expect(statusAfter(seen({ requests: { repair: 'r1' } }), available('')).lastHandledRepairAt).toBeUndefined();
  });
});

describe('drift', () => {
  test('lists what differs, as declared and as observed', () => {
    expect(statusAfter(owned({ definition: found('North Europe') }), STALLED).drift).toEqual([
      { field: 'location', desired: 'West Europe', observed: 'North Europe' },
    ]);
  });

  test('is empty when nothing differs, and when nothing was seen', () => {
    const status = { drift: [{ field: 'location', desired: 'a', observed: 'b' }] } as const;
    expect(statusOf(seen({ status })).drift).toEqual([]);
    expect(statusOf(owned({ status, failure: failed('forbidden') })).drift).toEqual([]);
  });

  test('is told in words, old and new', () => {
    expect(
      driftDetected([
        { field: 'location', desired: 'West Europe', observed: 'North Europe' },
        { field: 'description', desired: 'ours', observed: null },
      ]).message,
    ).toBe('location is "North Europe", want "West Europe"; description is unset, want "ours"');
  });

  test('is told in bounded words', () => {
    const long = 'x'.repeat(5_000);
    expect(driftDetected([{ field: 'description', desired: long, observed: long }]).message.length).toBeLessThan(500);
  });
});

describe('waitingSince', () => {
  const waited = { waitingSince: { reason: 'Forbidden', time: ago(5) } };
  rules<readonly [Situation, Verdict, Status['waitingSince']]>(
    {
      'begins with a wait': [owned(), progressing('Forbidden', WHY), { reason: 'Forbidden', time: NOW }],
      'stays through the same wait': [owned({ status: waited }), progressing('Forbidden', WHY), waited.waitingSince],
      'stays when the wait ends in Stalled': [
        owned({ status: waited }),
        stalled('Forbidden', WHY),
        waited.waitingSince,
      ],
      'begins anew with another wait': [
        owned({ status: waited }),
        progressing('FactoryNotFound', WHY),
        { reason: 'FactoryNotFound', time: NOW },
      ],
      'begins when nothing is known': [
        owned({ status: waited }),
        unknown('AzureUnavailable', WHY),
        { reason: 'AzureUnavailable', time: NOW },
      ],
      'ends when the object is well': [seen({ status: waited }), available(''), undefined],
      'ends with suspension': [owned({ status: waited }), { kind: 'Suspended' }, undefined],
      'goes on through the mark of a failure that passes': [
        owned({ status: waited }),
        { kind: 'Unconfirmed', reason: 'Throttled', message: WHY },
        waited.waitingSince,
      ],
    },
    ([s, verdict, expected]) => expect(statusAfter(s, verdict).waitingSince).toEqual(expected),
  );
});

test('a message that names another request, and was shown with what cannot be seen in it, is not written again', () => {
  const azure = (id: string) => withRequestIds('Denied: \u202Eno.', requestIds(id, undefined)) ?? '';
  const denied = (id: string) => stalled('PolicyDenied', { ...WHY, azure: azure(id) });
  const status = parseStatus(renderStatus(statusAfter(seen(), denied('00000000-0000-0000-0000-000000000001'))));
  expect(status.conditions[0]?.message).toContain('\\u{202e}no');
  const after = statusAfter(seen({ status }), denied('00000000-0000-0000-0000-000000000002'));
  expect(renderStatus(after)).toEqual(renderStatus(status));
});

describe('repairs', () => {
  const repair = { attempts: 2, lastAttemptTime: ago(3), nextAttemptTime: ago(-1) };
  const ILL = { conditions: [said('Healthy', 'False', 'Limited')] };
  test('no further one is planned once the runtime is well, but those made are remembered', () => {
    expect(statusOf(seen({ status: { ...ILL, repair } })).repair).toEqual({ attempts: 2, lastAttemptTime: ago(3) });
  });
  test('the plan stays while the runtime is not well, or was not looked at', () => {
    expect(
      statusAfter(seen({ state: 'Limited', status: { ...ILL, repair } }), progressing('Repairing', WHY)).repair,
    ).toEqual(repair);
    expect(statusOf(owned({ status: { ...ILL, repair }, failure: failed('forbidden') })).repair).toEqual(repair);
  });
  test('none is remembered where none was made', () => {
    expect(statusOf(seen())).not.toHaveProperty('repair');
  });
});

describe('corrections', () => {
  test('of a field are remembered, the last five', () => {
    const times = [50, 40, 30, 20, 10];
    expect(corrected([corrections('location', times)], ['location'], NOW)).toEqual([
      corrections('location', [40, 30, 20, 10, 0]),
    ]);
  });

  test('of a field that was never corrected begin', () => {
    expect(corrected([], ['location'], NOW)).toEqual([corrections('location', [0])]);
  });

  test('of several fields are kept apart, in the order of their names', () => {
    const before = [corrections('location', [10])];
    expect(corrected(before, ['description'], NOW)).toEqual([
      corrections('description', [0]),
      corrections('location', [10]),
    ]);
    expect(corrected(before, ['location', 'description'], NOW)).toEqual([
      corrections('description', [0]),
      corrections('location', [10, 0]),
    ]);
  });

  test('of a contested field leave it contested', () => {
    expect(corrected([corrections('location', [240], true)], ['location'], NOW)).toEqual([
      corrections('location', [240, 0], true),
    ]);
  });

  describe('of a contested field are marked', () => {
    const HOUR = 60 * MINUTE;
    const marked = (minutesAgo: number, more: Parameters<typeof seen>[0] = {}) => {
      const s = seen({
        ...more,
        status: { corrections: [corrections('location', [minutesAgo], true)], ...more.status },
      });
      return statusAfter(s, available('')).corrections[0]?.contested;
    };
    const syncedSince = (minutes: number) => ({
      conditions: [
        said('Ready', 'False', 'Contested'),
        said('Synced', 'True', 'InSync', { lastTransitionTime: ago(minutes) }),
      ],
    });
    rules<readonly [boolean | undefined, boolean]>(
      {
        'until it was left alone for six intervals': [marked(59.9), true],
        'no longer than that': [marked(60), false],
        'for two hours at the most': [marked(119.9, { intervalMs: HOUR }), true],
        'no longer, however long the interval': [marked(120, { intervalMs: 24 * HOUR }), false],
        'for six of the object’s own intervals': [marked(7, { intervalMs: MINUTE }), false],
        'as long as it differs, however long ago it was corrected': [
          marked(600, {
            definition: found('North Europe'),
            status: { conditions: [said('Synced', 'False', 'Drifted')] },
          }),
          true,
        ],
        'when others were just seen to have set it back': [
          marked(600, { status: { conditions: [said('Synced', 'False', 'Drifted')] } }),
          true,
        ],
        'until six intervals after others set it back': [marked(600, { status: syncedSince(59) }), true],
        'no longer after others set it back': [marked(600, { status: syncedSince(60) }), false],
        'as long as the definition is not known': [
          marked(600, { definition: undefined, failure: failed('forbidden') } as never),
          true,
        ],
      },
      ([is, ought]) => expect(is).toBe(ought),
    );

    test('no longer when a person declares something else', () => {
      expect(marked(1, { status: { syncedSpecHash: 'of another declaration' } })).toBe(false);
    });

    test('no longer when a person declares something else, though the runtime is not well', () => {
      const status = { corrections: [corrections('location', [1], true)], syncedSpecHash: 'of another declaration' };
      const s = seen({ status, state: 'Pondering' });
      expect(statusOf(s).corrections).toEqual([corrections('location', [1], false)]);
    });
  });

  test('are marked contested whatever Ready tells, for the fields alone that differ and were corrected too often', () => {
    const often = [50, 40, 30, 20, 10];
    const status = { corrections: [corrections('description', often), corrections('location', often)] };
    const s = owned({ status, definition: found('North Europe') });
    const unconfirmed = { kind: 'Unconfirmed', reason: 'AzureUnavailable', message: WHY } as const;
    for (const verdict of [progressing('Contested', WHY), STALLED, unconfirmed])
      expect(statusAfter(s, verdict).corrections).toEqual([
        corrections('description', often),
        corrections('location', often, true),
      ]);
    const seldom = { corrections: [corrections('location', often.slice(1))] };
    const twice = owned({ status: seldom, definition: found('North Europe') });
    expect(statusAfter(twice, STALLED).corrections).toEqual(seldom.corrections);
  });
});

describe('syncedSpecHash and suspension', () => {
  const suspend = { desired: { suspend: true }, object: { generation: 2 } } as const;
  const inSync = statusOf(seen());
  const suspended = (more: Scene = {}) =>
    statusAfter(owned({ ...suspend, status: inSync, ...more }), { kind: 'Suspended' });
  const summary = (status: Status) =>
    status.conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`).join(', ');

  test('the hash is that of what is declared, in whatever order', () => {
    const fields = { location: 'West Europe', description: 'ours' };
    const definition = found('West Europe', { description: 'ours' });
    const a = statusOf(seen({ desired: { fields }, definition })).syncedSpecHash;
    const b = statusOf(
      seen({ desired: { fields: { description: 'ours', location: 'West Europe' } }, definition }),
    ).syncedSpecHash;
    expect(a).toBe(b);
    expect(a).not.toBe(inSync.syncedSpecHash);
  });

  test('the hash is that of what is declared, not of policies', () => {
    const s = seen({
      desired: { deletionPolicy: 'Retain', repair: { mode: 'Disabled', maxAttempts: 1 }, intervalMs: 60_000 },
    });
    expect(statusOf(s).syncedSpecHash).toBe(inSync.syncedSpecHash);
  });

  test('what was in sync last is remembered while the object is not: by it drift is told from a new declaration', () => {
    const hash = inSync.syncedSpecHash;
    const drifted = owned({ status: inSync, definition: found('North Europe') });
    expect(statusAfter(drifted, STALLED).syncedSpecHash).toBe(hash);
    expect(statusOf(owned({ status: inSync, failure: failed('forbidden') })).syncedSpecHash).toBe(hash);
  });

  test('Ready stays True when this very declaration was in sync', () => {
    const status = suspended();
    expect(summary(status)).toBe('Ready=True Suspended, Synced=True InSync, Healthy=True Online');
    expect(status.observedGeneration).toBe(2);
    expect(status.conditions.every(({ observedGeneration }) => observedGeneration === 2)).toBe(true);
  });

  test('what nobody looks at any more is told as of then, and once', () => {
    const status = suspended();
    const messages = [status, suspended({ status })].map(({ conditions }) => conditions.map(({ message }) => message));
    expect(messages).toEqual([messages[1], messages[1]]);
    expect(messages[0]).toEqual([
      'Suspended; in sync when last checked.',
      'When last checked: Azure matches the spec.',
      'When last checked: Runtime state is Online.',
    ]);
  });

  test('Ready is Unknown and Stalled when another declaration was in sync', () => {
    const status = suspended({ desired: { suspend: true, fields: { location: 'North Europe' } } });
    expect(summary(status)).toBe(
      'Ready=Unknown Suspended, Synced=Unknown Unknown, Healthy=True Online, Stalled=True Suspended',
    );
    expect(condition(status, 'Ready')?.message).toContain('spec.suspend: false');
  });

  test('a drift from another generation is not told of this one', () => {
    const before = statusAfter(owned({ status: inSync, definition: found('North Europe') }), STALLED);
    expect(before.drift).toHaveLength(1);
    const status = suspended({ status: before });
    expect(condition(status, 'Synced')).toMatchObject({ status: 'Unknown', observedGeneration: 2 });
    expect(status.drift).toEqual([]);
  });

  test('what was compared with this very generation stays told', () => {
    const conditions = standing('Offline', 'Reconciling').map((c) =>
      c.type === 'Synced' ? { ...c, status: 'False' as const, reason: 'Drifted' } : c,
    );
    const status = suspended({ status: { ...inSync, observedGeneration: 2, conditions } });
    expect(condition(status, 'Synced')).toMatchObject({ status: 'False', reason: 'Drifted' });
  });

  test('a declaration that was in sync once is not compared by being declared again', () => {
    const suspendedWith = (location: string, generation: number, status: Status) =>
      statusAfter(owned({ desired: { suspend: true, fields: { location } }, object: { generation }, status }), {
        kind: 'Suspended',
      });
    const other = suspendedWith('North Europe', 2, inSync);
    expect(condition(suspendedWith('West Europe', 3, other), 'Synced')?.status).toBe('Unknown');
  });

  test('Ready is Unknown and Stalled when the object was not Ready', () => {
    const status = suspended({ status: { ...inSync, conditions: standing('Offline', 'Reconciling') } });
    expect(condition(status, 'Ready')?.status).toBe('Unknown');
    expect(condition(status, 'Stalled')?.reason).toBe('Suspended');
    expect(condition(status, 'Reconciling')).toBeUndefined();
  });

  test('Reconciling and Stalled are removed from an object that stays Ready', () => {
    const status = suspended({ status: { ...inSync, conditions: standing('Available', 'Reconciling', 'True') } });
    expect(summary(status)).toBe('Ready=True Suspended, Synced=True InSync, Healthy=True Online');
  });

  test('an object that was never looked at is not Ready', () => {
    expect(summary(suspended({ status: EMPTY_STATUS }))).toBe(
      'Ready=Unknown Suspended, Synced=Unknown Unknown, Healthy=Unknown Unknown, Stalled=True Suspended',
    );
  });

  test('all else that is remembered stays', () => {
    const { conditions: _, observedGeneration: __, ...rest } = suspended();
    const { conditions: ___, observedGeneration: ____, ...before } = inSync;
    expect(rest).toEqual(before);
  });
});

describe('a verdict that says nothing new', () => {
  test('Unchanged leaves the status as it is, the observed generation included', () => {
    const s = owned({ object: { generation: 2 } });
    expect(statusAfter(s, UNCHANGED)).toBe(s.status);
  });

  test('Unconfirmed adds Reconciling and changes nothing else', () => {
    const s = owned({ status: { syncedSpecHash: 'hash' } });
    const verdict = {
      kind: 'Unconfirmed',
      reason: 'Throttled',
      message: { what: 'Slow.', remedy: 'Slow down.', azure: 'No.' },
    } as const;
    expect(statusAfter(s, verdict)).toEqual({
      ...s.status,
      conditions: [
        ...WELL,
        said('Reconciling', 'True', 'Throttled', { message: 'Slow. Slow down.', lastTransitionTime: NOW }),
      ],
      unconfirmedSince: NOW,
    });
  });

  test('Unconfirmed takes Stalled off, since the two are never both there', () => {
    const s = owned({ status: { conditions: standing('Locked', 'Stalled') } });
    const status = statusAfter(s, { kind: 'Unconfirmed', reason: 'Throttled', message: WHY });
    expect(condition(status, 'Stalled')).toBeUndefined();
    expect(condition(status, 'Ready')).toMatchObject({ status: 'False', reason: 'Locked' });
  });
});

describe('conditions', () => {
  const at = (status: Status, type: Condition['type']) => condition(status, type)?.lastTransitionTime;

  test('stand in one order: Ready, Synced, Healthy, then Reconciling or Stalled', () => {
    expect(statusOf(owned({ failure: failed('locked') })).conditions.map(({ type }) => type)).toEqual([
      'Ready',
      'Synced',
      'Healthy',
      'Stalled',
    ]);
    expect(statusOf(owned({ failure: failed('forbidden') })).conditions.map(({ type }) => type)).toEqual([
      'Ready',
      'Synced',
      'Healthy',
      'Reconciling',
    ]);
  });

  test('keep the time of their transition while their status stands, though reason and message change', () => {
    const status = statusOf(seen({ state: 'Started' }));
    expect(condition(status, 'Healthy')).toMatchObject({ reason: 'Started', lastTransitionTime: ago(1_440) });
  });

  test('take the time of now when their status changes', () => {
    const status = statusOf(seen({ state: 'Offline' }));
    expect([at(status, 'Ready'), at(status, 'Healthy'), at(status, 'Synced')]).toEqual([NOW, NOW, ago(1_440)]);
    expect(at(status, 'Reconciling')).toBe(NOW);
  });

  test('are all of the generation that was looked at', () => {
    const status = statusOf(seen({ object: { generation: 7 } }));
    expect(status.observedGeneration).toBe(7);
    expect(status.conditions.map(({ observedGeneration }) => observedGeneration)).toEqual([7, 7, 7]);
  });

  test('have messages of bounded length', () => {
    const s = owned({ failure: failed('locked', 'poll', { azure: 'x'.repeat(100_000) }) });
    const status = statusOf(s);
    for (const { message } of status.conditions) expect(message.length).toBeLessThanOrEqual(32_768);
    expect(condition(status, 'Ready')?.message).toMatch(/Remove the lock.* Azure: x+…$/);
  });

  test('that tell of a stuck deletion say the way out, however much Azure says', () => {
    const s = dying({ failure: failed('refused', 'delete', { azure: 'It is referenced by LS_X. '.repeat(2_000) }) });
    const status = statusOf(s);
    expect(condition(status, 'Ready')?.message).toMatch(/\(deletionPolicy: Retain\)\. Azure: It is referenced by LS_X/);
    expect(condition(status, 'Reconciling')?.message).toMatch(/\(deletionPolicy: Retain\)\.$/);
  });
});

describe('the status of a manifest that cannot be understood', () => {
  const object = managedObject('sample', { generation: 3, status: IN_SYNC });
  const status = invalidStatus(object, WHY, NOW);

  test('is InvalidDefinition, and nothing is known of the rest', () => {
    expect(status.conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`)).toEqual([
      'Ready=False InvalidDefinition',
      'Synced=Unknown Unknown',
      'Healthy=Unknown Unknown',
      'Stalled=True InvalidDefinition',
    ]);
    expect(condition(status, 'Ready')?.message).toBe('It is so. Do this.');
    expect(status.observedGeneration).toBe(3);
  });

  test('keeps all else that is remembered, the claim above all', () => {
    expect(status).toMatchObject({ claim: CREATED, ownedFields: ['location'], resourceId: '/subscriptions/x' });
  });

  test('is the same when it is told again', () => {
    expect(invalidStatus({ ...object, status }, WHY, NOW + 60_000)).toEqual(status);
  });
});

describe('transitions', () => {
  const drifted = { drift: [{ field: 'location', desired: 'a', observed: 'b' }] } as const;
  const reason = (name: string, progress?: 'Reconciling' | 'Stalled'): Partial<Status> => ({
    conditions:
      progress === undefined
        ? [said('Ready', 'True', name)]
        : [said('Ready', 'False', name, { message: 'Why.' }), said(progress, 'True', name, { message: 'Why.' })],
  });
  const healthy = (status: Condition['status'], name: string): Partial<Status> => ({
    state: name,
    conditions: [said('Healthy', status, name)],
  });
  const repair = { repair: { attempts: 1, nextAttemptTime: NOW } };
  rules<readonly [Partial<Status>, Partial<Status>, readonly string[]]>(
    {
      'of nothing tell nothing': [{}, {}, []],
      'into drift are told once': [{}, drifted, ['Normal DriftDetected']],
      'within drift are not told': [drifted, drifted, []],
      'out of drift are not told by the status': [drifted, {}, []],
      'into trouble are told elsewhere': [{}, reason('Locked', 'Stalled'), []],
      'into suspension are told': [{}, reason('Suspended', 'Stalled'), ['Normal Suspended']],
      'into suspension of what is in sync are told': [reason('Available'), reason('Suspended'), ['Normal Suspended']],
      'within suspension are not told, whatever is declared': [reason('Suspended'), reason('Suspended', 'Stalled'), []],
      'out of suspension are told': [reason('Suspended'), reason('Available'), ['Normal Resumed']],
      'out of suspension into trouble are told': [
        reason('Suspended', 'Stalled'),
        reason('FactoryNotFound', 'Reconciling'),
        ['Normal Resumed'],
      ],
      'of the identity that manages are told': [
        { claim: CREATED },
        { claim: { ...CREATED, identity: 'tenant/other' } },
        ['Normal IdentityAccepted'],
      ],
      'into a claim tell of no identity': [{}, { claim: CREATED }, []],
      'out of a claim tell of no identity': [{ claim: CREATED }, {}, []],
      'from Limited to well after a repair are told': [
        { ...healthy('False', 'Limited'), ...repair },
        { ...healthy('True', 'Online'), ...repair },
        ['Normal Repaired'],
      ],
      'from Limited to well without a repair are not told': [
        healthy('False', 'Limited'),
        healthy('True', 'Online'),
        [],
      ],
      'from Limited to another ill are not told': [
        { ...healthy('False', 'Limited'), ...repair },
        { ...healthy('False', 'Offline'), ...repair },
        [],
      ],
      'from well to well are not told': [healthy('True', 'Started'), healthy('True', 'Online'), []],
    },
    ([before, now, expected]) => {
      const { syncedSpecHash = '' } = IN_SYNC;
      const status = (more: Partial<Status>): Status => ({
        ...EMPTY_STATUS,
        observedGeneration: 1,
        syncedSpecHash,
        ...more,
      });
      const told = transitions(owned(), status(before), status(now));
      expect(told.map(({ type, reason: name }) => `${type} ${name}`)).toEqual(expected);
    },
  );

  test('into drift are not told of another declaration: a person changed the manifest', () => {
    const s = owned({ desired: { fields: { location: 'UK South' } } });
    expect(transitions(s, { ...IN_SYNC }, { ...IN_SYNC, ...drifted, observedGeneration: 2 })).toEqual([]);
  });

  test('carry the message of the condition', () => {
    const suspended = { ...IN_SYNC, ...reason('Suspended', 'Stalled') };
    expect(transitions(owned(), IN_SYNC, suspended)).toEqual([
      { type: 'Normal', reason: 'Suspended', message: 'Why.' },
    ]);
    const [told] = transitions(owned(), IN_SYNC, { ...IN_SYNC, ...drifted });
    expect(told?.message).toBe('location is "b", want "a"');
    const [repaired] = transitions(
      owned(),
      { ...IN_SYNC, ...healthy('False', 'Limited'), ...repair },
      { ...IN_SYNC, ...healthy('True', 'Started'), ...repair },
    );
    expect(repaired?.message).toContain('Started');
  });

  test('of the identity name both', () => {
    const other = { ...CREATED, identity: 'tenant/other' };
    const [told] = transitions(owned(), IN_SYNC, { ...IN_SYNC, claim: other });
    expect(told?.message).toBe('The runtime is now managed as tenant/other, no longer as tenant/client.');
  });

  test('out of suspension are not told of an object that is being deleted', () => {
    const suspended = { ...IN_SYNC, ...reason('Suspended') };
    expect(transitions(dying(), suspended, { ...IN_SYNC, ...reason('Deleting', 'Reconciling') })).toEqual([]);
  });

  test('from Limited by way of Starting to well after a repair are told', () => {
    const steps = [healthy('False', 'Limited'), healthy('False', 'Starting'), healthy('True', 'Online')];
    const memories = steps.map((more): Status => ({ ...IN_SYNC, ...more, ...repair }));
    const told = [0, 1].flatMap((i) =>
      transitions(owned(), memories[i] ?? EMPTY_STATUS, memories[i + 1] ?? EMPTY_STATUS),
    );
    expect(told.map(({ reason: name }) => name)).toEqual(['Repaired']);
  });
});

test('an observer is told of drift that the list shows, once', () => {
  const s = situation({
    desired: OBSERVE,
    status: { ...UNCLAIMED, syncedSpecHash: declarationHash(desired(OBSERVE)) },
    definition: listed(found('North Europe')),
    state: 'Online',
  });
  const status = statusOf(s);
  const pass = { ...s, verdict: settlementOf(s).verdict, told: [], mayTell: () => true };
  const first = heard(pass, s.status, status);
  expect(first.events.map(({ reason }) => reason)).toEqual(['DriftDetected']);
  expect(heard(pass, first.status, statusOf({ ...s, status: first.status }))).toEqual({
    status: first.status,
    events: [],
  });
  expect(asApi(s, status).status?.observedGeneration).toBe(1);
});

test('another kind of runtime under the name has no drift to tell of', () => {
  const s = seen({ definition: found(undefined, {}, 'SelfHosted') });
  const status = statusOf(s);
  expect(transitions(s, s.status, status)).toEqual([]);
  expect(status.drift).toEqual([]);
});
