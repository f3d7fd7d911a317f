/** The same event is counted, not published anew. */
import { describe, expect, test } from '@jest/globals';
import { EventSeries } from '../../../../src/kube/events/event-series.ts';

const MINUTE = 60_000;
const named = (name: string) => ({ namespace: 'team', name });

function setUp() {
  const clock = { now: 0 };
  return { clock, series: new EventSeries(() => clock.now) };
}

describe('an event', () => {
  test('that was not told before is a new one', () => {
    expect(setUp().series.repeated('a')).toBeUndefined();
  });

  test('that is told again is counted in the first, each time from the last time on', () => {
    const { clock, series } = setUp();
    series.first('a', named('first'));
    for (const count of [2, 3, 4]) {
      clock.now += 5 * MINUTE;
      expect(series.repeated('a')).toMatchObject({ ...named('first'), count });
    }
  });

  test('that was not told for six minutes is a new one', () => {
    const { clock, series } = setUp();
    series.first('a', named('first'));
    clock.now += 6 * MINUTE;
    expect(series.repeated('a')).toBeUndefined();
  });

  test('that tells something else is another one', () => {
    const { series } = setUp();
    series.first('a', named('first'));
    expect(series.repeated('b')).toBeUndefined();
  });

  test('is forgotten when a thousand others were told after it', () => {
    const { series } = setUp();
    for (const each of ['a', 'b']) series.first(each, named(each));
    series.repeated('a');
    for (let i = 0; i < 999; i++) series.first(`other ${i}`, named('x'));
    expect(series.repeated('b')).toBeUndefined();
    expect(series.repeated('a')).toMatchObject({ count: 3 });
  });
});
