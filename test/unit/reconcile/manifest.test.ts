/** What a manifest says: edits, policies, requests by annotation, suspension, and what cannot be understood. */
import { describe, expect, test } from '@jest/globals';
import { valueAt } from '../../../src/core/model/fields.ts';
import { condition, EMPTY_STATUS } from '../../../src/core/model/object.ts';
import { CREATED, FAILURE } from '../core/builders.ts';
import { desired, fieldMap, runtimeId } from '../model/builders.ts';
import { Operator } from '../model/operator.ts';
import { document, MANAGED, noting, ready, reasons } from './support.ts';

describe('an edit', () => {
  test('of a managed leaf costs one PUT and one status, and is no drift', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.edit(key, { fields: fieldMap({ location: 'North Europe' }) });
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['read', 'update', 'state']);
    expect(operator.cluster.writes).toEqual(['status']);
    expect(operator.cluster.events).toMatchObject([
      { type: 'Normal', reason: 'Updated', message: 'Updated location "West Europe" → "North Europe".' },
    ]);
    expect(operator.counted).toEqual([]);
    expect(operator.object(key).status.corrections).toEqual([]);
    expect(operator.summary(key)).toBe('Ready=True Available');
  });

  test('that adds a leaf stores it as managed before the PUT', async () => {
    const { operator, notes } = noting();
    const key = await ready(operator);
    operator.cluster.edit(key, { fields: fieldMap({ location: 'West Europe', description: 'ours' }) });
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['read', 'update', 'state']);
    expect(operator.cluster.writes).toEqual(['status', 'status']);
    expect(notes.at(-1)?.status.ownedFields).toEqual(['description', 'location']);
    expect(notes.at(-1)?.status.observedGeneration).toBe(1);
  });

  test('that removes a managed field returns it to its default', async () => {
    const operator = new Operator();
    const key = await ready(operator, { fields: { location: 'West Europe', description: 'ours' } });
    operator.cluster.edit(key, { fields: fieldMap({}) });
    await operator.poll(key);
    expect(document(operator)).toEqual(MANAGED('AutoResolve'));
    expect(operator.cluster.events.map(({ message }) => message)).toEqual([
      'Updated location "West Europe" → "AutoResolve" (no longer declared); description "ours" → "" (no longer declared).',
    ]);
    expect(operator.object(key).status.ownedFields).toEqual([]);
  });

  test('of policies alone costs a fresh read and one status', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.edit(key, { deletionPolicy: 'Retain' });
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['read', 'state']);
    expect(operator.cluster.writes).toEqual(['status']);
    expect(reasons(operator)).toEqual([]);
  });

  test('that meets a 503 first is no drift once it is made', async () => {
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
    expect(reasons(operator)).toEqual(['Updated']);
  });
});

describe('a request to reconcile', () => {
  test('is acted on afresh once, echoed, and costs nothing afterwards, nor when it is taken off', async () => {
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

describe('a suspended object', () => {
  test('stays Ready when what it declares was in sync, and causes no call', async () => {
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

  test('gets no finalizer, though it has just gone from Observe to Manage', async () => {
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
});

describe('an observer', () => {
  test('has no finalizer, and keeps its claim for later', async () => {
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
});

describe('the interval of an object', () => {
  test('goes before the operator’s own', async () => {
    const operator = new Operator();
    const key = operator.apply('sample', desired({ intervalMs: 60_000 }));
    expect(await operator.poll(key)).toEqual({ kind: 'periodic', ms: 60_000 });
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
    expect(condition(operator.object(key).status, 'Ready')?.message).toBe(
      'Invalid spec: spec.factory is missing. Correct the manifest and apply it again.',
    );
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
