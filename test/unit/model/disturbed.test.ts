/** One pass of each kind, disturbed at every call of a port by everything that can come in between. */
import { describe, expect, test } from '@jest/globals';
import type { Desired } from '../../../src/core/model/desired.ts';
import { MINUTE, RUNTIME_GONE_MS, RUNTIME_MISSING_MS } from '../../../src/core/schedule.ts';
import { desired, fieldMap, runtimeId } from './builders.ts';
import type { Mode } from './fake-azure.ts';
import { expectEnded, Model } from './model.ts';

const ID = runtimeId('One');
const THEIRS = {
  type: 'Managed',
  other: { unknown: 1 },
  typeProperties: { computeProperties: { location: 'northeurope' } },
};
const LIKE_OURS = { type: 'Managed', typeProperties: { computeProperties: { location: 'West Europe' } } };

const NETWORK = { name: 'default', creation: 'IfMissing' } as const;

const IN_NETWORK = { managedVirtualNetwork: NETWORK };
const REFERENCE = { type: 'ManagedVirtualNetworkReference', referenceName: 'default' };

const ours = (more: Partial<Desired> = {}): Desired => ({ ...desired({ id: ID }), ...more });

/** What the pass is about to do, and what is there before it. */
const SITUATIONS: Record<string, (model: Model) => Promise<void>> = {
  create: async (m) => m.apply('a', ours()),
  'adopt what differs': async (m) => {
    m.operator.azure.put(ID, THEIRS);
    m.apply('a', ours());
  },
  'adopt what is identical, with all that a copy brings': async (m) => {
    m.operator.azure.put(ID, LIKE_OURS);
    m.applyCopy('a', ours({ adoptionPolicy: 'IfIdentical' }), 50, 'elsewhere');
  },
  'adopt what is identical': async (m) => {
    m.operator.azure.put(ID, LIKE_OURS);
    m.apply('a', ours({ adoptionPolicy: 'IfIdentical', deletionPolicy: 'Delete' }));
  },
  'correct drift': async (m) => {
    await created(m);
    m.operator.azure.put(ID, THEIRS);
  },
  'create again': async (m) => {
    await created(m);
    m.remove(ID);
    await settle(m);
    m.operator.now += RUNTIME_MISSING_MS;
  },
  'miss its runtime': async (m) => {
    await created(m);
    m.remove(ID);
  },
  'let go what is gone': async (m) => {
    await created(m);
    m.remove(ID);
    m.operator.cluster.delete('team/a');
    await settle(m);
    m.operator.now += RUNTIME_GONE_MS;
  },
  'manage one more field': async (m) => {
    await created(m);
    m.edit('a', { fields: fieldMap({ location: 'West Europe', description: 'ours' }) });
  },
  repair: async (m) => {
    await created(m);
    m.operator.azure.setState(ID, 'Limited');
  },
  delete: async (m) => {
    await created(m);
    m.operator.cluster.delete('team/a');
  },
  'make a network': async (m) => m.apply('a', ours({ managedVirtualNetwork: NETWORK })),
  'create in a network': async (m) => {
    m.operator.azure.putNetwork(ID.parent);
    m.apply('a', ours({ managedVirtualNetwork: NETWORK }));
  },
  'enable interactive authoring': async (m) => {
    m.operator.azure.putNetwork(ID.parent);
    m.apply('a', ours({ managedVirtualNetwork: NETWORK, interactiveAuthoring: { autoTerminationMinutes: 60 } }));
    await settle(m);
    m.operator.cluster.annotate('team/a', { enableInteractiveAuthoring: 't1' });
  },
  'hand over': async (m) => {
    await created(m);
    m.apply('b', ours({ adoptionPolicy: 'Never' }), 99);
    m.operator.cluster.delete('team/a');
  },
  'repair once more after no answer': async (m) => {
    await created(m);
    m.operator.azure.setState(ID, 'Limited');
    m.fail({ when: 'before', failure: { kind: 'unavailable', message: 'cut' } });
    m.fail({ when: 'before', failure: { kind: 'unavailable', message: 'cut' } });
    await settle(m);
    m.operator.now += MINUTE;
  },
  'correct drift in a network': async (m) => {
    await created(m, IN_NETWORK);
    m.operator.azure.put(ID, { ...THEIRS, managedVirtualNetwork: REFERENCE });
  },
  'repair in a network': async (m) => {
    await created(m, IN_NETWORK);
    m.operator.now += 60 * MINUTE;
    m.operator.azure.setState(ID, 'Limited');
  },
  'delete while interactive authoring is being enabled': async (m) => {
    await created(m, { ...IN_NETWORK, interactiveAuthoring: { autoTerminationMinutes: 60 } });
    m.operator.cluster.annotate('team/a', { enableInteractiveAuthoring: 't1' });
    m.operator.azure.looksWhileEnabling = 99;
    await settle(m);
    m.operator.cluster.delete('team/a');
  },
  'observe no longer': async (m) => {
    await created(m);
    m.edit('a', { managementPolicy: 'Observe' });
    await settle(m);
    m.edit('a', { managementPolicy: 'Manage' });
  },
};

const DISTURBANCES: Record<string, (model: Model) => Promise<void> | void> = {
  'a crash': (m) => m.crash(),
  'somebody creates a runtime like ours': (m) => m.foreignPut(ID, LIKE_OURS),
  'somebody writes': (m) => m.foreignPut(ID, THEIRS),
  'somebody makes a network': (m) => m.operator.azure.putNetwork(ID.parent),
  'somebody deletes': (m) => m.remove(ID),
  'somebody puts another type': (m) => m.replace(ID),
  'a lost answer': (m) => m.fail({ when: 'after', failure: { kind: 'unavailable', message: 'cut' } }),
  'a cut from the API server alone': (m) => {
    m.cutOff = true;
  },
  'a lost answer of the API server': (m) => m.loseAnswer(),
  'an outage': (m) => m.fail({ when: 'before', failure: { kind: 'unavailable', message: 'cut' } }),
  'the runtime is denied': (m) => m.deny('read', 'runtime'),
  'the runtime is denied to a DELETE': (m) => m.deny('delete', 'runtime'),
  'the parent is denied': (m) => m.deny('read', 'parent'),
  'the parent is denied to every write': (m) => {
    for (const call of ['create', 'update', 'delete']) m.deny(call, 'parent');
  },
  'a refused token': (m) =>
    m.fail({ when: 'before', failure: { kind: 'credentialsInvalid', message: 'refused', mayPass: true } }),
  'a subscription that is not found once': (m) =>
    m.fail({ when: 'before', failure: { kind: 'subscriptionNotFound', message: 'not found' } }),
  'an edit': (m) => m.edit('a', { fields: fieldMap({ location: 'uksouth' }) }),
  'a field less': (m) => m.edit('a', { fields: fieldMap({}) }),
  'adoption is forbidden': (m) => m.edit('a', { adoptionPolicy: 'Never' }),
  'a deletion': (m) => m.operator.cluster.delete('team/a'),
  'an older object comes': (m) => m.apply('b', ours(), 0),
  'a younger object comes': (m) => m.apply('b', ours(), 99),
  'Azure does what it has accepted': (m) => m.operator.azure.goOn(),
  'what Azure has accepted fails': (m) => m.operator.azure.failNext(),
  'an older object comes and is looked at': async (m) => {
    m.apply('b', ours(), 0);
    m.operator.cluster.sync();
    await m.start('team/b');
    await m.proceed(1, 30);
  },
};

async function created(m: Model, more: Partial<Desired> = {}): Promise<void> {
  if (more.managedVirtualNetwork !== undefined) m.operator.azure.putNetwork(ID.parent);
  m.apply('a', ours(more));
  await settle(m);
}

async function settle(m: Model): Promise<void> {
  m.gated = false;
  await m.operator.lookTwice('team/a');
  m.gated = true;
}

/** More than the calls of any pass, each paused before and after. */
const POSITIONS = Array.from({ length: 16 }, (_, position) => position);

const MODES: readonly Mode[] = ['answers', 'accepts'];
const CASES = MODES.flatMap((mode) => Object.keys(SITUATIONS).map((situation) => [situation, mode] as const));

describe.each(CASES)('a pass that is about to %s, where Azure %s', (situation, mode) => {
  test.each(Object.keys(DISTURBANCES))('comes to a good end through %s, whenever that is', async (disturbance) => {
    for (const position of POSITIONS) {
      const model = new Model(mode);
      await SITUATIONS[situation]?.(model);
      model.operator.cluster.sync();
      model.operator.azure.refreshList();
      await model.start('team/a');
      await model.proceed(0, position);
      await DISTURBANCES[disturbance]?.(model);
      await model.proceed(0, 40);
      await expectEnded(model);
      // One refusal of a token or of a subscription is nothing for a person, whenever it comes.
      for (const passing of ['CredentialsInvalid', 'SubscriptionNotFound']) {
        expect(model.oracle.stalledAs).not.toContain(passing);
      }
    }
  });

  test.each(Object.keys(DISTURBANCES))('comes to a good end through %s and then a crash', async (disturbance) => {
    for (const position of POSITIONS) {
      for (const later of [0, 1, 2, 3, 5, 8]) {
        const model = new Model(mode);
        await SITUATIONS[situation]?.(model);
        model.operator.cluster.sync();
        await model.start('team/a');
        await model.proceed(0, position);
        await DISTURBANCES[disturbance]?.(model);
        await model.proceed(0, later);
        model.crash();
        await expectEnded(model);
      }
    }
  });
});
