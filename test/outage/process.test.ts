/** The operator is killed, stopped and started with nonsense. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { FactoryRef, Fault } from '../../dev/emulator/index.ts';
import type { Operation } from '../../dev/emulator/operations.ts';
import { count, DELETE, fault, GET, heal, LIST, PUT, STATUS, untilCalled } from '../operator/support/faults.ts';
import { isHeld } from '../operator/support/history.ts';
import { eventually } from '../operator/support/place.ts';
import { runBundle, site, type World } from './support.ts';

const { inWorld, get } = site();

const NETWORK = 'ManagedVirtualNetworks_CreateOrUpdate';
const ENABLE = 'IntegrationRuntime_EnableInteractiveQuery';

/** How long a call is held that takes effect although its sender has died. */
const HELD_MS = 3_000;
type When = NonNullable<Fault['when']>;

/** The object of one moment: its own factory, and the call during which the operator dies. */
interface Moment {
  readonly name: string;
  readonly factory: FactoryRef;
  readonly operation: Operation;
  /** Before or after the call has taken effect. One of a write that is held before takes effect later, as it can happen. */
  readonly when: When;
}

async function moment({ place, azure }: World, [name, operation, when]: Point): Promise<Moment> {
  const factory = { ...place.factory, name: `${place.factory.name}-${name}` };
  await azure.ensureFactory(factory);
  return { name, factory, operation, when };
}

function isLate({ operation, when }: Moment): boolean {
  return when === 'before' && (operation === PUT || operation === DELETE || operation === NETWORK);
}

interface Held extends Moment {
  /** How many such calls there were before. */
  readonly before: number;
}

/** The next such call is not answered, or late. */
async function hold(world: World, one: Moment): Promise<Held> {
  const { factory, operation, when } = one;
  const before = await calls(world, one);
  const match = { operation, factory: factory.name, subscriptionId: factory.subscriptionId };
  const held: Pick<Fault, 'effect' | 'delayMs'> = isLate(one)
    ? { effect: { kind: 'delay' }, delayMs: HELD_MS }
    : { effect: { kind: 'hang' } };
  await world.azure.addFault({ match, times: 1, when, ...held });
  return { ...one, before };
}

async function untilHeld(world: World, held: readonly Held[]): Promise<void> {
  for (const one of held) {
    const { name, before } = one;
    await eventually(async () => expect([name, await calls(world, one)]).not.toEqual([name, before]));
  }
}

async function calls({ azure }: World, { factory, operation }: Moment): Promise<number> {
  return (await azure.counts({ factory: factory.name, operation }))[operation] ?? 0;
}

/** What was under way when the operator died has had its effect. */
async function untilSettled({ azure }: World, moments: readonly Moment[]): Promise<void> {
  const open = async ({ factory, operation }: Moment) =>
    (await azure.trace({ factory: factory.name, operation })).filter(({ status }) => status === 0);
  for (const one of moments.filter(isLate))
    await eventually(async () => expect([one.name, await open(one)]).toEqual([one.name, []]));
}

interface Authored {
  readonly interactiveAuthoring?: { readonly status?: string };
  readonly lastHandledInteractiveAuthoringAt?: string;
}

type Point = readonly [name: string, operation: Operation, when: When];

const POINTS: readonly Point[] = [
  ['get', GET, 'before'],
  ['put-before', PUT, 'before'],
  ['put-after', PUT, 'after'],
  ['status', STATUS, 'before'],
];

describe('killed (SIGKILL) at any moment, and started again', () => {
  test.concurrent('of a create: each runtime is there once, and is known as its own', () =>
    inWorld(async (world) => {
      const { place, history, azure } = world;
      const moments: Held[] = [];
      for (const point of POINTS) {
        const one = await moment(world, point);
        moments.push(await hold(world, one));
        await place.apply(one.name, { factory: one.factory });
      }
      const first = await world.operator();
      await untilHeld(world, moments);
      await first.kill();
      await world.operator();
      await untilSettled(world, moments);
      for (const { name, factory } of moments) {
        const object = await history.until(name, 'True Available');
        expect([name, object.status?.claim?.origin, isHeld(object)]).toEqual([name, 'Created', true]);
        const runtimes = await azure.runtimes(factory);
        expect(runtimes.map((runtime) => [runtime.name, runtime.properties])).toEqual([
          [name, { type: 'Managed', typeProperties: { computeProperties: { location: 'West Europe' } } }],
        ]);
        await place.untilEvents(name, 'Created');
      }
    }));

  test.concurrent('of an update: it is made, what others wrote stays, and it counts as no drift', () =>
    inWorld(async (world) => {
      const { place, history, azure } = world;
      const first = await world.operator();
      const points = POINTS.filter(([, operation]) => operation !== STATUS);
      const moments: Moment[] = [];
      for (const point of points) {
        const one = await moment(world, point);
        moments.push(one);
        const { name } = one;
        await place.apply(name, { factory: one.factory });
        await history.until(name, 'True Available');
        await azure.drift({ factory: one.factory, name, merge: { alien: 1 } });
      }
      const held: Held[] = [];
      for (const one of moments) {
        const { name } = one;
        held.push(await hold(world, one));
        await place.patch(name, { spec: { description: 'second' } });
      }
      await untilHeld(world, held);
      await first.kill();
      await world.operator();
      await untilSettled(world, moments);
      for (const { name, factory } of moments) {
        await history.until(
          name,
          (object) => object.metadata.generation === 2 && object.status?.observedGeneration === 2,
        );
        await history.until(name, 'True Available');
        expect((await azure.getRuntime({ factory, name }))?.properties).toMatchObject({
          description: 'second',
          alien: 1,
        });
        // Whoever made the update may have been killed before it told of it.
        const others = (await place.events(name)).filter((reason) => reason !== 'Updated');
        expect([name, others]).toEqual([name, ['Created']]);
      }
    }));

  test.concurrent('of a repair: it is repaired, and no attempt is forgotten', () =>
    inWorld(async (world) => {
      const { place, history, azure } = world;
      const first = await world.operator();
      const points = POINTS.filter(([name]) => name.startsWith('put'));
      const moments: Moment[] = [];
      for (const point of points) {
        const one = await moment(world, point);
        moments.push(one);
        const { name } = one;
        await place.apply(name, { factory: one.factory });
        await history.until(name, 'True Available');
      }
      const held: Held[] = [];
      for (const one of moments) {
        const { name } = one;
        held.push(await hold(world, one));
        await azure.setState({ factory: one.factory, name, state: 'Limited', repairsNeeded: 1 });
      }
      await untilHeld(world, held);
      await first.kill();
      await world.operator();
      await untilSettled(world, moments);
      for (const { name, factory } of moments) {
        const object = await history.until(name, 'True Available');
        expect([name, object.status?.repair?.attempts]).toEqual([name, 1]);
        expect((await azure.getRuntime({ factory, name }))?.state).toBe('Online');
      }
    }));

  test.concurrent('of making a managed network and a runtime in it: each is there once, and its own', () =>
    inWorld(async (world) => {
      const { place, history, azure } = world;
      const points: readonly Point[] = [
        ['network-before', NETWORK, 'before'],
        ['network-after', NETWORK, 'after'],
        ['put-before', PUT, 'before'],
        ['put-after', PUT, 'after'],
      ];
      const moments: Held[] = [];
      for (const point of points) {
        const one = await moment(world, point);
        moments.push(await hold(world, one));
        const managedVirtualNetwork = { creation: 'IfMissing' };
        await place.apply(one.name, { factory: one.factory, managedVirtualNetwork, location: undefined });
      }
      const first = await world.operator();
      await untilHeld(world, moments);
      await first.kill();
      await world.operator();
      await untilSettled(world, moments);
      for (const { name, factory } of moments) {
        const object = await history.until(name, 'True Available');
        expect([name, object.status?.claim?.origin, isHeld(object)]).toEqual([name, 'Created', true]);
        const runtimes = await azure.runtimes(factory);
        expect(runtimes.map((runtime) => [runtime.name, runtime.properties.managedVirtualNetwork])).toEqual([
          [name, { type: 'ManagedVirtualNetworkReference', referenceName: 'default' }],
        ]);
        await eventually(async () =>
          expect((await place.events(name)).filter((reason) => reason === 'Created')).toHaveLength(1),
        );
      }
    }));

  test.concurrent('of enabling interactive authoring: it is enabled, and the request is over', () =>
    inWorld(async (world) => {
      const { place, history, azure } = world;
      const points: readonly Point[] = [
        ['enable-before', ENABLE, 'before'],
        ['enable-after', ENABLE, 'after'],
      ];
      const first = await world.operator();
      const moments: Held[] = [];
      const spec = { managedVirtualNetwork: {}, interactiveAuthoring: { autoTerminationMinutes: 60 } };
      for (const point of points) {
        const one = await moment(world, point);
        const { name, factory } = one;
        await azure.ensureNetwork({ factory });
        await place.apply(name, { factory, ...spec, location: undefined });
        await history.until(name, 'True Available');
        moments.push(await hold(world, one));
        await place.annotate(name, 'azure-ir.io/enable-interactive-authoring', 'please');
      }
      await untilHeld(world, moments);
      await first.kill();
      await world.operator();
      for (const { name } of moments) {
        await eventually(async () => {
          const status = (await place.get(name))?.status as Authored | undefined;
          expect([name, status?.interactiveAuthoring?.status]).toEqual([name, 'Enabled']);
          expect(status?.lastHandledInteractiveAuthoringAt).toBe('please');
        });
      }
    }));

  test.concurrent('of a delete: the runtime is gone, and then the object', () =>
    inWorld(async (world) => {
      const { place, history, azure } = world;
      const first = await world.operator();
      const points: readonly Point[] = [
        ['get', GET, 'before'],
        ['delete-before', DELETE, 'before'],
        ['delete-after', DELETE, 'after'],
      ];
      const moments: Moment[] = [];
      for (const point of points) {
        const one = await moment(world, point);
        moments.push(one);
        const { name } = one;
        await place.apply(name, { factory: one.factory });
        await history.until(name, 'True Available');
      }
      const held: Held[] = [];
      for (const one of moments) {
        const { name } = one;
        held.push(await hold(world, one));
        await place.delete(name);
      }
      await untilHeld(world, held);
      await first.kill();
      await world.operator();
      await untilSettled(world, moments);
      for (const { name, factory } of moments) {
        await history.untilGone(name);
        expect([name, await azure.runtimes(factory)]).toEqual([name, []]);
      }
    }));

  test.concurrent('again and again, while twenty objects come, change and go', () =>
    inWorld(async (world) => {
      const { place, history, azure } = world;
      const names = Array.from({ length: 20 }, (_, i) => `ir-${i}`);
      const items = names.map((name) => place.manifest(name));
      const { stderr, code } = await place.try(['apply', '-f', '-'], {
        stdin: { apiVersion: 'v1', kind: 'List', items },
      });
      expect([code, stderr]).toEqual([0, '']);
      const calls = async () => Object.values(await place.calls()).reduce<number>((sum, n) => sum + (n ?? 0), 0);
      for (let round = 0; round < 6; round++) {
        const before = await calls();
        const { kill } = await world.operator();
        if (round === 3)
          for (const name of names.slice(0, 5)) await place.patch(name, { spec: { description: 'changed' } });
        if (round === 4) for (const name of names.slice(15)) await place.delete(name);
        await eventually(async () => expect(await calls()).toBeGreaterThanOrEqual(before + 3 + round * 7));
        await kill();
      }
      await world.operator();
      for (const name of names.slice(15)) await history.untilGone(name);
      for (const name of names.slice(0, 15)) {
        const object = await history.until(
          name,
          (one) => one.status?.observedGeneration === one.metadata.generation && one.status.state === 'Online',
        );
        expect([name, object.status?.claim?.origin]).toEqual([name, 'Created']);
      }
      const runtimes = await azure.runtimes(place.factory);
      expect(runtimes.map(({ name }) => name).sort()).toEqual(names.slice(0, 15).sort());
      for (const name of names.slice(0, 5)) {
        expect(runtimes.find((runtime) => runtime.name === name)?.properties.description).toBe('changed');
      }
    }));
});

describe('stopped (SIGTERM)', () => {
  test.concurrent('while a PUT is open: the PUT ends, its answer is in the status, the event is sent, and it exits with 0', () =>
    inWorld(async (world) => {
      const { place, history } = world;
      const one = await moment(world, ['sample', PUT, 'before']);
      const held = await hold(world, one);
      await place.apply('sample', { factory: one.factory });
      const operator = await world.operator();
      await untilHeld(world, [held]);
      // Comes while it stops, and is left for the next.
      const stopping = operator.stop();
      await place.apply('late');
      expect(await stopping).toBe(0);
      const object = await history.until('sample', 'True Available');
      expect(object.status?.claim?.origin).toBe('Created');
      await place.untilEvents('sample', 'Created');
      expect(operator.stderr()).toBe('');
      expect(operator.log.at(-1)).toMatchObject({ msg: 'stopped', exitCode: 0 });
      expect(await world.azure.runtimes(place.factory)).toEqual([]);
      await world.operator();
      await history.until('late', 'True Available');
    }));

  test.concurrent('at rest, and before anything was looked at: it exits with 0', () =>
    inWorld(async (world) => {
      await world.place.apply('sample');
      const first = await world.operator();
      expect(await first.stop()).toBe(0);
      const second = await world.operator();
      await world.history.until('sample', 'True Available');
      expect(await second.stop()).toBe(0);
    }));
});

describe('Azure does not answer for one subscription: those of another are looked after all the same', () => {
  const hang = ({ azure, place }: World, operation: typeof GET | typeof LIST) => {
    const { subscriptionId, name } = place.factory;
    const match = { operation, subscriptionId, factory: name };
    return azure.addFault({ match, times: 'always', effect: { kind: 'hang' } });
  };
  const applyMany = ({ place }: World) => {
    const items = Array.from({ length: 40 }, (_, i) => place.manifest(`ir-${i}`));
    return place.try(['apply', '-f', '-'], { stdin: { apiVersion: 'v1', kind: 'List', items } });
  };
  const othersAreLookedAfter = async ({ azure, place }: World) => {
    const other = { subscriptionId: randomUUID(), resourceGroup: 'other', name: 'other' };
    await azure.ensureFactory(other);
    await place.apply('other', { factory: other });
    await place.until('other', 'Ready=True Available', 10_000);
  };

  // Ten calls (three attempts of 60 s each) would hold all ten workers, were they not relieved; and their relief, ten more.
  test.concurrent('when what hangs is a GET for each object', () =>
    inWorld(async (world) => {
      const { metricsUrl } = await world.operator();
      const refused = async () => {
        const metrics = await (await fetch(`${metricsUrl}/metrics`)).text();
        return Number(/^controller_runtime_reconcile_total\{.*result="requeue"\} (.*)$/m.exec(metrics)?.[1] ?? 0);
      };
      await hang(world, GET);
      await applyMany(world);
      await eventually(async () => expect(await refused()).toBeGreaterThanOrEqual(20));
      await othersAreLookedAfter(world);
      // Some of the relief may come just when ten answers are late, and is refused then.
      const { [GET]: sent } = await world.place.calls();
      expect(sent).toBeGreaterThan(10);
      expect(sent).toBeLessThanOrEqual(20);
    }));

  // All objects would wait for the one list, as many at a time as there may be passes.
  test.concurrent('when what hangs is the one list that all its objects share', () =>
    inWorld(async (world) => {
      const { place } = world;
      await world.operator();
      await applyMany(world);
      for (let i = 0; i < 40; i++) await place.until(`ir-${i}`, 'Ready=True Available');
      const lists = async () => (await place.calls())[LIST] ?? 0;
      await hang(world, LIST);
      const before = await lists();
      await eventually(async () => expect(await lists()).toBeGreaterThan(before));
      await othersAreLookedAfter(world);
    }));
});

describe('the list of a factory', () => {
  test.concurrent('that hangs keeps nobody waiting who changes or deletes what has joined it', () =>
    inWorld(async ({ place, history, operator }) => {
      await operator({ args: ['--interval=2s'] });
      for (const name of ['changed', 'deleted']) {
        await place.apply(name);
        await history.until(name, 'True Available');
      }
      await fault(place, LIST, { kind: 'hang' });
      await untilCalled(place, LIST, 1);
      const lists = await count(place, LIST);
      await place.patch('changed', { spec: { description: 'meanwhile' } });
      await place.delete('deleted');
      await eventually(async () => expect((await place.runtime('changed'))?.properties).toHaveProperty('description'));
      await history.untilGone('deleted');
      // The same one still hangs: it is given up, and asked for again, only later.
      expect(await count(place, LIST)).toBe(lists);
      await heal(place);
    }));

  test.concurrent('that has no end is given up, and its runtimes are looked after one by one', () =>
    inWorld(async ({ place, history, operator, azure }) => {
      // Without a budget: at this interval, the pages of such a list alone would spend all the reads of one.
      const process = await operator({ args: ['--interval=5s', '--arm-budget-share=unlimited'] });
      await place.apply('sample');
      await history.until('sample', 'True Available');
      await fault(place, LIST, { kind: 'endless' });
      const failed = () => process.log.find(({ msg }) => msg.startsWith('listing runtimes failed'));
      await eventually(async () => expect(failed()?.detail).toMatch(/more .*pages/));
      const lists = await count(place, LIST);
      expect(lists).toBeLessThan(300);
      await azure.drift({
        factory: place.factory,
        name: 'sample',
        merge: { typeProperties: { computeProperties: { location: 'Moon' } } },
      });
      await eventually(async () => expect(JSON.stringify(await place.runtime('sample'))).toContain('West Europe'));
      await heal(place);
    }));
});

describe("the machine's clock is set back by an hour, and then ahead", () => {
  /** Runs in the operator's process: with each signal its wall clock steps. */
  const STEPS = `let by = 0;
    const [now, steps] = [Date.now, [-3600000, 0, 3600000]];
    Date.now = () => now() + by;
    process.on('SIGUSR2', () => (by = steps.shift() ?? by));`;

  test.concurrent('delays nothing: objects are polled, drift is corrected, new specs are applied', () =>
    inWorld(async ({ place, history, operator, azure }) => {
      const process = await operator({ before: STEPS });
      await place.apply('sample');
      await history.until('sample', 'True Available');
      for (const step of ['back', 'right', 'ahead']) {
        process.signal('SIGUSR2');
        await untilCalled(place, STATUS, 4);
        await azure.drift({
          factory: place.factory,
          name: 'sample',
          merge: { typeProperties: { computeProperties: { location: 'Moon' } } },
        });
        await eventually(async () => expect(JSON.stringify(await place.runtime('sample'))).toContain('West Europe'));
        await place.patch('sample', { spec: { description: step } });
        await eventually(async () =>
          expect((await place.runtime('sample'))?.properties).toHaveProperty('description', step),
        );
        await history.until('sample', (one) => one.status?.observedGeneration === one.metadata.generation);
        await history.until('sample', 'True Available');
        expect((await fetch(`${process.healthUrl}/healthz`)).status).toBe(200);
      }
    }));
});

describe('started with what makes no sense', () => {
  /** Stands for one that is good. */
  const GOOD = 'good';
  test.concurrent.each<[string, string[], Record<string, string>, RegExp]>([
    ['an unknown flag', ['--intervall=5m'], {}, /--intervall/],
    ['an argument that is no flag', ['start'], {}, /start/],
    ['an interval that is none', ['--interval=soon'], {}, /--interval.*soon/],
    ['an interval that is too short', ['--interval=10ms'], {}, /--interval.*10ms/],
    ['an interval without a value', ['--interval'], {}, /--interval/],
    ['an interval that is none, in its variable', [], { AZURE_IR_INTERVAL: 'soon' }, /AZURE_IR_INTERVAL.*soon/],
    ['a number that is none', ['--max-concurrent-reconciles=0'], {}, /--max-concurrent-reconciles.*"0"/],
    ['an address that is none', ['--metrics-bind-address=localhost'], {}, /--metrics-bind-address.*localhost/],
    ['a log level that is none', ['--log-level=loud'], {}, /--log-level.*loud/],
    ['a cloud that is none', [], { KUBECONFIG: GOOD, AZURE_CLOUD: 'AzureMoon' }, /AzureMoon.*AzurePublic/],
    [
      'an endpoint without TLS',
      [],
      { KUBECONFIG: GOOD, AZURE_RESOURCE_MANAGER_ENDPOINT: 'http://arm' },
      /Resource Manager endpoint.*https.*http:/,
    ],
    ['a kubeconfig that is not there', [], { KUBECONFIG: '/nowhere/kubeconfig' }, /\/nowhere\/kubeconfig/],
  ])('%s: one clear line, and 1', async (_what, args, variables, words) => {
    const kubeconfig = variables.KUBECONFIG === GOOD ? { KUBECONFIG: get().installation.operatorKubeconfig } : {};
    const { code, stdout, stderr } = await runBundle(get().bundle, args, { ...variables, ...kubeconfig });
    expect({ code, stdout: stdout.replace(/.*"starting"\}\n/, '') }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toMatch(words);
    expect(stderr).not.toMatch(/ at .*:\d+:\d+|node:internal/);
  });

  test.concurrent('--help and --version: 0, and on standard output', async () => {
    expect(await runBundle(get().bundle, ['--help'])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining('--operator-identity-namespaces'),
    });
    expect(await runBundle(get().bundle, ['--version'])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});
