/** Adopting a runtime that was there before its object: what it costs, and what is stored before the PUT and after it. */
import { describe, expect, test } from '@jest/globals';
import { valueAt } from '../../../src/core/model/fields.ts';
import { desired, fieldMap, runtimeId } from '../model/builders.ts';
import { Operator } from '../model/operator.ts';
import { document, exhausted, instead, MANAGED, noting, ready, reasons } from './support.ts';

describe('a runtime that was there before its object', () => {
  test('is adopted without a write to Azure when it is as declared', async () => {
    const operator = new Operator();
    operator.azure.put(runtimeId(), MANAGED('westeurope'));
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['read', 'state']);
    expect(operator.cluster.writes).toEqual(['finalizer', 'status']);
    expect(reasons(operator)).toEqual(['Adopted']);
    expect(operator.object(key)).toMatchObject({
      hasFinalizer: true,
      status: { claim: { origin: 'Adopted', identity: 'tenant/client' }, ownedFields: ['location'] },
    });
    expect(valueAt(document(operator), 'location')).toBe('westeurope');
  });

  test('is adopted with one PUT when it differs: the fields and the finalizer are stored before it, the claim after', async () => {
    const { operator, notes } = noting();
    operator.azure.put(runtimeId(), { ...MANAGED('North Europe'), description: 'theirs' });
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['read', 'update', 'state']);
    expect(operator.cluster.writes).toEqual(['status', 'finalizer', 'status']);
    expect(reasons(operator)).toEqual(['Adopted']);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatchObject({ hasFinalizer: true, status: { ownedFields: ['location'] } });
    expect(notes[0]?.status.claim).toBeUndefined();
    expect(document(operator)).toEqual({ ...MANAGED('West Europe'), description: 'theirs' });
    expect(operator.summary(key)).toBe('Ready=True Available');
  });

  test('is adopted, not taken for our own, when Azure denied it once', async () => {
    const operator = new Operator();
    operator.azure.put(runtimeId(), MANAGED('West Europe'));
    operator.azure.denied.push('read');
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    expect(operator.object(key)).toMatchObject({ hasFinalizer: false });
    await operator.poll(key);
    expect(operator.object(key).status.claim?.origin).toBe('Adopted');
  });

  test('is adopted with what is managed, though the pass does not come to its end', async () => {
    const operator = new Operator();
    operator.azure.put(runtimeId(), MANAGED('West Europe'));
    const key = operator.apply('sample', desired());
    instead(operator, 'state', exhausted);
    await operator.poll(key);
    expect(operator.object(key).status).toMatchObject({ claim: { origin: 'Adopted' }, ownedFields: ['location'] });
  });

  test('is adopted, marked so, and stays, though the object came with a finalizer', async () => {
    const operator = new Operator();
    operator.azure.put(runtimeId(), MANAGED('West Europe'));
    const { key } = operator.cluster.create('sample', desired(), { hasFinalizer: true });
    await operator.poll(key);
    expect(operator.object(key)).toMatchObject({
      mark: { origin: 'Adopted' },
      status: { claim: { origin: 'Adopted' } },
    });
    expect(operator.cluster.writes).toEqual(['finalizer', 'status']);
    operator.cluster.delete(key);
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['read', 'state']);
    expect(reasons(operator)).toEqual(['Adopted', 'Retained']);
  });

  test('is one that was created, once it was gone and was created again', async () => {
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
});

describe('the mark of an object with a claim', () => {
  test('is not written again, whoever overwrites it', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.meddle(key);
    operator.cluster.edit(key, { fields: fieldMap({ location: 'North Europe' }) });
    await operator.poll(key);
    expect(operator.cluster.writes).toEqual(['status']);
    expect(operator.object(key)).toMatchObject({ mark: undefined, status: { claim: { origin: 'Created' } } });
  });
});
