/**
 * Judges every write of the operator by what is really so, not by what the operator saw: nothing is written or deleted
 * that was neither absent, nor created by us, nor adopted as the manifest permits; no leaf is lost that nobody declared.
 */

import type { Desired } from '../../../src/core/model/desired.ts';
import { differences, looksCreatedBy, valueAt } from '../../../src/core/model/fields.ts';
import { isSameName } from '../../../src/core/model/letter-case.ts';
import { isIn } from '../../../src/core/model/network.ts';
import { type Claim, condition, type ManagedObject } from '../../../src/core/model/object.ts';
import { isManaging } from '../../../src/core/model/ownership.ts';
import { armKey } from '../../../src/core/model/runtime.ts';
import { RULES } from '../../../src/core/rules.ts';
import type { AzureWrite, FakeAzure, StoredRuntime } from './fake-azure.ts';
import type { FakeCluster } from './fake-cluster.ts';

/** The reasons that the rules declare. */
const DECLARED: ReadonlySet<string> = new Set(RULES.flatMap(({ reasons }) => reasons));

export class Oracle {
  readonly violations: string[] = [];
  /** Every reason for which an object has called for a person. */
  readonly stalledAs = new Set<string>();
  /** All that each object (by uid) has ever declared: a pass may act on what was so a moment ago. */
  readonly #declared = new Map<string, Desired[]>();
  readonly #edited = new Set<string>();
  /** Of the runtimes that are there now: those that the operator created, and those that it only ever changed. */
  readonly #createdByUs = new Set<string>();
  readonly #changedByUs = new Set<string>();
  /** By uid: a create whose runtime somebody else removed at once was a create all the same. */
  readonly #hasCreated = new Set<string>();
  /** By runtime: the uid of the object that made what is there, as long as nobody else has changed it. */
  readonly #madeBy = new Map<string, string>();
  /** By uid: those that were ever marked as about to create, and the claims that the operator has stored. */
  readonly #wasCreating = new Set<string>();
  readonly #claimed = new Map<string, Claim['origin']>();
  readonly #deletedBy = new Set<string>();
  readonly #lastRead = new Map<string, StoredRuntime | undefined>();
  cluster!: FakeCluster;
  azure!: FakeAzure;

  declares(object: ManagedObject | undefined): void {
    if (object === undefined || !object.spec.valid) return;
    const before = this.#declared.get(object.uid);
    if (before !== undefined) this.#edited.add(object.uid);
    this.#declared.set(object.uid, [...(before ?? []), object.spec.desired]);
  }

  onRead(by: string, _key: string, found: StoredRuntime | undefined): void {
    this.#lastRead.set(by, found);
  }

  /** A managed virtual network is made only where a manifest says so. */
  onNetwork(by: string): void {
    const object = this.#writer(by);
    if (object === undefined) return;
    const permitted = this.#ever(
      object,
      ({ managedVirtualNetwork }) => managedVirtualNetwork?.creation === 'IfMissing',
    );
    if (!permitted) this.violations.push(`${by} makes a network that it may not make`);
  }

  onWrite(write: AzureWrite): void {
    this.#judgePlace(write);
    if (write.kind === 'enable') {
      this.#judgeEnable(write);
    } else if (write.kind === 'create') {
      this.#createdByUs.add(write.key);
      const { uid = '' } = this.cluster.server.get(write.by) ?? {};
      this.#hasCreated.add(uid);
      this.#madeBy.set(write.key, uid);
      this.#changedByUs.delete(write.key);
    } else if (write.kind === 'update') {
      if (!this.#createdByUs.has(write.key)) this.#changedByUs.add(write.key);
      this.#judgeUpdate(write);
    } else {
      this.#deletedBy.add(this.cluster.server.get(write.by)?.uid ?? '');
      this.onRemoved(write.key);
    }
    if (write.kind === 'delete') this.#judgeDelete(write);
  }

  /** A runtime is gone: what comes under its name is another one. */
  onRemoved(key: string): void {
    this.#createdByUs.delete(key);
    this.#changedByUs.delete(key);
    this.#madeBy.delete(key);
  }

  /**
   * A create that is refused holds nothing, although an earlier one may have been made that nobody saw: what people make under
   * the name then must not be taken for ours.
   */
  onRefusedCreate(by: string): void {
    this.#letGo(this.cluster.server.get(by)?.uid);
  }

  /** Who turns to observe before anybody has seen what it made lets go of it: an observer is never kept from being deleted. */
  onRelease(object: ManagedObject): void {
    if (!isManaging(object) && object.status.claim === undefined) this.#letGo(object.uid);
  }

  #letGo(uid: string | undefined): void {
    for (const [runtime, maker] of this.#madeBy) if (maker === uid) this.#madeBy.delete(runtime);
  }

  /** Another writer has changed the runtime. */
  onForeignWrite(key: string): void {
    this.#madeBy.delete(key);
  }

  /** An object that created its runtime and goes must have deleted it, unless another takes over. */
  onGone(object: ManagedObject): void {
    if (!object.spec.valid || this.#edited.has(object.uid)) return;
    const { id, deletionPolicy, managementPolicy } = object.spec.desired;
    const key = armKey(id);
    const { claim } = object.status;
    // Without a claim: it went between its own write and that.
    if (claim === undefined ? !this.#made(object, this.azure.runtimes.get(key)) : claim.origin !== 'Created') return;
    const peers = [...this.cluster.server.values()].filter(
      (other) => other.uid !== object.uid && other.spec.valid && armKey(other.spec.desired.id) === key,
    );
    const mustBeGone = managementPolicy === 'Manage' && deletionPolicy !== 'Retain' && peers.length === 0;
    const found = this.azure.runtimes.get(key);
    const isOurs = found?.type === 'Managed' && isIn(object.spec.desired.managedVirtualNetwork, found.document);
    const there = (isOurs || this.azure.isPending('create', key)) && this.#createdByUs.has(key);
    // An heir whose finalizer somebody took off by hand is nobody's fault.
    const meddled = this.cluster.finalizerRemovedByHand.size > 0;
    if (mustBeGone && there && !meddled && !this.#deletedBy.has(object.uid))
      this.violations.push(`${object.key} leaves its runtime behind`);
    if (mustBeGone && isOurs && this.azure.isPending('delete', key) && !meddled)
      this.violations.push(`${object.key} goes before its runtime`);
  }

  /** Somebody has lost its status. */
  onForgotten({ uid }: ManagedObject): void {
    this.#claimed.delete(uid);
  }

  onHold({ uid }: ManagedObject, origin: Claim['origin']): void {
    if (origin === 'Created') this.#wasCreating.add(uid);
  }

  onLeave({ uid, status }: ManagedObject): void {
    if (status.claim !== undefined) this.#claimed.set(uid, status.claim.origin);
  }

  onStatus(after: ManagedObject): void {
    const stalled = condition(after.status, 'Stalled')?.reason;
    if (stalled !== undefined) this.stalledAs.add(stalled);
    const ready = condition(after.status, 'Ready')?.reason;
    if (ready !== undefined && !DECLARED.has(ready)) this.violations.push(`no rule declares the reason ${ready}`);
    const claim = after.status.claim;
    const known = this.#claimed.get(after.uid);
    if (claim === undefined) this.#claimed.delete(after.uid);
    else this.#claimed.set(after.uid, claim.origin);
    if (claim === undefined || claim.origin === known || !after.spec.valid) return;
    const read = this.#lastRead.get(after.key)?.document ?? {};
    this.#judgeAdoption(after, claim);
    const permitted = this.#ever(after, (desired) =>
      claim.origin === 'Created'
        ? this.#hasCreated.has(after.uid) ||
          (this.#wasCreating.has(after.uid) &&
            looksCreatedBy(desired.fields, read) &&
            !this.#changedByUs.has(armKey(desired.id)))
        : adoptable(desired, read),
    );
    if (!permitted) this.violations.push(`${after.key} claims ${claim.origin} without a right to`);
  }

  /** What an object made itself it never adopts: it would leave it behind. */
  #judgeAdoption(after: ManagedObject, { origin }: Claim): void {
    if (origin !== 'Adopted' || !after.spec.valid) return;
    const isOwn = this.#madeBy.get(armKey(after.spec.desired.id)) === after.uid;
    if (isOwn && !this.cluster.finalizerRemovedByHand.has(after.key))
      this.violations.push(`${after.key} adopts what it made itself`);
  }

  /** Whether this very object has made what is there, or what Azure is about to show. */
  #made({ uid, spec }: ManagedObject, found: StoredRuntime | undefined): boolean {
    if (!spec.valid || !this.#hasCreated.has(uid)) return false;
    return found === undefined || looksCreatedBy(spec.desired.fields, found.document);
  }

  /** What a write is about is, and stays, in the network that the manifest has always declared. */
  #judgePlace({ by, key, kind, before, after }: AzureWrite): void {
    const object = this.cluster.server.get(by);
    if (object === undefined || !object.spec.valid || this.cluster.goneUnheld.has(by)) return;
    const { managedVirtualNetwork } = object.spec.desired;
    // These carry no etag: what they meet need not be what was read.
    const blind = kind === 'delete' || kind === 'enable';
    const asRead = !blind || this.#lastRead.get(by)?.etag === this.azure.runtimes.get(key)?.etag;
    for (const document of asRead ? [before, after] : []) {
      if (document !== undefined && !isIn(managedVirtualNetwork, document))
        this.violations.push(`${by} writes (${kind}) a runtime of another network`);
    }
  }

  #judgeEnable({ by }: AzureWrite): void {
    const object = this.#writer(by);
    if (object === undefined) return;
    const declared = this.#ever(object, ({ interactiveAuthoring }) => interactiveAuthoring !== undefined);
    if (!declared || object.requests.enableInteractiveAuthoring === undefined)
      this.violations.push(`${by} enables interactive authoring unasked`);
  }

  #judgeUpdate({ by, before = {}, after = {} }: AzureWrite): void {
    const object = this.#writer(by);
    if (object === undefined) return;
    const permitted =
      object.status.claim !== undefined || this.#ever(object, ({ adoptionPolicy }) => adoptionPolicy === 'Always');
    if (!permitted) this.violations.push(`${by} writes a runtime that is not its own`);
    if (JSON.stringify(before.other) !== JSON.stringify(after.other))
      this.violations.push(`${by} loses an unknown leaf`);
    for (const path of ['description', 'location'] as const) {
      const declared = object.status.ownedFields.includes(path) || this.#ever(object, ({ fields }) => fields.has(path));
      if (!declared && valueAt(before, path) !== valueAt(after, path))
        this.violations.push(`${by} changes ${path}, which it never declared`);
    }
  }

  #judgeDelete({ by, key }: AzureWrite): void {
    const object = this.#writer(by);
    if (object === undefined) return;
    const found = this.azure.runtimes.get(key);
    const made =
      this.#wasCreating.has(object.uid) &&
      this.#ever(object, ({ fields }) => looksCreatedBy(fields, found?.document ?? {}));
    const origin = this.#claimed.get(object.uid) ?? (made ? 'Created' : undefined);
    const permitted = this.#ever(
      object,
      ({ deletionPolicy }) =>
        deletionPolicy === 'Delete' || (deletionPolicy === 'DeleteIfCreated' && origin === 'Created'),
    );
    if (!object.deleting || origin === undefined || !permitted)
      this.violations.push(`${by} deletes without a right to`);
    const asRead = this.#lastRead.get(by)?.etag === found?.etag;
    if (asRead && found?.type !== 'Managed') this.violations.push(`${by} deletes a runtime of another type`);
    const asked = this.cluster.deletedAt.get(object.uid) ?? 0;
    for (const other of this.cluster.server.values()) {
      const older = (this.cluster.createdAtVersion.get(other.uid) ?? 0) < asked;
      const lives = other.uid !== object.uid && !other.deleting && isManaging(other) && !this.#edited.has(other.uid);
      const same = other.spec.valid && armKey(other.spec.desired.id) === key && declareSamePlace(object, other);
      if (older && lives && same) this.violations.push(`${by} deletes the runtime that ${other.key} declares`);
    }
  }

  /**
   * The object in whose name a write is made. One whose finalizer was taken off by hand may be gone in the very moment of the
   * write, and another there of its name: nothing can be done about that, nor judged.
   */
  #writer(by: string): ManagedObject | undefined {
    if (this.cluster.goneUnheld.has(by)) return undefined;
    const object = this.cluster.server.get(by);
    if (object === undefined) this.violations.push(`${by} writes after it is gone`);
    return object;
  }

  #ever(object: ManagedObject, holds: (desired: Desired) => boolean): boolean {
    return (this.#declared.get(object.uid) ?? []).some(holds);
  }
}

function declareSamePlace(...objects: readonly ManagedObject[]): boolean {
  const [a, b] = objects.map(({ spec }) => (spec.valid ? spec.desired.managedVirtualNetwork?.name : undefined));
  return isSameName(a, b);
}

function adoptable(desired: Desired, document: StoredRuntime['document']): boolean {
  if (desired.adoptionPolicy === 'Always') return true;
  return desired.adoptionPolicy === 'IfIdentical' && differences(desired.fields, [], document).length === 0;
}
