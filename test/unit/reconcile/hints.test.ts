/** Messages about a runtime whose write fails: each is a reason to poll it, and none to write sooner than without it. */
import { describe, expect, test } from '@jest/globals';
import { AzureFailure, type Failure } from '../../../src/core/model/failure.ts';
import { MINUTE } from '../../../src/core/schedule.ts';
import type { Runtimes } from '../../../src/ports.ts';
import { Controller } from '../../../src/runtime/controller.ts';
import { WorkQueue } from '../../../src/runtime/queue.ts';
import { createMetrics } from '../../../src/telemetry/metrics/metrics.ts';
import { PRIORITY } from '../../../src/triggers/priorities.ts';
import { createHandler } from '../../../src/wiring/handler.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FAILURE } from '../core/builders.ts';
import { desired, fieldMap, runtimeId } from '../model/builders.ts';
import { Operator } from '../model/operator.ts';
import { RecordedLog } from '../runtime/recorded-log.ts';
import { document, instead, MANAGED, ready } from './support.ts';

const ID = runtimeId();
const DECLARED = MANAGED('West Europe');
/** How often a runtime is polled at most, however often it is named. */
const SPACING_MS = 5_000;

/** One object in sync behind the real queue and the real controller, whose writes fail for as long as they are to. */
async function setUp(failure: Failure) {
  const operator = new Operator();
  const key = await ready(operator);
  const clock = new FakeClock();
  const start = operator.now;
  const queue = new WorkQueue({ clock });
  const fault: { failure: Failure | undefined; after?: () => void } = { failure };
  const puts: number[] = [];
  const passes: number[] = [];
  instead(operator, 'update', async (...args: never[]) => {
    puts.push(clock.monotonic());
    fault.after?.();
    if (fault.failure !== undefined) throw new AzureFailure(fault.failure);
    return operator.azure.update(...(args as unknown as Parameters<Runtimes['update']>));
  });
  const reconcile = (each: string) => {
    operator.now = start + clock.monotonic();
    passes.push(clock.monotonic());
    return operator.poll(each);
  };
  const log = new RecordedLog();
  const handler = createHandler({ reconcile, clock, log, outageKeys: { add: () => {}, delete: () => {} } });
  const { controller: metrics } = createMetrics({ version: '0', node: '0', now: () => clock.monotonic() });
  const controller = new Controller({ name: 'test', queue, handler, concurrency: 1, clock, log, metrics });
  const stop = new AbortController();
  const ended = controller.run(stop.signal);
  const person = () => queue.add(key, { priority: PRIORITY.change, supersedes: true });
  const hint = () => queue.add(key, { priority: PRIORITY.pushed, isHint: true });
  /** Drift begins, and messages name the runtime for so long. */
  const goOn = async (ms: number, isNamed: boolean) => {
    for (let at = 0; at < ms; at += SPACING_MS) {
      if (isNamed) hint();
      await clock.advance(SPACING_MS);
    }
  };
  const end = () => {
    stop.abort();
    return ended;
  };
  return { operator, key, clock, puts, passes, fault, goOn, person, hint, end };
}

const FAILURES: readonly Failure[] = [
  FAILURE({ kind: 'unavailable' }),
  { ...FAILURE({ kind: 'unavailable' }), retryAfterMs: 5 * MINUTE } as Failure,
  FAILURE({ kind: 'throttled' }),
  FAILURE({ kind: 'forbidden' }),
  FAILURE({ kind: 'preconditionFailed' }),
  FAILURE({ kind: 'credentialUnavailable' }),
  FAILURE({ kind: 'locked' }),
  FAILURE({ kind: 'policyDenied' }),
];

describe.each(FAILURES)('while a write fails ($kind)', (failure) => {
  test('messages make none more, and it is made when its back-off is over', async () => {
    const puts = new Map<boolean, readonly number[]>();
    for (const isNamed of [false, true]) {
      const all = await setUp(failure);
      all.operator.azure.put(ID, MANAGED('northeurope'));
      all.hint();
      await all.goOn(30 * MINUTE, isNamed);
      puts.set(isNamed, [...all.puts]);
      all.fault.failure = undefined;
      await all.goOn(20 * MINUTE, isNamed);
      expect(document(all.operator)).toEqual(DECLARED);
      await all.end();
    }
    expect(puts.get(true)?.length).toBeGreaterThan(1);
    const without = puts.get(false)?.length ?? 0;
    // What is refused for good is written with the poll that is half an interval early rather than with the next.
    const isRefused = ['locked', 'policyDenied'].includes(failure.kind);
    expect(puts.get(true)?.length).toBeLessThanOrEqual(isRefused ? 2 * without : without + 1);
  });

  test('an edit and a request are written at once', async () => {
    const { operator, key, clock, puts, goOn, person, hint, end } = await setUp(failure);
    operator.azure.put(ID, MANAGED('northeurope'));
    hint();
    await goOn(10 * MINUTE, true);
    puts.length = 0;
    operator.cluster.edit(key, { fields: fieldMap({ location: 'uksouth' }) });
    person();
    await clock.advance(0);
    expect(puts).toHaveLength(1);
    operator.cluster.annotate(key, { reconcile: 'now' });
    person();
    await clock.advance(0);
    expect(puts).toHaveLength(2);
    await end();
  });
});

test('a create that fails is not made more often because messages name the runtime', async () => {
  const creates: number[] = [];
  for (const isNamed of [false, true]) {
    const { operator, goOn, hint, end } = await setUp(FAILURE({ kind: 'unavailable' }));
    let made = 0;
    instead(operator, 'create', async () => {
      made += 1;
      throw new AzureFailure(FAILURE({ kind: 'forbidden' }));
    });
    operator.azure.remove(ID);
    hint();
    await goOn(30 * MINUTE, isNamed);
    creates.push(made);
    await end();
  }
  expect(creates[1]).toBeLessThanOrEqual((creates[0] ?? 0) + 1);
});

test('a message during the pass whose write fails is no reason to repeat it', async () => {
  const { operator, clock, puts, fault, hint, end } = await setUp(FAILURE({ kind: 'forbidden' }));
  operator.azure.put(ID, MANAGED('northeurope'));
  fault.after = hint;
  hint();
  await clock.advance(0);
  expect(puts).toHaveLength(1);
  await end();
});

test('what writes nothing is polled for each message, though it backs off', async () => {
  const { operator, key, clock, passes, hint, end } = await setUp(FAILURE({ kind: 'forbidden' }));
  operator.cluster.edit(key, desired({ managementPolicy: 'Observe' }));
  operator.azure.remove(ID);
  for (let n = 0; n < 20; n++) {
    hint();
    await clock.advance(SPACING_MS);
  }
  expect(operator.summary(key)).toBe('Ready=False NotFound Reconciling');
  expect(new Set(passes.map((at) => Math.floor(at / SPACING_MS))).size).toBe(20);
  await end();
});
