/** Interactive authoring: enabled once for each request, on a runtime that is Online, and followed to its end. */
import { describe, expect, test } from '@jest/globals';
import { decide } from '../../../../src/core/decide.ts';
import type { Failure } from '../../../../src/core/model/failure.ts';
import type { Situation } from '../../../../src/core/situation.ts';
import {
  ago,
  decided,
  FAILURE_KINDS,
  failed,
  found,
  listed,
  messageOf,
  nextOf,
  rules,
  type Scene,
  seen,
  told,
} from '../builders.ts';

type Row = readonly [Situation, string];
const check = ([s, expected]: Row): void => expect(decided(s)).toBe(expected);

const READ = told({ kind: 'Read', at: 'definition', fresh: true });
const HERE = found('West Europe', { managedVirtualNetwork: { referenceName: 'default' } });
const DECLARED = {
  managedVirtualNetwork: { name: 'default', creation: 'Never' },
  interactiveAuthoring: { autoTerminationMinutes: 60 },
} as const;

/** A runtime in sync and Online, of whose object interactive authoring is requested. */
const requested = ({ desired, requests, ...more }: Scene = {}): Situation =>
  seen({
    definition: HERE,
    desired: { ...DECLARED, ...desired },
    requests: { enableInteractiveAuthoring: 't1', ...requests },
    ...more,
  });
const accepted = (minutes: number) => ({ interactiveAuthoring: { requestedTime: ago(minutes) } });
const outcomeOf = (s: Situation) => {
  const action = decide(s);
  if (action.kind !== 'CompleteRequest') return told(action);
  return action.event.type === 'Warning' ? 'failed' : 'enabled';
};

describe('a request for interactive authoring', () => {
  rules<Row>(
    {
      'enables it': [requested(), 'EnableInteractiveAuthoring'],
      'is answered after a read only': [requested({ definition: listed(HERE) }), READ],
      'is done once for each token': [
        requested({ status: { lastHandledInteractiveAuthoringAt: 't1' } }),
        'Ready=True Available',
      ],
      'is done again for another token': [
        requested({ status: { lastHandledInteractiveAuthoringAt: 't0' } }),
        'EnableInteractiveAuthoring',
      ],
      'comes after drift': [
        requested({
          definition: found('North Europe', { managedVirtualNetwork: { referenceName: 'default' } }),
        }),
        'Update location',
      ],
      'waits while the runtime is Starting': [requested({ state: 'Starting' }), 'Ready=False Provisioning Reconciling'],
      'waits while the runtime is Limited, which is repaired': [requested({ state: 'Limited' }), 'Repair 1 of 5'],
      'waits while another writer enables it': [
        requested({ interactiveAuthoring: { status: 'Enabling' } }),
        'Ready=True Available',
      ],
      'waits while another writer disables it': [
        requested({ interactiveAuthoring: { status: 'Disabling' } }),
        'Ready=True Available',
      ],
      'is not made twice by one pass': [requested({ wrote: { kind: 'authoring' } }), 'Ready=True Available'],
      'is not made twice by later passes': [requested({ status: accepted(9) }), 'Ready=True Available'],
    },
    check,
  );

  rules<Row>(
    {
      'is completed where it is enabled already': [
        requested({ interactiveAuthoring: { status: 'Enabled', autoTerminationMinutes: 60 } }),
        'enabled',
      ],
      'is completed where Azure shows no minutes': [
        requested({ interactiveAuthoring: { status: 'Enabled' } }),
        'enabled',
      ],
      'enables it anew where it is enabled for other minutes': [
        requested({ interactiveAuthoring: { status: 'Enabled', autoTerminationMinutes: 10 } }),
        'EnableInteractiveAuthoring',
      ],
      'has failed where Azure accepted it and does not show it for ten minutes': [
        requested({ status: accepted(10) }),
        'failed',
      ],
      'is completed where Azure shows it late': [
        requested({ status: accepted(11), interactiveAuthoring: { status: 'Enabled' } }),
        'enabled',
      ],
    },
    ([s, expected]) => expect(outcomeOf(s)).toBe(expected),
  );

  test('is polled until it is enabled', () => {
    expect(nextOf(requested({ status: accepted(1) }))).toEqual({ kind: 'backoff', baseMs: 5_000, maxMs: 60_000 });
  });

  test.each(['Starting', 'Offline'])('says that it waits for the runtime, while that is %s', (state) => {
    const waits = 'Interactive authoring is enabled once the runtime is Online.';
    expect(messageOf(requested({ state }))).toContain(waits);
    expect(messageOf(requested({ state, requests: { enableInteractiveAuthoring: undefined } }))).not.toContain(waits);
  });
});

describe('a request for interactive authoring that Azure refuses', () => {
  const FINAL: readonly Failure['kind'][] = ['refused', 'policyDenied', 'locked', 'forbidden', 'notOffered'];
  test.each(FINAL)('has failed where the refusal is %s', (kind) => {
    expect(outcomeOf(requested({ failure: failed(kind, 'authoring') }))).toBe('failed');
  });

  const others = FAILURE_KINDS.filter((kind) => !FINAL.includes(kind));
  test.each(others)('is made again where the failure is %s', (kind) => {
    expect(outcomeOf(requested({ failure: failed(kind, 'authoring') }))).not.toBe('failed');
  });

  test('has not failed where another call was refused', () => {
    expect(outcomeOf(requested({ failure: failed('forbidden', 'poll') }))).toBe('Ready=False Forbidden Reconciling');
  });
});
