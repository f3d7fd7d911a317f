/** Every version of the objects of a namespace as the API server had them, in order: what was said, and what was not. */

import type { Cluster } from '../../../dev/installation/kubectl.ts';
import { createKubeClient } from '../../../src/kube/client/client.ts';
import { createRuntimeApi } from '../../../src/kube/objects/runtime-api.ts';
import { type Azir, inPlace, type Place } from './place.ts';

const FINALIZER = 'azure-ir.io/runtime';
const PAUSE_MS = 200;
const DEADLINE_MS = 60_000;

export class History {
  readonly #api: ReturnType<typeof createRuntimeApi>;
  readonly #client: ReturnType<typeof createKubeClient>;
  readonly #scope: { readonly namespace: string };
  readonly #stop = new AbortController();
  readonly #versions = new Map<string, Azir[]>();
  readonly #gone = new Set<string>();
  readonly #listeners = new Set<() => void>();
  #done: Promise<void> = Promise.resolve();

  private constructor(cluster: Cluster, namespace: string) {
    this.#client = createKubeClient({ kubeconfig: cluster.kubeconfig });
    this.#api = createRuntimeApi(this.#client);
    this.#scope = { namespace };
  }

  static async start(cluster: Cluster, namespace: string): Promise<History> {
    const history = new History(cluster, namespace);
    const version = await history.#list();
    history.#done = history.#follow(version);
    return history;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    await this.#client.close();
  }

  versions(name: string): readonly Azir[] {
    return this.#versions.get(name) ?? [];
  }

  /** For what was not the operator's doing. */
  forget(name: string): void {
    this.#versions.delete(name);
  }

  all(): Azir[] {
    return [...this.#versions.values()].flat();
  }

  /** Undefined when there is none (any more). */
  latest(name: string): Azir | undefined {
    return this.#gone.has(name) ? undefined : this.versions(name).at(-1);
  }

  /** What was said of each generation after it was looked at, oldest first, without repetitions; from that version on. */
  story(name: string, from = 0): string[] {
    const said = this.versions(name)
      .slice(from)
      .map(told)
      .filter((text) => text !== undefined);
    return said.filter((text, i) => text !== said[i - 1]);
  }

  /** Resolves with the object once it is as `told` here, or once the check holds; in the version of that index or a later one. */
  until(name: string, expected: string | ((object: Azir) => boolean), from = 0): Promise<Azir> {
    const holds = (object: Azir) => (typeof expected === 'string' ? told(object) === expected : expected(object));
    const found = () => {
      const object = this.versions(name).length > from ? this.latest(name) : undefined;
      return object !== undefined && holds(object) ? object : undefined;
    };
    return this.#when(found, () => `${name} was not ${expected}, but ${JSON.stringify(this.story(name))}`);
  }

  async untilGone(name: string): Promise<void> {
    const gone = () => this.#gone.has(name) || undefined;
    await this.#when(gone, () => `${name} is still there: ${JSON.stringify(this.latest(name))}`);
  }

  #when<T>(found: () => T | undefined, complaint: () => string): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        this.#listeners.delete(look);
      };
      const look = () => {
        const result = found();
        if (result === undefined) return;
        end();
        resolve(result);
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(complaint()));
      }, DEADLINE_MS);
      this.#listeners.add(look);
      look();
    });
  }

  async #list(): Promise<string> {
    const { items, resourceVersion } = await this.#api.list(this.#scope, 5_000, undefined, this.#stop.signal);
    const objects = items as Azir[];
    const present = new Set(objects.map(({ metadata }) => metadata.name));
    for (const name of this.#versions.keys()) if (!present.has(name)) this.#gone.add(name);
    for (const object of objects) this.#see('LISTED', object);
    return resourceVersion ?? '';
  }

  /** Over outages of the API server too; then versions can be missed, and the present is not. */
  async #follow(version: string): Promise<void> {
    let from: string | undefined = version;
    while (!this.#stop.signal.aborted) {
      try {
        from ??= await this.#list();
        const line = (type: unknown, object: unknown) => this.#see(String(type), object as Azir);
        await this.#api.watch(this.#scope, from, 600, { opened: () => {}, line }, this.#stop.signal);
      } catch {
        // Whatever it was, a new list tells what there is.
      }
      from = undefined;
      if (!this.#stop.signal.aborted) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  #see(type: string, object: Azir): void {
    if (!['ADDED', 'MODIFIED', 'DELETED', 'LISTED'].includes(type)) return;
    const { name, resourceVersion } = object.metadata;
    if (type === 'DELETED') this.#gone.add(name);
    else {
      this.#gone.delete(name);
      const versions = this.#versions.get(name) ?? [];
      if (versions.at(-1)?.metadata.resourceVersion !== resourceVersion) versions.push(object);
      this.#versions.set(name, versions);
    }
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Such as `True Available`, `True Available, Reconciling AzureUnavailable`; undefined before this generation was looked at. */
export function told({ metadata, status }: Azir): string | undefined {
  const of = (type: string) => status?.conditions?.find((condition) => condition.type === type);
  const ready = of('Ready');
  if (ready === undefined || status?.observedGeneration !== metadata.generation) return undefined;
  const progress = of('Reconciling') ?? of('Stalled');
  return `${ready.status} ${ready.reason}${progress === undefined ? '' : `, ${progress.type} ${progress.reason}`}`;
}

export function isHeld({ metadata }: Azir): boolean {
  return metadata.finalizers?.includes(FINALIZER) ?? false;
}

/** Runs a test in a place of its own, with its history. */
export function inHistory(test: (place: Place, history: History) => Promise<void>, prefix?: string): Promise<void> {
  return inPlace(async (place) => {
    const history = await History.start(place.run.cluster, place.namespace);
    try {
      await test(place, history);
    } finally {
      await history.stop();
    }
  }, prefix);
}
