/** The request budgets of one principal: one for each subscription, as ARM counts. */
import { foldCase } from '../../core/model/letter-case.ts';
import type { Parent } from '../../core/model/runtime.ts';
import type { Budget } from '../../ports.ts';
import type { AzureMetrics } from '../metrics.ts';
import { RequestBudget, type RequestBudgetOptions } from './request-budget.ts';

export interface PrincipalOptions extends Pick<RequestBudgetOptions, 'clock' | 'wake' | 'limits'> {
  readonly metrics: AzureMetrics;
}

/** All credentials of one client of one tenant share these: ARM counts the principal, however it authenticates. */
export class PrincipalBudgets implements Budget {
  readonly #identity: string;
  readonly #options: PrincipalOptions;
  readonly #budgets = new Map<string, RequestBudget>();
  #isRetired = false;

  constructor(identity: string, options: PrincipalOptions) {
    this.#identity = identity;
    this.#options = options;
  }

  /** `subscription` in lower case. */
  budget(subscription: string): RequestBudget {
    const present = this.#budgets.get(subscription);
    if (present !== undefined) return present;
    const { metrics, ...options } = this.#options;
    const owner = { subscription, identity: this.#identity };
    const intervalFactorChanged = (factor: number) => {
      if (!this.#isRetired) metrics.intervalFactorChanged(factor, owner);
    };
    const budget = new RequestBudget({ ...options, intervalFactorChanged });
    if (this.#isRetired) budget.retire();
    else metrics.budgetAdded(owner, () => budget.left);
    this.#budgets.set(subscription, budget);
    return budget;
  }

  finish(key: string): void {
    for (const budget of this.#budgets.values()) budget.finish(key);
  }

  spacedInterval({ subscriptionId }: Parent, key: string, intervalMs: number): number {
    return this.budget(foldCase(subscriptionId)).spacedInterval(key, intervalMs);
  }

  forget(key: string): void {
    for (const budget of this.#budgets.values()) budget.forget(key);
  }

  /** Cancels every timer. */
  stop(): void {
    for (const budget of this.#budgets.values()) budget.stop();
  }

  /** No credential of this client is in use any more. */
  retire(): void {
    this.#isRetired = true;
    for (const [subscription, budget] of this.#budgets) {
      budget.retire();
      this.#options.metrics.budgetRemoved({ subscription, identity: this.#identity });
    }
  }
}
