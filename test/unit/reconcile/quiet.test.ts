/** Quiet at rest: what a pass costs that has nothing to do, and what a stale list must not cause. */
import { describe, expect, test } from '@jest/globals';
import { RUNTIME_GONE_MS } from '../../../src/core/schedule.ts';
import { desired, runtimeId } from '../model/builders.ts';
import { INTERVAL_MS, Operator } from '../model/operator.ts';
import { MANAGED, ready, reasons } from './support.ts';

/** The object, after its wait was told. */
async function told(operator: Operator, more: Parameters<typeof ready>[1] = {}): Promise<string> {
  const key = await ready(operator, more);
  operator.now += INTERVAL_MS;
  await operator.poll(key);
  expect(operator.cluster.events).toHaveLength(1);
  operator.cluster.writes.length = 0;
  operator.cluster.events.length = 0;
  return key;
}

describe('an object at rest', () => {
  const SETTINGS: Record<string, (operator: Operator) => Promise<string>> = {
    'an object in sync': (operator) => ready(operator),
    'an observer of a runtime that differs': async (operator) => {
      operator.azure.put(runtimeId(), MANAGED('North Europe'));
      return ready(operator, { managementPolicy: 'Observe' });
    },
    'an observer of nothing': (operator) => told(operator, { managementPolicy: 'Observe' }),
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
      operator.access = () => ({ granted: false, message: { what: 'No credentials.', remedy: 'Get some.' } });
      return ready(operator);
    },
    'a runtime in a state that nobody knows': async (operator) => {
      operator.azure.put(runtimeId(), MANAGED('West Europe'), { state: 'Pondering' });
      return told(operator);
    },
  };

  test('costs the list and the state, and writes nothing', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    expect((await operator.poll(key)).kind).toBe('periodic');
    expect(operator.azure.calls).toEqual(['hint', 'state']);
    expect(operator.cluster.writes).toEqual([]);
  });

  test.each(Object.entries(SETTINGS))('causes no write and no event: %s', async (_name, set) => {
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

  test('causes no write after a restart', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.restart();
    await operator.poll(key);
    expect(operator.cluster.writes).toEqual([]);
  });
});

describe('a stale list', () => {
  const quiet = (operator: Operator) => {
    expect(operator.azure.calls.filter((call) => ['create', 'update', 'delete'].includes(call))).toEqual([]);
    expect(operator.cluster.events).toEqual([]);
  };

  test('causes no write and no event when it shows drift which is none any longer', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    operator.azure.refreshList();
    operator.azure.put(runtimeId(), MANAGED('westeurope'));
    await operator.pass(key);
    expect(operator.azure.calls).toEqual(['hint', 'read', 'state']);
    quiet(operator);
  });

  test('causes no write and no event when it does not show a runtime which is there', async () => {
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

  test('causes no DELETE when it shows a runtime which is gone, while the object is being deleted', async () => {
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

  test('takes nothing from an observer when it does not show the runtime', async () => {
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
