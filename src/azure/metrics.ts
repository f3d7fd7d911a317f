/** What the Azure adapter counts, as an interface: telemetry implements it. */
import type { RequestKind } from '../ports.ts';

/** Called often: implementations neither throw nor wait. */
export interface AzureMetrics {
  /** One attempt over the wire. `code` is the HTTP status, or `timeout`, `aborted` or `network` when there was no answer. */
  armRequest(operation: ArmOperation, code: string): void;
  /** The budget of `owner` is in use. `left` says how many whole requests it would grant now. */
  budgetAdded(owner: BudgetOwner, left: () => Readonly<Record<RequestKind, number>>): void;
  /** Polls within the budget of `owner` are this many times further apart than asked for; 1: not at all. */
  intervalFactorChanged(factor: number, owner: BudgetOwner): void;
  /** The budget of `owner` is no longer in use. */
  budgetRemoved(owner: BudgetOwner): void;
}

export interface BudgetOwner {
  readonly subscription: string;
  readonly identity: string;
}

export type ArmOperation =
  | 'list'
  | 'get'
  | 'getStatus'
  | 'create'
  | 'update'
  | 'delete'
  | 'enableInteractiveQuery'
  | 'getParent'
  | 'listNetworks'
  | 'createNetwork';

export const NO_METRICS: AzureMetrics = {
  armRequest: () => {},
  budgetAdded: () => {},
  intervalFactorChanged: () => {},
  budgetRemoved: () => {},
};
