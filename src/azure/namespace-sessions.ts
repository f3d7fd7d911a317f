/** With which credential the objects of one namespace act, through changes of its Secret. Pure. */
import { type InvalidCredential, identityOf } from './identity/credentials.ts';
import type { Session } from './session.ts';

export interface NamespaceSessions {
  /** What the Secret says; undefined without a Secret. */
  readonly current: Session | InvalidCredential | undefined;
  /** The last good one before that. */
  readonly last: Session | undefined;
  /** Until when a token of `last` may stand in for the first token of `current`, which is the same client. */
  readonly bridgedUntil?: number;
}

export function isSession(current: NamespaceSessions['current']): current is Session {
  return current !== undefined && !('problem' in current);
}

export function isSame(a: NamespaceSessions['current'], b: NamespaceSessions['current']): boolean {
  if (isSession(a) || isSession(b)) return a === b;
  return a?.problem === b?.problem;
}

/** The last session that Azure gave a token for, or else the last one whose Secret was complete. */
export function lastGood({ current, last }: NamespaceSessions): Session | undefined {
  const session = isSession(current) ? current : undefined;
  if (session?.tokens.isProven) return session;
  return last?.tokens.isProven ? last : (session ?? last);
}

/** Whether `last` may stand in for `current`: a credential replaced another one of the same client, without a gap. */
export function mayBridge(
  before: NamespaceSessions | undefined,
  last: Session | undefined,
  current: NamespaceSessions['current'],
): current is Session {
  if (before === undefined || !isSession(before.current) || !isSession(current)) return false;
  const isUnbroken = last === before.current || before.bridgedUntil !== undefined;
  return isUnbroken && last?.tokens.isProven === true && identityOf(last.credential) === identityOf(current.credential);
}

/** The session that stands in for `current` at the moment, if any does. */
export function bridge({ current, last, bridgedUntil }: NamespaceSessions, now: number): Session | undefined {
  if (bridgedUntil === undefined || !isSession(current) || last === undefined || current.tokens.isProven)
    return undefined;
  const isOver = current.tokens.isRefusedForGood || now >= bridgedUntil;
  return !isOver && last.tokens.isFresh ? last : undefined;
}
