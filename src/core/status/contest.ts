/** Corrections of drift, counted field by field: who keeps changing a field back contests it. */
import { LIMITS } from '../../api/limits.ts';
import type { FieldPath } from '../model/fields.ts';
import { type Corrections, condition } from '../model/object.ts';
import { CONTESTED, contestEnds, contestedSpacing } from '../schedule.ts';
import { driftOf, type Situation, wasInSync } from '../situation.ts';

/** Until when a contested field is left alone, milliseconds since the epoch; undefined when it may be corrected. */
export function contestedUntil(s: Situation, field: string): number | undefined {
  const { now, intervalMs, status } = s;
  // A person who declares something else settles the contest for the moment.
  if (!wasInSync(s)) return undefined;
  const corrections = status.corrections.find((entry) => entry.field === field);
  if (corrections === undefined) return undefined;
  const recent = corrections.times.filter((time) => time > now - CONTESTED.intervals * intervalMs);
  const last = corrections.times.at(-1) ?? 0;
  const contested = recent.length >= CONTESTED.corrections || corrections.contested;
  const until = last + contestedSpacing(corrections.times, intervalMs);
  return contested && until > now ? until : undefined;
}

/** With the marks of contests that have begun, also where Ready has worse to tell: each correction makes the next pause longer. */
export function withContests(s: Situation): readonly Corrections[] {
  const fields = driftOf(s).flatMap(({ field }) => (contestedUntil(s, field) === undefined ? [] : [field as string]));
  return s.status.corrections.map((entry) => (fields.includes(entry.field) ? { ...entry, contested: true } : entry));
}

/**
 * Whether a contest that was told goes on. It is over once the field was left alone for long enough, counted from its last
 * correction or from when others were seen to have set it back; and once a person declares something else.
 */
export function isContestOpen(s: Situation, { field, times, contested }: Corrections): boolean {
  if (!contested || !wasInSync(s)) return false;
  if (driftOf(s).some((drift) => drift.field === field)) return true;
  const synced = condition(s.status, 'Synced');
  const seenAt = synced?.status === 'True' ? synced.lastTransitionTime : s.now;
  return s.now - Math.max(times.at(-1) ?? 0, seenAt) < contestEnds(s.intervalMs);
}

/** Without the marks of contests that are over, as far as the runtime shows. */
export function withoutOverContests(s: Situation): readonly Corrections[] {
  const { corrections } = s.status;
  if (s.definition?.presence !== 'present') return corrections;
  return corrections.map((entry) =>
    entry.contested && !isContestOpen(s, entry) ? { ...entry, contested: false } : entry,
  );
}

/** The corrections to store after these fields were corrected now. */
export function corrected(
  corrections: readonly Corrections[],
  fields: readonly FieldPath[],
  now: number,
): readonly Corrections[] {
  const mine = fields.map((field) => {
    const { times, contested } = corrections.find((entry) => entry.field === field) ?? { times: [], contested: false };
    return { field, times: [...times, now].slice(-5), contested };
  });
  // The names of custom properties come and go: what was corrected longest ago is forgotten first.
  const others = corrections
    .filter(({ field }) => !fields.includes(field))
    .sort((a, b) => (b.times.at(-1) ?? 0) - (a.times.at(-1) ?? 0))
    .slice(0, Math.max(0, LIMITS.corrections - mine.length));
  return [...others, ...mine].sort((a, b) => (a.field < b.field ? -1 : 1));
}
