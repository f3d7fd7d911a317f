/** The emulator as a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from '@jest/globals';
import { createControlClient, DEFAULT_FACTORY } from '../../../../dev/emulator/index.ts';

describe('the emulator as its own process', () => {
  test('prints one line with its URLs, writes its CA, and ends at once when told to', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'emulator-main-'));
    const main = new URL('../../../../dev/emulator/main.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [main, '--port', '0', '--control-port', '0', '--dir', dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
      const printed = JSON.parse(line) as Record<string, string>;
      expect(printed).toMatchObject({
        armUrl: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+$/),
        authorityUrl: printed.armUrl,
        caFile: join(dir, 'ca.pem'),
      });
      expect(await readFile(join(dir, 'ca.pem'), 'utf8')).toContain('BEGIN CERTIFICATE');
      expect(await createControlClient(printed.controlUrl ?? '').runtimes(DEFAULT_FACTORY)).toEqual([]);
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      expect(await exit).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
      await rm(dir, { recursive: true, force: true });
    }
  });
});
