/**
 * An absence is confirmed before it releases or makes anything: Azure denies now and then what exists, for seconds or
 * minutes (public: hashicorp/terraform-provider-azurerm#18268). So what was denied once is looked at again by later passes.
 */
import type { Status } from '../model/object.ts';
import { type Situation, waitingSince } from '../situation.ts';

/**
 * What is denied. Since when it is denied is kept for a deletion in `waitingSince`, under this name: people are told `Deleting`.
 *
 * Two designs. A field of the status's own would have to be cleared by all that shows the contrary. As the one wait that
 * there is, every other verdict ends it by itself, and only a look that leaves the status as it is has to.
 */
export type Absence = 'RuntimeAbsent' | 'ParentAbsent';

/** For how long Azure has denied it, milliseconds. */
export function absentFor(s: Situation, absence: Absence): number {
  return s.now - waitingSince(s, absence);
}

/** What is remembered once Azure has shown the runtime. */
export function withoutAbsence(status: Status): Status {
  const { waitingSince: wait, ...rest } = status;
  return wait?.reason === 'RuntimeAbsent' || wait?.reason === 'ParentAbsent' ? rest : status;
}
