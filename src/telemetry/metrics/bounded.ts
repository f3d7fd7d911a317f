/** Labels with a bounded number of values, hence a bounded number of time series. */
import type { Gauge } from 'prom-client';

/** The label value for all values beyond the bound. */
export const OTHER = 'other';

/**
 * The first `limit` distinct values of a label pass; later ones become `other`. A defect or a hostile manifest then costs
 * detail, not the memory of operator and Prometheus.
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

/** The values of an owner's labels. */
type Owner<Label extends string> = Readonly<Record<Label, string>>;

/**
 * A gauge with values of a few kinds for each owner. The first `limit` owners have series of their own. The others share
 * `other`, which shows their lowest value, because an alert is about a budget that runs out. An owner that goes makes room
 * for the next.
 */
export class OwnersGauge<Label extends string> {
  readonly #gauge: Gauge<Label | 'kind'>;
  readonly #labels: readonly Label[];
  readonly #limit: number;
  readonly #others: Owner<Label>;
  readonly #shown = new Map<string, Map<string, number>>();
  readonly #folded = new Map<string, Map<string, number>>();

  /** `labels` are those of owners; the gauge has `kind` besides. */
  constructor(gauge: Gauge<Label | 'kind'>, labels: readonly Label[], limit: number) {
    this.#gauge = gauge;
    this.#labels = labels;
    this.#limit = limit;
    this.#others = Object.fromEntries(labels.map((label) => [label, OTHER])) as Owner<Label>;
  }

  set(owner: Owner<Label>, kind: string, value: number): void {
    const id = this.#idOf(owner);
    const isShown = this.#shown.has(id) || (this.#shown.size < this.#limit && !this.#folded.has(id));
    const owners = isShown ? this.#shown : this.#folded;
    owners.set(id, (owners.get(id) ?? new Map()).set(kind, value));
    if (isShown) this.#gauge.set({ ...owner, kind }, value);
    else this.#showLowestFolded(kind);
  }

  remove(owner: Owner<Label>): void {
    const id = this.#idOf(owner);
    const [shown, folded] = [this.#shown.get(id), this.#folded.get(id)];
    this.#shown.delete(id);
    this.#folded.delete(id);
    for (const kind of shown?.keys() ?? []) this.#gauge.remove({ ...owner, kind });
    for (const kind of folded?.keys() ?? []) this.#showLowestFolded(kind);
  }

  #showLowestFolded(kind: string): void {
    const values = [...this.#folded.values()].flatMap((kinds) => kinds.get(kind) ?? []);
    const series = { ...this.#others, kind };
    if (values.length === 0) this.#gauge.remove(series);
    else
      this.#gauge.set(
        series,
        values.reduce((lowest, value) => Math.min(lowest, value)),
      );
  }

  #idOf(owner: Owner<Label>): string {
    return JSON.stringify(this.#labels.map((label) => owner[label]));
  }
}
