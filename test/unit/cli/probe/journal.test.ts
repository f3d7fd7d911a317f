/** The journal of the probe: whose it is, what it is believed, and how it outlives whoever wrote it. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Journal, newPrefix } from '../../../../src/cli/probe/journal.ts';
import { FACTORY_ID, PREFIX, WORKSPACE_ID } from './support.ts';

const FIRST = { parent: FACTORY_ID, name: `${PREFIX}-1` };
const SECOND = { parent: WORKSPACE_ID, name: `${PREFIX}--x` };

let dir: string;
let file: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'journal-'));
  file = join(dir, 'journal');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const lines = (...each: readonly unknown[]) => `${each.map((line) => JSON.stringify(line)).join('\n')}\n`;

describe('a journal', () => {
  test('knows what was reserved and is not gone, and stays for as long as there is something', () => {
    const journal = new Journal(file);
    journal.reserve(FIRST);
    journal.gone(FIRST);
    expect(existsSync(file)).toBe(true);
    journal.reserve(SECOND);
    journal.close();
    const later = new Journal(file);
    expect(later.left).toEqual([SECOND]);
    later.gone(SECOND);
    later.close();
    expect(existsSync(file)).toBe(false);
  });

  test('belongs to one process at a time: nobody reads or writes it while that lives', () => {
    const text = lines({ what: 'owner', pid: process.ppid }, { what: 'reserved', ...FIRST });
    writeFileSync(file, `${text}{"what":"res`);
    expect(() => new Journal(file)).toThrow(
      `process ${process.ppid} is running the probe there. Wait until it has ended, or choose another --dir; if that process is no probe, remove the lines with "pid" from ${file}`,
    );
    expect(readFileSync(file, 'utf8')).toBe(`${text}{"what":"res`);
  });

  test('of a process that has ended is taken over', () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    writeFileSync(
      file,
      lines({ what: 'owner', pid: process.ppid }, { what: 'owner', pid }, { what: 'reserved', ...FIRST }),
    );
    expect(new Journal(file).left).toEqual([FIRST]);
    expect(readFileSync(file, 'utf8')).toContain(JSON.stringify({ what: 'owner', pid: process.pid }));
  });

  test('whose last line was cut off is read without it, and written on', () => {
    const first = new Journal(file);
    first.reserve(FIRST);
    first.reserve(SECOND);
    appendFileSync(file, '{"what":"reserved","par');
    new Journal(file).gone(FIRST);
    expect(new Journal(file).left).toEqual([SECOND]);
  });

  test.each([
    ['the name of another runtime', { ...FIRST, name: 'payroll' }],
    ['a name that leads out of the runtimes', { ...FIRST, name: '..' }],
    ['a name that leads elsewhere', { ...FIRST, name: `${PREFIX}-1/../../x` }],
    ['a prefix that the probe does not make', { ...FIRST, name: 'azir-probe-mine-1' }],
    ['a parent that is none', { ...FIRST, parent: '/p' }],
    ['a parent of another kind', { ...FIRST, parent: FACTORY_ID.replace('DataFactory/factories', 'Sql/servers') }],
    ['a parent whose name leads elsewhere', { ...FIRST, parent: FACTORY_ID.replace(/[^/]+$/, '..') }],
    ['no name', { parent: FACTORY_ID }],
  ])('with %s is not believed: nothing is deleted on its word', (_what, entry) => {
    const text = lines({ what: 'reserved', ...SECOND }, { what: 'reserved', ...entry });
    writeFileSync(file, text);
    expect(() => new Journal(file)).toThrow(`line 2 of ${file} was not written by the probe. Remove the line`);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  test('with a line that is no JSON is not believed either', () => {
    writeFileSync(file, 'payroll\n');
    expect(() => new Journal(file)).toThrow(`line 1 of ${file} was not written by the probe`);
  });

  test('believes the names that the probe makes', () => {
    const prefix = newPrefix((bytes) => 'a7'.repeat(bytes));
    const names = ['-1', '-30', '--x', '-b', '-C'].map((suffix) => `${prefix}${suffix}`);
    const journal = new Journal(file);
    for (const name of names) journal.reserve({ ...FIRST, name });
    expect(new Journal(file).left.map(({ name }) => name)).toEqual(names);
  });
});
