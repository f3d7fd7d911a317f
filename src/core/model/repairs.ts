/** The repairs of a runtime: how many were made, and when the next one is due. */
import { repairSpacing } from '../schedule.ts';
import { compact } from './compact.ts';

/**
 * Which repairs were made: those that Azure has said yes to, and one without an answer once the runtime shows another etag
 * than the one it would have replaced.
 *
 * A publish of the factory touches etags, too: then a repair that was not made counts as made, which is the safe side.
 *
 * Designs: (a) an attempt counts from before it is made: no crash can exceed the bound, and none that never reached Azure
 * can be told from one that did; (b) it is stored once before it is made and once when it is answered: clear, and a write
 * more for each; (c) this one: it is stored as made, together with the etag by which a later read can tell that it was not.
 */
export interface Repairs {
  /** Those that were made, the last attempt among them unless it is `unmade`. */
  readonly attempts: number;
  /** Of the last attempt, made or not, milliseconds since the epoch. */
  readonly lastAttemptTime?: number;
  /** Absent where no attempt follows. */
  readonly nextAttemptTime?: number;
  /** What the last attempt was to replace: a runtime that still has this etag has not been repaired. */
  readonly etag?: string;
  /** The last attempt was not made, as far as is known. */
  readonly unmade?: boolean;
}

/** Whether another attempt is due, of at most `of`. */
export function isDue(repairs: Repairs = { attempts: 0 }, of: number, now: number): boolean {
  const { attempts, nextAttemptTime = now } = repairs;
  return attempts < of && nextAttemptTime <= now;
}

/**
 * One more attempt is about to be made, of a runtime with this etag. After one that was not made, its success is to be told
 * anyhow, so that it need not count before.
 */
export function attempted({ attempts, unmade }: Repairs, etag: string, now: number, nextAttemptTime: number): Repairs {
  const attempt = { lastAttemptTime: now, nextAttemptTime, etag };
  return unmade ? { attempts, ...attempt, unmade } : { attempts: attempts + 1, ...attempt };
}

/** Azure has said yes to the last attempt. `shown` is the etag since, undefined when it is yet to come. */
export function answered(repairs: Repairs, shown: string | undefined): Repairs {
  const { etag, unmade, ...rest } = repairs;
  if (unmade) return { ...rest, attempts: rest.attempts + 1 };
  return shown !== undefined && shown !== etag ? repairs : rest;
}

/** The last attempt has failed; `unclear` is one that may have taken effect all the same. The next one waits so long at the least. */
export function failed(repairs: Repairs, unclear: boolean, pauseMs = 0): Repairs {
  const { attempts, etag, unmade, lastAttemptTime, nextAttemptTime = spaced(repairs) } = repairs;
  const due = Math.max(nextAttemptTime ?? 0, (lastAttemptTime ?? 0) + pauseMs);
  const times = compact({ lastAttemptTime, nextAttemptTime: due > 0 ? due : undefined });
  const rest = { ...times, attempts: unmade ? attempts : attempts - 1, unmade: true };
  return unclear && etag !== undefined ? { ...rest, etag } : rest;
}

/** The same where so many attempts may be made: after the last one none is planned. */
export function planned({ nextAttemptTime, ...rest }: Repairs, most: number): Repairs {
  return { ...rest, ...compact({ nextAttemptTime: rest.attempts < most ? nextAttemptTime : undefined }) };
}

/** Until when the last attempt is given time to show, whether or not another follows; undefined when that is not known. */
export function settlesAt(repairs: Repairs, most: number): number | undefined {
  return repairs.nextAttemptTime ?? (repairs.attempts >= most ? spaced(repairs) : undefined);
}

function spaced({ attempts, lastAttemptTime }: Repairs): number | undefined {
  return lastAttemptTime === undefined ? undefined : lastAttemptTime + repairSpacing(Math.max(attempts, 1));
}

/** The same in the light of the etag that the runtime shows, undefined when that is not known. */
export function inView(repairs: Repairs, shown: string | undefined): Repairs {
  const { etag, unmade = false, ...rest } = repairs;
  if (etag === undefined || shown === undefined) return repairs;
  if (shown === etag) return unmade ? repairs : failed(repairs, true);
  return unmade ? { ...rest, attempts: rest.attempts + 1 } : repairs;
}

/** A read has shown what became of the last attempt: nothing that happens to the etag from now on is its effect. */
export function settled(repairs: Repairs, shown: string): Repairs {
  const { etag: _, ...rest } = inView(repairs, shown);
  return rest;
}
