/** The request budget against the buckets of Azure Resource Manager, each a tenth of what they are. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { BucketSettings, FactoryRef } from '../../dev/emulator/index.ts';
import { GET, LIST, PUT, STATUS } from '../operator/support/faults.ts';
import { eventually, message } from '../operator/support/place.ts';
import { site, type World } from './support.ts';

const { inWorld } = site();

const A_TENTH = '--arm-budget-share=0.1';
const BUCKETS: BucketSettings = {
  enabled: true,
  limits: {
    reads: { burst: 25, perSecond: 2.5 },
    writes: { burst: 20, perSecond: 1 },
    deletes: { burst: 20, perSecond: 1 },
  },
};

/** Limits the subscription of a factory; that of the place unless another is given. */
async function limit({ place, azure }: World, { subscriptionId }: FactoryRef = place.factory): Promise<void> {
  await azure.setBuckets({ subscriptionId, ...BUCKETS });
}

/** Applies so many objects at once. */
async function applyMany(
  { place }: World,
  count: number,
  { prefix = 'many', factory = place.factory }: { prefix?: string; factory?: FactoryRef } = {},
): Promise<string[]> {
  const names = Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  const items = names.map((name) => place.manifest(name, { factory }));
  const { code, stderr } = await place.try(['apply', '-f', '-'], {
    stdin: { apiVersion: 'v1', kind: 'List', items },
  });
  if (code !== 0) throw new Error(stderr);
  return names;
}

async function allReady({ place }: World, names: readonly string[]): Promise<void> {
  for (const name of names) await place.until(name, 'Ready=True Available', 60_000);
}

async function refused({ azure }: World, { subscriptionId }: FactoryRef): Promise<number> {
  const counts = await azure.counts({ subscriptionId, status: 429 });
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** How many creates Azure has taken: one that was refused is made again. */
async function taken({ azure }: World, { subscriptionId }: FactoryRef): Promise<number> {
  const { [PUT]: sent = 0 } = await azure.counts({ subscriptionId });
  const { [PUT]: denied = 0 } = await azure.counts({ subscriptionId, status: 429 });
  return sent - denied;
}

test.concurrent('more creates than ARM grants at once: each takes its three calls, and none is refused', () =>
  inWorld(async (world) => {
    const { place } = world;
    await limit(world);
    await world.operator({ args: [A_TENTH, '--interval=1h'] });
    const names = await applyMany(world, 30);
    await allReady(world, names);
    const { [GET]: reads, [PUT]: writes, [STATUS]: states, [LIST]: lists = 0 } = await place.calls();
    expect([reads, writes, states, lists]).toEqual([30, 30, 30, 0]);
    expect(await refused(world, place.factory)).toBe(0);
  }));

test.concurrent('a subscription whose budget is spent does not slow another down', () =>
  inWorld(async (world) => {
    const { place, azure } = world;
    const other = { ...place.factory, subscriptionId: randomUUID() };
    await azure.ensureFactory(other);
    await limit(world);
    await limit(world, other);
    await world.operator({ args: [A_TENTH, '--interval=1h'] });
    const names = await applyMany(world, 30);
    await eventually(async () => expect((await place.calls())[PUT]).toBeGreaterThanOrEqual(15));
    const [swift = ''] = await applyMany(world, 1, { prefix: 'other', factory: other });
    await place.until(swift, 'Ready=True Available');
    expect((await azure.counts({ subscriptionId: place.factory.subscriptionId }))[PUT]).toBeLessThan(30);
    await allReady(world, names);
  }));

test.concurrent('others who spend from the same buckets are noticed by what ARM says is left, and given way', () =>
  inWorld(async (world) => {
    const { place, azure } = world;
    const { subscriptionId } = place.factory;
    await limit(world);
    await world.operator({ args: [A_TENTH, '--interval=1h'] });
    await allReady(world, await applyMany(world, 1, { prefix: 'first' }));
    await azure.drainBucket({ subscriptionId, kind: 'reads', remaining: 2 });
    await azure.drainBucket({ subscriptionId, kind: 'writes', remaining: 2 });
    const names = await applyMany(world, 12);
    await allReady(world, names);
    // The first to ask finds out; whoever asked at the same moment may be refused. Ten workers ask at once.
    expect(await refused(world, place.factory)).toBeLessThan(10);
    expect(await taken(world, place.factory)).toBe(13);
  }));

test.concurrent('one 429 for a day: whoever waits says Throttled and until when, once, and Azure is left alone', () =>
  inWorld(async (world) => {
    const { place, history, azure } = world;
    const { subscriptionId, name: factory } = place.factory;
    await world.operator({ args: ['--interval=1s'] });
    const names = await applyMany(world, 5);
    await allReady(world, names);
    await azure.addFault({
      match: { subscriptionId, factory, operation: STATUS },
      effect: { kind: 'reply', status: 429, headers: { 'retry-after': '86400' } },
    });
    const told = await Promise.all(
      names.map((name) => history.until(name, 'Unknown Throttled, Reconciling Throttled')),
    );
    const [until, ...others] = new Set(told.map((object) => /until (\S+Z)\./.exec(message(object))?.[1]));
    expect(others).toEqual([]);
    expect(Date.parse(until ?? '') - Date.now()).toBeGreaterThan(86_000_000);
    const versions = names.map((name) => history.versions(name).length);
    const calls = (await place.trace()).length;
    // A new object learns of it, too; those whose passes go on meanwhile write nothing more, and ask nothing.
    await place.apply('new');
    await history.until('new', 'Unknown Throttled, Reconciling Throttled');
    expect(names.map((name) => history.versions(name).length)).toEqual(versions);
    expect((await place.trace()).length).toBe(calls);
  }));

test.concurrent('more looks than the budget bears: they are spread out, one warning says so, and everything stays Ready', () =>
  inWorld(async (world) => {
    const { place, history } = world;
    await limit(world);
    const operator = await world.operator({ args: [A_TENTH, '--interval=1s'] });
    const names = await applyMany(world, 20);
    await allReady(world, names);
    const seen = (await place.calls())[STATUS] ?? 0;
    await eventually(async () => expect((await place.calls())[STATUS] ?? 0).toBeGreaterThan(seen + 20));
    const warnings = operator.log.filter(({ msg }) => msg.startsWith('polling slowed'));
    expect(warnings).toHaveLength(1);
    const metrics = await (await fetch(`${operator.metricsUrl}/metrics`)).text();
    const stretch = Number(/^azure_ir_interval_stretch (.*)$/m.exec(metrics)?.[1]);
    // 20 looks a second, where 60 % of 2.45 are theirs: in tenths.
    expect(stretch).toBe(13.7);
    const unready = names.flatMap((name) =>
      history
        .versions(name)
        .filter(({ status }) =>
          status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'Unknown'),
        ),
    );
    expect(unready).toEqual([]);
    expect(await refused(world, place.factory)).toBe(0);
  }));

test.concurrent('what a person changes overtakes the looks that wait for the budget', () =>
  inWorld(async (world) => {
    const { place } = world;
    await world.operator({ args: [A_TENTH, '--interval=1s'] });
    const names = await applyMany(world, 20);
    await allReady(world, names);
    await limit(world);
    const changedAt = Date.now();
    await place.patch('many-7', { spec: { description: 'changed' } });
    await eventually(async () => expect((await place.runtime('many-7'))?.properties.description).toBe('changed'));
    const since = (await place.trace()).filter(({ at }) => at >= changedAt);
    const before = since.slice(
      0,
      since.findIndex(({ operation }) => operation === PUT),
    );
    // In their order of coming, the looks of all others would be first.
    expect(before.filter(({ operation }) => operation === STATUS).length).toBeLessThan(10);
  }));
