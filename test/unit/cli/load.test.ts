/** Manifests as people keep them: folders, lists, several in a file; and what is wrong with one, by file and line. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { type Loaded, load } from '../../../src/cli/manifests/load.ts';

const io = (stdin: string) => ({ stdin: async () => stdin }) as never;
const read = (text: string): Promise<Loaded> => load({ files: ['-'], recursive: false }, io(text));
const azir = (name: string, spec = '{}') =>
  `apiVersion: azure-ir.io/v1beta1\nkind: AzureIntegrationRuntime\nmetadata:\n  name: ${name}\nspec: ${spec}\n`;
const names = ({ manifests }: Loaded) =>
  manifests.map(({ raw, source }) => [(raw.metadata as { name: string }).name, source.line]);

test('several in a file each have their line; other kinds are counted', async () => {
  const loaded = await read(`# comment\n${azir('one')}---\napiVersion: v1\nkind: Secret\n---\n${azir('two')}---\n`);
  expect(names(loaded)).toEqual([
    ['one', 2],
    ['two', 11],
  ]);
  expect(loaded).toMatchObject({ others: 1, errors: [] });
});

test('lists are what they hold', async () => {
  const items = ['one', 'two'].map((name) => `- ${azir(name).trimEnd().replaceAll('\n', '\n  ')}`).join('\n');
  expect(names(await read(`apiVersion: v1\nkind: List\nitems:\n${items}\n`))).toEqual([
    ['one', 4],
    ['two', 9],
  ]);
});

test('a BOM, CRLF, anchors and JSON are read', async () => {
  expect((await read(`\uFEFF${azir('one').replaceAll('\n', '\r\n')}`)).manifests).toHaveLength(1);
  expect((await read(azir('one', '{ a: &x { b: 1 }, c: *x }'))).manifests[0]?.raw.spec).toEqual({
    a: { b: 1 },
    c: { b: 1 },
  });
  expect(
    (await read(JSON.stringify({ apiVersion: 'azure-ir.io/v1beta1', kind: 'AzureIntegrationRuntime' }))).manifests,
  ).toHaveLength(1);
});

test.each([
  ['yes', true],
  ['off', false],
  ['"yes"', 'yes'],
  ['010', 8],
  ['2026-01-01', '2026-01-01'],
  ['1:30', '1:30'],
])('%s is read as kubectl does', async (text, value) => {
  expect((await read(azir('one', `{ a: ${text} }`))).manifests[0]?.raw.spec).toEqual({ a: value });
});

test.each([
  ['a: b: c\n', 'stdin:1:'],
  [`${azir('one')}---\n{{ .Values.x }}: [\n`, 'a template is not a manifest'],
  ['- a\n- b\n', 'stdin:1: it is no object'],
  ['metadata: {}\n', 'the object has no kind'],
])('%j is told with its line', async (text, says) => {
  expect((await read(text)).errors.join('\n')).toContain(says);
});

test('a folder is read without what belongs to kustomize and the report, and below it only when asked', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'azir-load-'));
  await mkdir(join(folder, 'below'));
  await writeFile(join(folder, 'b.yaml'), azir('bbb'));
  await writeFile(join(folder, 'a.yml'), azir('aaa'));
  await writeFile(join(folder, 'below', 'c.yaml'), azir('ccc'));
  for (const other of ['kustomization.yaml', 'import-report.json', 'notes.txt'])
    await writeFile(join(folder, other), 'x: [');
  const found = async (recursive: boolean) =>
    names(await load({ files: [folder], recursive }, io(''))).map(([name]) => name);
  expect(await found(false)).toEqual(['aaa', 'bbb']);
  expect(await found(true)).toEqual(['aaa', 'bbb', 'ccc']);
  await expect(load({ files: [join(folder, 'gone')], recursive: false }, io(''))).rejects.toThrow(
    'there is no file or folder',
  );
});
