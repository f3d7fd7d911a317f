/** Looks at runtimes that messages name: how soon, how often, and that each that is named gets one. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Looks } from '../../../src/triggers/looks.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const PLENTY = { burst: 1_000, perSecond: 100 };
const key = (name: string, subscription = 's') => `/subscriptions/${subscription}/resourcegroups/g/${name}`;

function setUp(rate = PLENTY) {
  const clock = new FakeClock();
  const looked: { at: number; name: string }[] = [];
  const changed = new Set<string>();
  const nameOf = (runtimeKey: string) => runtimeKey.slice(runtimeKey.lastIndexOf('/') + 1);
  const looks = new Looks({
    clock,
    rate,
    look: (runtimeKey) => {
      looked.push({ at: clock.monotonic(), name: nameOf(runtimeKey) });
      return () => changed.has(nameOf(runtimeKey));
    },
  });
  const times = (name: string) => looked.filter((each) => each.name === name).map(({ at }) => at / 1_000);
  return { clock, looks, looked, changed, times };
}

describe('a runtime that is named', () => {
  test('is looked at at once, and once more half a minute later if it shows nothing new; then nothing is kept of it', async () => {
    const { clock, looks, times } = setUp();
    looks.named(key('a'));
    expect(times('a')).toEqual([0]);
    await clock.advance(600_000);
    expect(times('a')).toEqual([0, 30]);
    expect(clock.pendingTimers).toBe(0);
    looks.named(key('a'));
    expect(times('a')).toEqual([0, 30, 600]);
  });

  test('that has come to show something new is not looked at once more', async () => {
    const { clock, looks, changed, times } = setUp();
    looks.named(key('a'));
    changed.add('a');
    await clock.advance(600_000);
    expect(times('a')).toEqual([0]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('again and again is looked at every five seconds, the last time after it was named last', async () => {
    const { clock, looks, changed, times } = setUp();
    changed.add('a');
    for (let n = 0; n < 120; n++) {
      looks.named(key('a'));
      await clock.advance(100);
    }
    await clock.advance(600_000);
    expect(times('a')).toEqual([0, 5, 10, 15]);
  });

  test('just after the second look waits for its five seconds, too', async () => {
    const { clock, looks, changed, times } = setUp();
    looks.named(key('a'));
    await clock.advance(31_000);
    changed.add('a');
    looks.named(key('a'));
    await clock.advance(60_000);
    expect(times('a')).toEqual([0, 30, 35]);
  });
});

describe('many runtimes', () => {
  test('get the looks that their subscription is worth, the first first, and none is forgotten', async () => {
    const { clock, looks, looked, changed } = setUp({ burst: 3, perSecond: 1 });
    const names = Array.from({ length: 10 }, (_, n) => `r${n}`);
    for (const name of names) {
      changed.add(name);
      looks.named(key(name));
    }
    expect(looked).toHaveLength(3);
    await clock.advance(7_000);
    expect(looked.map(({ name }) => name)).toEqual(names);
    expect(looked.at(-1)?.at).toBe(7_000);
  });

  test('of one subscription do not hold up those of another', () => {
    const { looks, times } = setUp({ burst: 1, perSecond: 0.001 });
    looks.named(key('a'));
    looks.named(key('b'));
    looks.named(key('c', 'other'));
    expect([times('a'), times('b'), times('c')]).toEqual([[0], [], [0]]);
  });

  test('are looked at no more once it is stopped', async () => {
    const { clock, looks, looked } = setUp({ burst: 1, perSecond: 1 });
    for (const name of ['a', 'b', 'c']) looks.named(key(name));
    looks.stop();
    looks.named(key('d'));
    await clock.advance(600_000);
    expect([looked.length, clock.pendingTimers]).toEqual([1, 0]);
  });

  test('whenever they are named: each gets a look after that, never two within 5 s, and all together no more than the rate', async () => {
    const steps = fc.array(
      fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), afterMs: fc.nat({ max: 12_000 }), isNew: fc.boolean() }),
      { maxLength: 30 },
    );
    const rate = { burst: 2, perSecond: 0.5 };
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const { clock, looks, looked, changed, times } = setUp(rate);
        const named = new Map<string, number>();
        for (const { name, afterMs, isNew } of script) {
          await clock.advance(afterMs);
          if (isNew) changed.add(name);
          else changed.delete(name);
          looks.named(key(name));
          named.set(name, clock.monotonic() / 1_000);
        }
        await clock.advance(300_000);
        expect(clock.pendingTimers).toBe(0);
        for (const [name, at] of named) {
          expect(times(name).at(-1)).toBeGreaterThanOrEqual(at);
          times(name).reduce((before, next) => {
            expect(next - before).toBeGreaterThanOrEqual(5 - 1e-6);
            return next;
          }, Number.NEGATIVE_INFINITY);
        }
        const all = looked.map(({ at }) => at / 1_000);
        all.forEach((from, n) => {
          for (const [more, to] of all.slice(n).entries())
            expect(more + 1).toBeLessThanOrEqual(rate.burst + rate.perSecond * (to - from) + 1e-6);
        });
      }),
      { numRuns: 60 },
    );
  });
});
