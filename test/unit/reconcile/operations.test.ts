/** Writes that Azure accepts before it does them, as Synapse does: no pass waits, and later ones tell what has become of them. */
import { describe, expect, test } from '@jest/globals';
import { valueAt } from '../../../src/core/model/fields.ts';
import { condition } from '../../../src/core/model/object.ts';
import { armKey } from '../../../src/core/model/runtime.ts';
import { MINUTE } from '../../../src/core/schedule.ts';
import { desired, fieldMap, runtimeId } from '../model/builders.ts';
import type { Fault } from '../model/fake-azure.ts';
import { Operator } from '../model/operator.ts';

const KEY = armKey(runtimeId());
const MANAGED = (location: string) => ({ type: 'Managed', typeProperties: { computeProperties: { location } } });

function start(faults: Fault[] = []): Operator {
  return new Operator({ azure: { fault: () => faults.shift() } }, 'accepts');
}

const events = (operator: Operator) => operator.cluster.events.map(({ reason }) => reason);
const location = (operator: Operator) => valueAt(operator.azure.runtimes.get(KEY)?.document ?? {}, 'location');
const synced = (operator: Operator, key: string) => condition(operator.object(key).status, 'Synced');

function forgetCalls(operator: Operator): void {
  operator.azure.calls.length = 0;
  operator.cluster.writes.length = 0;
  operator.cluster.events.length = 0;
}

async function ready(operator: Operator, more: Parameters<typeof desired>[0] = {}): Promise<string> {
  const key = operator.apply('sample', desired(more));
  await operator.lookTwice(key);
  expect(operator.summary(key)).toBe('Ready=True Available');
  forgetCalls(operator);
  return key;
}

describe('what somebody changes within seconds of a write', () => {
  const changedTo = (operator: Operator, place: string) => operator.azure.put(runtimeId(), MANAGED(place));
  const updates = ({ azure }: Operator) => azure.calls.filter((call) => call === 'update').length;

  /** A write that is accepted and done, of which no pass has seen the effect. */
  const WRITES: Record<string, (operator: Operator) => Promise<string>> = {
    'a create': async (operator) => {
      const key = operator.apply('sample', desired());
      await operator.poll(key);
      return key;
    },
    'an adoption': async (operator) => {
      changedTo(operator, 'northeurope');
      const key = operator.apply('sample', desired());
      await operator.poll(key);
      return key;
    },
    'an update': async (operator) => {
      const key = await ready(operator);
      operator.cluster.edit(key, { fields: fieldMap({ location: 'West Europe', description: 'new' }) });
      await operator.poll(key);
      return key;
    },
    'a correction': async (operator) => {
      const key = await ready(operator);
      changedTo(operator, 'northeurope');
      await operator.poll(key);
      return key;
    },
  };

  test.each(Object.keys(WRITES))(
    'is set back at once after %s, and nobody is told that it was not applied',
    async (write) => {
      const operator = start();
      const key = (await WRITES[write]?.(operator)) ?? '';
      operator.azure.goOn();
      changedTo(operator, 'uksouth');
      const before = updates(operator);
      await operator.poll(key);
      expect(updates(operator)).toBe(before + 1);
      await operator.lookTwice(key);
      expect(operator.summary(key)).toBe('Ready=True Available');
      expect(location(operator)).toBe('West Europe');
      expect(events(operator)).not.toContain('NotApplied');
    },
  );

  test('is contested after five times, as if it were changed later', async () => {
    const operator = start();
    const key = await ready(operator);
    changedTo(operator, 'northeurope');
    for (let i = 0; i < 12; i++) {
      operator.now += 5_000;
      await operator.poll(key);
      operator.azure.goOn();
      changedTo(operator, 'uksouth');
    }
    expect(updates(operator)).toBe(5);
    expect(operator.summary(key)).toBe('Ready=False Contested Reconciling');
  });

  test('by publishing is an etag: the write is made once more, and that is all', async () => {
    const operator = start();
    const key = await ready(operator);
    operator.cluster.edit(key, { fields: fieldMap({ location: 'northeurope' }) });
    await operator.poll(key);
    changedTo(operator, 'West Europe');
    await operator.poll(key);
    await operator.lookTwice(key);
    expect(updates(operator)).toBe(2);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(location(operator)).toBe('northeurope');
  });

  test('is not the write before, which Azure does first: the second of two is not made again', async () => {
    const operator = start();
    const key = await ready(operator);
    for (const place of ['northeurope', 'uksouth']) {
      operator.cluster.edit(key, { fields: fieldMap({ location: place }) });
      await operator.poll(key);
    }
    operator.azure.goOn(1);
    await operator.poll(key);
    await operator.lookTwice(key);
    expect(updates(operator)).toBe(2);
    expect(location(operator)).toBe('uksouth');
    expect(operator.summary(key)).toBe('Ready=True Available');
  });
});

describe('creating', () => {
  test('claims at once, says what is under way, and tells of the runtime when it is there', async () => {
    const operator = start();
    const key = operator.apply('sample', desired());
    expect(await operator.poll(key)).toEqual({ kind: 'after', ms: 5_000 });
    expect(operator.azure.calls).toEqual(['read', 'create']);
    expect(operator.summary(key)).toBe('Ready=False Creating Reconciling');
    expect(synced(operator, key)).toMatchObject({ status: 'False', reason: 'NotFound' });
    expect(operator.object(key).status).toMatchObject({
      claim: { origin: 'Created' },
      ownedFields: ['location'],
      operation: { kind: 'Create', time: operator.now, repeated: false },
    });
    expect(events(operator)).toEqual([]);
    operator.azure.goOn();
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(events(operator)).toEqual(['Created']);
    expect(operator.object(key).status.operation).toBeUndefined();
    expect(operator.cluster.writes).toEqual(['finalizer', 'status', 'status']);
  });

  test('that takes its time is looked at and not made again, by a restarted operator neither', async () => {
    const operator = start();
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    forgetCalls(operator);
    for (const restarted of [false, true]) {
      if (restarted) operator.restart();
      operator.now += MINUTE;
      expect(await operator.poll(key)).toMatchObject({ kind: 'backoff', baseMs: 5_000, maxMs: MINUTE });
    }
    expect(operator.azure.calls).toEqual(['read', 'read']);
    expect(operator.cluster.writes).toEqual([]);
  });

  test('is not forgotten over an outage', async () => {
    const outage: Fault = { when: 'before', failure: { kind: 'unavailable', message: 'cut' } };
    const faults: Fault[] = [];
    const operator = start(faults);
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    faults.push(outage);
    await operator.poll(key);
    operator.now += MINUTE;
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['read', 'create', 'read', 'read']);
    expect(operator.summary(key)).toBe('Ready=False Creating Reconciling');
  });

  test('that Azure goes on with is not over because it denies the runtime once', async () => {
    const operator = start();
    const key = await ready(operator);
    operator.cluster.delete(key);
    await operator.poll(key);
    operator.azure.denied.push('read');
    await operator.poll(key);
    operator.azure.failNext();
    operator.now += 10 * MINUTE;
    await operator.lookTwice(key);
    await operator.lookAgain(key);
    expect(operator.azure.runtimes.size).toBe(0);
    expect(operator.cluster.server.size).toBe(0);
  });

  test('that is never seen to be done is tried again after ten minutes, and a person is told', async () => {
    const operator = start();
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    operator.azure.failNext();
    operator.now += 10 * MINUTE;
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['read', 'create', 'read', 'create']);
    expect(operator.summary(key)).toBe('Ready=False NotApplied Stalled');
    operator.now += 10 * MINUTE;
    await operator.poll(key);
    expect(events(operator)).toEqual(['NotApplied']);
    operator.azure.goOn();
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(events(operator)).toEqual(['NotApplied', 'Created', 'Recovered']);
  });

  test('does not keep a person from declaring something else', async () => {
    const operator = start();
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    operator.azure.failNext();
    operator.cluster.edit(key, { fields: fieldMap({ location: 'northeurope' }) });
    await operator.lookAgain(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(location(operator)).toBe('northeurope');
    expect(events(operator)).toEqual(['Created']);
  });

  test('again, of one that went missing, is told as such', async () => {
    const operator = start();
    const key = await ready(operator);
    operator.azure.remove(runtimeId());
    await operator.poll(key);
    operator.now += MINUTE;
    await operator.poll(key);
    expect(events(operator)).toEqual(['DriftDetected']);
    operator.azure.goOn();
    await operator.poll(key);
    expect(operator.cluster.events.at(-1)).toMatchObject({
      reason: 'Created',
      message: 'The runtime was created again.',
    });
  });
});

describe('correcting drift', () => {
  async function drifted(operator: Operator): Promise<string> {
    const key = await ready(operator);
    operator.azure.put(runtimeId(), { ...MANAGED('northeurope'), other: { kept: true } });
    await operator.poll(key);
    return key;
  }

  test('tells of the drift at once and of the correction when it is so', async () => {
    const operator = start();
    const key = await drifted(operator);
    expect(operator.azure.calls).toEqual(['hint', 'read', 'update', 'state']);
    expect(operator.summary(key)).toBe('Ready=False Updating Reconciling');
    expect(operator.object(key).status).toMatchObject({ state: 'Online', drift: [{ observed: 'northeurope' }] });
    expect(events(operator)).toEqual(['DriftDetected']);
    operator.now += MINUTE;
    await operator.poll(key);
    expect(operator.azure.calls).not.toContain('create');
    operator.azure.goOn();
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(location(operator)).toBe('West Europe');
    expect(operator.azure.runtimes.get(KEY)?.document).toHaveProperty('other.kept', true);
    expect(events(operator)).toEqual(['DriftDetected', 'DriftCorrected']);
    expect(operator.counted).toEqual(['detected location', 'corrected location']);
    expect(operator.object(key).status.corrections).toMatchObject([{ field: 'location', times: [operator.now] }]);
    expect(operator.azure.calls.filter((call) => call === 'update')).toHaveLength(1);
  });

  test('that is never seen to be done is tried again after ten minutes, and a person is told', async () => {
    const operator = start();
    const key = await drifted(operator);
    operator.azure.failNext();
    operator.now += 9 * MINUTE;
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False Updating Reconciling');
    operator.now += MINUTE;
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False NotApplied Stalled');
    operator.azure.goOn();
    await operator.poll(key);
    expect(events(operator)).toEqual(['DriftDetected', 'NotApplied', 'DriftCorrected', 'Recovered']);
  });

  test('of one field goes on when somebody changes another one meanwhile', async () => {
    const operator = start();
    const key = await ready(operator, { fields: { location: 'West Europe', description: 'ours' } });
    operator.azure.put(runtimeId(), { ...MANAGED('northeurope'), description: 'ours' });
    await operator.poll(key);
    operator.azure.goOn();
    operator.azure.put(runtimeId(), { ...MANAGED('West Europe'), description: 'theirs' });
    await operator.lookTwice(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(events(operator)).toEqual(['DriftDetected', 'DriftCorrected', 'DriftCorrected']);
  });

  test('is no correction when it is a person who has just declared it', async () => {
    const operator = start();
    const key = await ready(operator);
    operator.cluster.edit(key, { fields: fieldMap({ location: 'northeurope' }) });
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False Updating Reconciling');
    operator.azure.goOn();
    await operator.poll(key);
    expect(location(operator)).toBe('northeurope');
    expect(operator.cluster.events).toMatchObject([
      { type: 'Normal', reason: 'Updated', message: 'Updated location "West Europe" → "northeurope".' },
    ]);
    expect(operator.counted).toEqual([]);
  });
});

test('an adoption that changes the runtime is told when the runtime is as declared', async () => {
  const operator = start();
  operator.azure.put(runtimeId(), MANAGED('northeurope'));
  const key = operator.apply('sample', desired());
  await operator.poll(key);
  expect(operator.object(key).status.claim?.origin).toBe('Adopted');
  expect(operator.summary(key)).toBe('Ready=False Updating Reconciling');
  expect(events(operator)).toEqual([]);
  operator.azure.goOn();
  await operator.poll(key);
  expect(operator.summary(key)).toBe('Ready=True Available');
  expect(operator.cluster.events).toMatchObject([
    { reason: 'Adopted', message: expect.stringContaining('location "northeurope" → "West Europe"') },
  ]);
});

test('a repair is seen to have helped by looking soon', async () => {
  const operator = start();
  const key = await ready(operator);
  operator.azure.setState(runtimeId(), 'Limited');
  expect(await operator.poll(key)).toEqual({ kind: 'after', ms: 5_000 });
  expect(operator.summary(key)).toBe('Ready=False Repairing Reconciling');
  operator.azure.goOn();
  await operator.poll(key);
  expect(operator.summary(key)).toBe('Ready=True Available');
  expect(events(operator)).toEqual(['RepairStarted', 'Repaired']);
});

describe('a repair that a person asks for although repair is off', () => {
  async function asked(operator: Operator): Promise<string> {
    const key = await ready(operator, { repair: { mode: 'Disabled', maxAttempts: 5 } });
    operator.azure.setState(runtimeId(), 'Limited');
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False Limited Stalled');
    operator.cluster.annotate(key, { repair: 'now' });
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False Repairing Reconciling');
    return key;
  }

  test('is waited for, and told when it has helped', async () => {
    const operator = start();
    const key = await asked(operator);
    operator.azure.goOn();
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(operator.object(key).status.operation).toBeUndefined();
    expect(events(operator)).toEqual(['Limited', 'RepairStarted', 'Repaired']);
  });

  test('is waited for no longer than two minutes', async () => {
    const operator = start();
    const key = await asked(operator);
    operator.azure.failNext();
    operator.now += 2 * MINUTE;
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False Limited Stalled');
    expect(operator.azure.calls.filter((call) => call === 'update')).toHaveLength(1);
  });
});

describe('deleting', () => {
  test('holds the object until the runtime is gone', async () => {
    const operator = start();
    const key = await ready(operator);
    operator.cluster.delete(key);
    await operator.poll(key);
    operator.now += MINUTE;
    operator.restart();
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['read', 'delete', 'read']);
    expect(operator.summary(key)).toBe('Ready=False Deleting Reconciling');
    expect(events(operator)).toEqual(['DeletionWaits']);
    operator.azure.goOn();
    operator.azure.calls.length = 0;
    await operator.lookAgain(key);
    expect(operator.azure.calls).toEqual(['read', 'read']);
    expect(operator.cluster.server.size).toBe(0);
    expect(operator.cluster.events.slice(1)).toMatchObject([
      { reason: 'Deleted', message: 'The runtime was deleted.' },
    ]);
  });

  test('that is never seen to be done is tried again after ten minutes, and a person is told the way out', async () => {
    const operator = start();
    const key = await ready(operator);
    operator.cluster.delete(key);
    await operator.poll(key);
    operator.azure.failNext();
    operator.now += 10 * MINUTE;
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['read', 'delete', 'read', 'delete']);
    expect(operator.summary(key)).toBe('Ready=False NotApplied Stalled');
    expect(condition(operator.object(key).status, 'Ready')?.message).toMatch(/deletionPolicy: Retain\)\.$/);
  });

  test('waits for a runtime that Azure is still creating', async () => {
    const operator = start();
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    operator.cluster.delete(key);
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False Deleting Reconciling');
    operator.azure.goOn();
    await operator.lookTwice(key);
    await operator.lookAgain(key);
    expect(operator.azure.runtimes.size).toBe(0);
    expect(operator.cluster.server.size).toBe(0);
  });

  test('gives up waiting for a creation that failed', async () => {
    const operator = start();
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    operator.azure.failNext();
    operator.cluster.delete(key);
    operator.now += 10 * MINUTE;
    await operator.lookAgain(key);
    expect(operator.cluster.server.size).toBe(0);
  });

  test('is not handed over half way: an object that comes meanwhile creates the runtime anew', async () => {
    const operator = start();
    const key = await ready(operator);
    operator.cluster.delete(key);
    await operator.poll(key);
    const successor = operator.apply('heir', desired());
    await operator.poll(key);
    await operator.poll(successor);
    expect(operator.summary(successor)).toBe('Ready=False OwnedByAnother Reconciling');
    operator.azure.goOn();
    await operator.lookAgain(key);
    await operator.lookTwice(successor);
    expect(operator.summary(successor)).toBe('Ready=True Available');
    expect(events(operator)).toEqual(['Deleted', 'Created']);
  });

  test('that has begun is told of when the way out is taken', async () => {
    const operator = start();
    const key = await ready(operator);
    operator.cluster.delete(key);
    await operator.poll(key);
    operator.cluster.edit(key, { deletionPolicy: 'Retain' });
    await operator.poll(key);
    expect(operator.cluster.events).toMatchObject([
      { reason: 'Retained', message: expect.stringContaining('Azure had already accepted the deletion') },
    ]);
  });
});

test('an object that only observes from now on waits for nothing', async () => {
  const operator = start();
  const key = operator.apply('sample', desired());
  await operator.poll(key);
  operator.cluster.edit(key, { managementPolicy: 'Observe' });
  await operator.poll(key);
  expect(operator.object(key).status.operation).toBeUndefined();
  expect(operator.summary(key)).toBe('Ready=False NotFound Reconciling');
});
