/** The calls to one service about its runtimes, without a cache. */
import type { ObservedRuntime, Parent, RuntimeId, RuntimeStatus } from '../../core/model/runtime.ts';
import type { CallContext, Runtimes } from '../../ports.ts';

/** The runtimes of a parent, as far as its list can be parsed. */
export interface Listed {
  readonly runtimes: readonly ObservedRuntime[];
  readonly unparsed: readonly UnparsedEntry[];
}

/** An entry of a list that cannot be parsed. */
export interface UnparsedEntry {
  /** Undefined when the entry has none: it may be any runtime that the list does not show. */
  readonly name: string | undefined;
  readonly why: string;
}

/**
 * Every method throws `AzureFailure`; `ParkedError` when the request budget has no token now;
 * `caller.signal.reason` when that aborts; writes throw `SupersededError` when `caller.mayWrite` returns false. `ACCEPTED`:
 * the service completes the write later. Undefined: the service itself said that it has no such runtime.
 */
export interface ArmRuntimes extends PassedOn {
  /** An entry that cannot be parsed fails only itself. `onPage` is called with the number of each page received. */
  list(parent: Parent, caller: CallContext, onPage?: (page: number) => void): Promise<Listed>;
  read(id: RuntimeId, caller: CallContext): Promise<ObservedRuntime | undefined>;
  state(id: RuntimeId, caller: CallContext): Promise<RuntimeStatus | undefined>;
  /** Whether the parent itself exists. */
  hasParent(parent: Parent, caller: CallContext): Promise<boolean>;
}

/** Calls that the observer passes on as they are. */
type PassedOn = Pick<
  Runtimes,
  'create' | 'update' | 'delete' | 'enableInteractiveAuthoring' | 'hasNetwork' | 'createNetwork'
>;
