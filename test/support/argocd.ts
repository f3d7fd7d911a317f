/** Argo CD, as far as it judges and changes single objects: the scripts of deploy/argocd/argocd-cm.yaml, on its own Lua engine. */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { Lua } from '../../dev/tools/lua.ts';

const CONFIG_MAP = new URL('../../deploy/argocd/argocd-cm.yaml', import.meta.url);
const KEY = 'azure-ir.io_AzureIntegrationRuntime';

export interface Health {
  readonly status: 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended';
  readonly message: string;
}

interface Actions {
  readonly 'discovery.lua': string;
  readonly definitions: readonly { readonly name: string; readonly 'action.lua': string }[];
}

interface Scripts {
  readonly health: string;
  readonly actions: Actions;
}

export class ArgoCd {
  readonly #lua = new Lua();
  readonly #scripts: Scripts;

  private constructor(scripts: Scripts) {
    this.#scripts = scripts;
  }

  /** As the ConfigMap in the repository has them, or the data of another. */
  static async start(data?: Record<string, string>): Promise<ArgoCd> {
    const given = data ?? parse(await readFile(CONFIG_MAP, 'utf8')).data;
    const [health, actions] = [
      given[`resource.customizations.health.${KEY}`],
      given[`resource.customizations.actions.${KEY}`],
    ];
    return new ArgoCd({ health, actions: parse(actions) });
  }

  async health(object: object): Promise<Health> {
    return (await this.#lua.run(this.#scripts.health, object)) as Health;
  }

  /** The names of the actions that are defined. */
  get actions(): readonly string[] {
    return this.#scripts.actions.definitions.map(({ name }) => name);
  }

  /** The names of those that are offered for the object and not greyed out. */
  async offered(object: object): Promise<string[]> {
    const found = await this.#lua.run(this.#scripts.actions['discovery.lua'], object);
    const enabled = Object.entries(found as Record<string, { disabled: boolean }>).filter(
      ([, { disabled }]) => !disabled,
    );
    return enabled.map(([name]) => name).sort();
  }

  /** Resolves with the object as the action wants it: Argo CD sends the difference as a merge patch. */
  async act<T extends object>(name: string, object: T): Promise<T> {
    const action = this.#scripts.actions.definitions.find((definition) => definition.name === name);
    if (action === undefined) throw new Error(`there is no action ${name}`);
    return restored(await this.#lua.run(action['action.lua'], object), object) as T;
  }

  stop(): Promise<void> {
    return this.#lua.stop();
  }
}

/** Lua knows no difference between an empty list and an empty object: as in Argo CD, it is again what it was. */
function restored(value: unknown, before: unknown): unknown {
  if (Array.isArray(value)) {
    if (!Array.isArray(before)) return value.length === 0 && isObject(before) ? {} : value;
    return value.map((item, i) => restored(item, before[i]));
  }
  if (!isObject(value) || !isObject(before)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, restored(item, before[key])]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
