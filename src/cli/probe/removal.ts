/** Removes what the probe made, and says what it could not. */
import { type Clock, sleep } from '../../runtime/clock.ts';
import { codeOf, shownAnswer } from './assumptions/answers.ts';
import type { Calls } from './calls.ts';
import type { Entry, Journal } from './journal.ts';
import { VERSIONS } from './live-site.ts';

const POLL_MS = 2_000;
/** Of all together. */
const LONGEST_MS = 90_000;

export interface Left extends Entry {
  readonly why: string;
}

export interface Removal {
  readonly calls: Calls;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Each one in the journal. One that cannot be removed keeps none of the others; a workspace removes several at once. */
export async function removeAll({ journal, ...means }: Removal): Promise<Left[]> {
  const refusals = new Map<Entry, string | undefined>();
  const entries = journal.left;
  for (const entry of entries) refusals.set(entry, await deletion(entry, means).catch(messageOf));
  const left: Left[] = [];
  const end = means.clock.monotonic() + LONGEST_MS;
  for (const entry of entries) {
    const why = await presence(entry, refusals.get(entry), end, means).catch(messageOf);
    if (why === undefined) journal.gone(entry);
    else left.push({ ...entry, why });
  }
  return left;
}

type Means = Omit<Removal, 'journal'>;

/** Why it was refused; undefined: it was not. */
async function deletion(entry: Entry, { calls, signal }: Means): Promise<string | undefined> {
  const answer = await calls.send({ method: 'DELETE', ...addressOf(entry) }, signal);
  const isGone = answer.status === 404 && codeOf(answer) === 'NotFound';
  return answer.status < 300 || isGone ? undefined : `its deletion was answered ${shownAnswer(answer)}`;
}

/** Why it is still there; undefined: it is gone. What was not deleted may not be there all the same: its create was refused. */
async function presence(
  entry: Entry,
  refusal: string | undefined,
  end: number,
  means: Means,
): Promise<string | undefined> {
  const { calls, clock, signal } = means;
  for (;;) {
    const read = await calls.send({ method: 'GET', ...addressOf(entry) }, signal);
    if (read.status === 404 && codeOf(read) === 'NotFound') return undefined;
    if (refusal !== undefined) return refusal;
    if (clock.monotonic() > end) return `it still answers ${shownAnswer(read)} after its deletion`;
    await sleep(clock, POLL_MS, signal);
  }
}

export function isInWorkspace({ parent }: Entry): boolean {
  return /\/Microsoft\.Synapse\//i.test(parent);
}

function addressOf({ parent, name }: Entry): { readonly path: string; readonly version: string } {
  const version = isInWorkspace({ parent, name }) ? VERSIONS.workspace : VERSIONS.factory;
  return { path: `${parent}/integrationRuntimes/${name}`, version };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
