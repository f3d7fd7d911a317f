/** Creating a runtime: what it costs, what is stored before the PUT and after it, and an answer that was lost. */
import { describe, expect, test } from '@jest/globals';
import { condition } from '../../../src/core/model/object.ts';
import { FAILURE } from '../core/builders.ts';
import { desired, fieldMap, runtimeId } from '../model/builders.ts';
import { Operator } from '../model/operator.ts';
import { failing, MANAGED, noting, reasons } from './support.ts';

describe('a create', () => {
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

  test('that meets the runtime of another writer leaves no mark, also where the object was edited meanwhile', async () => {
    const theirs = { type: 'Managed', typeProperties: { computeProperties: { location: 'West Europe' } } };
    const meddle = (call: string) => {
      if (call !== 'create') return undefined;
      operator.azure.put(runtimeId(), theirs);
      operator.cluster.edit('team/sample', { fields: fieldMap({ location: 'North Europe' }) });
      return undefined;
    };
    const operator: Operator = new Operator({ azure: { fault: meddle } });
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    expect(operator.object(key)).toMatchObject({ hasFinalizer: false, mark: undefined });
    await operator.poll(key);
    expect(operator.object(key).status.claim?.origin).toBe('Adopted');
  });

  test('stores the finalizer before the PUT, and the claim after it', async () => {
    const { operator, notes } = noting();
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatchObject({ hasFinalizer: true, status: { ownedFields: [] } });
    expect(notes[0]?.status.claim).toBeUndefined();
    expect(operator.object(key).status.ownedFields).toEqual(['location']);
  });

  test('whose answer is lost, and which Azure then denies once, is recognised as our own all the same', async () => {
    const operator = new Operator({ azure: failing('unavailable', 'create', 'after') });
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    operator.azure.denied.push('read');
    await operator.poll(key);
    expect(operator.object(key)).toMatchObject({ hasFinalizer: true, mark: { origin: 'Created' } });
    await operator.poll(key);
    expect(operator.object(key).status.claim?.origin).toBe('Created');
  });

  test('is recognised as our own when its answer was lost', async () => {
    const operator = new Operator({ azure: failing('unavailable', 'create', 'after') });
    const key = operator.apply('sample', desired({ adoptionPolicy: 'Never' }));
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=Unknown AzureUnavailable Reconciling');
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(operator.object(key).status.claim?.origin).toBe('Created');
    expect(reasons(operator)).toEqual(['Created']);
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

  test('recognises it when it is deleted, and takes it back: a read, a DELETE, the finalizer', async () => {
    const [operator, key] = await cutOff();
    operator.restart();
    operator.cluster.delete(key);
    expect((await operator.poll(key)).kind).toBe('never');
    expect(operator.azure.calls).toEqual(['read', 'delete']);
    expect(operator.cluster.writes).toEqual(['finalizer']);
    expect(operator.azure.runtimes.size).toBe(0);
    expect(reasons(operator)).toEqual(['Created', 'Deleted']);
  });

  test('recognises it also where it was about to adopt another, which is gone', async () => {
    const lost = { when: 'after', failure: FAILURE({ kind: 'unavailable' }) } as const;
    const faults = [lost];
    const fault = (call: string) => (call === 'create' ? faults.shift() : undefined);
    const operator = new Operator({ azure: { fault } });
    const key = operator.apply('sample', desired());
    operator.azure.put(runtimeId(), MANAGED('North Europe'));
    // Its etag is another one when it is written: somebody deletes it.
    operator.azure.failing.push({ call: 'update', failure: FAILURE({ kind: 'preconditionFailed' }) });
    await operator.poll(key);
    expect(operator.object(key).status.ownedFields).toEqual(['location']);
    operator.azure.remove(runtimeId());
    await operator.poll(key);
    await operator.poll(key);
    expect(operator.object(key).status.claim?.origin).toBe('Created');
    expect(reasons(operator)).toEqual(['Created']);
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
    expect(condition(operator.object(key).status, 'Ready')?.message).toMatch(
      /Correct the manifest.*kubectl patch .*finalizers/,
    );
  });
});
