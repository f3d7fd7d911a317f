import type { Gauge } from 'prom-client';

/** The label value that stands for all those beyond the bound. */
export const OTHER = 'other';

/**
 * Keeps the number of a label's values, hence of time series, bounded: the first `limit` distinct values pass, later ones
 * become `other`. A defect or a hostile manifest then costs detail, not the memory of operator and Prometheus.
 */
export class BoundedLabel {
  readonly #limit: number;
  readonly #seen = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  of(value: string): string {
    if (this.#seen.has(value)) return value;
    if (this.#seen.size >= this.#limit) return OTHER;
    this.#seen.add(value);
    return value;
  }
}

/** Whose request budget it is. */
export interface BudgetOwner {
  readonly subscription: string;
  /** A name of the identity that is no secret, such as its client id. */
  readonly identity: string;
}

export type BudgetKind = 'reads' | 'writes' | 'deletes';
export type BudgetLabel = 'subscription' | 'identity' | 'kind';

/**
 * Shows the budgets of the first `limit` owners each on its own; of the others, under `other`, the lowest, because a
 * budget near its end is what an alert is about. An owner that goes makes room for the next that comes.
 */
export class BudgetGauge {
  readonly #gauge: Gauge<BudgetLabel>;
  readonly #limit: number;
  readonly #shown = new Set<string>();
  readonly #folded = new Map<string, Map<BudgetKind, number>>();

  constructor(gauge: Gauge<BudgetLabel>, limit: number) {
    this.#gauge = gauge;
    this.#limit = limit;
  }

  set(owner: BudgetOwner, kind: BudgetKind, remaining: number): void {
    const id = ownerId(owner);
    if (this.#shown.has(id) || (this.#shown.size < this.#limit && !this.#folded.has(id))) {
      this.#shown.add(id);
      this.#gauge.set({ ...labels(owner), kind }, remaining);
      return;
    }
    const folded = this.#folded.get(id) ?? new Map<BudgetKind, number>();
    this.#folded.set(id, folded.set(kind, remaining));
    this.#showLowestFolded(kind);
  }

  remove(owner: BudgetOwner): void {
    const id = ownerId(owner);
    const kinds: readonly BudgetKind[] = ['reads', 'writes', 'deletes'];
    if (this.#shown.delete(id)) for (const kind of kinds) this.#gauge.remove({ ...labels(owner), kind });
    if (this.#folded.delete(id)) for (const kind of kinds) this.#showLowestFolded(kind);
  }

  #showLowestFolded(kind: BudgetKind): void {
    const remaining = [...this.#folded.values()].flatMap((kinds) => kinds.get(kind) ?? []);
    const series = { subscription: OTHER, identity: OTHER, kind };
    if (remaining.length === 0) this.#gauge.remove(series);
    else
      this.#gauge.set(
        series,
        remaining.reduce((lowest, value) => Math.min(lowest, value)),
      );
  }
}

const ownerId = ({ subscription, identity }: BudgetOwner): string => JSON.stringify([subscription, identity]);

const labels = ({ subscription, identity }: BudgetOwner): BudgetOwner => ({ subscription, identity });
