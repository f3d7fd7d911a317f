/** The folder of an import: whole, or as it was. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { writeFolder } from '../../../src/cli/import/folder.ts';
import type { ImportResult } from '../../../src/cli/import/import.ts';
import { filesOf } from '../../../src/cli/import/report.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'import-folder-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const files = new Map([
  ['a.yaml', 'a\n'],
  ['kustomization.yaml', 'k\n'],
]);
const living = { overwrite: false, signal: new AbortController().signal };
const interrupted = { overwrite: true, signal: AbortSignal.abort(new Error('interrupted')) };

test('an interrupted run leaves no folder, and an older one as it was', async () => {
  const folder = join(root, 'interrupted', 'runtimes');
  await expect(writeFolder(folder, files, interrupted)).rejects.toThrow('interrupted');
  expect(await readdir(join(root, 'interrupted'))).toEqual([]);
  await writeFolder(folder, files, living);
  await expect(writeFolder(folder, new Map([['a.yaml', 'b\n']]), interrupted)).rejects.toThrow('interrupted');
  expect(await readdir(folder)).toEqual(['a.yaml', 'kustomization.yaml']);
  expect(await readFile(join(folder, 'a.yaml'), 'utf8')).toBe('a\n');
});

test('what is there and differs is replaced only when asked, and manifests of others are named', async () => {
  const folder = join(root, 'there');
  expect(await writeFolder(folder, files, living)).toEqual([]);
  await writeFile(join(folder, 'mine.yaml'), 'mine\n');
  await writeFile(join(folder, 'a.yaml'), 'changed\n');
  await expect(writeFolder(folder, files, living)).rejects.toThrow('a.yaml is there already and differs');
  expect(await writeFolder(folder, files, { ...living, overwrite: true })).toEqual(['mine.yaml']);
  expect(await readFile(join(folder, 'a.yaml'), 'utf8')).toBe('a\n');
});

test('a file is no folder', async () => {
  const file = join(root, 'file');
  await writeFile(file, '');
  await expect(writeFolder(file, files, living)).rejects.toThrow('is a file: name a folder with -d');
});

test('a runtime that is called Kustomization does not take the place of the kustomization', async () => {
  const manifest = { apiVersion: 'v', kind: 'k', metadata: { name: 'kustomization' }, spec: {} };
  const parent = { kind: 'factory' as const, subscriptionId: 's', resourceGroup: 'g', name: 'f' };
  const object = { id: { parent, name: 'Kustomization' }, manifest, undeclared: [], declaredIn: [] };
  const result: ImportResult = { objects: [object], skipped: [], errors: [], surprises: [], reads: 1 };
  const made = await filesOf(result, '');
  expect([...made.keys()]).toEqual(['kustomization.runtime.yaml', 'import-report.json', 'kustomization.yaml']);
  expect(made.get('kustomization.yaml')).toContain('- kustomization.runtime.yaml');
});
