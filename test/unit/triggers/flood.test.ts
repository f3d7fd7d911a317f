/** A flood of forged messages, from the queue to the polls: what it costs, what is kept of it, and true news behind it. */
import { expect, test } from '@jest/globals';
import { ChangeReader } from '../../../src/azure/changes/change-reader.ts';
import type { QueueMessage } from '../../../src/azure/changes/queue-client.ts';
import { runtimeKeyOf } from '../../../src/kube/objects/runtime-key.ts';
import { ObjectStore } from '../../../src/kube/objects/store.ts';
import { sleep } from '../../../src/runtime/clock.ts';
import { PushedChanges } from '../../../src/triggers/pushed-changes.ts';
import { PushedPolls } from '../../../src/triggers/pushed-polls.ts';
import { rateOfPushedPolls } from '../../../src/wiring/change-queue.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FACTORY, parsed } from '../kube/objects/objects-of-tests.ts';

const MESSAGES = 100_000;
const BATCH = 32;
const BATCHES = MESSAGES / BATCH;
const READ_MS = 50;
const SPACING_MS = 5_000;
const KNOWN = Array.from({ length: 100 }, (_, n) => parsed({ name: `known-${n}` }));
const QUIET = parsed({ name: 'quiet' });
const READS_OF_A_POLL = 2;
const QUIET_LOG = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const PARENT = `/subscriptions/${FACTORY.subscriptionId}/resourceGroups/${FACTORY.resourceGroup}/providers/Microsoft.DataFactory/factories/${FACTORY.name}`;
const EVENT = JSON.stringify({
  eventType: 'Microsoft.Resources.ResourceWriteSuccess',
  eventTime: new Date(new FakeClock().now()).toISOString(),
  data: {
    operationName: 'Microsoft.DataFactory/factories/integrationruntimes/write',
    resourceUri: `${PARENT}/integrationRuntimes/NAME`,
  },
});
const textOf = (name: string) => EVENT.replace('NAME', name);

/** Of each batch one is no event; half of the others is about runtimes of objects, half about strangers. */
function forged(n: number): string {
  if (n % BATCH === 0) return 'nonsense';
  return textOf(n % 2 === 0 ? `known-${(n / 2) % KNOWN.length}` : `stranger-${n}`);
}

test('100,000 forged messages: each runtime is polled every 5 s at most, all within the rate, and the true one behind them is heard', async () => {
  const clock = new FakeClock();
  const objects = new ObjectStore();
  objects.replace([...KNOWN, QUIET]);
  const rate = rateOfPushedPolls(1);
  const polled = new Map<string, number[]>();
  const polls = new PushedPolls({
    clock,
    rate,
    suspect: () => () => false,
    reads: () => READS_OF_A_POLL,
    poll: (key) => polled.set(key, [...(polled.get(key) ?? []), clock.monotonic()]),
  });
  const changes = new PushedChanges({
    objects,
    polls,
    listedAt: () => undefined,
    announced: () => {},
    clock,
    log: QUIET_LOG,
  });
  const [deleted, outcomes] = [{ count: 0 }, new Map<string, number>()];
  const counted = (outcome: string, count: number) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + count);
  let [batch, mostTimers, heardAt] = [0, 0, Number.POSITIVE_INFINITY];
  const receive = async (signal: AbortSignal): Promise<QueueMessage[]> => {
    mostTimers = Math.max(mostTimers, clock.pendingTimers);
    await sleep(clock, READ_MS, signal);
    const first = batch++ * BATCH;
    const isNews = batch === BATCHES + 1;
    if (isNews) heardAt = clock.monotonic();
    const texts = batch <= BATCHES ? Array.from({ length: BATCH }, (_, n) => forged(first + n)) : [];
    return [...texts, ...(isNews ? [textOf('quiet')] : [])].map((text, n) => ({
      id: String(first + n),
      popReceipt: 'r',
      text,
    }));
  };
  const stop = new AbortController();
  const ended = new ChangeReader({
    queue: { aheadMs: 0, receive, delete: async () => void deleted.count++ },
    url: 'https://account.queue.test/changes',
    pollMs: 2_000,
    clock,
    log: QUIET_LOG,
    isLeader: () => true,
    isEcho: () => false,
    sink: {
      change: (change, count) => counted(changes.take(change), count),
      dropped: counted,
      read: () => {},
    },
  }).run(stop.signal);

  await clock.advance((BATCHES + 1) * READ_MS);
  expect(deleted.count).toBe(MESSAGES + 1);
  const half = MESSAGES / 2;
  expect(Object.fromEntries(outcomes)).toEqual({ poll: half - BATCHES + 1, unknown: half, malformed: BATCHES });

  // As long as the line before it can be.
  await clock.advance(((KNOWN.length + 1) * READS_OF_A_POLL * 1_000) / rate.perSecond);
  expect(polled.get(runtimeKeyOf(QUIET) ?? '')?.[0]).toBeGreaterThanOrEqual(heardAt);

  await clock.advance(10 * 60_000);
  // Of each runtime of an object, of their line, and of the reader.
  expect(mostTimers).toBeLessThanOrEqual(KNOWN.length + 1 + 1 + 1);
  expect(clock.pendingTimers).toBe(1);
  expect([...polled.keys()].sort()).toEqual([...KNOWN, QUIET].map((each) => runtimeKeyOf(each)).sort());
  for (const times of polled.values()) {
    for (const [n, at] of times.slice(1).entries()) expect(at - (times[n] ?? 0)).toBeGreaterThanOrEqual(SPACING_MS);
  }
  const all = [...polled.values()].flat().sort((a, b) => a - b);
  for (const [n, at] of all.entries())
    expect((n + 1) * READS_OF_A_POLL).toBeLessThanOrEqual(rate.burst + (rate.perSecond * at) / 1_000 + 1e-6);
  stop.abort();
  await ended;
}, 120_000);
