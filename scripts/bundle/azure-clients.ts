/** Leaves out of the bundle what the operator does not use of the Azure SDKs. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Plugin } from 'esbuild';

/** By package, groups of operations: the names of the client's properties. */
export type Groups = Readonly<Record<string, readonly string[]>>;

/** What `src/azure` asks of the generated clients. */
export const ASKED = {
  '@azure/arm-datafactory': ['factories', 'integrationRuntimes', 'managedVirtualNetworks'],
  '@azure/arm-synapse': ['integrationRuntimeStatusOperations', 'integrationRuntimes', 'workspaces'],
} as const satisfies Groups;

/**
 * The generated clients of ARM name each type of the whole service at run time (Data Factory's: 0.9 MB of descriptions),
 * so that a bundler has to keep them. This leaves the groups of operations that are named, and the types that these reach:
 * about 15 MiB less resident. Reads the generated code as text, which is regular; what it does not understand ends the build.
 */
export function azureClients(groups: Groups): Plugin {
  return {
    name: 'azure clients',
    setup({ onLoad }) {
      for (const [name, kept] of Object.entries(groups)) {
        onLoad({ filter: inPackage(name, String.raw`\w+ManagementClient\.js`) }, async ({ path }) => ({
          contents: withGroups(kept, await readFile(path, 'utf8')),
        }));
        onLoad({ filter: inPackage(name, String.raw`models/mappers\.js`) }, async ({ path }) => ({
          contents: withTypes(await rootsOf(join(dirname(path), '..'), kept), await readFile(path, 'utf8')),
        }));
      }
    },
  };
}

function inPackage(name: string, file: string): RegExp {
  return new RegExp(`/node_modules/${name}/dist-esm/src/${file}$`);
}

/** The client's source with only these groups, each of which its constructor makes in a line. */
export function withGroups(kept: readonly string[], source: string): string {
  const made = /^ *this\.(\w+) = new \w+Impl\(this\);\n/gm;
  const all = [...source.matchAll(made)].map(([, group]) => group);
  const missing = kept.filter((group) => !all.includes(group));
  if (missing.length > 0) throw new Error(`the generated client makes no ${missing.join(', ')}`);
  return source.replace(made, (line, group: string) => (kept.includes(group) ? line : ''));
}

/** The types that the operations of these groups name; what they send they also get, but for a few. */
export async function rootsOf(source: string, kept: readonly string[]): Promise<Set<string>> {
  const parameters = await readFile(join(source, 'models/parameters.js'), 'utf8');
  const sent = new Map([...parameters.matchAll(/^export const (\w+) = \{\n.*\n {4}mapper: (\w+)Mapper\n/gm)].map(pair));
  const operations = await Promise.all(
    kept.map((group) => readFile(join(source, 'operations', `${group}.js`), 'utf8')),
  );
  const text = operations.join('\n');
  const named = [...text.matchAll(/\bMappers\.(\w+)/g)].map(([, type = '']) => type);
  const given = [...text.matchAll(/\bParameters\.(\w+)/g)].flatMap(([, parameter = '']) => sent.get(parameter) ?? []);
  return new Set([...named, ...given]);
}

/**
 * The descriptions of these types and of all that they reach, by name and by discriminator. The others stay as names
 * without a value, since the module of the parameters imports them.
 */
export function withTypes(roots: ReadonlySet<string>, source: string): string {
  const types = new Map([...source.matchAll(/^export const (\w+) = (\{\n[\s\S]*?^\});/gm)].map(pair));
  const kinds = [...source.matchAll(/^ {4}"(\w+)\.[^"]+": (\w+)/gm)].map(([line, parent = '', type = '']) => ({
    line,
    parent,
    type,
  }));
  const reached = new Set<string>();
  const reach = (type: string): void => {
    if (reached.has(type)) return;
    reached.add(type);
    const text = types.get(type);
    if (text === undefined) throw new Error(`the generated client describes no ${type}`);
    for (const [, other = ''] of text.matchAll(/(?:className|uberParent): "(\w+)"/g)) reach(other);
    for (const [, parent = ''] of text.matchAll(/\b(\w+)\.type\.\w+/g)) reach(parent);
    for (const kind of kinds) if (kind.parent === type) reach(kind.type);
  };
  for (const root of roots) reach(root);
  return [
    ...[...types].map(([type, text]) => `export const ${type} = ${reached.has(type) ? text : 'undefined'};`),
    `export const discriminators = {\n${kinds.flatMap(({ line, parent }) => (reached.has(parent) ? line : [])).join(',\n')}\n};`,
  ].join('\n');
}

function pair([, key = '', value = '']: RegExpMatchArray): [string, string] {
  return [key, value];
}
