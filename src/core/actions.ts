/**
 * What each action needs before it is done, and the phase that a failure of it is reported as. Two places keep these
 * promises: `decide` the read, the pass (`reconcile/actions.ts`) what is stored.
 */
import type { Action, Phase } from './situation.ts';

interface Needs {
  readonly phase: Phase;
  /**
   * Whether it writes to Azure. Then the definition is read in this pass, and the server still has the version of the object
   * that was decided on. Before a write that is no deletion, the finalizer is stored, too, with the mark of what it is for.
   */
  readonly writes?: 'runtime' | 'deletion';
  /** Whether it claims a runtime without a write: that takes a fresh read as well. */
  readonly claims?: true;
}

export const ACTIONS: Readonly<Record<Action['kind'], Needs>> = {
  Read: { phase: 'poll' },
  StoreStatus: { phase: 'poll' },
  Create: { phase: 'create', writes: 'runtime' },
  Claim: { phase: 'poll', claims: true },
  Adopt: { phase: 'update', writes: 'runtime' },
  Update: { phase: 'update', writes: 'runtime' },
  Repair: { phase: 'repair', writes: 'runtime' },
  CreateNetwork: { phase: 'network', writes: 'runtime' },
  EnableInteractiveAuthoring: { phase: 'authoring', writes: 'runtime' },
  CompleteRequest: { phase: 'poll' },
  Delete: { phase: 'delete', writes: 'deletion' },
  CompleteOperation: { phase: 'poll' },
  HandOver: { phase: 'poll' },
  RemoveFinalizer: { phase: 'poll' },
  Release: { phase: 'poll' },
  Settle: { phase: 'poll' },
};

/** Whether an action needs the definition as a GET of this pass answered it. */
export function needsFreshRead(action: Action): boolean {
  if (action.kind === 'StoreStatus') return needsFreshRead(action.before);
  const { writes, claims } = ACTIONS[action.kind];
  return writes !== undefined || claims === true;
}
