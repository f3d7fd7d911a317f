/** The whole definition through whole passes: whatever Azure has and whatever fails, what is declared is kept and the rest survives. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Failure } from '../../../../src/core/model/failure.ts';
import { differences, type FieldPath, merge, newDocument, valueAt } from '../../../../src/core/model/fields.ts';
import { armKey, type Json, type RuntimeDocument } from '../../../../src/core/model/runtime.ts';
import { desired, runtimeId } from '../../model/builders.ts';
import type { Fault } from '../../model/fake-azure.ts';
import { INTERVAL_MS, Operator } from '../../model/operator.ts';
import { declaration, document, others, propertyPath } from './definition.ts';

const KEY = armKey(runtimeId());
type Declared = ReadonlyMap<FieldPath, Json>;

const failures: readonly Failure[] = [
  { kind: 'unavailable', message: 'Azure is away.', retryAfterMs: 1_000 },
  { kind: 'preconditionFailed', message: 'Somebody else was faster.' },
];
const fault: fc.Arbitrary<Fault | undefined> = fc.option(
  fc.record({ when: fc.constantFrom('before' as const, 'after' as const), failure: fc.constantFrom(...failures) }),
  { nil: undefined },
);
/** What becomes of the calls to come, one after the other; the rest go well. */
const faults = fc.array(fault, { maxLength: 5 });
const start = fc.option(
  document.map((properties): RuntimeDocument => ({ ...properties, type: 'Managed' })),
  { nil: undefined },
);

const declaring = (fields: Declared) => desired({ fields: Object.fromEntries(fields) });

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
  await becomesReady(operator, key, 2);
  expect(operator.azure.calls).toEqual(['hint', 'state', 'hint', 'state']);
  expect(operator.cluster.writes).toEqual([]);
}

test('every leaf is set, corrected and returned to the default, and nothing else is lost on the way', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ start, first: declaration, second: declaration, meanwhile: document, early: faults, late: faults }),
      async ({ start: was, first, second, meanwhile, early, late }) => {
        const queue = [...early];
        const operator = new Operator({ azure: { fault: () => queue.shift() } });
        if (was !== undefined) operator.azure.put(runtimeId(), was);
        const is = () => operator.azure.runtimes.get(KEY)?.document ?? {};
        const touched = [...new Set([...first.keys(), ...second.keys()])];
        const rest = others(was ?? newDocument(first), touched);
        const isAs = async (declared: Declared, passes: number) => {
          await becomesReady(operator, key, passes);
          expect(differences(declared, [], is())).toEqual([]);
          expect(others(is(), touched)).toEqual(rest);
          expect(operator.object(key).status.ownedFields).toEqual([...declared.keys()].sort());
          await isQuiet(operator, key);
        };

        const key = operator.apply('sample', declaring(first));
        await isAs(first, early.length + 2);

        // Somebody else writes a document of theirs, and keeps what this test wants to find again.
        operator.azure.put(runtimeId(), disturbed(is(), meanwhile, [...first.keys()]));
        await isAs(first, 2);

        queue.push(...late);
        operator.cluster.edit(key, { fields: second });
        await isAs(second, late.length + 2);

        operator.cluster.edit(key, { fields: new Map() });
        await isAs(new Map(), 2);
        for (const path of touched) expect(valueAt(is(), path)).toEqual(valueAt({}, path));
      },
    ),
    { numRuns: 150 },
  );
});

/** The document with what another one says of these leaves. */
function disturbed(is: RuntimeDocument, meanwhile: RuntimeDocument, fields: readonly FieldPath[]): RuntimeDocument {
  const theirs = new Map(fields.map((path) => [path, valueAt(meanwhile, path)]));
  const drift = fields.map((field) => ({ field, desired: null, observed: null }));
  return merge(is, drift, theirs);
}

test('metrics name the field of a custom property and not the property, which people name as they like', async () => {
  const operator = new Operator();
  const key = operator.apply('sample', declaring(new Map([[propertyPath('a'), '1']])));
  await becomesReady(operator, key, 1);
  operator.azure.put(runtimeId(), { type: 'Managed' });
  await becomesReady(operator, key, 1);
  expect(operator.counted).toEqual(['detected dataFlow.customProperties', 'corrected dataFlow.customProperties']);
});
