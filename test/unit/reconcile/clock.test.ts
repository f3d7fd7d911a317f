/** Times: whole seconds in the status, and a clock that is set back. */
import { describe, expect, test } from '@jest/globals';
import { MINUTE } from '../../../src/core/schedule.ts';
import { desired, runtimeId } from '../model/builders.ts';
import { INTERVAL_MS, Operator } from '../model/operator.ts';
import { ready, reasons } from './support.ts';

describe('a time in the status', () => {
  test('is whole seconds, since that is what Kubernetes keeps', async () => {
    const operator = new Operator();
    operator.now += 123;
    const key = await ready(operator);
    operator.azure.setState(runtimeId(), 'Limited');
    operator.azure.repairsNeeded = 9;
    await operator.poll(key);
    const { conditions, repair, waitingSince } = operator.object(key).status;
    const times = [
      ...conditions.map(({ lastTransitionTime }) => lastTransitionTime),
      repair?.lastAttemptTime ?? 0.5,
      repair?.nextAttemptTime ?? 0.5,
      waitingSince?.time ?? 0.5,
    ];
    for (const time of times) expect(time % 1_000).toBe(0);
  });
});

describe('a clock that is set back by an hour', () => {
  const BACK = -60 * MINUTE;

  test('does not put off the next repair by an hour', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.setState(runtimeId(), 'Limited');
    operator.azure.repairsNeeded = 99;
    await operator.poll(key);
    operator.now += BACK;
    await operator.poll(key);
    operator.now += 2 * MINUTE;
    await operator.poll(key);
    expect(operator.azure.calls.filter((call) => call === 'update')).toHaveLength(2);
  });

  test.each([
    ['Starting', 'Ready=False Provisioning Stalled', 31],
    ['Offline', 'Ready=False Offline Stalled', 11],
  ])('does not put off by an hour what is told of a runtime that stays %s', async (state, told, minutes) => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.setState(runtimeId(), state);
    await operator.poll(key);
    operator.now += BACK;
    await operator.poll(key);
    operator.now += minutes * MINUTE;
    await operator.poll(key);
    expect(operator.summary(key)).toBe(told);
  });

  test('does not put off by an hour that a failure is told', async () => {
    let isDown = false;
    const failure = { kind: 'unavailable', message: 'Azure is down.' } as const;
    const operator = new Operator({ azure: { fault: () => (isDown ? { when: 'before', failure } : undefined) } });
    const key = await ready(operator);
    isDown = true;
    for (const ms of [0, BACK, INTERVAL_MS]) {
      operator.now += ms;
      await operator.poll(key);
    }
    expect(operator.summary(key)).toBe('Ready=True Available Reconciling');
  });

  test('in the middle of a deletion does not have it made again and again', async () => {
    const stepBack = (call: string) => {
      if (call === 'delete') operator.now += BACK;
      return undefined;
    };
    const operator: Operator = new Operator({ azure: { fault: stepBack } }, 'accepts');
    const key = operator.apply('sample', desired());
    await operator.lookTwice(key);
    operator.cluster.delete(key);
    await operator.poll(key);
    expect(operator.azure.calls.filter((call) => call === 'delete')).toHaveLength(1);
  });

  test('does not put off by an hour that an accepted write is made once more', async () => {
    const operator = new Operator({}, 'accepts');
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    operator.azure.failNext();
    operator.now += BACK;
    await operator.poll(key);
    operator.now += 10 * MINUTE;
    await operator.poll(key);
    expect(operator.azure.calls.filter((call) => call === 'create')).toHaveLength(2);
  });

  test('costs a Ready object one status at most', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.now += BACK;
    for (let i = 0; i < 3; i++) await operator.poll(key);
    expect(operator.cluster.writes).toEqual(['status']);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(reasons(operator)).toEqual([]);
  });
});
