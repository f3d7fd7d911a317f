/** The request budget: who gets tokens, and who is woken. */
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { ARM_LIMITS, limitsFor } from '../../../../src/azure/budget/limits.ts';
import { RequestBudget } from '../../../../src/azure/budget/request-budget.ts';
import { AzureFailure } from '../../../../src/core/model/failure.ts';
import { type Needs, ParkedError, type RequestKind, type Urgency } from '../../../../src/ports.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const SMALL = { burst: 10 / 0.98, perSecond: 1 / 0.98 };

/** Ten requests at once, then one a second, unless said otherwise. */
function rig(reads = SMALL, others = SMALL) {
  const clock = new FakeClock();
  const budgetAvailable: string[] = [];
  const stretches: number[] = [];
  const budget = new RequestBudget({
    clock,
    intervalFactorChanged: (factor) => void stretches.push(factor),
    wake: (key) => void budgetAvailable.push(key),
    limits: { reads, writes: others, deletes: others },
  });
  const take = (key: string, urgency: Urgency = 'poll'): boolean => {
    try {
      budget.take('reads', { key, urgency });
      return true;
    } catch (error) {
      if (error instanceof ParkedError) return false;
      throw error;
    }
  };
  const drain = (kind: RequestKind = 'reads') => {
    const all = () => {
      for (;;) budget.take(kind, { key: 'drain', urgency: 'poll' });
    };
    expect(all).toThrow(ParkedError);
    budget.forget('drain');
  };
  return { clock, budgetAvailable, stretches, budget, take, drain };
}

describe('what is granted', () => {
  test('is 2 % less than what ARM allows', () => {
    const { take } = rig(ARM_LIMITS.reads);
    let granted = 0;
    while (take('a')) granted++;
    expect(granted).toBe(245);
  });

  test('is counted for each kind by itself', () => {
    const { budget, drain } = rig();
    drain();
    expect(() => budget.take('writes', { key: 'a', urgency: 'poll' })).not.toThrow();
    expect(() => budget.take('deletes', { key: 'a', urgency: 'poll' })).not.toThrow();
  });

  test('is no more than what ARM says is left', () => {
    const { budget, take, drain } = rig(ARM_LIMITS.reads);
    budget.observe('reads', 5 + 3);
    expect([take('a'), take('a'), take('a'), take('a')]).toEqual([true, true, true, false]);
    drain();
    budget.observe('reads', 1e6);
    expect(take('b')).toBe(false);
  });

  test('is as much as goes without a limit, whatever ARM says is left', async () => {
    const { clock, budget, take } = rig(limitsFor('unlimited').reads);
    for (let i = 0; i < 1_000; i++) {
      expect(take('a')).toBe(true);
      budget.observe('reads', 250);
      await clock.advance(1);
    }
  });

  test('fills while nobody asks', async () => {
    const { clock, budget, drain } = rig();
    drain();
    expect(budget.left.reads).toBe(0);
    await clock.advance(4_100);
    expect(budget.left.reads).toBe(4);
  });

  test('is also what was reserved and not used in time, though nobody asks', async () => {
    const { clock, budget } = rig({ burst: 10 / 0.98, perSecond: 0.01 });
    budget.take('reads', { key: 'a', urgency: 'poll', needs: { reads: 4 } });
    await clock.advance(4_999);
    expect(budget.left.reads).toBe(6);
    await clock.advance(1);
    expect(budget.left.reads).toBe(9);
  });

  test('counts what is reserved for others as spent', async () => {
    const { clock, budgetAvailable, budget, take, drain } = rig();
    drain();
    take('a');
    take('b');
    await clock.advance(4_010);
    expect(budgetAvailable).toEqual(['a', 'b']);
    budget.observe('reads', 10 / 0.98 - 10 + 2);
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
    const { clock, budgetAvailable, take, drain } = rig();
    drain();
    expect(take('a')).toBe(false);
    await clock.advance(999);
    expect(budgetAvailable).toEqual([]);
    await clock.advance(2);
    expect(budgetAvailable).toEqual(['a']);
    expect(take('thief', 'change')).toBe(false);
    expect(take('a')).toBe(true);
  });

  test('is woken by urgency, and within it in the order of coming', async () => {
    const { clock, budgetAvailable, take, drain } = rig();
    drain();
    for (const [key, urgency] of [
      ['l1', 'poll'],
      ['r1', 'repair'],
      ['l2', 'poll'],
      ['c1', 'change'],
      ['c2', 'change'],
    ] as const) {
      take(key, urgency);
    }
    await clock.advance(5_010);
    expect(budgetAvailable).toEqual(['c1', 'c2', 'r1', 'l1', 'l2']);
  });

  test('moves up when it becomes more urgent, and not down', async () => {
    const { clock, budgetAvailable, take, drain } = rig();
    drain();
    take('first', 'repair');
    take('a', 'poll');
    take('a', 'change');
    take('a', 'poll');
    await clock.advance(2_010);
    expect(budgetAvailable).toEqual(['a', 'first']);
  });

  test('is woken once, however often it asks', async () => {
    const { clock, budgetAvailable, take, drain } = rig();
    drain();
    for (let i = 0; i < 5; i++) take('a');
    await clock.advance(4_000);
    expect(budgetAvailable).toEqual(['a']);
  });

  test('loses a reserved token that it does not use, to whoever is next', async () => {
    const { clock, budgetAvailable, take, drain } = rig({ burst: 1 / 0.98, perSecond: 0.1 / 0.98 });
    drain();
    take('sleepy', 'change');
    take('b');
    await clock.advance(10_010);
    expect(budgetAvailable).toEqual(['sleepy']);
    await clock.advance(5_000);
    expect(budgetAvailable).toEqual(['sleepy', 'b']);
    expect(take('b')).toBe(true);
    expect(take('sleepy')).toBe(false);
  });

  test('waits no more once it is forgotten, and what was reserved for it goes to others', async () => {
    const { clock, budgetAvailable, budget, take, drain } = rig({ burst: 1 / 0.98, perSecond: 1 / 0.98 });
    drain();
    take('a', 'change');
    take('b', 'repair');
    take('c', 'poll');
    budget.forget('b');
    await clock.advance(1_010);
    expect(budgetAvailable).toEqual(['a']);
    budget.forget('a');
    expect(budgetAvailable).toEqual(['a', 'c']);
  });

  test('a look is not starved by a stream of changes', async () => {
    const { clock, budgetAvailable, take, drain } = rig();
    drain();
    take('poll', 'poll');
    take('repair', 'repair');
    for (let i = 0; i < 100; i++) take(`change-${i}`, 'change');
    await clock.advance(25_000);
    expect(budgetAvailable).toContain('poll');
    expect(budgetAvailable).toContain('repair');
    expect(budgetAvailable.filter((key) => key.startsWith('change')).length).toBeGreaterThan(20);
  });

  test('two keys that need three tokens each both get through', async () => {
    const { clock, budgetAvailable, take, drain } = rig();
    drain();
    const done: string[] = [];
    const pass = (key: string) => {
      if (take(key) && take(key) && take(key)) done.push(key);
    };
    pass('a');
    pass('b');
    for (let second = 0; second < 40 && done.length < 2; second++) {
      await clock.advance(1_000);
      for (const key of budgetAvailable.splice(0)) pass(key);
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

describe('a pass that says what it needs', () => {
  const WRITE = { reads: 2, writes: 1 };

  test('is given all of it at once', () => {
    const { budget, take, drain } = rig();
    budget.take('reads', { key: 'a', urgency: 'change', needs: WRITE });
    drain();
    expect(() => budget.take('writes', { key: 'a', urgency: 'change', needs: WRITE })).not.toThrow();
    expect(() => budget.take('reads', { key: 'a', urgency: 'change', needs: WRITE })).not.toThrow();
    expect(take('a')).toBe(false);
  });

  test('spends nothing before it can have all, and keeps nobody from the rest', () => {
    const { budget, take, drain } = rig();
    drain('writes');
    expect(() => budget.take('reads', { key: 'a', urgency: 'change', needs: WRITE })).toThrow(ParkedError);
    let granted = 0;
    while (take('b')) granted++;
    expect(granted).toBe(10);
  });

  test('is woken when it can have all', async () => {
    const { clock, budgetAvailable, budget, drain } = rig();
    drain('writes');
    drain();
    const caller = { key: 'a', urgency: 'change', needs: WRITE } as const;
    expect(() => budget.take('reads', caller)).toThrow(ParkedError);
    await clock.advance(1_500);
    expect(budgetAvailable).toEqual([]);
    await clock.advance(510);
    expect(budgetAvailable).toEqual(['a']);
    for (const kind of ['reads', 'writes', 'reads'] as const) budget.take(kind, caller);
  });

  test('gives back what it did not spend when it is over', () => {
    const { budget, take } = rig();
    budget.take('reads', { key: 'a', urgency: 'poll', needs: { reads: 10 } });
    expect(take('b')).toBe(false);
    budget.forget('b');
    budget.finish('a');
    let granted = 0;
    while (take('c')) granted++;
    expect(granted).toBe(9);
  });

  test('asks for more in the middle, and spends nothing before it can have that', () => {
    const { budget, take, drain } = rig();
    budget.take('reads', { key: 'a', urgency: 'poll', needs: { reads: 2 } });
    drain('writes');
    const more = { key: 'a', urgency: 'repair', needs: WRITE } as const;
    expect(() => budget.take('reads', more)).toThrow(ParkedError);
    budget.finish('a');
    let granted = 0;
    while (take('b')) granted++;
    // One is spent; the other is free until there is a write again.
    expect(granted).toBe(9);
  });

  test('gives back what it has while it waits for more: others may wait for just that', async () => {
    const { clock, budgetAvailable, budget } = rig({ burst: 4 / 0.98, perSecond: 1 / 0.98 });
    for (const key of ['a', 'b']) budget.take('reads', { key, urgency: 'poll', needs: { reads: 2 } });
    for (const key of ['a', 'b']) {
      expect(() => budget.take('reads', { key, urgency: 'poll', needs: { reads: 4 } })).toThrow(ParkedError);
      budget.finish(key);
    }
    for (let second = 0; second < 20; second++) {
      await clock.advance(1_000);
      for (const key of budgetAvailable.slice(-1)) budget.finish(key);
    }
    expect(budgetAvailable).toEqual(['a', 'b']);
  });

  test('loses what it has of a kind that ARM refuses, and keeps the rest', async () => {
    const { clock, budgetAvailable, budget, drain } = rig();
    drain();
    const caller = { key: 'a', urgency: 'change', needs: { reads: 1, writes: 1 } } as const;
    expect(() => budget.take('reads', caller)).toThrow(ParkedError);
    budget.throttled('writes', 10_000);
    await clock.advance(10_500);
    expect(budgetAvailable).toEqual([]);
    await clock.advance(510);
    expect(budgetAvailable).toEqual(['a']);
  });
});

describe('routine looks', () => {
  const SECOND = 1_000;
  /** Of 10 reads a second, 6 are theirs. */
  const TEN = { burst: 100 / 0.98, perSecond: 10 / 0.98 };

  test('keep their interval as long as they use 60 % of the reads', () => {
    const { budget } = rig(TEN);
    for (let i = 0; i < 60; i++) expect(budget.spacedInterval(`k${i}`, 10 * SECOND)).toBeCloseTo(10 * SECOND, 6);
  });

  test('are spread out beyond that, each in proportion to its own interval', () => {
    const { budget } = rig(TEN);
    for (let i = 0; i < 120; i++) budget.spacedInterval(`k${i}`, 10 * SECOND);
    expect(budget.spacedInterval('k0', 10 * SECOND)).toBeCloseTo(20 * SECOND, 6);
    for (let i = 1; i <= 12; i++) budget.forget(`k${i}`);
    expect(budget.spacedInterval('slow', 100 * SECOND)).toBe(190 * SECOND);
  });

  test('of one key count once, however often it asks', () => {
    const { budget } = rig(TEN);
    for (let i = 0; i < 1_000; i++) expect(budget.spacedInterval('k', 10 * SECOND)).toBeCloseTo(10 * SECOND, 6);
  });

  test('of keys that have not asked for some of their intervals count no more', async () => {
    const { clock, budget } = rig(TEN);
    for (let i = 0; i < 120; i++) budget.spacedInterval(`k${i}`, 10 * SECOND);
    for (let minute = 0; minute < 10; minute++) {
      await clock.advance(60 * SECOND);
      budget.spacedInterval('k0', 10 * SECOND);
    }
    expect(budget.spacedInterval('k0', 10 * SECOND)).toBe(10 * SECOND);
  });

  test('tell by how much they are spread out, when that changes', () => {
    const { budget, stretches } = rig(TEN);
    for (let i = 0; i < 61; i++) budget.spacedInterval(`k${i}`, 10 * SECOND);
    budget.spacedInterval('k0', 10 * SECOND);
    budget.forget('k0');
    expect(stretches).toEqual([1.1, 1]);
  });
});

describe('a 429 for long', () => {
  const DAY = 86_400_000;
  const INTERVAL = 600_000;
  function longRig() {
    const the = rig();
    const until = `${new Date(the.clock.now() + DAY).toISOString().slice(0, 19)}Z`;
    const ask = (key: string, maxWaitMs = INTERVAL, needs: Needs = { reads: 1 }) => {
      try {
        the.budget.take('reads', { key, urgency: 'poll', needs, maxWaitMs });
        return 'granted';
      } catch (error) {
        return error instanceof AzureFailure ? error.failure : error instanceof ParkedError ? 'parked' : error;
      }
    };
    const told = { kind: 'throttled', message: expect.stringContaining(`until ${until}`) };
    return { ...the, ask, told };
  }

  test('is told, with the time that it ends, to whoever would wait for longer than an interval', () => {
    const { budget, ask, told } = longRig();
    budget.throttled('reads', DAY);
    expect(ask('a')).toEqual(expect.objectContaining(told));
    expect(ask('b', 2 * DAY)).toBe('parked');
    expect(ask('c', INTERVAL, { reads: 2, writes: 1 })).toEqual(expect.objectContaining(told));
    budget.throttled('writes', INTERVAL);
    expect(budget.blocking('writes', INTERVAL)).toBeUndefined();
  });

  test('is told the same by each further one, also when that would end later', async () => {
    const { budget, clock, ask, told } = longRig();
    budget.throttled('reads', DAY);
    await clock.advance(INTERVAL);
    budget.throttled('reads', DAY);
    expect(ask('a')).toEqual(expect.objectContaining(told));
  });

  test('that follows a short one is told as itself', async () => {
    const { budget, ask, told } = longRig();
    budget.throttled('reads', 10_000);
    budget.throttled('reads', DAY);
    expect(ask('a')).toEqual(expect.objectContaining(told));
  });

  test('wakes those who wait for less, so that they learn of it', () => {
    const { budget, drain, take, budgetAvailable } = longRig();
    drain();
    expect([take('a'), take('b')]).toEqual([false, false]);
    budget.throttled('reads', DAY);
    expect(budgetAvailable).toEqual(['a', 'b']);
    budget.throttled('reads', DAY);
    expect(budgetAvailable).toEqual(['a', 'b']);
  });

  test('is probed by one request every three minutes, whoever waits and for how much', async () => {
    const { budget, clock, ask, budgetAvailable } = longRig();
    budget.throttled('reads', DAY);
    for (const key of ['a', 'b', 'c']) ask(key, INTERVAL, { reads: 2 });
    await clock.advance(179_000);
    expect(budgetAvailable).toEqual([]);
    await clock.advance(1_000);
    expect(budgetAvailable).toEqual(['a']);
    expect(ask('a')).toBe('granted');
    budget.throttled('reads', DAY);
    expect(ask('a')).toMatchObject({ kind: 'throttled' });
    budget.finish('a');
    await clock.advance(180_000);
    expect(budgetAvailable).toEqual(['a', 'b']);
  });

  test('ends early when a probe is answered, and all who wait are served at the usual rate', async () => {
    const { budget, clock, ask, budgetAvailable } = longRig();
    budget.throttled('reads', DAY);
    for (const key of ['a', 'b', 'c']) ask(key);
    await clock.advance(180_000);
    expect(ask('a')).toBe('granted');
    budget.answered('reads', clock.now());
    budget.finish('a');
    await clock.advance(3_000);
    expect(budgetAvailable).toEqual(['a', 'b', 'c']);
  });

  test('is not ended by the answer to a request that went out before it', async () => {
    const { budget, clock, ask } = longRig();
    const sentAt = clock.monotonic();
    await clock.advance(1);
    budget.throttled('reads', DAY);
    budget.answered('reads', sentAt);
    expect(ask('a')).toMatchObject({ kind: 'throttled' });
  });
});

describe('after a 429', () => {
  test('everybody of that kind waits until its time has come', async () => {
    const { clock, budgetAvailable, budget, take } = rig();
    budget.throttled('reads', 30_000);
    expect(take('a')).toBe(false);
    expect(() => budget.take('writes', { key: 'b', urgency: 'poll' })).not.toThrow();
    await clock.advance(29_999);
    expect(budgetAvailable).toEqual([]);
    await clock.advance(1_010);
    expect(budgetAvailable).toEqual(['a']);
  });

  test('who was woken before waits again, in the old place', async () => {
    const { clock, budgetAvailable, budget, take, drain } = rig();
    drain();
    take('a');
    take('b');
    await clock.advance(1_010);
    budget.throttled('reads', 30_000);
    expect(take('a')).toBe(false);
    await clock.advance(32_100);
    expect(budgetAvailable).toEqual(['a', 'a', 'b']);
  });

  test('a pass that ends without having been refused is not woken', async () => {
    const { clock, budgetAvailable, budget } = rig();
    budget.take('reads', { key: 'a', urgency: 'change', needs: { reads: 2 } });
    budget.throttled('reads', 30_000);
    budget.finish('a');
    await clock.advance(60_000);
    expect(budgetAvailable).toEqual([]);
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
  | {
      readonly do: 'take';
      readonly kind: RequestKind;
      readonly key: number;
      readonly urgency: Urgency;
      readonly needs: Needs;
    }
  | { readonly do: 'finish'; readonly key: number }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'observe'; readonly kind: RequestKind; readonly remaining: number }
  | { readonly do: 'throttled'; readonly kind: RequestKind; readonly ms: number }
  | { readonly do: 'forget'; readonly key: number };

const kind = fc.constantFrom<RequestKind>('reads', 'writes', 'deletes');

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('take' as const),
      kind,
      key: fc.nat(12),
      urgency: fc.constantFrom<Urgency>('change', 'repair', 'poll'),
      needs: fc.constantFrom<Needs>(
        {},
        { reads: 1 },
        { reads: 2 },
        { reads: 4 },
        { reads: 2, writes: 1 },
        { reads: 1, deletes: 1 },
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('finish' as const), key: fc.nat(12) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.nat(8_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('observe' as const), kind, remaining: fc.nat(15) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('throttled' as const), kind, ms: fc.nat(10_000) }) },
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
          const allowance = { burst: burst / 0.98, perSecond: 1 / 0.98 };
          const { clock, budgetAvailable, budget } = rig(allowance, allowance);
          const grants: Record<RequestKind, number[]> = { reads: [], writes: [], deletes: [] };
          const waiting = new Map<string, RequestKind>();
          const attempt = (key: string, kind: RequestKind, urgency: Urgency, needs: Needs) => {
            try {
              budget.take(kind, { key, urgency, needs });
              grants[kind].push(clock.now());
              // Whoever asks again, for a change, may have its token before it is woken, and then waits no more.
              waiting.delete(key);
            } catch {
              waiting.set(key, kind);
            }
          };
          const answerCalls = () => {
            for (const key of budgetAvailable.splice(0)) {
              const kind = waiting.get(key) ?? 'reads';
              waiting.delete(key);
              if (obedient) attempt(key, kind, 'poll', {});
              budget.finish(key);
            }
          };
          for (const each of steps) {
            if (each.do === 'take') attempt(`k${each.key}`, each.kind, each.urgency, each.needs);
            else if (each.do === 'advance') await clock.advance(each.ms);
            else if (each.do === 'observe') budget.observe(each.kind, each.remaining);
            else if (each.do === 'throttled') budget.throttled(each.kind, each.ms);
            else if (each.do === 'finish') budget.finish(`k${each.key}`);
            else {
              budget.forget(`k${each.key}`);
              waiting.delete(`k${each.key}`);
            }
            answerCalls();
          }
          for (let i = 0; i < 120 && waiting.size > 0; i++) {
            await clock.advance(5_000);
            answerCalls();
          }
          expect([...waiting]).toEqual([]);
          for (const times of Object.values(grants)) {
            for (const [i, from] of times.entries()) {
              for (const [j, until] of times.entries()) {
                if (j >= i) expect(j - i + 1).toBeLessThanOrEqual(burst + (until - from) / 1000 + 1e-6);
              }
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
