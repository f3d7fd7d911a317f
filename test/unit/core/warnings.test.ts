/** What people hear of trouble: one Warning for each reason and cause, in time, and one `Recovered`. */
import { describe, expect, test } from '@jest/globals';
import { type Condition, EMPTY_STATUS, type Status } from '../../../src/core/model/object.ts';
import { withRequestIds } from '../../../src/core/model/request-ids.ts';
import { available, progressing, stalled, UNCHANGED } from '../../../src/core/policies/verdicts.ts';
import { MINUTE } from '../../../src/core/schedule.ts';
import { type Hearing, heard, warningDueMs } from '../../../src/core/warnings.ts';
import { ago, CREATED, failed, INTERVAL, NOW, rules, said } from './builders.ts';

const WHY = { what: 'Why.', remedy: 'Do this.' };

type Progress = 'Reconciling' | 'Stalled';

const status = (more: Partial<Status>): Status => ({ ...EMPTY_STATUS, observedGeneration: 1, ...more });
const WELL = status({ conditions: [said('Ready', 'True', 'Available', { message: 'Well.' })] });

/** A status of this reason, that has lasted for so many minutes. */
function of(reason: string, progress: Progress, message = 'Why.', minutes = 0, more: Partial<Status> = {}): Status {
  const ready: Condition['status'] = reason === 'AzureUnavailable' ? 'Unknown' : 'False';
  return status({
    conditions: [said('Ready', ready, reason, { message }), said(progress, 'True', reason, { message })],
    waitingSince: { reason, time: ago(minutes) },
    ...more,
  });
}

const pass = (more: Partial<Hearing> = {}): Hearing => ({
  now: NOW,
  intervalMs: INTERVAL,
  failingSince: undefined,
  verdict: available('Well.'),
  told: [],
  mayTell: () => true,
  ...more,
});

/** What is heard of one status after the other; what is noted goes on with the next. */
function story(steps: readonly Status[], more: Partial<Hearing> = {}): string[] {
  let before = status({});
  return steps.flatMap((step) => {
    const { warnings = [] } = before;
    const { status: after, events } = heard(pass(more), before, warnings.length === 0 ? step : { ...step, warnings });
    before = after;
    return events.map(({ type, reason }) => `${type} ${reason}`);
  });
}

describe('trouble', () => {
  const locked = (message?: string) => of('Locked', 'Stalled', message);
  const waits = (reason: string, minutes: number) => of(reason, 'Reconciling', 'Why.', minutes);
  rules<readonly [readonly Status[], readonly string[]]>(
    {
      'that needs a person is told at once': [[locked()], ['Warning Locked']],
      'is told once while it lasts': [[locked(), locked(), locked()], ['Warning Locked']],
      'of another reason is told': [
        [locked(), of('PolicyDenied', 'Stalled')],
        ['Warning Locked', 'Warning PolicyDenied'],
      ],
      'of the same reason with another cause is told': [
        [locked('A lock on the factory.'), locked('A lock on the group.')],
        ['Warning Locked', 'Warning Locked'],
      ],
      'of two causes that alternate is told once for each': [
        [locked('a'), locked('b'), locked('a'), locked('b')],
        ['Warning Locked', 'Warning Locked'],
      ],
      'that an outage hides for a while is not told again': [
        [locked(), waits('AzureUnavailable', 2), locked()],
        ['Warning Locked', 'Warning AzureUnavailable'],
      ],
      'that is over is told by one Recovered, and heard anew when it comes again': [
        [locked(), WELL, WELL, locked()],
        ['Warning Locked', 'Normal Recovered', 'Warning Locked'],
      ],
      'of several causes is over with one Recovered': [
        [locked('a'), locked('b'), WELL],
        ['Warning Locked', 'Warning Locked', 'Normal Recovered'],
      ],
      'is not over while the object is not Ready yet': [
        [locked(), of('Provisioning', 'Reconciling')],
        ['Warning Locked'],
      ],
      'is not over while Ready cannot be confirmed': [
        [
          locked(),
          {
            ...WELL,
            conditions: [...WELL.conditions, said('Reconciling', 'True', 'Throttled')],
            unconfirmedSince: NOW,
          },
        ],
        ['Warning Locked'],
      ],
      'that nobody was told of is not told to be over': [[waits('Forbidden', 0), WELL], []],
      'of a state is one, before it needs a person and after': [
        [of('Offline', 'Reconciling', 'Runtime is Offline.', 2), of('Offline', 'Stalled', 'For over 10 minutes.')],
        ['Warning Offline'],
      ],
      'of a wait is one, before it needs a person and after': [
        [waits('Forbidden', 1), of('Forbidden', 'Stalled')],
        ['Warning Forbidden'],
      ],
      'ends where a person suspends the object, and is told again after': [
        [locked(), of('Suspended', 'Stalled'), locked()],
        ['Warning Locked', 'Warning Locked'],
      ],
      'of Azure as a whole is told once, however it shows': [
        [waits('AzureUnavailable', 1), waits('Throttled', 1), waits('CredentialUnavailable', 1), WELL],
        ['Warning AzureUnavailable', 'Normal Recovered'],
      ],
      'of progress is none': [
        ['Creating', 'Updating', 'Repairing', 'Provisioning'].map((reason) => waits(reason, 60)),
        [],
      ],
      'of a contest is told at once, and its cause are the fields, not what they were changed to': [
        ['a', 'b'].map((observed) =>
          of('Contested', 'Reconciling', `Another writer sets ${observed}.`, 0, {
            drift: [{ field: 'location', desired: 'x', observed }],
          }),
        ),
        ['Warning Contested'],
      ],
      'of drift that is only observed is DriftDetected': [
        [of('Drifted', 'Stalled', 'Differs.'), WELL],
        ['Warning DriftDetected', 'Normal Recovered'],
      ],
      'of drift in other fields that the message has no room for is told': [
        (['location', 'description'] as const).map((field) =>
          of('Drifted', 'Stalled', 'Differs.', 0, { drift: [{ field, desired: 'a', observed: 'b' }] }),
        ),
        ['Warning DriftDetected', 'Warning DriftDetected'],
      ],
    },
    ([steps, expected]) => expect(story(steps)).toEqual(expected),
  );

  test('keeps its cause while only request ids, times and durations in its text change', () => {
    const text = (id: string, time: string, seconds: number) =>
      `Blocked until ${time}. Azure: ${withRequestIds(`Retry after ${seconds} seconds.`, { request: id })}`;
    const steps = [
      locked(text('r-1', '2026-01-01T00:00:00Z', 17)),
      locked(text('r-2', '2026-02-01T12:30:00Z', 3)),
      locked(text('r-3', '2026-02-01T12:30:00.123Z', 3)),
    ];
    expect(story(steps)).toEqual(['Warning Locked']);
  });

  test('is told with the text of Azure, which only Ready has, and another such text is another cause', () => {
    const said = (azure: string) => {
      const [ready, stalledFor] = locked().conditions;
      if (ready === undefined || stalledFor === undefined) throw new Error('two conditions were expected');
      return status({ conditions: [{ ...ready, message: `Why. Azure: ${azure}` }, stalledFor] });
    };
    const { events } = heard(pass(), status({}), said('Code: field a.'));
    expect(events.map(({ message }) => message)).toEqual(['Why. Azure: Code: field a.']);
    expect(story([said('Code: field a.'), said('Code: field b.')])).toHaveLength(2);
  });

  test('is told with the message of the condition, and Recovered names the reasons and what is true now', () => {
    const first = heard(pass(), status({}), locked());
    expect(first.events).toEqual([{ type: 'Warning', reason: 'Locked', message: 'Why.' }]);
    const last = heard(pass(), first.status, { ...WELL, warnings: first.status.warnings ?? [] });
    expect(last.events).toEqual([{ type: 'Normal', reason: 'Recovered', message: 'Recovered from Locked. Well.' }]);
    expect(last.status).toEqual(WELL);
  });

  test('that a status stands for, and that no decision was made about, is not told', () => {
    for (const verdict of [UNCHANGED, undefined]) {
      expect(heard(pass({ verdict }), status({}), locked())).toEqual({ status: locked(), events: [] });
      const noted = { ...WELL, warnings: [{ reason: 'Locked', cause: 'x' }] };
      expect(heard(pass({ verdict }), noted, noted)).toEqual({ status: noted, events: [] });
    }
  });

  test('that an older version told is not told again, costs no write, and is owed a Recovered', () => {
    for (const old of [locked(), of('Contested', 'Reconciling')]) {
      expect(heard(pass(), old, old)).toEqual({ status: old, events: [] });
      expect(heard(pass(), old, WELL).events.map(({ reason }) => reason)).toEqual(['Recovered']);
      const between = heard(pass(), old, of('Provisioning', 'Reconciling')).status;
      expect(heard(pass(), between, { ...WELL, warnings: between.warnings ?? [] }).events).toHaveLength(1);
    }
  });

  test('is over by the event that says so itself', () => {
    const ends = { Adopted: 'AdoptionRefused', IdentityAccepted: 'CredentialsInvalid', Repaired: 'RepairExhausted' };
    for (const [event, reason] of Object.entries(ends)) {
      const told = [{ type: 'Normal', reason: event, message: '' }] as unknown as Hearing['told'];
      const before = heard(pass(), status({}), of(reason, 'Stalled')).status;
      expect(heard(pass({ told }), before, WELL)).toEqual({ status: WELL, events: [] });
      expect(heard(pass(), before, WELL).events).toHaveLength(1);
    }
  });

  test('is owed a Recovered also with a repair that helped, unless it was of the repair', () => {
    const told = [{ type: 'Normal', reason: 'Repaired', message: '' }] as const;
    const warnings = (...reasons: string[]) => ({
      ...WELL,
      warnings: reasons.map((reason) => ({ reason, cause: '' })),
    });
    const messages = (...reasons: string[]) =>
      heard(pass({ told }), warnings(...reasons), WELL).events.map(({ message }) => message.split('. ')[0]);
    for (const reason of ['Limited', 'RepairExhausted', 'Forbidden', 'PolicyDenied', 'Locked'])
      expect(messages(reason)).toEqual([]);
    for (const reason of ['AzureUnavailable', 'Offline', 'Contested'])
      expect(messages('Limited', reason)).toEqual([`Recovered from ${reason}`]);
  });

  test('that another object owned the runtime is over by the claim, of which TakenOver has told', () => {
    const before = heard(pass(), status({}), of('OwnedByAnother', 'Stalled')).status;
    expect(heard(pass(), { ...before, claim: CREATED }, WELL)).toEqual({ status: WELL, events: [] });
    expect(heard(pass(), before, WELL).events).toHaveLength(1);
  });

  test('is remembered in so many causes as the CRD has room for', () => {
    let after = status({});
    for (let i = 0; i < 20; i++)
      after = heard(pass(), after, { ...locked(`lock ${i}`), warnings: after.warnings ?? [] }).status;
    expect(after.warnings).toHaveLength(8);
  });
});

describe('a wait', () => {
  const due = (reason: string, minutes: number, more: Partial<Hearing> = {}) =>
    warningDueMs(pass({ verdict: progressing('Forbidden', WHY), ...more }), of(reason, 'Reconciling', 'Why.', minutes));
  const first = (reason: string, intervalMs: number) =>
    Array.from({ length: 240 }, (_, i) => i / 2).find(
      (minutes) => story([of(reason, 'Reconciling', 'Why.', minutes)], { intervalMs }).length > 0,
    );

  test.each([
    'Forbidden',
    'ReferencedByOthers',
    'CredentialsInvalid',
    'SubscriptionNotFound',
    'OwnedByAnother',
    'Offline',
  ])('%s is told after an interval, at most a minute', (reason) => {
    expect(first(reason, 10 * MINUTE)).toBe(1);
    expect(first(reason, MINUTE / 2)).toBe(0.5);
  });

  test.each(['FactoryNotFound', 'WorkspaceNotFound', 'ManagedVirtualNetworkNotFound', 'NotFound'])(
    '%s, which others may be creating, is told after two intervals, at most two minutes',
    (reason) => {
      expect(first(reason, 10 * MINUTE)).toBe(2);
      expect(first(reason, MINUTE / 2)).toBe(1);
    },
  );

  test.each(['Throttled', 'AzureUnavailable', 'CredentialUnavailable', 'Unknown'])(
    '%s is told after an interval',
    (reason) => {
      expect(first(reason, 10 * MINUTE)).toBe(1);
    },
  );

  test('of a deletion is told after a minute, whatever the interval, as DeletionWaits', () => {
    expect(first('Deleting', 1_000)).toBe(1);
    expect(story([of('Deleting', 'Reconciling', 'Azure is deleting.', 1)])).toEqual(['Warning DeletionWaits']);
  });

  test('of a deletion that is meant is told at once, once, and is no Warning', () => {
    const verdict = { ...progressing('Deleting', WHY), isPlanned: true } as const;
    const steps = [0, 1].map((minutes) => of('Deleting', 'Reconciling', 'Argo CD.', minutes));
    expect(story(steps, { verdict })).toEqual(['Normal DeletionWaits']);
  });

  test('counts from the first failure, though the status showed it later', () => {
    const s = of('FactoryNotFound', 'Reconciling');
    const met = { failure: failed('parentNotFound'), failingSince: ago(2) };
    expect(story([s], met)).toEqual(['Warning FactoryNotFound']);
    expect(story([s], { ...met, failingSince: ago(1) })).toEqual([]);
    expect(story([s], { failingSince: ago(2) })).toEqual([]);
  });

  test('asks for a pass when it is to be told, and for none when it was, or is no trouble', () => {
    expect(due('Forbidden', 0)).toBe(MINUTE);
    expect(due('Forbidden', 0.5)).toBe(MINUTE / 2);
    expect(due('FactoryNotFound', 0)).toBe(2 * MINUTE);
    expect(due('Forbidden', 1)).toBeUndefined();
    expect(due('Provisioning', 0)).toBeUndefined();
    const told = heard(pass(), status({}), of('Forbidden', 'Reconciling', 'Why.', 1)).status;
    expect(warningDueMs(pass(), { ...told, waitingSince: { reason: 'Forbidden', time: NOW } })).toBeUndefined();
    expect(warningDueMs(pass(), WELL)).toBeUndefined();
  });
});

describe('trouble that thousands of objects may share', () => {
  const full = { mayTell: () => false };
  const shared = [
    of('AzureUnavailable', 'Reconciling', 'Why.', 1),
    of('Throttled', 'Reconciling', 'Why.', 1),
    of('CredentialUnavailable', 'Reconciling', 'Why.', 1),
    of('CredentialsInvalid', 'Stalled'),
    of('SubscriptionNotFound', 'Stalled'),
  ];

  test.each(shared)('waits for room and is told later: %#', (trouble) => {
    const without = heard(pass(full), status({}), trouble);
    expect(without).toEqual({ status: trouble, events: [] });
    const later = heard(pass(), without.status, trouble);
    expect(later.events).toHaveLength(1);
    const over = { ...WELL, warnings: later.status.warnings ?? [] };
    const noRoom = heard(pass(full), later.status, over);
    expect(noRoom).toEqual({ status: over, events: [] });
    const recovered = heard(pass(), noRoom.status, over);
    expect(recovered.events.map(({ reason }) => reason)).toEqual(['Recovered']);
    expect(recovered.status).toEqual(WELL);
  });

  test('that nobody heard of for want of room needs no Recovered', () => {
    for (const trouble of shared.slice(0, 3))
      expect(heard(pass(full), trouble, WELL)).toEqual({ status: WELL, events: [] });
  });

  test('is told of an object that met it and stays as it was, once there is room', () => {
    const unconfirmed = {
      ...WELL,
      conditions: [...WELL.conditions, said('Reconciling', 'True', 'AzureUnavailable', { message: 'Down.' })],
      unconfirmedSince: ago(10),
    };
    const met = { verdict: UNCHANGED, failure: failed('unavailable') };
    expect(heard(pass(met), unconfirmed, unconfirmed).events.map(({ reason }) => reason)).toEqual(['AzureUnavailable']);
    expect(heard(pass({ verdict: UNCHANGED }), unconfirmed, unconfirmed).events).toEqual([]);
  });

  test('takes no room for what was told, for what is not due, and for an object that is well', () => {
    const mayTell = () => {
      throw new Error('room was taken');
    };
    const told = heard(pass(), status({}), shared[0] ?? WELL).status;
    expect(heard(pass({ mayTell }), told, told).events).toEqual([]);
    expect(heard(pass({ mayTell }), WELL, of('Throttled', 'Reconciling')).events).toEqual([]);
    expect(heard(pass({ mayTell }), WELL, WELL).events).toEqual([]);
    expect(
      heard(pass({ mayTell, verdict: stalled('Locked', WHY) }), WELL, of('Locked', 'Stalled')).events,
    ).toHaveLength(1);
  });
});
