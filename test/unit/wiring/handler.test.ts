/** What the controller does with the result of a pass. */
import { describe, expect, test } from '@jest/globals';
import { KubeError } from '../../../src/kube/client/errors.ts';
import type { PassResult } from '../../../src/reconcile/reconcile.ts';
import { OutageKeys } from '../../../src/triggers/outage-keys.ts';
import { createHandler } from '../../../src/wiring/handler.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordedLog } from '../runtime/recorded-log.ts';

const PERIOD = 600_000;
const DOWN = new KubeError({ status: 503, reason: 'ServiceUnavailable', message: 'down' });
const NEVER = new AbortController().signal;
const ATTEMPT = { failures: 0, signal: NEVER, readSignal: NEVER };

function handlerOf(outcomes: (PassResult | Error)[]) {
  const log = new RecordedLog();
  const budgetAvailable: [string, number][] = [];
  const outageKeys = new OutageKeys({ add: (key, { afterMs = 0 } = {}) => void budgetAvailable.push([key, afterMs]) });
  const reconcile = async () => {
    const outcome = outcomes.shift();
    if (outcome === undefined || outcome instanceof Error) throw outcome;
    return outcome;
  };
  const handler = createHandler({ reconcile, clock: new FakeClock(), log, outageKeys });
  return { log, budgetAvailable, outageKeys, handle: (key = 'team/a') => handler(key, ATTEMPT) };
}

describe('after a pass', () => {
  test('routine looks of two objects at once do not come at once again', async () => {
    const { handle } = handlerOf([
      { kind: 'periodic', ms: PERIOD },
      { kind: 'periodic', ms: PERIOD },
    ]);
    const waits = [await handle('team/a'), await handle('team/b')].map((next) => (next.kind === 'after' ? next.ms : 0));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(PERIOD / 5);
    expect(Math.max(...waits)).toBeLessThanOrEqual((6 * PERIOD) / 5);
    expect(waits[0]).not.toBe(waits[1]);
  });

  test.each<[PassResult, object]>([
    [{ kind: 'never' }, { kind: 'done' }],
    [
      { kind: 'parked', waitsFor: 'tokens' },
      { kind: 'parked', waitsFor: 'tokens' },
    ],
    [
      { kind: 'after', ms: 5 },
      { kind: 'after', ms: 5 },
    ],
  ])('%j becomes %j', async (outcome, next) => {
    expect(await handlerOf([outcome]).handle()).toEqual(next);
  });
});

describe('an API server that fails', () => {
  test('is no defect: the object is looked at again', async () => {
    expect(await handlerOf([DOWN]).handle()).toMatchObject({ kind: 'backoff' });
  });

  test('is a warning once, and again after a pass has come to its end', async () => {
    const { log, handle } = handlerOf([DOWN, DOWN, { kind: 'never' }, DOWN]);
    for (let i = 0; i < 4; i++) await handle();
    expect(log.messages('warn')).toHaveLength(2);
    expect(log.messages('debug')).toHaveLength(1);
  });

  test('that is back has everybody looked at whom it kept waiting, one after the other', async () => {
    const refused = new KubeError({ status: 403, reason: 'Forbidden', message: 'no' });
    const unreachable = new KubeError({ status: 0, reason: 'Unreachable', message: 'away' });
    const { budgetAvailable, outageKeys, handle } = handlerOf([DOWN, unreachable, DOWN, refused, { kind: 'never' }]);
    for (const key of ['a', 'b', 'c', 'refused', 'c']) await handle(key);
    outageKeys.enqueueAll();
    expect(budgetAvailable).toEqual([
      ['a', 0],
      ['b', 10],
    ]);
    outageKeys.enqueueAll();
    expect(budgetAvailable).toHaveLength(2);
  });

  test('does not hide a defect', async () => {
    await expect(handlerOf([new TypeError('a defect')]).handle()).rejects.toThrow('a defect');
  });
});
