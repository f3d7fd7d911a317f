/**
 * The promise: nothing is written that was not read. A write, a claim, and whatever believes an absence rest on a GET of this
 * same pass; the shared list is a hint. `decide` asks this of every action that `ACTIONS` says so of. A policy asks it itself
 * where a report or a release depends on what Azure has.
 */
import type { Action, Situation } from './situation.ts';

/** The action if the definition is fresh, else the read that comes first. */
export function onFreshRead(s: Situation, action: Action): Action {
  return s.definition?.fresh === true ? action : { kind: 'Read', at: 'definition', fresh: true };
}
