/** The next action of a pass: a pure function of what is known, what is stored, and the time. */
import { needsFreshRead } from './actions.ts';
import { isDefinitionNews, onFreshRead } from './fresh-read.ts';
import { DELETING, LIVE, type Rule } from './rules.ts';
import type { Action, Situation } from './situation.ts';
import { withState } from './state-read.ts';

export function decide(situation: Situation): Action {
  return decision(situation).action;
}

/**
 * The action, and the rule that decided. Two promises are kept here, for all rules: nothing is written that was not read, and
 * nothing hides the state of a runtime that exists.
 */
export function decision(s: Situation): { readonly rule: Rule; readonly action: Action } {
  for (const rule of s.object.deleting ? DELETING : LIVE) {
    const action = rule.policy(s);
    if (action !== undefined) return { rule, action: afterReads(s, action) };
  }
  throw new Error('no policy answered: the last one of each list must');
}

/** The action, or what is read before it. */
function afterReads(s: Situation, action: Action): Action {
  if (needsFreshRead(action)) return onFreshRead(s, action);
  if (action.kind !== 'Settle' || s.object.deleting) return action;
  const isNews = s.failure === undefined && action.verdict.kind !== 'Unchanged' && isDefinitionNews(s);
  return isNews ? onFreshRead(s, action) : withState(s, action);
}
