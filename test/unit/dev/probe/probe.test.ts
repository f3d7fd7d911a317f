/** The probe against the emulator: as it is, with one assumption after the other turned over, and disturbed. */
import { describe, expect, test } from '@jest/globals';
import { CHECKABLE } from '../../../../dev/assumptions/index.ts';
import { exitCodeOf } from '../../../../dev/probe/probe.ts';
import { isThere, place } from './support.ts';

describe('against the emulator', () => {
  test('every assumption holds, nothing stays behind, and nothing else is touched', async () => {
    await using at = await place();
    const before = await at.others();
    const outcome = await at.run();
    expect(outcome.results.filter(({ verdict }) => verdict !== 'holds')).toEqual([]);
    expect(outcome.results.map(({ id }) => id)).toEqual(CHECKABLE.map(({ id }) => id));
    expect(exitCodeOf(outcome)).toBe(0);
    expect(outcome.left).toEqual([]);
    expect(await at.ownRuntimes()).toEqual([]);
    expect(await at.others()).toBe(before);
    expect(isThere(at.journalFile)).toBe(false);
    expect(outcome.tookMs).toBeLessThan(10 * 60_000);
  });
});

const mutants = CHECKABLE.flatMap(({ id, turnedOver }) =>
  turnedOver.map((changes) => [id, JSON.stringify(changes, (_, value) => value ?? null), changes] as const),
);

describe('an assumption that is turned over', () => {
  test.each(mutants)('%s is reported, and no other: %s', async (id, _text, changes) => {
    await using at = await place(changes);
    const outcome = await at.run();
    const failing = outcome.results.filter(({ verdict }) => verdict === 'does not hold');
    expect(failing.map((result) => result.id)).toEqual([id]);
    expect(exitCodeOf(outcome)).toBe(3);
    expect(await at.ownRuntimes()).toEqual([]);
  });
});
