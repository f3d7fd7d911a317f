/** The container image: its version, and the one file that is ours in it. What the Dockerfile makes of them is in the tests of the ecosystem. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readRepository } from '../../scripts/docs/repository.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Has a process print what of Node itself it has loaded. */
const LOADED = `data:text/javascript,process.on('exit', () => console.error(process.moduleLoadList.join('\\n')))`;
const file = (path: string) => readFileSync(join(root, path), 'utf8');

describe('the image', () => {
  test('has Node of the version that the tests run', () => {
    const { node } = JSON.parse(file('package.json')).devDependencies;
    expect(process.versions.node).toBe(node);
  });

  test('is asked for in the version of package.json, by the chart and by kustomize', () => {
    const { version } = JSON.parse(file('package.json'));
    expect(parse(file('deploy/chart/Chart.yaml'))).toMatchObject({ version, appVersion: version });
    const [container] = parse(file('deploy/kustomize/deployment.yaml')).spec.template.spec.containers;
    expect(container.image).toBe(`azure-ir-operator:${version}`);
  });

  test('has that version wherever a page or a manifest names a version of it or of what comes with it', async () => {
    const { version } = JSON.parse(file('package.json'));
    const { texts } = await readRepository();
    const told = [...texts].filter(([path]) => /^(README\.md|docs\/|deploy\/)/.test(path));
    const named = [...told, ['Dockerfile', file('Dockerfile')] as const].flatMap(([path, text]) =>
      [...text.matchAll(/(?:azure-ir-operator[:-]|kubectl-azir-|newTag: )(\d+\.\d+\.\d+)/g)].map(
        ([, each]) => `${path}: ${each}`,
      ),
    );
    expect(new Set(named.map((each) => each.split(':')[0])).size).toBeGreaterThan(5);
    expect(named.filter((each) => !each.endsWith(`: ${version}`))).toEqual([]);
  });
});

describe('its build', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'image-test-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test('needs only what .dockerignore lets through, and makes one file of less than 2.3 MB, all ASCII, that starts without the undici inside Node', async () => {
    const [nothing, ...exceptions] = file('.dockerignore').trimEnd().split('\n').slice(1);
    expect(nothing).toBe('*');
    for (const exception of exceptions) {
      const name = exception.replace(/^!/, '');
      cpSync(join(root, name), join(dir, name), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
    await promisify(execFile)(process.execPath, ['scripts/build.ts'], { cwd: dir });
    const bundle = join(dir, 'dist', 'main.js');
    expect(statSync(bundle).size).toBeLessThan(2_300_000);
    // Otherwise V8 keeps twice as much of it.
    expect(/[^\0-\x7f]/.test(readFileSync(bundle, 'utf8'))).toBe(false);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', LOADED, bundle, '--version']);
    expect(stdout.trim()).toBe(JSON.parse(file('package.json')).version);
    const loaded = stderr.trim().split('\n');
    expect(loaded).toContain('NativeModule http');
    // It took a sixth of the start (measured).
    expect(loaded.filter((each) => each.includes('undici'))).toEqual([]);
  });
});
