/** What a plan announces is what the operator then does to Azure, write by write: nothing else, and nothing less. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { check } from '../../../src/cli/manifests/validate.ts';
import { type Change, type Plan, writes } from '../../../src/cli/plan/change.ts';
import { makePlan, type Reads } from '../../../src/cli/plan/plan.ts';
import { type FieldPath, valueAt } from '../../../src/core/model/fields.ts';
import { armKey, type JsonObject, type Parent, parentKey, type RuntimeId } from '../../../src/core/model/runtime.ts';
import { FACTORY, WORKSPACE } from '../../integration/support/manifest.ts';
import type { AzureWrite, FakeAzure } from '../model/fake-azure.ts';
import { IDENTITY, Operator } from '../model/operator.ts';

const RUNTIMES = ['ir-a', 'ir-b', 'ir-c'];
const LOCATIONS = ['West Europe', 'northeurope', 'AutoResolve'];
/** The last is in a workspace. */
const parentOf = (name: string): Parent =>
  name === 'ir-c' ? { kind: 'workspace', ...WORKSPACE } : { kind: 'factory', ...FACTORY };
const idOf = (name: string): RuntimeId => ({ parent: parentOf(name), name });
const REFERENCE = { type: 'ManagedVirtualNetworkReference', referenceName: 'default' };

interface Spec {
  readonly azureName: string;
  readonly [field: string]: unknown;
}

/** Whether a runtime is in a network stays as it is: the API server refuses to change that. */
const spec = (azureName: string, isInNetwork: boolean): fc.Arbitrary<Spec> =>
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
        ...(isInNetwork ? { managedVirtualNetwork: networkFor(azureName) } : {}),
      },
      { requiredKeys: isInNetwork ? ['managedVirtualNetwork' as never] : [] },
    )
    .map((fields) => {
      const { kind, ...named } = parentOf(azureName);
      return { azureName, [kind]: named, ...fields };
    });

/** Only a factory's network can be made. */
const networkFor = (name: string) =>
  parentOf(name).kind === 'workspace'
    ? fc.constant({})
    : fc.constantFrom<object>({}, { creation: 'Never' }, { creation: 'IfMissing' }, { creation: 'IfMissing' });

const document = fc
  .record({
    location: fc.constantFrom(...LOCATIONS),
    coreCount: fc.constantFrom(8, 16, undefined),
    description: fc.constantFrom('One.', undefined),
    isInNetwork: fc.boolean(),
  })
  .map(
    ({ location, coreCount, description, isInNetwork }): JsonObject => ({
      type: 'Managed',
      foreign: true,
      ...(isInNetwork ? { managedVirtualNetwork: REFERENCE } : {}),
      ...(description === undefined ? {} : { description }),
      typeProperties: {
        computeProperties: { location, ...(coreCount === undefined ? {} : { dataFlowProperties: { coreCount } }) },
      },
    }),
  );

/** What Azure has under each name. */
const found = fc.tuple(...RUNTIMES.map(() => fc.option(document, { nil: undefined, freq: 2 })));
/** The objects by name, each of its runtime; several may share one. */
const manifests = (inNetwork: readonly boolean[]) =>
  fc
    .tuple(...RUNTIMES.map((name, i) => fc.option(spec(name, inNetwork[i] ?? false), { nil: undefined })))
    .map((specs) => new Map(specs.flatMap((each, i) => (each === undefined ? [] : [[`object-${i}`, each] as const]))));
const inNetwork = fc.tuple(...RUNTIMES.map(() => fc.constantFrom(true, true, false)));
/** Which parents have a network: the factory, the workspace. */
const networks = fc.tuple(fc.constantFrom(false, false, true), fc.boolean());

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
    list: async (parent) => ({
      runtimes: RUNTIMES.filter((name) => parentKey(parentOf(name)) === parentKey(parent)).flatMap((name) => {
        const stored = azure.runtimes.get(armKey(idOf(name)));
        return stored === undefined ? [] : [{ name, type: stored.type, document: stored.document, etag: stored.etag }];
      }),
      unparsed: [],
    }),
    state: async () => undefined,
    hasParent: async () => true,
    hasNetwork: (parent, name) =>
      azure.hasNetwork(parent, name, {
        key: 'plan',
        urgency: 'poll',
        signal: new AbortController().signal,
        mayWrite: () => false,
      }),
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

function world([factoryHas, workspaceHas]: readonly boolean[]) {
  const done: AzureWrite[] = [];
  const made: string[] = [];
  const operator = new Operator({
    azure: { onWrite: (write) => void done.push(write), onNetwork: (_, name) => void made.push(name) },
  });
  if (factoryHas) operator.azure.putNetwork(parentOf('ir-a'));
  if (workspaceHas) operator.azure.putNetwork(parentOf('ir-c'));
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
  return { operator, done, made, apply, converge };
}

const KINDS: Partial<Record<Change['action'], AzureWrite['kind']>> = {
  create: 'create',
  update: 'update',
  adopt: 'update',
  delete: 'delete',
};
const runtimeOf = ({ runtime = '' }: Change): string => runtime.toLowerCase();

function expectAnnounced(
  plan: Plan,
  { done, made: networksMade, operator: { azure } }: ReturnType<typeof world>,
): void {
  // One for all objects of the factory, whoever of them makes it.
  const announced = plan.changes.some(({ action }) => action === 'createNetwork');
  expect(networksMade).toEqual(announced ? ['default'] : []);
  const told = (certain: boolean) =>
    plan.changes
      .filter((change) => change.action !== 'createNetwork' && writes(change) && (!certain || change.certain))
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

const RUNS = { numRuns: 200 };

test('of new objects', async () => {
  const worlds = inNetwork.chain((each) => fc.tuple(networks, found, manifests(each)));
  await fc.assert(
    fc.asyncProperty(worlds, async ([has, documents, wanted]) => {
      const made = world(has);
      for (const [i, each] of documents.entries())
        if (each !== undefined) made.operator.azure.put(idOf(RUNTIMES[i] ?? ''), each);
      const plan = await planOf(made.operator.azure, wanted);
      made.apply(wanted);
      await made.converge();
      expectAnnounced(plan, made);
    }),
    RUNS,
  );
});

test('of objects that were there before, after somebody has changed Azure', async () => {
  const drifts = fc.tuple(...RUNTIMES.map(() => fc.boolean()));
  const worlds = inNetwork.chain((each) => fc.tuple(networks, found, manifests(each), manifests(each), found, drifts));
  await fc.assert(
    fc.asyncProperty(worlds, async ([has, documents, base, wanted, later, changes]) => {
      const made = world(has);
      const { operator, done, apply, converge } = made;
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
      for (const [i, isChanged] of changes.entries()) {
        const name = RUNTIMES[i] ?? '';
        const each = later[i];
        if (!isChanged) continue;
        if (each === undefined) operator.azure.remove(idOf(name));
        else operator.azure.put(idOf(name), each);
      }
      done.length = 0;
      made.made.length = 0;
      const plan = await planOf(operator.azure, wanted, base);
      for (const name of base.keys()) if (!wanted.has(name)) operator.cluster.delete(`team/${name}`);
      apply(wanted);
      await converge();
      expectAnnounced(plan, made);
    }),
    RUNS,
  );
});
