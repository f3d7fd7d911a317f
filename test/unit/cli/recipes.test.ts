/** The recipes for pipelines in docs/cli/README.md: their plans are commands that exist, and their scripts are bash. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { verbs } from '../../../src/cli/program.ts';
import { testIo } from './test-io.ts';

const docs = readFileSync(new URL('../../../docs/cli/README.md', import.meta.url), 'utf8');
const recipes = [...docs.matchAll(/^```yaml\n(?<yaml>.*?)^```$/gms)].map(({ groups }) => parse(groups?.yaml ?? ''));
const [plan] = verbs(testIo().io, () => {}).filter(({ command }) => command.name() === 'plan');

/** Every script of a recipe, wherever it stands. */
function scriptsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(scriptsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) =>
    ['run', 'bash', 'script', 'inlineScript'].includes(key) && typeof each === 'string' ? [each] : scriptsIn(each),
  );
}

test('there is one for GitHub Actions and one for Azure DevOps', () => {
  expect(recipes.map((recipe) => Object.keys(recipe))).toEqual([['on', 'permissions', 'jobs'], ['steps']]);
});

describe.each(recipes.map((recipe, i) => ({ i, scripts: scriptsIn(recipe) })))('recipe $i', ({ scripts }) => {
  test('plans with flags that exist', () => {
    const [command = ''] = scripts.filter((script) => script.includes('kubectl azir plan'));
    const known = plan?.command.options.flatMap(({ long, short }) => [long, short]);
    const flags = command.split(/\s+/).filter((word) => word.startsWith('-'));
    expect(flags.length).toBeGreaterThan(4);
    for (const flag of flags) expect(known).toContain(flag);
  });

  test('looks for the marker that the plan writes, and posts the file that it writes', () => {
    const [posting = ''] = scripts.filter((script) => script.includes('kubectl-azir:'));
    expect(posting).toContain('<!-- kubectl-azir:plan -->');
    expect(plan?.command.getOptionValue('commentId')).toBe('plan');
    expect(posting).toContain('plan.md');
  });

  test.each(scripts.map((script) => [script.slice(0, 40), script] as const))('is bash: %s', (_, script) => {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
