/** Polls of runtimes that messages name: how soon, how often, and that each that is named gets one. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PushedPolls } from '../../../src/triggers/pushed-polls.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const PLENTY = { burst: 1_000, perSecond: 100 };
const key = (name: string, subscription = 's') => `/subscriptions/${subscription}/resourcegroups/g/${name}`;

function setUp(rate = PLENTY, reads: (name: string, suspectedAt: number) => number = () => 1) {
  const clock = new FakeClock();
  const polled: { at: number; name: string }[] = [];
  const changed = new Set<string>();
  const suspected: string[] = [];
  const nameOf = (runtimeKey: string) => runtimeKey.slice(runtimeKey.lastIndexOf('/') + 1);
  const polls = new PushedPolls({
    clock,
    rate,
    suspect: (runtimeKey) => {
      suspected.push(nameOf(runtimeKey));
      return () => changed.has(nameOf(runtimeKey));
    },
    reads: (runtimeKey, suspectedAt) => reads(nameOf(runtimeKey), suspectedAt),
    poll: (runtimeKey) => polled.push({ at: clock.monotonic(), name: nameOf(runtimeKey) }),
  });
  const times = (name: string) => polled.filter((each) => each.name === name).map(({ at }) => at / 1_000);
  return { clock, polls, polled, suspected, changed, times };
}

describe('a runtime that is named', () => {
  test('is polled at once, and once more half a minute later if Azure shows no change; then nothing is kept of it', async () => {
    const { clock, polls, times } = setUp();
    polls.named(key('a'));
    expect(times('a')).toEqual([0]);
    await clock.advance(600_000);
    expect(times('a')).toEqual([0, 30]);
    expect(clock.pendingTimers).toBe(0);
    polls.named(key('a'));
    expect(times('a')).toEqual([0, 30, 600]);
  });

  test('is not polled once more if Azure shows a change', async () => {
    const { clock, polls, changed, times } = setUp();
    polls.named(key('a'));
    changed.add('a');
    await clock.advance(600_000);
    expect(times('a')).toEqual([0]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('again and again is polled every five seconds, the last time after it was named last', async () => {
    const { clock, polls, changed, times } = setUp();
    changed.add('a');
    for (let n = 0; n < 120; n++) {
      polls.named(key('a'));
      await clock.advance(100);
    }
    await clock.advance(600_000);
    expect(times('a')).toEqual([0, 5, 10, 15]);
  });

  test('just after the second poll waits for its five seconds, too', async () => {
    const { clock, polls, changed, times } = setUp();
    polls.named(key('a'));
    await clock.advance(31_000);
    changed.add('a');
    polls.named(key('a'));
    await clock.advance(60_000);
    expect(times('a')).toEqual([0, 30, 35]);
  });
});

describe('many runtimes', () => {
  test('get the polls that their subscription has, first come first served, and none is forgotten', async () => {
    const { clock, polls, polled, changed } = setUp({ burst: 3, perSecond: 1 });
    const names = Array.from({ length: 10 }, (_, n) => `r${n}`);
    for (const name of names) {
      changed.add(name);
      polls.named(key(name));
    }
    expect(polled).toHaveLength(3);
    await clock.advance(7_000);
    expect(polled.map(({ name }) => name)).toEqual(names);
    expect(polled.at(-1)?.at).toBe(7_000);
  });

  test('spend what their polls read: a list and a state, or the state alone where one list has shown several', async () => {
    let listedAt = -1;
    const all = setUp({ burst: 4, perSecond: 1 }, (_, suspectedAt) => (listedAt > suspectedAt ? 1 : 2));
    const { clock, polls, polled, changed, suspected } = all;
    const names = Array.from({ length: 8 }, (_, n) => `r${n}`);
    for (const name of names) {
      changed.add(name);
      polls.named(key(name));
    }
    expect([polled.length, suspected]).toEqual([2, names]);
    await clock.advance(4_000);
    expect(polled).toHaveLength(4);
    listedAt = clock.monotonic();
    // The one at the head of the line waits for what it needed when it came there.
    await clock.advance(4_000);
    expect(polled).toHaveLength(8);
  });

  test('are suspected with each message, and before the second poll', async () => {
    const { clock, polls, suspected } = setUp();
    for (let n = 0; n < 3; n++) polls.named(key('a'));
    expect(suspected).toEqual(['a', 'a', 'a']);
    await clock.advance(600_000);
    // Named again within five seconds, so polled at five seconds, and half a minute later.
    expect(suspected).toEqual(['a', 'a', 'a', 'a']);
  });

  test('of one subscription do not hold up those of another', () => {
    const { polls, times } = setUp({ burst: 1, perSecond: 0.001 });
    polls.named(key('a'));
    polls.named(key('b'));
    polls.named(key('c', 'other'));
    expect([times('a'), times('b'), times('c')]).toEqual([[0], [], [0]]);
  });

  test('are polled no more once it is stopped', async () => {
    const { clock, polls, polled } = setUp({ burst: 1, perSecond: 1 });
    for (const name of ['a', 'b', 'c']) polls.named(key(name));
    polls.stop();
    polls.named(key('d'));
    await clock.advance(600_000);
    expect([polled.length, clock.pendingTimers]).toEqual([1, 0]);
  });

  test('whenever they are named: each gets a poll after that, never two within 5 s, and all together no more than the rate', async () => {
    const steps = fc.array(
      fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), afterMs: fc.nat({ max: 12_000 }), isNew: fc.boolean() }),
      { maxLength: 30 },
    );
    const rate = { burst: 2, perSecond: 0.5 };
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const { clock, polls, polled, changed, times } = setUp(rate);
        const named = new Map<string, number>();
        for (const { name, afterMs, isNew } of script) {
          await clock.advance(afterMs);
          if (isNew) changed.add(name);
          else changed.delete(name);
          polls.named(key(name));
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
        const all = polled.map(({ at }) => at / 1_000);
        all.forEach((from, n) => {
          for (const [more, to] of all.slice(n).entries())
            expect(more + 1).toBeLessThanOrEqual(rate.burst + rate.perSecond * (to - from) + 1e-6);
        });
      }),
      { numRuns: 60 },
    );
  });
});
