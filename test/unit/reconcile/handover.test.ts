/** Handing a runtime over to another object that declares it, as a rename does. */
import { describe, expect, test } from '@jest/globals';
import { valueAt } from '../../../src/core/model/fields.ts';
import type { ManagedObject } from '../../../src/core/model/object.ts';
import { SUCCESSOR_SETTLES_MS } from '../../../src/core/schedule.ts';
import { desired, runtimeId } from '../model/builders.ts';
import { UNBOUNDED } from '../model/fake-azure.ts';
import { IDENTITY, Operator } from '../model/operator.ts';
import { document, MANAGED, ready, reasons } from './support.ts';

describe('a runtime that is handed over', () => {
  const handOver = async (operator: Operator) => {
    const old = await ready(operator, { fields: {} });
    const successor = operator.apply('renamed', desired({ adoptionPolicy: 'Never' }));
    await operator.poll(successor);
    operator.cluster.delete(old);
    return { old, successor };
  };
  /** The pass after the successor was watched for a while. */
  const lookAfterwards = async (operator: Operator, old: string) => {
    operator.now += SUCCESSOR_SETTLES_MS;
    await operator.poll(old);
  };

  test('goes to its successor, whatever the adoption policy', async () => {
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

  test('goes to a live object that declares it, though that has no credentials yet', async () => {
    const operator = new Operator();
    const old = await ready(operator);
    operator.access = (object) =>
      object.name === 'moved'
        ? { granted: false, message: { what: 'The Secret is not there yet.', remedy: 'Wait.' } }
        : { granted: true, identity: IDENTITY, runtimes: operator.azure, budget: UNBOUNDED };
    operator.apply('moved', desired());
    operator.cluster.delete(old);
    await operator.poll(old);
    expect(operator.azure.runtimes.size).toBe(1);
  });

  test('goes with its claim, and the successor has the finalizer before the other object is gone', async () => {
    let successorAtTheEnd: ManagedObject | undefined;
    const operator: Operator = new Operator({
      cluster: {
        onGone: () => {
          successorAtTheEnd = operator.object('team/renamed');
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
    expect(successorAtTheEnd).toMatchObject({
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

  test('goes with what only the old object declared: the successor sets that back to the default of Azure', async () => {
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

  test('waits with the successor when the successor changes in that moment', async () => {
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

  test('is deleted by the object that goes when the successor went first, whatever finalizer that had', async () => {
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
