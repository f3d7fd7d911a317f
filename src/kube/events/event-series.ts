/** Client-go's: an event that is not told again for so long is over. */
const QUIET_MS = 6 * 60_000;
/** How many events are remembered: the one told longest ago is forgotten first, and told anew when it comes again. */
const MANY = 1_000;

/** An event that was told. */
export interface EventRecord {
  readonly namespace: string;
  readonly name: string;
  /** How often, this time included. */
  readonly count: number;
}

interface Entry extends EventRecord {
  readonly at: number;
}

/** Remembers which events were told of late, so that one that is told again can be counted in the first. */
export class EventSeries {
  readonly #now: () => number;
  /** The one told longest ago is the first. */
  readonly #told = new Map<string, Entry>();

  /** `now` in milliseconds, and never steps: by a clock that was set back, an event would go on for as long. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The event that tells the same and is not over, counted once more; undefined: it is to be told as a new one. */
  again(eventKey: string): EventRecord | undefined {
    const entry = this.#told.get(eventKey);
    if (entry === undefined || this.#now() - entry.at >= QUIET_MS) return undefined;
    const told = { ...entry, count: entry.count + 1, at: this.#now() };
    this.#updateStatus(eventKey, told);
    return told;
  }

  /** It was told as a new one, under this name. */
  begin(eventKey: string, { namespace, name }: Omit<EventRecord, 'count'>): void {
    this.#updateStatus(eventKey, { namespace, name, count: 1, at: this.#now() });
  }

  #updateStatus(eventKey: string, entry: Entry): void {
    this.#told.delete(eventKey);
    this.#told.set(eventKey, entry);
    const [oldest] = this.#told.keys();
    if (this.#told.size > MANY && oldest !== undefined) this.#told.delete(oldest);
  }
}
