/** Watches every version of every object of a namespace. */
import type { KubeClient } from '../../../src/kube/client/client.ts';
import { createRuntimeApi } from '../../../src/kube/objects/runtime-api.ts';
import type { Seen } from '../../support/kstatus.ts';

export class StatusWatch {
  readonly #namespace: string;
  readonly #client: KubeClient;
  readonly #stop = new AbortController();
  readonly #versions: Seen[] = [];
  #done: Promise<void> = Promise.resolve();

  constructor(client: KubeClient, namespace: string) {
    this.#namespace = namespace;
    this.#client = client;
  }

  async start(): Promise<void> {
    const api = createRuntimeApi(this.#client);
    const scope = { namespace: this.#namespace };
    const { resourceVersion } = await api.list(scope, 500, undefined, this.#stop.signal);
    const listener = {
      opened: () => {},
      line: (type: unknown, object: unknown) => {
        if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') this.#versions.push(object as Seen);
      },
    };
    this.#done = api.watch(scope, resourceVersion ?? '', 600, listener, this.#stop.signal).catch(() => {});
  }

  /** Every version of an object, oldest first, its last one before it went included. */
  versions(name: string): Seen[] {
    return this.#versions.filter(({ metadata }) => metadata.name === name);
  }

  /** Resolves with all that was seen. */
  async stop(): Promise<readonly Seen[]> {
    this.#stop.abort();
    await this.#done;
    return this.#versions;
  }
}
