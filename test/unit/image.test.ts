/** The container image: its version, and the one file that is ours in it. What the Dockerfile makes of them is in the tests of the ecosystem. */
import { execFile } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { Child } from '../../dev/controlplane/child.ts';
import { DEFAULT_CLIENT, DEFAULT_FACTORY, startEmulator } from '../../dev/emulator/index.ts';
import { operatorOf } from '../../dev/installation/operator-process.ts';
import { readRepository } from '../../scripts/docs/repository.ts';
import { azureEnv } from '../support/azure-env.ts';
import { eventually } from '../support/eventually.ts';
import { ApiServer, stored } from './cli/api-server.ts';

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
  let bundle: string;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'image-test-'));
    const [nothing, ...exceptions] = file('.dockerignore').trimEnd().split('\n').slice(1);
    expect(nothing).toBe('*');
    for (const exception of exceptions) {
      const name = exception.replace(/^!/, '');
      cpSync(join(root, name), join(dir, name), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
    await promisify(execFile)(process.execPath, ['scripts/build.ts'], { cwd: dir });
    bundle = join(dir, 'dist', 'main.mjs');
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test('needs only what .dockerignore lets through, and makes one file of less than 2.3 MB, all ASCII', () => {
    expect(statSync(bundle).size).toBeLessThan(2_300_000);
    // Otherwise V8 keeps twice as much of it.
    expect(/[^\0-\x7f]/.test(readFileSync(bundle, 'utf8'))).toBe(false);
  });

  // Else Node tries it as CommonJS first, and 5 MiB of that stay (measured).
  test('is a module by its name, as in the image nothing beside it says so', async () => {
    const alone = mkdtempSync(join(tmpdir(), 'image-test-'));
    const copy = join(alone, basename(bundle));
    copyFileSync(bundle, copy);
    await promisify(execFile)(process.execPath, ['--no-experimental-detect-module', copy, '--version']);
    rmSync(alone, { recursive: true });
  });

  // It took 20 ms of a start and 4 MiB (measured).
  describe('does without the undici inside Node', () => {
    function expectNoUndici(printed: string): void {
      const loaded = printed.trim().split('\n');
      expect(loaded).toContain('NativeModule http');
      expect(loaded.filter((each) => each.includes('undici'))).toEqual([]);
    }

    test('when it starts', async () => {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', LOADED, bundle, '--version']);
      expect(stdout.trim()).toBe(JSON.parse(file('package.json')).version);
      expectNoUndici(stderr);
    });

    test.each([
      ['client secret', () => ({})],
      ['workload identity', () => ({ AZURE_CLIENT_SECRET: '', AZURE_FEDERATED_TOKEN_FILE: federatedToken(dir) })],
    ])('when it signs in by %s and creates a runtime', async (_, credential) => {
      expectNoUndici(await printedWhileCreating(bundle, credential()));
    });
  });
});

/** What the operator prints on standard error from its start to its end; it creates a runtime in an emulated Azure. */
async function printedWhileCreating(bundle: string, credential: Readonly<Record<string, string>>): Promise<string> {
  const emulator = await startEmulator({ seed: [DEFAULT_FACTORY] });
  const api = await ApiServer.start();
  api.answers.set('GET /api/v1/secrets', { status: 200, body: { metadata: { resourceVersion: '1' }, items: [] } });
  const { status: _, ...object } = stored('default/etl-ir', { spec: { factory: DEFAULT_FACTORY } });
  api.put(object);
  const azure = { ...azureEnv({ ...DEFAULT_CLIENT, ...emulator }), ...credential };
  const env = { KUBECONFIG: api.kubeconfig, NODE_EXTRA_CA_CERTS: emulator.caFile, ...azure };
  const args = ['--operator-identity-namespaces=*', '--metrics-bind-address=0', '--health-probe-bind-address=0'];
  const child = new Child(process.execPath, ['--import', LOADED, bundle, ...args], { env });
  try {
    const operator = await operatorOf(child);
    await eventually(async () => expect(await emulator.control.runtimes(DEFAULT_FACTORY)).toHaveLength(1));
    await operator.stop();
    return operator.stderr();
  } finally {
    child.kill('SIGKILL');
    await child.exited;
    await api.stop();
    await emulator.stop();
  }
}

/** A file with one; nobody checks its signature. */
function federatedToken(dir: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const path = join(dir, 'token');
  writeFileSync(path, `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ sub: 'system:serviceaccount:ns:sa' })}.c2ln`);
  return path;
}
