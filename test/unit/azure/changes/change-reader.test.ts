/** The reader of the change queue: when it reads, what it does with what it got, and what it tells of faults. */
import { describe, expect, test } from '@jest/globals';
import { ChangeReader } from '../../../../src/azure/changes/change-reader.ts';
import { QueueFailure, type QueueMessage } from '../../../../src/azure/changes/queue-client.ts';
import type { QueueProblem } from '../../../../src/core/model/queue-state.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../runtime/recorded-log.ts';

const MINUTE = 60_000;

const FACTORY =
  '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/g/providers/Microsoft.DataFactory/factories/factory';

interface Event {
  readonly operation?: string;
  readonly resourceUri: string;
  readonly at?: string;
  readonly correlationId?: string;
}

function textOf(event: Event): string {
  const { operation = 'integrationruntimes/write', resourceUri, at = '2026-01-01T00:00:00Z', correlationId } = event;
  return JSON.stringify({
    eventType: 'Microsoft.Resources.ResourceWriteSuccess',
    eventTime: at,
    data: {
      claims: { name: 'A Person' },
      operationName: `Microsoft.DataFactory/factories/${operation}`,
      resourceUri,
      correlationId,
    },
  });
}

function text(name: string, more: Partial<Event> = {}): string {
  return textOf({ resourceUri: `${FACTORY}/integrationRuntimes/${name}`, ...more });
}

/** A queue in memory, with what it is to fail with. */
function setUp({ isLeader = () => true }: { isLeader?: () => boolean } = {}) {
  const clock = new FakeClock();
  const log = new RecordedLog();
  const did: string[] = [];
  const empty: boolean[] = [];
  const told: { count: number; at: string }[] = [];
  const waiting: QueueMessage[] = [];
  const faults: { receive: Error | undefined; delete: Error | undefined } = { receive: undefined, delete: undefined };
  const queue = {
    aheadMs: 0,
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
    isEcho: ({ correlationId }) => correlationId === 'own',
    sink: {
      change: ({ scope, at }, count) => {
        did.push(`change ${scope.kind === 'runtime' ? scope.id.name : scope.kind}`);
        told.push({ count, at: new Date(at).toISOString().slice(11, 19) });
      },
      dropped: (why, count) => did.push(`${why} ${count}`),
      read: (problem, isEmpty) => {
        did.push(problem === undefined ? 'good' : 'bad');
        empty.push(isEmpty);
      },
    },
  });
  const send = (...texts: readonly string[]) =>
    waiting.push(...texts.map((each, n) => ({ id: String(n), popReceipt: 'r', text: each })));
  const ended = reader.run(controller.signal);
  const taken = () => did.splice(0);
  return { clock, log, faults, send, taken, controller, ended, did, told, empty, queue };
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
    const { clock, send, taken, empty } = setUp();
    await clock.settle();
    taken();
    empty.length = 0;
    send(...Array.from({ length: 40 }, (_, n) => text(`runtime-${n}`)));
    await clock.advance(2_000);
    const did = taken();
    expect(did.filter((each) => each === 'receive')).toHaveLength(2);
    expect(empty).toEqual([false, true]);
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
      'malformed 1',
      'change one',
      'change two',
      'good',
    ]);
  });

  test('takes equal changes of a batch for one, the newest; and own writes for none', async () => {
    const { clock, send, taken, told } = setUp();
    await clock.settle();
    const [early, late] = [{ at: '2026-01-01T00:00:01Z' }, { at: '2026-01-01T00:00:02Z' }];
    send(text('one', early), text('two'), text('ONE', late), text('one', early));
    send(text('one', { correlationId: 'own', at: '2026-01-01T00:00:03Z' }));
    taken();
    await clock.advance(2_000);
    expect(taken().filter((each) => !each.startsWith('delete'))).toEqual([
      'receive',
      'echo 1',
      'change one',
      'change two',
      'good',
    ]);
    expect(told).toEqual([
      { count: 3, at: '00:00:02' },
      { count: 1, at: '00:00:00' },
    ]);
  });

  test('tells times by our clock, where that is far from the one of Azure', async () => {
    const { clock, send, told, queue } = setUp();
    await clock.settle();
    queue.aheadMs = 10 * MINUTE;
    send(text('one'));
    await clock.advance(2_000);
    expect(told).toEqual([{ count: 1, at: '00:10:00' }]);
  });

  test('lets others work between two changes that may concern thousands of objects', async () => {
    const { clock, send, did, taken } = setUp();
    await clock.settle();
    const deletion = (name: string) => textOf({ operation: 'delete', resourceUri: `${FACTORY}-${name}` });
    send(...['a', 'b', 'c'].map(deletion));
    taken();
    const others = () => {
      did.push('others');
      if (did.length < 100) clock.setTimer(0, others);
    };
    clock.setTimer(2_000, others);
    await clock.advance(2_000);
    const order = taken().filter((each) => each.startsWith('change') || each === 'others' || each === 'good');
    expect(order.slice(0, order.indexOf('good')).join()).toMatch(
      /change parent(,others)+,change parent(,others)+,change/,
    );
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
  test('is tried again at the next poll, and ever less often, up to every 5 minutes; then as before', async () => {
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
    expect(gaps.slice(0, 7)).toEqual([2, 4, 8, 16, 32, 64, 128]);
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
    faults.receive = of('missing');
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

  test('is tried again every five minutes, whatever it asks for', async () => {
    const { clock, faults, taken } = setUp();
    faults.receive = of('busy', 60 * MINUTE);
    await clock.advance(2_000);
    taken();
    await clock.advance(5 * MINUTE);
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
