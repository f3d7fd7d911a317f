/** Durations as people write them, such as `1h30m`. */
const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000 };

/** Milliseconds of a duration such as `90s`, `10m` or `1h30m`; undefined when the text is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+h)?(\d+m)?(\d+s)?$/.test(text) || text === '') return undefined;
  let ms = 0;
  for (const [, amount, unit = ''] of text.matchAll(/(\d+)([hms])/g)) ms += Number(amount) * (UNITS[unit] ?? 0);
  return Number.isSafeInteger(ms) ? ms : undefined;
}
