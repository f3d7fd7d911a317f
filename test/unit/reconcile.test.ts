/** What a pass does, told by what it leaves in Azure and in the object. */
import { describe, expect, test } from '@jest/globals';
import { valueAt } from '../../src/core/fields.ts';
import { armKey } from '../../src/core/runtime.ts';
import { MINUTE } from '../../src/core/schedule.ts';
import { desired, fieldMap, runtimeId } from './model/builders.ts';
import { INTERVAL_MS, Operator } from './model/operator.ts';

const KEY = armKey(runtimeId());
const reasons = (operator: Operator) => operator.cluster.events.map(({ reason }) => reason);
const document = (operator: Operator) => operator.azure.runtimes.get(KEY)?.document ?? {};

const MANAGED = (location: string) => ({ type: 'Managed', typeProperties: { computeProperties: { location } } });

async function ready(operator: Operator, more: Parameters<typeof desired>[0] = {}): Promise<string> {
  const key = operator.apply('sample', desired(more));
  await operator.look(key);
  operator.azure.calls.length = 0;
  operator.cluster.writes.length = 0;
  operator.cluster.events.length = 0;
  return key;
}

describe('creating', () => {
  test('costs two Kubernetes writes, one event and three calls', async () => {
    const operator = new Operator();
    const key = operator.apply('sample', desired());
    await operator.look(key);
    expect(operator.azure.calls).toEqual(['read', 'create', 'state']);
    expect(operator.cluster.writes).toEqual(['finalizer', 'status']);
    expect(reasons(operator)).toEqual(['Created']);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(operator.object(key).memory.claim).toEqual({ origin: 'Created', identity: 'tenant/client' });
  });

  test('a second look writes nothing and asks only for the list and the state', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    expect((await operator.look(key)).kind).toBe('periodic');
    expect(operator.azure.calls).toEqual(['hint', 'state']);
    expect(operator.cluster.writes).toEqual([]);
  });
});

describe('drift', () => {
  test('is corrected and told once', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.put(runtimeId(), { ...MANAGED('northeurope'), other: { kept: true } });
    await operator.look(key);
    expect(valueAt(document(operator), 'location')).toBe('West Europe');
    expect(document(operator)).toHaveProperty('other.kept', true);
    expect(reasons(operator)).toEqual(['DriftDetected', 'DriftCorrected']);
    expect(operator.azure.calls).toEqual(['hint', 'read', 'update', 'state']);
  });

  test('a field corrected five times within six intervals is contested, and left alone for a while', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    for (let i = 0; i < 5; i++) {
      operator.now += INTERVAL_MS;
      operator.azure.put(runtimeId(), MANAGED('northeurope'));
      await operator.look(key);
    }
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    operator.azure.calls.length = 0;
    await operator.look(key);
    expect(operator.summary(key)).toBe('Ready=False Contested Reconciling');
    expect(operator.azure.calls).not.toContain('update');
  });
});

describe('repair', () => {
  test('a Limited runtime is written again and confirmed', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.setState(runtimeId(), 'Limited');
    await operator.look(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(reasons(operator)).toEqual(['RepairStarted', 'Repaired']);
    expect(operator.object(key).memory.repair).toMatchObject({ attempts: 1 });
  });

  test('attempts are spaced, bounded, and remembered across restarts', async () => {
    const operator = new Operator();
    const key = await ready(operator, { repair: { mode: 'Auto', maxAttempts: 2 } });
    operator.azure.setState(runtimeId(), 'Limited');
    operator.azure.repairsNeeded = 99;
    for (const minutes of [0, 0.5, 0.6, 1, 1.1, 2]) {
      operator.now += minutes * MINUTE;
      operator.restart();
      await operator.look(key);
    }
    expect(operator.azure.calls.filter((call) => call === 'update')).toHaveLength(2);
    expect(operator.summary(key)).toBe('Ready=False RepairExhausted Stalled');
  });
});

describe('deleting', () => {
  test('deletes what was created', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.delete(key);
    await operator.look(key);
    expect(operator.azure.runtimes.size).toBe(0);
    expect(operator.cluster.server.size).toBe(0);
    expect(reasons(operator)).toEqual(['Deleted']);
  });

  test('leaves what was adopted', async () => {
    const operator = new Operator();
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    const key = await ready(operator);
    expect(operator.object(key).memory.claim?.origin).toBe('Adopted');
    operator.cluster.delete(key);
    await operator.look(key);
    expect(operator.azure.runtimes.size).toBe(1);
    expect(reasons(operator)).toEqual(['Retained']);
  });

  test('a rename hands the runtime over, whatever the adoption policy', async () => {
    const operator = new Operator();
    const old = await ready(operator);
    const heir = operator.apply('renamed', desired({ adoptionPolicy: 'Never' }));
    await operator.look(heir);
    expect(operator.summary(heir)).toBe('Ready=False OwnedByAnother Stalled');
    operator.cluster.delete(old);
    await operator.look(old);
    await operator.look(heir);
    expect(operator.summary(heir)).toBe('Ready=True Available');
    expect(operator.azure.calls).not.toContain('delete');
    expect(operator.object(heir).memory.claim?.origin).toBe('Created');
    expect(operator.object(heir).held).toBe(true);
  });
});

test('a field that is removed after having been managed returns to its default', async () => {
  const operator = new Operator();
  const key = await ready(operator, { fields: { location: 'West Europe', description: 'ours' } });
  operator.cluster.edit(key, { fields: fieldMap({}) });
  await operator.look(key);
  expect(document(operator)).toEqual(MANAGED('AutoResolve'));
  expect(operator.object(key).memory.managedFields).toEqual([]);
});

test('a suspended object stays Ready when what it declares was in sync, and causes no call', async () => {
  const operator = new Operator();
  const key = await ready(operator);
  operator.cluster.edit(key, { suspend: true });
  await operator.look(key);
  expect(operator.summary(key)).toBe('Ready=True Suspended');
  expect(operator.azure.calls).toEqual([]);
  operator.cluster.edit(key, { fields: fieldMap({ location: 'North Europe' }) });
  await operator.look(key);
  expect(operator.summary(key)).toBe('Ready=Unknown Suspended Stalled');
});
