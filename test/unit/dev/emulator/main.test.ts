/** The emulator as a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from '@jest/globals';
import { createControlClient, DEFAULT_FACTORY } from '../../../../dev/emulator/index.ts';

const MAIN = new URL('../../../../dev/emulator/main.ts', import.meta.url).pathname;
const RECORDING = new URL('recordings/factory.json', import.meta.url).pathname;

async function compared(file: string): Promise<{ code: number | null; out: string }> {
  const child = spawn(process.execPath, [MAIN, '--compare', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      out += chunk;
    });
  }
  const [code] = await once(child, 'close');
  return { code, out };
}

describe('the emulator as its own process', () => {
  test('prints one line with its URLs, writes its CA, and ends at once when told to', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'emulator-main-'));
    const child = spawn(process.execPath, [MAIN, '--port', '0', '--control-port', '0', '--dir', dir], {
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

  test('compares with a recording, says so where nothing differs, and ends', async () => {
    expect(await compared(RECORDING)).toEqual({ code: 0, out: 'The emulator answers as it was recorded.\n' });
  });

  test('prints each difference from a recording by its exchange and field, and exits with 3', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'emulator-compare-'));
    try {
      const file = join(dir, 'recording.json');
      const text = await readFile(RECORDING, 'utf8');
      await writeFile(file, text.replace('"status": 412', '"status": 409').replace('PreconditionFailed', 'Conflict'));
      const request = 'PUT …/Microsoft.DataFactory/factories/factory-1/integrationRuntimes/azir-probe-0-1';
      expect(await compared(file)).toEqual({
        code: 3,
        out: [
          `5. ${request}: status: recorded 409, emulated 412\n`,
          `5. ${request}: body.error.code: recorded Conflict, emulated PreconditionFailed\n`,
        ].join(''),
      });
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  test.each([
    ['is not there', '/nowhere/recording.json'],
    ['is another file', new URL('../../../../package.json', import.meta.url).pathname],
  ])('says in one line what to pass where the recording %s, and exits with 1', async (_, file) => {
    const { code, out } = await compared(file);
    expect({ code, lines: out.trimEnd().split('\n').length }).toEqual({ code: 1, lines: 1 });
    expect(out).toContain(`${file} is no recording of the probe: pass the recording.json`);
  });
});
