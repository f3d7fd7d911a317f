/** Repairs: what one costs, how they are spaced and counted, and those that a person asks for. */
import { describe, expect, test } from '@jest/globals';
import { MINUTE } from '../../../src/core/schedule.ts';
import { FAILURE } from '../core/builders.ts';
import { runtimeId } from '../model/builders.ts';
import { Operator } from '../model/operator.ts';
import { document, failing, MANAGED, noting, ready, reasons } from './support.ts';

describe('a Limited runtime', () => {
  test('is written again and confirmed', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.setState(runtimeId(), 'Limited');
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(reasons(operator)).toEqual(['RepairStarted', 'Repaired']);
    expect(operator.object(key).status.repair).toMatchObject({ attempts: 1 });
  });
});

describe('a repair', () => {
  test('stores its attempt before the PUT', async () => {
    const { operator, notes } = noting();
    const key = await ready(operator);
    operator.azure.setState(runtimeId(), 'Limited');
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['hint', 'state', 'read', 'update', 'state']);
    expect(operator.cluster.writes).toEqual(['status', 'status']);
    const { attempts, lastAttemptTime, nextAttemptTime } = notes.at(-1)?.status.repair ?? {};
    expect(attempts).toBe(1);
    expect([lastAttemptTime, nextAttemptTime]).toEqual([operator.now, operator.now + MINUTE]);
    expect(operator.counted).toContain('repair started');
  });

  test('writes the document that is there, to the letter', async () => {
    const operator = new Operator();
    const was = { ...MANAGED('WEST EUROPE'), description: 'theirs', other: [{ kept: null }] };
    operator.azure.put(runtimeId(), was);
    const key = await ready(operator);
    operator.azure.setState(runtimeId(), 'Limited');
    await operator.poll(key);
    expect(document(operator)).toEqual(was);
  });
});

describe('a repair that a person asks for', () => {
  test('is made once, and its token echoed', async () => {
    const operator = new Operator();
    const key = await ready(operator, { repair: { mode: 'Disabled', maxAttempts: 5 } });
    operator.cluster.annotate(key, { repair: 'r1' });
    await operator.poll(key);
    expect(operator.azure.calls.filter((call) => call === 'update')).toHaveLength(1);
    expect(operator.cluster.writes).toEqual(['status']);
    expect(reasons(operator)).toEqual(['RepairStarted']);
    expect(operator.object(key).status.lastHandledRepairAt).toBe('r1');
    expect(operator.object(key).status.repair).toBeUndefined();
    await operator.poll(key);
    expect(operator.azure.calls.filter((call) => call === 'update')).toHaveLength(1);
  });

  test('is done by any write of the definition', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.annotate(key, { repair: 'r1' });
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    await operator.poll(key);
    await operator.poll(key);
    expect(operator.azure.calls.filter((call) => call === 'update')).toHaveLength(1);
    expect(operator.object(key).status.lastHandledRepairAt).toBe('r1');
  });

  test('helps an object that is exhausted', async () => {
    const operator = new Operator();
    const key = await ready(operator, { repair: { mode: 'Auto', maxAttempts: 1 } });
    operator.azure.setState(runtimeId(), 'Limited');
    operator.azure.repairsNeeded = 2;
    await operator.poll(key);
    operator.now += 2 * MINUTE;
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False RepairExhausted Stalled');
    operator.cluster.annotate(key, { repair: 'r1' });
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(reasons(operator)).toEqual(['RepairStarted', 'RepairExhausted', 'RepairStarted', 'Repaired']);
  });
});

describe('repairs over time', () => {
  test('are spaced, bounded, and remembered across restarts', async () => {
    const operator = new Operator();
    const key = await ready(operator, { repair: { mode: 'Auto', maxAttempts: 2 } });
    operator.azure.setState(runtimeId(), 'Limited');
    operator.azure.repairsNeeded = 99;
    for (const minutes of [0, 0.5, 0.6, 1, 1.1, 2]) {
      operator.now += minutes * MINUTE;
      operator.restart();
      await operator.poll(key);
    }
    expect(operator.azure.calls.filter((call) => call === 'update')).toHaveLength(2);
    expect(operator.summary(key)).toBe('Ready=False RepairExhausted Stalled');
  });

  test('have a next time as long as another follows', async () => {
    const operator = new Operator();
    const key = await ready(operator, { repair: { mode: 'Auto', maxAttempts: 2 } });
    operator.azure.setState(runtimeId(), 'Limited');
    operator.azure.repairsNeeded = 99;
    const planned: boolean[] = [];
    for (const minutes of [0, 1, 1, 1]) {
      operator.now += minutes * MINUTE;
      operator.cluster.writes.length = 0;
      await operator.poll(key);
      planned.push('nextAttemptTime' in (operator.object(key).status.repair ?? {}));
    }
    expect(planned).toEqual([true, false, false, false]);
    expect(operator.summary(key)).toBe('Ready=False RepairExhausted Stalled');
  });

  test('have a next time again where the last one did not reach Azure, with its spacing', async () => {
    const operator = new Operator({ azure: failing('unavailable', 'update') });
    const key = await ready(operator, { repair: { mode: 'Auto', maxAttempts: 1 } });
    operator.azure.setState(runtimeId(), 'Limited');
    operator.azure.repairsNeeded = 99;
    await operator.poll(key);
    expect(operator.object(key).status.repair).toMatchObject({
      attempts: 0,
      unmade: true,
      nextAttemptTime: operator.now + MINUTE,
    });
  });

  test('have no next time while repair is off, nor once the object only observes', async () => {
    for (const off of [{ repair: { mode: 'Disabled', maxAttempts: 5 } }, { managementPolicy: 'Observe' }] as const) {
      const operator = new Operator();
      const key = await ready(operator);
      operator.azure.setState(runtimeId(), 'Limited');
      operator.azure.repairsNeeded = 99;
      await operator.poll(key);
      operator.cluster.edit(key, off);
      await operator.poll(key);
      expect(operator.summary(key)).toBe('Ready=False Limited Stalled');
      expect(operator.object(key).status.repair).not.toHaveProperty('nextAttemptTime');
    }
  });

  test('that end with the last one are told to have helped', async () => {
    const operator = new Operator();
    const key = await ready(operator, { repair: { mode: 'Auto', maxAttempts: 1 } });
    operator.azure.setState(runtimeId(), 'Limited');
    operator.azure.repairsNeeded = 99;
    await operator.poll(key);
    operator.azure.setState(runtimeId(), 'Online');
    await operator.poll(key);
    expect(reasons(operator)).toEqual(['RepairStarted', 'Repaired']);
  });

  test('that have helped are told so once, and not of what ends later by itself', async () => {
    let down = false;
    const fault = () => (down ? ({ when: 'before', failure: FAILURE({ kind: 'unavailable' }) } as const) : undefined);
    const operator = new Operator({ azure: { fault } });
    const key = await ready(operator, { repair: { mode: 'Auto', maxAttempts: 1 } });
    operator.azure.setState(runtimeId(), 'Limited');
    await operator.poll(key);
    expect(reasons(operator)).toEqual(['RepairStarted', 'Repaired']);
    for (const state of ['Starting', 'Online', 'Limited', 'Online']) {
      operator.now += MINUTE;
      operator.azure.setState(runtimeId(), state);
      await operator.poll(key);
    }
    down = true;
    for (const _ of Array(12)) {
      await operator.poll(key);
      operator.now += MINUTE;
    }
    down = false;
    await operator.poll(key);
    expect(reasons(operator).slice(2)).toEqual(['RepairExhausted', 'Recovered', 'AzureUnavailable', 'Recovered']);
    expect(operator.counted.filter((each) => each === 'repair repaired')).toHaveLength(1);
  });

  test('are made at 0, 1, 3, 7 and 15 minutes, and exhausted at 31', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.setState(runtimeId(), 'Limited');
    operator.azure.repairsNeeded = 99;
    const repaired: number[] = [];
    const summaries: string[] = [];
    for (let minute = 0; minute <= 40; minute++) {
      operator.azure.calls.length = 0;
      operator.restart();
      await operator.poll(key);
      if (operator.azure.calls.includes('update')) repaired.push(minute);
      summaries.push(operator.summary(key));
      operator.now += MINUTE;
    }
    expect(repaired).toEqual([0, 1, 3, 7, 15]);
    expect(summaries.indexOf('Ready=False RepairExhausted Stalled')).toBe(31);
    expect(new Set(summaries.slice(0, 31))).toEqual(new Set(['Ready=False Repairing Reconciling']));
    expect(reasons(operator).filter((reason) => reason === 'RepairExhausted')).toHaveLength(1);
    expect(reasons(operator).filter((reason) => reason === 'RepairStarted')).toHaveLength(5);
  });

  test('count anew after an hour of being well, not before', async () => {
    for (const [minutes, attempts] of [
      [59, 2],
      [60, 1],
    ] as const) {
      const operator = new Operator();
      const key = await ready(operator);
      operator.azure.setState(runtimeId(), 'Limited');
      await operator.poll(key);
      operator.now += minutes * MINUTE;
      operator.azure.setState(runtimeId(), 'Limited');
      await operator.poll(key);
      expect(operator.object(key).status.repair?.attempts).toBe(attempts);
    }
  });

  test('count anew when the runtime was well for an hour, though it was unwell in another way since', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.setState(runtimeId(), 'Limited');
    await operator.poll(key);
    operator.now += 120 * MINUTE;
    operator.azure.setState(runtimeId(), 'Offline');
    await operator.poll(key);
    operator.now += MINUTE;
    operator.azure.setState(runtimeId(), 'Limited');
    await operator.poll(key);
    expect(operator.object(key).status.repair?.attempts).toBe(1);
  });

  test('are counted with their outcome', async () => {
    const operator = new Operator();
    const key = await ready(operator, { repair: { mode: 'Auto', maxAttempts: 1 } });
    operator.azure.setState(runtimeId(), 'Limited');
    await operator.poll(key);
    expect(operator.counted).toEqual(['repair started', 'repair repaired']);
    operator.azure.setState(runtimeId(), 'Limited');
    operator.now += 2 * MINUTE;
    await operator.poll(key);
    expect(operator.counted).toEqual(['repair started', 'repair repaired', 'stalled', 'repair exhausted']);
  });
});
