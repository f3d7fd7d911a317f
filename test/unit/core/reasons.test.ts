/**
 * The table of conditions and reasons: for every reason that factories know, what the five conditions say, what kstatus
 * makes of it, and how the object is looked at next.
 */
import { describe, expect, test } from '@jest/globals';
import { REASONS, SYNCED_REASONS } from '../../../src/api/names.ts';
import { condition, type Status } from '../../../src/core/model/object.ts';
import type { Situation } from '../../../src/core/situation.ts';
import { statusAfter } from '../../../src/core/status/status.ts';
import { brokenRules, kstatus } from '../../support/kstatus.ts';
import {
  ago,
  asApi,
  CREATED,
  corrections,
  DENIED,
  dying,
  failed,
  found,
  GONE,
  IN_SYNC,
  managedObject,
  nextOf,
  owned,
  type Scene,
  said,
  seen,
  settlementOf,
  situation,
} from './builders.ts';

interface Row {
  readonly when: Situation;
  /** Ready, Synced, Healthy, each `status reason`. */
  readonly says: readonly [string, string, string];
  readonly progress: 'Reconciling' | 'Stalled' | undefined;
  readonly kstatus: 'Current' | 'InProgress' | 'Failed';
  readonly next: 'periodic' | 'after' | 'transientBackoff' | 'dependencyBackoff' | 'operationPoll' | 'slow' | 'never';
}

const UNSEEN = ['Unknown Unknown', 'Unknown Unknown'] as const;
const OBSERVE = { managementPolicy: 'Observe' } as const;
const limited = (more: Scene = {}) =>
  seen({ state: 'Limited', ...more, status: { conditions: [said('Healthy', 'False', 'Limited')], ...more.status } });
const since = (reason: string, minutes: number) => ({ waitingSince: { reason, time: ago(minutes) } });

const progress = (when: Situation, reason: string, next: Row['next'], rest: readonly [string, string]): Row => ({
  when,
  says: [`False ${reason}`, ...rest],
  progress: 'Reconciling',
  kstatus: 'InProgress',
  next,
});
const transientBackoff = (when: Situation, reason: string): Row => ({
  when,
  says: [`Unknown ${reason}`, ...UNSEEN],
  progress: 'Reconciling',
  kstatus: 'InProgress',
  next: 'transientBackoff',
});
const terminal = (when: Situation, reason: string, rest: readonly [string, string]): Row => ({
  when,
  says: [`False ${reason}`, ...rest],
  progress: 'Stalled',
  kstatus: 'Failed',
  // What was read is polled as at rest.
  next: rest === UNSEEN ? 'slow' : 'periodic',
});

const IN = 'True InSync';
const TABLE: Record<string, Row> = {
  Available: {
    when: seen(),
    says: ['True Available', IN, 'True Online'],
    progress: undefined,
    kstatus: 'Current',
    next: 'periodic',
  },
  'Drifted under Observe': {
    when: seen({ desired: OBSERVE, object: { hasFinalizer: false }, definition: found('North Europe') }),
    says: ['False Drifted', 'False Drifted', 'True Online'],
    progress: 'Stalled',
    kstatus: 'Failed',
    next: 'periodic',
  },
  'Limited under Observe, drifted': terminal(
    limited({ desired: OBSERVE, object: { hasFinalizer: false }, definition: found('North Europe') }),
    'Limited',
    ['False Drifted', 'False Limited'],
  ),
  'Offline under Observe, drifted': progress(
    seen({ desired: OBSERVE, object: { hasFinalizer: false }, definition: found('North Europe'), state: 'Offline' }),
    'Offline',
    'operationPoll',
    ['False Drifted', 'False Offline'],
  ),
  Repairing: progress(
    limited({ status: { repair: { attempts: 1, nextAttemptTime: ago(-1) } } }),
    'Repairing',
    'after',
    [IN, 'False Limited'],
  ),
  Provisioning: progress(seen({ state: 'Starting' }), 'Provisioning', 'operationPoll', [IN, 'False Starting']),
  'Provisioning for 30 minutes': terminal(
    seen({ state: 'Initial', status: since('Provisioning', 30) }),
    'Provisioning',
    [IN, 'False Initial'],
  ),
  Throttled: transientBackoff(situation({ failure: failed('throttled') }), 'Throttled'),
  AzureUnavailable: transientBackoff(situation({ failure: failed('unavailable') }), 'AzureUnavailable'),
  CredentialUnavailable: transientBackoff(
    situation({ failure: failed('credentialUnavailable') }),
    'CredentialUnavailable',
  ),
  FactoryNotFound: progress(
    owned({ failure: failed('parentNotFound'), failingSince: ago(10) }),
    'FactoryNotFound',
    'dependencyBackoff',
    UNSEEN,
  ),
  'FactoryNotFound for half an hour': {
    ...terminal(
      owned({ failure: failed('parentNotFound'), failingSince: ago(30), status: since('FactoryNotFound', 30) }),
      'FactoryNotFound',
      UNSEEN,
    ),
    next: 'dependencyBackoff',
  },
  'ManagedVirtualNetworkNotFound for half an hour': {
    ...terminal(
      situation({
        desired: { managedVirtualNetwork: { name: 'default', creation: 'Never' } },
        definition: GONE,
        network: 'absent',
        status: since('ManagedVirtualNetworkNotFound', 30),
      }),
      'ManagedVirtualNetworkNotFound',
      ['False NotFound', 'Unknown Unknown'],
    ),
    next: 'dependencyBackoff',
  },
  Forbidden: progress(owned({ failure: failed('forbidden') }), 'Forbidden', 'dependencyBackoff', UNSEEN),
  'Forbidden for ten minutes': terminal(
    owned({ failure: failed('forbidden'), status: since('Forbidden', 10) }),
    'Forbidden',
    UNSEEN,
  ),
  InvalidDefinition: terminal(owned({ failure: failed('refused') }), 'InvalidDefinition', UNSEEN),
  PolicyDenied: terminal(owned({ failure: failed('policyDenied') }), 'PolicyDenied', UNSEEN),
  Locked: terminal(owned({ failure: failed('locked') }), 'Locked', UNSEEN),
  ProviderNotRegistered: terminal(owned({ failure: failed('notOffered') }), 'ProviderNotRegistered', UNSEEN),
  RequestRefused: terminal(owned({ failure: failed('readRefused') }), 'RequestRefused', UNSEEN),
  SubscriptionNotFound: progress(
    situation({ failure: failed('subscriptionNotFound') }),
    'SubscriptionNotFound',
    'dependencyBackoff',
    UNSEEN,
  ),
  'SubscriptionNotFound for ten minutes': terminal(
    owned({ failure: failed('subscriptionNotFound'), status: since('SubscriptionNotFound', 10) }),
    'SubscriptionNotFound',
    UNSEEN,
  ),
  AdoptionRefused: terminal(
    situation({ desired: { adoptionPolicy: 'Never' }, definition: found('North Europe'), state: 'Online' }),
    'AdoptionRefused',
    ['False Drifted', 'True Online'],
  ),
  'AdoptionRefused although identical': terminal(
    situation({ desired: { adoptionPolicy: 'Never' }, definition: found('West Europe'), state: 'Online' }),
    'AdoptionRefused',
    ['Unknown Unknown', 'True Online'],
  ),
  TypeConflict: terminal(seen({ definition: found(undefined, {}, 'SelfHosted') }), 'TypeConflict', [
    'False Drifted',
    'True Online',
  ]),
  'InvalidDefinition of a runtime that exists': terminal(
    seen({ definition: found('North Europe'), failure: failed('refused', 'update') }),
    'InvalidDefinition',
    ['False Drifted', 'True Online'],
  ),
  CredentialsInvalid: terminal(owned({ failure: failed('credentialsInvalid') }), 'CredentialsInvalid', UNSEEN),
  'CredentialsInvalid that may pass': progress(
    situation({ failure: failed('credentialsInvalid', 'poll', { mayPass: true }) }),
    'CredentialsInvalid',
    'dependencyBackoff',
    UNSEEN,
  ),
  'CredentialsInvalid that has not passed for ten minutes': terminal(
    owned({
      failure: failed('credentialsInvalid', 'poll', { mayPass: true }),
      status: since('CredentialsInvalid', 10),
    }),
    'CredentialsInvalid',
    UNSEEN,
  ),
  'CredentialsInvalid for want of any': terminal(owned({ access: DENIED }), 'CredentialsInvalid', UNSEEN),
  RepairExhausted: terminal(limited({ status: { repair: { attempts: 5 } } }), 'RepairExhausted', [IN, 'False Limited']),
  NotApplied: terminal(
    seen({ definition: found('North Europe'), wrote: { kind: 'update', fields: ['location'] } }),
    'NotApplied',
    ['False Drifted', 'True Online'],
  ),
  OwnedByAnother: terminal(
    situation({ peers: [managedObject('owner', { hasFinalizer: true, status: IN_SYNC })] }),
    'OwnedByAnother',
    UNSEEN,
  ),
  'OwnedByAnother while the owner is being deleted': progress(
    situation({ peers: [managedObject('owner', { hasFinalizer: true, deleting: true, status: IN_SYNC })] }),
    'OwnedByAnother',
    'dependencyBackoff',
    UNSEEN,
  ),
  'Limited with repair Disabled': terminal(
    limited({ desired: { repair: { mode: 'Disabled', maxAttempts: 5 } } }),
    'Limited',
    [IN, 'False Limited'],
  ),
  'Limited under Observe': terminal(limited({ desired: OBSERVE, object: { hasFinalizer: false } }), 'Limited', [
    IN,
    'False Limited',
  ]),
  ...Object.fromEntries(
    ['Offline', 'AccessDenied', 'Stopped', 'Stopping', 'NeedRegistration'].flatMap((state) => [
      [state, progress(seen({ state }), state, 'operationPoll', [IN, `False ${state}`])],
      [`${state} for ten minutes`, terminal(seen({ state, status: since(state, 10) }), state, [IN, `False ${state}`])],
    ]),
  ),
  'a state that nobody knows': {
    when: seen({ state: 'Pondering' }),
    says: ['Unknown Unknown', IN, 'Unknown Unknown'],
    progress: 'Reconciling',
    kstatus: 'InProgress',
    next: 'dependencyBackoff',
  },
  ReferencedByOthers: progress(
    dying({ failure: failed('refused', 'delete') }),
    'ReferencedByOthers',
    'dependencyBackoff',
    UNSEEN,
  ),
  Contested: progress(
    owned({
      definition: found('North Europe'),
      state: 'Online',
      status: { corrections: [corrections('location', [50, 40, 30, 20, 10])] },
    }),
    'Contested',
    'periodic',
    ['False Drifted', 'True Online'],
  ),
  'NotFound under Observe': progress(
    situation({ desired: OBSERVE, definition: GONE }),
    'NotFound',
    'dependencyBackoff',
    ['False NotFound', 'Unknown Unknown'],
  ),
};

const NEXT: Record<Row['next'], object> = {
  periodic: { kind: 'periodic', ms: 600_000 },
  after: { kind: 'after' },
  transientBackoff: { kind: 'backoff', baseMs: 1_000, maxMs: 600_000 },
  dependencyBackoff: { kind: 'backoff', baseMs: 5_000, maxMs: 600_000 },
  operationPoll: { kind: 'backoff', baseMs: 5_000, maxMs: 60_000 },
  slow: { kind: 'backoff', baseMs: 600_000, maxMs: 3_600_000 },
  never: { kind: 'never' },
};

const sayings = (status: Status) =>
  (['Ready', 'Synced', 'Healthy'] as const).map((type) => {
    const c = condition(status, type);
    return `${c?.status} ${c?.reason}`;
  });

describe('the table of conditions and reasons', () => {
  for (const [name, row] of Object.entries(TABLE)) {
    test(name, () => {
      const { verdict } = settlementOf(row.when);
      const status = statusAfter(row.when, verdict);
      expect(sayings(status)).toEqual(row.says);
      const there = (['Reconciling', 'Stalled'] as const).filter((type) => condition(status, type) !== undefined);
      expect(there).toEqual(row.progress === undefined ? [] : [row.progress]);
      const ready = condition(status, 'Ready');
      for (const type of there) {
        expect(condition(status, type)).toMatchObject({
          status: 'True',
          reason: ready?.reason,
          message: ready?.message,
        });
      }
      expect(nextOf(row.when)).toMatchObject(NEXT[row.next]);
      expect(brokenRules(asApi(row.when, status))).toEqual([]);
      expect(kstatus(asApi(row.when, status))).toBe(row.when.object.deleting ? 'Terminating' : row.kstatus);
      expect(status.observedGeneration).toBe(row.when.object.generation);
    });
  }

  test('every reason of Ready that can be told is one of the declared reasons', () => {
    for (const { when } of Object.values(TABLE)) {
      const ready = condition(statusAfter(when, settlementOf(when).verdict), 'Ready');
      expect([...REASONS, 'Unknown']).toContain(ready?.reason);
    }
  });

  test('every reason of Synced is one of the declared', () => {
    for (const { when } of Object.values(TABLE)) {
      const synced = condition(statusAfter(when, settlementOf(when).verdict), 'Synced');
      expect(SYNCED_REASONS).toContain(synced?.reason);
    }
  });

  test('every message is said in words, and each that needs a person says more than the reason', () => {
    for (const { when, progress: kind } of Object.values(TABLE)) {
      const message = condition(statusAfter(when, settlementOf(when).verdict), 'Ready')?.message ?? '';
      expect(message.length).toBeGreaterThan(kind === 'Stalled' ? 10 : 5);
    }
  });
});

test('a claim is shown under every reason but OwnedByAnother', () => {
  for (const [name, { when }] of Object.entries(TABLE)) {
    const s = { ...when, status: { ...when.status, claim: CREATED } };
    const claim = statusAfter(s, settlementOf(when).verdict).claim;
    expect({ name, claim }).toEqual({ name, claim: name.startsWith('OwnedByAnother') ? undefined : CREATED });
  }
});
