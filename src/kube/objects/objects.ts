/** The objects of the API server, read from the store and written to the server: the port `Objects`. */
import { isDeepStrictEqual } from 'node:util';
import { FINALIZER, MARK_ANNOTATION } from '../../api/names.ts';
import type { Claim, ManagedObject, Status } from '../../core/model/object.ts';
import { acceptHandover, type Handover, isMarkedAsNow } from '../../core/model/ownership.ts';
import { ConflictError, type Objects } from '../../ports.ts';
import type { KubeClient } from '../client/client.ts';
import { KubeError } from '../client/errors.ts';
import { compareVersions } from '../client/resource-version.ts';
import type { KubeMetrics } from '../metrics.ts';
import { type ParsedObject, parseObject } from './codec.ts';
import { renderMark } from './mark.ts';
import { createRuntimeApi, type RuntimeApi } from './runtime-api.ts';
import { renderStatus } from './status.ts';
import type { ObjectStore } from './store.ts';

export interface ObjectsOptions {
  readonly client: KubeClient;
  readonly store: ObjectStore;
  /** All objects that name a runtime; default: those of the store. */
  readonly sharing?: Objects['sharing'];
  readonly metrics: KubeMetrics;
}

/** How often a status is written while other writers change the object. */
const ATTEMPTS = 4;

/**
 * Besides `ConflictError` the methods throw `KubeError` when the server refuses or does not answer. They do not retry: the
 * caller backs off.
 *
 * Four designs for the status: (a) a JSON merge patch of the differences: smaller, but computed from an old cache it can leave a
 * mixture of two statuses; (b) server-side apply of the whole status: removes only the omitted fields that we own, so we
 * would read back fields of another writer as our own; (c) an update of the status subresource: cheapest, but before
 * Kubernetes 1.36 it takes from other writers the ownership of the labels, annotations and finalizers that it leaves out
 * (kubernetes/kubernetes#137689); (d) this one: a JSON patch that puts the whole status into one version.
 *
 * Two designs for the finalizer: (a) server-side apply of our finalizer alone: need not know the others, but cannot remove ours
 * once another tool has written it too; (b) this one: a merge patch of the whole list for one version, which removes it
 * even if another tool owns it.
 */
export function createObjects(options: ObjectsOptions): Objects {
  return new ServerObjects(createRuntimeApi(options.client), options);
}

class ServerObjects implements Objects {
  readonly #api: RuntimeApi;
  readonly #store: ObjectStore;
  readonly #sharing: Objects['sharing'];
  readonly #metrics: KubeMetrics;

  constructor(api: RuntimeApi, options: ObjectsOptions) {
    const { store, sharing = (runtimeKey) => store.sharing(runtimeKey), metrics } = options;
    this.#api = api;
    this.#store = store;
    this.#sharing = sharing;
    this.#metrics = metrics;
  }

  get(key: string): ManagedObject | undefined {
    return this.#store.get(key);
  }

  sharing(runtimeKey: string): readonly ManagedObject[] {
    return this.#sharing(runtimeKey);
  }

  async addFinalizer(object: ManagedObject, origin: Claim['origin'], signal: AbortSignal): Promise<ManagedObject> {
    if (object.hasFinalizer && isMarkedAsNow(object, origin)) return object;
    try {
      const { finalizers } = await this.#wholeObject(object, signal);
      const all = new Set(finalizers).add(FINALIZER);
      return await this.#setFinalizers(object, [...all], renderMark(object, origin), signal);
    } catch (error) {
      if (isStatus(error, 404)) throw new ConflictError(`${object.key} is gone`, { cause: error });
      throw error;
    }
  }

  async removeFinalizer(
    object: ManagedObject,
    signal: AbortSignal,
    { evenIfChanged = false }: { readonly evenIfChanged?: boolean } = {},
  ): Promise<ManagedObject | undefined> {
    let version = object;
    for (let attempt = 1; version.hasFinalizer; attempt++) {
      try {
        const { finalizers, bearsMark } = await this.#wholeObject(version, signal);
        const others = finalizers.filter((finalizer) => finalizer !== FINALIZER);
        return await this.#setFinalizers(version, others, bearsMark ? null : undefined, signal);
      } catch (error) {
        if (isStatus(error, 404)) return undefined;
        if (!evenIfChanged || attempt === ATTEMPTS || !(error instanceof ConflictError)) throw error;
      }
      version = await this.#read(object, signal);
    }
    return version;
  }

  async confirm(object: ManagedObject, signal: AbortSignal): Promise<void> {
    const current = await this.#read(object, signal);
    if (current.resourceVersion !== object.resourceVersion) throw new ConflictError(`${object.key} has changed`);
  }

  /** Reads the successor from the server: the cache keeps little of an object of another shard. */
  async handOver(successor: ManagedObject, handover: Handover, signal: AbortSignal): Promise<void> {
    const current = await this.#read(successor, signal);
    if (current.deleting || current.status.claim !== undefined)
      throw new ConflictError(`${successor.key} can no longer take over`);
    await this.updateStatus(current, acceptHandover(current.status, handover), signal);
  }

  async updateStatus(object: ManagedObject, status: Status, signal: AbortSignal): Promise<ManagedObject> {
    // Most polls change nothing, and to compare takes a quarter of the time that rendering takes (measured).
    if (isDeepStrictEqual(status, object.status)) return object;
    const known = JSON.stringify(renderStatus(object.status));
    const wanted = renderStatus(status);
    if (known === JSON.stringify(wanted)) return object;
    let version = this.#latest(object, known);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#store.foreignStatus.during(object.key, async () =>
          this.#take(await this.#api.replaceStatus(version, wanted, signal), 'status'),
        );
      } catch (error) {
        if (isStatus(error, 404)) throw new ConflictError(`${object.key} is gone`, { cause: error });
        if (!isStatus(error, 409)) throw error;
        if (attempt === ATTEMPTS) throw new ConflictError(`${object.key} keeps changing`, { cause: error });
      }
      version = await this.#read(object, signal);
      if (JSON.stringify(renderStatus(version.status)) !== known)
        throw new ConflictError(`the status of ${object.key} has changed`);
    }
  }

  /** The newest known version with the same status: avoids a conflict when the object was changed elsewhere since. */
  #latest(object: ManagedObject, status: string): ManagedObject {
    const latest = this.#store.get(object.key);
    if (latest?.uid !== object.uid) return object;
    const isNewer = (compareVersions(latest.resourceVersion, object.resourceVersion) ?? 0) > 0;
    return isNewer && JSON.stringify(renderStatus(latest.status)) === status ? latest : object;
  }

  /** `mark`: null removes it, undefined keeps it. */
  async #setFinalizers(
    object: ManagedObject,
    finalizers: readonly string[],
    mark: string | null | undefined,
    signal: AbortSignal,
  ): Promise<ManagedObject> {
    const annotations = mark === undefined ? {} : { [MARK_ANNOTATION]: mark };
    try {
      return this.#take(await this.#api.setFinalizers(object, finalizers, annotations, signal), 'finalizer');
    } catch (error) {
      if (isStatus(error, 409)) throw new ConflictError(`${object.key} has changed`, { cause: error });
      throw error;
    }
  }

  /** The whole object in exactly this version: from the store, or from the server if the store has another version. */
  async #wholeObject(object: ManagedObject, signal: AbortSignal): Promise<ParsedObject> {
    const known = this.#store.get(object.key);
    if (known?.uid === object.uid && known.resourceVersion === object.resourceVersion) return known;
    const current = parseObject(await this.#api.get(object, signal));
    if (current?.uid !== object.uid || current.resourceVersion !== object.resourceVersion) {
      throw new ConflictError(`${object.key} has changed`);
    }
    return current;
  }

  /** The server's version of this object; `ConflictError` when it is gone, or another object has its name. */
  async #read(object: ManagedObject, signal: AbortSignal): Promise<ParsedObject> {
    try {
      const current = parseObject(await this.#api.get(object, signal));
      if (current?.uid === object.uid) return current;
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
    }
    throw new ConflictError(`${object.key} is gone`);
  }

  #take(answer: unknown, kind: 'finalizer' | 'status'): ManagedObject {
    this.#metrics.kubernetesWrite(kind);
    const object = parseObject(answer);
    if (object === undefined) {
      throw new KubeError({
        status: 0,
        reason: 'BadAnswer',
        message: 'the API server answered a write without an object',
      });
    }
    this.#store.put(object);
    return object;
  }
}

function isStatus(error: unknown, status: number): boolean {
  return error instanceof KubeError && error.status === status;
}
