/**
 * The one clock of an object: `status.waitingSince` says what it waits for, and since when. Most waits have the name of the
 * reason that people see. The names here are those that people do not see.
 */
import type { ReadyReason } from '../api/names.ts';
import { condition, type Status } from './model/object.ts';

/** What Azure denies. */
export type Absence = 'RuntimeAbsent' | 'ParentAbsent';

/** The same answer each time, as status and code. */
export type RepeatedAnswer = `AzureUnavailable-${string}`;

/** From when the claim was handed over until the object goes. */
export const HANDING_OVER = 'HandingOver';

/** From the first of the attempts to repair that were not made, up to one that is. */
export const REPAIR_UNMADE = 'RepairUnmade';

export type Wait = ReadyReason | Absence | RepeatedAnswer | typeof HANDING_OVER | typeof REPAIR_UNMADE;

/** What the clock is read from. */
interface Clocked {
  readonly status: Status;
  readonly now: number;
}

/** Since when the object waits for this, milliseconds since the epoch; now when it begins to, or the clock was set back. */
export function waitingSince({ status, now }: Clocked, wait: Wait): number {
  if (status.waitingSince?.reason === wait) return Math.min(status.waitingSince.time, now);
  const unconfirmed = condition(status, 'Reconciling')?.reason === wait ? status.unconfirmedSince : undefined;
  return Math.min(unconfirmed ?? now, now);
}

/**
 * For how long Azure has denied it, milliseconds. An absence is confirmed before it releases or creates anything: Azure denies
 * now and then what exists, for seconds or minutes (public: hashicorp/terraform-provider-azurerm#18268). So later passes read
 * again what was denied once.
 *
 * Two designs. A status field of its own would have to be cleared by all that shows the contrary. As the one wait that there
 * is, every other verdict ends it by itself; only a read that leaves the status as it is has to.
 */
export function absentFor(s: Clocked, absence: Absence): number {
  return s.now - waitingSince(s, absence);
}

/** The status once Azure has shown the runtime. */
export function withoutAbsence(status: Status): Status {
  const { waitingSince: wait, ...rest } = status;
  return wait?.reason === 'RuntimeAbsent' || wait?.reason === 'ParentAbsent' ? rest : status;
}
