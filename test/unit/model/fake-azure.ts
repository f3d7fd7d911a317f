/** Azure as the ports see it: documents with etags below parents that may be missing, and calls that may fail. */
import { AzureFailure, type Failure } from '../../../src/core/failure.ts';
import {
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

export class FakeAzure implements Runtimes {
  readonly runtimes = new Map<string, Stored>();
  readonly calls: string[] = [];
  /** How many writes it takes until a Limited runtime is Online. */
  repairsNeeded = 1;
  #etags = 0;
  /** What lists answer with until `refreshList`. */
  #listed = new Map<string, Stored>();
  readonly #hooks: AzureHooks;

  constructor(hooks: AzureHooks = {}) {
    this.#hooks = hooks;
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

  create(id: RuntimeId, document: RuntimeDocument, caller: Caller): Promise<ObservedRuntime> {
    return this.#write('create', id, caller, (found) => {
      if (found !== undefined) throw new AzureFailure(CHANGED);
      return { document, type: 'Managed', etag: this.#etag(), state: 'Online' };
    });
  }

  update(id: RuntimeId, document: RuntimeDocument, etag: string, caller: Caller): Promise<ObservedRuntime> {
    return this.#write('update', id, caller, (found) => {
      if (found?.etag !== etag) throw new AzureFailure(CHANGED);
      const state = found.state === 'Limited' && --this.repairsNeeded <= 0 ? 'Online' : found.state;
      return { ...found, document, state, etag: this.#etag() };
    });
  }

  delete(id: RuntimeId, caller: Caller): Promise<void> {
    return this.#call('delete', caller, () => {
      const key = armKey(id);
      const before = this.runtimes.get(key)?.document;
      if (before !== undefined)
        this.#hooks.onWrite?.({ by: caller.key, key, kind: 'delete', before, after: undefined });
      this.runtimes.delete(key);
    });
  }

  #write(
    kind: 'create' | 'update',
    id: RuntimeId,
    caller: Caller,
    change: (found: Stored | undefined) => Stored,
  ): Promise<ObservedRuntime> {
    return this.#call(kind, caller, () => {
      const key = armKey(id);
      const found = this.runtimes.get(key);
      const stored = change(found);
      this.#hooks.onWrite?.({ by: caller.key, key, kind, before: found?.document, after: stored.document });
      this.runtimes.set(key, stored);
      return { name: id.name, type: stored.type, document: stored.document, etag: stored.etag };
    });
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
