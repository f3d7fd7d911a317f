/** How a Python is found and gets its packages. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { findPython } from '../../../../dev/clients/python/environment.ts';

describe('the Python for the clients', () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'find-python-'));
  });

  afterEach(() => rmSync(dir, { recursive: true }));

  const find = () => findPython({ PATH: dir }, new AbortController().signal);

  /** A command that answers the probe so. */
  function install(name: string, script: string): void {
    writeFileSync(join(dir, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(dir, name), 0o755);
  }

  test('is none where there is no such command', async () => {
    expect(await find()).toBeUndefined();
  });

  test('is python where python3 is too old, which prints nothing', async () => {
    install('python3', 'exit 0');
    install('python', 'echo /usr 3.12.1');
    expect(await find()).toEqual({ command: 'python', build: '/usr 3.12.1\n' });
  });

  test('is none where it lacks a module', async () => {
    install('python3', 'echo "No module named ensurepip" >&2; exit 1');
    expect(await find()).toBeUndefined();
  });
});

test('requirements.txt has what requirements.in asks for', () => {
  const read = (name: string) =>
    readFileSync(join(import.meta.dirname, '../../../../dev/clients/python', name), 'utf8').split('\n');
  const wanted = read('requirements.in').filter((line) => line.includes('=='));
  const pinned = read('requirements.txt').map((line) => line.replace(' \\', ''));
  expect(wanted.length).toBeGreaterThan(0);
  expect(pinned).toEqual(expect.arrayContaining(wanted));
});
