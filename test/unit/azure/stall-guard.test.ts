import { beforeEach, describe, expect, test } from '@jest/globals';
import { StallGuard } from '../../../src/azure/stall-guard.ts';
import { FakeClock } from '../../support/fake-clock.ts';

let clock: FakeClock;
let woken: string[];
let guard: StallGuard;

beforeEach(() => {
  clock = new FakeClock();
  woken = [];
  guard = new StallGuard(clock, (key, urgency) => woken.push(`${key} ${urgency}`));
});

const send = (count: number) => Array.from({ length: count }, () => guard.sent());

describe('a subscription', () => {
  test('whose answers are not late yet is asked, however many are awaited', () => {
    send(1_000);
    expect(guard.admits('a', 'look')).toBe(true);
  });

  test('gets no new requests while ten answers are late, and then wakes who waited', async () => {
    const ends = send(10);
    await clock.advance(5_000);
    expect(guard.admits('a', 'change')).toBe(false);
    expect(guard.admits('b', 'look')).toBe(false);
    expect(woken).toEqual([]);
    ends[3]?.();
    expect(woken).toEqual(['a change', 'b look']);
    expect(guard.admits('a', 'change')).toBe(true);
  });

  test('is asked while fewer than ten answers are late, whatever else is awaited', async () => {
    send(9);
    await clock.advance(5_000);
    send(5);
    expect(guard.admits('a', 'look')).toBe(true);
  });

  test('wakes nobody as long as enough are late', async () => {
    const ends = send(12);
    await clock.advance(5_000);
    guard.admits('a', 'look');
    ends[0]?.();
    expect(woken).toEqual([]);
  });

  test('goes on with a key that has begun, until its pass is over', async () => {
    guard.admits('a', 'look');
    send(10);
    await clock.advance(5_000);
    expect(guard.admits('a', 'look')).toBe(true);
    guard.finish('a');
    expect(guard.admits('a', 'look')).toBe(false);
  });

  test('wakes a key that is gone no more', async () => {
    const ends = send(10);
    await clock.advance(5_000);
    guard.admits('a', 'look');
    guard.forget('a');
    ends[0]?.();
    expect(woken).toEqual([]);
  });
});
