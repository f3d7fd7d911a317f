/** The command line: help, usage errors, examples, completion. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { CommanderError } from 'commander';
import { completionScript } from '../../../src/cli/completion/scripts.ts';
import { worstOf } from '../../../src/cli/exit.ts';
import { duration, outputs, ownCredential } from '../../../src/cli/flags.ts';
import { createProgram, verbs } from '../../../src/cli/program.ts';
import { testIo } from './test-io.ts';

async function run(...words: string[]) {
  const { io, told } = testIo();
  let code = -1;
  try {
    await createProgram(io, (done) => {
      code = done;
    }).parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    code = error.exitCode;
  }
  return { ...told, code };
}

const all = verbs(testIo().io, () => {});

describe.each(all.map(({ command, examples }) => ({ name: command.name(), command, examples })))(
  '$name',
  ({ name, command, examples }) => {
    test('has help with its flags, its examples and the command that kubectl has', async () => {
      const { out, code } = await run(name, '--help');
      expect(code).toBe(0);
      expect(out).toContain(`Usage: kubectl azir ${name}`);
      for (const { long } of command.options) expect(out).toContain(long);
      for (const example of examples) expect(out).toContain(`$ ${example}`);
    });

    test('has examples whose flags exist', () => {
      for (const example of examples) {
        const flags = example.split(' ').filter((word) => word.startsWith('-') && word !== '-');
        const known = command.options.flatMap(({ long, short }) => [long, short]);
        for (const flag of flags) expect(known).toContain(flag);
      }
    });

    test('has a page', () => {
      const page = readFileSync(new URL(`../../../docs/cli/${name}.md`, import.meta.url), 'utf8');
      for (const { flags } of command.options) expect(page).toContain(`\`${flags}\``);
    });
  },
);

test.each([
  [['plann'], 'Did you mean plan?'],
  [['plan', '--frob'], "unknown option '--frob'"],
  [['completion'], "missing required argument 'shell'"],
])('%j is refused with what would do', async (words, says) => {
  const { notes, code, out } = await run(...words);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(notes).toContain(says);
});

describe('completion', () => {
  const completed = async (...words: string[]) => (await run('__complete', ...words)).out.trimEnd().split('\n');

  test('of a verb', async () => {
    expect(await completed('re')).toEqual([
      expect.stringMatching(/^reconcile\t/),
      expect.stringMatching(/^repair\t/),
      expect.stringMatching(/^resume\t/),
      ':4',
    ]);
  });
  test('of a flag', async () =>
    expect(await completed('plan', '--of')).toEqual([expect.stringMatching(/^--offline\t/), ':4']));
  test('of a file', async () => expect(await completed('plan', '-f', '')).toEqual([':0']));
  test('is silent where there is no cluster', async () => {
    expect(await completed('status', '--kubeconfig', '/nowhere', '')).toEqual([':4']);
  });
  test.each(['bash', 'zsh', 'fish', 'powershell', 'kubectl'])('has a script for %s', (shell) =>
    expect(completionScript(shell)).toContain('__complete'),
  );
});

test('of several outcomes the one that counts is told', () => {
  expect(worstOf([])).toBe(0);
  expect(worstOf([0, 2])).toBe(2);
  expect(worstOf([2, 3])).toBe(3);
  expect(worstOf([3, 1, 2])).toBe(1);
});

test('outputs go to files, and one at most to standard output', () => {
  expect(outputs(['json=a=b.json', 'text'], ['text', 'json'], 'text')).toEqual([
    { format: 'json', file: 'a=b.json' },
    { format: 'text', file: undefined },
  ]);
  for (const wrong of [['xml'], ['json='], ['json', 'text']])
    expect(() => outputs(wrong, ['text', 'json'], 'text')).toThrow();
});

test.each([
  ['30', 30_000],
  ['90s', 90_000],
  ['1h30m', 5_400_000],
])('the duration %s is understood', (text, ms) => expect(duration('timeout', text)).toBe(ms));

test.each([
  ['environment', 'environment'],
  ['azure-cli', 'azure-cli'],
  ['managed-identity', 'managed-identity'],
  ['workload', 'workload-identity'],
])('--azure-credential %s is known', (text, kind) => expect(ownCredential(text)).toBe(kind));
test('no chain of credentials is', () =>
  expect(() => ownCredential('default')).toThrow('--azure-credential "default"'));
