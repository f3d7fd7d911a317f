/** Whatever Azure has to begin with, and whatever fails on the way: passes converge, lose nothing, and then are quiet. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { differences, merge, newDocument } from '../../../src/core/model/fields.ts';
import { armKey, type RuntimeDocument } from '../../../src/core/model/runtime.ts';
import { desired, runtimeId } from '../model/builders.ts';
import type { Fault } from '../model/fake-azure.ts';
import { INTERVAL_MS, Operator } from '../model/operator.ts';
import { declaration, document, isTouched, leaves } from './arbitraries.ts';
import { FAILURE, FAILURE_KINDS } from './builders.ts';

const KEY = armKey(runtimeId());

const fault: fc.Arbitrary<Fault | undefined> = fc.option(
  fc.record({
    when: fc.constantFrom('before' as const, 'after' as const),
    failure: fc.constantFrom(...FAILURE_KINDS).map((kind) => FAILURE({ kind })),
  }),
  { nil: undefined },
);
/** What becomes of the calls to come, one after the other; the rest go well. */
const faults = fc.array(fault, { maxLength: 6 });
const start = fc.option(
  document.map((properties): RuntimeDocument => ({ ...properties, type: 'Managed' })),
  { nil: undefined },
);

async function becomesReady(operator: Operator, key: string, passes: number): Promise<void> {
  for (let i = 0; i < passes; i++) {
    operator.now += INTERVAL_MS;
    await operator.poll(key);
  }
  expect(operator.summary(key)).toBe('Ready=True Available');
}

async function isQuiet(operator: Operator, key: string): Promise<void> {
  operator.azure.calls.length = 0;
  operator.cluster.writes.length = 0;
  operator.cluster.events.length = 0;
  for (let i = 0; i < 3; i++) {
    operator.now += INTERVAL_MS;
    await operator.poll(key);
  }
  expect(operator.azure.calls).toEqual(['hint', 'state', 'hint', 'state', 'hint', 'state']);
  expect(operator.cluster.writes).toEqual([]);
  expect(operator.cluster.events).toEqual([]);
}

test('a runtime becomes as declared, keeps what is not managed, and is then left alone', async () => {
  await fc.assert(
    fc.asyncProperty(start, declaration, faults, declaration, faults, async (was, first, early, second, late) => {
      const queue = [...early];
      const operator = new Operator({ azure: { fault: () => queue.shift() } });
      if (was !== undefined) operator.azure.put(runtimeId(), was);
      const is = () => operator.azure.runtimes.get(KEY)?.document ?? {};

      const key = operator.apply('sample', desired({ fields: Object.fromEntries(first) }));
      await becomesReady(operator, key, early.length + 2);
      expect(differences(first, [], is())).toEqual([]);
      expect(operator.object(key).status.ownedFields).toEqual([...first.keys()].sort());
      const made = was ?? newDocument(first);
      const others = (of: RuntimeDocument) =>
        leaves(of).filter(([path]) => !isTouched(path, [...first.keys(), ...second.keys()]));
      expect(others(is())).toEqual(others(made));
      await isQuiet(operator, key);

      queue.push(...late);
      operator.cluster.edit(key, { fields: second });
      await becomesReady(operator, key, late.length + 2);
      expect(differences(second, [...first.keys()], is())).toEqual([]);
      expect(operator.object(key).status.ownedFields).toEqual([...second.keys()].sort());
      expect(others(is())).toEqual(others(made));
      await isQuiet(operator, key);
    }),
    { numRuns: 300 },
  );
});

test('what is not managed is kept to the letter when a runtime is adopted', async () => {
  await fc.assert(
    fc.asyncProperty(document, declaration, async (properties, fields) => {
      const was: RuntimeDocument = { ...properties, type: 'Managed' };
      const operator = new Operator();
      operator.azure.put(runtimeId(), was);
      await operator.poll(operator.apply('sample', desired({ fields: Object.fromEntries(fields) })));
      const expected = merge(was, differences(fields, [], was), fields);
      expect(JSON.stringify(operator.azure.runtimes.get(KEY)?.document)).toBe(JSON.stringify(expected));
    }),
  );
});
