/** The next action of a pass: a pure function of what is known, what is stored, and the time. */
import { needsFreshRead } from './actions.ts';
import { onFreshRead } from './fresh-read.ts';
import { DELETING, LIVE, type Rule } from './rules.ts';
import type { Action, Situation } from './situation.ts';

export function decide(situation: Situation): Action {
  return decision(situation).action;
}

/** The action, and the rule that decided. Nothing is written that was not read: here, for all of them. */
export function decision(s: Situation): { readonly rule: Rule; readonly action: Action } {
  for (const rule of s.object.deleting ? DELETING : LIVE) {
    const action = rule.policy(s);
    if (action !== undefined) return { rule, action: needsFreshRead(action) ? onFreshRead(s, action) : action };
  }
  throw new Error('no policy answered: the last one of each list must');
}
