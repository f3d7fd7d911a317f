/** Client-go's: an event that is not told again for so long is over. */
const QUIET_MS = 6 * 60_000;
/** How many events are remembered: the one told longest ago is forgotten first, and told anew when it comes again. */
const MANY = 1_000;

/** An event that was told. */
export interface Told {
  readonly namespace: string;
  readonly name: string;
  /** How often, this time included. */
  readonly count: number;
}

interface Entry extends Told {
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
  again(sameness: string): Told | undefined {
    const entry = this.#told.get(sameness);
    if (entry === undefined || this.#now() - entry.at >= QUIET_MS) return undefined;
    const told = { ...entry, count: entry.count + 1, at: this.#now() };
    this.#remember(sameness, told);
    return told;
  }

  /** It was told as a new one, under this name. */
  begin(sameness: string, { namespace, name }: Omit<Told, 'count'>): void {
    this.#remember(sameness, { namespace, name, count: 1, at: this.#now() });
  }

  #remember(sameness: string, entry: Entry): void {
    this.#told.delete(sameness);
    this.#told.set(sameness, entry);
    const [oldest] = this.#told.keys();
    if (this.#told.size > MANY && oldest !== undefined) this.#told.delete(oldest);
  }
}
