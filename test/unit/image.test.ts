/** The container image, as far as the Dockerfile and a build show it. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { type Image, readImage } from '../../dev/installation/image.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const file = (path: string) => readFileSync(join(root, path), 'utf8');

let image: Image;
beforeAll(async () => {
  image = await readImage();
});

describe('the image', () => {
  test('has Node of the version that the tests run, by its exact tag', () => {
    const { node } = JSON.parse(file('package.json')).devDependencies;
    expect(image.bases[0]).toBe(`node:${node}-bookworm-slim`);
    expect(process.versions.node).toBe(node);
  });

  test('adds Node and one file to a base without a shell', () => {
    expect(file('Dockerfile')).toContain('\nARG BASE=gcr.io/distroless/cc-debian12:nonroot\n');
    expect(image.bases.at(-1)).toBe(`\${BASE}`);
    expect(image.copies).toEqual([
      { from: '/usr/local/bin/node', to: '/nodejs/bin/node' },
      { from: '/build/dist/main.js', to: '/app/main.js' },
    ]);
    expect([image.entrypoint.at(0), image.entrypoint.at(-1)]).toEqual(['/nodejs/bin/node', '/app/main.js']);
  });

  test('is asked for in the version of package.json, by the chart and by kustomize', () => {
    const { version } = JSON.parse(file('package.json'));
    expect(parse(file('deploy/chart/Chart.yaml'))).toMatchObject({ version, appVersion: version });
    const [container] = parse(file('deploy/kustomize/deployment.yaml')).spec.template.spec.containers;
    expect(container.image).toBe(`azure-ir-operator:${version}`);
  });

  test('runs as the user that the pod asks for', () => {
    const { securityContext } = parse(file('deploy/kustomize/deployment.yaml')).spec.template.spec;
    expect(securityContext).toMatchObject({ runAsUser: image.uid, runAsGroup: image.gid, runAsNonRoot: true });
  });
});

describe('its build', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'image-test-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test('needs only what .dockerignore lets through, and makes one file of less than 2 MB', async () => {
    const [nothing, ...exceptions] = file('.dockerignore').trimEnd().split('\n').slice(1);
    expect(nothing).toBe('*');
    for (const exception of exceptions) {
      const name = exception.replace(/^!/, '');
      cpSync(join(root, name), join(dir, name), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
    await promisify(execFile)(process.execPath, ['scripts/build.ts'], { cwd: dir });
    const bundle = join(dir, 'dist', 'main.js');
    expect(statSync(bundle).size).toBeLessThan(2_000_000);
    const { stdout } = await promisify(execFile)(process.execPath, [bundle, '--version']);
    expect(stdout.trim()).toBe(JSON.parse(file('package.json')).version);
  });
});
