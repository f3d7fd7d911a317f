/** What the operator does in Azure: requests, request budgets, drift and repairs. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { BoundedLabel, Owners } from './bounded.ts';

export type RepairOutcome = 'started' | 'repaired' | 'exhausted';

/** The labels of the owner of a request budget. `identity` is a name that is no secret, such as the client id. */
const OWNER = ['subscription', 'identity'] as const;

export type BudgetOwner = Readonly<Record<(typeof OWNER)[number], string>>;

export interface AzureRecorder {
  /** ARM answered `operation` (a short constant name) with an HTTP status; a short constant word when it did not answer. */
  armRequest(operation: string, code: number | string): void;
  /** The owner has a budget. `left` says how many requests it may still send now, by kind (a few constant words). */
  budgetAdded(owner: BudgetOwner, left: () => Readonly<Record<string, number>>): void;
  /** Polls within the owner's budget are this many times further apart than their intervals. */
  intervalFactorChanged(factor: number, owner: BudgetOwner): void;
  /** The owner's budget is no longer kept. */
  budgetRemoved(owner: BudgetOwner): void;
  /** `field` is a leaf path of spec, without the names of map entries. */
  driftDetected(field: string): void;
  driftCorrected(field: string): void;
  repair(outcome: RepairOutcome): void;
}

/** Enough for every name that the operator uses on purpose. */
const MANY = 100;

/** How many budget owners have series of their own. */
const BUDGET_OWNERS = 50;

export function azureMetrics(registry: Registry): AzureRecorder {
  const registers = [registry];
  const requests = new Counter({
    name: 'azure_ir_arm_requests_total',
    help: 'Requests to Azure Resource Manager by operation and response code',
    labelNames: ['operation', 'code'],
    registers,
  });
  const budgets = new Owners(OWNER, BUDGET_OWNERS);
  new Gauge({
    name: 'azure_ir_arm_budget_remaining',
    help: 'Requests left in the request budget, by subscription, identity and kind',
    labelNames: [...OWNER, 'kind'] as const,
    registers,
    // When it is read, not when a request goes out: tokens come back while none does.
    collect() {
      this.reset();
      for (const { labels, value } of budgets.samples()) this.set(labels, value);
    },
  });
  const byField = { labelNames: ['field'] as const, registers };
  const detected = new Counter({
    name: 'azure_ir_drift_detected_total',
    help: 'Fields found to differ from the spec',
    ...byField,
  });
  const corrected = new Counter({
    name: 'azure_ir_drift_corrected_total',
    help: 'Fields reset to the spec',
    ...byField,
  });
  const repairs = new Counter({
    name: 'azure_ir_repairs_total',
    help: 'Repair attempts by outcome',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of ['started', 'repaired', 'exhausted']) repairs.inc({ outcome }, 0);

  const stretch = new Gauge({
    name: 'azure_ir_interval_stretch',
    help: 'Factor by which polling intervals are stretched to stay within the request budget, where the budget is tightest; 1 for no stretch',
    registers,
  });
  const intervalFactorChanged = new Map<string, number>();
  const showStretch = (factor: number, { subscription, identity }: BudgetOwner) => {
    const owner = JSON.stringify([subscription, identity]);
    if (factor > 1) intervalFactorChanged.set(owner, factor);
    else intervalFactorChanged.delete(owner);
    stretch.set([...intervalFactorChanged.values()].reduce((most, each) => Math.max(most, each), 1));
  };
  stretch.set(1);

  const operations = new BoundedLabel(MANY);
  const codes = new BoundedLabel(MANY);
  const fields = new BoundedLabel(MANY);

  return {
    armRequest: (operation, code) =>
      requests.inc({ operation: operations.of(operation), code: codes.of(String(code)) }),
    budgetAdded: (owner, left) => budgets.add(owner, left),
    intervalFactorChanged: showStretch,
    budgetRemoved: (owner) => {
      budgets.remove(owner);
      showStretch(1, owner);
    },
    driftDetected: (field) => detected.inc({ field: fields.of(field) }),
    driftCorrected: (field) => corrected.inc({ field: fields.of(field) }),
    repair: (outcome) => repairs.inc({ outcome }),
  };
}
