/** The probe against the emulator: as it is, with one assumption after the other turned over, and disturbed. */
import { describe, expect, test } from '@jest/globals';
import type { Where } from '../../../../src/cli/probe/assumptions/assumption.ts';
import { CHECKABLE } from '../../../../src/cli/probe/assumptions/index.ts';
import { exitCodeOf } from '../../../../src/cli/probe/probe.ts';
import { isThere, place } from './support.ts';

describe('against the emulator', () => {
  test('every assumption holds, nothing stays behind, and nothing else is touched', async () => {
    await using at = await place();
    const before = await at.others();
    const outcome = await at.run();
    expect(outcome.results.filter(({ verdict }) => verdict !== 'holds')).toEqual([]);
    const asked = (place: 'factory' | 'workspace') =>
      outcome.results.filter((result) => result.place === place).map(({ id }) => id);
    const forPlace = (...wheres: readonly Where[]) =>
      CHECKABLE.filter(({ where }) => wheres.includes(where)).map(({ id }) => id);
    expect(asked('factory')).toEqual(forPlace('either', 'factory', 'network'));
    expect(asked('workspace')).toEqual(forPlace('either', 'workspace'));
    expect(exitCodeOf(outcome)).toBe(0);
    expect(outcome.left).toEqual([]);
    expect(await at.ownRuntimes()).toEqual([]);
    expect(await at.others()).toBe(before);
    expect(isThere(at.journalFile)).toBe(false);
    expect(outcome.tookMs).toBeLessThan(10 * 60_000);
  });
});

/** Where each of them has to be noticed. */
const PLACES: Readonly<Record<Where, readonly string[]>> = {
  either: ['factory', 'workspace'],
  factory: ['factory'],
  network: ['factory'],
  workspace: ['workspace'],
};

const mutants = CHECKABLE.flatMap(({ id, turnedOver, where }) =>
  turnedOver.map(
    (changes) => [id, PLACES[where], JSON.stringify(changes, (_, value) => value ?? null), changes] as const,
  ),
);

describe('an assumption that is turned over', () => {
  test.each(mutants)('%s is reported in each of %j, and no other: %s', async (id, places, _text, changes) => {
    await using at = await place(changes);
    const outcome = await at.run();
    const failing = outcome.results.filter(({ verdict }) => verdict === 'does not hold');
    expect(failing.map((result) => `${result.place}: ${result.id}`)).toEqual(places.map((place) => `${place}: ${id}`));
    // What one of them says keeps none of the others from being told.
    expect(outcome.results.filter(({ why }) => why === 'refused')).toEqual([]);
    expect(exitCodeOf(outcome)).toBe(3);
    expect(await at.ownRuntimes()).toEqual([]);
  });
});
