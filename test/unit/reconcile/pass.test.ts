/** What a pass is counted as, and how urgent its requests are. */
import { describe, expect, test } from '@jest/globals';
import { ParkedError, type Urgency } from '../../../src/ports.ts';
import { FAILURE } from '../core/builders.ts';
import { desired, runtimeId } from '../model/builders.ts';
import { INTERVAL_MS, Operator } from '../model/operator.ts';
import { MANAGED, ready } from './support.ts';

describe('a request on behalf of an object', () => {
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
        operator.access = () => ({ granted: false, message: { what: 'No credentials.', remedy: 'Get some.' } });
        await operator.poll(key);
        operator.access = runtimes;
        return key;
      },
    ],
    'an adoption that was refused': [
      'poll',
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
    'is as urgent as the request budget should take it: %s',
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

describe('the end of a pass', () => {
  test('tells that Azure was seen as declared, and when it is to be seen again', async () => {
    const operator = new Operator();
    await operator.poll(operator.apply('sample', desired()));
    expect(operator.ends).toEqual([{ observed: true, isAsDeclared: true, waits: false, dueMs: INTERVAL_MS }]);
  });

  test('tells that Azure was not seen', async () => {
    const operator = new Operator({
      azure: { fault: () => ({ when: 'before', failure: FAILURE({ kind: 'unavailable' }) }) },
    });
    await operator.poll(operator.apply('sample', desired()));
    expect(operator.ends).toMatchObject([{ observed: false, waits: false }]);
  });

  test('tells that the request budget had nothing', async () => {
    const operator = new Operator();
    const key = operator.apply('sample', desired());
    operator.azure.read = () => Promise.reject(new ParkedError('no reads left'));
    await operator.poll(key);
    expect(operator.ends).toEqual([{ observed: false, isAsDeclared: false, waits: true, dueMs: undefined }]);
  });

  test('tells that the object is gone', async () => {
    const operator = new Operator();
    await operator.pass('team/nobody');
    expect(operator.counted).toEqual(['forgotten team/nobody']);
  });
});
