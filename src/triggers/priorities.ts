/** Every priority of the work queue: the higher, the sooner. */
import type { Urgency } from '../ports.ts';

/** What the request budget puts back into the queue goes by its urgency: `PRIORITY[urgency]`. */
export const PRIORITY = {
  /** A person has changed something, or requests something. */
  change: 100,
  /** Another object of the same runtime has changed. */
  related: 50,
  /** An event of Azure says that the runtime was changed. */
  pushed: 30,
  /** A repair has waited for the request budget. */
  repair: 20,
  /** A list shows an object that no person has changed, or another writer has changed its status, or it is gone. */
  listed: 0,
  /** The periodic pass that finds drift, and the retry after an outage of the API server. */
  poll: 0,
} as const satisfies Readonly<Record<Urgency | 'related' | 'pushed' | 'listed', number>>;
