/** The recipe of the docs for GitHub Actions: its commands, run by bash as they stand there. Only `gh` is a stand-in. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { environment } from './support/azir.ts';
import { inPlace } from './support/place.ts';

interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly if?: string;
}

const page = await readFile(new URL('../../docs/cli/README.md', import.meta.url), 'utf8');
const [, source = ''] = /GitHub Actions\n.*?```yaml\n(.*?)```/s.exec(page) ?? [];
const { jobs } = parse(source) as { jobs: { plan: { steps: Step[] } } };
const steps = jobs.plan.steps.filter(({ run }) => run !== undefined);

/** Keeps the comments in a file, and knows of a filter only what its text must begin with. */
const GH = `
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const [file, ...args] = [process.env.COMMENTS, ...process.argv.slice(2)];
const comments = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
const after = (flag) => args[args.indexOf(flag) + 1];
if (args.includes('--jq')) {
  const [, start] = /startswith\\("(.*?)"\\)/.exec(after('--jq'));
  for (const { id, body } of comments) if (body.startsWith(start)) console.log(id);
} else {
  const body = readFileSync(after('-F').replace('body=@', ''), 'utf8');
  if (args.includes('PATCH')) comments.find(({ id }) => args.some((arg) => arg.endsWith('/comments/' + id))).body = body;
  else comments.push({ id: comments.length + 1, path: args.find((arg) => arg.startsWith('repos/')), body });
  writeFileSync(file, JSON.stringify(comments));
}
`;

test('a pull request gets one comment with the plan, which each push updates, and a deletion fails the check', () =>
  inPlace(async (place) => {
    const root = await mkdtemp(join(tmpdir(), 'azir-recipe-'));
    const [origin, checkout, bin, comments] = ['origin', 'checkout', 'bin', 'comments.json'].map((name) =>
      join(root, name),
    ) as [string, string, string, string];
    await mkdir(bin);
    await writeFile(join(bin, 'gh.cjs'), GH);
    await writeFile(join(bin, 'gh'), `#!/bin/sh\nexec node "${bin}/gh.cjs" "$@"\n`);
    await chmod(join(bin, 'gh'), 0o755);
    const base = await environment();
    const env = {
      ...base,
      PATH: [bin, base.PATH].join(delimiter),
      COMMENTS: comments,
      ...{ GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
      ...{ GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' },
      ...{ GITHUB_BASE_REF: 'main', GITHUB_REPOSITORY: 'team/runtimes', PR: '7' },
    };
    const bash = (script: string, cwd = checkout) =>
      new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
        execFile('bash', ['-e', '-c', script], { cwd, env }, (error, stdout, stderr) =>
          resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
        );
      });
    const commit = async (cwd: string, objects: readonly (readonly [string, object?])[]) => {
      const folder = join(cwd, 'runtimes');
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      for (const [name, spec] of objects)
        await writeFile(join(folder, `${name}.json`), JSON.stringify(place.manifest(name, { ...spec })));
      const resources = objects.map(([name]) => `${name}.json`);
      await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify({ resources }));
      expect(await bash('git add -A && git commit -qm change', cwd)).toMatchObject({ code: 0 });
    };
    /** One run of the workflow: the exit code of each of its commands. */
    const workflow = async (): Promise<number[]> => {
      const codes: number[] = [];
      for (const { run = '', if: condition } of steps) {
        // The plug-in of Azure's CLI has nobody to ask here.
        const script = run.replace('--azure-credential azure-cli', '--azure-credential environment');
        if (codes.every((code) => code === 0) || condition?.startsWith('always()'))
          codes.push((await bash(script)).code);
      }
      return codes;
    };
    const told = async (): Promise<{ path: string; body: string }[]> => JSON.parse(await readFile(comments, 'utf8'));

    expect(await bash('git init -q -b main origin', root)).toMatchObject({ code: 0 });
    await commit(origin, [['moves'], ['goes'], ['stays']]);
    for (const name of ['moves', 'goes', 'stays']) {
      const properties = { type: 'Managed', typeProperties: { computeProperties: { location: 'West Europe' } } };
      await place.azure.putRuntime({ factory: place.factory, name, properties });
    }
    expect(await bash('git clone -q origin checkout', root)).toMatchObject({ code: 0 });
    await commit(checkout, [['moves', { location: 'North Europe' }], ['stays']]);

    expect(await workflow()).toEqual([0, 3, 0]);
    const [first, ...more] = await told();
    expect(more).toEqual([]);
    expect(first?.path).toBe('repos/team/runtimes/issues/7/comments');
    expect(first?.body).toMatch(/delete.*goes|goes.*delete/);
    expect(first?.body).toContain('North Europe');

    await commit(checkout, [['moves', { location: 'UK South' }], ['goes'], ['stays']]);
    expect(await bash('git worktree remove ../base')).toMatchObject({ code: 0 });
    expect(await workflow()).toEqual([0, 0, 0]);
    const after = await told();
    expect(after).toHaveLength(1);
    expect(after[0]?.body).toContain('UK South');
    expect(after[0]?.body).not.toContain('North Europe');
    expect(await place.writes('moves')).toEqual([]);
    await rm(root, { recursive: true });
  }));
