/** What is told of all objects together: how many there are, and how long none was looked at. */
import { describe, expect, test } from '@jest/globals';
import { type ObjectCounts, polledObjects } from '../../../../src/core/model/object-counts.ts';
import { createMetrics } from '../../../../src/telemetry/metrics/metrics.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { managedObject } from '../../core/builders.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

function setUp(now?: () => number) {
  const clock = { now: 1_000 * MINUTE };
  const metrics = createMetrics({ version: '1', node: '24', process: false, now: now ?? (() => clock.now) });
  const samples = async (name: string) =>
    (await metrics.exposition.text())
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  const value = async (name: string) => Number((await samples(name))[0]?.split(' ').at(-1));
  return { clock, metrics, samples, value };
}

const SEEN = { observed: true, waits: false, dueMs: undefined };
const FAILED = { observed: false, waits: false, dueMs: 1 };
const WAITS = { observed: false, waits: true, dueMs: undefined };

describe('the number of objects', () => {
  test('is counted whenever somebody asks, and a kind that no object has any more is gone', async () => {
    const { metrics, samples } = setUp();
    let objects: ObjectCounts['objects'] = [{ ready: 'True', reason: 'Available', progress: 'none', count: 3 }];
    let notReady: ObjectCounts['notReady'] = [{ reason: 'FactoryNotFound', seconds: 90 }];
    metrics.objects.countBy(() => ({ objects, states: [{ state: 'Online', count: 3 }], notReady }));
    expect(await samples('azure_ir_not_ready_seconds')).toEqual([
      'azure_ir_not_ready_seconds{reason="FactoryNotFound"} 90',
    ]);
    notReady = [];
    expect(await samples('azure_ir_not_ready_seconds')).toEqual([]);
    expect(await samples('azure_ir_objects')).toEqual([
      'azure_ir_objects{ready="True",reason="Available",progress="none"} 3',
    ]);
    expect(await samples('azure_ir_runtimes')).toEqual(['azure_ir_runtimes{state="Online"} 3']);
    objects = [{ ready: 'False', reason: 'Forbidden', progress: 'Stalled', count: 1 }];
    expect(await samples('azure_ir_objects')).toEqual([
      'azure_ir_objects{ready="False",reason="Forbidden",progress="Stalled"} 1',
    ]);
  });
});

describe('the oldest observation', () => {
  const age = 'azure_ir_oldest_observation_seconds';
  const late = 'azure_ir_oldest_observation_intervals';
  const object = (key: string, intervalMs = 10 * MINUTE) => ({ key, ageMs: 1_000 * MINUTE, intervalMs });

  test('is that of the object whose last one is the longest ago', async () => {
    const { clock, metrics, value } = setUp();
    metrics.polls.start(() => [object('a'), object('b')]);
    metrics.polls.passed('a', SEEN);
    clock.now += 5 * MINUTE;
    metrics.polls.passed('b', SEEN);
    metrics.polls.passed('a', FAILED);
    clock.now += 5 * MINUTE;
    expect([await value(age), await value(late)]).toEqual([600, 1]);
  });

  test('of an object that was never observed counts from its creation, or from when passes began', async () => {
    const { clock, metrics, value } = setUp();
    const createdAt = clock.now + 3 * MINUTE;
    metrics.polls.start(() => [{ ...object('young', MINUTE), ageMs: clock.now - createdAt }]);
    clock.now += 5 * MINUTE;
    expect(await value(age)).toBe(120);
    metrics.polls.start(() => [object('old')]);
    clock.now += 7 * MINUTE;
    expect(await value(age)).toBe(420);
  });

  test('of an object that was never observed grows, whatever the wall clock and the clock that never steps begin with', async () => {
    const clock = new FakeClock();
    const { metrics, value } = setUp(() => clock.monotonic());
    const old = managedObject('old', { createdAt: clock.now() - 60 * MINUTE });
    metrics.polls.start(() => polledObjects([old], MINUTE, clock.now()));
    await clock.advance(5 * MINUTE);
    expect([await value(age), await value(late)]).toEqual([300, 5]);
    const young = managedObject('young', { createdAt: clock.now() });
    metrics.polls.start(() => polledObjects([young], MINUTE, clock.now()));
    await clock.advance(2 * MINUTE);
    expect([await value(age), await value(late)]).toEqual([120, 2]);
  });

  test('is not late as long as the next look was put off on purpose', async () => {
    const { clock, metrics, value } = setUp();
    metrics.polls.start(() => [object('a')]);
    metrics.polls.passed('a', { ...SEEN, dueMs: 60 * MINUTE });
    clock.now += 30 * MINUTE;
    expect(await value(late)).toBe(0.5);
  });

  test('is measured by the interval when the next look was to come sooner', async () => {
    const { clock, metrics, value } = setUp();
    metrics.polls.start(() => [object('a')]);
    metrics.polls.passed('a', { ...SEEN, dueMs: SECOND });
    clock.now += 5 * MINUTE;
    expect(await value(late)).toBe(0.5);
  });

  test('is 0 where nothing is to be looked at: without objects, and in a replica that makes no passes', async () => {
    const { clock, metrics, value } = setUp();
    clock.now += MINUTE;
    expect(await value(age)).toBe(0);
    metrics.polls.start(() => []);
    expect(await value(age)).toBe(0);
  });

  test('of an object that is gone counts no more', async () => {
    const { clock, metrics, value } = setUp();
    metrics.polls.passed('a', SEEN);
    metrics.polls.forgotten('a');
    clock.now += MINUTE;
    metrics.polls.start(() => [object('a')]);
    expect(await value(age)).toBe(0);
  });
});

describe('waits for the request budget', () => {
  test('are counted, as passes and as objects that wait now', async () => {
    const { metrics, value } = setUp();
    for (const key of ['a', 'b', 'a']) metrics.polls.passed(key, WAITS);
    expect(await value('azure_ir_arm_budget_waits_total')).toBe(3);
    expect(await value('azure_ir_arm_budget_waiting')).toBe(2);
  });

  test('last from the first pass that got nothing to the end of one that got enough', async () => {
    const { clock, metrics, value } = setUp();
    metrics.polls.passed('a', WAITS);
    clock.now += 20 * SECOND;
    metrics.polls.passed('a', WAITS);
    clock.now += 20 * SECOND;
    metrics.polls.passed('a', SEEN);
    metrics.polls.passed('b', SEEN);
    expect(await value('azure_ir_arm_budget_wait_seconds_sum')).toBe(40);
    expect(await value('azure_ir_arm_budget_wait_seconds_count')).toBe(1);
    expect(await value('azure_ir_arm_budget_waiting')).toBe(0);
  });

  test('end with their object', async () => {
    const { metrics, value } = setUp();
    metrics.polls.passed('a', WAITS);
    metrics.polls.forgotten('a');
    expect(await value('azure_ir_arm_budget_waiting')).toBe(0);
    expect(await value('azure_ir_arm_budget_wait_seconds_count')).toBe(0);
  });
});
