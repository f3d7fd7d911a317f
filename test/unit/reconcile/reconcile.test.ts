/** What a pass does, told by what it leaves in Azure and in the object. */
import { describe, expect, test } from '@jest/globals';
import type { Failure } from '../../../src/core/model/failure.ts';
import { valueAt } from '../../../src/core/model/fields.ts';
import { condition, EMPTY_STATUS, type ManagedObject } from '../../../src/core/model/object.ts';
import { armKey } from '../../../src/core/model/runtime.ts';
import { MINUTE, RUNTIME_GONE_MS, RUNTIME_MISSING_MS, SUCCESSOR_SETTLES_MS } from '../../../src/core/schedule.ts';
import { BudgetExhaustedError, type CallContext, type Runtimes, type Urgency } from '../../../src/ports.ts';
import { CREATED, FAILURE, FAILURE_KINDS } from '../core/builders.ts';
import { desired, fieldMap, runtimeId } from '../model/builders.ts';
import { UNBOUNDED } from '../model/fake-azure.ts';
import { settled } from '../model/gate.ts';
import { IDENTITY, INTERVAL_MS, Operator } from '../model/operator.ts';

const KEY = armKey(runtimeId());
const reasons = (operator: Operator) => operator.cluster.events.map(({ reason }) => reason);
const document = (operator: Operator) => operator.azure.runtimes.get(KEY)?.document ?? {};

const MANAGED = (location: string) => ({ type: 'Managed', typeProperties: { computeProperties: { location } } });

async function ready(operator: Operator, more: Parameters<typeof desired>[0] = {}): Promise<string> {
  const key = operator.apply('sample', desired(more));
  await operator.poll(key);
  operator.azure.calls.length = 0;
  operator.cluster.writes.length = 0;
  operator.cluster.events.length = 0;
  return key;
}

describe('creating', () => {
  test('costs two Kubernetes writes, one event and three calls', async () => {
    const operator = new Operator();
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['read', 'create', 'state']);
    expect(operator.cluster.writes).toEqual(['finalizer', 'status']);
    expect(reasons(operator)).toEqual(['Created']);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(operator.object(key).status.claim).toEqual({ origin: 'Created', identity: 'tenant/client' });
  });

  test('a second look writes nothing and asks only for the list and the state', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    expect((await operator.poll(key)).kind).toBe('periodic');
    expect(operator.azure.calls).toEqual(['hint', 'state']);
    expect(operator.cluster.writes).toEqual([]);
  });
});

describe('drift', () => {
  test('is corrected and told once', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.put(runtimeId(), { ...MANAGED('northeurope'), other: { kept: true } });
    await operator.poll(key);
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
      await operator.poll(key);
    }
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    operator.azure.calls.length = 0;
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False Contested Reconciling');
    expect(operator.azure.calls).not.toContain('update');
  });
});

describe('repair', () => {
  test('a Limited runtime is written again and confirmed', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.setState(runtimeId(), 'Limited');
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(reasons(operator)).toEqual(['RepairStarted', 'Repaired']);
    expect(operator.object(key).status.repair).toMatchObject({ attempts: 1 });
  });

  test('attempts are spaced, bounded, and remembered across restarts', async () => {
    const operator = new Operator();
    const key = await ready(operator, { repair: { mode: 'Auto', maxAttempts: 2 } });
    operator.azure.setState(runtimeId(), 'Limited');
    operator.azure.repairsNeeded = 99;
    for (const minutes of [0, 0.5, 0.6, 1, 1.1, 2]) {
      operator.now += minutes * MINUTE;
      operator.restart();
      await operator.poll(key);
    }
    expect(operator.azure.calls.filter((call) => call === 'update')).toHaveLength(2);
    expect(operator.summary(key)).toBe('Ready=False RepairExhausted Stalled');
  });
});

describe('a clock that is set back by an hour', () => {
  const BACK = -60 * MINUTE;

  test('does not put off the next repair by an hour', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.setState(runtimeId(), 'Limited');
    operator.azure.repairsNeeded = 99;
    await operator.poll(key);
    operator.now += BACK;
    await operator.poll(key);
    operator.now += 2 * MINUTE;
    await operator.poll(key);
    expect(operator.azure.calls.filter((call) => call === 'update')).toHaveLength(2);
  });

  test.each([
    ['Starting', 'Ready=False Provisioning Stalled', 31],
    ['Offline', 'Ready=False Offline Stalled', 11],
  ])('does not put off by an hour what is told of a runtime that stays %s', async (state, told, minutes) => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.setState(runtimeId(), state);
    await operator.poll(key);
    operator.now += BACK;
    await operator.poll(key);
    operator.now += minutes * MINUTE;
    await operator.poll(key);
    expect(operator.summary(key)).toBe(told);
  });

  test('does not put off by an hour that a failure is told', async () => {
    let isDown = false;
    const failure = { kind: 'unavailable', message: 'Azure is down.' } as const;
    const operator = new Operator({ azure: { fault: () => (isDown ? { when: 'before', failure } : undefined) } });
    const key = await ready(operator);
    isDown = true;
    for (const ms of [0, BACK, INTERVAL_MS]) {
      operator.now += ms;
      await operator.poll(key);
    }
    expect(operator.summary(key)).toBe('Ready=True Available Reconciling');
  });

  test('does not put off by an hour that an accepted write is made once more', async () => {
    const operator = new Operator({}, 'accepts');
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    operator.azure.failNext();
    operator.now += BACK;
    await operator.poll(key);
    operator.now += 10 * MINUTE;
    await operator.poll(key);
    expect(operator.azure.calls.filter((call) => call === 'create')).toHaveLength(2);
  });

  test('costs a Ready object one status at most', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.now += BACK;
    for (let i = 0; i < 3; i++) await operator.poll(key);
    expect(operator.cluster.writes).toEqual(['status']);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(reasons(operator)).toEqual([]);
  });
});

describe('deleting', () => {
  test('deletes what was created', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.delete(key);
    await operator.poll(key);
    expect(operator.azure.runtimes.size).toBe(0);
    expect(operator.cluster.server.size).toBe(0);
    expect(reasons(operator)).toEqual(['Deleted']);
  });

  test('leaves what was adopted', async () => {
    const operator = new Operator();
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    const key = await ready(operator);
    expect(operator.object(key).status.claim?.origin).toBe('Adopted');
    operator.cluster.delete(key);
    await operator.poll(key);
    expect(operator.azure.runtimes.size).toBe(1);
    expect(reasons(operator)).toEqual(['Retained']);
  });

  test('a rename hands the runtime over, whatever the adoption policy', async () => {
    const operator = new Operator();
    const old = await ready(operator);
    const successor = operator.apply('renamed', desired({ adoptionPolicy: 'Never' }));
    await operator.poll(successor);
    expect(operator.summary(successor)).toBe('Ready=False OwnedByAnother Stalled');
    operator.cluster.delete(old);
    await operator.poll(old);
    await operator.poll(successor);
    expect(operator.summary(successor)).toBe('Ready=True Available');
    expect(operator.azure.calls).not.toContain('delete');
    expect(operator.object(successor).status.claim?.origin).toBe('Created');
    expect(operator.object(successor).hasFinalizer).toBe(true);
  });
});

test('a field that is removed after having been managed returns to its default', async () => {
  const operator = new Operator();
  const key = await ready(operator, { fields: { location: 'West Europe', description: 'ours' } });
  operator.cluster.edit(key, { fields: fieldMap({}) });
  await operator.poll(key);
  expect(document(operator)).toEqual(MANAGED('AutoResolve'));
  expect(operator.object(key).status.managedFields).toEqual([]);
});

test('a suspended object stays Ready when what it declares was in sync, and causes no call', async () => {
  const operator = new Operator();
  const key = await ready(operator);
  operator.cluster.edit(key, { suspend: true });
  await operator.poll(key);
  expect(operator.summary(key)).toBe('Ready=True Suspended');
  expect(operator.azure.calls).toEqual([]);
  operator.cluster.edit(key, { fields: fieldMap({ location: 'North Europe' }) });
  await operator.poll(key);
  expect(operator.summary(key)).toBe('Ready=Unknown Suspended Stalled');
});

/** Notes what the object remembers, and whether it is held, at the moment of each write to Azure. */
function noting(): { operator: Operator; notes: ManagedObject[] } {
  const notes: ManagedObject[] = [];
  const operator: Operator = new Operator({ azure: { onWrite: ({ by }) => notes.push(operator.object(by)) } });
  return { operator, notes };
}

/** Makes the next call of this name fail. */
function failing(kind: Failure['kind'], at: string, when: 'before' | 'after' = 'before') {
  const faults = [{ when, failure: FAILURE({ kind }) }];
  return { fault: (call: string) => (call === at ? faults.shift() : undefined) };
}

/** The runtimes of Azure, one of whose methods does something else. */
function instead(operator: Operator, name: keyof Runtimes, method: (...args: never[]) => Promise<unknown>): void {
  const runtimes = new Proxy<Runtimes>(operator.azure, {
    get: (azure, property) => {
      const value: unknown = property === name ? method : Reflect.get(azure, property);
      return typeof value === 'function' ? value.bind(azure) : value;
    },
  });
  operator.access = () => ({ granted: true, identity: IDENTITY, runtimes, budget: UNBOUNDED });
}

describe('what a pass costs, and what is stored before Azure is written', () => {
  test('a create stores the finalizer before the PUT, and the claim after it', async () => {
    const { operator, notes } = noting();
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatchObject({ hasFinalizer: true, status: { managedFields: [] } });
    expect(notes[0]?.status.claim).toBeUndefined();
    expect(operator.object(key).status.managedFields).toEqual(['location']);
  });

  test('an identical runtime is adopted without a write to Azure', async () => {
    const operator = new Operator();
    operator.azure.put(runtimeId(), MANAGED('westeurope'));
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['read', 'state']);
    expect(operator.cluster.writes).toEqual(['finalizer', 'status']);
    expect(reasons(operator)).toEqual(['Adopted']);
    expect(operator.object(key)).toMatchObject({
      hasFinalizer: true,
      status: { claim: { origin: 'Adopted', identity: 'tenant/client' }, managedFields: ['location'] },
    });
    expect(valueAt(document(operator), 'location')).toBe('westeurope');
  });

  test('a differing runtime is adopted with one PUT: the fields and the finalizer are stored before it, the claim after', async () => {
    const { operator, notes } = noting();
    operator.azure.put(runtimeId(), { ...MANAGED('North Europe'), description: 'theirs' });
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['read', 'update', 'state']);
    expect(operator.cluster.writes).toEqual(['status', 'finalizer', 'status']);
    expect(reasons(operator)).toEqual(['Adopted']);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatchObject({ hasFinalizer: true, status: { managedFields: ['location'] } });
    expect(notes[0]?.status.claim).toBeUndefined();
    expect(document(operator)).toEqual({ ...MANAGED('West Europe'), description: 'theirs' });
    expect(operator.summary(key)).toBe('Ready=True Available');
  });

  test('a change of a managed leaf costs one PUT and one status, and is no drift', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.edit(key, { fields: fieldMap({ location: 'North Europe' }) });
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['read', 'update', 'state']);
    expect(operator.cluster.writes).toEqual(['status']);
    expect(reasons(operator)).toEqual([]);
    expect(operator.counted).toEqual([]);
    expect(operator.object(key).status.corrections).toEqual([]);
    expect(operator.summary(key)).toBe('Ready=True Available');
  });

  test('a change that adds a leaf stores it as managed before the PUT', async () => {
    const { operator, notes } = noting();
    const key = await ready(operator);
    operator.cluster.edit(key, { fields: fieldMap({ location: 'West Europe', description: 'ours' }) });
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['read', 'update', 'state']);
    expect(operator.cluster.writes).toEqual(['status', 'status']);
    expect(notes.at(-1)?.status.managedFields).toEqual(['description', 'location']);
    expect(notes.at(-1)?.status.observedGeneration).toBe(1);
  });

  test('an edit of policies alone costs a fresh look and one status', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.edit(key, { deletionPolicy: 'Retain' });
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['read', 'state']);
    expect(operator.cluster.writes).toEqual(['status']);
    expect(reasons(operator)).toEqual([]);
  });

  test('drift costs one PUT, one status, two events, and is counted', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    await operator.poll(key);
    expect(operator.cluster.writes).toEqual(['status']);
    expect(operator.counted).toEqual(['detected location', 'corrected location']);
    expect(operator.object(key).status.corrections).toEqual([
      { field: 'location', times: [operator.now], contested: false },
    ]);
    expect(operator.cluster.events[0]?.message).toBe('location: "northeurope" instead of "West Europe"');
  });

  test('a missing runtime is drift: it is told, created again, and held all the while', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.remove(runtimeId());
    expect(await operator.poll(key)).toEqual({ kind: 'after', ms: RUNTIME_MISSING_MS });
    expect(operator.azure.calls).toEqual(['hint', 'read']);
    expect(operator.summary(key)).toBe('Ready=True Available');
    operator.now += RUNTIME_MISSING_MS - 1_000;
    await operator.poll(key);
    operator.now += 1_000;
    operator.azure.calls.length = 0;
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['hint', 'read', 'create', 'state']);
    expect(operator.cluster.writes).toEqual([]);
    expect(reasons(operator)).toEqual(['DriftDetected', 'Created']);
    expect(operator.cluster.events[0]?.message).toContain('missing');
    expect(operator.summary(key)).toBe('Ready=True Available');
  });

  test('a runtime that Azure denies once is not created again, and nothing is written or told', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    const was = operator.azure.runtimes.get(KEY);
    operator.azure.remove(runtimeId());
    await operator.poll(key);
    if (was !== undefined) operator.azure.runtimes.set(KEY, was);
    operator.now += MINUTE;
    await operator.poll(key);
    operator.azure.remove(runtimeId());
    operator.now += MINUTE;
    await operator.poll(key);
    expect(operator.azure.calls).not.toContain('create');
    expect(operator.cluster.writes).toEqual([]);
    expect(reasons(operator)).toEqual([]);
  });

  test('an adopted runtime that is gone is created again, and is then one that was created', async () => {
    const operator = new Operator();
    operator.azure.put(runtimeId(), MANAGED('West Europe'));
    const key = await ready(operator);
    expect(operator.object(key)).toMatchObject({
      mark: { origin: 'Adopted' },
      status: { claim: { origin: 'Adopted' } },
    });
    operator.azure.remove(runtimeId());
    await operator.lookAgain(key);
    expect(operator.object(key)).toMatchObject({
      mark: { origin: 'Created' },
      status: { claim: { origin: 'Created' } },
    });
  });

  test('a repair stores its attempt before the PUT', async () => {
    const { operator, notes } = noting();
    const key = await ready(operator);
    operator.azure.setState(runtimeId(), 'Limited');
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['hint', 'state', 'read', 'update', 'state']);
    expect(operator.cluster.writes).toEqual(['status', 'status']);
    const { attempts, lastAttemptTime, nextAttemptTime } = notes.at(-1)?.status.repair ?? {};
    expect(attempts).toBe(1);
    expect([lastAttemptTime, nextAttemptTime]).toEqual([operator.now, operator.now + MINUTE]);
    expect(operator.counted).toContain('repair started');
  });

  test('a repair writes the document that is there, to the letter', async () => {
    const operator = new Operator();
    const was = { ...MANAGED('WEST EUROPE'), description: 'theirs', other: [{ kept: null }] };
    operator.azure.put(runtimeId(), was);
    const key = await ready(operator);
    operator.azure.setState(runtimeId(), 'Limited');
    await operator.poll(key);
    expect(document(operator)).toEqual(was);
  });

  test('a repair that a person asks for is done once, and its token echoed', async () => {
    const operator = new Operator();
    const key = await ready(operator, { repair: { mode: 'Disabled', maxAttempts: 5 } });
    operator.cluster.annotate(key, { repair: 'r1' });
    await operator.poll(key);
    expect(operator.azure.calls.filter((call) => call === 'update')).toHaveLength(1);
    expect(operator.cluster.writes).toEqual(['status']);
    expect(reasons(operator)).toEqual(['RepairStarted']);
    expect(operator.object(key).status.lastHandledRepairAt).toBe('r1');
    expect(operator.object(key).status.repair).toBeUndefined();
    await operator.poll(key);
    expect(operator.azure.calls.filter((call) => call === 'update')).toHaveLength(1);
  });

  test('any write of the definition is the repair that a person asks for', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.annotate(key, { repair: 'r1' });
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    await operator.poll(key);
    await operator.poll(key);
    expect(operator.azure.calls.filter((call) => call === 'update')).toHaveLength(1);
    expect(operator.object(key).status.lastHandledRepairAt).toBe('r1');
  });

  test('a deletion costs a look, a DELETE, the finalizer and one event', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.delete(key);
    expect((await operator.poll(key)).kind).toBe('never');
    expect(operator.azure.calls).toEqual(['read', 'delete']);
    expect(operator.cluster.writes).toEqual(['finalizer']);
    expect(reasons(operator)).toEqual(['Deleted']);
  });

  test('a deletion of a runtime that is gone costs two looks and a DELETE, and is told of meanwhile', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.remove(runtimeId());
    operator.cluster.delete(key);
    expect(await operator.poll(key)).toEqual({ kind: 'after', ms: RUNTIME_GONE_MS });
    expect(operator.summary(key)).toBe('Ready=False Deleting Reconciling');
    operator.now += RUNTIME_GONE_MS - 1_000;
    await operator.poll(key);
    operator.restart();
    operator.now += 1_000;
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['read', 'read', 'read', 'delete']);
    expect(operator.cluster.writes).toEqual(['status', 'finalizer']);
    expect(operator.cluster.events.map(({ message }) => message)).toEqual(['The runtime was already gone.']);
  });

  test('a runtime that Azure denies once is deleted once it is seen again', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    const was = operator.azure.runtimes.get(KEY);
    operator.azure.remove(runtimeId());
    operator.cluster.delete(key);
    await operator.poll(key);
    if (was !== undefined) operator.azure.runtimes.set(KEY, was);
    operator.now += RUNTIME_GONE_MS;
    await operator.poll(key);
    expect(operator.azure.runtimes.size).toBe(0);
    expect(operator.cluster.events.map(({ message }) => message)).toEqual(['The runtime was deleted.']);
  });

  test('a DELETE that denies the runtime which was just read releases nothing', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.delete(key);
    operator.azure.denied.push('delete');
    expect((await operator.poll(key)).kind).toBe('backoff');
    await operator.poll(key);
    expect(operator.azure.runtimes.size).toBe(0);
    expect(operator.azure.calls).toEqual(['read', 'delete', 'read', 'delete']);
    expect(reasons(operator)).toEqual(['Deleted']);
  });

  test('a sighting ends the doubt about a runtime, also one that a failure follows', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.delete(key);
    operator.azure.denied.push('read');
    await operator.poll(key);
    operator.now += MINUTE;
    operator.azure.failing.push({ call: 'delete', failure: FAILURE({ kind: 'unavailable' }) });
    await operator.poll(key);
    operator.now += MINUTE;
    operator.azure.denied.push('read');
    await operator.poll(key);
    expect(operator.cluster.server.has(key)).toBe(true);
    expect(operator.azure.calls.filter((call) => call === 'delete')).toHaveLength(1);
  });

  test('a factory that Azure denies keeps the object for five minutes', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.delete(key);
    operator.azure.parentSays = 'absent';
    operator.azure.removed = ['read', 'delete'];
    for (let minute = 0; minute < 5; minute++) {
      expect(await operator.poll(key)).toEqual({ kind: 'after', ms: MINUTE });
      expect(operator.summary(key)).toBe('Ready=False Deleting Reconciling');
      if (minute === 3) operator.restart();
      operator.now += MINUTE;
    }
    expect(operator.cluster.writes).toEqual(['status']);
    await operator.poll(key);
    expect(operator.cluster.server.has(key)).toBe(false);
    expect(operator.cluster.events.map(({ message }) => message)).toEqual([
      'The runtime went with its factory or resource group.',
    ]);
  });

  test('a factory that is denied on DELETE, and whose runtime is read each time, keeps the object', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.delete(key);
    operator.azure.parentSays = 'absent';
    operator.azure.removed = ['delete'];
    for (let minute = 0; minute < 20; minute++) {
      await operator.poll(key);
      expect(operator.summary(key)).toBe('Ready=False Deleting Reconciling');
      operator.now += MINUTE;
    }
    expect(operator.cluster.writes).toEqual(['status']);
    operator.azure.removed = [];
    await operator.poll(key);
    expect(operator.azure.runtimes.size).toBe(0);
  });

  test('a factory that goes between the look and the DELETE keeps the object for five minutes more', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.delete(key);
    operator.azure.parentSays = 'absent';
    operator.azure.removed = ['delete'];
    await operator.poll(key);
    operator.azure.removed = ['read', 'delete'];
    for (let minute = 0; minute <= 5; minute++) {
      expect(operator.cluster.server.has(key)).toBe(true);
      await operator.poll(key);
      operator.now += MINUTE;
    }
    expect(operator.cluster.server.has(key)).toBe(false);
  });

  test('a factory that is denied and shows itself keeps the object, and the runtime goes once it is seen again', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.delete(key);
    operator.azure.parentSays = 'present';
    operator.azure.removed = ['read', 'delete'];
    for (let minute = 0; minute < 20; minute++) {
      await operator.poll(key);
      expect(operator.summary(key)).toBe('Ready=False Deleting Reconciling');
      operator.now += MINUTE;
    }
    expect(operator.cluster.writes).toEqual(['status']);
    operator.azure.removed = [];
    await operator.poll(key);
    expect(operator.azure.runtimes.size).toBe(0);
    expect(operator.cluster.server.has(key)).toBe(false);
  });

  test('the doubt about a factory begins anew once the runtime was seen', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.delete(key);
    operator.azure.parentSays = 'absent';
    operator.azure.removed = ['read'];
    await operator.poll(key);
    operator.now += 4 * MINUTE;
    operator.azure.removed = [];
    operator.azure.failing.push({ call: 'delete', failure: FAILURE({ kind: 'unavailable' }) });
    await operator.poll(key);
    operator.now += MINUTE;
    operator.azure.removed = ['read'];
    await operator.poll(key);
    expect(operator.cluster.server.has(key)).toBe(true);
    expect(operator.azure.runtimes.size).toBe(1);
  });

  test('letting go of what stays costs no call', async () => {
    const operator = new Operator();
    const key = await ready(operator, { deletionPolicy: 'Retain' });
    operator.cluster.delete(key);
    await operator.poll(key);
    expect(operator.azure.calls).toEqual([]);
    expect(operator.cluster.writes).toEqual(['finalizer']);
    expect(operator.azure.runtimes.size).toBe(1);
  });

  test('a token is acted on afresh once, echoed, and costs nothing afterwards, nor when it is taken off', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.annotate(key, { reconcile: 't1', requestedAt: 'f1' });
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['read', 'state']);
    expect(operator.object(key).status).toMatchObject({
      lastHandledReconcileAt: 'f1',
      lastHandledReconcileToken: 't1',
    });
    await operator.poll(key);
    operator.cluster.annotate(key, { reconcile: undefined, requestedAt: undefined });
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['read', 'state', 'hint', 'state', 'hint', 'state']);
    expect(operator.cluster.writes).toEqual(['status']);
  });
});

describe('an object that is cut off between its own create and its claim', () => {
  /** The create has taken effect, and its answer was lost. */
  async function cutOff(more: Parameters<typeof desired>[0] = {}, faults = ['create']): Promise<[Operator, string]> {
    const operator: Operator = new Operator({
      azure: {
        fault: (call) =>
          faults[0] === call && faults.shift() !== undefined
            ? { when: 'after', failure: FAILURE({ kind: 'unavailable' }) }
            : undefined,
      },
    });
    const key = operator.apply('sample', desired(more));
    await operator.poll(key);
    expect(operator.object(key).status.claim).toBeUndefined();
    expect(operator.azure.runtimes.size).toBe(1);
    operator.azure.calls.length = 0;
    operator.cluster.writes.length = 0;
    return [operator, key];
  }

  test('recognises it when it is deleted, and takes it back: a look, a DELETE, the finalizer', async () => {
    const [operator, key] = await cutOff();
    operator.restart();
    operator.cluster.delete(key);
    expect((await operator.poll(key)).kind).toBe('never');
    expect(operator.azure.calls).toEqual(['read', 'delete']);
    expect(operator.cluster.writes).toEqual(['finalizer']);
    expect(operator.azure.runtimes.size).toBe(0);
    expect(reasons(operator)).toEqual(['Created', 'Deleted']);
  });

  test('waits for one that Azure has only accepted, and takes it back when it is there', async () => {
    const lost = { when: 'after', failure: FAILURE({ kind: 'unavailable' }) } as const;
    const faults = [lost];
    const fault = (call: string) => (call === 'create' ? faults.shift() : undefined);
    const operator = new Operator({ azure: { fault } }, 'accepts');
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    operator.restart();
    operator.cluster.delete(key);
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False Deleting Reconciling');
    operator.azure.goOn();
    operator.now += 10_000;
    await operator.lookTwice(key);
    await operator.lookAgain(key);
    expect(operator.azure.runtimes.size).toBe(0);
    expect(operator.cluster.server.size).toBe(0);
    expect(reasons(operator)).toEqual(['Created', 'Deleted']);
  });

  test('hands it over as one that was created', async () => {
    const [operator, key] = await cutOff();
    const successor = operator.apply('renamed', desired());
    operator.cluster.delete(key);
    await operator.poll(key);
    expect(operator.object(successor)).toMatchObject({
      mark: { origin: 'Created' },
      status: { claim: { origin: 'Created' } },
    });
  });

  test.each([
    ['older', 0],
    ['of the same second', 1],
  ])('keeps it from another that is %s: what it made goes with the last of the two', async (_, createdAt) => {
    const [operator, key] = await cutOff();
    const made = operator.object(key);
    operator.cluster.server.delete(key);
    operator.cluster.create('sample', desired(), { ...made, createdAt: 1 });
    const { key: other } = operator.cluster.create('other', desired(), { createdAt, uid: 'uid-0' });
    operator.restart();
    await operator.poll(other);
    expect(operator.summary(other)).toBe('Ready=False OwnedByAnother Stalled');
    await operator.poll(key);
    expect(operator.object(key).status.claim?.origin).toBe('Created');
    operator.cluster.delete(other);
    operator.cluster.delete(key);
    await operator.poll(key);
    expect(operator.azure.runtimes.size).toBe(0);
  });

  test('is kept when its manifest cannot be understood any more, and says how it can go', async () => {
    const [operator, key] = await cutOff();
    operator.cluster.spoil(key);
    operator.cluster.delete(key);
    await operator.poll(key);
    expect(operator.cluster.server.has(key)).toBe(true);
    expect(condition(operator.object(key).status, 'Ready')?.message).toMatch(/take the finalizer off by hand/);
  });
});

test('a finalizer that came with the object makes nothing ours: the runtime is adopted, marked so, and stays', async () => {
  const operator = new Operator();
  operator.azure.put(runtimeId(), MANAGED('West Europe'));
  const { key } = operator.cluster.create('sample', desired(), { hasFinalizer: true });
  await operator.poll(key);
  expect(operator.object(key)).toMatchObject({ mark: { origin: 'Adopted' }, status: { claim: { origin: 'Adopted' } } });
  expect(operator.cluster.writes).toEqual(['finalizer', 'status']);
  operator.cluster.delete(key);
  await operator.poll(key);
  expect(operator.azure.calls).toEqual(['read', 'state']);
  expect(reasons(operator)).toEqual(['Adopted', 'Retained']);
});

test('an object that is deleted before anybody looked at it goes at once, whatever finalizer it brought', async () => {
  const operator = new Operator();
  operator.azure.put(runtimeId(), MANAGED('West Europe'));
  const { key } = operator.cluster.create('sample', desired({ deletionPolicy: 'Delete' }), { hasFinalizer: true });
  operator.cluster.delete(key);
  await operator.poll(key);
  expect(operator.azure.calls).toEqual([]);
  expect(reasons(operator)).toEqual(['Retained']);
});

test('the mark of an object with a claim is not written again, whoever overwrites it', async () => {
  const operator = new Operator();
  const key = await ready(operator);
  operator.cluster.meddle(key);
  operator.cluster.edit(key, { fields: fieldMap({ location: 'North Europe' }) });
  await operator.poll(key);
  expect(operator.cluster.writes).toEqual(['status']);
  expect(operator.object(key)).toMatchObject({ mark: undefined, status: { claim: { origin: 'Created' } } });
});

describe('at rest', () => {
  const SETTINGS: Record<string, (operator: Operator) => Promise<string>> = {
    'an object in sync': (operator) => ready(operator),
    'an observer of a runtime that differs': async (operator) => {
      operator.azure.put(runtimeId(), MANAGED('North Europe'));
      return ready(operator, { managementPolicy: 'Observe' });
    },
    'an observer of nothing': (operator) => ready(operator, { managementPolicy: 'Observe' }),
    'a refused adoption': async (operator) => {
      operator.azure.put(runtimeId(), MANAGED('North Europe'));
      return ready(operator, { adoptionPolicy: 'Never' });
    },
    'an object that lost its runtime to another': async (operator) => {
      await ready(operator);
      const key = operator.apply('loser', desired());
      await operator.poll(key);
      operator.cluster.writes.length = 0;
      operator.cluster.events.length = 0;
      return key;
    },
    'a runtime of another kind': async (operator) => {
      operator.azure.put(runtimeId(), { type: 'SelfHosted' }, { type: 'SelfHosted' });
      return ready(operator);
    },
    'a runtime that is Limited with repair Disabled': async (operator) => {
      operator.azure.put(runtimeId(), MANAGED('West Europe'), { state: 'Limited' });
      return ready(operator, { repair: { mode: 'Disabled', maxAttempts: 1 } });
    },
    'a suspended object': (operator) => ready(operator, { suspend: true }),
    'an object without credentials': (operator) => {
      operator.access = () => ({ granted: false, message: 'No credentials.' });
      return ready(operator);
    },
    'a runtime in a state that nobody knows': async (operator) => {
      operator.azure.put(runtimeId(), MANAGED('West Europe'), { state: 'Pondering' });
      return ready(operator);
    },
  };
  test.each(Object.entries(SETTINGS))('%s: nothing is written and nothing told', async (_name, set) => {
    const operator = new Operator();
    const key = await set(operator);
    for (let i = 0; i < 5; i++) {
      operator.now += INTERVAL_MS;
      await operator.poll(key);
    }
    expect(operator.cluster.writes).toEqual([]);
    expect(operator.cluster.events).toEqual([]);
    expect(operator.azure.calls.filter((call) => ['create', 'update', 'delete'].includes(call))).toEqual([]);
  });

  test('nor after a restart', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.restart();
    await operator.poll(key);
    expect(operator.cluster.writes).toEqual([]);
  });
});

describe('a stale list never causes a write to Azure, nor an event', () => {
  const quiet = (operator: Operator) => {
    expect(operator.azure.calls.filter((call) => ['create', 'update', 'delete'].includes(call))).toEqual([]);
    expect(operator.cluster.events).toEqual([]);
  };

  test('that shows drift which is none any longer', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    operator.azure.refreshList();
    operator.azure.put(runtimeId(), MANAGED('westeurope'));
    await operator.pass(key);
    expect(operator.azure.calls).toEqual(['hint', 'read', 'state']);
    quiet(operator);
  });

  test('that does not show a runtime which is there', async () => {
    const operator = new Operator();
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    operator.cluster.events.length = 0;
    operator.azure.calls.length = 0;
    await operator.pass(key);
    expect(operator.azure.calls).toEqual(['hint', 'read', 'state']);
    quiet(operator);
    expect(operator.summary(key)).toBe('Ready=True Available');
  });

  test('that shows a runtime which is gone, while the object is being deleted', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.refreshList();
    operator.azure.remove(runtimeId());
    operator.cluster.delete(key);
    operator.cluster.sync();
    await operator.pass(key);
    expect(operator.azure.calls).toEqual(['read']);
    operator.now += RUNTIME_GONE_MS;
    await operator.poll(key);
    expect(reasons(operator)).toEqual(['Deleted']);
  });

  test('that does not show the runtime which an object observes', async () => {
    const operator = new Operator();
    operator.azure.put(runtimeId(), MANAGED('West Europe'));
    const key = operator.apply('sample', desired({ managementPolicy: 'Observe' }));
    operator.cluster.sync();
    await operator.pass(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    await operator.pass(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
  });
});

describe('what interrupts a pass', () => {
  const exhausted = () => Promise.reject(new BudgetExhaustedError('no token'));

  test('waiting in our own budget ends the pass and is never a condition', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    instead(operator, 'hint', exhausted);
    expect(await operator.poll(key)).toEqual({ kind: 'parked', waitsFor: 'tokens' });
    expect(operator.cluster.writes).toEqual([]);
    expect(operator.summary(key)).toBe('Ready=True Available');
  });

  test('what Azure has confirmed before the budget ran out is stored and told', async () => {
    const operator = new Operator();
    const key = operator.apply('sample', desired());
    instead(operator, 'state', exhausted);
    expect(await operator.poll(key)).toEqual({ kind: 'parked', waitsFor: 'tokens' });
    expect(operator.object(key).status).toMatchObject({ claim: { origin: 'Created' }, managedFields: ['location'] });
    expect(operator.object(key).status.conditions).toEqual([]);
    expect(reasons(operator)).toEqual(['Created']);
    operator.access = () => ({ granted: true, identity: IDENTITY, runtimes: operator.azure, budget: UNBOUNDED });
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(operator.azure.calls.filter((call) => call === 'create')).toHaveLength(1);
    expect(reasons(operator)).toEqual(['Created']);
  });

  test('nothing is written once the leadership is lost', async () => {
    const abort = new AbortController();
    const operator = new Operator({ azure: { onRead: () => abort.abort() } });
    const key = operator.apply('sample', desired());
    operator.cluster.sync();
    expect(await operator.pass(key, abort.signal)).toEqual({ kind: 'backoff', baseMs: 500, maxMs: INTERVAL_MS });
    expect(operator.azure.runtimes.size).toBe(0);
    expect(operator.object(key).status).toEqual(EMPTY_STATUS);
  });

  test('a write that was decided on an older manifest is not made, and no status is written', async () => {
    let edit = () => {};
    const operator = new Operator({ azure: { onRead: () => edit() } });
    const key = operator.apply('sample', desired());
    edit = () => {
      operator.cluster.edit(key, { fields: fieldMap({ location: 'North Europe' }) });
      edit = () => {};
    };
    expect(await operator.poll(key)).toMatchObject({ kind: 'backoff', baseMs: 500 });
    expect(operator.azure.runtimes.size).toBe(0);
    expect(operator.object(key).status).toEqual(EMPTY_STATUS);
    await operator.poll(key);
    expect(valueAt(document(operator), 'location')).toBe('North Europe');
  });

  test('a PUT is not even attempted when the watch shows an edit in the last moment', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    const { azure } = operator;
    instead(operator, 'update', (...args: Parameters<Runtimes['update']>) => {
      operator.cluster.edit(key, { fields: fieldMap({ location: 'North Europe' }) });
      operator.cluster.sync();
      return azure.update(...args);
    });
    expect(await operator.poll(key)).toMatchObject({ kind: 'backoff', baseMs: 500 });
    expect(azure.calls).not.toContain('update');
    expect(operator.cluster.writes).toEqual([]);
  });

  test('an edit that the watch has not shown yet stops an update: the server is asked before the PUT', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    operator.azure.refreshList();
    operator.cluster.edit(key, { fields: fieldMap({ location: 'North Europe' }) });
    expect(await operator.pass(key)).toMatchObject({ kind: 'backoff', baseMs: 500 });
    expect(operator.azure.calls).not.toContain('update');
  });

  test('a Retain that the watch has not shown yet stops a deletion: the server is asked before the DELETE', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.delete(key);
    operator.cluster.sync();
    operator.cluster.edit(key, { deletionPolicy: 'Retain' });
    expect(await operator.pass(key)).toMatchObject({ kind: 'backoff', baseMs: 500 });
    expect(operator.azure.calls).not.toContain('delete');
    await operator.poll(key);
    expect(operator.azure.runtimes.size).toBe(1);
    expect(reasons(operator)).toEqual(['Retained']);
  });

  test('a deletion that comes while a write is decided stops the write', async () => {
    let remove = () => {};
    const operator = new Operator({ azure: { onRead: () => remove() } });
    const key = await ready(operator);
    remove = () => operator.cluster.delete(key);
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    await operator.poll(key);
    expect(operator.azure.calls).not.toContain('update');
    remove = () => {};
    await operator.poll(key);
    expect(operator.azure.runtimes.size).toBe(0);
    expect(operator.cluster.server.size).toBe(0);
  });

  test('a document that changed between read and write is looked at again, and nothing is said', async () => {
    let meddle = () => {};
    const operator = new Operator({ azure: { onRead: () => meddle() } });
    const key = await ready(operator);
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    meddle = () => operator.azure.put(runtimeId(), { ...MANAGED('uksouth'), other: 1 });
    expect(await operator.poll(key)).toMatchObject({ kind: 'backoff', baseMs: 500 });
    expect(operator.cluster.writes).toEqual([]);
    expect(operator.cluster.events).toEqual([]);
    meddle = () => {};
    await operator.poll(key);
    expect(document(operator)).toEqual({ ...MANAGED('West Europe'), other: 1 });
  });

  test('errors of the API server are thrown, for the caller to back off', async () => {
    for (const method of ['addFinalizer', 'updateStatus'] as const) {
      const operator = new Operator();
      const key = operator.apply('sample', desired());
      const error = new Error('500 of the API server');
      const object = operator.cluster as { -readonly [K in typeof method]: unknown };
      object[method] = () => Promise.reject(error);
      await expect(operator.poll(key)).rejects.toBe(error);
    }
  });

  test('errors that are nobody’s are thrown too', async () => {
    const operator = new Operator();
    const key = operator.apply('sample', desired());
    const defect = new TypeError('undefined is no function');
    instead(operator, 'read', () => Promise.reject(defect));
    await expect(operator.poll(key)).rejects.toBe(defect);
  });

  test('an object that is not there is nothing', async () => {
    const operator = new Operator();
    expect(await operator.poll('team/none')).toEqual({ kind: 'never' });
    expect(operator.azure.calls).toEqual([]);
    expect(operator.cluster.writes).toEqual([]);
  });

  test('of two objects of one runtime only one is in a pass', async () => {
    const gates: (() => void)[] = [];
    const pause = () => new Promise<void>((resolve) => gates.push(resolve));
    const operator = new Operator({ azure: { pause } });
    const [a, b] = [operator.apply('a', desired()), operator.apply('b', desired())];
    operator.cluster.sync();
    const first = operator.pass(a);
    expect(await operator.pass(b)).toEqual({ kind: 'backoff', baseMs: 500, maxMs: INTERVAL_MS });
    let done = false;
    first.finally(() => {
      done = true;
    });
    while (!done) {
      gates.shift()?.();
      await settled();
    }
    expect(operator.summary(a)).toBe('Ready=True Available');
    expect(operator.cluster.events.map(({ key }) => key)).toEqual([a]);
  });
});

describe('failures of Azure become status', () => {
  const FIRST: Record<Failure['kind'], string> = {
    parentNotFound: 'Ready=False FactoryNotFound Reconciling',
    subscriptionNotFound: 'Ready=False SubscriptionNotFound Reconciling',
    forbidden: 'Ready=False Forbidden Reconciling',
    policyDenied: 'Ready=False PolicyDenied Stalled',
    locked: 'Ready=False Locked Stalled',
    credentialsInvalid: 'Ready=False CredentialsInvalid Stalled',
    credentialUnavailable: 'Ready=Unknown CredentialUnavailable Reconciling',
    refused: 'Ready=False InvalidDefinition Stalled',
    preconditionFailed: 'Ready=undefined',
    throttled: 'Ready=Unknown Throttled Reconciling',
    unavailable: 'Ready=Unknown AzureUnavailable Reconciling',
  };
  test.each(Object.entries(FIRST))('%s of a create', async (kind, summary) => {
    const operator = new Operator({ azure: failing(kind as Failure['kind'], 'create') });
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    expect(operator.summary(key).trim()).toBe(summary);
    const warns = summary.endsWith('Stalled');
    expect(reasons(operator)).toEqual(warns ? [summary.split(' ')[1]] : []);
    expect(operator.object(key).status.claim).toBeUndefined();
    const open = ['unavailable', 'throttled', 'credentialUnavailable'];
    expect(operator.object(key).hasFinalizer).toBe(open.includes(kind));
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
  });

  test('somebody else’s runtime that Azure denies once is not taken for our own', async () => {
    const operator = new Operator();
    operator.azure.put(runtimeId(), MANAGED('West Europe'));
    operator.azure.denied.push('read');
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    expect(operator.object(key)).toMatchObject({ hasFinalizer: false });
    await operator.poll(key);
    expect(operator.object(key).status.claim?.origin).toBe('Adopted');
  });

  test('a create whose answer is lost, and which Azure then denies once, is recognised as our own all the same', async () => {
    const operator = new Operator({ azure: failing('unavailable', 'create', 'after') });
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    operator.azure.denied.push('read');
    await operator.poll(key);
    expect(operator.object(key)).toMatchObject({ hasFinalizer: true, mark: { origin: 'Created' } });
    await operator.poll(key);
    expect(operator.object(key).status.claim?.origin).toBe('Created');
  });

  test('a create whose answer is lost is recognised as our own', async () => {
    const operator = new Operator({ azure: failing('unavailable', 'create', 'after') });
    const key = operator.apply('sample', desired({ adoptionPolicy: 'Never' }));
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=Unknown AzureUnavailable Reconciling');
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(operator.object(key).status.claim?.origin).toBe('Created');
    expect(reasons(operator)).toEqual(['Created']);
  });

  test('a Forbidden object waits ten minutes, then is Stalled, and one Warning is told', async () => {
    const operator = new Operator({
      azure: { fault: () => ({ when: 'before', failure: FAILURE({ kind: 'forbidden' }) }) },
    });
    const key = operator.apply('sample', desired());
    const seen: string[] = [];
    for (let minute = 0; minute <= 14; minute++) {
      await operator.poll(key);
      seen.push(operator.summary(key));
      operator.now += MINUTE;
    }
    expect(seen.indexOf('Ready=False Forbidden Stalled')).toBe(10);
    expect(new Set(seen.slice(10)).size).toBe(1);
    expect(operator.cluster.writes).toEqual(['status', 'status']);
    expect(operator.cluster.events.map(({ type, reason }) => `${type} ${reason}`)).toEqual(['Warning Forbidden']);
  });

  test('an outage is nothing for an interval, then a mark, then nobody knows, and over when it is over', async () => {
    let down = false;
    const operator = new Operator({
      azure: { fault: () => (down ? { when: 'before', failure: FAILURE({ kind: 'unavailable' }) } : undefined) },
    });
    const key = await ready(operator);
    down = true;
    const seen: string[] = [];
    for (let minute = 0; minute < 60; minute++) {
      await operator.poll(key);
      seen.push(operator.summary(key));
      operator.now += MINUTE;
    }
    expect(seen.indexOf('Ready=True Available Reconciling')).toBe(10);
    expect(seen.indexOf('Ready=Unknown AzureUnavailable Reconciling')).toBe(40);
    expect(operator.cluster.writes).toEqual(['status', 'status']);
    expect(operator.cluster.events).toEqual([]);
    down = false;
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(operator.object(key).status.waitingSince).toBeUndefined();
  });

  test('a factory that is denied is nothing for an interval, and then it is told', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.removed = ['hint', 'read', 'state'];
    const seen: string[] = [];
    for (let minute = 0; minute < 20; minute++) {
      await operator.poll(key);
      seen.push(operator.summary(key));
      operator.now += MINUTE;
    }
    expect(seen.indexOf('Ready=False FactoryNotFound Reconciling')).toBe(10);
    expect(operator.cluster.writes).toEqual(['status']);
    operator.azure.removed = [];
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
  });

  test.each(['hint', 'state'])(
    'a factory that is denied once, to a %s, leaves no trace in the status',
    async (call) => {
      const operator = new Operator();
      const key = await ready(operator);
      operator.azure.failing.push({ call, failure: FAILURE({ kind: 'parentNotFound' }) });
      expect((await operator.poll(key)).kind).toBe('backoff');
      await operator.poll(key);
      operator.now += 2 * INTERVAL_MS;
      operator.azure.failing.push({ call, failure: FAILURE({ kind: 'parentNotFound' }) });
      await operator.poll(key);
      await operator.poll(key);
      expect(operator.cluster.writes).toEqual([]);
      expect(reasons(operator)).toEqual([]);
    },
  );

  test('an outage goes on where it was after a restart', async () => {
    let down = false;
    const operator = new Operator({
      azure: { fault: () => (down ? { when: 'before', failure: FAILURE({ kind: 'unavailable' }) } : undefined) },
    });
    const key = await ready(operator);
    down = true;
    for (let minute = 0; minute <= 40; minute++) {
      await operator.poll(key);
      if (minute === 11) operator.restart();
      operator.now += MINUTE;
    }
    expect(operator.summary(key)).toBe('Ready=Unknown AzureUnavailable Reconciling');
  });

  test('a runtime that is being deleted is not let go by a failure', async () => {
    for (const kind of FAILURE_KINDS) {
      const operator = new Operator({ azure: failing(kind, 'delete') });
      const key = await ready(operator);
      operator.cluster.delete(key);
      await operator.poll(key);
      expect({ kind, there: operator.cluster.server.has(key), runtimes: operator.azure.runtimes.size }).toEqual({
        kind,
        there: true,
        runtimes: 1,
      });
      await operator.poll(key);
      expect(operator.cluster.server.has(key)).toBe(false);
    }
  });

  test('a 503 in between does not restart the 30 minutes of Provisioning', async () => {
    let minute = 0;
    const operator = new Operator({
      azure: {
        fault: () => (minute === 20 ? { when: 'before', failure: FAILURE({ kind: 'unavailable' }) } : undefined),
      },
    });
    operator.azure.put(runtimeId(), MANAGED('West Europe'), { state: 'Starting' });
    const key = operator.apply('sample', desired());
    for (; minute <= 30; minute++) {
      await operator.poll(key);
      operator.now += MINUTE;
    }
    expect(operator.summary(key)).toBe('Ready=False Provisioning Stalled');
  });

  test('an edit that meets a 503 first is no drift once it is made', async () => {
    let down = false;
    const operator = new Operator({
      azure: { fault: () => (down ? { when: 'before', failure: FAILURE({ kind: 'unavailable' }) } : undefined) },
    });
    const key = await ready(operator);
    operator.cluster.edit(key, { fields: fieldMap({ location: 'North Europe' }) });
    down = true;
    await operator.poll(key);
    down = false;
    await operator.poll(key);
    expect(valueAt(document(operator), 'location')).toBe('North Europe');
    expect(reasons(operator)).toEqual([]);
  });
});

describe('a contest over a field', () => {
  const contest = async (operator: Operator, key: string, hours: number) => {
    const corrected: number[] = [];
    for (let minute = 0; minute < hours * 60; minute += 10) {
      operator.azure.put(runtimeId(), MANAGED('northeurope'));
      operator.azure.calls.length = 0;
      await operator.poll(key);
      if (operator.azure.calls.includes('update')) corrected.push(minute);
      operator.now += INTERVAL_MS;
    }
    return corrected;
  };

  test('is corrected five times, then ever less often, at last once an hour', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    const corrected = await contest(operator, key, 12);
    expect(corrected.slice(0, 5)).toEqual([0, 10, 20, 30, 40]);
    const waits = corrected.slice(4).map((minute, i) => minute - (corrected[i + 3] ?? 0));
    expect(waits.slice(1, 4)).toEqual([20, 40, 60]);
    expect(new Set(waits.slice(3))).toEqual(new Set([60]));
  });

  test('is told of with a Warning', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    await contest(operator, key, 1);
    const warnings = operator.cluster.events.filter(({ type }) => type === 'Warning');
    expect(warnings.map(({ reason }) => reason)).toEqual(['Contested']);
    expect(warnings[0]?.message).toContain('location (declared "West Europe", found "northeurope")');
  });

  test('is forgotten after two hours of peace', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    await contest(operator, key, 6);
    operator.now += 60 * MINUTE;
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    operator.now += 120 * MINUTE;
    expect(await contest(operator, key, 0.5)).toEqual([0, 10, 20]);
  });
});

describe('repairs over time', () => {
  test('are made at 0, 1, 3, 7 and 15 minutes, and exhausted at 31', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.setState(runtimeId(), 'Limited');
    operator.azure.repairsNeeded = 99;
    const repaired: number[] = [];
    const summaries: string[] = [];
    for (let minute = 0; minute <= 40; minute++) {
      operator.azure.calls.length = 0;
      operator.restart();
      await operator.poll(key);
      if (operator.azure.calls.includes('update')) repaired.push(minute);
      summaries.push(operator.summary(key));
      operator.now += MINUTE;
    }
    expect(repaired).toEqual([0, 1, 3, 7, 15]);
    expect(summaries.indexOf('Ready=False RepairExhausted Stalled')).toBe(31);
    expect(new Set(summaries.slice(0, 31))).toEqual(new Set(['Ready=False Repairing Reconciling']));
    expect(reasons(operator).filter((reason) => reason === 'RepairExhausted')).toHaveLength(1);
    expect(reasons(operator).filter((reason) => reason === 'RepairStarted')).toHaveLength(5);
  });

  test('count anew after an hour of being well, not before', async () => {
    for (const [minutes, attempts] of [
      [59, 2],
      [60, 1],
    ] as const) {
      const operator = new Operator();
      const key = await ready(operator);
      operator.azure.setState(runtimeId(), 'Limited');
      await operator.poll(key);
      operator.now += minutes * MINUTE;
      operator.azure.setState(runtimeId(), 'Limited');
      await operator.poll(key);
      expect(operator.object(key).status.repair?.attempts).toBe(attempts);
    }
  });

  test('a repair that a person asks for helps an object that is exhausted', async () => {
    const operator = new Operator();
    const key = await ready(operator, { repair: { mode: 'Auto', maxAttempts: 1 } });
    operator.azure.setState(runtimeId(), 'Limited');
    operator.azure.repairsNeeded = 2;
    await operator.poll(key);
    operator.now += 2 * MINUTE;
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False RepairExhausted Stalled');
    operator.cluster.annotate(key, { repair: 'r1' });
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(reasons(operator)).toEqual(['RepairStarted', 'RepairExhausted', 'RepairStarted', 'Repaired']);
  });

  test('and what became of them is counted', async () => {
    const operator = new Operator();
    const key = await ready(operator, { repair: { mode: 'Auto', maxAttempts: 1 } });
    operator.azure.setState(runtimeId(), 'Limited');
    await operator.poll(key);
    expect(operator.counted).toEqual(['repair started', 'repair repaired']);
    operator.azure.setState(runtimeId(), 'Limited');
    operator.now += 2 * MINUTE;
    await operator.poll(key);
    expect(operator.counted).toEqual(['repair started', 'repair repaired', 'stalled', 'repair exhausted']);
  });

  test('count anew when the runtime was well for an hour, though it was unwell in another way since', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.setState(runtimeId(), 'Limited');
    await operator.poll(key);
    operator.now += 120 * MINUTE;
    operator.azure.setState(runtimeId(), 'Offline');
    await operator.poll(key);
    operator.now += MINUTE;
    operator.azure.setState(runtimeId(), 'Limited');
    await operator.poll(key);
    expect(operator.object(key).status.repair?.attempts).toBe(1);
  });
});

describe('identities', () => {
  test('an older object that may not reach Azure does not keep another from doing so', async () => {
    const operator = new Operator();
    operator.access = (object) =>
      object.name === 'old'
        ? { granted: false, message: 'No credentials.' }
        : { granted: true, identity: IDENTITY, runtimes: operator.azure, budget: UNBOUNDED };
    operator.apply('old', desired());
    const key = operator.apply('young', desired());
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
  });

  test('an owner that lost its credentials is still the owner', async () => {
    const operator = new Operator();
    await ready(operator);
    operator.access = (object) =>
      object.name === 'sample'
        ? { granted: false, message: 'No credentials.' }
        : { granted: true, identity: IDENTITY, runtimes: operator.azure, budget: UNBOUNDED };
    const other = operator.apply('other', desired());
    await operator.poll(other);
    expect(operator.summary(other)).toBe('Ready=False OwnedByAnother Stalled');
    expect(operator.azure.calls).toEqual([]);
  });

  test('an accepted identity becomes that of the claim, and the annotation is not needed afterwards', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.access = () => ({ granted: true, identity: 'tenant/other', runtimes: operator.azure, budget: UNBOUNDED });
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False CredentialsInvalid Stalled');
    expect(operator.azure.calls).toEqual([]);
    operator.cluster.annotate(key, { acceptIdentity: 'tenant/other' });
    await operator.poll(key);
    operator.cluster.annotate(key, { acceptIdentity: undefined });
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(operator.object(key).status.claim).toEqual({ origin: 'Created', identity: 'tenant/other' });
  });

  test('a runtime that a live object declares is handed over though that object has no credentials yet', async () => {
    const operator = new Operator();
    const old = await ready(operator);
    operator.access = (object) =>
      object.name === 'moved'
        ? { granted: false, message: 'The Secret is not there yet.' }
        : { granted: true, identity: IDENTITY, runtimes: operator.azure, budget: UNBOUNDED };
    operator.apply('moved', desired());
    operator.cluster.delete(old);
    await operator.poll(old);
    expect(operator.azure.runtimes.size).toBe(1);
  });
});

describe('a manifest that cannot be understood', () => {
  const invalid = { spec: { valid: false, problem: 'spec.factory is missing' } } as const;

  test('is InvalidDefinition, costs no call and one status, and is looked at slowly', async () => {
    const operator = new Operator();
    const { key } = operator.cluster.create('sample', desired(), invalid);
    expect(await operator.poll(key)).toEqual({ kind: 'backoff', baseMs: 600_000, maxMs: 3_600_000 });
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False InvalidDefinition Stalled');
    expect(operator.cluster.writes).toEqual(['status']);
    expect(operator.azure.calls).toEqual([]);
    expect(condition(operator.object(key).status, 'Ready')?.message).toBe('spec.factory is missing');
  });

  test('keeps the claim of a runtime that was managed before', async () => {
    const operator = new Operator();
    const { key } = operator.cluster.create('sample', desired(), {
      ...invalid,
      status: { ...EMPTY_STATUS, claim: CREATED },
    });
    await operator.poll(key);
    expect(operator.object(key).status.claim).toEqual(CREATED);
  });

  test('is let go when it is deleted and nothing is claimed', async () => {
    const operator = new Operator();
    const { key } = operator.cluster.create('sample', desired(), { ...invalid, hasFinalizer: true });
    operator.cluster.delete(key);
    expect(await operator.poll(key)).toEqual({ kind: 'never' });
    expect(operator.cluster.server.size).toBe(0);
    expect(operator.azure.calls).toEqual([]);
  });

  test('is kept when it is deleted and has a claim, and says how it can go', async () => {
    const operator = new Operator();
    const status = { ...EMPTY_STATUS, claim: CREATED };
    const { key } = operator.cluster.create('sample', desired(), { ...invalid, hasFinalizer: true, status });
    operator.cluster.delete(key);
    await operator.poll(key);
    expect(operator.cluster.server.has(key)).toBe(true);
    expect(condition(operator.object(key).status, 'Ready')?.message).toMatch(/correct the manifest|finalizer/);
  });

  test('is a terminal reason, and entering it a Warning', async () => {
    const operator = new Operator();
    const { key } = operator.cluster.create('sample', desired(), invalid);
    await operator.poll(key);
    expect(reasons(operator)).toEqual(['InvalidDefinition']);
  });

  test('has times of whole seconds, as every status', async () => {
    const operator = new Operator();
    operator.now += 123;
    const { key } = operator.cluster.create('sample', desired(), invalid);
    await operator.poll(key);
    for (const { lastTransitionTime } of operator.object(key).status.conditions) {
      expect(lastTransitionTime % 1_000).toBe(0);
    }
  });
});

test('times in the status are whole seconds, since that is what Kubernetes keeps', async () => {
  const operator = new Operator();
  operator.now += 123;
  const key = await ready(operator);
  operator.azure.setState(runtimeId(), 'Limited');
  operator.azure.repairsNeeded = 9;
  await operator.poll(key);
  const { conditions, repair, waitingSince } = operator.object(key).status;
  const times = [
    ...conditions.map(({ lastTransitionTime }) => lastTransitionTime),
    repair?.lastAttemptTime ?? 0.5,
    repair?.nextAttemptTime ?? 0.5,
    waitingSince?.time ?? 0.5,
  ];
  for (const time of times) expect(time % 1_000).toBe(0);
});

test('the interval of an object goes before the operator’s own', async () => {
  const operator = new Operator();
  const key = operator.apply('sample', desired({ intervalMs: 60_000 }));
  expect(await operator.poll(key)).toEqual({ kind: 'periodic', ms: 60_000 });
});

test('an observer never holds its object, and keeps its claim for later', async () => {
  const operator = new Operator();
  const key = await ready(operator);
  operator.cluster.edit(key, { managementPolicy: 'Observe' });
  await operator.poll(key);
  expect(operator.object(key)).toMatchObject({ hasFinalizer: false, status: { claim: { origin: 'Created' } } });
  operator.azure.put(runtimeId(), MANAGED('northeurope'));
  operator.azure.calls.length = 0;
  operator.cluster.edit(key, { managementPolicy: 'Manage', adoptionPolicy: 'Never' });
  await operator.poll(key);
  expect(operator.azure.calls).toContain('update');
  expect(operator.object(key)).toMatchObject({ hasFinalizer: true, status: { claim: { origin: 'Created' } } });
});

describe('a runtime that is handed over', () => {
  const handOver = async (operator: Operator) => {
    const old = await ready(operator, { fields: {} });
    const successor = operator.apply('renamed', desired({ adoptionPolicy: 'Never' }));
    await operator.poll(successor);
    operator.cluster.delete(old);
    return { old, successor };
  };
  /** The pass after the heir was watched for a while. */
  const lookAfterwards = async (operator: Operator, old: string) => {
    operator.now += SUCCESSOR_SETTLES_MS;
    await operator.poll(old);
  };

  test('goes with its claim, and the heir is held before the other object is gone', async () => {
    let heirAtTheEnd: ManagedObject | undefined;
    const operator: Operator = new Operator({
      cluster: {
        onGone: () => {
          heirAtTheEnd = operator.object('team/renamed');
        },
      },
    });
    operator.azure.put(runtimeId(), MANAGED('North Europe'));
    const { old, successor } = await handOver(operator);
    operator.azure.calls.length = 0;
    expect(await operator.poll(old)).toEqual({ kind: 'after', ms: SUCCESSOR_SETTLES_MS });
    expect(operator.cluster.server.has(old)).toBe(true);
    await lookAfterwards(operator, old);
    expect(operator.azure.calls).toEqual([]);
    expect(heirAtTheEnd).toMatchObject({
      hasFinalizer: true,
      status: { claim: { origin: 'Adopted', identity: IDENTITY } },
    });
    expect(reasons(operator).at(-1)).toBe('HandedOver');
    await operator.poll(successor);
    expect(operator.summary(successor)).toBe('Ready=True Available');
    expect(valueAt(document(operator), 'location')).toBe('West Europe');
    operator.cluster.delete(successor);
    await operator.poll(successor);
    expect(operator.azure.runtimes.size).toBe(1);
  });

  test('goes with what only the old object declared: the heir sets that back to the default of Azure', async () => {
    const operator = new Operator();
    const old = await ready(operator, { fields: { description: 'of old', location: 'West Europe' } });
    const successor = operator.apply('renamed', desired());
    await operator.poll(successor);
    operator.cluster.delete(old);
    await operator.poll(old);
    expect(valueAt(document(operator), 'description')).toBe('of old');
    await operator.poll(successor);
    expect(valueAt(document(operator), 'description')).toBe('');
    expect(valueAt(document(operator), 'location')).toBe('West Europe');
  });

  test('waits with the heir when the heir changes in that moment', async () => {
    const operator = new Operator();
    const { old, successor } = await handOver(operator);
    operator.cluster.sync();
    operator.cluster.edit(successor, { deletionPolicy: 'Delete' });
    expect(await operator.pass(old)).toMatchObject({ kind: 'backoff', baseMs: 500 });
    expect(operator.cluster.server.has(old)).toBe(true);
    await lookAfterwards(operator, old);
    await lookAfterwards(operator, old);
    expect(operator.cluster.server.has(old)).toBe(false);
    expect(operator.object(successor).status.claim?.origin).toBe('Created');
  });

  test('is deleted by the object that goes when the heir went first, whatever held that', async () => {
    const operator = new Operator();
    const { old, successor } = await handOver(operator);
    await operator.poll(old);
    expect(operator.object(successor)).toMatchObject({ hasFinalizer: true, status: { claim: { origin: 'Created' } } });
    operator.cluster.vanish(successor);
    await lookAfterwards(operator, old);
    expect(operator.azure.runtimes.size).toBe(0);
    expect(operator.cluster.server.has(old)).toBe(false);
    expect(reasons(operator).at(-1)).toBe('Deleted');
  });
});

test('an object that goes from Observe to Manage and is suspended at once is not held', async () => {
  const operator = new Operator();
  const key = await ready(operator);
  operator.cluster.edit(key, { managementPolicy: 'Observe' });
  await operator.poll(key);
  operator.cluster.writes.length = 0;
  operator.cluster.edit(key, { managementPolicy: 'Manage', suspend: true });
  await operator.poll(key);
  expect(operator.object(key).hasFinalizer).toBe(false);
  expect(operator.cluster.writes).toEqual(['status']);
});

describe('a write that Azure accepts and does not make', () => {
  /** Of what is sent only the description is kept. */
  const stubborn = (operator: Operator) => {
    const { azure } = operator;
    instead(operator, 'update', (...[id, { description }, etag, caller]: Parameters<Runtimes['update']>) => {
      const was = document(operator);
      return azure.update(id, description === undefined ? was : { ...was, description }, etag, caller);
    });
  };

  test('is NotApplied, and is neither told nor counted as a correction', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    stubborn(operator);
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False NotApplied Stalled');
    expect(reasons(operator)).toEqual(['DriftDetected', 'NotApplied']);
    expect(operator.counted).toEqual(['detected location', 'stalled']);
    expect(operator.object(key).status.corrections).toEqual([]);
  });

  test('tells of the leaf that was corrected, and of the one that was not', async () => {
    const operator = new Operator();
    const key = await ready(operator, { fields: { location: 'West Europe', description: 'ours' } });
    operator.azure.put(runtimeId(), { ...MANAGED('northeurope'), description: 'theirs' });
    stubborn(operator);
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False NotApplied Stalled');
    const corrected = operator.cluster.events.find(({ reason }) => reason === 'DriftCorrected');
    expect(corrected?.message).toContain('description');
    expect(corrected?.message).not.toContain('location');
    expect(operator.object(key).status.corrections.map(({ field }) => field)).toEqual(['description']);
  });
});

test('drift that was told while it was contested is not told again when it is corrected', async () => {
  const operator = new Operator();
  const key = await ready(operator);
  const summaries: string[] = [];
  const told: string[][] = [];
  for (let i = 0; i < 7; i++) {
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    operator.cluster.events.length = 0;
    await operator.poll(key);
    summaries.push(operator.summary(key));
    told.push(reasons(operator));
    operator.now += INTERVAL_MS;
  }
  expect(summaries[5]).toBe('Ready=False Contested Reconciling');
  expect(told[5]).toEqual(['DriftDetected', 'Contested']);
  expect(summaries[6]).toBe('Ready=True Available');
  expect(told[6]).toEqual(['DriftCorrected']);
});

test('drift that an observer is told of is counted', async () => {
  const operator = new Operator();
  operator.azure.put(runtimeId(), MANAGED('West Europe'));
  const key = await ready(operator, { managementPolicy: 'Observe' });
  operator.azure.put(runtimeId(), MANAGED('northeurope'));
  await operator.poll(key);
  expect(reasons(operator)).toEqual(['DriftDetected']);
  expect(operator.counted).toEqual(['detected location']);
});

describe('what is done on behalf of an object', () => {
  type Case = (operator: Operator) => Promise<string>;
  const URGENCY: Record<string, readonly [Urgency, Case]> = {
    'a new object': ['change', async (operator) => operator.apply('sample', desired())],
    'an object in sync': ['poll', (operator) => ready(operator)],
    'a new observer': [
      'change',
      async (operator) => operator.apply('sample', desired({ managementPolicy: 'Observe' })),
    ],
    'an observer at rest': ['poll', (operator) => ready(operator, { managementPolicy: 'Observe' })],
    'a new generation': [
      'change',
      async (operator) => {
        const key = await ready(operator);
        operator.cluster.edit(key, { deletionPolicy: 'Retain' });
        return key;
      },
    ],
    'a token': [
      'change',
      async (operator) => {
        const key = await ready(operator);
        operator.cluster.annotate(key, { reconcile: 't1' });
        return key;
      },
    ],
    'a repair that a person asks for': [
      'change',
      async (operator) => {
        const key = await ready(operator);
        operator.cluster.annotate(key, { repair: 'r1' });
        return key;
      },
    ],
    'a deletion': [
      'change',
      async (operator) => {
        const key = await ready(operator);
        operator.cluster.delete(key);
        return key;
      },
    ],
    'a deletion that is stuck': [
      'change',
      async (operator) => {
        const key = await ready(operator);
        const runtimes = operator.access;
        operator.cluster.delete(key);
        operator.access = () => ({ granted: false, message: 'No credentials.' });
        await operator.poll(key);
        operator.access = runtimes;
        return key;
      },
    ],
    'an adoption that was refused': [
      'change',
      async (operator) => {
        operator.azure.put(runtimeId(), MANAGED('North Europe'));
        return ready(operator, { adoptionPolicy: 'Never' });
      },
    ],
    'a runtime that is Limited': [
      'repair',
      async (operator) => {
        operator.azure.put(runtimeId(), MANAGED('West Europe'), { state: 'Limited' });
        return ready(operator, { repair: { mode: 'Disabled', maxAttempts: 1 } });
      },
    ],
  };
  test.each(Object.entries(URGENCY))(
    '%s is as urgent as the request budget should take it',
    async (_, [urgency, set]) => {
      const seen = new Set<Urgency>();
      const operator = new Operator({
        azure: {
          fault: (_call, caller) => {
            seen.add(caller.urgency);
            return undefined;
          },
        },
      });
      const key = await set(operator);
      seen.clear();
      await operator.poll(key);
      expect([...seen]).toEqual([urgency]);
    },
  );
});

describe('an object that changes while its pass waits for Azure', () => {
  /** Azure, where calls of this name come to no end unless somebody ends them. */
  function hanging(operator: Operator, name: keyof Runtimes): { under: string[] } {
    const under: string[] = [];
    instead(operator, name, (...args: unknown[]) => {
      under.push(name);
      const { signal } = args.at(-1) as CallContext;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    return { under };
  }

  test.each(['hint', 'state'] as const)('is looked at anew at once, whatever becomes of the %s', async (name) => {
    const operator = new Operator();
    const key = await ready(operator);
    const { under } = hanging(operator, name);
    const superseded = new AbortController();
    const pass = operator.pass(key, undefined, superseded.signal);
    await settled();
    expect(under).toEqual([name]);
    superseded.abort(new Error('changed'));
    expect(await pass).toMatchObject({ kind: 'backoff' });
    expect(operator.cluster.writes).toEqual([]);
  });

  test('and for the answer to a write hears of that first', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    operator.azure.refreshList();
    const { under } = hanging(operator, 'update');
    const [superseded, stop] = [new AbortController(), new AbortController()];
    let isOver = false;
    const pass = operator.pass(key, stop.signal, superseded.signal).catch(() => {
      isOver = true;
    });
    await settled();
    expect(under).toEqual(['update']);
    superseded.abort(new Error('changed'));
    await settled();
    expect(isOver).toBe(false);
    stop.abort(new Error('the end'));
    await pass;
  });
});

describe('what interrupts a pass late', () => {
  const exhausted = () => Promise.reject(new BudgetExhaustedError('no token'));

  test('an adoption without a PUT remembers what is managed, though the pass does not come to its end', async () => {
    const operator = new Operator();
    operator.azure.put(runtimeId(), MANAGED('West Europe'));
    const key = operator.apply('sample', desired());
    instead(operator, 'state', exhausted);
    await operator.poll(key);
    expect(operator.object(key).status).toMatchObject({ claim: { origin: 'Adopted' }, managedFields: ['location'] });
  });

  test('an error of the API server is thrown, though the pass was to be parked', async () => {
    const operator = new Operator();
    const key = operator.apply('sample', desired());
    instead(operator, 'state', exhausted);
    const error = new Error('500 of the API server');
    operator.cluster.updateStatus = () => Promise.reject(error);
    await expect(operator.poll(key)).rejects.toBe(error);
  });

  test('an edit that the watch has not shown yet stops a repair that a person asked for', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.annotate(key, { repair: 'r1' });
    operator.cluster.sync();
    operator.cluster.edit(key, { fields: fieldMap({ location: 'North Europe' }) });
    expect(await operator.pass(key)).toMatchObject({ kind: 'backoff', baseMs: 500 });
    expect(operator.azure.calls).not.toContain('update');
    expect(operator.object(key).status.lastHandledRepairAt).toBeUndefined();
  });

  test('an object that was made anew under the same name is not written for', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    const { azure, cluster } = operator;
    instead(operator, 'update', (...args: Parameters<Runtimes['update']>) => {
      cluster.delete(key);
      cluster.removeFinalizerByHand(key);
      cluster.create('sample', desired());
      cluster.sync();
      return azure.update(...args);
    });
    expect(await operator.poll(key)).toMatchObject({ kind: 'backoff', baseMs: 500 });
    expect(azure.calls).not.toContain('update');
    expect(operator.object(key).status).toEqual(EMPTY_STATUS);
  });

  test('an object that is gone by the time its finalizer is dropped is looked at again', async () => {
    const operator = new Operator();
    operator.apply('older', desired());
    const { key } = operator.cluster.create('sample', desired(), { hasFinalizer: true, createdAt: 1 });
    operator.cluster.sync();
    operator.cluster.delete(key);
    operator.cluster.removeFinalizerByHand(key);
    expect(await operator.pass(key)).toMatchObject({ kind: 'backoff', baseMs: 500 });
    expect(operator.azure.calls).toEqual([]);
  });
});

describe('what is told of a failure', () => {
  /** Azure refuses, or fails, each time as another request. */
  function refusing() {
    const azure = { failure: FAILURE({ kind: 'forbidden' }) as Failure | undefined, requests: 0 };
    const operator = new Operator({
      azure: {
        fault: () => {
          const ids = { request: `r-${++azure.requests}`, correlation: `c-${azure.requests}` };
          return azure.failure === undefined ? undefined : { when: 'before', failure: azure.failure, ids };
        },
      },
    });
    return { azure, operator, key: operator.apply('sample', desired()) };
  }
  const complaints = ({ logged }: Operator) =>
    logged
      .filter(({ message }) => message === 'azure refused or failed')
      .map(({ level, requestId }) => [level, requestId]);
  const messages = (operator: Operator, key: string) =>
    new Set(operator.object(key).status.conditions.map(({ message }) => message));

  test('has the ids of the request that met it first, also when it comes to need a person', async () => {
    const { operator, key } = refusing();
    for (let minute = 0; minute <= 12; minute++) {
      await operator.poll(key);
      operator.now += MINUTE;
    }
    expect(operator.summary(key)).toBe('Ready=False Forbidden Stalled');
    for (const type of ['Ready', 'Stalled'] as const) {
      expect(condition(operator.object(key).status, type)?.message).toMatch(
        /^Azure says forbidden\. \(Azure's request id r-1, correlation id c-1\) Assign a role/,
      );
    }
    expect(operator.cluster.writes).toEqual(['status', 'status']);
    expect(operator.cluster.events.map(({ message }) => message)).toEqual([expect.stringContaining('request id r-1,')]);
  });

  test('has other ids when it is another failure', async () => {
    const { azure, operator, key } = refusing();
    await operator.poll(key);
    azure.failure = FAILURE({ kind: 'forbidden', message: 'No to something else.' });
    await operator.poll(key);
    expect([...messages(operator, key)].join()).toContain('r-2');
    expect([...messages(operator, key)].join()).not.toContain('r-1');
  });

  test('has the ids in a mark on an object that stays Ready, and they are gone when it is over', async () => {
    const { azure, operator, key } = refusing();
    azure.failure = undefined;
    await operator.poll(key);
    azure.failure = FAILURE({ kind: 'unavailable' });
    for (let i = 0; i < 3; i++) {
      operator.now += INTERVAL_MS;
      await operator.poll(key);
    }
    expect(operator.summary(key)).toBe('Ready=True Available Reconciling');
    expect(condition(operator.object(key).status, 'Reconciling')?.message).toContain("(Azure's request id ");
    azure.failure = undefined;
    await operator.poll(key);
    expect([...messages(operator, key)].join()).not.toContain('request id');
  });

  test('is a warning once, and debug for the repetitions, each line with its own ids', async () => {
    const { azure, operator, key } = refusing();
    for (let i = 0; i < 3; i++) await operator.poll(key);
    expect(complaints(operator)).toEqual([
      ['warn', 'r-1'],
      ['debug', 'r-2'],
      ['debug', 'r-3'],
    ]);
    azure.failure = undefined;
    await operator.poll(key);
    azure.failure = FAILURE({ kind: 'forbidden' });
    await operator.poll(key);
    expect(complaints(operator).at(-1)?.[0]).toBe('warn');
  });
});

describe('the end of a pass', () => {
  test('tells that Azure was seen, and when it is to be seen again', async () => {
    const operator = new Operator();
    await operator.poll(operator.apply('sample', desired()));
    expect(operator.isTransient).toEqual([{ observed: true, waits: false, dueMs: INTERVAL_MS }]);
  });

  test('tells that Azure was not seen', async () => {
    const operator = new Operator({
      azure: { fault: () => ({ when: 'before', failure: FAILURE({ kind: 'unavailable' }) }) },
    });
    await operator.poll(operator.apply('sample', desired()));
    expect(operator.isTransient).toMatchObject([{ observed: false, waits: false }]);
  });

  test('tells that the request budget had nothing', async () => {
    const operator = new Operator();
    const key = operator.apply('sample', desired());
    operator.azure.read = () => Promise.reject(new BudgetExhaustedError('no reads left'));
    await operator.poll(key);
    expect(operator.isTransient).toEqual([{ observed: false, waits: true, dueMs: undefined }]);
  });

  test('tells that the object is gone', async () => {
    const operator = new Operator();
    await operator.pass('team/nobody');
    expect(operator.counted).toEqual(['forgotten team/nobody']);
  });
});
