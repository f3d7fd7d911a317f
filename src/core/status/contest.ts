/** Corrections of drift, counted field by field: who keeps changing a field back contests it. */
import { LIMITS } from '../../api/limits.ts';
import type { Drift, FieldPath } from '../model/fields.ts';
import type { Corrections } from '../model/object.ts';
import { CONTEST_ENDS_MS } from '../schedule.ts';

export function markContested(corrections: readonly Corrections[], drift: readonly Drift[]): readonly Corrections[] {
  const fields = new Set<string>(drift.map(({ field }) => field));
  return corrections.map((entry) => (fields.has(entry.field) ? { ...entry, contested: true } : entry));
}

/** The corrections to store after these fields were corrected now. */
export function corrected(
  corrections: readonly Corrections[],
  fields: readonly FieldPath[],
  now: number,
): readonly Corrections[] {
  const mine = fields.map((field) => {
    const before = corrections.find((entry) => entry.field === field);
    const peaceful = now - (before?.times.at(-1) ?? 0) >= CONTEST_ENDS_MS;
    return {
      field,
      times: [...(before?.times ?? []), now].slice(-5),
      contested: !peaceful && (before?.contested ?? false),
    };
  });
  // The names of custom properties come and go: what was corrected longest ago is forgotten first.
  const others = corrections
    .filter(({ field }) => !fields.includes(field))
    .sort((a, b) => (b.times.at(-1) ?? 0) - (a.times.at(-1) ?? 0))
    .slice(0, Math.max(0, LIMITS.corrections - mine.length));
  return [...others, ...mine].sort((a, b) => (a.field < b.field ? -1 : 1));
}
