/** The hosted workflows, as actionlint sees them; and that they call what people call. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { pathOf } from '../../dev/tools/index.ts';
import { describeWith } from '../support/tools.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const file = (path: string) => readFileSync(`${root}${path}`, 'utf8');
const WORKFLOWS = ['ci', 'release'].map((name) => `.github/workflows/${name}.yaml`);

(await describeWith('actionlint'))('the hosted workflows', () => {
  test.each(WORKFLOWS)('%s is well made', async (path) => {
    // Programs that happen to be on this machine are not asked.
    const args = ['-no-color', '-shellcheck=', '-pyflakes=', path];
    const said = await promisify(execFile)(pathOf('actionlint'), args, { cwd: root });
    expect(said.stdout).toBe('');
  });

  test('take every action as it is at one commit, and say which version that is: a tag can be moved', () => {
    const uses = WORKFLOWS.flatMap((path) => [...file(path).matchAll(/uses: (.*)/g)]).map(([, what]) => what);
    expect(uses.length).toBeGreaterThan(0);
    for (const what of uses) expect(what).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test('call npm scripts that there are', () => {
    const { scripts } = JSON.parse(file('package.json'));
    const called = WORKFLOWS.flatMap((path) => [...file(path).matchAll(/run: .*npm (?:run )?([\w:]+)/g)]).map(
      ([, name = '']) => name,
    );
    expect(called).toEqual(['test', 'package']);
    for (const name of called) expect(scripts[name]).toBeDefined();
  });
});
