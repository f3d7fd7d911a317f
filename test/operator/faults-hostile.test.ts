/** Manifests by somebody who means harm: they reach no other path of ARM, and take nothing down. */
import { describe, expect, test } from '@jest/globals';
import { inHistory } from './support/history.ts';
import type { Place } from './support/place.ts';

const admitted = [
  '..a',
  '.hidden',
  'a..b',
  '...(_',
  '.-',
  '()',
  'résumé-ñ',
  '資源グループ',
  'مجموعة',
  '𝒳𝟘𐐀',
  'İstanbul',
  'Ⅻ½',
  'é'.repeat(90),
  'constructor',
  '__proto__',
];

describe('a resource group that the API admits', () => {
  test.concurrent('is asked for under its own path, whatever it is called', () =>
    inHistory(async (place, history) => {
      const names = admitted.map((resourceGroup, i) => [`rg-${i}`, resourceGroup] as const);
      for (const [name, resourceGroup] of names) {
        const factory = { ...place.factory, resourceGroup };
        if (name !== 'rg-0') await place.azure.ensureFactory(factory);
        await place.apply(name, { factory });
      }
      expect(
        (await history.until('rg-0', 'False FactoryNotFound, Reconciling FactoryNotFound')).status?.conditions,
      ).toBeDefined();
      for (const [name] of names.slice(1)) await history.until(name, 'True Available');
      await everyPathIs(place, new Map(names.map(([name, group]) => [name, group])));
      for (const [name, resourceGroup] of names.slice(1)) {
        const factory = { ...place.factory, resourceGroup };
        expect((await place.azure.runtimes(factory)).map((runtime) => runtime.name)).toEqual([name]);
        expect(history.latest(name)?.status?.resourceId).toContain(`/resourceGroups/${resourceGroup}/`);
      }
      await place.kubectl('delete', 'azir', '--all', '-n', place.namespace, '--wait=false');
      for (const [name] of names) await history.untilGone(name);
      await everyPathIs(place, new Map(names.map(([name, group]) => [name, group])));
      for (const [name, resourceGroup] of names.slice(1)) {
        expect([name, await place.azure.runtimes({ ...place.factory, resourceGroup })]).toEqual([name, []]);
      }
    }));
});

/** Decoded once, each path is the one that its object names, and nothing in it can be taken apart otherwise. */
async function everyPathIs(place: Place, groups: ReadonlyMap<string, string>): Promise<void> {
  const entries = await place.azure.trace({ subscriptionId: place.factory.subscriptionId });
  expect(entries.length).toBeGreaterThan(groups.size);
  for (const { path, operation } of entries) {
    expect(operation).not.toBe('Unknown');
    const [bare = ''] = path.split('?');
    const [, subscriptions, subscription, word, group = '', ...rest] = bare.split('/');
    expect([subscriptions, subscription, word]).toEqual([
      'subscriptions',
      place.factory.subscriptionId,
      'resourceGroups',
    ]);
    const [name] = rest.slice(5);
    const known = name === undefined ? [...groups.values()] : [groups.get(name)];
    expect(known).toContain(decodeURIComponent(group));
    expect(rest.slice(0, 5)).toEqual([
      'providers',
      'Microsoft.DataFactory',
      'factories',
      place.factory.name,
      'integrationRuntimes',
    ]);
    expect(['', 'getStatus', undefined]).toContain(rest[6]);
  }
}

describe('what the API refuses', () => {
  const refused: [string, Record<string, unknown>][] = [
    ...[
      '.',
      '..',
      'a/b',
      '../../x',
      'a%2Fb',
      '%2e%2e',
      'a?b',
      'a#b',
      'a b',
      'a\nb',
      'a\\b',
      'a;b',
      'end.',
      '',
      'x'.repeat(91),
    ].map((resourceGroup): [string, Record<string, unknown>] => [
      `group ${JSON.stringify(resourceGroup).slice(0, 20)}`,
      { resourceGroup },
    ]),
    ...['..', 'a/b', 'a.b', 'a%2Fb', 'ab', 'ä-factory', 'a--b', '-ab', 'abc\n'].map(
      (name): [string, Record<string, unknown>] => [`factory ${JSON.stringify(name)}`, { name }],
    ),
    ...['..', '00000000-0000-0000-0000-000000000001/..', '{0}', ''].map(
      (subscriptionId): [string, Record<string, unknown>] => [
        `subscription ${JSON.stringify(subscriptionId)}`,
        { subscriptionId },
      ],
    ),
  ];
  test.concurrent('never reaches the operator', () =>
    inHistory(async (place) => {
      for (const [what, change] of refused) {
        const manifest = place.manifest('hostile', { factory: { ...place.factory, ...change } });
        const { code, stderr } = await place.try(['create', '-f', '-'], { stdin: manifest });
        expect([what, code, stderr.includes('spec.factory')]).toEqual([what, 1, true]);
      }
      for (const azureName of ['..', 'a/b', 'ab', '%2e%2e', 'a'.repeat(64), 'nbsp\u00a0x']) {
        const { code } = await place.try(['create', '-f', '-'], { stdin: place.manifest('hostile', { azureName }) });
        expect([azureName, code]).toEqual([azureName, 1]);
      }
      const { code } = await place.try(['create', '-f', '-'], { stdin: place.manifest('with.dots.in.it') });
      expect(code).toBe(1);
      expect(await place.azure.trace({ subscriptionId: place.factory.subscriptionId })).toEqual([]);
    }));
});

describe('text that goes to Azure as a value', () => {
  test.concurrent('arrives as it is, and comes back as no drift', () =>
    inHistory(async (place, history) => {
      const texts = [
        '{"type":"SelfHosted"}',
        '$' + '{jndi:ldap://x}',
        '\u0000 \u2028 \ud83d\ude00',
        '</script><b>',
        '%s %d ..\\..',
        'é'.repeat(4_096),
      ];
      for (const [i, description] of texts.entries()) await place.apply(`text-${i}`, { description });
      for (const [i, description] of texts.entries()) {
        const object = await history.until(`text-${i}`, 'True Available');
        expect(object.status).not.toHaveProperty('drift');
        expect((await place.runtime(`text-${i}`))?.properties).toHaveProperty('description', description);
      }
    }));

  test.concurrent('names that JavaScript knows otherwise', () =>
    inHistory(async (place, history) => {
      for (const azureName of ['constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
        const name = azureName.toLowerCase();
        await place.apply(name, { azureName });
        await history.until(name, 'True Available');
        expect((await place.runtime(azureName))?.name).toBe(azureName);
      }
    }));
});
