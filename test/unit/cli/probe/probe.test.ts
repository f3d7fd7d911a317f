/** The probe against the emulator: as it is, with one assumption after the other turned over, and disturbed. */
import { describe, expect, test } from '@jest/globals';
import type { Where } from '../../../../src/cli/probe/assumptions/assumption.ts';
import { isAsked } from '../../../../src/cli/probe/assumptions/assumption.ts';
import { CHECKABLE } from '../../../../src/cli/probe/assumptions/index.ts';
import type { ProbeResult, Result } from '../../../../src/cli/probe/probe.ts';
import { exitCodeOf } from '../../../../src/cli/probe/report.ts';
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
    expect(asked('factory').sort()).toEqual(forPlace('either', 'factory', 'network').sort());
    // A slow one leaves no time for all: its own come first.
    const first = (...wheres: readonly Where[]) =>
      CHECKABLE.filter((each) => isAsked(each) && wheres.includes(each.where)).map(({ id }) => id);
    expect(asked('workspace').slice(0, -3)).toEqual([...first('workspace'), ...first('either')]);
    expect(asked('workspace').sort()).toEqual(forPlace('workspace', 'either').sort());
    expect(exitCodeOf(outcome)).toBe(0);
    expect(outcome.left).toEqual([]);
    expect(await at.ownRuntimes()).toEqual([]);
    expect(await at.others()).toBe(before);
    expect(isThere(at.journalFile)).toBe(false);
    expect(outcome.tookMs).toBeLessThan(10 * 60_000);
  });

  test.each([
    ['a factory and a workspace', {}],
    ['a factory alone', { workspace: undefined }],
    ['a workspace alone', { factory: undefined }],
  ])(
    'whoever waits for %s sees each question that is put there, before its answer, and how many are answered',
    async (_, places) => {
      await using at = await place();
      const lines: string[] = [];
      const say = (line: string) => void lines.push(line);
      const options = { progress: say, underWay: (line: string) => say(`${line} …`), queue: undefined };
      const { results } = await at.run({ ...options, ...places });
      const asked = results.filter(({ why }) => why !== 'not asked');
      const answers = lines.filter((line) => /^\[.*[^…]$/.test(line));
      const expected = asked.map((each) => `${each.place}: ${each.id}: ${each.verdict}`);
      expect(answers.map((line, at) => line.replace(`[${at + 1}/${asked.length}] `, '')).sort()).toEqual(
        expected.sort(),
      );
      for (const [at, answer] of answers.entries()) {
        const [, question = ''] = /\] (.*): /.exec(answer) ?? [];
        const told = lines.slice(0, lines.indexOf(answer)).findLast((line) => line.endsWith(' …'));
        expect(told).toMatch(new RegExp(`^${at} of ${asked.length} answered, asking .*\\b${question}\\b`));
      }
      expect(lines.at(-1)).toMatch(/^Removing \d+ runtimes…$/);
    },
  );
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

describe('the exit code', () => {
  const result = (verdict: Result['verdict'], why?: Result['why']): Result => ({
    id: 'x',
    place: 'factory',
    sentence: '',
    assumed: '',
    seen: '',
    verdict,
    why,
  });
  const holds = result('holds');
  const refused = result('could not tell', 'refused');
  const outcome = (results: readonly Result[], more: Partial<ProbeResult> = {}): ProbeResult => ({
    results,
    left: [],
    madeNetwork: undefined,
    requests: 1,
    tookMs: 1,
    interrupted: false,
    ...more,
  });
  const left = [{ parent: 'p', name: 'n', why: 'locked' }];
  const CODES: readonly (readonly [what: string, code: number, outcome: ProbeResult])[] = [
    ['all holds', 0, outcome([holds])],
    ['all that was asked holds', 0, outcome([holds, result('could not tell', 'not asked')])],
    ['all that shows here holds', 0, outcome([holds, result('could not tell', 'not shown')])],
    ['one does not hold', 3, outcome([holds, result('does not hold')])],
    ['one was refused', 1, outcome([holds, refused])],
    ['one does not hold and another one was refused', 3, outcome([refused, result('does not hold'), holds])],
    ['nothing could be told', 1, outcome([result('could not tell', 'not shown')])],
    ['something is left, and all holds', 1, outcome([holds], { left })],
    ['something is left, and one does not hold', 1, outcome([result('does not hold')], { left })],
    ['it was interrupted', 130, outcome([holds, refused], { interrupted: true })],
  ];
  test.each(CODES)('where %s is %i', (_what, code, each) => expect(exitCodeOf(each)).toBe(code));
});

test('a workspace alone is asked what can be asked of it', async () => {
  await using at = await place();
  const outcome = await at.run({ factory: undefined });
  const told = outcome.results.filter(({ verdict }) => verdict !== 'could not tell');
  const asked = CHECKABLE.filter(({ where }) => where === 'either' || where === 'workspace');
  expect(told.map(({ id }) => id).sort()).toEqual(asked.map(({ id }) => id).sort());
  expect(told.every((result) => result.place === 'workspace')).toBe(true);
  expect(exitCodeOf(outcome)).toBe(0);
  expect(await at.ownRuntimes()).toEqual([]);
});
