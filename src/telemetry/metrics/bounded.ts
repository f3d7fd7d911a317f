/** Labels with a bounded number of values, hence a bounded number of time series. */

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

interface Sample<Label extends string> {
  readonly labels: Owner<Label | 'kind'>;
  readonly value: number;
}

/**
 * Owners with values of a few kinds each. The first `limit` owners have series of their own. The others share `other`, which
 * shows their lowest value, because an alert is about a budget that runs out. An owner that goes makes room for the next.
 */
export class Owners<Label extends string> {
  readonly #labels: readonly Label[];
  readonly #limit: number;
  readonly #owners = new Map<string, { readonly owner: Owner<Label>; readonly values: () => Values }>();

  /** `labels` are those of owners; a sample has `kind` besides. */
  constructor(labels: readonly Label[], limit: number) {
    this.#labels = labels;
    this.#limit = limit;
  }

  /** `values` by kind are asked for whenever samples are. */
  add(owner: Owner<Label>, values: () => Values): void {
    this.#owners.set(this.#idOf(owner), { owner, values });
  }

  remove(owner: Owner<Label>): void {
    this.#owners.delete(this.#idOf(owner));
  }

  samples(): readonly Sample<Label>[] {
    const all = [...this.#owners.values()];
    const own = all.slice(0, this.#limit).flatMap(({ owner, values }) => samplesOf(owner, values()));
    const lowest: Record<string, number> = {};
    for (const { values } of all.slice(this.#limit)) {
      for (const [kind, value] of Object.entries(values())) lowest[kind] = Math.min(lowest[kind] ?? value, value);
    }
    const other = Object.fromEntries(this.#labels.map((label) => [label, OTHER])) as Owner<Label>;
    return [...own, ...samplesOf(other, lowest)];
  }

  #idOf(owner: Owner<Label>): string {
    return JSON.stringify(this.#labels.map((label) => owner[label]));
  }
}

type Values = Readonly<Record<string, number>>;

function samplesOf<Label extends string>(owner: Owner<Label>, values: Values): Sample<Label>[] {
  return Object.entries(values).map(([kind, value]) => ({ labels: { ...owner, kind }, value }));
}
