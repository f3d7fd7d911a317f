/** What a plan says of an object, by what Azure has, what was declared before, and what the cluster knows. */
import { describe, expect, test } from '@jest/globals';
import { check } from '../../../src/cli/manifests/validate.ts';
import type { Plan } from '../../../src/cli/plan/change.ts';
import { exitCodeOf } from '../../../src/cli/plan/command.ts';
import { makePlan, type PlanInput, type Reads } from '../../../src/cli/plan/plan.ts';
import { render } from '../../../src/cli/plan/render.ts';
import { AzureFailure } from '../../../src/core/model/failure.ts';
import type { Json, JsonObject, ObservedRuntime } from '../../../src/core/model/runtime.ts';
import { FACTORY, WORKSPACE } from '../../integration/support/manifest.ts';

const located = (location: string, more: JsonObject = {}): JsonObject => ({
  type: 'Managed',
  typeProperties: { computeProperties: { location, ...more } },
});
const runtime = (name: string, document: JsonObject, type: ObservedRuntime['type'] = 'Managed'): ObservedRuntime => ({
  name,
  type,
  document,
  etag: 'e1',
});

interface Azure {
  readonly runtimes?: readonly ObservedRuntime[];
  readonly unparsed?: readonly { name: string | undefined; why: string }[];
  readonly networks?: readonly string[];
  readonly states?: Readonly<Record<string, string>>;
  readonly failure?: AzureFailure;
}

function reads({ runtimes = [], unparsed = [], networks = [], states = {}, failure }: Azure): Reads {
  return {
    identity: 't/c',
    credential: 'Azure CLI',
    reads: 1,
    list: async () => {
      if (failure !== undefined) throw failure;
      return { runtimes, unparsed };
    },
    state: async ({ name }) => ({ state: states[name] ?? 'Online' }),
    hasParent: async () => failure === undefined,
    hasNetwork: async (_, name) => networks.includes(name),
  };
}

const object = (name: string, spec: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}) => ({
  raw: {
    apiVersion: 'azure-ir.io/v1beta1',
    kind: 'AzureIntegrationRuntime',
    metadata: { name, namespace: 'team-a', ...metadata },
    spec: { factory: FACTORY, location: 'West Europe', ...spec },
  },
  source: { file: 'all.yaml', line: 1 },
});
type Given = ReturnType<typeof object>;

function plan(
  wanted: readonly Given[],
  azure: Azure,
  more: Partial<Omit<PlanInput, 'base'>> & { base?: Given[] } = {},
) {
  const { base, ...rest } = more;
  return makePlan({
    wanted: check(wanted, 'default'),
    base: base === undefined ? undefined : check(base, 'default'),
    live: undefined,
    azure: reads(azure),
    readsState: false,
    policies: [],
    ignored: 0,
    errors: [],
    now: Date.parse('2026-01-01T00:00:00Z'),
    ...rest,
  });
}
const acts = ({ changes }: Plan) => changes.map(({ object: { name }, action }) => `${name} ${action}`);
const fields = ({ changes }: Plan) =>
  changes.flatMap((change) => change.fields.map(({ path, before, after, cause }) => [path, before, after, cause]));

describe('a new object', () => {
  test('creates what is not there, with every field that is sent', async () => {
    const made = await plan([object('etl', { dataFlow: { coreCount: 16 } })], {});
    expect(acts(made)).toEqual(['etl create']);
    expect(fields(made)).toEqual([
      ['location', null, 'West Europe', 'declared'],
      ['dataFlow.coreCount', null, 16, 'declared'],
    ]);
  });

  test('sends a location also where none is declared', async () => {
    expect(fields(await plan([object('etl', { location: undefined })], {}))).toEqual([
      ['location', null, 'AutoResolve', 'declared'],
    ]);
  });

  test('takes over what is as declared, which is no change', async () => {
    const made = await plan([object('etl')], { runtimes: [runtime('ETL', located('westeurope'))] });
    expect(acts(made)).toEqual(['etl adopt']);
    expect(fields(made)).toEqual([]);
    expect(exitCodeOf(made, true)).toBe(0);
  });

  test('says what an adoption changes', async () => {
    const made = await plan([object('etl')], { runtimes: [runtime('etl', located('North Europe'))] });
    expect(acts(made)).toEqual(['etl adopt']);
    expect(fields(made)).toEqual([['location', 'North Europe', 'West Europe', 'declared']]);
    expect([exitCodeOf(made, true), exitCodeOf(made, false)]).toEqual([2, 0]);
  });

  test.each<[string, Record<string, unknown>, ObservedRuntime, string]>([
    [
      'a policy that forbids it',
      { adoptionPolicy: 'Never' },
      runtime('etl', located('West Europe')),
      'AdoptionRefused',
    ],
    ['a difference', { adoptionPolicy: 'IfIdentical' }, runtime('etl', located('North Europe')), 'AdoptionRefused'],
    ['another type', {}, runtime('etl', { type: 'SelfHosted' }, 'SelfHosted'), 'TypeConflict'],
    [
      'another network',
      {},
      runtime('etl', { ...located('West Europe'), managedVirtualNetwork: { referenceName: 'default' } }),
      'NetworkConflict',
    ],
  ])('is blocked by %s, with the reason that the operator would give', async (_, spec, found, reason) => {
    const made = await plan([object('etl', spec)], { runtimes: [found] });
    expect(made.changes).toMatchObject([{ action: 'blocked', reason, message: expect.any(String) }]);
    expect(exitCodeOf(made, true)).toBe(3);
  });

  test('makes the network first where it may, and another object finds it there', async () => {
    const made = await plan(
      [
        object('aaa', { managedVirtualNetwork: {} }),
        object('bbb', { managedVirtualNetwork: { creation: 'IfMissing' } }),
      ],
      {},
    );
    expect(acts(made).sort()).toEqual(['aaa create', 'bbb create', 'bbb createNetwork']);
  });

  test('waits for a network that it may not make', async () => {
    const made = await plan([object('aaa', { managedVirtualNetwork: {} })], {});
    expect(made.changes).toMatchObject([{ action: 'blocked', reason: 'ManagedVirtualNetworkNotFound' }]);
  });

  test('of a runtime that another new object declares is blocked, as is that one', async () => {
    const made = await plan([object('aaa', { azureName: 'One' }), object('bbb', { azureName: 'oNE' })], {});
    expect(made.changes).toMatchObject([
      { action: 'blocked', reason: 'OwnedByAnother' },
      { action: 'blocked', reason: 'OwnedByAnother' },
    ]);
  });

  test('that only observes is no rival, and changes nothing', async () => {
    const made = await plan(
      [object('aaa', { azureName: 'One' }), object('bbb', { azureName: 'One', managementPolicy: 'Observe' })],
      { runtimes: [runtime('One', located('North Europe'))] },
    );
    expect(acts(made)).toEqual(['aaa adopt', 'bbb none']);
  });

  test('that is suspended does nothing', async () => {
    expect(acts(await plan([object('aaa', { suspend: true })], {}))).toEqual(['aaa none']);
  });
});

describe('an object that was there before', () => {
  const before = [object('etl', { description: 'Old.', dataFlow: { coreCount: 16 } })];
  const flows = (coreCount: number) => ({ dataFlowProperties: { coreCount } });

  test('tells apart what is declared, what has drifted and what is given up', async () => {
    const made = await plan(
      [object('etl', { location: 'North Europe', dataFlow: { coreCount: 16 } })],
      { runtimes: [runtime('etl', { ...located('West Europe', flows(32)), description: 'Old.' })] },
      { base: before },
    );
    expect(acts(made)).toEqual(['etl update']);
    expect(fields(made)).toEqual([
      ['location', 'West Europe', 'North Europe', 'declared'],
      ['description', 'Old.', '', 'removed'],
      ['dataFlow.coreCount', 32, 16, 'drift'],
    ]);
    expect(made.assumptions).toHaveLength(1);
  });

  test('is unchanged where nothing differs, whatever its adoption policy', async () => {
    const same = [object('etl', { adoptionPolicy: 'Never' })];
    const made = await plan(same, { runtimes: [runtime('etl', located('West Europe'))] }, { base: same });
    expect(acts(made)).toEqual(['etl none']);
  });

  test('makes its runtime again that is missing', async () => {
    const made = await plan(before, {}, { base: before });
    expect(made.changes).toMatchObject([{ action: 'create', reason: 'Missing', certain: true }]);
  });

  test('cannot be moved to another factory', async () => {
    const made = await plan([object('etl', { factory: { ...FACTORY, name: 'other' } })], {}, { base: before });
    expect(made.changes).toMatchObject([
      { action: 'blocked', reason: 'Immutable', message: expect.stringContaining(`restore "${FACTORY.name}"`) },
    ]);
  });
});

describe('an object that goes', () => {
  const there = { runtimes: [runtime('etl', located('West Europe'))] };

  test.each<[string, Record<string, unknown>, string, boolean]>([
    ['by default, if it was created', {}, 'delete', false],
    ['with deletionPolicy Delete', { deletionPolicy: 'Delete' }, 'delete', true],
    ['with deletionPolicy Retain', { deletionPolicy: 'Retain' }, 'retain', true],
    ['that only observed', { managementPolicy: 'Observe' }, 'none', true],
  ])('%s', async (_, spec, action, certain) => {
    const made = await plan([], there, { base: [object('etl', spec)] });
    expect(made.changes).toMatchObject([{ action, certain }]);
  });

  test('hands its runtime over to one that comes in its place, and nothing is written', async () => {
    const moved = object('new-name', { azureName: 'etl' });
    const made = await plan([moved], there, { base: [object('etl', { azureName: 'etl', deletionPolicy: 'Delete' })] });
    expect(acts(made)).toEqual(['etl handOver', 'new-name none']);
    expect(exitCodeOf(made, true)).toBe(0);
  });

  test('breaks a policy that forbids it, also where it only may be deleted', async () => {
    const made = await plan([], there, { base: [object('etl')], policies: ['no-delete'] });
    expect(made.violations).toEqual(['--policy no-delete forbids it to delete team-a/etl']);
    expect(exitCodeOf(made, false)).toBe(3);
  });

  test('whose runtime is gone deletes nothing', async () => {
    const made = await plan([], {}, { base: [object('etl', { deletionPolicy: 'Delete' })] });
    expect(made.changes).toMatchObject([{ action: 'none', message: 'the runtime is gone already' }]);
  });
});

describe('what cannot be known', () => {
  const refused = new AzureFailure({ kind: 'forbidden', message: 'No right to list.' });

  test('is unknown, never absent, and the rest is planned', async () => {
    const other = reads({});
    const partial: Reads = {
      ...other,
      list: (parent) => (parent.kind === 'workspace' ? other.list(parent) : Promise.reject(refused)),
    };
    const made = await plan(
      [object('aaa'), object('bbb', { factory: undefined, workspace: WORKSPACE })],
      {},
      { azure: partial },
    );
    expect(acts(made)).toEqual(['aaa unknown', 'bbb create']);
    expect(made).toMatchObject({ complete: false, errors: [expect.stringContaining('No right to list.')] });
    expect(exitCodeOf(made, true)).toBe(1);
  });

  test.each(['etl', undefined])('is a runtime whose entry of the list is not understood (%s)', async (name) => {
    const made = await plan([object('etl')], { unparsed: [{ name, why: 'the runtime has no type' }] });
    expect(made).toMatchObject({ complete: false, changes: [{ action: 'unknown' }] });
  });

  test('is not the absence of a factory, which the operator waits for', async () => {
    const gone = new AzureFailure({ kind: 'parentNotFound', what: 'factory', message: 'No factory.' });
    const made = await plan([object('etl')], { failure: gone });
    expect(made).toMatchObject({ complete: true, changes: [{ action: 'blocked', reason: 'FactoryNotFound' }] });
  });
});

describe('with the cluster', () => {
  const live = (name: string, spec: Record<string, unknown>, status: Record<string, unknown> = {}, more = {}) => ({
    ...object(name, spec).raw,
    metadata: {
      ...object(name).raw.metadata,
      uid: `uid-${name}`,
      resourceVersion: '7',
      generation: 3,
      creationTimestamp: '2025-01-01T00:00:00Z',
      finalizers: ['azure-ir.io/runtime'],
      ...more,
    },
    status: { uid: `uid-${name}`, observedGeneration: 3, ...status },
  });
  const claim = (origin: string) => ({ claim: { origin, identity: 'the/operator' }, ownedFields: ['location'] });
  const there = { runtimes: [runtime('etl', located('West Europe'))] };

  test.each<[string, string]>([
    ['Created', 'delete'],
    ['Adopted', 'retain'],
  ])('a deletion of what was %s is certain', async (origin, action) => {
    const made = await plan([], there, { base: [object('etl')], live: [live('etl', {}, claim(origin))] });
    expect(made.changes).toMatchObject([{ action, certain: true }]);
  });

  test('the owner of a runtime blocks another object of it', async () => {
    const owner = live('owner', { azureName: 'etl' }, claim('Created'));
    const made = await plan([object('late', { azureName: 'etl' })], there, { live: [owner] });
    expect(made.changes).toMatchObject([
      { action: 'blocked', reason: 'OwnedByAnother', message: expect.stringContaining('team-a/owner') },
    ]);
  });

  test('a state that needs it is repaired', async () => {
    const made = await plan(
      [object('etl')],
      { ...there, states: { etl: 'Limited' } },
      { live: [live('etl', {}, claim('Created'))], readsState: true },
    );
    expect(acts(made)).toEqual(['etl repair']);
  });
});

describe('secrets', () => {
  const properties = (value: string): Json => [
    { name: 'apiKey', value },
    { name: 'plain', value },
  ];
  const declared = (value: string) => object('etl', { dataFlow: { customProperties: properties(value) } });

  test.each(['text', 'json', 'yaml', 'markdown'] as const)('are in no %s', async (format) => {
    const found = runtime(
      'etl',
      located('West Europe', { dataFlowProperties: { customProperties: properties('0ld') } }),
    );
    const made = await plan([declared('n3w')], { runtimes: [found] });
    const io = { paint: (_: string, text: string) => text } as never;
    const text = await render(made, format, io, { commentId: 'x', maxLength: 60_000 });
    expect(text.match(/0ld/g)).toHaveLength(1);
    expect(text.match(/n3w/g)).toHaveLength(1);
    expect(text).toContain('(hidden)');
  });
});

describe('markdown', () => {
  test('drops details and rows for want of room, and never a deletion or a count', async () => {
    const gone = Array.from({ length: 20 }, (_, i) => object(`gone-${i}`, { deletionPolicy: 'Delete' }));
    const kept = Array.from({ length: 200 }, (_, i) => object(`new-${i}`));
    const made = await plan(
      kept,
      { runtimes: gone.map(({ raw }) => runtime(raw.metadata.name, located('West Europe'))) },
      { base: gone },
    );
    const text = await render(made, 'markdown', {} as never, { commentId: 'prod', maxLength: 8_000 });
    expect(text.length).toBeLessThan(8_000);
    expect(text).toMatch(/^<!-- kubectl-azir:prod -->\n### Azure integration runtimes: 200 create, 20 delete, /);
    for (let i = 0; i < 20; i++) expect(text).toContain(`team-a/gone-${i}\``);
    expect(text).toContain('left out for want of room');
  });

  test('keeps to its length with many deletions: their names stay, and what is said of them goes', async () => {
    const gone = Array.from({ length: 300 }, (_, i) => object(`gone-${i}`));
    const azure = { runtimes: gone.map(({ raw }) => runtime(raw.metadata.name, located('West Europe'))) };
    const made = await plan([object('new')], azure, { base: gone, policies: ['no-delete'] });
    const text = await render(made, 'markdown', {} as never, { commentId: 'prod', maxLength: 20_000 });
    expect(text.length).toBeLessThan(20_000);
    expect(text).toContain('1 create, 300 delete?');
    expect(text).toContain('--policy forbids 300 of these changes');
    for (let i = 0; i < 300; i++) expect(text).toContain(`team-a/gone-${i}\``);
    expect(text).toContain('were left out for want of room');
  });
});
