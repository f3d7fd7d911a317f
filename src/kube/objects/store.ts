/** The watch cache of the API server's objects, with the answers to our own writes laid over it. */
import { resourceGroupKey } from '../../core/model/azure-change.ts';
import { type ManagedObject, REQUEST_NAMES, type Requests } from '../../core/model/object.ts';
import { type Parent, parentKey } from '../../core/model/runtime.ts';
import { compareVersions } from '../client/resource-version.ts';
import type { ChangeListener, ObjectChange, Via } from './change.ts';
import type { ParsedObject } from './codec.ts';
import { ForeignStatus } from './foreign-status.ts';
import { runtimeKeyOf } from './runtime-key.ts';

interface Entry {
  /** The last version from the watch. */
  readonly shown: ParsedObject;
  /** The answer to our last write, until the watch has caught up. */
  readonly own: ParsedObject | undefined;
  /** The two combined, as readers see them. */
  readonly visible: ParsedObject;
}

/**
 * Readers see changes by people (spec, deletion, annotations, new and removed objects) in the order of the watch and no
 * sooner, because the meaning of one object can depend on another. They see our own writes (status and finalizer) at once,
 * because a pass needs what the pass before it wrote.
 *
 * Two designs for our own writes: (a) use the answer only when no other writer has changed the object meanwhile: simple, but a
 * pass could miss its claim just when a person edits the object; (b) this one: lay the answer over the watched version,
 * whole when no other writer has changed the object, else only the status and the finalizer.
 */
export class ObjectStore {
  readonly #entries = new Map<string, Entry>();
  readonly #byRuntime = new Index();
  readonly #byNamespace = new Index();
  readonly #byParent = new Index();
  readonly #byResourceGroup = new Index();
  readonly #listeners = new Set<ChangeListener>();
  readonly foreignStatus = new ForeignStatus();

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): ParsedObject | undefined {
    return this.#entries.get(key)?.visible;
  }

  objects(): ManagedObject[] {
    return [...this.#entries.values()].map(({ visible }) => visible);
  }

  /** All objects that name this runtime (see `armKey`), in no order. */
  sharing(runtimeKey: string): ManagedObject[] {
    return this.#all(this.#byRuntime.get(runtimeKey));
  }

  /** All objects whose runtime is below this parent (see `parentKey`). */
  below(parent: string): ManagedObject[] {
    return this.#all(this.#byParent.get(parent));
  }

  /** All objects whose runtime is in this resource group (see `resourceGroupKey`). */
  inResourceGroup(resourceGroup: string): ManagedObject[] {
    return this.#all(this.#byResourceGroup.get(resourceGroup));
  }

  inNamespace(namespace: string): ManagedObject[] {
    return this.#all(this.#byNamespace.get(namespace));
  }

  /** Calls the listener after each change; returns how to unsubscribe. */
  subscribe(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** These are all objects, of one namespace if one is given. */
  replace(objects: readonly ParsedObject[], namespace?: string): void {
    const listed = new Set(objects.map(({ key }) => key));
    const known = namespace === undefined ? [...this.#entries.keys()] : [...this.#byNamespace.get(namespace)];
    for (const key of known) if (!listed.has(key)) this.#remove(key, 'list');
    for (const object of objects) this.#show(object, 'list');
  }

  /** The watch shows this version. A version that is not newer changes nothing. */
  apply(object: ParsedObject): void {
    this.#show(object, 'watch');
  }

  /** The watch shows that this object is gone; a later object of the same name stays. */
  remove(object: ParsedObject): void {
    if (this.#entries.get(object.key)?.shown.uid === object.uid) this.#remove(object.key, 'watch');
  }

  /**
   * Uses the answer to our own write, if it is newer than the known version of the same object. An object that the watch
   * does not show (any more) stays unknown: a late answer must not bring a deleted object back.
   */
  put(answer: ParsedObject): void {
    const entry = this.#entries.get(answer.key);
    if (entry === undefined || entry.shown.uid !== answer.uid) return;
    const { shown, own, visible } = entry;
    if (!isNewer(answer, shown) || (own !== undefined && !isNewer(answer, own))) return;
    const after = overlay(answer, shown);
    this.#set({ shown, own: answer, visible: after });
    this.#notify({ kind: 'updated', via: 'write', before: visible, after });
  }

  #show(object: ParsedObject, via: Via): void {
    const entry = this.#entries.get(object.key);
    if (entry === undefined) this.#add(object, via);
    else if (!mayFollow(object, entry.shown)) return;
    else if (entry.shown.uid === object.uid) this.#update(entry, object, via);
    else {
      this.#remove(object.key, via);
      this.#add(object, via);
    }
  }

  #update({ own, visible }: Entry, object: ParsedObject, via: Via): void {
    const ahead = own !== undefined && isNewer(own, object) ? own : undefined;
    // When our own write comes back by the watch, readers have seen it already.
    const isEcho = visible === own && own.resourceVersion === object.resourceVersion;
    const after = isEcho ? visible : ahead === undefined ? object : overlay(ahead, object);
    // An echo is the version that is known already: one copy is kept.
    this.#set({ shown: isEcho ? visible : object, own: ahead, visible: after });
    if (after !== visible) this.#notify({ kind: 'updated', via, before: visible, after });
  }

  #add(object: ParsedObject, via: Via): void {
    this.#set({ shown: object, own: undefined, visible: object });
    this.#notify({ kind: 'added', via, after: object });
  }

  #remove(key: string, via: Via): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#index(entry.visible, undefined);
    this.#notify({ kind: 'removed', via, before: entry.visible });
  }

  #set(entry: Entry): void {
    const { key } = entry.visible;
    const before = this.#entries.get(key)?.visible;
    this.#entries.set(key, entry);
    if (before !== entry.visible) this.#index(before, entry.visible);
  }

  #index(before: ParsedObject | undefined, after: ParsedObject | undefined): void {
    const key = before?.key ?? after?.key ?? '';
    const [from, to] = [parentOf(before), parentOf(after)];
    this.#byNamespace.move(before?.namespace, after?.namespace, key);
    this.#byRuntime.move(runtimeKeyOf(before), runtimeKeyOf(after), key);
    this.#byParent.move(from && parentKey(from), to && parentKey(to), key);
    this.#byResourceGroup.move(from && resourceGroupKey(from), to && resourceGroupKey(to), key);
  }

  #all(keys: ReadonlySet<string>): ManagedObject[] {
    return [...keys].flatMap((key) => this.get(key) ?? []);
  }

  #notify(change: ObjectChange): void {
    for (const listener of this.#listeners) listener(change);
    this.foreignStatus.changed(change);
  }
}

/** Keys by some property of their objects. */
class Index {
  static readonly #none: ReadonlySet<string> = new Set();
  readonly #sets = new Map<string, Set<string>>();

  get(value: string): ReadonlySet<string> {
    return this.#sets.get(value) ?? Index.#none;
  }

  move(from: string | undefined, to: string | undefined, key: string): void {
    if (from === to) return;
    if (from !== undefined) {
      const left = this.#sets.get(from);
      left?.delete(key);
      if (left?.size === 0) this.#sets.delete(from);
    }
    if (to !== undefined) this.#sets.set(to, (this.#sets.get(to) ?? new Set()).add(key));
  }
}

function parentOf(object: ParsedObject | undefined): Parent | undefined {
  return object?.spec.valid ? object.spec.desired.id.parent : undefined;
}

/** What readers see while the watch has not shown our own write yet. */
function overlay(own: ParsedObject, shown: ParsedObject): ParsedObject {
  if (
    own.generation === shown.generation &&
    own.deleting === shown.deleting &&
    sameRequests(own.requests, shown.requests)
  ) {
    return own;
  }
  const { status, hasFinalizer, hasOtherFinalizers, mark, bearsMark, finalizers } = own;
  return { ...shown, status, hasFinalizer, hasOtherFinalizers, mark, bearsMark, finalizers };
}

function sameRequests(a: Requests, b: Requests): boolean {
  return REQUEST_NAMES.every((name) => a[name] === b[name]);
}

/** Whether the watch may show `next` after `known`. */
function mayFollow(next: ParsedObject, known: ParsedObject): boolean {
  const order = compareVersions(next.resourceVersion, known.resourceVersion);
  return order === undefined ? next.resourceVersion !== known.resourceVersion : order > 0;
}

function isNewer(a: ParsedObject, b: ParsedObject): boolean {
  return (compareVersions(a.resourceVersion, b.resourceVersion) ?? -1) > 0;
}
