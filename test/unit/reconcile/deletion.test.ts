/** Deleting an object: what goes with it and what stays, and how long an absence is doubted. */
import { describe, expect, test } from '@jest/globals';
import { condition } from '../../../src/core/model/object.ts';
import { MINUTE, RUNTIME_GONE_MS, SUCCESSOR_SETTLES_MS } from '../../../src/core/schedule.ts';
import { FAILURE, FAILURE_KINDS } from '../core/builders.ts';
import { desired, runtimeId } from '../model/builders.ts';
import { Operator } from '../model/operator.ts';
import { failing, KEY, MANAGED, ready, reasons } from './support.ts';

/** What is left of an object whose runtime was let go. */
const RELEASED = {
  observedGeneration: 2,
  ownedFields: [],
  drift: [],
  corrections: [],
  resourceId: expect.any(String),
  conditions: [expect.anything(), expect.anything(), expect.anything()],
};

describe('an object that the finalizer of another keeps', () => {
  const kept = async (more: Parameters<typeof desired>[0] = {}) => {
    const operator = new Operator();
    const { key } = operator.cluster.create('sample', desired(more), { hasOtherFinalizers: true });
    await operator.poll(key);
    operator.cluster.writes.length = 0;
    operator.cluster.events.length = 0;
    return { operator, key };
  };

  test.each<[string, Parameters<typeof desired>[0], string]>([
    ['was deleted', {}, 'Deleted'],
    ['stays', { deletionPolicy: 'Retain' }, 'Retained'],
  ])('says that its runtime %s, and holds nothing any more', async (_, more, reason) => {
    const { operator, key } = await kept(more);
    operator.cluster.delete(key);
    expect((await operator.poll(key)).kind).toBe('never');
    expect(operator.summary(key)).toBe(`Ready=False ${reason}`);
    expect(operator.object(key).status).toEqual(RELEASED);
    expect(operator.cluster.writes).toEqual(['finalizer', 'status']);
    expect(reasons(operator)).toEqual([reason]);
    operator.restart();
    await operator.poll(key);
    expect(operator.cluster.writes).toEqual(['finalizer', 'status']);
    expect(reasons(operator)).toEqual([reason]);
  });

  test('says who took its runtime over', async () => {
    const { operator, key } = await kept();
    operator.apply('heir', desired());
    operator.cluster.delete(key);
    await operator.poll(key);
    operator.now += SUCCESSOR_SETTLES_MS;
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False HandedOver');
    expect(operator.object(key).status).toEqual(RELEASED);
    expect(operator.azure.runtimes.size).toBe(1);
  });

  test('says so also where it held nothing', async () => {
    const operator = new Operator();
    operator.azure.put(runtimeId(), MANAGED('West Europe'));
    const observer = desired({ managementPolicy: 'Observe' });
    const { key } = operator.cluster.create('sample', observer, { hasOtherFinalizers: true });
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    operator.cluster.delete(key);
    for (let pass = 0; pass < 2; pass++) await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False Retained');
    expect(reasons(operator)).toEqual(['Retained']);
    expect(operator.azure.runtimes.size).toBe(1);
  });

  test('and that nobody can understand says so, and stays so', async () => {
    const { operator, key } = await kept({ managementPolicy: 'Observe' });
    operator.cluster.spoil(key);
    operator.cluster.meddle(key);
    operator.cluster.delete(key);
    for (let pass = 0; pass < 2; pass++) await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False Retained');
  });

  test('says that it is not known what became of its runtime where another writer took our finalizer off', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    const { status } = operator.object(key);
    operator.cluster.vanish(key);
    const { key: again } = operator.cluster.create('sample', desired(), { hasOtherFinalizers: true, status });
    operator.cluster.delete(again);
    operator.cluster.writes.length = 0;
    operator.azure.calls.length = 0;
    for (let pass = 0; pass < 2; pass++) await operator.poll(again);
    expect(operator.summary(again)).toBe('Ready=False Retained');
    expect(condition(operator.object(again).status, 'Ready')?.message).toContain('not known');
    expect(operator.object(again).status).toEqual(RELEASED);
    expect(operator.azure.calls).toEqual([]);
    expect(operator.cluster.writes).toEqual(['status']);
    expect(reasons(operator)).toEqual(['Retained']);
  });

  describe('and whose status is not written once our finalizer is off', () => {
    const interrupted = async (more: Parameters<typeof desired>[0]) => {
      let faults = 1;
      const fault = () => (deleting() && faults-- > 0 ? ('before' as const) : undefined);
      const operator: Operator = new Operator({ cluster: { fault } });
      const { key } = operator.cluster.create('sample', desired(more), { hasOtherFinalizers: true });
      const deleting = () => operator.cluster.server.get(key)?.deleting && !operator.object(key).hasFinalizer;
      await operator.poll(key);
      operator.cluster.writes.length = 0;
      operator.cluster.events.length = 0;
      return { operator, key };
    };

    test('does not say for ever what it said before', async () => {
      for (const isWaiting of [false, true]) {
        const { operator, key } = await interrupted({});
        if (isWaiting) operator.azure.remove(runtimeId());
        operator.cluster.delete(key);
        if (isWaiting) {
          await operator.poll(key);
          expect(operator.summary(key)).toBe('Ready=False Deleting Reconciling');
          operator.now += RUNTIME_GONE_MS;
          operator.cluster.writes.length = 0;
        }
        await expect(operator.poll(key)).rejects.toThrow();
        expect(operator.cluster.writes).toEqual(['finalizer']);
        operator.restart();
        for (let pass = 0; pass < 2; pass++) expect((await operator.poll(key)).kind).toBe('never');
        expect(operator.summary(key)).toBe('Ready=False Retained');
        expect(operator.object(key).status.claim).toBeUndefined();
        expect(operator.cluster.writes).toEqual(['finalizer', 'status']);
        expect(reasons(operator)).toEqual(['Retained']);
      }
    });

    test('is told of by one event, whatever it held', async () => {
      const { operator, key } = await interrupted({ managementPolicy: 'Observe' });
      operator.cluster.delete(key);
      await expect(operator.poll(key)).rejects.toThrow();
      for (let pass = 0; pass < 2; pass++) await operator.poll(key);
      expect(operator.cluster.writes).toEqual(['status']);
      expect(reasons(operator)).toEqual(['Retained']);
    });
  });
});

describe('a deletion', () => {
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

  test('costs a read, a DELETE, the finalizer and one event', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.delete(key);
    expect((await operator.poll(key)).kind).toBe('never');
    expect(operator.azure.calls).toEqual(['read', 'delete']);
    expect(operator.cluster.writes).toEqual(['finalizer']);
    expect(reasons(operator)).toEqual(['Deleted']);
  });

  test('costs no call when the runtime stays', async () => {
    const operator = new Operator();
    const key = await ready(operator, { deletionPolicy: 'Retain' });
    operator.cluster.delete(key);
    await operator.poll(key);
    expect(operator.azure.calls).toEqual([]);
    expect(operator.cluster.writes).toEqual(['finalizer']);
    expect(operator.azure.runtimes.size).toBe(1);
  });

  test('is over at once when no pass has seen the object, whatever finalizer it brought', async () => {
    const operator = new Operator();
    operator.azure.put(runtimeId(), MANAGED('West Europe'));
    const { key } = operator.cluster.create('sample', desired({ deletionPolicy: 'Delete' }), { hasFinalizer: true });
    operator.cluster.delete(key);
    await operator.poll(key);
    expect(operator.azure.calls).toEqual([]);
    expect(reasons(operator)).toEqual(['Retained']);
  });

  test('is not given up because of a failure', async () => {
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
});

describe('a deletion of a runtime that Azure denies', () => {
  test('costs two reads and a DELETE, and is told meanwhile', async () => {
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

  test('deletes the runtime once it is seen again', async () => {
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

  test('releases nothing when only the DELETE denies what was just read', async () => {
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

  test('doubts anew after a sighting, also one that a failure follows', async () => {
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
});

describe('a deletion whose factory Azure denies', () => {
  test('keeps the object for five minutes', async () => {
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
    expect(operator.cluster.writes).toEqual(['status', 'status']);
    await operator.poll(key);
    expect(operator.cluster.server.has(key)).toBe(false);
    expect(operator.cluster.events).toMatchObject([
      {
        type: 'Warning',
        reason: 'DeletionWaits',
        message: expect.stringContaining('The object goes once Azure has said so'),
      },
      { type: 'Normal', message: 'The runtime was deleted together with its factory or resource group.' },
    ]);
  });

  test('keeps the object when only the DELETE denies it, and the runtime is read each time', async () => {
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
    expect(operator.cluster.writes).toEqual(['status', 'status']);
    operator.azure.removed = [];
    await operator.poll(key);
    expect(operator.azure.runtimes.size).toBe(0);
  });

  test('keeps the object for five minutes more when the factory goes between the read and the DELETE', async () => {
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

  test('keeps the object when the factory shows itself, and deletes the runtime once it is seen again', async () => {
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
    expect(operator.cluster.writes).toEqual(['status', 'status']);
    operator.azure.removed = [];
    await operator.poll(key);
    expect(operator.azure.runtimes.size).toBe(0);
    expect(operator.cluster.server.has(key)).toBe(false);
  });

  test('doubts anew once the runtime was seen', async () => {
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
});
