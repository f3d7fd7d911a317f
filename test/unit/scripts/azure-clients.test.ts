/** What the bundle keeps of the generated clients, tried on these clients themselves. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { ASKED, rootsOf, withGroups, withTypes } from '../../../scripts/bundle/azure-clients.ts';

describe.each([
  ['@azure/arm-datafactory', 'dataFactoryManagementClient', 'data-factory.ts'],
  ['@azure/arm-synapse', 'synapseManagementClient', 'synapse.ts'],
] as const)('of %s', (name, client, adapter) => {
  const groups: readonly string[] = ASKED[name];
  const dir = fileURLToPath(new URL(`../../../node_modules/${name}/dist-esm/src/`, import.meta.url));
  const source = readFileSync(`${dir}models/mappers.js`, 'utf8');
  const described = async (roots: Set<string>) =>
    (await import(`data:text/javascript,${encodeURIComponent(withTypes(roots, source))}`)) as Record<string, unknown>;

  test('what is kept is what the adapter takes', () => {
    const source = readFileSync(new URL(`../../../src/azure/arm/${adapter}`, import.meta.url), 'utf8');
    const [, taken = ''] = /const \{ (.*) \} = client;/.exec(source) ?? [];
    expect(taken.split(', ').sort()).toEqual(groups);
  });

  test('the client keeps the groups of operations that are asked for, and no other', () => {
    const kept = withGroups(groups, readFileSync(`${dir}${client}.js`, 'utf8'));
    expect([...kept.matchAll(/this\.(\w+) = new \w+Impl/g)].map(([, group]) => group).sort()).toEqual(groups);
  });

  test('the build ends when a group that is asked for is none of the client', () => {
    const generated = readFileSync(`${dir}${client}.js`, 'utf8');
    expect(() => withGroups([...groups, 'unheardOf'], generated)).toThrow('makes no unheardOf');
  });

  test('every type that a kept one names, as a property, an ancestor or a kind of it, is kept', async () => {
    const roots = await rootsOf(dir, groups);
    const kept = await described(roots);
    const text = JSON.stringify(kept);
    const named = [...text.matchAll(/"(?:className|uberParent)":"(\w+)"/g)].map(([, type = '']) => type);
    expect(named).toContain('IntegrationRuntimeResource');
    expect([...roots, ...named].filter((type) => kept[type] === undefined)).toEqual([]);
    expect(Object.keys(kept.discriminators as object)).toContain('IntegrationRuntime.Managed');
  });

  test('a type that none of them reaches is not described', async () => {
    const kept = await described(await rootsOf(dir, groups));
    const all = Object.keys(kept).length;
    expect(Object.values(kept).filter((type) => type !== undefined).length).toBeLessThan(all / 3);
  });

  test('the build ends when an operation names a type that is not described', () => {
    expect(() => withTypes(new Set(['UnheardOf']), source)).toThrow('describes no UnheardOf');
  });
});
