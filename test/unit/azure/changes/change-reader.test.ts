/** The reader of the change queue: when it reads, what it does with what it got, and what it tells of faults. */
import { describe, expect, test } from '@jest/globals';
import { ChangeReader } from '../../../../src/azure/changes/change-reader.ts';
import { QueueFailure, type QueueMessage } from '../../../../src/azure/changes/queue-client.ts';
import type { QueueProblem } from '../../../../src/core/model/queue-state.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../runtime/recorded-log.ts';

const MINUTE = 60_000;

function text(name: string): string {
  return JSON.stringify({
    eventType: 'Microsoft.Resources.ResourceWriteSuccess',
    eventTime: '2026-01-01T00:00:00Z',
    data: {
      claims: { name: 'A Person' },
      operationName: 'Microsoft.DataFactory/factories/integrationruntimes/write',
      resourceUri: `/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/g/providers/Microsoft.DataFactory/factories/factory/integrationRuntimes/${name}`,
    },
  });
}

/** A queue in memory, with what it is to fail with. */
function setUp({ isLeader = () => true }: { isLeader?: () => boolean } = {}) {
  const clock = new FakeClock();
  const log = new RecordedLog();
  const did: string[] = [];
  const waiting: QueueMessage[] = [];
  const faults: { receive: Error | undefined; delete: Error | undefined } = { receive: undefined, delete: undefined };
  const queue = {
    receive: async () => {
      did.push('receive');
      if (faults.receive !== undefined) throw faults.receive;
      return waiting.splice(0, 32);
    },
    delete: async ({ id }: QueueMessage) => {
      did.push(`delete ${id}`);
      if (faults.delete !== undefined) throw faults.delete;
    },
  };
  const controller = new AbortController();
  const reader = new ChangeReader({
    queue,
    url: 'https://account.queue.test/changes',
    pollMs: 2_000,
    clock,
    log,
    isLeader,
    sink: {
      change: ({ scope }) => did.push(`change ${scope.kind === 'runtime' ? scope.id.name : scope.kind}`),
      dropped: (why, count) => did.push(`${why} ${count}`),
      read: (problem) => did.push(problem === undefined ? 'good' : 'bad'),
    },
  });
  const send = (...texts: readonly string[]) =>
    waiting.push(...texts.map((each, n) => ({ id: String(n), popReceipt: 'r', text: each })));
  const ended = reader.run(controller.signal);
  const taken = () => did.splice(0);
  return { clock, log, faults, send, taken, controller, ended, did };
}

const of = (problem: QueueProblem, retryAfterMs?: number) =>
  new QueueFailure(problem, `it is ${problem}`, retryAfterMs);
const warnings = (log: RecordedLog) => log.lines.filter(({ level }) => level === 'warn');

describe('reading', () => {
  test('happens every two seconds, and ends with the signal', async () => {
    const { clock, taken, controller, ended } = setUp();
    await clock.advance(6_000);
    expect(taken()).toEqual(Array.from({ length: 4 }, () => ['receive', 'good']).flat());
    controller.abort();
    await ended;
    expect(clock.pendingTimers).toBe(0);
  });

  test('happens again at once after a full batch', async () => {
    const { clock, send, taken } = setUp();
    await clock.settle();
    taken();
    send(...Array.from({ length: 40 }, (_, n) => text(`runtime-${n}`)));
    await clock.advance(2_000);
    const did = taken();
    expect(did.filter((each) => each === 'receive')).toHaveLength(2);
    expect(did.filter((each) => each.startsWith('change'))).toHaveLength(40);
  });

  test('deletes the messages first, and acts then', async () => {
    const { clock, send, taken } = setUp();
    await clock.settle();
    taken();
    send(text('one'), 'nonsense', text('two'));
    await clock.advance(2_000);
    expect(taken()).toEqual([
      'receive',
      'delete 0',
      'delete 1',
      'delete 2',
      'change one',
      'malformed 1',
      'change two',
      'good',
    ]);
  });

  test('acts upon what may have been deleted though that failed', async () => {
    const { clock, faults, send, taken } = setUp();
    await clock.settle();
    taken();
    faults.delete = of('unreachable');
    send(text('one'));
    await clock.advance(2_000);
    expect(taken()).toEqual(['receive', 'delete 0', 'change one', 'bad']);
  });

  test('is not done while another process leads', async () => {
    let leads = false;
    const { clock, taken } = setUp({ isLeader: () => leads });
    await clock.advance(MINUTE);
    expect(taken()).toEqual([]);
    leads = true;
    await clock.advance(2_000);
    expect(taken()).toEqual(['receive', 'good']);
  });

  test('logs nothing of what people sent', async () => {
    const { clock, log, send } = setUp();
    send(text('one'), 'A Person');
    await clock.advance(2_000);
    expect(JSON.stringify(log.lines)).not.toContain('A Person');
  });
});

describe('a queue that cannot be read', () => {
  test('is tried again after 5 s, and ever less often, up to every 5 minutes; then as before', async () => {
    const { clock, faults, taken } = setUp();
    await clock.settle();
    taken();
    faults.receive = of('missing');
    await clock.advance(2_000);
    const times: number[] = [];
    for (let at = 0; at < 30 * MINUTE; at += 1_000) {
      if (taken().includes('receive')) times.push(at);
      await clock.advance(1_000);
    }
    const gaps = times.slice(1).map((at, n) => (at - (times[n] ?? 0)) / 1_000);
    expect(gaps.slice(0, 6)).toEqual([5, 10, 20, 40, 80, 160]);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(300);
    faults.receive = undefined;
    await clock.advance(5 * MINUTE);
    taken();
    await clock.advance(4_000);
    expect(taken()).toEqual(['receive', 'good', 'receive', 'good']);
  });

  test('is told once for each kind of trouble, and when it can be read again', async () => {
    const { clock, log, faults } = setUp();
    faults.receive = of('missing');
    await clock.advance(20 * MINUTE);
    faults.receive = of('busy');
    await clock.advance(20 * MINUTE);
    expect(warnings(log).map(({ keys }) => keys?.problem)).toEqual(['missing', 'busy']);
    faults.receive = undefined;
    await clock.advance(10 * MINUTE);
    expect(log.lines.filter(({ level }) => level === 'info').map(({ message }) => message)).toEqual([
      'change queue can be read again',
    ]);
  });

  test.each(['busy', 'unreachable'] as const)('for a moment, as it is %s once, is not told', async (problem) => {
    const { clock, log, faults, taken } = setUp();
    await clock.settle();
    faults.receive = of(problem);
    await clock.advance(2_000);
    expect(taken()).toContain('bad');
    faults.receive = undefined;
    await clock.advance(MINUTE);
    expect(log.lines.filter(({ level }) => level !== 'debug')).toEqual([]);
    faults.receive = of(problem);
    await clock.advance(MINUTE);
    expect(warnings(log)).toHaveLength(1);
  });

  test('for want of a role is told ten minutes after the start, not before; and how to get it', async () => {
    const { clock, log, faults, taken } = setUp();
    faults.receive = of('denied');
    await clock.advance(10 * MINUTE - 1_000);
    expect(taken()).toContain('bad');
    expect(warnings(log)).toEqual([]);
    await clock.advance(2_000);
    expect(warnings(log)).toHaveLength(1);
    expect(String(warnings(log)[0]?.keys?.remedy)).toContain('Storage Queue Data Message Processor');
    await clock.advance(60 * MINUTE);
    expect(warnings(log)).toHaveLength(1);
  });

  test('is left alone for as long as it asks for', async () => {
    const { clock, faults, taken } = setUp();
    faults.receive = of('busy', 60_000);
    await clock.advance(2_000);
    taken();
    await clock.advance(59_000);
    expect(taken()).toEqual([]);
    await clock.advance(15_000);
    expect(taken()).toEqual(['receive', 'bad']);
  });

  test('for a defect of ours is an error, and goes on', async () => {
    const { clock, log, faults, taken } = setUp();
    faults.receive = new TypeError('x is undefined');
    await clock.advance(5_000);
    expect(log.lines.filter(({ level }) => level === 'error').length).toBeGreaterThan(0);
    expect(taken().filter((each) => each === 'receive').length).toBeGreaterThan(1);
  });
});
