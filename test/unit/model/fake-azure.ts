/**
 * Azure as the ports see it: documents with etags below parents that may be missing, and calls that may fail. What it gives of a
 * document is frozen, because what is known of a document is kept beside it: a pass that changed one in place would throw.
 */
import { AzureFailure, type Failure } from '../../../src/core/model/failure.ts';
import { networkOf } from '../../../src/core/model/network.ts';
import type { RequestIds } from '../../../src/core/model/request-ids.ts';
import {
  ACCEPTED,
  type Accepted,
  armKey,
  type Definition,
  type InteractiveAuthoring,
  MISSING,
  type Missing,
  type ObservedRuntime,
  type Parent,
  type ParentPresence,
  parentArmId,
  type RuntimeDocument,
  type RuntimeId,
  type RuntimeStatus,
} from '../../../src/core/model/runtime.ts';
import { type Budget, type CallContext, type Runtimes, SupersededError } from '../../../src/ports.ts';
import { deepFrozen } from '../../support/deep-frozen.ts';

export interface StoredRuntime {
  document: RuntimeDocument;
  type: ObservedRuntime['type'];
  etag: string;
  state: string;
  authoring?: InteractiveAuthoring;
}

/** What a call of the operator did to a runtime. */
export interface AzureWrite {
  readonly by: string;
  readonly key: string;
  readonly kind: 'create' | 'update' | 'delete' | 'enable';
  readonly before: RuntimeDocument | undefined;
  readonly after: RuntimeDocument | undefined;
}

/** `before`: the call does nothing; `after`: it takes effect and its answer is lost. */
export interface Fault {
  readonly when: 'before' | 'after';
  readonly failure: Failure;
  readonly ids?: RequestIds;
}

export interface AzureHooks {
  /** Whether this call is told that there is no such runtime, although there may be. */
  readonly denies?: (call: string) => boolean;
  /** Awaited before a call takes effect and again before its answer is given. */
  readonly pause?: () => Promise<void>;
  readonly fault?: (call: string, caller: CallContext) => Fault | undefined;
  readonly onRead?: (by: string, key: string, found: StoredRuntime | undefined) => void;
  readonly onWrite?: (write: AzureWrite) => void;
  readonly onNetwork?: (by: string, name: string) => void;
}

/** `accepts`: a write is answered before it takes effect, as Synapse does it. */
export type Mode = 'answers' | 'accepts';

interface Pending {
  readonly key: string;
  readonly kind: AzureWrite['kind'];
  readonly takeEffect: () => void;
}

export const WRITES = ['create', 'update', 'delete', 'enable', 'createNetwork'];

/** A request budget that never ends. */
export const UNBOUNDED: Budget = { finish: () => {}, spacedInterval: (_parent, _key, intervalMs) => intervalMs };

export class FakeAzure implements Runtimes {
  readonly mode: Mode;
  /** What it has accepted and not yet done, in that order. */
  readonly #pending: Pending[] = [];
  readonly runtimes = new Map<string, StoredRuntime>();
  readonly calls: string[] = [];
  /** How many writes it takes until a Limited runtime is Online. */
  repairsNeeded = 1;
  stateOfNew = 'Online';
  /** Whether creates lose the network that they name, and whether the answer shows it. */
  losesNetwork: 'never' | 'openly' | 'secretly' = 'never';
  /** How many looks find interactive authoring Enabling before it is Enabled. */
  looksWhileEnabling = 1;
  /** The calls that are told once that there is no such runtime, although there is. */
  readonly denied: string[] = [];
  /** The calls that are told that there is no such factory, as long as they stand here. */
  removed: readonly string[] = [];
  /** The calls that fail once. */
  readonly failing: { readonly call: string; readonly failure: Failure }[] = [];
  /** What the parent's own GET answers. */
  parentSays: ParentPresence = 'present';
  readonly networks = new Set<string>();
  #etags = 0;
  /** What lists answer with until `refreshList`. */
  #listed = new Map<string, StoredRuntime>();
  readonly #hooks: AzureHooks;

  constructor(hooks: AzureHooks = {}, mode: Mode = 'answers') {
    this.#hooks = hooks;
    this.mode = mode;
  }

  get pending(): number {
    return this.#pending.length;
  }

  isPending(kind: AzureWrite['kind'], key: string): boolean {
    return this.#pending.some((operation) => operation.kind === kind && operation.key === key);
  }

  /** The next `n` of what was accepted take effect; all by default. */
  goOn(n = this.#pending.length): void {
    for (const { takeEffect } of this.#pending.splice(0, n)) takeEffect();
  }

  /** The next of what was accepted never takes effect. */
  failNext(): void {
    this.#pending.shift();
  }

  /** Somebody else's write. */
  put(id: RuntimeId, document: RuntimeDocument, more: Partial<StoredRuntime> = {}): void {
    const before = this.runtimes.get(armKey(id));
    this.runtimes.set(armKey(id), {
      document,
      type: 'Managed',
      state: before?.state ?? 'Online',
      etag: this.#etag(),
      ...more,
    });
  }

  remove(id: RuntimeId): void {
    this.runtimes.delete(armKey(id));
  }

  setState(id: RuntimeId, state: string): void {
    this.#change(id, { state });
  }

  setAuthoring(id: RuntimeId, authoring: InteractiveAuthoring): void {
    this.#change(id, { authoring });
  }

  #change(id: RuntimeId, change: Partial<StoredRuntime>): void {
    const found = this.runtimes.get(armKey(id));
    if (found !== undefined) this.runtimes.set(armKey(id), { ...found, ...change });
  }

  putNetwork(parent: Parent, name = 'default'): void {
    this.networks.add(networkKey(parent, name));
  }

  /** From now on lists show what there is now. */
  refreshList(): void {
    this.#listed = new Map(this.runtimes);
  }

  hint(id: RuntimeId, _maxAgeMs: number, caller: CallContext): Promise<Definition> {
    return this.#call('hint', caller, () => definition(id, this.#listed.get(armKey(id)), false));
  }

  read(id: RuntimeId, caller: CallContext): Promise<Definition> {
    return this.#call('read', caller, () => {
      const found = this.#isDenied('read') ? undefined : this.runtimes.get(armKey(id));
      this.#hooks.onRead?.(caller.key, armKey(id), found);
      return definition(id, found, true);
    });
  }

  state(id: RuntimeId, caller: CallContext): Promise<RuntimeStatus> {
    return this.#call('state', caller, () => {
      const found = this.#isDenied('state') ? undefined : this.runtimes.get(armKey(id));
      if (found === undefined) throw new AzureFailure(CHANGED);
      const { state, authoring } = found;
      if (authoring?.status === 'Enabling' && --this.looksWhileEnabling <= 0) {
        this.#change(id, { authoring: { ...authoring, status: 'Enabled' } });
      }
      return authoring === undefined ? { state } : { state, interactiveAuthoring: authoring };
    });
  }

  enableInteractiveAuthoring(id: RuntimeId, minutes: number, caller: CallContext): Promise<void> {
    return this.#call('enable', caller, () => {
      const key = armKey(id);
      const found = this.runtimes.get(key);
      const before = found?.document;
      this.#hooks.onWrite?.({ by: caller.key, key, kind: 'enable', before, after: before });
      if (found?.state !== 'Online' || networkOf(found.document) === undefined) {
        throw new AzureFailure({ kind: 'refused', message: 'Not possible now.' });
      }
      this.#change(id, { authoring: { status: 'Enabling', autoTerminationMinutes: minutes } });
    });
  }

  hasNetwork(parent: Parent, name: string, caller: CallContext): Promise<boolean> {
    return this.#call('hasNetwork', caller, () => this.networks.has(networkKey(parent, name)));
  }

  createNetwork(parent: Parent, name: string, caller: CallContext): Promise<void> {
    return this.#call('createNetwork', caller, () => {
      if (this.networks.has(networkKey(parent, name))) throw new AzureFailure(CHANGED);
      this.#hooks.onNetwork?.(caller.key, name);
      this.putNetwork(parent, name);
    });
  }

  create(id: RuntimeId, document: RuntimeDocument, caller: CallContext): Promise<ObservedRuntime | Accepted> {
    return this.#put('create', id, document, caller, (found) => {
      if (found !== undefined) return false;
      const network = networkOf(document);
      if (network !== undefined && !this.networks.has(networkKey(id.parent, network))) {
        throw new AzureFailure({ kind: 'refused', message: `invalid reference '${network}'`, reference: network });
      }
      return true;
    });
  }

  #losing(document: RuntimeDocument): RuntimeDocument {
    const { managedVirtualNetwork: _, ...rest } = document;
    return this.losesNetwork === 'never' ? document : rest;
  }

  update(
    id: RuntimeId,
    document: RuntimeDocument,
    etag: string,
    caller: CallContext,
  ): Promise<ObservedRuntime | Accepted> {
    return this.#put('update', id, document, caller, (found) => found?.etag === etag);
  }

  /** Azure denies nothing that is there, but where a fault says so; there is no parent to be removed. */
  presenceOf(_parent: Parent, caller: CallContext): Promise<ParentPresence> {
    return this.#call('presenceOf', caller, () => (this.#isDenied('presenceOf') ? 'absent' : this.parentSays));
  }

  delete(id: RuntimeId, caller: CallContext): Promise<Accepted | Missing | undefined> {
    return this.#call('delete', caller, () => {
      const key = armKey(id);
      if (this.#isDenied('delete')) return MISSING;
      const before = this.runtimes.get(key)?.document;
      if (before === undefined) return undefined;
      this.#hooks.onWrite?.({ by: caller.key, key, kind: 'delete', before, after: undefined });
      if (this.mode === 'accepts') {
        this.#pending.push({ key, kind: 'delete', takeEffect: () => void this.runtimes.delete(key) });
        return ACCEPTED;
      }
      this.runtimes.delete(key);
      return undefined;
    });
  }

  #put(
    kind: 'create' | 'update',
    id: RuntimeId,
    document: RuntimeDocument,
    caller: CallContext,
    isAsRead: (found: StoredRuntime | undefined) => boolean,
  ): Promise<ObservedRuntime | Accepted> {
    return this.#call(kind, caller, () => {
      const key = armKey(id);
      const found = this.runtimes.get(key);
      if (!isAsRead(found)) throw new AzureFailure(CHANGED);
      this.#hooks.onWrite?.({ by: caller.key, key, kind, before: found?.document, after: document });
      if (this.mode === 'answers') return this.#store(id, document);
      this.#pending.push({ key, kind, takeEffect: () => void this.#store(id, document) });
      return ACCEPTED;
    });
  }

  #store(id: RuntimeId, document: RuntimeDocument): ObservedRuntime {
    const key = armKey(id);
    const before = this.runtimes.get(key);
    const found = before ?? { type: 'Managed', state: this.stateOfNew };
    const repaired = before?.state === 'Limited' && --this.repairsNeeded <= 0;
    const stored: StoredRuntime = {
      ...found,
      document: before === undefined ? this.#losing(document) : document,
      state: repaired ? 'Online' : found.state,
      etag: this.#etag(),
    };
    // Nobody makes a runtime another type by writing to it.
    if (found.type === 'Managed') this.runtimes.set(key, stored);
    const { type, etag } = stored;
    const shown = this.losesNetwork === 'secretly' ? document : stored.document;
    return { name: id.name, type, etag, document: deepFrozen(shown) };
  }

  #isDenied(call: string): boolean {
    if (this.#hooks.denies?.(call)) return true;
    const isDenied = this.denied[0] === call;
    if (isDenied) this.denied.shift();
    return isDenied;
  }

  async #call<T>(name: string, caller: CallContext, effect: () => T): Promise<T> {
    await this.#hooks.pause?.();
    if (WRITES.includes(name) && !caller.mayWrite()) throw new SupersededError('the object changed');
    this.calls.push(name);
    if (this.removed.includes(name)) throw new AzureFailure(PARENT_DENIED);
    const [failing] = this.failing;
    if (failing?.call === name) throw new AzureFailure(this.failing.shift()?.failure ?? failing.failure);
    const fault = this.#hooks.fault?.(name, caller);
    if (fault?.when === 'before') throw new AzureFailure(fault.failure, { ids: fault.ids });
    const answer = effect();
    await this.#hooks.pause?.();
    if (fault?.when === 'after') throw new AzureFailure(fault.failure, { ids: fault.ids, unclear: true });
    return answer;
  }

  #etag(): string {
    this.#etags += 1;
    return `etag-${this.#etags}`;
  }
}

export const PARENT_DENIED: Failure = { kind: 'parentNotFound', what: 'factory', message: 'No factory.' };
const CHANGED: Failure = { kind: 'preconditionFailed', message: 'The document changed.' };

function networkKey(parent: Parent, name: string): string {
  return `${parentArmId(parent)}/${name}`.toLowerCase();
}

function definition(id: RuntimeId, found: StoredRuntime | undefined, fresh: boolean): Definition {
  if (found === undefined) return { presence: 'absent', fresh };
  const { document, type, etag } = found;
  return { presence: 'present', fresh, runtime: { name: id.name, type, document: deepFrozen(document), etag } };
}
