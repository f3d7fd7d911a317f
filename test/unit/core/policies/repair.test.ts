/** When a runtime is repaired: because it is Limited, or because a person asks. */
import { describe, expect, test } from '@jest/globals';
import { decide } from '../../../../src/core/decide.ts';
import type { Failure } from '../../../../src/core/model/failure.ts';
import { condition } from '../../../../src/core/model/object.ts';
import { attempted, failed as notMade, type Repairs } from '../../../../src/core/model/repairs.ts';
import { MINUTE } from '../../../../src/core/schedule.ts';
import type { Situation } from '../../../../src/core/situation.ts';
import { statusAfter } from '../../../../src/core/status/status.ts';
import {
  ago,
  decided,
  failed,
  found,
  INTERVAL,
  listed,
  messageOf,
  NOW,
  nextOf,
  owned,
  rules,
  type Scene,
  said,
  seen,
  verdictOf,
} from '../builders.ts';

type Row = readonly [Situation, string];
const check = ([s, expected]: Row): void => expect(decided(s)).toBe(expected);

const UNWELL = [said('Synced', 'True', 'InSync'), said('Healthy', 'False', 'Limited')];

describe('a Limited runtime', () => {
  const limited = (repair: Repairs | undefined, more: Scene = {}) =>
    seen({
      state: 'Limited',
      ...more,
      status: { conditions: UNWELL, ...(repair === undefined ? {} : { repair }), ...more.status },
    });
  const wellSince = (minutes: number) => [
    said('Synced', 'True', 'InSync'),
    said('Healthy', 'True', 'Online', { lastTransitionTime: ago(minutes) }),
  ];
  rules<Row>(
    {
      'is repaired at once': [limited(undefined), 'Repair 1 of 5'],
      'is not repaired before the wait is over, though the last attempt was not made': [
        limited({ attempts: 0, nextAttemptTime: ago(-1), unmade: true }),
        'Ready=False Repairing Reconciling',
      ],
      'is repaired again when the wait is over': [limited({ attempts: 1, nextAttemptTime: NOW }), 'Repair 2 of 5'],
      'is not repaired before the wait is over': [
        limited({ attempts: 1, nextAttemptTime: NOW + 1_000 }),
        'Ready=False Repairing Reconciling',
      ],
      'is repaired again at once when no time is remembered': [limited({ attempts: 2 }), 'Repair 3 of 5'],
      'is repaired as often as the manifest permits': [
        limited({ attempts: 2, nextAttemptTime: ago(1) }, { desired: { repair: { mode: 'Auto', maxAttempts: 3 } } }),
        'Repair 3 of 3',
      ],
      'is for a person after the last repair and its wait': [
        limited({ attempts: 5, nextAttemptTime: ago(1) }),
        'Ready=False RepairExhausted Stalled',
      ],
      'is still Repairing while the wait after the last repair lasts': [
        limited({ attempts: 5, nextAttemptTime: ago(-1) }),
        'Ready=False Repairing Reconciling',
      ],
      'is for a person when the manifest permits fewer repairs than were made': [
        limited({ attempts: 5, nextAttemptTime: ago(1) }, { desired: { repair: { mode: 'Auto', maxAttempts: 1 } } }),
        'Ready=False RepairExhausted Stalled',
      ],
      'is repaired anew after an hour of being well': [
        limited({ attempts: 5 }, { status: { conditions: wellSince(60) } }),
        'Repair 1 of 5',
      ],
      'is not repaired anew after just under an hour of being well': [
        limited({ attempts: 2 }, { status: { conditions: wellSince(59.9) } }),
        'Repair 3 of 5',
      ],
      'counts on when it was unwell for an hour': [
        limited(
          { attempts: 2 },
          { status: { conditions: [said('Healthy', 'False', 'Limited', { lastTransitionTime: ago(90) })] } },
        ),
        'Repair 3 of 5',
      ],
      'is for a person when repair is Disabled': [
        limited(undefined, { desired: { repair: { mode: 'Disabled', maxAttempts: 5 } } }),
        'Ready=False Limited Stalled',
      ],
      'is for a person when the object only observes': [
        limited(undefined, { desired: { managementPolicy: 'Observe' }, object: { hasFinalizer: false } }),
        'Ready=False Limited Stalled',
      ],
      'is not repaired again in the pass of a repair': [
        limited({ attempts: 1, nextAttemptTime: NOW }, { wrote: { kind: 'repair' } }),
        'Ready=False Repairing Reconciling',
      ],
      'is not repaired in the pass that wrote it anyway': [
        limited(undefined, { wrote: { kind: 'update', fields: ['location'] } }),
        'Ready=False Repairing Reconciling',
      ],
    },
    check,
  );

  describe('whose last attempt has no answer', () => {
    // What the runtime of these tests shows is the etag "etag".
    const cut = (etag: string, minutes: number) => attempted({ attempts: 0 }, etag, ago(1), ago(minutes));
    const once = { desired: { repair: { mode: 'Auto', maxAttempts: 1 } } } as const;
    rules<Row>(
      {
        'is repaired as if that had not been made while the etag is the same': [
          limited(cut('etag', 0), once),
          'Repair 1 of 1',
        ],
        'was repaired when the etag is another': [
          limited(cut('before', 0), once),
          'Ready=False RepairExhausted Stalled',
        ],
        'is not repaired before the wait is over, made or not': [
          limited(cut('etag', -1), once),
          'Ready=False Repairing Reconciling',
        ],
        'is looked at anew where an older list shows the same etag': [
          limited(cut('etag', 0), { ...once, definition: listed(found('West Europe')) }),
          'Look definition fresh',
        ],
        'was repaired after all when an attempt that failed shows later': [
          limited(notMade(cut('before', 0), true), once),
          'Ready=False RepairExhausted Stalled',
        ],
        'was not repaired by an attempt that Azure refused, whatever the etag is by now': [
          limited(notMade(cut('before', 0), false), once),
          'Repair 1 of 1',
        ],
      },
      check,
    );

    test('says that it was not repaired, and when the next try is', () => {
      expect(messageOf(limited(cut('etag', -1)))).toBe(
        'Limited; repair attempt 1 did not reach Azure. Retried automatically at 2026-01-01T00:01:00Z.',
      );
    });
  });

  describe('whose repair fails', () => {
    const fails = (kind: Failure['kind'], unclear = false) => {
      const repair = notMade(attempted({ attempts: 1 }, 'etag', NOW, ago(-2)), unclear);
      return limited(repair, { failure: failed(kind, 'repair') });
    };
    rules<Row>(
      {
        'is Repairing when Azure does not answer': [fails('unavailable', true), 'Ready=False Repairing Reconciling'],
        'is Repairing when somebody wrote meanwhile': [
          fails('preconditionFailed'),
          'Ready=False Repairing Reconciling',
        ],
        'is Repairing when it is throttled': [fails('throttled'), 'Ready=False Repairing Reconciling'],
        'is Forbidden without the role for it': [fails('forbidden'), 'Ready=False Forbidden Reconciling'],
        'is for a person when a policy denies it': [fails('policyDenied'), 'Ready=False PolicyDenied Stalled'],
        'is for a person where the provider is not registered': [
          fails('notOffered'),
          'Ready=False ProviderNotRegistered Stalled',
        ],
      },
      check,
    );

    test('says which attempt it was, why it failed, and when the next one is', () => {
      expect(messageOf(fails('unavailable', true))).toBe(
        'Limited; repair attempt 2 did not reach Azure: Azure says unavailable. Retried automatically at 2026-01-01T00:02:00Z.',
      );
      expect(messageOf(fails('preconditionFailed'))).toMatch(
        /^Limited; repair attempt 2 was not made: .*Retried automatically at/,
      );
      expect(messageOf(fails('policyDenied'))).toMatch(/^Limited; repair attempt 2 was not made: .*exemption/);
      expect(nextOf(fails('unavailable', true))).toEqual({ kind: 'after', ms: 2 * MINUTE });
    });

    test('is told of in the same words until the next attempt', () => {
      for (const kind of ['unavailable', 'forbidden', 'policyDenied'] as const) {
        const s = fails(kind);
        const action = decide(s);
        if (action.kind !== 'Settle') throw new Error(action.kind);
        const status = statusAfter(s, action.verdict);
        const later = limited(status.repair, { status });
        expect(statusAfter(later, verdictOf(later)).conditions).toEqual(status.conditions);
      }
    });
  });

  test('the waits between repairs are 1, 2, 4 … minutes', () => {
    const planned = [0, 1, 2, 3, 4].map((attempts) => {
      const action = decide(limited({ attempts }));
      const repair = action.kind === 'StoreStatus' ? action.before : action;
      if (repair.kind !== 'Repair' || repair.attempt.by !== 'operator') throw new Error(action.kind);
      return (repair.attempt.nextAttemptTime - NOW) / MINUTE;
    });
    expect(planned).toEqual([1, 2, 4, 8, 16]);
  });

  test('the verdict that is stored before a repair is progress', () => {
    const action = decide(limited(undefined));
    if (action.kind !== 'StoreStatus') throw new Error(action.kind);
    expect(action.before.kind).toBe('Repair');
    expect(condition(action.status, 'Reconciling')).toMatchObject({
      reason: 'Repairing',
      message: 'Runtime is Limited; repair attempt 1 of 5 made. Another follows if it stays Limited.',
    });
  });

  test('the message tells how often it was repaired, and does not change while it waits', () => {
    const waits = (minutes: number) => limited({ attempts: 2, nextAttemptTime: ago(-minutes) });
    expect(messageOf(waits(1))).toBe(
      'Runtime is Limited; repair attempt 2 of 5 made. Another follows if it stays Limited.',
    );
    expect(messageOf(waits(2))).toBe(messageOf(waits(1)));
  });

  test('it is looked at when the next repair is due, at the latest after an interval, never in less than a second', () => {
    const next = (ms: number) => nextOf(limited({ attempts: 1, nextAttemptTime: NOW + ms }));
    expect(next(MINUTE)).toEqual({ kind: 'after', ms: MINUTE });
    expect(next(60 * MINUTE)).toEqual({ kind: 'after', ms: INTERVAL });
    expect(next(1)).toEqual({ kind: 'after', ms: 1_000 });
    const justRepaired = limited({ attempts: 1, nextAttemptTime: NOW }, { wrote: { kind: 'repair' } });
    expect(nextOf(justRepaired)).toEqual({ kind: 'after', ms: 1_000 });
  });

  test('what is for a person says what a person can do', () => {
    expect(messageOf(limited({ attempts: 5 }))).toMatch(/after 5 repairs.*azure-ir\.io\/repair=/);
    const off = limited(undefined, { desired: { repair: { mode: 'Disabled', maxAttempts: 5 } } });
    expect(messageOf(off)).toContain('repair.mode: Auto');
    expect(nextOf(off)).toEqual({ kind: 'periodic', ms: INTERVAL });
  });
});

describe('a repair that a person asks for', () => {
  const asked = (more: Scene = {}) => seen({ requests: { repair: 'r1' }, ...more });
  rules<Row>(
    {
      'is done though the runtime is well': [asked(), 'Repair for r1'],
      'is done without a look at the state': [
        owned({ requests: { repair: 'r1' }, definition: found('West Europe') }),
        'Repair for r1',
      ],
      'is done though repair is Disabled': [
        asked({ state: 'Limited', desired: { repair: { mode: 'Disabled', maxAttempts: 5 } } }),
        'Repair for r1',
      ],
      'is done though repairs are exhausted': [
        asked({ state: 'Limited', status: { repair: { attempts: 5, nextAttemptTime: ago(1) } } }),
        'Repair for r1',
      ],
      'is done though the next repair is not due': [
        asked({ state: 'Limited', status: { repair: { attempts: 1, nextAttemptTime: ago(-10) } } }),
        'Repair for r1',
      ],
      'is not done twice for one token': [asked({ status: { lastHandledRepairAt: 'r1' } }), 'Ready=True Available'],
      'is done again for a new token': [asked({ status: { lastHandledRepairAt: 'r0' } }), 'Repair for r1'],
      'is not done when the pass has written': [asked({ wrote: { kind: 'repair' } }), 'Ready=True Available'],
      'is done on what a GET of this pass has answered': [
        asked({ definition: { ...found('West Europe'), fresh: false } }),
        'Look definition fresh',
      ],
    },
    check,
  );

  test('is not counted as one of the operator’s own', () => {
    const exhausted = asked({
      state: 'Limited',
      wrote: { kind: 'repair' },
      status: { repair: { attempts: 5 }, lastHandledRepairAt: 'r1', conditions: UNWELL },
    });
    expect(messageOf(exhausted)).toBe('Runtime is Limited; repair attempt 5 of 5 made. No further automatic attempts.');
  });
});
