/** The lists are the specification: what each rule declares is what its policy does. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EVENT_REASONS, REASONS, type ReadyReason, WARNING_REASONS } from '../../../src/api/names.ts';
import { ACTIONS } from '../../../src/core/actions.ts';
import { decision } from '../../../src/core/decide.ts';
import * as events from '../../../src/core/events.ts';
import { DELETING, LIVE, RULES } from '../../../src/core/rules.ts';
import type { Action, Situation } from '../../../src/core/situation.ts';
import { live, lives } from './life.ts';
import { SCENES } from './scenes.ts';

type Seen = Map<string, Set<ReadyReason>>;

function reasonOf(action: Action): ReadyReason | undefined {
  if (action.kind !== 'Settle') return undefined;
  const { verdict } = action;
  return verdict.kind === 'Suspended' ? 'Suspended' : 'reason' in verdict ? verdict.reason : undefined;
}

function note(seen: Seen, s: Situation): void {
  const { rule, action } = decision(s);
  const reason = reasonOf(action);
  const reasons = seen.get(rule.rule) ?? new Set();
  seen.set(rule.rule, reason === undefined ? reasons : reasons.add(reason));
}

/** By rule: the reasons that it gave in the lives of objects, and in the scenes for what lives seldom come to. */
function seenReasons(): Seen {
  const seen: Seen = new Map();
  for (const scene of Object.values(SCENES)) note(seen, scene);
  fc.assert(
    fc.property(lives, ([worlds, deletedAt]) => {
      live(
        worlds,
        deletedAt,
        () => {},
        // What follows a stored status was decided with it.
        (s, action) => action.kind !== 'HandOver' && note(seen, s),
      );
    }),
    { numRuns: 400, seed: 1 },
  );
  return seen;
}

describe('the lists of rules', () => {
  const seen = seenReasons();

  test.each(RULES)('$rule: gives the reasons that it declares, and no other', ({ rule, reasons }) => {
    expect({ rule, reasons: [...(seen.get(rule) ?? ['never decided'])].sort() }).toEqual({
      rule,
      reasons: [...new Set(reasons)].sort(),
    });
  });

  test('every reason of the API is declared by a rule', () => {
    const declared = new Set(RULES.flatMap(({ reasons }) => reasons));
    expect([...declared].sort()).toEqual([...REASONS, 'Unknown'].sort());
  });

  test('each rule is said once in a list, but for what an unseen create brings forward', () => {
    for (const list of [LIVE, DELETING]) {
      const twice = list.map(({ rule }) => rule).filter((rule, i, all) => all.indexOf(rule) !== i);
      const unseen = DELETING.slice(
        1,
        DELETING.findIndex(({ rule }) => rule.startsWith('recognise')),
      ).map((r) => r.rule);
      expect(list === LIVE ? twice : twice.filter((rule) => !unseen.includes(rule))).toEqual([]);
    }
  });
});

test('every reason of an event is given by one of the events', () => {
  const words = { kind: 'Create', by: 'person', token: 't' } as const;
  const made = [events.released, events].flatMap((room) =>
    Object.values(room).flatMap((event: unknown) => {
      if (typeof event === 'object' && event !== null && 'reason' in event) return [event.reason];
      return [];
    }),
  );
  const called = [
    events.created('Create'),
    events.adopted(''),
    events.updated(''),
    events.takenOver('team/a'),
    events.driftDetected([]),
    events.driftCorrected(''),
    events.networkCreated('default'),
    events.repairStarted(words),
    events.authoringEnabled(60, true),
    events.askedInVain('', ''),
    events.repairRefused({ what: '' }),
    events.released.handedOver('team/a'),
  ].map(({ reason }) => reason);
  const transitions = ['Repaired', 'Suspended', 'Resumed', 'IdentityAccepted'];
  const trouble = ['Recovered', 'DeletionWaits', ...WARNING_REASONS];
  expect([...new Set([...made, ...called, ...transitions, ...trouble])].sort()).toEqual(
    [...EVENT_REASONS, ...WARNING_REASONS].sort(),
  );
});

test('what writes to Azure is reported as the write that it is', () => {
  const writes = Object.entries(ACTIONS).filter(([, { writes: to }]) => to !== undefined);
  for (const [kind, { phase }] of writes) expect({ kind, phase }).not.toEqual({ kind, phase: 'poll' });
  for (const [kind, { phase }] of Object.entries(ACTIONS)) {
    if (!writes.some(([other]) => other === kind)) expect({ kind, phase }).toEqual({ kind, phase: 'poll' });
  }
});
