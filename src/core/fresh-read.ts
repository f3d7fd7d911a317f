/**
 * The promise: nothing is written that was not read. A write, a claim, and whatever believes an absence rest on a GET of this
 * same pass; the shared list is a hint. `decide` asks this of every action that `ACTIONS` says so of, and of a verdict that
 * would tell something new of the definition. A policy asks it itself where a report or a release depends on what Azure has.
 */
import { condition } from './model/object.ts';
import { type Action, driftOf, isNewGeneration, managing, type Situation } from './situation.ts';
import { syncedOf } from './status/conditions.ts';

/** The action if the definition is fresh, else the read that comes first. */
export function onFreshRead(s: Situation, action: Action): Action {
  return s.definition?.fresh === true ? action : { kind: 'Read', at: 'definition', fresh: true };
}

/** The same of a report; but what was told already, and the shared list shows still, needs no read of its own. */
export function onFreshReadOnce(s: Situation, report: Action): Action {
  return isTold(s, report) ? report : onFreshRead(s, report);
}

function isTold(s: Situation, { kind, ...report }: Action): boolean {
  if (kind !== 'Settle' || !('verdict' in report) || report.verdict.kind !== 'Decided') return false;
  const { reason, progress } = report.verdict;
  return !isNewGeneration(s) && progress !== undefined && condition(s.status, progress)?.reason === reason;
}

/** Whether the list shows the definition otherwise than the status tells: it may be older than what was told. */
export function isDefinitionNews(s: Situation): boolean {
  if (!managing(s.desired) || s.definition?.fresh !== false) return false;
  return condition(s.status, 'Synced')?.status !== syncedOf(s, driftOf(s)).status;
}
