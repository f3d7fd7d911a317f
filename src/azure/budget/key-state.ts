/** Where a key stands with the request budget. A key that asks for nothing is in no state. */
import type { Needs, RequestKind, Urgency } from '../../ports.ts';
import { atLeast, type Counts, covers, KINDS, NONE, only, sum } from './counts.ts';
import type { Queued } from './wait-queue.ts';

/** waiting → woken → spending → nothing; or spending → waiting, when a pass needs more than it has. */
export type KeyState = Waiting | Granted;
export type Granted = Woken | Spending;

interface State extends Queued {
  readonly key: string;
  readonly urgency: Urgency;
  readonly since: number;
}

/** It lacks tokens, and is in the line for the first kind that it lacks. */
export interface Waiting extends State {
  readonly kind: 'waiting';
  /** What it is to be given before it is woken. */
  readonly needs: Counts;
  /** What it has of that. */
  readonly collected: Counts;
  /** Whether its pass was refused, and so relies on being woken; false: that pass still runs, and may end without asking. */
  readonly isRefused: boolean;
}

/** It has its tokens and was woken; its pass has yet to ask for them. */
export interface Woken extends State {
  readonly kind: 'woken';
  readonly left: Counts;
  /** When its tokens go to others. */
  readonly until: number;
}

/** Its pass spends its tokens. */
export interface Spending extends State {
  readonly kind: 'spending';
  readonly left: Counts;
  readonly until: number;
  /** What the pass said that it needs, and what of that it has yet to spend. */
  readonly declared: Needs;
  readonly due: Counts;
  /** Since the pass began: if it has to start over, it needs that again. */
  readonly spent: Counts;
}

/** The first kind that it lacks. */
export function lacking({ needs, collected }: Waiting): RequestKind | undefined {
  return KINDS.find((kind) => collected[kind] < needs[kind]);
}

/** The same key while it waits, with none of this kind. */
export function without(kind: RequestKind, waiting: Waiting): Waiting {
  return { ...waiting, collected: { ...waiting.collected, [kind]: 0 } };
}

/** What a pass has yet to spend once it makes this request: what it declared anew, or the rest of what it declared before. */
export function dueFor(kind: RequestKind, declared: Needs, before: KeyState | undefined): Counts {
  const due = continues(declared, before) ? before.due : { ...NONE, ...declared };
  return atLeast(due, only(kind, 1));
}

/** Whether the tokens of the key are enough for this request: for all that it declares, when it declares it. */
export function isEnough(kind: RequestKind, declared: Needs, due: Counts, granted: Granted): boolean {
  return continues(declared, granted) ? granted.left[kind] > 0 : covers(granted.left, due);
}

function continues(declared: Needs, before: KeyState | undefined): before is Spending {
  return before?.kind === 'spending' && before.declared === declared;
}

export function spentBy(before: KeyState | undefined): Counts {
  return before?.kind === 'spending' ? before.spent : NONE;
}

/** One request of this kind less to spend. */
export function spend(
  kind: RequestKind,
  { key, urgency, since, left }: Granted,
  pass: Pick<Spending, 'declared' | 'due' | 'spent'>,
  until: number,
): Spending {
  return {
    kind: 'spending',
    key,
    urgency,
    since,
    left: sum(left, only(kind, -1)),
    declared: pass.declared,
    due: sum(pass.due, only(kind, -1)),
    spent: sum(pass.spent, only(kind, 1)),
    until,
  };
}
