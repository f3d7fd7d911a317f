/** What a benchmark found: prints as a row of a table, and as a line of JSON. */
export interface Result {
  readonly benchmark: string;
  readonly objects: number;
  /** By name with the unit in it; the ratios are to what `compared` says. */
  readonly figures: Readonly<Record<string, number>>;
  /** What the figures are to be held against. */
  readonly compared: string;
}

export function row({ benchmark, objects, figures, compared }: Result): string {
  const shown = Object.entries(figures).map(([name, value]) => `${name} ${rounded(value)}`);
  return `| ${benchmark} | ${objects} | ${shown.join(', ')} | ${compared} |`;
}

export function jsonLine(result: Result): string {
  const figures = Object.entries(result.figures).map(([name, value]) => [name, rounded(value)]);
  return JSON.stringify({ ...result, figures: Object.fromEntries(figures) });
}

/** Three digits say all that a measurement on a shared machine can. */
function rounded(value: number): number {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(3));
}
