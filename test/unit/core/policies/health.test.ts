/** The runtime is as declared: is it well, and if not, who can mend it? */
import { describe, expect, test } from '@jest/globals';
import { MINUTE } from '../../../../src/core/schedule.ts';
import type { Situation } from '../../../../src/core/situation.ts';
import { ago, decided, found, INTERVAL, messageOf, nextOf, owned, rules, seen } from '../builders.ts';

type Row = readonly [Situation, string];
const check = ([s, expected]: Row): void => expect(decided(s)).toBe(expected);

describe('the state', () => {
  const stopped = { waitingSince: { reason: 'Stopped', time: ago(10) } };
  rules<Row>(
    {
      'is looked at once the definition is as declared': [owned({ definition: found('West Europe') }), 'Look state'],
      'Online is Available': [seen(), 'Ready=True Available'],
      'Started is Available': [seen({ state: 'Started' }), 'Ready=True Available'],
      'Initial is Provisioning': [seen({ state: 'Initial' }), 'Ready=False Provisioning Reconciling'],
      'Starting is Provisioning': [seen({ state: 'Starting' }), 'Ready=False Provisioning Reconciling'],
      'Offline is waited for at first': [seen({ state: 'Offline' }), 'Ready=False Offline Reconciling'],
      'AccessDenied is waited for at first': [seen({ state: 'AccessDenied' }), 'Ready=False AccessDenied Reconciling'],
      'Stopped is waited for at first': [seen({ state: 'Stopped' }), 'Ready=False Stopped Reconciling'],
      'Stopping is waited for at first': [seen({ state: 'Stopping' }), 'Ready=False Stopping Reconciling'],
      'NeedRegistration is waited for at first': [
        seen({ state: 'NeedRegistration' }),
        'Ready=False NeedRegistration Reconciling',
      ],
      'a state that nobody knows is waited for': [seen({ state: 'Pondering' }), 'Ready=Unknown Unknown Reconciling'],
      'a state that is the name of a property is one that nobody knows': [
        seen({ state: 'constructor' }),
        'Ready=Unknown Unknown Reconciling',
      ],
      'no state at all is one that nobody knows': [seen({ state: '' }), 'Ready=Unknown Unknown Reconciling'],
      'is Stopped for a person after ten minutes': [
        seen({ state: 'Stopped', status: stopped }),
        'Ready=False Stopped Stalled',
      ],
      'Stopped does not count the time of another state': [
        seen({ state: 'Stopping', status: stopped }),
        'Ready=False Stopping Reconciling',
      ],
    },
    check,
  );

  test('Available names the state, and is looked at once an interval', () => {
    expect(messageOf(seen({ state: 'Started' }))).toBe('Runtime is Started and matches the spec.');
    expect(nextOf(seen())).toEqual({ kind: 'periodic', ms: INTERVAL });
  });

  test('a state that nobody knows is shown as it is, cut short', () => {
    expect(messageOf(seen({ state: 'Pondering' }))).toContain('Pondering');
    expect(messageOf(seen({ state: 'x'.repeat(5_000) })).length).toBeLessThan(200);
    expect(nextOf(seen({ state: 'Pondering' }))).toEqual({ kind: 'backoff', baseMs: 5_000, maxMs: INTERVAL });
  });
});

describe.each(['Initial', 'Starting'])('Provisioning (%s)', (state) => {
  const since = (minutes: number) =>
    seen({ state, status: { waitingSince: { reason: 'Provisioning', time: ago(minutes) } } });
  test('is progress for just under 30 minutes, whatever the state goes through meanwhile', () => {
    expect(decided(since(29.99))).toBe('Ready=False Provisioning Reconciling');
    expect(nextOf(since(29.99))).toEqual({ kind: 'backoff', baseMs: 5_000, maxMs: MINUTE });
  });
  test('needs a person after 30 minutes, and is polled as at rest', () => {
    expect(decided(since(30))).toBe('Ready=False Provisioning Stalled');
    expect(nextOf(since(30))).toEqual({ kind: 'periodic', ms: INTERVAL });
    expect(messageOf(since(30))).toMatch(/30 minutes.*Check it in Azure/);
  });
});

describe.each(['Offline', 'AccessDenied', 'Stopped', 'Stopping', 'NeedRegistration'])('%s', (state) => {
  const since = (minutes: number) => seen({ state, status: { waitingSince: { reason: state, time: ago(minutes) } } });
  test('is waited for for just under ten minutes', () => {
    expect(decided(since(9.99))).toBe(`Ready=False ${state} Reconciling`);
    expect(nextOf(since(9.99))).toEqual({ kind: 'backoff', baseMs: 5_000, maxMs: MINUTE });
  });
  test('needs a person after ten minutes, and is polled as at rest', () => {
    expect(decided(since(10))).toBe(`Ready=False ${state} Stalled`);
    expect(nextOf(since(10))).toEqual({ kind: 'periodic', ms: INTERVAL });
    expect(messageOf(since(10))).toContain('Check it in Azure');
  });
  test('is never repaired', () => {
    expect(decided(since(10))).not.toContain('Repair');
  });
});
