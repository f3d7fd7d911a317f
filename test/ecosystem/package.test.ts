/** What `npm run package` writes, but for the image, which the tests on a real node build. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { pathOf } from '../../dev/tools/index.ts';
import { describeWith } from '../support/tools.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const out = `${root}dist/release/`;
const IMAGE_REPOSITORY = 'registry.example.com/operator';
const REPOSITORY_URL = 'https://git.example.com/team/operator';
const { version, dependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

async function pack(): Promise<string> {
  const env = { ...process.env, IMAGE_REPOSITORY, REPOSITORY_URL, SOURCE_DATE_EPOCH: '1790000000' };
  const args = ['scripts/package.ts', '--without-image'];
  return (await promisify(execFile)(process.execPath, args, { cwd: root, env })).stdout;
}

(await describeWith('helm'))('a release', () => {
  let sums: string;
  beforeAll(async () => {
    sums = await pack();
  });

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

  test('has the same bytes when it is made again', async () => {
    expect(await pack()).toBe(sums);
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
    const { home, sources, icon } = await show('chart');
    expect({ home, sources }).toEqual({ home: REPOSITORY_URL, sources: [REPOSITORY_URL] });
    expect(Buffer.from(icon.split('base64,')[1], 'base64').toString()).toMatch(/^<svg .*<\/svg>$/);
    const { image, metrics } = await show('values');
    expect(image.repository).toBe(IMAGE_REPOSITORY);
    expect(metrics.prometheusRule.runbookUrl).toBe(`${REPOSITORY_URL}/blob/v${version}/docs/runbook.md`);
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
});
