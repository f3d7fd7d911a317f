/** Removes what the probe made, and says what it could not. */
import { type Clock, sleep } from '../../runtime/clock.ts';
import { safe } from '../output/text.ts';
import { inPool } from '../pool.ts';
import { codeOf, shownAnswer } from './assumptions/answers.ts';
import { Undecided } from './assumptions/site.ts';
import type { Calls } from './calls.ts';
import type { Entry, Journal } from './journal.ts';
import { isAbsent, LATE_MS, VERSIONS } from './live-site.ts';

const POLL_MS = 2_000;
/** Of all together: waiting for an answer, for a 429 and for what a workspace has accepted. */
const LONGEST_MS = 90_000;
/** What was deleted is asked for until then: of each, one answer at least is to be seen. */
const POLLED_MS = 75_000;
const AT_ONCE = 8;
/** A run, its removal and what comes late. */
const RUN_LASTS_MS = 10 * 60_000;

export interface Left extends Entry {
  readonly why: string;
}

export function leftLines(left: readonly Left[]): string[] {
  return left.map(({ parent, name, why }) => safe(`${parent}/integrationRuntimes/${name}: ${why}`));
}

export interface Removal {
  readonly calls: Calls;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Each one in the journal, within a minute and a half. One that cannot be removed keeps none of the others; a workspace
 * removes several at once. Never throws.
 */
export async function removeAll({ journal, ...means }: Removal): Promise<Left[]> {
  const { clock } = means;
  const late = new AbortController();
  const timer = clock.setTimer(LONGEST_MS, () => late.abort(new Error('there was no time left')));
  const bounded = { ...means, signal: AbortSignal.any([means.signal, late.signal]) };
  const end = clock.monotonic() + POLLED_MS;
  const entries = journal.left;
  try {
    const refusals = await inPool(entries, AT_ONCE, (entry) => deletion(entry, bounded).catch(messageOf));
    const reasons = await inPool([...entries.entries()], AT_ONCE, async ([at, entry]) => {
      const why = await presence(entry, refusals[at], end, bounded).catch(messageOf);
      return why ?? forgotten(journal, entry);
    });
    return entries.flatMap((entry, at) => (reasons[at] === undefined ? [] : [{ ...entry, why: reasons[at] }]));
  } finally {
    timer.cancel();
  }
}

/** What another process left. What it wrote last may take effect only now. */
export async function removeLeft(removal: Removal, tell: (line: string) => void): Promise<Left[]> {
  const { journal, clock, signal } = removal;
  const late = journal.left.some(isInWorkspace) ? LATE_MS.workspace : LATE_MS.factory;
  // When the process ended is not known: a name is in the journal before it is written first.
  if (clock.now() - (journal.writtenAt ?? 0) < RUN_LASTS_MS + late) {
    tell(`Waiting for ${late / 1_000} s: what was written last may take effect only now…`);
    await sleep(clock, late, signal);
  }
  return removeAll(removal);
}

type Means = Omit<Removal, 'journal'>;

/** Why it was refused; undefined: it was not. */
async function deletion(entry: Entry, { calls, signal }: Means): Promise<string | undefined> {
  const answer = await calls.send({ method: 'DELETE', ...addressOf(entry) }, signal);
  const isGone = answer.status === 404 && codeOf(answer) === 'NotFound';
  return answer.status < 300 || isGone ? undefined : `its deletion was answered ${shownAnswer(answer)}`;
}

/**
 * Why it is still there; undefined: it is gone. What was not deleted may not be there all the same, for its create was
 * refused; but one 404 alone may be wrong.
 */
async function presence(
  { parent, name }: Entry,
  refusal: string | undefined,
  end: number,
  { calls, clock, signal }: Means,
): Promise<string | undefined> {
  const address = addressOf({ parent, name });
  for (let denials = refusal === undefined ? 1 : 0; ; ) {
    const read = await calls.send({ method: 'GET', ...address }, signal);
    if (isAbsent(name, read)) {
      if (++denials === 2) return undefined;
    } else {
      if (refusal !== undefined) return refusal;
      if (clock.monotonic() > end) return `it still answers ${shownAnswer(read)} after its deletion`;
    }
    await sleep(clock, POLL_MS, signal);
  }
}

/** Why the journal cannot say that it is gone; undefined: it does. */
function forgotten(journal: Journal, entry: Entry): string | undefined {
  try {
    journal.gone(entry);
    return undefined;
  } catch (error) {
    return `it is gone, but the journal cannot be written: ${messageOf(error)}`;
  }
}

function isInWorkspace({ parent }: Entry): boolean {
  return /\/Microsoft\.Synapse\//i.test(parent);
}

function addressOf({ parent, name }: Entry): { readonly path: string; readonly version: string } {
  const version = isInWorkspace({ parent, name }) ? VERSIONS.workspace : VERSIONS.factory;
  return { path: `${parent}/integrationRuntimes/${name}`, version };
}

function messageOf(error: unknown): string {
  if (error instanceof Undecided) return error.inFull;
  return error instanceof Error ? error.message : String(error);
}
