/** The Debian packages of an image, for its bill of materials. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { packLayout, writeLayout } from '../../dev/machine/oci.ts';
import { imagesIn } from '../../scripts/package/archive.ts';
import { debianPackages } from '../../scripts/package/debian.ts';

const scratch = mkdtempSync(join(tmpdir(), 'debian-test-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const task = { log: () => {}, signal: new AbortController().signal };

/** The root of an image whose base has these records. */
function root(name: string, records: Readonly<Record<string, string>>): string {
  const folder = join(scratch, name);
  mkdirSync(join(folder, 'var/lib/dpkg/status.d'), { recursive: true });
  for (const [file, text] of Object.entries(records)) writeFileSync(join(folder, 'var/lib/dpkg/status.d', file), text);
  return folder;
}

const record = (architecture: string) =>
  `Package: libc6\nSource: glibc\nVersion: 2.36-9+deb12u13\nArchitecture: ${architecture}\nDescription: it\n Version: none\n`;

test('are those that its base records, of each architecture, once each', async () => {
  const tzdata = 'Package: tzdata\nVersion: 2025b-0\nArchitecture: all\n';
  const amd64 = root('amd64', { libc6: record('amd64'), tzdata, 'libc6.md5sums': '0  usr/lib/libc.so.6\n' });
  const arm64 = root('arm64', { libc6: record('arm64'), tzdata });
  const roots = [
    { architecture: 'amd64', folder: amd64 },
    { architecture: 'arm64', folder: arm64 },
  ] as const;
  const layout = join(scratch, 'layout');
  await writeLayout(layout, roots, 'example', task);
  const archive = join(scratch, 'image.tar');
  await packLayout(layout, archive, task);
  expect(await debianPackages(await imagesIn(archive, scratch), scratch)).toEqual([
    { name: 'libc6', version: '2.36-9+deb12u13', architecture: 'amd64' },
    { name: 'libc6', version: '2.36-9+deb12u13', architecture: 'arm64' },
    { name: 'tzdata', version: '2025b-0', architecture: 'all' },
  ]);
});

test('are none where no base records any', async () => {
  const folder = join(scratch, 'empty');
  mkdirSync(folder);
  const layout = join(scratch, 'empty-layout');
  await writeLayout(layout, [{ architecture: 'amd64', folder }], 'example', task);
  execFileSync('tar', ['-cf', join(scratch, 'empty.tar'), '-C', layout, '.']);
  expect(await debianPackages(await imagesIn(join(scratch, 'empty.tar'), scratch), scratch)).toEqual([]);
});
