/** The assumptions as data: complete, and each in one place. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import * as emulated from '../../../../dev/emulator/assumptions.ts';
import { isCheckable } from '../../../../src/cli/probe/assumptions/assumption.ts';
import { ASSUMPTIONS, CHECKABLE } from '../../../../src/cli/probe/assumptions/index.ts';

const url = (path: string): URL => new URL(`../../../../${path}`, import.meta.url);
const source = ['dev/emulator/assumptions.ts', 'src/cli/probe/assumptions/assumed.ts']
  .map((path) => readFileSync(url(path), 'utf8'))
  .join('\n');
/** What the emulator assumes, by the names of `dev/emulator/assumptions.ts`. */
const names = [...Object.keys(emulated.ASSUMED), ...Object.keys(emulated).filter((name) => name !== 'ASSUMED')];

describe('every assumption', () => {
  test('has an id of its own', () => {
    const ids = ASSUMPTIONS.map(({ id }) => id);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at || !/^[a-z]+(-[a-z]+)*$/.test(id))).toEqual([]);
  });

  test.each(ASSUMPTIONS.map((each) => [each.id, each] as const))('%s names files that exist', (_id, { reliedOnBy }) => {
    expect(reliedOnBy.filter((path) => !existsSync(url(path)))).toEqual([]);
  });

  test.each(ASSUMPTIONS.map((each) => [each.id, each] as const))(
    '%s names what the emulator does by it, which names it in turn',
    (id, { stands }) => {
      expect(stands.filter((name) => !names.includes(name))).toEqual([]);
      expect(source).toContain(`[${id}]`);
    },
  );

  test.each(CHECKABLE.map((each) => [each.id, each] as const))(
    '%s can be turned over by what it names',
    (_id, { turnedOver, stands }) => {
      expect(turnedOver.length).toBeGreaterThan(0);
      for (const changes of turnedOver) {
        expect(stands).toEqual(expect.arrayContaining(Object.keys(changes)));
        expect({ ...emulated.ASSUMED, ...changes }).not.toEqual(emulated.ASSUMED);
      }
    },
  );
});

test.each(names)('what the emulator assumes by %s stands in the data', (name) => {
  // Where this fails: add an assumption to src/cli/probe/assumptions that has the name in `stands`.
  expect(ASSUMPTIONS.filter(({ stands }) => stands.includes(name)).length).toBeGreaterThan(0);
});

test('what is not provoked says why, and how one would notice', () => {
  for (const each of ASSUMPTIONS) {
    if (!isCheckable(each)) expect([each.whyNot, each.notice].every((text) => /\w.*\.$/.test(text))).toBe(true);
  }
});
