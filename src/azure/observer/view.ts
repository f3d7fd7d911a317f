/** The view of one parent's runtimes: its newest list, and laid over it what our own calls showed later. No clock, no I/O. */
import { isDeepStrictEqual } from 'node:util';
import { foldCase } from '../../core/model/letter-case.ts';
import type { Definition, ObservedRuntime } from '../../core/model/runtime.ts';
import type { Listed } from '../arm/arm-runtimes.ts';

/**
 * `uncertain`: only Azure knows. A write failed or is not completed, another writer may have made one, or a list has an entry
 * that cannot be parsed.
 */
export type ShownRuntime = ObservedRuntime | 'absent' | 'uncertain';

/** The read that answers a hint when the view cannot: the list, or the one runtime. */
export type NeededRead = 'list' | 'runtime';

/** What is older than what, also within a millisecond: counts up with everything that is learnt. */
type Tick = number;

/** When a list was requested: it shows nothing that happened later for certain. */
export interface ListStart {
  readonly at: number;
  readonly tick: Tick;
}

interface Listing extends ListStart {
  /** What is known with a later tick was learnt when the list had ended. */
  readonly endTick: Tick;
  readonly runtimes: ReadonlyMap<string, ObservedRuntime | 'uncertain'>;
  /** What it says of runtimes that it does not show: nothing for certain, when an entry does not even have a name. */
  readonly others: 'absent' | 'uncertain';
}

interface Observation {
  readonly tick: Tick;
  readonly at: number;
  readonly shown: ShownRuntime;
}

/** It exists in every factory, and only some lists show it (recorded). */
const SELDOM_LISTED = 'autoresolveintegrationruntime';

/**
 * Guarantees: a hint never contradicts what one of our own calls showed after the list was requested; a list announces
 * every runtime that it shows otherwise than this view did, and no other.
 *
 * Two designs. A value that each input replaces, as `kube/watch/watch-machine.ts` has it, would copy thousands of
 * observations for every write to a large factory. So it changes in place, and its methods take the time as an argument.
 */
export class ParentView {
  #tick: Tick = 0;
  #listing: Listing | undefined;
  /** When the last list turned out to be broken; undefined when it was not. */
  #brokenAt: number | undefined;
  readonly #observations = new Map<string, Observation>();

  /** The moment up to which everything is known here. */
  get tick(): Tick {
    return this.#tick;
  }

  /** What one of our own calls showed at `at`. */
  observe(name: string, shown: ShownRuntime, at: number): void {
    this.#observations.set(foldCase(name), { tick: ++this.#tick, at, shown });
  }

  /** What a read showed that was sent at `since`. What a write of ours showed meanwhile counts: the read may be older. */
  observeRead(name: string, shown: ShownRuntime, at: number, since: Tick): void {
    if ((this.#observations.get(foldCase(name))?.tick ?? 0) <= since) this.observe(name, shown, at);
  }

  /** What a write showed that was sent at `since`. Where another writer was suspected meanwhile, that one may have been later. */
  observeWrite(name: string, shown: ShownRuntime, at: number, since: Tick): void {
    const before = this.#observations.get(foldCase(name));
    const isSuspect = before !== undefined && before.tick > since && before.shown === 'uncertain';
    this.observe(name, isSuspect ? 'uncertain' : shown, at);
  }

  /** When the list was requested that hints come from; undefined when there is none. */
  get listedAt(): number | undefined {
    return this.#listing?.at;
  }

  /** Which version of the runtime is known: its etag, or `absent`; undefined when none is. */
  versionOf(name: string): string | undefined {
    const shown = this.#shownBy(this.#listing, foldCase(name));
    if (shown === 'uncertain') return undefined;
    return typeof shown === 'object' ? shown.etag : shown;
  }

  listStarted(at: number): ListStart {
    return { at, tick: this.#tick };
  }

  /** The list came to its end; returns the names of the runtimes that it shows otherwise than this view did. */
  listCompleted(start: ListStart, listed: Listed): readonly string[] {
    const listing = { ...start, endTick: this.#tick, ...byName(listed) };
    const changed = this.#listing === undefined ? [] : this.#changes(this.#listing, listing);
    this.#brokenAt = undefined;
    this.#listing = listing;
    for (const [name, observation] of this.#observations) {
      if (!isNewer(observation, name, listing)) this.#observations.delete(name);
    }
    return changed;
  }

  /** The list itself is broken, as it turned out at `at`: each runtime is read on its own for as long as a list would last. */
  listBroke(at: number): void {
    this.#brokenAt = at;
  }

  /**
   * What is known of a runtime and is at most so old, or else what has to be read. `isListing`: a list is under way. While
   * one that was broken is tried again, no other caller waits for it.
   *
   * A list that was requested for the caller (at `since` or later) answers it even if another writer was suspected meanwhile,
   * or the caller would never end while suspicions come faster than lists. The runtime stays uncertain for the next caller.
   */
  hint(name: string, { maxAgeMs, now, isListing, since }: HintOptions): Definition | NeededRead {
    const key = foldCase(name);
    const isYoung = (at: number) => now - at <= maxAgeMs;
    const isBroken = this.#brokenAt !== undefined && (isListing || isYoung(this.#brokenAt));
    const needed: NeededRead = isBroken ? 'runtime' : 'list';
    const [listing, observation] = [this.#listing, this.#observations.get(key)];
    const isAnswered = listing !== undefined && listing.tick >= since && wasSuspectedDuring(listing, observation);
    if (observation !== undefined && observation.tick > (listing?.tick ?? 0) && !isAnswered) {
      return isYoung(observation.at) ? (definition(observation.shown) ?? needed) : needed;
    }
    if (listing === undefined || !isYoung(listing.at)) return needed;
    const listed = listing.runtimes.get(key) ?? listing.others;
    const isOverlaid = listed === 'absent' && observation !== undefined && isYoung(observation.at);
    // The observation stands only where the list is expected to leave the runtime out.
    return (isOverlaid ? definition(observation.shown) : undefined) ?? definition(listed) ?? 'runtime';
  }

  /** The runtimes that the view shows otherwise by one listing than by the other. */
  #changes(before: Listing, after: Listing): readonly string[] {
    const names = new Set([...before.runtimes.keys(), ...after.runtimes.keys(), ...this.#observations.keys()]);
    return [...names].filter((name) => isChanged(this.#shownBy(before, name), this.#shownBy(after, name)));
  }

  /** What the view shows of a runtime by this listing. */
  #shownBy(listing: Listing | undefined, name: string): ShownRuntime | undefined {
    const observation = this.#observations.get(name);
    if (observation !== undefined && isNewer(observation, name, listing)) return observation.shown;
    return listing?.runtimes.get(name) ?? listing?.others;
  }
}

export interface HintOptions {
  readonly maxAgeMs: number;
  readonly now: number;
  readonly isListing: boolean;
  /** When the caller began to ask; 0 when it accepts any list. */
  readonly since: Tick;
}

function isNewer({ tick }: Observation, name: string, listing: Listing | undefined): boolean {
  if (listing === undefined || tick > listing.tick) return true;
  return name === SELDOM_LISTED && !listing.runtimes.has(name);
}

function byName({ runtimes, unparsed }: Listed): Pick<Listing, 'runtimes' | 'others'> {
  const shown = new Map<string, ObservedRuntime | 'uncertain'>();
  for (const runtime of runtimes) shown.set(foldCase(runtime.name), runtime);
  for (const { name } of unparsed) if (name !== undefined) shown.set(foldCase(name), 'uncertain');
  return { runtimes: shown, others: unparsed.some(({ name }) => name === undefined) ? 'uncertain' : 'absent' };
}

/** An uncertain runtime is not announced: the pass that failed to write it reads again by itself, or it was queued already. */
function isChanged(before: ShownRuntime | undefined, after: ShownRuntime | undefined): boolean {
  if (before === 'uncertain' || after === 'uncertain') return false;
  return !isDeepStrictEqual(documentOf(before), documentOf(after));
}

function documentOf(shown: ObservedRuntime | 'absent' | undefined): unknown {
  return typeof shown === 'object' ? shown.document : undefined;
}

function wasSuspectedDuring({ tick, endTick }: Listing, observation: Observation | undefined): boolean {
  return observation?.shown === 'uncertain' && observation.tick > tick && observation.tick <= endTick;
}

/** Undefined when it is uncertain. */
function definition(shown: ShownRuntime): Definition | undefined {
  if (shown === 'uncertain') return undefined;
  return shown === 'absent'
    ? { presence: 'absent', fresh: false }
    : { presence: 'present', fresh: false, runtime: shown };
}
