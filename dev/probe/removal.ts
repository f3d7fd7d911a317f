/** Removes what the probe made, and says what it could not. */
import { type Clock, sleep } from '../../src/runtime/clock.ts';
import { codeOf, shownAnswer } from '../assumptions/answers.ts';
import { Undecided } from '../assumptions/site.ts';
import type { Calls } from './calls.ts';
import type { Entry, Journal } from './journal.ts';
import { VERSIONS } from './live-site.ts';

const POLL_MS = 2_000;
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

/** Each one in the journal. One that cannot be removed keeps none of the others. */
export async function removeAll({ journal, ...means }: Removal): Promise<Left[]> {
  const left: Left[] = [];
  for (const entry of journal.left) {
    const why = await remove(entry, means).catch((error: unknown) => messageOf(error));
    if (why === undefined) journal.gone(entry);
    else left.push({ ...entry, why });
  }
  return left;
}

/** Why it is still there; undefined: it is gone. */
async function remove(
  { parent, name }: Entry,
  { calls, clock, signal }: Omit<Removal, 'journal'>,
): Promise<string | undefined> {
  const path = `${parent}/integrationRuntimes/${name}`;
  const version = /\/Microsoft\.Synapse\//i.test(parent) ? VERSIONS.workspace : VERSIONS.factory;
  const answer = await calls.send({ method: 'DELETE', path, version }, signal);
  const isRefused = answer.status >= 300 && !(answer.status === 404 && codeOf(answer) === 'NotFound');
  if (isRefused && answer.status !== 400) return `its deletion was answered ${shownAnswer(answer)}`;
  for (const end = clock.monotonic() + LONGEST_MS; ; ) {
    const read = await calls.send({ method: 'GET', path, version }, signal);
    if ((read.status === 404 && codeOf(read) === 'NotFound') || (isRefused && read.status === 400)) return undefined;
    if (isRefused) return `its deletion was answered ${shownAnswer(answer)}`;
    if (clock.monotonic() > end) return `it still answers ${shownAnswer(read)} after its deletion`;
    await sleep(clock, POLL_MS, signal);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Undecided || error instanceof Error ? error.message : String(error);
}
