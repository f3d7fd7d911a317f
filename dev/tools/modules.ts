/** The ecosystem's own tools that tests use, each a Go module in a folder here that pins it. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../controlplane/cache.ts';
import { platform } from '../controlplane/version.ts';

export interface Module {
  /** The packages to build, by the program that each becomes. */
  readonly programs: Readonly<Record<string, string>>;
  readonly tags?: string;
  /** How long a build takes on two cores. */
  readonly expected: string;
}

export const MODULES = {
  helm: { programs: { helm: 'helm.sh/helm/v4/cmd/helm' }, expected: 'about 2 minutes' },
  prometheus: {
    programs: {
      promtool: 'github.com/prometheus/prometheus/cmd/promtool',
      prometheus: 'github.com/prometheus/prometheus/cmd/prometheus',
    },
    // Without the SDKs of every cloud: targets in tests are static, or in files. Without its web pages, too, unless asked for.
    tags: 'remove_all_sd',
    expected: 'about 2 minutes',
  },
  kstatus: { programs: { kstatus: '.' }, expected: 'about 10 s' },
  lua: { programs: { lua: '.' }, expected: 'some seconds' },
} as const satisfies Record<string, Module>;

export type ToolModule = keyof typeof MODULES;
export type Tool = { [Name in ToolModule]: keyof (typeof MODULES)[Name]['programs'] }[ToolModule];

export const MODULE_NAMES = Object.keys(MODULES) as readonly ToolModule[];

export const TOOLS = Object.values(MODULES).flatMap(({ programs }) => Object.keys(programs)) as readonly Tool[];

export const sourceFolder = (module: ToolModule): string => join(import.meta.dirname, module);

/** Where the programs of a module are once they are built. Another version is another folder. */
export function builtFolder(module: ToolModule, env: NodeJS.ProcessEnv, source = sourceFolder(module)): string {
  return join(cacheFolder(env), 'tools', `${module}-${hashOf(module, source)}-${platform()}`);
}

function hashOf(module: ToolModule, source: string): string {
  const hash = createHash('sha256').update(JSON.stringify(MODULES[module]));
  for (const name of readdirSync(source).sort()) {
    hash.update(`\0${name}\0`).update(readFileSync(join(source, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

export function moduleOf(tool: Tool): ToolModule {
  const found = MODULE_NAMES.find((module) => tool in MODULES[module].programs);
  if (found === undefined) throw new Error(`no module has ${tool}`);
  return found;
}
