import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { ARM_ALLOWANCES, RequestBudget } from '../../../src/azure/request-budget.ts';
import { BudgetExhausted, type Urgency } from '../../../src/ports.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const SMALL = { burst: 10 / 0.97, perSecond: 1 / 0.97 };

/** Ten requests at once, then one a second, unless said otherwise. */
function rig(reads = SMALL) {
  const clock = new FakeClock();
  const woken: string[] = [];
  const budget = new RequestBudget({
    clock,
    wake: (key) => void woken.push(key),
    allowances: { reads, writes: SMALL, deletes: SMALL },
  });
  const take = (key: string, urgency: Urgency = 'look'): boolean => {
    try {
      budget.take('reads', { key, urgency });
      return true;
    } catch (error) {
      if (error instanceof BudgetExhausted) return false;
      throw error;
    }
  };
  const drain = () => {
    while (take('drain'));
    budget.forget('drain');
  };
  return { clock, woken, budget, take, drain };
}

describe('what is granted', () => {
  test('is 3 % less than what ARM allows', () => {
    const { take } = rig(ARM_ALLOWANCES.reads);
    let granted = 0;
    while (take('a')) granted++;
    expect(granted).toBe(242);
  });

  test('is counted for each kind by itself', () => {
    const { budget, drain } = rig();
    drain();
    expect(() => budget.take('writes', { key: 'a', urgency: 'look' })).not.toThrow();
    expect(() => budget.take('deletes', { key: 'a', urgency: 'look' })).not.toThrow();
  });

  test('is no more than what ARM says is left', () => {
    const { budget, take, drain } = rig(ARM_ALLOWANCES.reads);
    budget.observe('reads', 7.5 + 3);
    expect([take('a'), take('a'), take('a'), take('a')]).toEqual([true, true, true, false]);
    drain();
    budget.observe('reads', 1e6);
    expect(take('b')).toBe(false);
  });

  test('counts what is reserved for others as spent', async () => {
    const { clock, woken, budget, take, drain } = rig();
    drain();
    take('a');
    take('b');
    await clock.advance(4_010);
    expect(woken).toEqual(['a', 'b']);
    budget.observe('reads', 10 / 0.97 - 10 + 2);
    expect(take('c')).toBe(false);
    expect([take('a'), take('b')]).toEqual([true, true]);
  });

  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('is not changed by a count of %p', (remaining) => {
    const { budget, take } = rig();
    budget.observe('reads', remaining);
    expect(take('a')).toBe(true);
  });

  test('goes on after the wall clock was set back', async () => {
    const { clock, take, drain } = rig();
    drain();
    clock.step(-3_600_000);
    take('other');
    await clock.advance(5_000);
    expect(take('other')).toBe(true);
  });
});

describe('who has to wait', () => {
  test('is woken when there is a token, and then has it', async () => {
    const { clock, woken, take, drain } = rig();
    drain();
    expect(take('a')).toBe(false);
    await clock.advance(999);
    expect(woken).toEqual([]);
    await clock.advance(2);
    expect(woken).toEqual(['a']);
    expect(take('thief', 'change')).toBe(false);
    expect(take('a')).toBe(true);
  });

  test('is woken by urgency, and within it in the order of coming', async () => {
    const { clock, woken, take, drain } = rig();
    drain();
    for (const [key, urgency] of [
      ['l1', 'look'],
      ['r1', 'repair'],
      ['l2', 'look'],
      ['c1', 'change'],
      ['c2', 'change'],
    ] as const) {
      take(key, urgency);
    }
    await clock.advance(5_010);
    expect(woken).toEqual(['c1', 'c2', 'r1', 'l1', 'l2']);
  });

  test('moves up when it becomes more urgent, and not down', async () => {
    const { clock, woken, take, drain } = rig();
    drain();
    take('first', 'repair');
    take('a', 'look');
    take('a', 'change');
    take('a', 'look');
    await clock.advance(2_010);
    expect(woken).toEqual(['a', 'first']);
  });

  test('is woken once, however often it asks', async () => {
    const { clock, woken, take, drain } = rig();
    drain();
    for (let i = 0; i < 5; i++) take('a');
    await clock.advance(4_000);
    expect(woken).toEqual(['a']);
  });

  test('loses a reserved token that it does not use, to whoever is next', async () => {
    const { clock, woken, take, drain } = rig({ burst: 1 / 0.97, perSecond: 0.1 / 0.97 });
    drain();
    take('sleepy', 'change');
    take('b');
    await clock.advance(10_010);
    expect(woken).toEqual(['sleepy']);
    await clock.advance(5_000);
    expect(woken).toEqual(['sleepy', 'b']);
    expect(take('b')).toBe(true);
    expect(take('sleepy')).toBe(false);
  });

  test('waits no more once it is forgotten, and what was reserved for it goes to others', async () => {
    const { clock, woken, budget, take, drain } = rig({ burst: 1 / 0.97, perSecond: 1 / 0.97 });
    drain();
    take('a', 'change');
    take('b', 'repair');
    take('c', 'look');
    budget.forget('b');
    await clock.advance(1_010);
    expect(woken).toEqual(['a']);
    budget.forget('a');
    expect(woken).toEqual(['a', 'c']);
  });

  test('a look is not starved by a stream of changes', async () => {
    const { clock, woken, take, drain } = rig();
    drain();
    take('look', 'look');
    take('repair', 'repair');
    for (let i = 0; i < 100; i++) take(`change-${i}`, 'change');
    await clock.advance(25_000);
    expect(woken).toContain('look');
    expect(woken).toContain('repair');
    expect(woken.filter((key) => key.startsWith('change')).length).toBeGreaterThan(20);
  });

  test('two keys that need three tokens each both get through', async () => {
    const { clock, woken, take, drain } = rig();
    drain();
    const done: string[] = [];
    const pass = (key: string) => {
      if (take(key) && take(key) && take(key)) done.push(key);
    };
    pass('a');
    pass('b');
    for (let second = 0; second < 40 && done.length < 2; second++) {
      await clock.advance(1_000);
      for (const key of woken.splice(0)) pass(key);
    }
    expect(done.sort()).toEqual(['a', 'b']);
  });

  test('keeps no timer when nobody waits, nor after the stop', async () => {
    const { clock, budget, take, drain } = rig();
    drain();
    expect(clock.pendingTimers).toBe(0);
    take('a');
    expect(clock.pendingTimers).toBe(1);
    budget.stop();
    expect(clock.pendingTimers).toBe(0);
    take('b');
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('after a 429', () => {
  test('everybody of that kind waits until its time has come', async () => {
    const { clock, woken, budget, take } = rig();
    budget.throttled('reads', 30_000);
    expect(take('a')).toBe(false);
    expect(() => budget.take('writes', { key: 'a', urgency: 'look' })).not.toThrow();
    await clock.advance(29_999);
    expect(woken).toEqual([]);
    await clock.advance(1_010);
    expect(woken).toEqual(['a']);
  });

  test('who was woken before waits again, in the old place', async () => {
    const { clock, woken, budget, take, drain } = rig();
    drain();
    take('a');
    take('b');
    await clock.advance(1_010);
    budget.throttled('reads', 30_000);
    expect(take('a')).toBe(false);
    await clock.advance(32_100);
    expect(woken).toEqual(['a', 'a', 'b']);
  });

  test('the bucket fills again from nothing', async () => {
    const { clock, budget, take } = rig();
    budget.throttled('reads', 30_000);
    await clock.advance(32_000);
    expect([take('a'), take('b'), take('c')]).toEqual([true, true, false]);
  });

  test('a shorter time does not shorten a longer one', async () => {
    const { clock, budget, take } = rig();
    budget.throttled('reads', 30_000);
    budget.throttled('reads', 1_000);
    await clock.advance(20_000);
    expect(take('a')).toBe(false);
  });
});

type Step =
  | { readonly do: 'take'; readonly key: number; readonly urgency: Urgency }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'observe'; readonly remaining: number }
  | { readonly do: 'throttled'; readonly ms: number }
  | { readonly do: 'forget'; readonly key: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('take' as const),
      key: fc.nat(12),
      urgency: fc.constantFrom<Urgency>('change', 'repair', 'look'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.nat(8_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('observe' as const), remaining: fc.nat(15) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('throttled' as const), ms: fc.nat(10_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), key: fc.nat(12) }) },
);

describe('whatever happens', () => {
  test('no window of time sees more than burst + rate·t, and every waiter is woken', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 120 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 10 }),
        async (steps, obedient, burst) => {
          const { clock, woken, budget, take } = rig({ burst: burst / 0.97, perSecond: 1 / 0.97 });
          const grants: number[] = [];
          const waiting = new Set<string>();
          const attempt = (key: string, urgency: Urgency) => {
            if (take(key, urgency)) {
              grants.push(clock.now());
              waiting.delete(key);
            } else waiting.add(key);
          };
          const answerCalls = () => {
            for (const key of woken.splice(0)) {
              waiting.delete(key);
              if (obedient) attempt(key, 'look');
            }
          };
          for (const each of steps) {
            if (each.do === 'take') attempt(`k${each.key}`, each.urgency);
            else if (each.do === 'advance') await clock.advance(each.ms);
            else if (each.do === 'observe') budget.observe('reads', each.remaining);
            else if (each.do === 'throttled') budget.throttled('reads', each.ms);
            else {
              budget.forget(`k${each.key}`);
              waiting.delete(`k${each.key}`);
            }
            answerCalls();
          }
          for (let i = 0; i < 60 && waiting.size > 0; i++) {
            await clock.advance(5_000);
            answerCalls();
          }
          expect([...waiting]).toEqual([]);
          for (const [i, from] of grants.entries()) {
            for (const [j, until] of grants.entries()) {
              if (j >= i) expect(j - i + 1).toBeLessThanOrEqual(burst + (until - from) / 1000 + 1e-6);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
