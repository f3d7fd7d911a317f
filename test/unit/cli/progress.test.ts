/** What is under way shows on a terminal once it takes longer than a second, and leaves nothing behind. */
import { beforeEach, expect, test } from '@jest/globals';
import { Progress } from '../../../src/cli/output/progress.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const ERASE = '\r\u001b[2K';
let clock: FakeClock;
let written: string;
let progress: Progress;

beforeEach(() => {
  clock = new FakeClock();
  written = '';
  progress = new Progress(
    (text) => {
      written += text;
    },
    () => 20,
    clock,
  );
});

test('what is quick shows nothing', async () => {
  progress.say('listing');
  await clock.advance(900);
  progress.stop();
  await clock.advance(10_000);
  expect(written).toBe('');
});

test('what takes longer shows, and what it is at now', async () => {
  progress.say('reading 1');
  progress.say('reading 2');
  await clock.advance(1_000);
  expect(written).toBe(`${ERASE}reading 2 …`);
  progress.say('reading 3');
  expect(written).toBe(`${ERASE}reading 2 …${ERASE}reading 3 …`);
});

test('it makes room for a line that stays, and comes back a second later', async () => {
  progress.say('reading');
  await clock.advance(1_000);
  progress.clear();
  expect(written).toBe(`${ERASE}reading …${ERASE}`);
  await clock.advance(1_000);
  expect(written).toBe(`${ERASE}reading …${ERASE}${ERASE}reading …`);
});

test('it is gone in the end', async () => {
  progress.say('reading');
  await clock.advance(1_000);
  progress.stop();
  await clock.advance(10_000);
  expect(written.endsWith(ERASE)).toBe(true);
});

test('it is one line, and does what no terminal obeys', async () => {
  progress.say(`a\u001b[31m${'x'.repeat(100)}`);
  await clock.advance(1_000);
  const shown = written.replace(ERASE, '');
  expect(shown).toHaveLength(19);
  expect(shown).not.toContain('\u001b');
});
