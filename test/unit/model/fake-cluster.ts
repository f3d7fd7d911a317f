/** The API server and the watch cache as the ports see them: versions, finalizers, and a cache that may lag behind. The fields that objects declare and own are frozen. */

import type { Desired } from '../../../src/core/model/desired.ts';
import type { OperatorEvent } from '../../../src/core/model/event.ts';
import {
  type Claim,
  EMPTY_STATUS,
  type ManagedObject,
  NO_REQUESTS,
  type Requests,
  type Status,
} from '../../../src/core/model/object.ts';
import { acceptHandover, type Handover, markFor } from '../../../src/core/model/ownership.ts';
import { armKey } from '../../../src/core/model/runtime.ts';
import { ConflictError, type Events, type Objects } from '../../../src/ports.ts';
import { deepFrozen } from '../../support/deep-frozen.ts';

/** The API server does not answer. */
export class Unreachable extends Error {}

export interface ClusterHooks {
  /** Whether a request meets a server that does not answer: before it takes effect, or after. */
  readonly fault?: () => 'before' | 'after' | undefined;
  /** Awaited before a request takes effect and again before its answer is given. */
  readonly pause?: () => Promise<void>;
  readonly onStatus?: (object: ManagedObject) => void;
  /** The operator marks an object as one that is about to create or to adopt. */
  readonly onHold?: (object: ManagedObject, origin: Claim['origin']) => void;
  /** The operator left a claim to this object. */
  readonly onLeave?: (successor: ManagedObject) => void;
  /** The operator took its finalizer and its mark off an object that stays. */
  readonly onRelease?: (object: ManagedObject) => void;
  /** The operator let an object go that was being deleted. */
  readonly onGone?: (object: ManagedObject) => void;
}

type Change = { readonly key: string; readonly object: ManagedObject | undefined };

export class FakeCluster implements Objects, Events {
  /** What the server holds. */
  readonly server = new Map<string, ManagedObject>();
  readonly events: (OperatorEvent & { readonly key: string })[] = [];
  readonly writes: ('finalizer' | 'status')[] = [];
  /** For how many more events that many objects may have in common. */
  room = Number.POSITIVE_INFINITY;
  /** The version at which the deletion of an object was asked for, and that of its creation. */
  readonly deletedAt = new Map<string, number>();
  readonly createdAtVersion = new Map<string, number>();
  readonly finalizerRemovedByHand = new Set<string>();
  /** Of these, those that went then: another may have come under the name. */
  readonly goneUnheld = new Set<string>();
  #version = 0;
  #uids = 0;
  #cache = new Map<string, ManagedObject>();
  #unseen: Change[] = [];
  readonly #hooks: ClusterHooks;

  constructor(hooks: ClusterHooks = {}) {
    this.#hooks = hooks;
  }

  // What people do.

  create(name: string, desired: Desired, more: Partial<ManagedObject> = {}): ManagedObject {
    this.#uids += 1;
    const object: ManagedObject = {
      key: `team/${name}`,
      namespace: 'team',
      name,
      uid: `uid-${this.#uids}`,
      generation: 1,
      resourceVersion: '0',
      createdAt: 0,
      deleting: false,
      isTrackedByArgoCd: false,
      hasOtherFinalizers: false,
      hasFinalizer: false,
      mark: undefined,
      spec: { valid: true, desired },
      requests: NO_REQUESTS,
      status: EMPTY_STATUS,
      ...more,
    };
    const stored = this.#store(object);
    this.createdAtVersion.set(object.uid, Number(stored.resourceVersion));
    return stored;
  }

  edit(key: string, change: Partial<Desired>): void {
    const object = this.server.get(key);
    if (object === undefined || !object.spec.valid) return;
    const desired = { ...object.spec.desired, ...change };
    this.#store({ ...object, generation: object.generation + 1, spec: { valid: true, desired } });
  }

  /** Somebody edits the spec to one that the operator cannot understand. */
  spoil(key: string): void {
    const object = this.server.get(key);
    if (object === undefined) return;
    this.#store({ ...object, generation: object.generation + 1, spec: { valid: false, problem: 'spec is nonsense' } });
  }

  annotate(key: string, requests: Partial<Requests>): void {
    const object = this.server.get(key);
    if (object !== undefined) this.#store({ ...object, requests: { ...object.requests, ...requests } });
  }

  delete(key: string): void {
    const object = this.server.get(key);
    if (object === undefined || object.deleting) return;
    this.deletedAt.set(object.uid, this.#version + 1);
    if (object.hasFinalizer || object.hasOtherFinalizers)
      this.#store({ ...object, deleting: true, generation: object.generation + 1 });
    else this.#drop(key);
  }

  /** Somebody takes the finalizer off by hand. */
  removeFinalizerByHand(key: string): void {
    const object = this.server.get(key);
    this.finalizerRemovedByHand.add(key);
    if (object?.deleting) this.#drop(key);
    else if (object?.hasFinalizer) this.#store({ ...object, hasFinalizer: false });
  }

  /** Somebody puts our finalizer on, and the mark of another object in the place of its own. */
  meddle(key: string): void {
    const object = this.server.get(key);
    if (object !== undefined && !object.deleting) this.#store({ ...object, hasFinalizer: true, mark: undefined });
  }

  /** The whole status is lost, as in a backup. */
  forget(key: string): void {
    const object = this.server.get(key);
    if (object !== undefined) this.#store({ ...object, status: EMPTY_STATUS });
  }

  // What the watch shows.

  /** Shows the cache the next `n` changes; all by default. */
  sync(n = this.#unseen.length): void {
    for (const { key, object } of this.#unseen.splice(0, n)) {
      const shown = this.#cache.get(key);
      if (object === undefined) this.#cache.delete(key);
      else if (shown?.uid !== object.uid || version(object) > version(shown)) this.#cache.set(key, object);
    }
  }

  /** The end of a deletion that the API server had begun before the object was held. */
  vanish(key: string): void {
    this.#drop(key);
  }

  /** What a restarted operator sees: a fresh list. */
  relist(): void {
    this.#unseen = [];
    this.#cache = new Map(this.server);
  }

  // The port.

  get(key: string): ManagedObject | undefined {
    return this.#cache.get(key);
  }

  sharing(runtimeKey: string): readonly ManagedObject[] {
    return [...this.#cache.values()].filter(({ spec }) => spec.valid && armKey(spec.desired.id) === runtimeKey);
  }

  addFinalizer(object: ManagedObject, origin: Claim['origin']): Promise<ManagedObject> {
    return this.#request(() => {
      const current = this.#current(object);
      this.writes.push('finalizer');
      this.#hooks.onHold?.(current, origin);
      return this.#writeThrough({ ...current, hasFinalizer: true, mark: markFor(object, origin) });
    });
  }

  removeFinalizer(
    object: ManagedObject,
    _signal?: AbortSignal,
    { evenIfChanged = false }: { readonly evenIfChanged?: boolean } = {},
  ): Promise<ManagedObject | undefined> {
    if (!object.hasFinalizer) return Promise.resolve(object);
    return this.#request(() => {
      const there = this.server.get(object.key);
      if (there?.uid !== object.uid) return undefined;
      this.writes.push('finalizer');
      const current = evenIfChanged ? there : this.#current(object);
      if (!current.deleting) {
        this.#hooks.onRelease?.(current);
        return this.#writeThrough({ ...current, hasFinalizer: false, mark: undefined });
      }
      this.#hooks.onGone?.(current);
      if (current.hasOtherFinalizers) return this.#writeThrough({ ...current, hasFinalizer: false, mark: undefined });
      this.#drop(object.key);
      return undefined;
    });
  }

  confirm(object: ManagedObject): Promise<void> {
    return this.#request(() => {
      this.#current(object);
    });
  }

  updateStatus(object: ManagedObject, status: Status): Promise<ManagedObject> {
    if (same(object.status, status)) return Promise.resolve(object);
    return this.#request(() => {
      const current = this.server.get(object.key);
      if (current?.uid !== object.uid || !same(current.status, object.status))
        throw new ConflictError('another status');
      this.writes.push('status');
      const after = { ...current, status };
      this.#hooks.onStatus?.(after);
      return this.#writeThrough(after);
    });
  }

  async handOver(successor: ManagedObject, handover: Handover): Promise<void> {
    await this.#request(() => {
      const current = this.server.get(successor.key);
      if (current?.uid !== successor.uid || current.deleting || current.status.claim !== undefined)
        throw new ConflictError('no heir');
      this.writes.push('status');
      const after = { ...current, status: acceptHandover(current.status, handover) };
      this.#hooks.onLeave?.(after);
      this.#writeThrough(after);
    });
  }

  async publish(object: ManagedObject, event: OperatorEvent): Promise<void> {
    this.events.push({ ...event, key: object.key });
  }

  takeRoom(): boolean {
    if (this.room === 0) return false;
    this.room -= 1;
    return true;
  }

  async #request<T>(effect: () => T): Promise<T> {
    await this.#hooks.pause?.();
    const fault = this.#hooks.fault?.();
    if (fault === 'before') throw new Unreachable();
    const answer = effect();
    await this.#hooks.pause?.();
    if (fault === 'after') throw new Unreachable();
    return answer;
  }

  #current(object: ManagedObject): ManagedObject {
    const current = this.server.get(object.key);
    if (current?.uid !== object.uid || current.resourceVersion !== object.resourceVersion)
      throw new ConflictError('another version');
    return current;
  }

  #store(object: ManagedObject): ManagedObject {
    this.#version += 1;
    const stored = { ...object, resourceVersion: String(this.#version) };
    freezeFields(stored);
    this.server.set(object.key, stored);
    this.#unseen.push({ key: object.key, object: stored });
    return stored;
  }

  #drop(key: string): void {
    this.#version += 1;
    if (this.finalizerRemovedByHand.has(key)) this.goneUnheld.add(key);
    this.server.delete(key);
    this.#unseen.push({ key, object: undefined });
  }

  /** The answer to our own write is in the cache at once, unless it tells of something that the watch has yet to show. */
  #writeThrough(object: ManagedObject): ManagedObject {
    const stored = this.#store(object);
    const shown = this.#cache.get(object.key);
    if (shown?.uid === stored.uid && shown.generation === stored.generation) this.#cache.set(object.key, stored);
    return stored;
  }
}

/** What the drift is remembered with. Whole objects would be a fifth more of the time of the longest tests (measured). */
function freezeFields({ spec, status }: ManagedObject): void {
  if (spec.valid) deepFrozen(spec.desired.fields);
  deepFrozen(status.ownedFields);
}

const version = (object: ManagedObject | undefined): number => Number(object?.resourceVersion ?? 0);

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
