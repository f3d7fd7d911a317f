/** Which events were published lately, so that the same event again is counted in the first instead of published anew. */
import { LRUCache } from 'lru-cache';

/** As in client-go: a series ends when its event does not come again within this time. */
const QUIET_MS = 6 * 60_000;
/** How many events are remembered; the one published longest ago goes first, and is published anew when it comes again. */
const MANY = 1_000;

/** An event that was published. */
export interface EventRecord {
  readonly namespace: string;
  readonly name: string;
  /** How often, this time included. */
  readonly count: number;
}

interface Entry extends EventRecord {
  readonly at: number;
}

export class EventSeries {
  readonly #now: () => number;
  readonly #entries = new LRUCache<string, Entry>({ max: MANY });

  /** `now` in milliseconds; must never step: a clock that is set back would prolong a series by as much. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The record of the series, with this time counted; undefined: publish a new event. */
  repeated(eventKey: string): EventRecord | undefined {
    const entry = this.#entries.peek(eventKey);
    if (entry === undefined || this.#now() - entry.at >= QUIET_MS) return undefined;
    const record = { ...entry, count: entry.count + 1, at: this.#now() };
    this.#entries.set(eventKey, record);
    return record;
  }

  /** A new event was published under this name. */
  first(eventKey: string, { namespace, name }: Omit<EventRecord, 'count'>): void {
    this.#entries.set(eventKey, { namespace, name, count: 1, at: this.#now() });
  }
}
