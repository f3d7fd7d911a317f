/** Azure as the ports see it: documents with etags below parents that may be missing, and calls that may fail. */
import { AzureFailure, type Failure } from '../../../src/core/failure.ts';
import {
  ACCEPTED,
  type Accepted,
  armKey,
  type Definition,
  type ObservedRuntime,
  type RuntimeDocument,
  type RuntimeId,
} from '../../../src/core/runtime.ts';
import { type Caller, type Runtimes, Superseded } from '../../../src/ports.ts';

export interface Stored {
  document: RuntimeDocument;
  type: ObservedRuntime['type'];
  etag: string;
  state: string;
}

/** What a call of the operator did to a runtime. */
export interface AzureWrite {
  readonly by: string;
  readonly key: string;
  readonly kind: 'create' | 'update' | 'delete';
  readonly before: RuntimeDocument | undefined;
  readonly after: RuntimeDocument | undefined;
}

/** `before`: the call does nothing; `after`: it takes effect and its answer is lost. */
export interface Fault {
  readonly when: 'before' | 'after';
  readonly failure: Failure;
}

export interface AzureHooks {
  /** Awaited before a call takes effect and again before its answer is given. */
  readonly pause?: () => Promise<void>;
  readonly fault?: (call: string, caller: Caller) => Fault | undefined;
  readonly onRead?: (by: string, key: string, found: Stored | undefined) => void;
  readonly onWrite?: (write: AzureWrite) => void;
}

/** `accepts`: a write is answered before it takes effect, as Synapse does it. */
export type Mode = 'answers' | 'accepts';

interface Pending {
  readonly key: string;
  readonly kind: AzureWrite['kind'];
  readonly takeEffect: () => void;
}

export class FakeAzure implements Runtimes {
  readonly mode: Mode;
  /** What it has accepted and not yet done, in that order. */
  readonly #pending: Pending[] = [];
  readonly runtimes = new Map<string, Stored>();
  readonly calls: string[] = [];
  /** How many writes it takes until a Limited runtime is Online. */
  repairsNeeded = 1;
  #etags = 0;
  /** What lists answer with until `refreshList`. */
  #listed = new Map<string, Stored>();
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
  put(id: RuntimeId, document: RuntimeDocument, more: Partial<Stored> = {}): void {
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
    const found = this.runtimes.get(armKey(id));
    if (found !== undefined) this.runtimes.set(armKey(id), { ...found, state });
  }

  /** From now on lists show what there is now. */
  refreshList(): void {
    this.#listed = new Map(this.runtimes);
  }

  hint(id: RuntimeId, _maxAgeMs: number, caller: Caller): Promise<Definition> {
    return this.#call('hint', caller, () => definition(id, this.#listed.get(armKey(id)), false));
  }

  read(id: RuntimeId, caller: Caller): Promise<Definition> {
    return this.#call('read', caller, () => {
      const found = this.runtimes.get(armKey(id));
      this.#hooks.onRead?.(caller.key, armKey(id), found);
      return definition(id, found, true);
    });
  }

  state(id: RuntimeId, caller: Caller): Promise<string> {
    return this.#call('state', caller, () => {
      const found = this.runtimes.get(armKey(id));
      if (found === undefined) throw new AzureFailure(CHANGED);
      return found.state;
    });
  }

  create(id: RuntimeId, document: RuntimeDocument, caller: Caller): Promise<ObservedRuntime | Accepted> {
    return this.#put('create', id, document, caller, (found) => found === undefined);
  }

  update(id: RuntimeId, document: RuntimeDocument, etag: string, caller: Caller): Promise<ObservedRuntime | Accepted> {
    return this.#put('update', id, document, caller, (found) => found?.etag === etag);
  }

  delete(id: RuntimeId, caller: Caller): Promise<Accepted | undefined> {
    return this.#call('delete', caller, () => {
      const key = armKey(id);
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
    caller: Caller,
    isAsRead: (found: Stored | undefined) => boolean,
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
    const found = this.runtimes.get(key) ?? { type: 'Managed', state: 'Online' };
    const state = found.state === 'Limited' && --this.repairsNeeded <= 0 ? 'Online' : found.state;
    const stored = { type: found.type, document, state, etag: this.#etag() };
    // Nobody makes a runtime another type by writing to it.
    if (found.type === 'Managed') this.runtimes.set(key, stored);
    return { name: id.name, ...stored };
  }

  async #call<T>(name: string, caller: Caller, effect: () => T): Promise<T> {
    await this.#hooks.pause?.();
    const writes = name === 'create' || name === 'update' || name === 'delete';
    if (writes && !caller.mayWrite()) throw new Superseded('the object changed');
    this.calls.push(name);
    const fault = this.#hooks.fault?.(name, caller);
    if (fault?.when === 'before') throw new AzureFailure(fault.failure);
    const answer = effect();
    await this.#hooks.pause?.();
    if (fault?.when === 'after') throw new AzureFailure(fault.failure);
    return answer;
  }

  #etag(): string {
    this.#etags += 1;
    return `etag-${this.#etags}`;
  }
}

const CHANGED: Failure = { kind: 'preconditionFailed', message: 'The document changed.' };

function definition(id: RuntimeId, found: Stored | undefined, fresh: boolean): Definition {
  if (found === undefined) return { presence: 'absent', fresh };
  const { document, type, etag } = found;
  return { presence: 'present', fresh, runtime: { name: id.name, type, document, etag } };
}
