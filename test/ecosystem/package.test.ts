/** What `npm run package` writes, but for the image, which the tests on a real node build. */
import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { findAssets } from '../../dev/controlplane/assets.ts';
import { stderrLog } from '../../dev/controlplane/log.ts';
import { pathOf, underCi } from '../../dev/tools/index.ts';
import { brokenLinks } from '../../scripts/docs/links.ts';
import { readRepository } from '../../scripts/docs/repository.ts';
import { releaseNotes } from '../../scripts/package/changelog.ts';
import { haveOwnNode } from '../../scripts/package/plugin.ts';
import { azureEnv } from '../support/azure-env.ts';
import { describeWith } from '../support/tools.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const out = `${root}dist/release/`;
const IMAGE_REPOSITORY = 'registry.example.com/operator';
const REPOSITORY_URL = 'https://git.example.com/team/operator';
const { version, license, dependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

/** Node is put into an archive, and the first time fetched. */
const PACK_MS = 600_000;

async function pack(): Promise<string> {
  const env = { ...process.env, IMAGE_REPOSITORY, REPOSITORY_URL, SOURCE_DATE_EPOCH: '1790000000' };
  const args = ['scripts/package.ts', '--without-image', '--own-platform-only'];
  return (await promisify(execFile)(process.execPath, args, { cwd: root, env })).stdout;
}

const quiet = { log: stderrLog('package'), signal: new AbortController().signal };

/** Without what would help a plugin by chance. */
function bare(home: string): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return { ...env, HOME: home, KUBECONFIG: '/nowhere' };
}

/** By the real kubectl, which looks for both names on PATH. */
async function runsAsPlugin(bin: string, rest = [dirname(process.execPath), process.env.PATH].join(delimiter)) {
  const kubectl = join(await findAssets(quiet), 'kubectl');
  const env = { ...bare(tmpdir()), PATH: `${bin}${delimiter}${rest}` };
  const run = async (...args: string[]) => (await promisify(execFile)(kubectl, args, { env })).stdout;
  expect(JSON.parse(await run('azir', 'version', '--client', '-o', 'json'))).toMatchObject({ client: { version } });
  const file = `${root}examples/azureintegrationruntime.yaml`;
  expect(await run('azir', 'plan', '--offline', '-f', file)).toContain('Plan: 1 valid');
  expect(await run('__complete', 'azir', 'pl')).toMatch(/^plan\t/);
  await probes(kubectl, env);
}

/** As far as it goes before somebody has agreed: to what it says that it will do, and with nothing sent. */
async function probes(kubectl: string, env: NodeJS.ProcessEnv) {
  const probe = (args: string[], more = {}) =>
    promisify(execFile)(kubectl, ['azir', 'probe', ...args], { env: { ...env, ...more } });
  expect((await probe(['--help'])).stdout).toMatch(/^Usage: kubectl azir probe [\s\S]*--factory <id>/);
  const dir = await mkdtemp(join(tmpdir(), 'probe-'));
  const nowhere = azureEnv({
    tenantId: randomUUID(),
    clientId: randomUUID(),
    clientSecret: 'secret',
    authorityUrl: 'https://login.invalid',
    armUrl: 'https://arm.invalid',
  });
  const factory = `/subscriptions/${randomUUID()}/resourceGroups/team-a/providers/Microsoft.DataFactory/factories/mine`;
  await expect(probe(['--factory', factory, '--dir', dir], nowhere)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      `the probe will\n  in ${factory}\n  make some thirty runtimes[^]*error: there is no terminal to ask on`,
    ),
  });
  expect(readdirSync(dir)).toEqual([]);
  await rm(dir, { recursive: true });
}

const describeKrew = (await haveOwnNode(quiet, underCi(process.env))) ? await describeWith('krew') : describe.skip;

(await describeWith('helm'))('a release', () => {
  let sums: string;
  beforeAll(async () => {
    sums = await pack();
  }, PACK_MS);

  test('has a sum for every file in it', () => {
    const listed = sums
      .trimEnd()
      .split('\n')
      .map((line) => line.split('  ') as [string, string]);
    expect(listed.map(([, name]) => name)).toEqual(
      readdirSync(out)
        .filter((name) => name !== 'SHA256SUMS')
        .sort(),
    );
    for (const [sum, name] of listed) {
      expect(
        createHash('sha256')
          .update(readFileSync(`${out}${name}`))
          .digest('hex'),
      ).toBe(sum);
    }
  });

  test(
    'has the same bytes when it is made again',
    async () => {
      expect(await pack()).toBe(sums);
    },
    PACK_MS,
  );

  test('is shown with what is new in it, whose links lead to its sources, and which the workflow posts', () => {
    const notes = readFileSync(`${root}dist/release-notes.md`, 'utf8');
    const changelog = readFileSync(`${root}CHANGELOG.md`, 'utf8');
    expect(notes).toBe(releaseNotes(changelog, { version, sources: REPOSITORY_URL }));
    expect(notes).toMatch(/^- /m);
    expect(notes).not.toMatch(/\]\((?!https:)/);
    const workflow = readFileSync(`${root}.github/workflows/release.yaml`, 'utf8');
    expect(workflow).toContain('--notes-file dist/release-notes.md dist/release/*');
  });

  test('installs the image of its version from where it is, and runs no test', () => {
    const all = parseAllDocuments(readFileSync(`${out}install.yaml`, 'utf8')).map((document) => document.toJS());
    const deployment = all.find(({ kind }) => kind === 'Deployment');
    expect(deployment.spec.template.spec.containers[0].image).toBe(`${IMAGE_REPOSITORY}:${version}`);
    expect(all.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['Namespace', 'CustomResourceDefinition']));
    expect(all.filter(({ kind }) => kind === 'Pod')).toEqual([]);
  });

  test('has a chart that knows where its image, its sources and its runbook are', async () => {
    const chart = `${out}azure-ir-operator-chart-${version}.tgz`;
    const show = async (what: string) =>
      parse((await promisify(execFile)(pathOf('helm'), ['show', what, chart], { cwd: root })).stdout);
    const { home, sources, icon, annotations } = await show('chart');
    expect({ home, sources }).toEqual({ home: REPOSITORY_URL, sources: [REPOSITORY_URL] });
    expect(Buffer.from(icon.split('base64,')[1], 'base64').toString()).toMatch(/^<svg .*<\/svg>$/);
    expect(annotations['artifacthub.io/license']).toBe(license);
    expect(parse(annotations['artifacthub.io/images'])).toEqual([
      {
        name: 'azure-ir-operator',
        image: `${IMAGE_REPOSITORY}:${version}`,
        platforms: ['linux/amd64', 'linux/arm64'],
      },
    ]);
    expect(parse(annotations['artifacthub.io/links'])).toEqual([
      { name: 'support', url: `${REPOSITORY_URL}/issues` },
      { name: 'documentation', url: `${REPOSITORY_URL}/blob/v${version}/docs/README.md` },
    ]);
    const { image, metrics } = await show('values');
    expect(image.repository).toBe(IMAGE_REPOSITORY);
    expect(metrics.prometheusRule.runbookUrl).toBe(`${REPOSITORY_URL}/blob/v${version}/docs/runbook.md`);
  });

  test('has alerts whose links lead to a heading of a page of its sources', async () => {
    const chart = `${out}azure-ir-operator-chart-${version}.tgz`;
    const args = ['template', 'release', chart, '--set', 'metrics.prometheusRule.enabled=true'];
    const { stdout } = await promisify(execFile)(pathOf('helm'), args, { cwd: root });
    const rule = parseAllDocuments(stdout)
      .map((document) => document.toJS())
      .find(({ kind }) => kind === 'PrometheusRule');
    const alerts: { annotations: { runbook_url: string } }[] = rule.spec.groups
      .flatMap(({ rules }: { rules: object[] }) => rules)
      .filter((each: object) => 'alert' in each);
    const links = alerts.map(({ annotations }) => annotations.runbook_url);
    const sources = `${REPOSITORY_URL}/blob/v${version}/`;
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((link) => !link.startsWith(`${sources}docs/runbook.md#`))).toEqual([]);
    const { texts, paths } = await readRepository();
    const told = links.map((link) => link.slice(sources.length)).join('\n');
    expect(brokenLinks({ texts: new Map([...texts, ['deploy/alerts.yaml', told]]), paths })).toEqual([]);
  });

  test('has a bill of materials with every package that the operator depends on, in its version, and Node', () => {
    const bill = JSON.parse(readFileSync(`${out}azure-ir-operator-${version}.cdx.json`, 'utf8'));
    const components: { name: string; group?: string; version: string }[] = bill.components;
    const found = new Map(components.map((each) => [each.name, each.version]));
    expect(found).toEqual(new Map([...found, ...(Object.entries(dependencies) as [string, string][])]));
    expect(found.get('node')).toBe(process.versions.node);
    expect([...found.keys()]).not.toContain('jest');
    const refs = bill.components.map((each: { 'bom-ref': string }) => each['bom-ref']);
    const on: string[] = bill.dependencies.flatMap((each: { dependsOn: string[] }) => each.dependsOn);
    expect(on.filter((ref) => !refs.includes(ref))).toEqual([]);
    expect(bill.metadata.component).toMatchObject({ name: 'azure-ir-operator', version });
  });

  test('installs both programs of the plugin by npm, without a package besides, and kubectl finds them', async () => {
    const home = await mkdtemp(join(tmpdir(), 'npm-'));
    const archive = `${out}kubectl-azir-${version}.tgz`;
    await promisify(execFile)('npm', ['install', '--global', '--offline', '--prefix', home, archive], {
      env: bare(home),
    });
    expect(readdirSync(join(home, 'lib', 'node_modules'))).toEqual(['kubectl-azir']);
    await runsAsPlugin(join(home, 'bin'));
    await rm(home, { recursive: true });
  });

  test('has a launcher that runs the Node beside it, by a link from elsewhere', async () => {
    const home = await mkdtemp(join(tmpdir(), 'launcher-'));
    const [store, bin] = [join(home, 'a b', 'store'), join(home, 'bin')];
    for (const folder of [store, bin]) await mkdir(folder, { recursive: true });
    await promisify(execFile)('tar', ['-xzf', `${out}kubectl-azir-${version}.tgz`, '-C', home]);
    await copyFile(join(home, 'package', 'dist', 'kubectl-azir.js'), join(store, 'kubectl-azir.js'));
    await writeFile(join(store, 'package.json'), '{"type":"module"}');
    await copyFile(`${root}scripts/package/launcher.sh`, join(store, 'kubectl-azir'));
    await symlink(process.execPath, join(store, 'node'));
    for (const name of ['kubectl-azir', 'kubectl_complete-azir'])
      await symlink('../a b/store/kubectl-azir', join(bin, name));
    await runsAsPlugin(bin);
    await rm(home, { recursive: true });
  });

  describeKrew('the manifest for krew', () => {
    let home: string;
    let env: NodeJS.ProcessEnv;
    let archive: string;

    beforeAll(async () => {
      home = await mkdtemp(join(tmpdir(), 'krew-'));
      env = { ...bare(home), KREW_ROOT: join(home, 'krew') };
      const { spec } = parse(readFileSync(`${out}azir.yaml`, 'utf8'));
      archive = `${out}${basename(spec.platforms[0].uri)}`;
    });

    afterAll(() => rm(home, { recursive: true, force: true }));

    const install = (manifest: string) =>
      promisify(execFile)(pathOf('krew'), ['install', `--manifest=${manifest}`, `--archive=${archive}`], { env });

    test('names archives of this release with their sums', () => {
      const { spec } = parse(readFileSync(`${out}azir.yaml`, 'utf8'));
      expect(spec.version).toBe(`v${version}`);
      for (const { uri, sha256 } of spec.platforms) {
        expect(uri).toContain(`/releases/download/v${version}/`);
        expect(
          createHash('sha256')
            .update(readFileSync(`${out}${basename(uri)}`))
            .digest('hex'),
        ).toBe(sha256);
      }
    });

    test('is refused by krew where the archive is another one', async () => {
      const manifest = join(home, 'azir.yaml');
      const text = readFileSync(`${out}azir.yaml`, 'utf8');
      await writeFile(manifest, text.replaceAll(/sha256: \w+/g, `sha256: ${'f'.repeat(64)}`));
      await expect(install(manifest)).rejects.toThrow(/checksum does not match/);
    });

    test('installs a program by krew itself that needs no Node on PATH, and that kubectl finds', async () => {
      await install(`${out}azir.yaml`);
      const bin = join(home, 'krew', 'bin');
      await symlink(await realpath(join(bin, 'kubectl-azir')), join(bin, 'kubectl_complete-azir'));
      await runsAsPlugin(bin, '/usr/bin:/bin');
      expect(readdirSync(join(home, 'krew', 'store', 'azir', `v${version}`)).sort()).toEqual([
        'LICENSE',
        'LICENSE.node',
        'kubectl-azir',
      ]);
    });
  });
});
