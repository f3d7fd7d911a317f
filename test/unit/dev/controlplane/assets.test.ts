/** Where the binaries come from, and that they appear whole or not at all. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { defaultSources, findAssets, programs } from '../../../../dev/controlplane/assets.ts';
import type { Source } from '../../../../dev/controlplane/source.ts';
import { exitOf, fixture, isRunning, scratch, task, until } from './support.ts';

function fill(dir: string, names: readonly string[] = programs): void {
  for (const name of names) {
    writeFileSync(join(dir, name), '');
    chmodSync(join(dir, name), 0o755);
  }
}

const working = (name: string): Source => ({ name, fill: async (dir) => fill(dir) });

const failing = (name: string): Source => ({
  name,
  fill: async (dir) => {
    fill(dir, ['etcd']);
    throw new Error('not here');
  },
});

const forbidden: Source = {
  name: 'forbidden',
  fill: () => Promise.reject(new Error('must not be asked')),
};

const cachedIn = (cache: string) => readdirSync(join(cache, 'azure-ir-operator', 'controlplane'));

describe('the order of sources', () => {
  test('a folder named by KUBEBUILDER_ASSETS goes before everything', async () => {
    const dir = scratch();
    fill(dir);
    const env = { KUBEBUILDER_ASSETS: dir, XDG_CACHE_HOME: scratch() };
    expect(await findAssets(task(), { env, sources: [forbidden] })).toBe(dir);
  });

  test('a named folder without all three is an error, not a reason to look elsewhere', async () => {
    const dir = scratch();
    fill(dir, ['etcd', 'kubectl']);
    const found = findAssets(task(), { env: { KUBEBUILDER_ASSETS: dir }, sources: [working('other')] });
    await expect(found).rejects.toThrow(`KUBEBUILDER_ASSETS names ${dir}, which lacks an executable kube-apiserver.`);
  });

  test('what the cache holds is not obtained again', async () => {
    const env = { XDG_CACHE_HOME: scratch() };
    const first = await findAssets(task(), { env, sources: [working('first')] });
    expect(await findAssets(task(), { env, sources: [forbidden] })).toBe(first);
  });

  test('sources are asked in turn until one delivers, and the others not at all', async () => {
    const env = { XDG_CACHE_HOME: scratch() };
    const asked = task();
    const folder = await findAssets(asked, { env, sources: [failing('first'), working('second'), forbidden] });
    expect(readFileSync(join(folder, 'SOURCE'), 'utf8')).toBe('second\n');
    expect(asked.lines).toEqual(['first did not work: not here']);
    expect(readdirSync(dirname(folder))).toHaveLength(1);
  });

  test('by default the archive comes before the build', () => {
    expect(defaultSources({}).map(({ name }) => name)).toEqual([
      'the official envtest archive',
      'a build from Go modules',
    ]);
  });

  test('without XDG_CACHE_HOME the cache is under the home folder', async () => {
    const env = { HOME: scratch() };
    const folder = await findAssets(task(), { env, sources: [working('any')] });
    expect(dirname(folder)).toBe(join(env.HOME, '.cache', 'azure-ir-operator', 'controlplane'));
  });
});

describe('failures', () => {
  test('when nothing works, the error has every reason and names what to install, and nothing is left', async () => {
    const env = { XDG_CACHE_HOME: scratch() };
    const found = findAssets(task(), { env, sources: [failing('an archive'), failing('a build')] });
    await expect(found).rejects.toThrow(
      /an archive: not here[\s\S]*a build: not here[\s\S]*install Go 1\.26[\s\S]*Python 3 with pip[\s\S]*set KUBEBUILDER_ASSETS/,
    );
    expect(cachedIn(env.XDG_CACHE_HOME)).toEqual([]);
  });

  test('a source that brings only some of the three is not believed', async () => {
    const env = { XDG_CACHE_HOME: scratch() };
    const partial: Source = { name: 'partial', fill: async (dir) => fill(dir, ['kubectl']) };
    await expect(findAssets(task(), { env, sources: [partial] })).rejects.toThrow('it brought no kube-apiserver, etcd');
    expect(cachedIn(env.XDG_CACHE_HOME)).toEqual([]);
  });

  test('a damaged cache and the leftovers of a killed run are replaced', async () => {
    const env = { XDG_CACHE_HOME: scratch() };
    const folder = await findAssets(task(), { env, sources: [working('first')] });
    chmodSync(join(folder, 'etcd'), 0o644);
    mkdirSync(`${folder}.unfinished-1-abc`);
    await findAssets(task(), { env, sources: [working('second')] });
    expect(readFileSync(join(folder, 'SOURCE'), 'utf8')).toBe('second\n');
    expect(readdirSync(dirname(folder))).toHaveLength(1);
  });
});

describe('several processes', () => {
  test('two that want the binaries at once build them once', async () => {
    const [cache, notes] = [scratch(), join(scratch(), 'notes')];
    const both = [1, 2].map(() => fixture('obtain.ts', [notes], { XDG_CACHE_HOME: cache, KUBEBUILDER_ASSETS: '' }));
    expect(await Promise.all(both.map(exitOf))).toEqual([0, 0]);
    expect(readFileSync(notes, 'utf8')).toBe('built\n');
    expect(cachedIn(cache)).toHaveLength(1);
  });

  test.each(['SIGINT', 'SIGKILL'] as const)(
    '%s during a build leaves no binaries and no running command',
    async (signal) => {
      const [cache, notes] = [scratch(), join(scratch(), 'notes')];
      const env = { XDG_CACHE_HOME: cache, KUBEBUILDER_ASSETS: '' };
      const child = fixture('obtain.ts', [notes, 'hang'], env);
      const pid = () => Number(readFileSync(`${notes}.pid`, 'utf8'));
      await until('the build runs', () => isRunning(pid()));
      const exit = exitOf(child);

      child.kill(signal);

      expect(await exit).not.toBe(0);
      await until('the build is dead', () => !isRunning(pid()));
      await until('the unfinished folder is gone', () => cachedIn(cache).every((name) => name.endsWith('.lock')));
      // A killed process cannot give back its lock; what it leaves holds up nobody.
      expect(await findAssets(task(), { env, sources: [working('next')] })).toContain(cache);
      expect(cachedIn(cache)).toHaveLength(1);
    },
  );
});
