/** What a plan announces is what the operator then does to Azure, write by write: nothing else, and nothing less. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { check } from '../../../src/cli/manifests/validate.ts';
import { type Change, type Plan, writes } from '../../../src/cli/plan/change.ts';
import { makePlan, type Reads } from '../../../src/cli/plan/plan.ts';
import { type FieldPath, valueAt } from '../../../src/core/model/fields.ts';
import { armKey, type JsonObject, type RuntimeId } from '../../../src/core/model/runtime.ts';
import { FACTORY } from '../../integration/support/manifest.ts';
import type { AzureWrite, FakeAzure } from '../model/fake-azure.ts';
import { IDENTITY, Operator } from '../model/operator.ts';

const RUNTIMES = ['ir-a', 'ir-b', 'ir-c'];
const LOCATIONS = ['West Europe', 'northeurope', 'AutoResolve'];
const idOf = (name: string): RuntimeId => ({ parent: { kind: 'factory', ...FACTORY }, name });

interface Spec {
  readonly azureName: string;
  readonly [field: string]: unknown;
}

const spec = (azureName: string): fc.Arbitrary<Spec> =>
  fc
    .record(
      {
        location: fc.constantFrom(...LOCATIONS),
        description: fc.constantFrom('', 'One.', 'Two.'),
        dataFlow: fc.record({ coreCount: fc.constantFrom(8, 16), cleanup: fc.boolean() }, { requiredKeys: [] }),
        managementPolicy: fc.constantFrom('Manage', 'Manage', 'Manage', 'Observe'),
        adoptionPolicy: fc.constantFrom('Always', 'IfIdentical', 'Never'),
        deletionPolicy: fc.constantFrom('DeleteIfCreated', 'Delete', 'Retain'),
        suspend: fc.constantFrom(false, false, false, true),
      },
      { requiredKeys: [] },
    )
    .map((fields) => ({ azureName, factory: FACTORY, ...fields }));

const document = fc
  .record({
    location: fc.constantFrom(...LOCATIONS),
    coreCount: fc.constantFrom(8, 16, undefined),
    description: fc.constantFrom('One.', undefined),
  })
  .map(
    ({ location, coreCount, description }): JsonObject => ({
      type: 'Managed',
      foreign: true,
      ...(description === undefined ? {} : { description }),
      typeProperties: {
        computeProperties: { location, ...(coreCount === undefined ? {} : { dataFlowProperties: { coreCount } }) },
      },
    }),
  );

/** What Azure has under each name. */
const found = fc.tuple(...RUNTIMES.map(() => fc.option(document, { nil: undefined })));
/** The objects by name, each of its runtime; several may share one. */
const manifests = fc
  .tuple(...RUNTIMES.map((name) => fc.option(spec(name), { nil: undefined })))
  .map((specs) => new Map(specs.flatMap((each, i) => (each === undefined ? [] : [[`object-${i}`, each] as const]))));

const checked = (specs: ReadonlyMap<string, Spec>) =>
  check(
    [...specs].map(([name, each]) => ({
      raw: {
        apiVersion: 'azure-ir.io/v1beta1',
        kind: 'AzureIntegrationRuntime',
        metadata: { name, namespace: 'team' },
        spec: each,
      },
      source: { file: 'all.yaml', line: 1 },
    })),
    'team',
  );

function reads(azure: FakeAzure): Reads {
  return {
    identity: IDENTITY,
    credential: '',
    reads: 0,
    list: async () => ({
      runtimes: RUNTIMES.flatMap((name) => {
        const stored = azure.runtimes.get(armKey(idOf(name)));
        return stored === undefined ? [] : [{ name, type: stored.type, document: stored.document, etag: stored.etag }];
      }),
      unparsed: [],
    }),
    state: async () => undefined,
    hasParent: async () => true,
    hasNetwork: async () => false,
  };
}

const planOf = (azure: FakeAzure, wanted: ReadonlyMap<string, Spec>, base?: ReadonlyMap<string, Spec>): Promise<Plan> =>
  makePlan({
    wanted: checked(wanted),
    base: base === undefined ? undefined : checked(base),
    live: undefined,
    azure: reads(azure),
    readsState: false,
    policies: [],
    ignored: 0,
    errors: [],
    now: Date.UTC(2026, 0, 1),
  });

function world() {
  const done: AzureWrite[] = [];
  const operator = new Operator({ azure: { onWrite: (write) => void done.push(write) } });
  const apply = (specs: ReadonlyMap<string, Spec>): void => {
    for (const each of checked(specs)) {
      if (!each.valid) throw new Error(each.problems.join());
      const key = `team/${each.name}`;
      if (operator.cluster.server.has(key)) operator.cluster.edit(key, each.desired);
      else operator.apply(each.name, each.desired);
    }
  };
  /** Until nothing is left to do. */
  const converge = async (): Promise<void> => {
    for (let round = 0; round < 4; round++) {
      for (const key of [...operator.cluster.server.keys()]) await operator.lookAgain(key);
    }
  };
  return { operator, done, apply, converge };
}

const KINDS: Partial<Record<Change['action'], AzureWrite['kind']>> = {
  create: 'create',
  update: 'update',
  adopt: 'update',
  delete: 'delete',
};
const runtimeOf = ({ runtime = '' }: Change): string => runtime.toLowerCase();

function expectAnnounced(plan: Plan, done: readonly AzureWrite[], azure: FakeAzure): void {
  const told = (certain: boolean) =>
    plan.changes
      .filter((change) => writes(change) && (!certain || change.certain))
      .map((change) => `${KINDS[change.action]} ${runtimeOf(change)}`);
  const made = done.map(({ kind, key }) => `${kind} ${key}`);
  for (const each of made) expect(told(false)).toContain(each);
  for (const each of told(true)) expect(made).toContain(each);
  expect(new Set(made).size).toBe(made.length);
  for (const change of plan.changes.filter(writes)) {
    const after = azure.runtimes.get(runtimeOf(change))?.document;
    if (change.action === 'delete' || after === undefined) continue;
    for (const field of change.fields)
      expect([field.path, valueAt(after, field.path as FieldPath)]).toEqual([field.path, field.after]);
  }
}

const RUNS = { numRuns: 100 };

test('of new objects', async () => {
  await fc.assert(
    fc.asyncProperty(found, manifests, async (documents, wanted) => {
      const { operator, done, apply, converge } = world();
      for (const [i, each] of documents.entries())
        if (each !== undefined) operator.azure.put(idOf(RUNTIMES[i] ?? ''), each);
      const plan = await planOf(operator.azure, wanted);
      apply(wanted);
      await converge();
      expectAnnounced(plan, done, operator.azure);
    }),
    RUNS,
  );
});

test('of objects that were there before, after somebody has changed Azure', async () => {
  await fc.assert(
    fc.asyncProperty(
      found,
      manifests,
      manifests,
      found,
      fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
      async (documents, base, wanted, later, drifts) => {
        const { operator, done, apply, converge } = world();
        for (const [i, each] of documents.entries())
          if (each !== undefined) operator.azure.put(idOf(RUNTIMES[i] ?? ''), each);
        apply(base);
        await converge();
        // The assumption of a plan that knows no cluster: what was managed before is claimed.
        const isAsAssumed = [...base].every(
          ([name, each]) =>
            each.managementPolicy === 'Observe' || operator.object(`team/${name}`).status.claim !== undefined,
        );
        fc.pre(isAsAssumed);
        for (const [i, isChanged] of drifts.entries()) {
          const name = RUNTIMES[i] ?? '';
          const each = later[i];
          if (!isChanged) continue;
          if (each === undefined) operator.azure.remove(idOf(name));
          else operator.azure.put(idOf(name), each);
        }
        done.length = 0;
        const plan = await planOf(operator.azure, wanted, base);
        for (const name of base.keys()) if (!wanted.has(name)) operator.cluster.delete(`team/${name}`);
        apply(wanted);
        await converge();
        expectAnnounced(plan, done, operator.azure);
      },
    ),
    RUNS,
  );
});
