import type {
  Accepted,
  Missing,
  ObservedRuntime,
  Parent,
  RuntimeDocument,
  RuntimeId,
  RuntimeState,
} from '../core/runtime.ts';
import type { Caller } from '../ports.ts';

/** The runtimes of a parent, as far as its list can be understood. */
export interface Listed {
  readonly runtimes: readonly ObservedRuntime[];
  readonly unclear: readonly Unclear[];
}

/** An entry of a list that cannot be understood. */
export interface Unclear {
  /** Undefined when it does not even show that: it may be any runtime that the list does not show. */
  readonly name: string | undefined;
  readonly why: string;
}

/**
 * The runtimes of one service, one call each, nothing remembered. Every method throws `AzureFailure`; `BudgetExhausted`
 * when the request budget has no token now; `caller.signal.reason` when that aborts; writes throw `Superseded` when
 * `caller.mayWrite` says no. `ACCEPTED` is a write that the service goes on with; undefined means the service itself said that it has no such runtime.
 */
export interface Remote {
  /** An entry that cannot be understood fails nothing but itself. `onPage` is called with the number of each page that has come. */
  list(parent: Parent, caller: Caller, onPage?: (page: number) => void): Promise<Listed>;
  read(id: RuntimeId, caller: Caller): Promise<ObservedRuntime | undefined>;
  state(id: RuntimeId, caller: Caller): Promise<RuntimeState | undefined>;
  create(id: RuntimeId, document: RuntimeDocument, caller: Caller): Promise<ObservedRuntime | Accepted>;
  update(id: RuntimeId, document: RuntimeDocument, etag: string, caller: Caller): Promise<ObservedRuntime | Accepted>;
  delete(id: RuntimeId, caller: Caller): Promise<Accepted | Missing | undefined>;
  /** Whether the parent itself is there. */
  hasParent(parent: Parent, caller: Caller): Promise<boolean>;
  enableInteractiveAuthoring(id: RuntimeId, minutes: number, caller: Caller): Promise<void>;
  hasNetwork(parent: Parent, name: string, caller: Caller): Promise<boolean>;
  createNetwork(parent: Parent, name: string, caller: Caller): Promise<void>;
}
