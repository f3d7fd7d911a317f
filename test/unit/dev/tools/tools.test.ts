/** The tools of the ecosystem: when they are built, and what becomes of their tests where they cannot be. */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type Go, NoGo, wheel } from '../../../../dev/controlplane/toolchain.ts';
import { moduleDir } from '../../../../dev/controlplane/version.ts';
import { haveTools } from '../../../../dev/tools/index.ts';
import { LineServer } from '../../../../dev/tools/line-server.ts';
import { builtFolder, MODULE_NAMES, sourceFolder } from '../../../../dev/tools/modules.ts';
import { scratch, task } from '../controlplane/support.ts';

const goOf = (folder: string) => /^go (\S+)$/m.exec(readFileSync(join(folder, 'go.mod'), 'utf8'))?.[1];
const none = () => Promise.reject(new NoGo('neither Go nor pip'));
/** A Go whose every build ends like the command. */
const fake = (command: string) => async (): Promise<Go> => ({ command, version: 'go1.26', env: process.env });
const cache = () => ({ XDG_CACHE_HOME: scratch() });

describe('the modules', () => {
  test.each(MODULE_NAMES)('%s is pinned with all that it needs, for a Go that is to be had everywhere', (module) => {
    expect(existsSync(join(sourceFolder(module), 'go.sum'))).toBe(true);
    const [major, minor, patch] = wheel.version.split('.').map(Number);
    const asked =
      /^(\d+)\.(\d+)\.(\d+)$/
        .exec(goOf(sourceFolder(module)) ?? '')
        ?.slice(1)
        .map(Number) ?? [];
    expect(asked.slice(0, 2)).toEqual([major, minor]);
    expect(asked[2]).toBeLessThanOrEqual(patch ?? 0);
  });

  test('of Kubernetes have the version of the control plane, to the module', () => {
    const versions = (folder: string) =>
      readFileSync(join(folder, 'go.mod'), 'utf8').match(
        /^\t?(?:require )?k8s\.io\/kubernetes v\S+|k8s\.io\/\S+ => \S+ \S+/gm,
      );
    expect(versions(sourceFolder('kubernetes'))).toEqual(versions(moduleDir));
  });

  test('are built anew when a file of theirs changes, and only then', () => {
    const copy = join(scratch(), 'kstatus');
    cpSync(sourceFolder('kstatus'), copy, { recursive: true });
    const before = builtFolder('kstatus', {}, copy);
    expect(before).toBe(builtFolder('kstatus', {}));
    writeFileSync(join(copy, 'main.go'), 'package main');
    expect(builtFolder('kstatus', {}, copy)).not.toBe(before);
  });
});

describe('where there is no Go', () => {
  test.each([{}, { CI: 'false' }])('the tests are skipped, and it says so (%j)', async (ci) => {
    const asked = task();
    expect(await haveTools(['kstatus'], asked, { env: { ...cache(), ...ci }, go: none })).toBe(false);
    expect(asked.lines.join('\n')).toMatch(/without kstatus, the tests that use them are skipped: neither Go nor pip/);
  });

  test('it is an error under CI', async () => {
    const had = haveTools(['kstatus'], task(), { env: { ...cache(), CI: 'true' }, go: none });
    await expect(had).rejects.toThrow('neither Go nor pip');
  });
});

describe('a build', () => {
  test('that fails is an error everywhere, and leaves nothing', async () => {
    const env = cache();
    const had = haveTools(['lua'], task(), { env, go: fake('false') });
    await expect(had).rejects.toThrow('building lua failed (go exited with 1)');
    expect(readdirSync(join(env.XDG_CACHE_HOME, 'azure-ir-operator', 'tools'))).toEqual([]);
  });
});

describe('a program that has ended', () => {
  test('answers nobody, and says so to whoever asked before and to whoever asks after', async () => {
    const server = new LineServer('false');
    await expect(server.ask({})).rejects.toThrow('false ended with 1');
    await expect(server.ask({})).rejects.toThrow('false ended with 1');
    await server.stop();
  });
});
